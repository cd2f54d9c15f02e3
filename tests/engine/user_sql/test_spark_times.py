"""Days and times as Spark's SQL says them, and the present, mean the same in conditions and queries on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tests.cases import cases
from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.expression import parse_condition
from tilth.errors import ExpressionError

CASES = cases(Path(__file__).with_name("spark_times.yaml"))
NOW = datetime(2026, 3, 31, 12)
AT = [datetime(2026, 3, 31, 11, 45), datetime(2026, 2, 28, 9), datetime(2025, 2, 28), None]
TABLE = pa.table(
    {
        "number": [1, 2, 3, 4],
        "weight": [1, 10, 100, 1000],
        "at": AT,
        "zoned": pa.array([at and at.replace(tzinfo=UTC) for at in AT], pa.timestamp("us", "UTC")),
        "day": [at and at.date() for at in AT],
    }
)
SCHEMA = Schema((Column("at", Kind.TIMESTAMP), Column("day", Kind.DATE)))


def met(engine: Any = None) -> dict[str, set[float]]:
    """For each condition the sum of the weights of the rows that meet it, of a `where` and of the query of a CustomSql."""
    forms = 'Sum "weight" > 0 where "{0}"', 'CustomSql "select sum(weight) from primary where {0}" > 0'
    rules = ", ".join(form.format(condition) for condition, _ in CASES for form in forms)
    found = [
        next(iter(f.payload.metrics.values()), None) for f in tilth.check(TABLE, f"Rules = [ {rules} ]", at=NOW, engine=engine).findings
    ]
    return {condition: {*found[2 * i : 2 * i + 2]} for i, (condition, _) in enumerate(CASES)}


@pytest.mark.slow
def test_conditions_are_met_by_these_rows() -> None:
    assert met() == {condition: {sum(10 ** (n - 1) for n in rows)} for condition, rows in CASES}


@pytest.mark.spark
def test_they_are_on_spark(spark: Any) -> None:
    from tilth.engine.spark import Spark

    assert met(Spark(spark)) == met()


def test_the_present_is_not_for_formulas_and_a_string_that_is_no_day_equals_none() -> None:
    for text, reason in (
        ("day = current_date", "another time at each run"),
        ("at > now() - interval 1 day", "another time at each run"),
        ("day = '31/03/2026'", "'31/03/2026' is not a date"),
        ("at = '2026-02-30'", "'2026-02-30' is not a timestamp"),
        ("at - interval 1 millisecond > '2026-01-01'", "INTERVAL cannot be used"),
    ):
        with pytest.raises(ExpressionError, match=reason):
            parse_condition(text, SCHEMA)
    assert parse_condition("day = '2026-03-31'", SCHEMA) == parse_condition("day = '2026-03-31 10:00'", SCHEMA)


def test_strings_of_days_are_midnights_beside_times() -> None:
    table = pa.table({"text": ["2026-03-31", "2026-03-30 13:00", "2026-03-29T00:00:00Z", "soon", None], "n": range(5)})
    for condition, rows in (("text > now() - interval 1 day", 2), ("text > timestamp '2026-03-31'", 0), ("text >= current_date", 1)):
        rule = f'CustomSql "select count(*) from primary where {condition}" = {rows}'
        (found,) = tilth.check(table, f"Rules = [ {rule} ]", at=NOW).findings
        assert str(found.outcome) == "Passed", (condition, found.payload.metrics)


def test_the_present_is_that_of_the_check() -> None:
    days = pa.table({"day": [date(2024, 2, 29)]})
    for at, passed in ((datetime(2024, 3, 1), True), (datetime(2024, 3, 2), False)):
        assert tilth.check(days, """Rules = [ RowCount = 1 where "day = current_date - 1" ]""", at=at).passed is passed
