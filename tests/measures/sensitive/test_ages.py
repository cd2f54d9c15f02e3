"""Columns of days that may be dates of birth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session

NOW = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def ago(years: float) -> datetime:
    return (NOW - timedelta(days=365.25 * years)).replace(hour=0, minute=0)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([ago(20 + i) for i in range(40)], True),
        ([ago(20 + i) for i in range(40)] + [None], True),
        ([ago(20 + i) for i in range(10)] * 4, False),  # ten days only
        ([ago(20 + i / 10) for i in range(40)], False),  # of four years
        ([ago(i / 4) for i in range(4, 44)], False),  # orders: most of the last years
        ([ago(20 + i) for i in range(40)] + [ago(-1)], False),  # one to come
        ([ago(20 + i) for i in range(40)] + [datetime(1899, 1, 1)], False),
        ([ago(20 + i) + timedelta(hours=i) for i in range(40)], False),  # times of the day
        ([None], False),
    ],
)
def test_days_are_suspected_that_lie_as_dates_of_birth_do(days: list[Any], expected: bool) -> None:
    report = tilth.measure(pa.table({"d": pa.array(days, pa.timestamp("us"))}), "sensitive", engine=duckdb_session())
    found = [(t.entity, t.verdict, t.rule) for f in report.of("sensitive") for t in f.payload.types]
    assert found == ([("DATE_OF_BIRTH", "suspected", "ages")] if expected else [])
