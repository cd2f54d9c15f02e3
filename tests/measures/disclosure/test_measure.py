"""disclosure_risk: the battery, and what it refuses."""

from __future__ import annotations

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.measures.disclosure.people import QUASI, SENSITIVE, people, risk
from tilth.errors import TilthError
from tilth.measures.disclosure.measure import DisclosureRisk
from tilth.measures.disclosure.payload import Risk
from tilth.testing.measures import check_measure


def test_what_reveals_most():
    table = pa.table({"id": list(range(6)), "a": [1, 1, 2, 2, 3, 4], "b": ["x"] * 6})
    _, found = risk(table, DisclosureRisk(("id", "a", "b")))
    assert found.revealing == (("id", 6), ("id, a", 6), ("id, b", 6), ("a", 2), ("a, b", 2))


def test_the_battery():
    check_measure(DisclosureRisk(QUASI, SENSITIVE), tilth.read(people(60)), (duckdb_session(),))


@pytest.mark.spark
def test_spark_finds_the_same(spark):
    from tilth.engine.spark import Spark

    check_measure(DisclosureRisk(QUASI, SENSITIVE), tilth.read(people(60)), (duckdb_session(), Spark(spark).session()))


def test_a_table_without_rows_has_no_finding():
    assert tilth.measure(tilth.read(people(0)), [DisclosureRisk(QUASI)]).of(Risk) == ()


@pytest.mark.parametrize(
    "parameters",
    [{}, {"quasi": "nothing"}, {"quasi": "age", "sensitive": "age"}, {"quasi": "age", "k": 1}, {"quasi": [str(i) for i in range(13)]}],
)
def test_what_cannot_be_measured_is_refused(parameters):
    with pytest.raises(TilthError):
        tilth.measure(tilth.read(people(5)), [DisclosureRisk(**parameters)])
