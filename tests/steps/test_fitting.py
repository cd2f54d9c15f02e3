"""Fitting: what later steps learn of filled columns, in one scan, is what they would learn by a scan of their own."""

import math
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.engines import duckdb_session
from tests.steps.made import applied, columns_of, dataset
from tilth.data import Column, Kind
from tilth.engine.expressions import col, eq, if_else, lit
from tilth.errors import ColumnError, Gap
from tilth.flow import Flow
from tilth.metrics.columns import Maximum, Mean, Minimum, Percentile, StandardDeviation
from tilth.metrics.keys import TopValues
from tilth.steps.clean.cast import Cast
from tilth.steps.clean.formula import Formula
from tilth.steps.clean.impute import Impute
from tilth.steps.encode.encode import Encode
from tilth.steps.fitting import after_filling, fit, foreseen
from tilth.steps.scale.scale import Scale
from tilth.steps.step import ColumnStep

STEPS = [Impute("x", with_="median"), Impute("t", with_="mode"), Scale("x"), Encode("t", order="value")]

numbers = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=4, max_size=30).filter(lambda xs: any(x is not None for x in xs))


def one_after_the_other(steps, data, engine):
    """What the steps learn when each has a scan of its own."""
    found = []
    for step in steps:
        (done,), data = fit([step], data, engine)
        found.append(done)
    return found


@pytest.mark.slow
@given(numbers, st.sampled_from(["standard", "minmax", "maxabs"]), st.sampled_from(["mean", "median", "mode"]))
def test_scale_learns_the_same_without_a_scan(xs, how, fill):
    steps, engine = [Impute("x", with_=fill), Scale("x", with_=how)], duckdb_session()
    together, _ = fit(steps, dataset({"x": xs}), engine)
    apart = one_after_the_other(steps, dataset({"x": xs}), engine)
    for name, value in apart[1].learned["x"].items():
        assert math.isclose(together[1].learned["x"][name], value, rel_tol=1e-9, abs_tol=1e-6)


def test_a_column_of_one_value_stays_one():
    steps = [Impute("x", with_="median"), Scale("x")]
    together, _ = fit(steps, dataset({"x": [0.1] * 3 + [None] * 7}), duckdb_session())
    assert together[1].learned["x"] == {"centre": pytest.approx(0.1), "width": 1.0}


@pytest.mark.slow
@given(st.lists(st.sampled_from([None, "", " ", "a", "b", "c"]), min_size=3).filter(lambda ts: any((t or "").strip() for t in ts)))
def test_encode_learns_the_same_without_a_scan(ts):
    steps, engine = [Impute("t", with_="mode"), Encode("t")], duckdb_session()
    together, _ = fit(steps, dataset({"t": ts}), engine)
    assert together[1].learned == one_after_the_other(steps, dataset({"t": ts}), engine)[1].learned


def test_impute_scale_and_encode_are_one_scan_and_one_for_each_vocabulary():
    engine = duckdb_session()
    fit(STEPS, dataset({"x": [1.0, None, 3.0], "t": ["a", None, "b"]}), engine)
    assert [p.title.split(" where")[0] for p in engine.scans] == ["row aggregates", "groups of t"]


def test_quantiles_are_asked_again():
    column = Column("x", Kind.FLOAT)
    assert foreseen([Percentile("x"), Mean("x"), Mean("x", finite=True), Minimum("y", finite=True)], column) == [Mean("x", finite=True)]


@pytest.mark.parametrize(
    ("metric", "numbers", "expected"),
    [
        (Mean("x"), (4.0, 2), 8 / 3),  # by hand: 1, 3 and one more of 4
        (Minimum("x"), (1.0,), 1.0),
        (Maximum("x"), (3.0,), 4.0),
        (StandardDeviation("x"), (2, 4.0, 2.0), math.sqrt(14 / 9)),  # of 1, 3, 4: mean 8/3, squares 25/9 + 1/9 + 16/9 = 42/9
    ],
)
def test_one_cell_filled_with_four(metric, numbers, expected):
    assert after_filling(metric, numbers, 1, 4.0) == pytest.approx(expected)


def test_the_fill_may_hide_among_rare_values():
    with pytest.raises(Gap):
        after_filling(TopValues("t", 2), ([(-9, "a"), (-8, "b")],), 1, "c")


@pytest.mark.slow
def test_steps_on_columns_of_their_own_take_one_scan_for_each_level():
    steps = [step for i in range(5) for step in (Scale(f"n{i}"), Impute(f"n{i}", with_="mean", indicator=True))]
    data, engine = dataset({f"n{i}": [1.0 * i, None, 3.0, 8.0] for i in range(5)}), duckdb_session()
    together, made = fit(steps, data, engine)
    assert len(engine.scans) == 2
    assert [(f.step, f.learned) for f in together] == [(f.step, f.learned) for f in one_after_the_other(steps, data, engine)]
    assert made.names == reduce(lambda table, step: fit([step], table, engine)[1], steps, data).names


@pytest.mark.parametrize(
    "steps",
    [
        [Impute("a", indicator=True), Scale("numeric"), Scale("b"), Impute("b", with_="mean")],
        [Impute("i", with_="mode"), Cast("i", to="string"), Encode("categorical")],
        [Cast("i", to="string"), Encode("categorical")],
        [Formula("t", "concat(s, s)"), Encode("categorical")],
    ],
)
def test_a_step_that_names_columns_by_kind_neither_passes_nor_is_passed(steps):
    data, engine = dataset({"a": [1.0, None, 3.0], "b": [1.0, 5.0, 3.0], "i": [1, None, 2], "s": ["x", "y", "x"]}), duckdb_session()
    together, _ = fit(steps, data, engine)
    assert [f.learned for f in together] == [f.learned for f in one_after_the_other(steps, data, engine)]


@dataclass(frozen=True)
class Marked(ColumnStep):
    """1 in rows for training, else 0."""

    name = "marked"
    parts = frozenset({"features"})

    def change(self, column, **learned):
        return {column.name: lit(0)}

    def made_for_training(self, data, schema, learned, training):
        return data.change({c: if_else(training, lit(1), lit(0)) for c in learned})


def test_what_is_made_for_training_is_what_later_steps_and_the_model_learn_from():
    table = {"a": [5, 6], "part": ["train", "test"]}
    (marked, scaled), data = fit([Marked("a"), Scale("a", with_="maxabs")], dataset(table), duckdb_session())
    assert columns_of(data, duckdb_session())["a"] == [1, 1]
    assert scaled.learned == {"a": {"centre": 0.0, "width": 1.0}}
    assert applied(marked, table)["a"] == [0, 0]
    assert columns_of(marked.apply(dataset(table), eq(col("part"), lit("train"))), duckdb_session())["a"] == [1, 0]


def test_a_column_that_is_not_there_is_reported_with_the_step_and_its_line():
    flow = Flow.parse("features:\n  - scale: number\n  - impute: age\n")
    with pytest.raises(ColumnError, match=r"<flow>:3:5: impute: no column, kind or role is called 'age'"):
        tilth.fit(flow, pa.table({"number": [1.0, 2.0]}))


def test_a_table_with_none_of_the_columns_of_a_flow_is_refused():
    flow = tilth.fit(Flow.parse("rows:\n  - aggregate: {by: word, count: n}\n"), pa.table({"word": ["a"]}))
    with pytest.raises(ColumnError, match="none of the columns that the fitted flow knows"):
        tilth.apply(flow, pa.table({"number": [1.0]}))
