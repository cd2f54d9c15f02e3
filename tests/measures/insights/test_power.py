"""Prediction power, beside scikit-learn where it defines the same."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.data import Column, Kind, Roles
from tilth.measures.insights.features import feature_of, target_of
from tilth.measures.insights.power import POWER, as_power, out_of_fold, power_of, score_of
from tilth.report import Finding
from tilth.report.blocks import Picture, plain


def target(values, kind=Kind.STRING):
    return target_of(Column("y", kind), pa.table({"y": values}), Roles(label="y"))


def test_of_several_classes_it_is_the_mean_against_the_rest_and_of_numbers_r2():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    classes = target(random.choice(["a", "b", "c"], 200).tolist())
    scores = random.random((200, 3))
    scores /= scores.sum(1, keepdims=True)
    theirs = metrics.roc_auc_score(classes.y, scores, multi_class="ovr", average="macro")
    assert score_of(scores, classes) == pytest.approx(theirs, abs=1e-12)
    numbers = target(random.normal(5, 2, 200).tolist(), Kind.FLOAT)
    predicted = random.normal(5, 2, 200)
    assert score_of((predicted - numbers.y.mean())[:, None], numbers) == pytest.approx(metrics.r2_score(numbers.y, predicted), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=10, max_size=40), st.data())
def test_no_row_learns_from_its_own_label(found, data):
    groups, y = np.array([g for g, _ in found]), np.array([float(v) for _, v in found])[:, None]
    fold = np.arange(len(found)) % 5
    i = data.draw(st.integers(0, len(found) - 1))
    before = out_of_fold(groups, y, fold)[i]
    y[i] = 1 - y[i]
    assert out_of_fold(groups, y, fold)[i] == pytest.approx(before, abs=1e-12)


RANDOM = np.random.default_rng(5)
N = 2000
X = RANDOM.normal(size=N)
YES = np.where(X + RANDOM.normal(size=N) > 0, "yes", "no").tolist()


@pytest.mark.parametrize(
    ("values", "kind", "low", "high"),
    [
        (X.tolist(), Kind.FLOAT, 0.60, 0.70),  # of X itself: 2·AUC − 1 is 0.66 here
        ((-np.abs(X)).tolist(), Kind.FLOAT, 0.0, 0.1),
        (RANDOM.normal(size=N).tolist(), Kind.FLOAT, 0.0, 0.05),
        ([f"id{i}" for i in range(N)], Kind.STRING, 0.0, 0.0),
        (["x"] * N, Kind.STRING, 0.0, 0.05),
        (YES, Kind.STRING, 1.0, 1.0),
    ],
)
def test_how_powerful_a_column_is(values, kind, low, high):
    t = target(YES)
    found = power_of(feature_of(Column("x", kind), pa.chunked_array([values])), t)
    assert low <= max(0, 2 * found.scored - 1) <= high
    assert (found.maps == "one to one") == (values is YES)


def number(x):
    return feature_of(Column("x", Kind.FLOAT), pa.chunked_array([list(x)]))


def test_of_a_u_shaped_number_the_power_is_as_large():
    shape = target(np.where(np.abs(X) > 0.7, "far", "near").tolist())
    assert power_of(number(X), shape).scored > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "most"), [(200, 0.11), (1000, 0.09), (10_000, 0.03)])
def test_what_chance_gives_is_as_the_page_says(rows, most):
    random = np.random.default_rng(0)
    powers = []
    for _ in range(200):
        noise, y = number(random.normal(size=rows)), target(random.integers(0, 2, rows).tolist(), Kind.INTEGER)
        powers.append(as_power(power_of(noise, y).scored, y))
    assert 0.4 < np.mean(np.array(powers) == 0) < 0.65
    assert most - 0.02 < np.quantile(powers, 0.95) < most


def test_it_is_about_that_of_a_small_tree():
    """The specification of §4.4 allows either: a tree of depth 3 out of fold finds nearly the same."""
    pytest.importorskip("sklearn")
    from sklearn.model_selection import cross_val_score
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    theirs = cross_val_score(tree, X[:, None], YES, cv=5, scoring="roc_auc").mean()
    assert power_of(number(X), target(YES)).scored == pytest.approx(theirs, abs=0.03)


def test_that_a_value_is_missing_has_a_power_of_its_own():
    values = [None if y == "yes" else 1.0 for y in YES]
    assert power_of(number(values), target(YES)).missing_power == 1


def test_the_section_is_a_chart_and_a_table():
    t = target(YES)
    found = [
        Finding(name, (name, "y"), value, part=part, payload=power_of(number(X), t))
        for part in ("raw", "train")
        for name, value in (("x", 0.7), ("z", 0.01))
    ]
    section = POWER.section(found)
    assert [type(b) for b in section.blocks][1] is Picture
    assert section.blocks[2].heads[:3] == ("column", "power in raw", "power in train")
    assert "x alone says most about y: its power is 0.7" in plain(section.lead)
