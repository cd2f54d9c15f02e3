"""Parts: exactly one of their conditions holds for each row."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilth.errors import ColumnError, RequestError
from tilth.exporting.parts import block_parts, column_parts
from tilth.exporting.plan import Partition, plan_of
from tilth.exporting.pull import Look, parts_of
from tilth.exporting.subset import Subset
from tilth.store.snapshot import reading

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bigint": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 9),
    "date": st.dates() | st.just("infinity"),
    "timestamp": st.datetimes() | st.datetimes(datetime(2025, 12, 1), datetime(2026, 3, 1)) | st.just("-infinity"),
    "timestamptz": st.datetimes(datetime(2025, 12, 1), datetime(2026, 3, 1)),
    "text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
    "float8": st.floats(),
}


@pytest.fixture(scope="module")
def connection(postgres):
    with reading(f"{postgres}&query=select 1") as found:
        yield found


@pytest.mark.slow
@settings(max_examples=60)
@given(data=st.data())
def test_each_row_is_in_one_part(postgres, connection, data):
    kind = data.draw(st.sampled_from(sorted(VALUES)))
    keys = data.draw(st.lists(st.none() | VALUES[kind], min_size=1, max_size=12))
    near = kind in ("date", "timestamp", "timestamptz") and "infinity" not in str(keys)
    keys = [k.isoformat() if isinstance(k, date) else k for k in keys]
    given_as = ("unit", "month") if near and data.draw(st.booleans()) else ("parts", data.draw(st.integers(1, 9)))
    listed = ", ".join("(NULL)" if k is None else "('" + str(k).replace("'", "''") + "')" for k in keys)
    query = f"SELECT CAST(key AS {kind}) AS key FROM (VALUES {listed}) AS given(key)"
    plan = plan_of({"source": f"{postgres}&{urlencode({'query': query})}", "partition": {"by": "key", given_as[0]: given_as[1]}})
    try:
        parts = parts_of(plan, Look.at(Subset(plan), connection), connection)
    except RequestError as error:
        assert error.mistakes[0].code == "many-parts"
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {part})" for part in parts)
    held = " + ".join(f"coalesce(CAST(({part}) AS int), 0)" for part in parts)
    (*sizes, least, most) = connection.rows(f"SELECT {counts}, min({held}), max({held}) FROM ({query}) AS rows")[0]
    assert (sum(sizes), least, most) == (len(keys), 1, 1)
    assert sizes[-1] == keys.count(None)


def test_ranges_are_of_equal_length():
    schema = pa.schema([("n", pa.int64()), ("at", pa.timestamp("us", tz="UTC"))])

    def divided(by, *rows):
        return column_parts(Subset(plan_of("postgresql://me@/db?table=t")), by, schema, lambda query: list(rows), 9)

    parts = divided(Partition(by="n", parts=4), ("1", "100"))
    assert parts == ['"n" < 26', '"n" >= 26 AND "n" < 51', '"n" >= 51 AND "n" < 76', '"n" >= 76', '"n" IS NULL']
    assert divided(Partition(by="at", unit="month"), ("2026-01-01 00:00:00+00",), ("2026-03-01 00:00:00+00",)) == [
        "\"at\" < '2026-03-01 00:00:00+00'",
        "\"at\" >= '2026-03-01 00:00:00+00'",
        '"at" IS NULL',
    ]
    with pytest.raises(ColumnError, match="did you mean 'n'"):
        divided(Partition(by="N"))
    with pytest.raises(RequestError, match="no ranges of a day"):
        divided(Partition(by="n", unit="day"))
    with pytest.raises(RequestError, match="or more"):
        divided(Partition(by="at", unit="hour"), *[(str(i),) for i in range(1026)])


def test_blocks():
    assert block_parts(100, 4, 8192) == [""]
    assert block_parts(3072, 4, 8192) == ["ctid < '(1024,0)'", "ctid >= '(1024,0)' AND ctid < '(2048,0)'", "ctid >= '(2048,0)'"]
    assert len(block_parts(1 << 30, 4, 8192)) == 1024
