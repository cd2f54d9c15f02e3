"""The rows that are looked at, and columns as numbers."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.data import Column, Kind, Roles
from tilth.measures.insights.features import FOLDS, OTHERS, feature_of, features_of, looked_at, target_of
from tilth.measures.sampled import Rows

rows = st.lists(st.tuples(st.none() | st.integers(0, 3), st.none() | st.sampled_from(["", "a", "b"])), min_size=1, max_size=30)


@given(rows, st.randoms(use_true_random=False), st.integers(1, 40))
def test_the_same_rows_are_looked_at_in_whatever_order_they_are_found(found, random, most):
    def looked(some):
        columns = {"n": pa.array([n for n, _ in some], pa.int64()), "s": pa.array([s for _, s in some], pa.string())}
        return looked_at(Rows(pa.table(columns), len(some)), most, seed=1).to_pylist()

    first = looked(found)
    shuffled = found.copy()
    random.shuffle(shuffled)
    assert looked(shuffled) == first
    assert len(first) == min(most, len(found))


def test_columns_are_numbers_and_codes():
    table = pa.table(
        {
            "s": ["b", " ", None, "a", "b"],
            "f": [1.5, math.inf, None, 2.0, 3.0],
            "b": [True, False, None, True, True],
            "d": pa.array([0, 1, None, 3, 4], pa.date32()),
            "y": [0, 1, 0, 1, 0],
        }
    )
    kinds = {"s": Kind.STRING, "f": Kind.FLOAT, "b": Kind.BOOLEAN, "d": Kind.DATE, "y": Kind.INTEGER}
    found = {f.name: f for f in features_of([Column(n, k) for n, k in kinds.items()], table, Roles(label="y"))}
    assert list(found) == ["s", "f", "b", "d"]
    assert found["s"].names == ("a", "b")
    numbers = {name: [None if math.isnan(x) else x for x in f.x] for name, f in found.items()}
    assert numbers["s"] == [1, None, None, 0, 1]
    assert numbers["f"] == [1.5, None, None, 2, 3]
    assert numbers["b"] == [1, 0, None, 1, 1]
    assert numbers["d"] == [0, 1, None, 3, 4]
    assert [found[n].distinct for n in found] == [2, 3, 2, 4]


@pytest.mark.parametrize(
    ("values", "kind", "problem", "names"),
    [
        ([1, 2, 3] * 10, Kind.INTEGER, "classification", ("1", "2", "3")),
        (list(range(30)), Kind.INTEGER, "regression", ()),
        ([0.0, 1.0] * 15, Kind.FLOAT, "classification", ("0", "1")),
        ([0.5, 1.0, 2.0] * 10, Kind.FLOAT, "regression", ()),
        (["no", "yes", None] * 10, Kind.STRING, "classification", ("no", "yes")),
        ([True, False] * 15, Kind.BOOLEAN, "classification", ("false", "true")),
    ],
)
def test_what_is_to_be_predicted_follows_from_the_label(values, kind, problem, names):
    target = target_of(Column("y", kind), pa.table({"y": values}), Roles(label="y"))
    assert (target.problem, target.names, target.can_be_learned) == (problem, names, True)
    assert target.known.sum() == len(target.y) == sum(v is not None for v in values)


def test_the_positive_class_is_the_favourable_one_or_the_rarest():
    table = pa.table({"y": ["a"] * 3 + ["b"] * 9 + ["c"] * 5})
    for roles, positive in ((Roles(label="y"), "a"), (Roles(label="y", positive=("C",)), "c")):
        target = target_of(Column("y", Kind.STRING), table, roles)
        assert target.names[target.positive] == positive


def test_rare_classes_of_many_are_one():
    table = pa.table({"y": [f"c{i:02}" for i in range(40) for _ in range(40 - i)]})
    target = target_of(Column("y", Kind.STRING), table, Roles(label="y"))
    assert target.names == (*(f"c{i:02}" for i in range(19)), OTHERS)
    assert target.counts.sum() == len(table)


def test_each_fold_has_its_share_of_each_class():
    target = target_of(Column("y", Kind.STRING), pa.table({"y": ["a"] * 15 + ["b"] * 40}), Roles(label="y"))
    for k in range(2):
        assert np.bincount(target.fold[target.y == k]).tolist() == [int(target.counts[k]) // FOLDS] * FOLDS


def test_the_latest_rows_or_whole_groups_are_held_back_where_the_roles_say_so():
    n = 200
    columns = [Column("y", Kind.STRING), Column("day", Kind.DATE), Column("who", Kind.STRING), Column("late", Kind.DATE)]
    table = pa.table(
        {
            "y": ["a", "b"] * (n // 2),
            "day": pa.array([(7 * i) % n for i in range(n)], pa.date32()),
            "who": [f"p{i // 8}" for i in range(n)],
            "late": pa.array([i % 2 for i in range(n)], pa.date32()),
        }
    )

    def held(**roles):
        return target_of(columns[0], table, Roles(label="y", **roles), columns=columns).held

    mask, way = held(time="day")
    days = np.array(table["day"].cast(pa.int32()))
    assert (way, days[mask].min() > days[~mask].max(), mask.sum()) == ("time", True, 40)
    mask, way = held(group=("who",))
    who = np.array(table["who"].to_pylist())
    assert (way, set(who[mask]) & set(who[~mask]), mask.sum()) == ("group", set(), 40)
    assert held()[1] == held(time="late")[1] == "chance"  # every late row has the same label


def test_too_few_rows_cannot_be_learned_from():
    for values in (["a", "b"] * 9, ["a"] * 40, ["a"] * 40 + ["b"] * 4, [1.0] * 30):
        column = Column("y", Kind.STRING if isinstance(values[0], str) else Kind.FLOAT)
        assert not target_of(column, pa.table({"y": values}), Roles(label="y")).can_be_learned
    assert feature_of(Column("t", Kind.TIME), pa.chunked_array([pa.array([1, None], pa.time64("us"))])).x[0] == 1
