"""Scans are as few as the distinct (key columns, filter) sets, plus one."""

import pyarrow as pa
import pytest
from sqlglot import exp

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.engine import groups as groups_module
from tilth.engine import plan as plan_module
from tilth.engine.expressions import case, coalesce, col, eq, gt, is_null, lit
from tilth.engine.operations.aggregates import DistinctOfFew
from tilth.engine.operations.numbers import Finite, Power
from tilth.engine.operations.operation import lower
from tilth.engine.plan import plan
from tilth.engine.spark import Spark
from tilth.engine.statistics import Statistic, central_moment, count, total
from tilth.errors import RequestError
from tilth.metrics.columns import Completeness, Maximum, Mean, Minimum, Percentile, RowCount, Share, StandardDeviation, Variance
from tilth.metrics.keys import DistinctValues, Entropy, Uniqueness, UniqueValueRatio
from tilth.metrics.metric import Grouped, Where, measured

TABLE = pa.table({"a": [1, 2, 2, None, 5], "s": ["x", "y", "y", None, ""], "t": [True, False, None, True, True]})


@pytest.fixture
def data() -> Dataset:
    return Dataset(Memory(TABLE, tuple(TABLE.column_names)))


def test_scans_are_one_plus_the_distinct_key_and_filter_sets(data):
    positive = gt(col("a"), lit(0))
    metrics = [
        RowCount(), Completeness("a"), Mean("a"), Variance("a"), StandardDeviation("a"), Percentile("a"), Where(Mean("a"), positive),
        Uniqueness(("a",)), UniqueValueRatio("a"), DistinctValues("a"), Entropy("a"),  # one key
        Uniqueness(("a", "s")),  # another
        Where(Uniqueness(("a",)), positive),  # the first key under a filter
    ]  # fmt: skip
    engine = duckdb_session()
    measured(data, metrics, engine)
    assert len(engine.scans) == 1 + 3


def test_equal_statistics_are_asked_once():
    asked = [s for _ in range(100) for s in (*Mean("a").needs(), *Completeness("a").needs())]
    (scan,) = plan(asked)
    assert len(scan.statistics) == len(set(asked)) == 4


def test_what_an_exact_sum_adds_up_is_computed_once():
    x = Finite.of(Power.of(col("a"), lit(0.5)))
    (scan,) = plan([central_moment(x), total(Finite.of(col("a")))])
    assert [tree for layer in scan.shared for _, tree in layer.columns] == [x, Finite.of(col("a"))]
    assert scan.query.find(Power) is None


def test_a_grouped_metric_gives_one_value_per_group_null_included(data):
    found = measured(data, [Grouped(Mean("a"), ("t",))], duckdb_session())
    assert next(iter(found.values())) == {True: 3.0, False: 2.0, None: 2.0}  # by hand: (1+5)/2, 2, 2


def test_a_group_without_any_key_has_a_value_all_the_same(data):
    found = measured(data, [Grouped(DistinctValues("s"), ("a",))], duckdb_session())
    assert next(iter(found.values()))[None] == 1  # null counts as one value


def test_what_is_asked_of_cells_comes_from_the_groups_where_these_are_counted(data):
    few = [
        Completeness("s"),
        Share(eq(col("s"), lit("y"))),
        Share(is_null(col("s"))),
        Minimum("s"),
        Maximum("s"),
        Entropy("s"),
        DistinctValues("s"),
    ]
    engine = duckdb_session()
    found = measured(data, few, engine)
    assert list(found.values()) == [0.8, 0.4, 0.2, "", "y", pytest.approx(1.0397207708399179), 4]  # by hand; entropy of ¼, ½, ¼
    (rows,) = (p.query for p in engine.scans if p.title == "row aggregates")
    assert '"s"' not in rows


def test_what_turns_null_into_false_goes_from_a_count():
    passing = coalesce(gt(col("a"), lit(1)), exp.false())
    counted = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=passing))
    assert lower(counted, "duckdb") == 'COALESCE(COUNT_IF("a" > 1), 0)'


def test_more_groups_than_can_be_held_are_refused(data, monkeypatch):
    for module in (plan_module, groups_module):
        monkeypatch.setattr(module, "MOST_GROUPS", 3)
    grouped = Grouped(RowCount(), ("a",))
    with pytest.raises(RequestError, match="row aggregates by a: there are more than 3 groups"):
        measured(data, [grouped], duckdb_session())  # 1, 2, 5 and null
    assert len(measured(data, [Grouped(RowCount(), ("t",))], duckdb_session())) == 1


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_the_different_values_of_few_rows_are_counted_under_a_filter_too(data, engine, request):
    used = duckdb_session() if engine == "duckdb" else Spark(request.getfixturevalue("spark")).session()
    asked = [Statistic(DistinctOfFew.of(col("s")), where=where) for where in (None, gt(col("a"), lit(1)), gt(col("a"), lit(9)))]
    assert list(used.answer(data, asked).values()) == [3, 2, 0]  # by hand: x, y and empty; y and empty; no row


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
@pytest.mark.parametrize("stretches", [100, -1])  # groups of a set that stand together, and apart
def test_the_same_numbers_by_sets_with_a_key_in_common_are_one_scan(data, monkeypatch, request, engine, stretches):
    monkeypatch.setattr(groups_module, "STRETCHES", stretches)
    used = duckdb_session() if engine == "duckdb" else Spark(request.getfixturevalue("spark")).session()
    fold = case((is_null(col("a")), lit(0)), otherwise=lit(1))
    asked = [
        number.grouped(key, fold) for key in (col("s"), col("t"), coalesce(col("s"), lit("x"))) for number in (count(), total(col("a")))
    ]
    found = [dict(answer) for answer in used.answer(data, asked).values()]
    assert [scan.title.startswith("row aggregates by s, ") for scan in used.scans] == [True]
    alone = [dict(next(iter(duckdb_session().answer(data, [need]).values()))) for need in asked]
    assert found == alone
    assert found[0] == {("x", 1): 1, ("y", 1): 2, (None, 0): 1, ("", 1): 1}  # by hand
