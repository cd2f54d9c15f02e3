"""The step `reduce`: what scikit-learn and pandas give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import VarianceThreshold

from tests.engines import duckdb_session
from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.fitting import fit
from tilth.steps.scale.reduce import Reduce
from tilth.testing.steps import check_step, sample_table

WINE = load_wine(as_frame=True).data.rename(columns=lambda c: c.replace("/", "_"))
CANCER = load_breast_cancer(as_frame=True).data
TABLE = pa.Table.from_pandas(WINE)


def columns_of(frame: dict[str, list[float]]) -> np.ndarray:
    return np.array(list(frame.values())).T


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 0.999999])
@pytest.mark.parametrize("frame", [WINE, CANCER], ids=["wine", "cancer"])
def test_components_are_those_of_pca(frame, n):
    theirs = PCA(n_components=n, svd_solver="full").fit(frame)
    found = fitted(Reduce("all", n_components=n), pa.Table.from_pandas(frame)).learned[""]
    assert np.allclose(found["explained"], theirs.explained_variance_ratio_, rtol=1e-9)
    ours = made(Reduce("all", n_components=n), pa.Table.from_pandas(frame))
    assert list(ours) == [f"pca{i + 1}" for i in range(theirs.n_components_)]
    assert np.allclose(columns_of(ours), theirs.transform(frame), rtol=1e-7, atol=1e-7)


def test_components_are_those_of_truncated_svd():
    theirs = TruncatedSVD(4, algorithm="arpack").fit(WINE)
    ours = made(Reduce("all", with_="svd", n_components=4, prefix="axis"), TABLE)
    assert list(ours) == ["axis1", "axis2", "axis3", "axis4"]
    assert np.allclose(columns_of(ours), theirs.transform(WINE), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 10.0])
def test_columns_are_those_above_a_variance(threshold):
    table = TABLE.append_column("same", pa.array([0.1] * len(WINE))).append_column("nothing", pa.nulls(len(WINE), pa.float64()))
    kept = VarianceThreshold(threshold).fit(WINE).get_feature_names_out()
    assert list(made(Reduce("all", with_="variance", threshold=threshold), table)) == kept.tolist()


def test_of_correlated_columns_the_first_stays():
    table = WINE.assign(same=0.1, minus=-WINE["alcohol"])
    table.loc[::7, ["ash", "flavanoids", "proline"]] = np.nan
    table["hue"] = table["hue"].where(np.arange(len(table)) % 3 > 0)
    correlations = table.corr().abs()
    kept: list[str] = []
    for column in table:
        kept += [] if (correlations.loc[column, kept] > 0.6).any() else [column]
    assert list(made(Reduce("all", with_="correlation", threshold=0.6), pa.Table.from_pandas(table, preserve_index=False))) == kept
    assert "minus" not in kept
    assert "same" in kept


def test_more_components_than_independent_columns_are_not_made():
    table = {"x": [1.0, 2.0, 4.0], "double": [2.0, 4.0, 8.0], "same": [3.0] * 3}
    assert list(made(Reduce("all", n_components=3, keep=True), table)) == ["x", "double", "same", "pca1"]


@pytest.mark.slow
def test_the_battery_without_missing_values():
    table = sample_table()
    filled = {c: table[c].combine_chunks().fill_null(0) for c in ("whole", "price")}
    check_step(Reduce(("whole", "price", "id"), n_components=2), pa.table({c: filled.get(c, table[c]) for c in table.column_names}))


def test_components_of_a_private_column_are_private():
    _, data = fit([Reduce(("x", "y"), n_components=1)], dataset({"x": [1, 2, 4], "y": [2, 1, 3]}, Roles.of(private="x")), duckdb_session())
    assert "pca1" in data.roles.private


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"x": [1.0, None], "y": [1.0, 2.0]}, "x have values that are missing or infinite"),
        ({"x": [1.0, 1.0], "y": [2.0, 2.0]}, "x, y do not differ"),
        ({"x": [1e300, 0.0], "y": [1.0, 2.0]}, "x have values that are too large to be squared"),
        ({"x": [1.0, 2.0], "y": ["a", "b"]}, "'y' .* is not numeric"),
        ({"x": [1.0, 2.0], "pca1": [1.0, 2.0], "z": [1, 2]}, "there is a column 'pca1' already"),
    ],
)
def test_what_cannot_be_learned_from_is_rejected(table, message):
    with pytest.raises(RequestError, match=message):
        made(Reduce(("x", next(c for c in table if c not in ("x", "pca1"))), n_components=1), table)


WRONG = [
    {"n_components": 0},
    {"n_components": 1.5},
    {"threshold": 0.5},
    {"with_": "variance", "n_components": 2},
    {"with_": "correlation", "threshold": 2.0},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_bad_parameters_are_rejected(wrong):
    with pytest.raises(RequestError, match=r"n_components|threshold"):
        Reduce("numeric", **wrong)
