"""Columns of names of persons, by lists."""

from __future__ import annotations

import pyarrow as pa
import pytest

import tilth
from bench.labelled import SEED, Maker, Source
from tests.engines import duckdb_session
from tilth.measures.sensitive.names import Names
from tilth.testing.needs import check_need


def test_counts_of_parts_are_those_of_the_whole() -> None:
    check_need(Names(("x",)), pa.table({"x": ["Mary Smith", "Lee, Ann", None, "", "parcel late", "Mary Smith", "x 7", "Dr. Jones"]}))


def test_a_column_called_name_is_suspected() -> None:
    table = pa.table({"name": ["Jürgen Öztürk", "Sibylle Vogt", "oak table"], "filename": ["a", "b", "c"]})
    found = tilth.measure(table, "sensitive", engine=duckdb_session()).of("sensitive")
    assert [(f.name, t.entity, t.verdict) for f in found for t in f.payload.types] == [("name", "PERSON_NAME", "suspected")]


@pytest.mark.slow
def test_columns_of_names_of_english_speaking_countries_are_told_from_others() -> None:
    """Without a telling name of the column. Cities, streets, companies, colours and months are made of names, too."""
    maker = Maker(SEED)
    held = ("en_US.name", "en_US.first_name", "en_US.last_name", "en_GB.name", "en_GB.first_name")
    others = [f"en_US.{m}" for m in ("city", "street_name", "company", "country", "state", "job", "color_name", "month_name", "word")]
    values = [[maker.value(Source("", "", "", "faker", form)) for _ in range(300)] for form in (*held, *others)]
    table = pa.table({f"x{chr(97 + i)}": column for i, column in enumerate(values)})
    report = tilth.measure(table, "sensitive", engine=duckdb_session())
    found = [f.name for f in report.of("sensitive") if f.payload.types[0].rule == "lists"]
    assert found == [f"x{chr(97 + i)}" for i in range(len(held))]
