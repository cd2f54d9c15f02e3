"""The profile of columns, against numpy."""

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory, Roles
from tilth.measures import profile
from tilth.measures.profile import profile_findings

N = 200
TABLE = pa.table(
    {
        "i": [None if i % 10 == 0 else i % 60 for i in range(N)],
        "f": [math.nan if i % 20 == 0 else math.inf if i % 25 == 0 else i / 8 for i in range(N)],
        "s": [None if i % 10 == 0 else " " if i % 10 == 1 else f"word {i}" for i in range(N)],
        "c": [("a", "b", "b", None)[i % 4] for i in range(N)],
        "b": [i % 3 == 0 for i in range(N)],
        "d": [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(N)],
        "l": [[i] for i in range(N)],
        "n": pa.nulls(N),
    }
)


def data(table=TABLE, **roles):
    return Dataset(Memory(table, tuple(table.column_names), id(table)), Roles.of(**roles))


def profiled(table=TABLE, engine=None, **roles):
    return {f.name: f for f in profile_findings(data(table, **roles), engine or duckdb_session())}


def test_missing_invalid_and_valid_add_up():
    found = profiled()
    assert {n: (f.payload.missing, f.payload.invalid, f.payload.valid) for n, f in found.items()} == {
        "i": (20, 0, 180), "f": (10, 6, 184), "s": (40, 0, 160), "c": (50, 0, 150), "b": (0, 0, 200), "d": (0, 0, 200), "l": (0, 0, 200),
        "n": (200, 0, 0),
    }  # fmt: skip
    assert found["f"].value == 184 / 200
    assert {f.kind for f in found.values()} == {"column"}


def test_numbers_equal_those_of_numpy():
    details = profiled()["f"].payload.to_json()
    x = np.array([v for v in TABLE["f"].to_pylist() if math.isfinite(v)])
    expected = {"minimum": x.min(), "maximum": x.max(), "mean": x.mean(), "deviation": x.std()}
    expected |= {name: np.quantile(x, q) for name, q in profile.QUANTILES.items()}
    assert {name: details[name] for name in expected} == {name: pytest.approx(v, rel=1e-9) for name, v in expected.items()}


def test_values_lengths_and_dates():
    found = profiled()
    assert found["c"].payload.top == (("b", 100), ("a", 50))
    assert (found["c"].payload.distinct, found["i"].payload.distinct) == (2, 54)
    assert "top" not in found["i"].payload.to_json()  # too many to show
    assert found["s"].payload.lengths == {
        "min": 1,
        "max": 8,
        "mean": pytest.approx(np.mean([1] * 20 + [len(f"word {i}") for i in range(N) if i % 10 > 1])),
    }
    assert found["s"].payload.blank == 20
    assert (found["d"].payload.minimum, found["d"].payload.maximum) == (dt.date(2024, 1, 1), dt.date(2024, 7, 18))


def test_private_values_are_masked():
    details = profiled(private=["c", "i", "d"])
    assert details["c"].payload.top == (("***", 100), ("***", 50))
    assert {details["i"].payload.to_json()[k] for k in ("minimum", "median", "maximum")} == {"***"}
    assert details["d"].payload.maximum == "***"


def test_no_rows_and_one_row():
    assert {f.value for f in profiled(TABLE.slice(0, 0)).values()} == {None}
    assert profiled(TABLE.slice(7, 1))["f"].payload.deviation == 0


def test_one_pass_and_one_for_each_column_that_is_shown():
    engine = duckdb_session()
    profiled(engine=engine)
    assert len(engine.scans) == 1 + 2  # c and b: columns of few values


def test_a_large_table_gives_the_same_but_for_estimates(monkeypatch):
    small = profiled()
    monkeypatch.setattr(profile, "FIRST", 30)
    monkeypatch.setattr(profile, "EXACT_ROWS", 100)
    large = profiled()
    for name, f in small.items():
        left = {"distinct", "distinct_exact"} if not large[name].payload.to_json().get("distinct_exact", True) else set()
        assert {k: v for k, v in large[name].payload.to_json().items() if k not in left} == {
            k: v for k, v in f.payload.to_json().items() if k not in left
        }
    assert large["d"].payload.distinct == pytest.approx(N, rel=0.3)


@pytest.mark.parametrize(
    "values, distinct, quantiles",
    [
        ([0, 1] * 50, 2, False),
        ([0.5] * 100, 1, False),
        ([None] * 100, 0, False),
        ([math.inf, -math.inf] * 50, 2, False),
        ([0.0, math.inf] * 50, 2, False),
        ([0, 1] * 49 + [2, 1], 3, True),  # the third value is not among the first rows
    ],
    ids=["indicator", "constant", "nothing", "infinite", "one-finite", "a-third-value-late"],
)
def test_a_number_of_two_values_has_no_quantiles(values, distinct, quantiles, monkeypatch):
    monkeypatch.setattr(profile, "FIRST", 20)
    kind = pa.float64() if any(isinstance(v, float) for v in values) else pa.int64()
    details = profiled(pa.table({"x": pa.array(values, kind)}))["x"].payload.to_json()
    assert (details["distinct"], details["distinct_exact"]) == (distinct, True)
    assert ("median" in details) == quantiles
    assert details.get("median") == (np.quantile(v, 0.5) if quantiles and (v := [x for x in values if math.isfinite(x)]) else None)


@pytest.mark.spark
def test_spark_gives_the_same(spark):
    from tilth.engine.spark import Spark

    ours, theirs = profiled(TABLE.drop_columns(["n"])), profiled(TABLE.drop_columns(["n"]), Spark(session=spark).session())
    for name, f in ours.items():
        told = {k: v for k, v in theirs[name].payload.to_json().items() if k != "type"}
        assert told == {
            k: pytest.approx(v, rel=1e-12) if isinstance(v, float) else v for k, v in f.payload.to_json().items() if k != "type"
        }


# ── balance ──
