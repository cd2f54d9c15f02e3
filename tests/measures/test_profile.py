"""The profile of columns, against numpy."""

import datetime as dt
import math
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.house.tree import python
from tilth.data import Dataset, Memory, Roles
from tilth.errors import RequestError
from tilth.measures import profile, sampled
from tilth.measures.profile import ColumnProfile
from tilth.report.html import to_html
from tilth.report.json import from_json, to_json
from tilth.report.text import to_text

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


def profiled(table=TABLE, engine=None, exact=False, **roles):
    given = data(table, **roles)
    found, *_ = profile.profiled(given, given, engine or duckdb_session(), exact)
    return {f.name: f for f in found if isinstance(f.payload, ColumnProfile)}


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


def test_values_have_a_distribution_unless_they_are_private():
    found = profiled(private=["f", "d", "s"])
    assert sum(found["i"].payload.histogram.counts) == 180
    assert found["c"].payload.histogram is None
    assert {name: found[name].payload.histogram for name in ("f", "d", "s")} == dict.fromkeys("fds")
    assert profiled()["d"].payload.histogram.low == dt.date(2024, 1, 1)
    words = pa.table({"s": [f"word {i % 60}" for i in range(180)] + ["rare"]})
    assert profiled(words)["s"].payload.frequent[:2] == (("word 0", 3), ("word 1", 3))
    assert len(profiled(words)["s"].payload.frequent) == 10
    assert profiled(words, private=["s"])["s"].payload.frequent == ()


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "column",
    [
        [[1], [2], [2]],
        [b"a", b"b", None],
        pa.nulls(3),
        pa.array([2**63, 2**63 + 1, 5], pa.uint64()),
        [2**62, 2**62 + 1, -(2**62)],
        [1e308, -1e308, 1e308],
        [5e-324, 0.0, -0.0],
        [math.inf, -math.inf, 1.0],
        [Decimal("1.5"), Decimal("2.5"), None],
        pa.array([1, 1_700_000_000_123_456_789, None], pa.timestamp("ns")),
        [dt.time(1), dt.time(2), None],
        [dt.date(1, 1, 1), dt.date(9999, 12, 31), None],
        [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, tzinfo=dt.UTC), None],
        ["", " ", "x"],
    ],
    ids=str,
)
def test_any_kind_of_column_has_a_profile(column, monkeypatch):
    table = pa.table({"x": column, "y": [1.0, 2.0, 4.0], "label": ["yes", "no", "no"]})
    for most, names in ((100, ["x"]), (100, ["x", "y", "label"]), (2, ["x", "y", "label"])):
        of_few_rows(monkeypatch, most)
        roles = {"label": "label", "time": "x"} if len(names) > 1 else {}
        report = tilth.measure(tilth.read(table.select(names), roles=roles), "profile")
        assert len(report.of("column")) == len(names)
        assert to_html(from_json(to_json(report)))


def test_no_rows_and_one_row():
    assert {f.value for f in profiled(TABLE.slice(0, 0)).values()} == {None}
    assert profiled(TABLE.slice(7, 1))["f"].payload.deviation == 0


def test_one_scan_of_the_rows_and_one_of_what_is_not_counted_in_them():
    engine = duckdb_session()
    profiled(TABLE.drop_columns(["l", "n"]), engine)
    assert [s.title for s in engine.scans] == ["all rows"]
    profiled(engine=engine)
    assert len(engine.scans) == 3


@pytest.mark.slow
def test_a_profile_does_without_pandas(tmp_path):
    values = "i, i / 7 AS x, if(i % 5 = 0, NULL, i % 3) AS k, 'word ' || i % 30 AS s, DATE '2024-01-01' + i AS d"
    duckdb.sql(f"COPY (SELECT {values} FROM (SELECT range::INT AS i FROM range(100))) TO '{tmp_path}/t.parquet'")
    code = "import sys, tilth; tilth.profile(sys.argv[1], label='k'); print('pandas' in sys.modules)"
    assert python("-c", code, f"{tmp_path}/t.parquet").stdout == "False\n"


def of_few_rows(monkeypatch, most=50):
    """Tables of more rows are large."""
    monkeypatch.setattr(sampled, "ROWS", most)
    monkeypatch.setattr(sampled, "LEAST", most)


def test_a_large_table_gives_the_same_but_for_estimates(monkeypatch):
    small = profiled()
    of_few_rows(monkeypatch)
    monkeypatch.setattr(profile, "EXACT_ROWS", 100)
    large = profiled()
    estimated = {"distinct", "distinct_exact", "sampled", "histogram", "skewness", "outliers", "far_outliers", *profile.QUANTILES}
    for name, f in small.items():
        found, left = large[name].payload, estimated if large[name].payload.sampled or not large[name].payload.distinct_exact else set()
        assert {k: v for k, v in found.to_json().items() if k not in left} == {
            k: v for k, v in f.payload.to_json().items() if k not in left
        }
        assert "top" not in f.payload.to_json() or found.distinct_exact
    assert large["d"].payload.distinct == pytest.approx(N, rel=0.3)
    assert not large["d"].payload.distinct_exact
    assert large["i"].payload.sampled == pytest.approx(50, abs=25)


