"""Models of samples, beside all of their predictions at once."""

import numpy as np
import pytest

import tilth
from tests.engines import duckdb_session
from tests.measures.bias_variance.learned import LINE, Nearest, measured
from tilth.engine.needs import Sample
from tilth.measures.insights.features import Target

pytest.importorskip("sklearn")
from sklearn.dummy import DummyClassifier  # after the check that it is there


@pytest.mark.parametrize("sampling", ["half", "bootstrap", "out_of_bag"])
def test_the_parts_are_those_of_all_predictions_at_once(sampling):
    """Nearest neighbours are enumerated by hand: the same samples, and a matrix of what each model says of each row."""
    (f,) = measured(LINE.select(["a", "b", "y"]).slice(0, 90), {"label": "y"}, replicates=80, sampling=sampling, make=Nearest, seed=5)
    rows = tilth.write(tilth.read(LINE.slice(0, 90)))
    order = sampled_order(f, rows)
    x, y = np.column_stack([rows[c].to_numpy() for c in "ab"])[order], (np.array(rows["y"].to_pylist()) == "q").astype(float)[order]
    held, _ = Target("y", "classification", np.ones(90, bool), y, ("p", "q")).held_out(3, 10)
    chance, said = np.random.default_rng(5), np.full((f.payload.replicates, 90), np.nan)
    train = np.arange(90) if sampling == "out_of_bag" else np.flatnonzero(~held)
    for i in range(len(said)):
        own = chance.permutation(train)[: len(train) // 2] if sampling == "half" else chance.choice(train, len(train))
        judges = np.setdiff1d(train, own) if sampling == "out_of_bag" else np.flatnonzero(held)
        model = Nearest()
        model.fit(x[own], y[own])
        said[i, judges] = model.predict(x[judges])
    judged = np.flatnonzero((~np.isnan(said)).sum(axis=0) >= (20 if sampling == "out_of_bag" else 1))
    ones, truth = np.nanmean(said[:, judged], axis=0), y[judged]
    assert f.payload.test_rows == len(judged)
    assert f.payload.systematic == pytest.approx(((ones - truth) ** 2).mean())
    assert f.payload.random == pytest.approx((ones * (1 - ones)).mean())
    assert f.payload.bias == pytest.approx(((ones > 0.5) != truth).mean())


def sampled_order(f, rows):
    """The order in which a sample has the rows: that of their hashes, as the engine gives them."""
    need = Sample(("a", "b", "y"), 10_000, seed=5)
    found = duckdb_session().answer(tilth.read(rows.select(["a", "b", "y"])), [need])[need]
    place = {a: i for i, a in enumerate(rows["a"].to_pylist())}
    return [place[a] for a in found["a"].to_pylist()]


def test_no_more_models_are_trained_than_are_needed():
    f, *_ = measured(replicates=200, sampling="half", make=lambda: DummyClassifier(strategy="constant", constant=0))
    assert f.payload.replicates == 50
