"""Rows that are left out for their neighbours: exactly those that imbalanced-learn leaves out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from imblearn.under_sampling import EditedNearestNeighbours, NearMiss, TomekLinks

from tests.steps.made import fitted, made
from tilth.data import Roles
from tilth.steps.balance.balance import Balance
from tilth.testing.steps import check_step

ROLES = Roles.of(label="y", id="id")
RNG = np.random.default_rng(3)
CLASSES = np.repeat(["a", "b", "c"], [40, 110, 250])
X = RNG.normal(size=(400, 3)) + 1.2 * np.repeat([0, 1, 2], [40, 110, 250])[:, None]
TABLE = pa.table({"id": range(400), **{f"x{i}": X[:, i] for i in range(3)}, "y": CLASSES})
THEIRS = {
    Balance("tomek"): TomekLinks(),
    Balance("tomek", classes="all"): TomekLinks(sampling_strategy="all"),
    Balance("tomek", classes="majority"): TomekLinks(sampling_strategy="majority"),
    Balance("enn"): EditedNearestNeighbours(),
    Balance("enn", kind="mode", neighbours=5): EditedNearestNeighbours(kind_sel="mode", n_neighbors=5),
    Balance("enn", classes="all"): EditedNearestNeighbours(sampling_strategy="all"),
    Balance("nearmiss_1"): NearMiss(version=1),
    Balance("nearmiss_1", neighbours=7, per_class={"c": 60}): NearMiss(version=1, n_neighbors=7, sampling_strategy={"c": 60}),
    Balance("nearmiss_2"): NearMiss(version=2),
    Balance("nearmiss_3", m_neighbours=2): NearMiss(version=3, n_neighbors_ver3=2),
    Balance("nearmiss_3"): NearMiss(version=3),
}


@pytest.mark.parametrize("step", THEIRS, ids=str)
@pytest.mark.filterwarnings("ignore:The number of the samples to be selected:UserWarning")
def test_the_rows_are_those_of_imbalanced_learn(step):
    sampler = THEIRS[step]
    sampler.fit_resample(X, np.unique(CLASSES, return_inverse=True)[1] if step.kind == "mode" else CLASSES)
    kept = sorted(sampler.sample_indices_.tolist())
    assert sorted(made(step, TABLE, ROLES)["id"]) == kept
    state = fitted(step, TABLE, ROLES).learned[""]
    assert state["after"] == Counter(CLASSES[kept].tolist())


def test_equal_rows_are_kept_or_left_out_together():
    table = {"x": [0.0, 0.0, 0.1, 5, 6, 7, 8], "y": ["l", "l", "s", "l", "l", "l", "l"]}
    assert Counter(made(Balance("tomek"), table, Roles.of(label="y"))["y"]) == {"l": 6, "s": 1}  # each 0 is the nearest of the other
    assert Counter(made(Balance("enn"), table, Roles.of(label="y"))["y"]) == {"l": 4, "s": 1}


@pytest.mark.slow
@pytest.mark.parametrize("step", [Balance("tomek"), Balance("nearmiss_2", origin=True)], ids=str)
def test_the_battery(step):
    check_step(step, TABLE.slice(20, 60), ROLES)


def test_two_steps_make_rows_and_clean_them():
    more = made(Balance("smote", ratio=0.5), TABLE, ROLES)
    assert Counter(more["y"]) == {"a": 125, "b": 125, "c": 250}
    cleaned = made(Balance("enn", classes="all"), more, ROLES)
    assert set(zip(*cleaned.values(), strict=True)) < set(zip(*more.values(), strict=True))
    _, y = EditedNearestNeighbours(sampling_strategy="all").fit_resample(np.stack([more[f"x{i}"] for i in range(3)], axis=1), more["y"])
    assert Counter(cleaned["y"]) == Counter(y)