def test_a_large_table_is_as_exact_as_a_small_one_where_that_is_asked(monkeypatch):
    small = profiled()
    of_few_rows(monkeypatch)
    exactly = profiled(exact=True)
    for name, f in small.items():
        expected = f.payload.to_json()
        rounded = {k: pytest.approx(v, rel=1e-12) for k, v in expected.items() if k in ("mean", "deviation")}
        assert exactly[name].payload.to_json() == expected | rounded


@pytest.mark.slow
def test_strings_of_few_values_in_a_large_table_are_measured_by_their_counts(monkeypatch):
    values = {"two": ("é", "abc", None), "more": ("", " \t", "a", "bcd", None), "blank": (" ", None)}
    table = pa.table({name: [v[i % len(v)] for i in range(600)] for name, v in values.items()})
    asked = ("missing", "blank", "lengths", "distinct", "distinct_exact", "top", "valid")
    small = [[getattr(f.payload, name) for name in asked] for f in tilth.profile(table).of("column")]
    of_few_rows(monkeypatch, 60)
    with duckdb_session() as engine:
        large = profile.Profile().measure(data(table), data(table), engine)[0]
        assert not any("LENGTH" in s.query for s in engine.scans)
    assert [[getattr(f.payload, name) for name in asked] for f in large if isinstance(f.payload, ColumnProfile)] == small
    # by hand: of 5 values 1 is null, 2 are blank; 0, 2, 1, 3 characters
    assert small[1][:3] == [360, 240, {"min": 0, "max": 3, "mean": 1.5}]


def test_equal_rows_of_a_large_table_are_counted_where_that_is_asked(monkeypatch):
    table = pa.table({"a": [1, 1, None, None, None, 2] * 20, "b": ["x", "x", None, None, "y", None] * 20})  # 4 different rows
    of_few_rows(monkeypatch)
    found = {exact: tilth.profile(table, exact=exact).of("table")[0].payload for exact in (False, True)}
    assert (found[True].duplicates, found[True].exact, found[True].rows) == (116, True, 120)
    assert found[False].sampled and not found[False].exact
    assert "116 rows" in to_text(tilth.profile(table, exact=True))


def test_too_many_rows_are_not_looked_at_whole(monkeypatch):
    of_few_rows(monkeypatch)
    monkeypatch.setattr(profile, "MOST_EXACT", 1_000)
    with pytest.raises(RequestError, match="`exact` of 2,000 rows"):
        tilth.profile(pa.table({"x": range(2_000)}), exact=True)


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "uint8", "uint16", "uint32"])
def test_integers_of_a_large_table_have_the_mean_and_deviation_of_numpy(kind, monkeypatch):
    of_few_rows(monkeypatch)
    ends = np.iinfo(kind)
    x = np.array([ends.min, ends.max] * 40 + list(range(30)), dtype=kind)
    table = pa.table({"x": pa.array(x, mask=x == 7), "none": pa.nulls(len(x), pa.from_numpy_dtype(kind))})
    found = profiled(table)
    known = x[x != 7].astype(float)
    assert found["x"].payload.mean == pytest.approx(known.mean(), rel=1e-15)
    assert found["x"].payload.deviation == pytest.approx(known.std(), rel=1e-14)
    assert (found["none"].payload.mean, found["none"].payload.deviation) == (None, None)


def test_a_large_prepared_part_takes_one_scan(monkeypatch):
    prepared = profile.Profile().of_prepared()
    small, engine = prepared.measure(data(), data(), duckdb_session())[0], duckdb_session()
    assert any(f.kind == "associations" for f in small)
    of_few_rows(monkeypatch)
    large = prepared.measure(data(), data(), engine)[0]
    assert len(engine.scans) == 1
    counted = ("rows", "missing", "invalid", "valid", "blank", "mean", "deviation", "minimum", "maximum", "lengths")
    assert [[getattr(f.payload, n) for n in counted] for f in large] == [
        [getattr(f.payload, n) for n in counted] for f in small if f.kind == "column"
    ]
    assert profile.Profile(exact=True).of_prepared() == profile.Profile(exact=True)


