"""A flow with a key: everything that a run writes is encrypted, and a run that fails leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tests.encrypted import MARK, Look, key, plaintext
from tilth.errors import FlowError, RequestError, SourceError
from tilth.flow import Flow
from tilth.history import ledger_at
from tilth.store.documents import bytes_of
from tilth.store.protection import protected

__all__ = ["key", "plaintext"]

FLOW = """
data: {roles: {id: id, label: paid}}
check: 'Rules = [ IsComplete "age" ]'
split: {train: 0.8, test: 0.2}
features: [{encode: {columns: city, with: one_hot}}]
measure: [profile]
deliver: {format: csv, shards: 2}
"""
CITIES = [f"{MARK}{i % 3}" for i in range(300)]
TABLE = pa.table({"id": range(300), "age": [i % 50 for i in range(300)], "paid": ["yes", "no"] * 150, "city": CITIES})


@pytest.fixture
def flow(key: str) -> Flow:
    return Flow.parse(f'{FLOW}protect: {{key: "{key}"}}\n')


@pytest.mark.slow
def test_a_run_leaves_no_value_unencrypted(flow: Flow, key: str, plaintext: Look, tmp_path: Path) -> None:
    report = tilth.run(flow, tmp_path / "out", TABLE, history=tmp_path / "h.db")
    assert report.facts.more["encrypted under"].startswith("k-")
    assert not plaintext()
    assert not [
        p.name
        for p in (tmp_path / "out").rglob("*")
        if p.is_file() and p.suffix != ".sealed" and p.name not in ("_tilth.json", "keys.json")
    ]
    with protected(key):
        assert json.loads(bytes_of(tmp_path / "out" / "report.json", "report", 1 << 20))["title"] == "run flow"
        fitted = Flow.load(tmp_path / "out" / "flow.tilth")
        assert 1 in fitted.row({"age": 7, "city": f"{MARK}1"}).values()
        assert len(list(tilth.stream(tmp_path / "out" / "train", batch=50))) >= 4
        assert ledger_at(tmp_path / "h.db").checks()
        tilth.run(flow, tmp_path / "out", TABLE, history=tmp_path / "h.db")
        assert len(ledger_at(tmp_path / "h.db").checks()) == 2
        (tmp_path / "plain.db").touch()
        with pytest.raises(RequestError, match="is not encrypted, but a key is active"):
            ledger_at(tmp_path / "plain.db")
    with pytest.raises(SourceError, match="is encrypted"):
        ledger_at(tmp_path / "h.db")


@pytest.mark.slow
def test_a_run_that_fails_leaves_nothing(flow: Flow, plaintext: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: object) -> None:
        raise MemoryError

    monkeypatch.setattr("tilth.flow.delivery.croissant", fails)  # after the parts
    with pytest.raises(MemoryError):
        tilth.run(flow, tmp_path / "out", TABLE)
    assert not plaintext() and not (tmp_path / "out").exists()


def test_a_fitted_flow_is_saved_under_the_key_of_its_flow(flow: Flow, key: str, tmp_path: Path) -> None:
    tilth.fit(flow, TABLE).save(tmp_path / "a.tilth")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.tilth.sealed"]
    with protected(key):
        assert Flow.load(tmp_path / "a.tilth").fitted


@pytest.mark.slow
def test_a_key_is_named_beside_the_flow_file(key: str, tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW + "protect: {key: file:keys/tilth.key, allow_plaintext: [report]}\n")
    tilth.run(tmp_path / "flow.yaml", tmp_path / "out", TABLE)
    assert (tmp_path / "out" / "report.html").is_file() and (tmp_path / "out" / "flow.tilth.sealed").is_file()
    (tmp_path / "step.yaml").write_text("rows: [{redact: {columns: city, key: file:keys/tilth.key}}]")
    assert tilth.apply(tilth.fit(tmp_path / "step.yaml", TABLE), TABLE).names == tuple(TABLE.column_names)
    (tmp_path / "flow.yaml").write_text(FLOW + "protect: {key: file:keys/none.key}\n")
    with pytest.raises(RequestError, match=r"flow.yaml:8:1: there is no key file .*keys/none.key"):
        tilth.run(tmp_path / "flow.yaml", tmp_path / "out", TABLE)
    with pytest.raises(FlowError, match="not a reference to a key") as error:
        Flow.parse(f'{FLOW}protect: {{key: "c2VjcmV0IGtleSBvZiAzMiBieXRlcyBpbiBiYXNlNjQ="}}')
    assert "c2VjcmV0" not in str(error.value)
