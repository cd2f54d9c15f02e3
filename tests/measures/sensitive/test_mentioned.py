"""Names of persons in the texts of their row."""

from __future__ import annotations

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.made import made
from tilth.data import Roles
from tilth.flow.parameters import step_of
from tilth.measures.sensitive.mentioned import Mentioned
from tilth.measures.sensitive.section import proposed
from tilth.steps.protect.redact import Redact
from tilth.testing.needs import check_need
from tilth.yaml import parse

PEOPLE = {
    "first_name": ["Ann", "Bo", "Eva", None],
    "last_name": ["Lee", "Ek", "May", "Ek"],
    "notes": ["Ms Lee asked, a@x.org", "Ann Lee was there", None, "wrote to Mr Ek"],
    "town": ["Lee", "Ek", "May", "x"],  # no texts
}


def test_counts_of_parts_are_those_of_the_whole() -> None:
    check_need(Mentioned(("notes", "first_name", "last_name")), pa.table(PEOPLE))


def test_names_of_a_row_are_found_in_its_texts_and_hidden_as_proposed() -> None:
    found = tilth.measure(pa.table(PEOPLE), "sensitive", engine=duckdb_session()).of("sensitive")
    (notes,) = (f.payload for f in found if f.name == "notes")
    (name,) = (t for t in notes.types if t.entity == "PERSON_NAME")
    assert (name.verdict, name.cells, name.by) == ("sensitive", 2, ("first_name", "last_name"))  # not that of another row
    assert "town" not in [f.name for f in found]
    table = PEOPLE
    for line in proposed(found):
        step = step_of(Redact, parse(line).value[0]["redact"], Roles())
        table = made(step, table)
    assert table["notes"] == ["Ms [PERSON_NAME] asked, [EMAIL]", "Ann Lee was there", None, "wrote to Mr [PERSON_NAME]"]
    assert table["last_name"] == ["[REDACTED]"] * 4


@pytest.mark.parametrize("mode", ["columns", "sample"])
def test_the_mode_changes_no_count_of_few_rows(mode: str) -> None:
    report = tilth.measure(pa.table(PEOPLE), {"sensitive": {"mode": mode}}, engine=duckdb_session())
    assert [t.cells for f in report.of("sensitive") for t in f.payload.types if t.by] == [2]
