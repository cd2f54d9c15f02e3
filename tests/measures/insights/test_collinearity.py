"""Variance inflation factors, beside their definition by regression on the other columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tilth.data import Column, Kind
from tilth.measures.insights.collinearity import COLLINEARITY, collinearity_of
from tilth.measures.insights.features import feature_of
from tilth.report import Finding
from tilth.report.blocks import plain

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(300, 4))
X[:, 2] = X[:, 0] + 0.3 * X[:, 2]
X[:, 3] = 1000 * X[:, 3] - 5e6


def features(columns):
    return [feature_of(Column(name, Kind.FLOAT), pa.chunked_array([list(x)])) for name, x in columns.items()]


def by_regression(x, j):
    """1 / (1 − R²) of a column on the others with a constant: what statsmodels' variance_inflation_factor computes."""
    others = np.column_stack((np.delete(x, j, 1), np.ones(len(x))))
    rest = x[:, j] - others @ np.linalg.lstsq(others, x[:, j], rcond=None)[0]
    return ((x[:, j] - x[:, j].mean()) ** 2).sum() / (rest**2).sum()


def test_the_factors_are_those_of_regressions_on_the_other_columns():
    condition, found = collinearity_of(features({name: X[:, j] for j, name in enumerate("abcd")}))
    assert list(found.vif.values()) == pytest.approx([by_regression(X, j) for j in range(4)], rel=1e-4)
    assert condition == pytest.approx(np.linalg.cond(np.corrcoef(X.T)) ** 0.5, rel=1e-5)
    assert (found.dependent, found.rows) == ((), 300)
    assert [name for name, _ in found.redundant] == ["a"] if found.vif["a"] > found.vif["c"] else ["c"]


def test_what_the_others_give_exactly_is_named():
    columns = {"a": X[:, 0], "b": X[:, 1], "sum": X[:, 0] + X[:, 1], "c": X[:, 3], "copy": 2 * X[:, 3] + 1, "free": RANDOM.normal(size=300)}
    condition, found = collinearity_of(features(columns))
    assert condition is None
    assert found.dependent == (("a", "b", "sum"), ("c", "copy"))
    assert {name for name, v in found.vif.items() if v is None} == {"a", "b", "sum", "c", "copy"}
    assert found.vif["free"] == pytest.approx(1, abs=0.1)
    assert found.redundant == (("sum", None), ("copy", None))
    section = COLLINEARITY.section([Finding("collinearity", (), condition, payload=found)])
    assert "5 columns of 6 have a VIF above 10" in plain(section.lead)
    assert plain(section.blocks[1].words) == "Each of these is given exactly by the others: a, b, sum."


def test_rows_without_one_of_the_numbers_are_left_out_unless_they_are_most():
    gaps = [None if i % 3 == 0 else x for i, x in enumerate(X[:, 0].tolist())]
    _, some = collinearity_of(features({"a": gaps, "b": X[:, 1], "c": X[:, 2]}))
    there = np.arange(300) % 3 != 0
    assert some.rows == 200
    assert list(some.vif.values()) == pytest.approx([by_regression(X[there][:, :3], j) for j in range(3)], rel=1e-4)
    many = [x if i % 3 == 0 else None for i, x in enumerate(X[:, 0].tolist())]
    assert collinearity_of(features({"a": many, "b": X[:, 1]}))[1].rows == 300


def test_fewer_than_two_numbers_that_vary_have_none():
    assert collinearity_of([]) is None
    assert collinearity_of(features({"a": X[:, 0], "one": [1.0] * 300})) is None
