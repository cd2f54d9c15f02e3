"""Rows made between neighbours: the laws exactly, and in distribution what imbalanced-learn makes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

from tests.engines import duckdb_session
from tests.steps.made import dataset
from tilth.data import Append, Roles
from tilth.engine.session import everything
from tilth.errors import ColumnError, RequestError
from tilth.steps.fitting import fit
from tilth.steps.rows.balance import Balance
from tilth.testing.steps import check_step

ROLES = Roles.of(label="y", id="id")
N, FEW = 600, 60


def sample(seed: int = 5) -> pa.Table:
    rng = np.random.default_rng(seed)
    few = np.arange(N) < FEW
    return pa.table(
        {
            "id": np.arange(N),
            "a": rng.normal(size=N) + 3 * few,
            "b": rng.gamma(2.0, size=N),
            "n": rng.integers(0, 50, size=N),
            "word": np.where(rng.random(N) < 0.3 + 0.4 * few, "x", "z"),
            "y": np.where(few, "yes", "no"),
        }
    )


def balanced(step: Balance, table: pa.Table, engine=None, roles: Roles = ROLES):
    engine = engine or duckdb_session()
    _, data = fit([step], dataset(table, roles), engine)
    return engine.rows(data, everything())


def test_the_rows_of_before_stay_and_the_others_are_between_two_of_their_class():
    table = sample()
    rows = balanced(Balance("smote"), table)
    originals = set(zip(*table.to_pydict().values(), strict=True))
    made = [row for row in rows if row not in originals]
    assert len(rows) == 2 * (N - FEW)
    assert originals <= set(rows)
    assert {row[-1] for row in made} == {"yes"}
    assert {row[0] for row in made} == {None}
    few = np.array([row[1:4] for row in originals if row[-1] == "yes"], dtype=float)
    for row in made[:100]:
        assert on_a_segment(np.array(row[1:4], dtype=float), few), row
    assert {row[4] for row in made} <= {"x", "z"}


def on_a_segment(point: np.ndarray, few: np.ndarray) -> bool:
    """Whether a point is between two others in its doubles, and its integer is the nearest to the point there."""
    start, way = few[:, None, :], few[None, :, :] - few[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (point[0] - start[..., 0]) / way[..., 0]
        near = np.abs(start + share[..., None] * way - point)
    inside = (share >= 0) & (share < 1) & (near[..., 1] < 1e-9) & (near[..., 2] <= 0.5 + 1e-9)
    return bool(inside.any())


def test_a_ratio_is_reached_and_another_seed_makes_other_rows():
    table = sample()
    first, again, other = (balanced(Balance("smote", ratio=0.5, seed=s), table) for s in (1, 1, 2))
    assert len(first) == N - FEW + (N - FEW) // 2
    assert sorted(map(repr, first)) == sorted(map(repr, again)) != sorted(map(repr, other))


def test_the_same_distribution_as_imbalanced_learn():
    from imblearn.over_sampling import SMOTE

    table = sample().drop_columns(["id", "word"])
    x = np.stack([table[c].to_numpy().astype(float) for c in ("a", "b", "n")], axis=1)
    theirs, _ = SMOTE(random_state=0).fit_resample(x, table["y"].to_pylist())
    ours = [row[:3] for row in balanced(Balance("smote"), table, roles=Roles.of(label="y"))]
    few = set(map(tuple, x))
    made = [np.array([r for r in map(tuple, rows) if tuple(map(float, r)) not in few], dtype=float) for rows in (ours, theirs)]
    assert len(made[1]) == N - 2 * FEW
    for i in range(2):
        assert ks_2samp(made[0][:, i], made[1][:, i]).pvalue > 0.001
    assert np.allclose(np.corrcoef(made[0].T), np.corrcoef(made[1].T), atol=0.15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["a", "b", "n"]), "needs a numeric column"),
        (lambda t: t.slice(FEW - 1), "one row"),
        (lambda t: t.set_column(1, "a", pa.array([None, *range(N - 1)], pa.float64())), "impute it first"),
    ],
)
def test_classes_that_cannot_be_grown_are_rejected(change, message):
    with pytest.raises(RequestError, match=message):
        balanced(Balance("smote"), change(sample()))
    with pytest.raises(RequestError, match="neighbours"):
        Balance("smote", neighbours=0)


def test_no_row_is_shown():
    (found,), _ = fit([Balance("smote")], dataset(sample(), ROLES), duckdb_session())
    assert found.step.shown(found.learned) == {"": {"label": "y", "made": {"yes": N - 2 * FEW}}}


def test_the_battery():
    check_step(Balance("smote", neighbours=3), sample().slice(FEW - 8, 30), ROLES)


def test_appended_rows_are_matched_by_name_and_lacking_columns_are_null():
    engine = duckdb_session()
    more = dataset(pa.table({"b": ["q"]}))
    data = dataset(pa.table({"a": [1, 2], "b": ["x", "y"]})).append(more)
    assert isinstance(data.layers[-1], Append)
    assert engine.rows(data, everything()) == [(1, "x"), (2, "y"), (None, "q")]
    with pytest.raises(ColumnError):
        more.append(data)


@pytest.mark.spark
def test_spark_makes_the_same_rows(spark):
    from tilth.engine.spark import Spark

    table = sample()
    ours, theirs = (balanced(Balance("smote"), table, engine) for engine in (duckdb_session(), Spark(spark).session()))
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))