def test_a_sample_estimates_and_costs_few_scans(monkeypatch):
    of_few_rows(monkeypatch, 2_000)
    random = np.random.default_rng(5)
    n = 20_000
    table = pa.table(
        {"id": random.permutation(n), "x": random.lognormal(3, 1, n), "y": random.normal(0, 1, n)}
        | {f"c{i}": random.integers(0, 3 + i, n) for i in range(8)}
        | {f"b{i}": random.random(n) < 0.1 for i in range(8)}
    )
    engine = duckdb_session()
    found = profiled(table, engine)
    assert len(engine.scans) == 6  # numbers, rows, booleans by conditions, and columns of few values, in three groupings
    for name in ("x", "y", "id"):
        x, at = np.array(table[name]), found[name].payload
        for key, q in profile.QUANTILES.items():  # a quantile of a sample of n is at a share of the table within 4 standard errors
            assert np.mean(x <= getattr(at, key)) == pytest.approx(q, abs=4 * math.sqrt(q * (1 - q) / at.sampled))
    for name in ("c3", "b2"):
        values, counts = np.unique(np.array(table[name]), return_counts=True)
        assert dict(found[name].payload.top) == dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_rows_that_differ_in_few_numbers_are_chosen_by_the_hash_of_all_columns(monkeypatch):
    of_few_rows(monkeypatch)
    table = pa.table({"s": [f"word {i}" for i in range(N)], "k": [i % 3 for i in range(N)]})
    backwards = table.take(list(range(N))[::-1])
    assert {n: f.to_json() for n, f in profiled(table).items()} == {n: f.to_json() for n, f in profiled(backwards).items()}


@pytest.mark.parametrize(
    "values, distinct, quantiles",
    [
        ([0, 1] * 50, 2, False),
        ([0.5] * 100, 1, False),
        ([None] * 100, 0, False),
        ([math.inf, -math.inf] * 50, 2, False),
        ([0.0, math.inf] * 50, 2, False),
        ([0, 1] * 49 + [2, 1], 3, True),  # the third value is seldom in a sample of 20 rows
    ],
    ids=["indicator", "constant", "nothing", "infinite", "one-finite", "a-third-value-late"],
)
def test_a_number_of_two_values_has_no_quantiles(values, distinct, quantiles, monkeypatch):
    of_few_rows(monkeypatch, 20)
    kind = pa.float64() if any(isinstance(v, float) for v in values) else pa.int64()
    details = profiled(pa.table({"x": pa.array(values, kind)}))["x"].payload.to_json()
    assert (details["distinct"], details["distinct_exact"]) == (distinct, True)
    assert ("median" in details) == quantiles
    assert details.get("median") == (np.quantile(v, 0.5) if quantiles and (v := [x for x in values if math.isfinite(x)]) else None)


@pytest.mark.spark
def test_spark_gives_the_same(spark):
    from tilth.engine.spark import Spark

    prices = pa.array([Decimal(i) / 4 for i in range(N)], pa.decimal128(6, 2))  # of which the smallest is whole: 0.00
    table = TABLE.drop_columns(["n"]).append_column("price", prices)
    ours, theirs = profiled(table), profiled(table, Spark(session=spark).session())
    for name, f in ours.items():
        told = {k: v for k, v in theirs[name].payload.to_json().items() if k != "type"}
        assert told == {
            k: pytest.approx(v, rel=1e-12) if isinstance(v, float) else v for k, v in f.payload.to_json().items() if k != "type"
        }


@pytest.mark.spark
@pytest.mark.parametrize(
    ("columns", "exact"),
    [
        (("x", "y", "k", "narrow", "word", "at", "paid"), False),
        (("x", "y", "k", "narrow", "word", "at", "paid"), True),
        (("k", "word", "at", "paid"), True),  # without x and y: whole rows are hashed
    ],
)
def test_spark_says_the_same_of_a_large_table(spark, monkeypatch, columns, exact):
    from tilth.engine.spark import Spark

    of_few_rows(monkeypatch, 500)
    random, n = np.random.default_rng(5), 5000
    k = random.integers(0, 9, n)
    table = pa.table(
        {
            "x": random.lognormal(3, 1, n) * (1 + k),
            "y": random.permutation(n),
            "k": k,
            "narrow": pa.array(k - 2**31, pa.int32()),
            "word": [f"w{i % 30}" if i % 7 else None for i in k * 11 + random.integers(0, 4, n)],
            "at": [dt.date(2020, 1, 1) + dt.timedelta(days=int(d)) for d in random.integers(0, 1500, n)],
            "paid": np.where(random.random(n) < k / 9, "yes", "no"),
        }
    ).select(list(columns))
    read = tilth.read(table, roles={"label": "paid", "positive": "yes", "time": "at"})

    def said(engine):
        found = tilth.profile(read, exact=exact, engine=engine).findings
        assert {f.kind for f in found} == {"column", "table", "associations", "feature", "trend", "balance"}
        return {(f.kind, f.name): {"value": f.value, **f.payload.to_json()} for f in found}

    ours, theirs = said(duckdb_session()), said(Spark(session=spark).session())
    assert ours["table", "table"]["sampled"] == pytest.approx(500, abs=100)
    for about, numbers in ours.items():
        left = {"type"} if numbers.get("distinct_exact", True) else {"type", "distinct"}  # an estimate is the engine's own
        assert {k: v for k, v in theirs[about].items() if k not in left} == {
            k: pytest.approx(v, rel=1e-12) if isinstance(v, float) else v for k, v in numbers.items() if k not in left
        }


# ── balance ──
