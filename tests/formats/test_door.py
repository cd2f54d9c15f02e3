"""The door: the same on an engine and for a row that is served."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from tilth.data import Dataset, Kind, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import col, is_null, not_
from tilth.engine.row import row_function
from tilth.engine.statistics import count
from tilth.formats import to_arrow
from tilth.formats.door import CASTS, door_of_texts, unreadable

TEXTS = [None, "", " ", "?", " ? ", "x", "1", "-5", "1.5", "true", "NO", "2024-02-29", "2024-02-29 12:30", "2024-02-29T12:30Z", "é", "-999"]
DAY, NOON = date(2024, 2, 29), datetime(2024, 2, 29, 12)


@pytest.mark.parametrize("kind", CASTS)
def test_engine_and_row_agree(kind):
    door = door_of_texts({"x": kind}, ["?", "-999"])
    engine = DuckDB()
    data = Dataset(Memory(pa.table({"x": TEXTS}), ("x",))).change(dict(door.columns), door=True)
    one = row_function([door], ["x"])
    assert to_arrow(data, engine)["x"].to_pylist() == [one({"x": t})["x"] for t in TEXTS]


@pytest.mark.parametrize(
    ("kind", "given", "read"),
    [
        (Kind.INTEGER, 39, 39),
        (Kind.INTEGER, 39.0, 39),
        (Kind.INTEGER, 39.5, None),
        (Kind.INTEGER, True, 1),
        (Kind.INTEGER, 2**63, None),
        (Kind.FLOAT, 3, 3.0),
        (Kind.FLOAT, float("nan"), None),
        (Kind.FLOAT, float("inf"), float("inf")),
        (Kind.BOOLEAN, True, True),
        (Kind.BOOLEAN, 0, False),
        (Kind.BOOLEAN, 2, None),
        (Kind.TEXT, 5, "5"),
        (Kind.TEXT, False, "false"),
        (Kind.DATE, DAY, DAY),
        (Kind.DATE, NOON, DAY),
        (Kind.TIMESTAMP, DAY, datetime(2024, 2, 29)),
        (Kind.TIMESTAMP, NOON, NOON),
        (Kind.TIMESTAMP, NOON.replace(tzinfo=UTC), None),
        (Kind.INSTANT, NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC)),
        (Kind.INSTANT, NOON, None),
        (Kind.DATE, 5, None),
        (Kind.INTEGER, [1], None),
    ],
)
def test_a_served_value_may_be_typed(kind, given, read):
    assert row_function([door_of_texts({"x": kind})], ["x"])({"x": given}) == {"x": read}


@pytest.mark.parametrize("kind", CASTS)
def test_missing_invalid_and_valid_add_up(kind):
    engine = DuckDB()
    raw = Dataset(Memory(pa.table({"x": TEXTS}), ("x",)))
    read_in = raw.change(dict(door_of_texts({"x": kind}, ["?", "-999"]).columns), door=True)
    invalid = count(unreadable(col("x"), kind, ["?", "-999"]))
    null, valid = count(is_null(col("x"))), count(not_(is_null(col("x"))))
    counted = engine.answer(raw, [invalid])[invalid]
    states = engine.answer(read_in, [null, valid])
    assert states[null] + states[valid] == len(TEXTS)
    assert counted <= states[null]
    assert (counted == 0) == (kind is Kind.TEXT)
