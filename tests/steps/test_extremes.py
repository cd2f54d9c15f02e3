"""The laws of steps on numbers of fewer than 64 bits, and on the first and last values of types."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.steps import STEPS
from tilth.testing.steps import check_laws

S = STEPS
TIMES = [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1582, 10, 10), datetime(2024, 3, 31, 1, 30), None]
TABLE = pa.table(
    {
        "byte": pa.array([127, -128, 0, 3, None], pa.int8()),
        "single": pa.array([0.1, -3.3, 1e30, None, 0.25], pa.float32()),
        "huge": [0.5, -2.5, -1e300, -9e18, 709.9],
        "long": pa.array([2**63 - 1, -(2**63), 0, 5, None]),
        "unsigned": pa.array([0, 2**63 - 1, 5, None, 1], pa.uint64()),
        "price": pa.array([Decimal("99999.99"), Decimal("-0.01"), None, Decimal(0), Decimal(1)], pa.decimal128(7, 2)),
        "words": ["the cat and the dog and the cow", "", None, "a a a", "don't"],
        "flag": [True, False, None, True, False],
        "day": [None if t is None else t.date() for t in TIMES[:4]] + [date(1969, 12, 31)],
        "moment": pa.array(TIMES, pa.timestamp("us")),
        "zoned": pa.array([t and t.replace(tzinfo=UTC) for t in TIMES], pa.timestamp("us", "UTC")),
        "label": ["no", "no", "yes", "no", "yes"],
        "id": range(5),
    }
)
STEP = [
    S["power"](("byte", "single"), with_="square"),
    S["formula"]("less", "coalesce(unsigned, 7) - 2"),
    pytest.param(S["power"]("huge", with_="yeo_johnson"), marks=pytest.mark.slow),
    S["normalize"](("byte", "single", "price"), with_="l2"),
    S["vectorize"]("words", with_="hashing", n_features=2, sublinear_tf=True),
    S["featurize"]("zoned", zone="Europe/Berlin", cyclic=True),
    S["redact"](("day", "moment", "zoned"), with_="mask_date", part="decade"),
    S["null_if"](("byte", "price", "flag", "day", "moment", "zoned"), values=(127,), below=-5, above=9),
]


@pytest.mark.parametrize("step", STEP, ids=str)
def test_a_step_keeps_its_promises_on_extreme_values(step):
    check_laws(step, TABLE, engine=duckdb_session())
