"""Decoding: the same on an engine and for a served row."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.data import Column, Dataset, Kind, Memory, Schema
from tilth.engine.expressions import col, is_null, not_
from tilth.engine.row import row_function
from tilth.engine.statistics import count
from tilth.formats import to_arrow
from tilth.formats.decode import CASTS, decode_served, decode_strings, unfit, unreadable

TEXTS = [None, "", " ", "?", " ? ", "x", "1", "-5", "1.5", "true", "NO", "2024-02-29", "2024-02-29 12:30", "2024-02-29T12:30Z", "é", "-999"]
DAY, NOON = date(2024, 2, 29), datetime(2024, 2, 29, 12)


@pytest.mark.parametrize("kind", CASTS)
def test_engine_and_row_agree(kind):
    decode = decode_strings({"x": kind}, ["?", "-999"])
    engine = duckdb_session()
    data = Dataset(Memory(pa.table({"x": TEXTS}), ("x",))).change(dict(decode.columns), decode=True)
    one = row_function([decode], ["x"])
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
        (Kind.STRING, 5, "5"),
        (Kind.STRING, False, "false"),
        (Kind.DATE, DAY, DAY),
        (Kind.DATE, NOON, None),
        (Kind.DATE, NOON.replace(hour=0), DAY),
        (Kind.DATE, pd.Timestamp(DAY), DAY),
        (Kind.DATE, np.datetime64("20240-02-29T00:00", "s"), None),  # a year beyond Python's own
        (Kind.TIMESTAMP, DAY, datetime(2024, 2, 29)),
        (Kind.TIMESTAMP, NOON, NOON),
        (Kind.TIMESTAMP_TZ, NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC)),
        (Kind.INTEGER, np.int8(-3), -3),
        (Kind.INTEGER, np.float64(3), 3),
        (Kind.INTEGER, pd.NA, None),
        (Kind.INTEGER, Decimal(4), 4),
        (Kind.INTEGER, np.str_("7"), 7),
        (Kind.FLOAT, np.float32(0.5), 0.5),
        (Kind.FLOAT, np.int64(2), 2.0),
        (Kind.FLOAT, np.float32("nan"), None),
        (Kind.FLOAT, np.array(2), 2.0),
        (Kind.FLOAT, Decimal("NaN"), None),
        (Kind.FLOAT, Decimal("sNaN"), None),
        (Kind.FLOAT, True, 1.0),
        (Kind.FLOAT, 10**400, None),
        (Kind.BOOLEAN, np.bool_(True), True),
        (Kind.BOOLEAN, np.bool_(False), False),
        (Kind.BOOLEAN, float("nan"), None),
        (Kind.BOOLEAN, pd.NA, None),
        (Kind.STRING, float("nan"), None),
        (Kind.STRING, pd.NA, None),
        (Kind.STRING, np.int64(5), "5"),
        (Kind.STRING, np.bool_(True), "true"),
        (Kind.STRING, np.str_("a"), "a"),
        (Kind.STRING, "", None),
        (Kind.DATE, pd.NaT, None),
        (Kind.DATE, np.datetime64("2024-02-29"), DAY),
        (Kind.DATE, np.datetime64("NaT"), None),
        (Kind.TIMESTAMP, pd.Timestamp(NOON), NOON),
        (Kind.TIMESTAMP, np.datetime64("2024-02-29T12:00", "ns"), NOON),
        (Kind.TIMESTAMP_TZ, pd.Timestamp(NOON, tz="Europe/Berlin"), NOON.replace(hour=11, tzinfo=UTC)),
    ],
)
def test_a_served_value_may_be_typed(kind, given, read):
    made = row_function([decode_strings({"x": kind})], ["x"])({"x": given})["x"]
    assert (type(made), made) == (type(read), read)


@pytest.mark.parametrize(
    ("kind", "given", "read"),
    [
        (Kind.STRING, "", ""),
        (Kind.STRING, 5, "5"),
        (Kind.STRING, float("nan"), None),
        (Kind.STRING, " ? ", None),
        (Kind.DECIMAL, Decimal("1.50"), Decimal("1.50")),
        (Kind.DECIMAL, 2.5, Decimal("2.5")),
        (Kind.DECIMAL, 3, Decimal(3)),
        (Kind.DECIMAL, " 1.5 ", Decimal("1.5")),
        (Kind.DECIMAL, "six", None),
        (Kind.DECIMAL, Decimal("NaN"), None),
        (Kind.DECIMAL, float("inf"), None),
        (Kind.DECIMAL, np.float64("nan"), None),
        (Kind.DECIMAL, 10**38, None),  # a decimal has 38 digits at most
        (Kind.LIST, [1], [1]),
        (Kind.LIST, float("nan"), None),
        (Kind.TIME, pd.NaT, None),
    ],
)
def test_a_served_value_of_a_table_that_has_types(kind, given, read):
    decode = decode_served(Schema((Column("x", kind),)), ["?"], empty_is_null=False)
    made = row_function([decode], ["x"])({"x": given})["x"]
    assert (type(made), made) == (type(read), read)


WRONG = [
    *((kind, given) for kind in (*CASTS, Kind.DECIMAL) for given in ([1], {}, b"x", 1j, object())),
    *((kind, DAY) for kind in (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.BOOLEAN, Kind.STRING)),
    *((kind, 1.5) for kind in (Kind.STRING, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)),
    (Kind.LIST, {"a": 1}),
    *((kind, given) for kind in (Kind.LIST, Kind.STRUCT, Kind.MAP) for given in ("[1]", 5, DAY)),
    (Kind.DATE, NOON.replace(tzinfo=UTC)),
    (Kind.TIMESTAMP, NOON.replace(tzinfo=UTC)),
    (Kind.TIMESTAMP_TZ, NOON),
    (Kind.TIMESTAMP_TZ, DAY),
    (Kind.INTEGER, np.timedelta64(1, "D")),
    (Kind.FLOAT, np.array([1.0])),
]


@pytest.mark.parametrize("empty_is_null", [True, False])
@pytest.mark.parametrize("kind", sorted({kind for kind, _ in WRONG}))
def test_a_served_value_of_another_kind_is_rejected(kind, empty_is_null):
    column = Column("x", kind)
    one = row_function([decode_served(Schema((column,)), empty_is_null=empty_is_null)], ["x"])
    for given in (given for wrong, given in WRONG if wrong is kind):
        with pytest.raises(TypeError):
            one({"x": given})
        mistake = unfit(column, given)
        assert mistake.message.startswith(f"column 'x' is {kind}, but a value of type "), given
        assert mistake.accepted


def test_a_served_value_of_its_kind_has_no_mistake():
    assert [unfit(Column("x", Kind.INTEGER), v) for v in (None, 1, "six", 1.5, float("nan"))] == [None] * 5


@pytest.mark.parametrize("kind", CASTS)
def test_missing_invalid_and_valid_add_up(kind):
    engine = duckdb_session()
    raw = Dataset(Memory(pa.table({"x": TEXTS}), ("x",)))
    read_in = raw.change(dict(decode_strings({"x": kind}, ["?", "-999"]).columns), decode=True)
    invalid = count(unreadable(col("x"), kind, ["?", "-999"]))
    null, valid = count(is_null(col("x"))), count(not_(is_null(col("x"))))
    counted = engine.answer(raw, [invalid])[invalid]
    states = engine.answer(read_in, [null, valid])
    assert states[null] + states[valid] == len(TEXTS)
    assert counted <= states[null]
    assert (counted == 0) == (kind is Kind.STRING)
