"""Relations and samples, by hand and on both engines."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pyarrow as pa
import pytest
from sqlglot import exp

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory, Roles
from tilth.engine.expressions import and_, col, eq, gt, if_else, lit
from tilth.engine.needs import Fold, Need, Relation, Sample, here, matched, rows_here, rows_there, there
from tilth.engine.operations.aggregates import SumOrZero
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.errors import Gap, RequestError
from tilth.testing.needs import check_need

ORDERS = pa.table(
    {
        "state": ["CA", "NY", "NY", "TX", None, "CA"],
        "zip": [1, 2, 2, 3, 1, None],
        "amount": [1.0, 2.0, 4.0, None, 5.0, 6.0],
        "paid": [True, True, False, True, True, None],
    }
)
STATES = pa.table({"id": ["CA", "NY", "NY", "FL", None], "zip": [1, 2, 2, 4, 1], "amount": [1.0, 2.0, 3.0, 4.0, 5.0]})


def dataset(table: pa.Table, **roles: str) -> Dataset:
    return Dataset(Memory(table, tuple(table.column_names)), Roles.of(**roles))


HERE, THERE = dataset(ORDERS), dataset(STATES)
KNOWN = SumOrZero.of(if_else(matched(), rows_here()))


def answer(need: Need, engine: Session | None = None, data: Dataset = HERE):
    return (engine or duckdb_session()).answer(data, [need])[need]


def test_rows_whose_key_the_other_table_has_are_counted_each_time():
    assert answer(Relation(THERE, (("state", "id"),), KNOWN)) == 4


def test_a_null_in_a_key_never_matches():
    assert answer(Relation(THERE, (("state", "id"), ("zip", "zip")), KNOWN)) == 3


def test_without_keys_each_table_is_one_group():
    sizes = Relation(THERE, (), exp.Max(this=rows_there()))
    sums = Relation(THERE, (), exp.Max(this=there(exp.Sum(this=col("amount")))))
    nothing = dataset(ORDERS.slice(0, 0))
    assert answer(sizes) == 5
    assert answer(sums) == 15.0
    assert answer(Relation(nothing, (), exp.Max(this=rows_there()))) == 0
    assert answer(Relation(THERE, (), exp.Max(this=rows_here())), data=nothing) == 0


def test_values_of_both_sides_are_compared():
    both = eq(here(exp.Min(this=col("amount"))), there(exp.Min(this=col("amount"))))
    unique = and_(eq(rows_there(), lit(1)), both)
    assert answer(Relation(THERE, (("state", "id"),), SumOrZero.of(if_else(both, rows_here())))) == 4
    assert answer(Relation(THERE, (("state", "id"),), SumOrZero.of(if_else(unique, rows_here())))) == 2


def test_filters_and_groups_speak_of_this_table():
    found = Relation(THERE, (("state", "id"),), KNOWN)
    assert answer(found.filtered(col("paid"))) == 2
    assert answer(found.grouped(col("paid"))) == {(True,): 2, (False,): 1, (None,): 1}
    assert answer(found.filtered(lit(False))) == 0


def test_relations_over_the_same_keys_share_a_query_with_a_table_that_is_changed():
    engine = duckdb_session()
    other = THERE.change({"id": if_else(eq(col("id"), lit("FL")), lit("TX"), col("id"))})
    known, groups = (Relation(other, (("state", "id"),), fold) for fold in (KNOWN, exp.Count(this=exp.Star())))
    found = engine.answer(HERE, [known, groups, count()])
    assert list(found.values()) == [6, 5, 4]
    assert len(engine.scans) == 2


def test_what_cannot_be_joined_is_refused_all_at_once():
    with pytest.raises(RequestError) as error:
        answer(Relation(THERE, (("state", "zip"), ("zip", "zap")), SumOrZero.of(there(exp.Sum(this=col("none"))))))
    assert [m.code for m in error.value.mistakes] == ["unknown-column", "unknown-column", "wrong-kind"]


def test_a_sample_has_the_same_rows_in_whatever_order_the_table_is():
    table = pa.table({"k": range(1000), "x": [i % 7 / 2 for i in range(1000)]})
    wanted = Sample(("x", "k"), 10)
    first = answer(wanted, data=dataset(table))
    assert first.column_names == ["x", "k"]
    assert first.num_rows == 10
    assert first == answer(wanted, data=dataset(table.take(list(range(999, -1, -1)))))
    assert first != answer(Sample(("x", "k"), 10, seed=1), data=dataset(table))
    assert first.slice(0, 3) == answer(Sample(("x", "k"), 3), data=dataset(table))
    keyed = answer(Sample(("x", "k"), 10, key="hash"), data=dataset(table))
    assert (keyed.drop_columns(["hash"]), keyed["hash"].to_pylist()) == (first, sorted(keyed["hash"].to_pylist()))
    assert answer(Sample(("k",), 5000).filtered(gt(col("k"), lit(990))), data=dataset(table)).num_rows == 9


def test_a_sample_cannot_be_grouped():
    with pytest.raises(Gap):
        Sample(("x",), 1).grouped(col("x"))


@pytest.mark.parametrize("most", [3, 1000])
def test_rows_that_are_not_hashed_are_any_that_the_filter_keeps(most):
    table = pa.table({"x": range(100)})
    found = answer(Sample(("x",), most, hashed=False).filtered(gt(col("x"), lit(89))), data=dataset(table))
    assert found.num_rows == min(most, 10)
    assert set(found["x"].to_pylist()) <= set(range(90, 100))


@dataclass(frozen=True)
class Longest(Fold):
    """The longest strings of a column, at most `most`, and the number of rows."""

    most: int = 2

    def start(self):
        return [0, set()]

    def update(self, state, batch):
        state[0] += batch.num_rows
        state[1] |= set(batch.column(0).drop_null().to_pylist())
        return self.cut(state)

    def merge(self, a, b):
        return self.cut([a[0] + b[0], a[1] | b[1]])

    def cut(self, state):
        return [state[0], set(sorted(state[1], key=lambda s: (-len(str(s)), s))[: self.most])]

    def finish(self, state):
        return state[0], sorted(state[1])


WORDS = pa.table({"s": ["a", "bbb", None, "cc", "bb", "dddd"], "n": [1, 2, 3, 1, 2, 3], "x": [0.5] * 6})


def test_folds_share_a_pass_with_their_own_filters_and_groups():
    engine = duckdb_session()
    fold = Longest(("s",))
    needs = [fold, fold.filtered(gt(col("n"), lit(1))), fold.grouped(col("n")), Longest(("n",), most=1), fold.filtered(lit(False))]
    assert list(engine.answer(dataset(WORDS), needs).values()) == [
        (6, ["bbb", "dddd"]),
        (4, ["bbb", "dddd"]),
        {(1,): (2, ["a", "cc"]), (2,): (2, ["bb", "bbb"]), (3,): (2, ["dddd"])},
        (6, [1]),
        (0, []),
    ]
    assert len(engine.scans) == 1


def test_a_fold_keeps_its_laws():
    check_need(Longest(("s",)), WORDS)
    check_need(Sample(("s", "x"), 3), WORDS)
    check_need(Relation(THERE, (("n", "zip"),), KNOWN), WORDS)


@dataclass(frozen=True)
class Forgetful(Longest):
    """Keeps the last batch only."""

    def merge(self, a, b):
        return b


def test_a_fold_whose_parts_do_not_merge_is_found():
    with pytest.raises(AssertionError, match="merge"):
        check_need(Forgetful(("s",)), WORDS)


@pytest.mark.spark
def test_spark_answers_the_same(spark):
    from pyspark import cloudpickle

    from tilth.engine.spark import Spark

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # an executor cannot import a test
    cluster = Spark(spark).session()
    known = Relation(THERE, (("state", "id"),), KNOWN)
    needs = [
        known,
        known.grouped(col("paid")),
        Relation(THERE, (("state", "id"), ("zip", "zip")), KNOWN),
        Relation(THERE, (), exp.Max(this=there(exp.Sum(this=col("amount"))))),
        Relation(THERE, (("zip", "amount"),), KNOWN),
        Sample(("amount", "state"), 4),
        Sample(("amount", "zip"), 4, seed=3),
        count(),
    ]
    duck = duckdb_session()
    assert cluster.answer(HERE, needs) == duck.answer(HERE, needs)
    check_need(Longest(("s",)), WORDS, [duck, cluster])
    check_need(Longest(("s",)).grouped(col("n")), WORDS, [duck, cluster])
