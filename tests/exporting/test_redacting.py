"""What is hidden while rows are read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tests.encrypted import key
from tests.steps.made import applied, fitted
from tilth.encryption.keyfile import KeyFile
from tilth.errors import RequestError
from tilth.exporting.redacting import Redaction
from tilth.steps.protect.redact import Redact

__all__ = ["key"]
TABLE = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int16()),
        "mail": ["ann@example.org", None, ""],
        "note": ["of Ann", "x", None],
        "who": ["Ann", None, "Bo"],
        "at": pa.array([1, 2, 3], pa.time64("us")),
    }
)


def test_rows_of_batches_are_hidden_as_a_flow_does_and_others_stay(key: str) -> None:
    steps = [
        {"columns": ["mail"], "key": key, "domain": "customer"},
        {"columns": ["note"], "find": ["PERSON_NAME"], "names": ["who"], "with": "replace"},
        {"columns": ["who"], "with": "drop"},
    ]
    hide = Redaction(steps, TABLE.schema)
    found = pa.Table.from_batches([batch for n in (1, 2) for batch in hide(TABLE.to_batches(max_chunksize=n))], hide.schema)
    rows = TABLE.select(["id", "mail", "note", "at"])
    assert found.schema == rows.schema and found["id"].to_pylist() == [1, 2, 3] * 2
    assert found["mail"].to_pylist() == applied(fitted(Redact("mail", key=key, domain="customer"), TABLE), TABLE)["mail"] * 2
    assert found["note"].to_pylist() == ["of [PERSON_NAME]", "x", None] * 2


def test_an_export_that_goes_on_keeps_its_pseudonyms(key: str) -> None:
    first = Redaction([{"columns": ["mail"], "key": key}], TABLE.schema)
    before = [batch.to_pylist() for batch in first(TABLE.to_batches())]
    KeyFile(key.removeprefix("file:")).rotated()
    assert [batch.to_pylist() for batch in Redaction(first.given, TABLE.schema)(TABLE.to_batches())] == before
    with tilth.protected(key):
        anew = Redaction([{"columns": ["mail"]}], TABLE.schema)
    assert anew.given[0]["key_id"] != first.given[0]["key_id"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"columns": ["mail"], "with": "shuffle", "by": "id"}, "shuffle needs all rows"),
        ({"columns": ["mail"], "with": "drop_row"}, "drop_row needs all rows"),
        ({"columns": ["mail"]}, "hash needs a key"),
        ({"columns": ["mial"], "with": "null"}, "mial"),
        ({"columns": ["z*"], "with": "null"}, "no column"),
        ({"columns": ["mail"], "wiht": "null"}, "wiht"),
    ],
)
def test_what_cannot_be_hidden_so_is_refused(step: dict[str, object], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        Redaction([step], TABLE.schema)


def test_a_plan_says_where_a_step_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("export:\n  source: postgresql://db/d?table=t\n  redact:\n  - {columns: a, with: shuffle}\n")
    with pytest.raises(RequestError) as error:
        tilth.export(str(path), "out")
    assert [(m.place and m.place.line, m.code) for m in error.value.mistakes] == [(4, "wrong-part")]
