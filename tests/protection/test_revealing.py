"""Values are revealed to who has the key, for a purpose that is noted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.keys import KEY
from tilth.encryption.keyfile import KeyFile, new_key_file
from tilth.errors import MachineError, RequestError
from tilth.protection.revealing import revealed

FLOW = """
features:
  - redact: {columns: email, with: token, domain: customer}
  - redact: {columns: card, with: format_preserving, keep_check: true, into: hidden card}
  - redact: {columns: name, with: hash}
  - redact: {columns: note, with: token, find: [EMAIL]}
protect: {key: "file:KEYS"}
"""
ROWS = {"email": ["a@example.org", None, ""], "card": ["4111 1111 1111 1111"] * 3, "name": ["Ann"] * 3, "note": ["x"] * 3}
Made = tuple[tilth.Flow, pa.Table]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A fitted flow, and the table that it made, under a key that was rotated since."""
    new_key_file(tmp_path / "tilth.key")
    flow = tilth.fit(tilth.Flow.parse(FLOW.replace("KEYS", str(tmp_path / "tilth.key"))), pa.table(ROWS))
    table = tilth.write(tilth.apply(flow, pa.table(ROWS)))
    KeyFile(tmp_path / "tilth.key").rotated()
    return flow, table.drop(["card"])


def test_the_fitted_flow_knows_how(made: Made, tmp_path: Path) -> None:
    flow, hidden = made
    log, engine = tmp_path / "log.jsonl", duckdb_session()
    table, values = revealed(tilth.read(hidden), flow, "complaint 17", engine, log=log)
    found = tilth.write(table, engine=engine).to_pydict()
    assert (found["email"], found["hidden card"], found["name"]) == (ROWS["email"], ROWS["card"], hidden["name"].to_pylist())
    entry, old = json.loads(log.read_text()), flow.need_learned().features[0].learned["email"]["key_id"]
    assert (entry["act"], entry["purpose"], entry["keys"], entry["values"]) == ("reveal", "complaint 17", [old], values)
    assert values == {"email": 2, "hidden card": 3} and "example" not in log.read_text()
    unfitted = replace(flow, learned=None, parts={"features": flow.parts["features"][:1]})
    with pytest.raises(RequestError, match="not a token of this key"):  # it takes the active key
        tilth.write(revealed(tilth.read(hidden), unfitted, "complaint 17", engine, log=log)[0], engine=engine)


@pytest.mark.parametrize(
    ("purpose", "columns", "log", "error", "says"),
    [
        (" ", (), "log.jsonl", RequestError, "needs a purpose"),
        ("audit", ("name",), "log.jsonl", RequestError, "'name'"),
        ("audit", (), "tilth.key/log.jsonl", MachineError, "cannot be written"),
    ],
)
def test_nothing_is_revealed_without_a_note(
    purpose: str, columns: tuple[str, ...], log: str, error: type[Exception], says: str, made: Made, tmp_path: Path
) -> None:
    flow, hidden = made
    with pytest.raises(error, match=says):
        revealed(tilth.read(hidden), flow, purpose, duckdb_session(), columns, tmp_path / log)
    assert not (tmp_path / "log.jsonl").exists()


def test_what_cannot_be_revealed_is_said(made: Made, tmp_path: Path) -> None:
    flow, hidden = tilth.Flow.parse(f"features: [{{redact: {{columns: name, with: hash, key: '{KEY}'}}}}]"), tilth.read(made[1])
    with pytest.raises(RequestError, match="hides no column"):
        revealed(hidden, flow, "audit", duckdb_session(), log=tmp_path / "log.jsonl")
    with pytest.raises(RequestError, match="read it as strings"):
        revealed(tilth.read(pa.table({"email": [1]})), made[0], "audit", duckdb_session(), log=tmp_path / "log.jsonl")
