"""Rows as points: features, distances of categories, and what has no distances."""

import numpy as np
import pyarrow as pa
import pytest

from tests.steps.made import made
from tilth.data import Column, Kind, Roles, Schema
from tilth.errors import RequestError
from tilth.metrics.neighbours import nearest
from tilth.steps.balance.balance import Balance
from tilth.steps.balance.rows import HASH, Rows, sampled


def test_categories_are_as_far_apart_as_the_median_of_the_spreads():
    """The toy of the definition: (0, 0) and (1, 0) are `a`, (0, 1) is `b`; all standard deviations are √2/3."""
    numbers = {"x": [0.0, 1, 0, *range(90, 99)], "z": [0.0, 0, 1, *range(9)]}
    table = pa.table({**numbers, "c": ["a", "a", "b", *"q" * 9], "y": ["s"] * 3 + ["l"] * 9})
    points = rows_of(table).points(np.arange(3))
    assert points.apart[0](np.array([0]), np.array([1]))[0] == pytest.approx(2 / 9)
    near, squares = nearest(points, np.arange(3), np.arange(3), 2)
    assert near.tolist() == [[1, 2], [0, 2], [0, 1]]
    assert squares.tolist() == [pytest.approx(x) for x in ([1, 11 / 9], [1, 20 / 9], [11 / 9, 20 / 9])]


def rows_of(table: pa.Table) -> Rows:
    """A table's rows as the step sees them, in the order of the table."""
    label = Column("y", Kind.STRING)
    schema = Schema((Column("x", Kind.FLOAT), Column("z", Kind.FLOAT), Column("c", Kind.STRING), label))
    asking = sampled(label, schema, Roles.of(label="y"), {"l": 9, "s": 3}, hashed=True)
    (need,) = next(asking)
    with pytest.raises(StopIteration) as done:
        asking.send({need: table.append_column(HASH, pa.array(map(str, range(len(table)))))})
    return done.value.value


@pytest.mark.parametrize("way", ["tomek", "enn", "nearmiss_1"])
def test_missing_numbers_are_rejected_all_at_once(way):
    table = {"p": [1.0, None, 2.0], "q": [float("inf"), 1.0, 1.0], "r": [None, None, None], "y": ["a", "b", "b"]}
    with pytest.raises(RequestError) as found:
        made(Balance(way), pa.table({**table, "r": pa.array([None] * 3, pa.float64())}), Roles.of(label="y"))
    assert [m.message.split(" is ")[0] for m in found.value.mistakes] == [f"balance: column '{c}'" for c in "pqr"]


def test_too_many_rows_are_rejected(monkeypatch):
    monkeypatch.setattr("tilth.steps.balance.rows.MOST_CELLS", 1_000)
    table = {"x": list(range(400)), "z": [0.5] * 400, "y": ["a", "b"] * 200}
    with pytest.raises(RequestError, match="among 400 rows of 3 columns"):
        made(Balance("tomek"), table, Roles.of(label="y"))


def test_too_many_categories_to_compare_in_pairs_are_rejected(monkeypatch):
    monkeypatch.setattr("tilth.steps.balance.rows.MOST_CATEGORIES", 3)
    with pytest.raises(RequestError, match="'c' has 4 categories"):
        made(Balance("smote"), {"c": ["p", "q", "r", "s", "s"], "y": ["a", "a", "b", "b", "b"]}, Roles.of(label="y"))


@pytest.mark.parametrize("classes", [[True, False], [0.5, 2.0], [7, 8], ["7", "x"]])
def test_classes_of_every_kind(classes):
    few, many = classes
    found = made(Balance("smote"), {"x": list(range(9)), "y": [few] * 3 + [many] * 6}, Roles.of(label="y"))
    assert found["y"].count(few) == found["y"].count(many) == 6
