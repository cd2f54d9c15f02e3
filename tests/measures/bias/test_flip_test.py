"""The flip test: votes of the nearest rows of the other side."""

import numpy as np
import pyarrow as pa
import pytest

from tests.measures.bias.tables import by_name, found, values
from tilth.measures.bias import Facet

ASKED = {"facets": [Facet("f", ("d",))], "positive": 1, "prediction": "p", "metrics": ("FT",)}
THREE = pa.table({"f": ["a", "a", "d", "d", "d"], "x": [0.0, 10, 1, 2, 9], "p": [1, 0, 0, 0, 0]})


def test_a_vote_of_the_nearest_row():
    """Votes of d's rows: accepted, accepted, rejected; two would be better off."""
    got = by_name(found(THREE, features=("x",), **ASKED), "d")["FT"]
    assert got.value == pytest.approx(-2 / 3)
    more = got.payload.more
    assert (more["flips_to_accepted"], more["flips_to_refused"], more["FT_documented"]) == (2, 0, pytest.approx(2 / 3))
    assert (more["neighbours"], more["FT_scaled"]) == (1, pytest.approx(-2 / 3))
    assert got.message.startswith(
        "Rows of f=a that are similar to those of f=d are predicted p=1 more often than these: by 66.7 percentage points"
    )


def test_what_cannot_be_compared_is_named_and_compared_scaled():
    table = THREE.append_column("town", [["n", "s", "n", "n", "s"]])
    got = by_name(found(table, features=("x", "town"), **ASKED), "d")["FT"]
    assert (got.value, got.payload.status) == (None, "error")
    assert got.payload.error == "FlipTest does not support non-numeric columns: town"
    assert got.payload.more["FT_scaled"] == pytest.approx(-2 / 3)
    none = by_name(found(THREE, **ASKED), "d")["FT"]
    assert none.payload.error == "there are no features to compare rows by"


def test_rows_of_which_something_is_unknown_have_no_vote():
    table = pa.table({"f": ["a", "a", "d", "d", None], "x": [0.0, None, 1, 2, 3], "p": [1, 0, 0, None, 1]})
    got = by_name(found(table, features=("x",), **ASKED), "d")["FT"]
    assert (got.value, got.payload.n_used) == (-1.0, 2)
    assert "small group" in got.payload.notes[0]


def test_it_is_measured_where_it_is_asked_for_only():
    table = THREE.append_column("y", [[1, 0, 0, 1, 0]])
    asked = {**ASKED, "label": "y", "features": ("x",)}
    assert "FT" not in values(found(table, **{**asked, "metrics": ()}), "d")
    assert "FT" in values(found(table, **{**asked, "metrics": ("all",)}), "d")


def test_five_neighbours_vote_as_scikit_learns():
    """The vote of scikit-learn's classifier of 5 neighbours, on rows without ties; the interval is around the value."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    chance = np.random.default_rng(5)
    x, d, p = chance.normal(size=(300, 3)), chance.random(300) < 0.4, chance.random(300) < 0.5
    table = pa.table({"f": np.where(d, "d", "a"), **{f"x{i}": x[:, i] for i in range(3)}, "p": p.astype(int)})
    got = by_name(found(table, features=("x0", "x1", "x2"), bootstrap=200, **ASKED), "d")["FT"]
    vote = neighbors.KNeighborsClassifier(5, algorithm="brute").fit(x[~d], p[~d]).predict(x[d])
    assert got.value == pytest.approx((np.sum(p[d] & ~vote) - np.sum(~p[d] & vote)) / d.sum())
    assert got.low <= got.value <= got.high
