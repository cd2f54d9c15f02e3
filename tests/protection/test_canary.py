"""The canary: markers in the data of a flow are nowhere unencrypted after a run, one that is killed and one in little memory."""

from __future__ import annotations

import base64
import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from tests.encrypted import code_of, key
from tilth.cli.app import run
from tilth.errors import RequestError
from tilth.protection.canary import KILLED, Run, canary
from tilth.protection.markers import Markers, forms_in
from tilth.store.protection import protected

__all__ = ["key"]

MARKERS = Markers("SECRETMARK0123456789ABCD", 123_456_789_012_345)
FLOW = """
data: {read: people.csv, roles: {id: id, label: paid}}
check: 'Rules = [ IsComplete "age" ]'
rows: [{sort: name}]
split: {train: 0.8, test: 0.2}
features: [{encode: {columns: city, with: one_hot}}]
measure: [profile]
deliver: {format: csv}
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A flow, whose processes have their temporary files below the folder of the test."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "flows").mkdir()
    names = [f"Person {i * 7919 % 3000}" for i in range(3000)]
    table = {"id": range(3000), "age": [i % 50 for i in range(3000)], "paid": ["yes", "no"] * 1500, "city": ["Ulm", "Bonn", "Kiel"] * 1000}
    pc.write_csv(pa.table({**table, "name": names}), tmp_path / "flows" / "people.csv")
    (tmp_path / "flows" / "flow.yaml").write_text(FLOW)
    return tmp_path / "flows" / "flow.yaml"


@pytest.mark.slow
def test_no_marker_is_left_by_a_run_a_crash_and_little_memory(
    flow: Path, key: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tilth.protection.canary.LOOKS", (0.4,) * 50)
    words = ["protect", "verify", str(tmp_path / "keys"), "--canary", str(flow), "--key", key, "--json"]
    assert run(words) == 1  # the key file is not encrypted, which is not the canary's finding
    found = json.loads(capfd.readouterr().out)
    assert [p["path"] for p in found["plaintext"]] == ["tilth.key"]
    made = found["canary"]
    assert made["hits"] == [] and made["markers"] > 1_000 and made["carried"] >= 6  # both parts and four reports
    assert made["runs"]["to its end"] == "ended" and made["runs"]["crash"] == KILLED
    assert made["runs"]["little memory"] == "ended" and made["spilled"] > 0
    assert not list((tmp_path / "tmp").rglob("runs"))


@pytest.mark.slow
def test_without_a_key_the_same_look_finds_what_is_spilled(flow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a hundred copies of the rows do not fit into the memory. It is looked at often: a fast machine spills for a moment."""
    table, cells = MARKERS.planted(pa.concat_tables([pc.read_csv(flow.parent / "people.csv")] * 100), ["paid"])
    assert cells > 300_000
    pq.write_table(table, tmp_path / "planted.parquet")
    made = Run(tmp_path / "run", [str(flow), "", "", "duckdb", "", str(tmp_path / "planted.parquet"), "30MiB"], MARKERS)

    def found() -> bool:
        return made.spilled > 0 and "tmp" in {Path(hit.path).relative_to(tmp_path / "run").parts[0] for hit in made.hits}

    monkeypatch.setattr("tilth.protection.canary.LOOKS", (0.1 for _ in range(200) if not found()))  # each look reads all that is spilled
    assert made.to_its_end() == "ended"
    assert found()


@pytest.mark.spark
def test_no_marker_is_left_by_spark(flow: Path, key: str) -> None:
    for part in ("measure: [profile]", "check: 'Rules = [ IsComplete \"age\" ]'"):  # what takes longest; and a flow needs no rules
        flow.write_text(flow.read_text().replace(part, ""))
    with protected(key):
        made = canary(flow, engine="spark")
    assert made.passed and made.runs == {"to its end": "ended", "crash": KILLED} and made.spilled


def test_what_cannot_be_proven_is_an_error(flow: Path, key: str) -> None:
    with pytest.raises(RequestError) as error:
        canary(flow)
    assert code_of(error) == {"needs-key"}
    (flow.parent / "people.csv").write_text("paid,id\nyes,true\n")
    with protected(key), pytest.raises(RequestError) as error:
        canary(flow)
    assert code_of(error) == {"no-markers"}


PLAIN = f"before {MARKERS.text} after".encode()
FILES: dict[str, Callable[[Path], object]] = {
    "utf-8": lambda p: p.write_bytes(bytes(1 << 20) + PLAIN),
    "across two chunks": lambda p: p.write_bytes(bytes((1 << 20) - 10) + MARKERS.text.encode()),
    "utf-16": lambda p: p.write_text(MARKERS.text, "utf-16"),
    "base64": lambda p: p.write_bytes(base64.b64encode(PLAIN)),
    "base64, shifted": lambda p: p.write_bytes(base64.b64encode(PLAIN[1:])),
    "base64, shifted twice": lambda p: p.write_bytes(base64.b64encode(PLAIN[2:])),
    "gzip": lambda p: p.write_bytes(gzip.compress(PLAIN * 9)),
    "zstd inside": lambda p: p.write_bytes(bytes(100) + pa.compress(PLAIN * 999, "zstd", asbytes=True) + bytes(5000)),
    "zip": lambda p: ZipFile(p, "w", 8).writestr("a.txt", PLAIN * 9),
    "parquet": lambda p: pq.write_table(pa.table({"a": [PLAIN.decode()]}), p, compression="gzip"),
    "number in text": lambda p: p.write_text(f"a,{float(MARKERS.number)}\n"),
    "number": lambda p: p.write_bytes(MARKERS.number.to_bytes(8, "little")),
}


@pytest.mark.parametrize("form", FILES)
def test_markers_are_found_in_every_form(form: str, tmp_path: Path) -> None:
    FILES[form](tmp_path / "file")
    assert forms_in(tmp_path / "file", MARKERS)
    assert not forms_in(tmp_path / "file", Markers.new())
