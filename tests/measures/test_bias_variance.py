"""Underfitting and overfitting of learners of which it is known."""

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.errors import RequestError
from tilth.measures.bias_variance import BiasVarianceOfLearner, diagnosed, section

pytest.importorskip("sklearn")
CHANCE = np.random.default_rng(3)
X = CHANCE.normal(size=(400, 3))
LINE = pa.table({"a": X[:, 0], "b": X[:, 1], "s": np.where(X[:, 2] > 0, "u", "v"), "y": np.where(X[:, 0] + X[:, 1] > 0, "p", "q")})
"""A line that no tree draws straight: fully grown trees fit their rows, and each draws another staircase."""
ROLES = {"label": "y", "facet": "s"}


class Constant:
    """The first class, whatever it learned from."""

    def fit(self, x, y):
        pass

    def predict(self, x):
        return np.zeros(len(x))


def test_a_tree_overfits_a_slanting_line():
    (f,) = measured(replicates=10)
    p = f.payload
    assert p.diagnosis == "high variance (overfitting)"
    assert p.train_loss == 0
    assert (p.loss, p.train_rows, p.test_rows, p.replicates) == ("0-1", 160, 80, 10)
    assert p.bias + p.unbiased_variance - p.biased_variance == pytest.approx(p.mean_loss)
    assert p.systematic + p.random == pytest.approx(p.mean_loss)
    assert f.low <= f.value <= f.high
    assert {*p.by_facet} == {"s=u", "s=v"}
    assert sum(g["rows"] for g in p.by_facet.values()) == 80
    assert section([f]).advice[0].words.startswith("The learner has high variance (overfitting): more rows")


def measured(**given):
    return tilth.measure(tilth.read(LINE, roles=ROLES), BiasVarianceOfLearner(**given)).findings


def test_a_constant_underfits():
    (f,) = measured(replicates=5, make=Constant)
    assert (f.payload.diagnosis, f.payload.learner) == ("high bias (underfitting)", "Constant")
    assert f.value == 0


def test_numbers_have_squared_loss():
    table = pa.table({"a": X[:, 0], "y": X[:, 0] * 2 + CHANCE.normal(size=400)})
    (f,) = tilth.measure(tilth.read(table, roles={"label": "y"}), "bias_variance", replicates=5).findings
    assert (f.payload.loss, f.payload.biased_variance) == ("squared", 0)
    assert f.payload.bias + f.payload.unbiased_variance == pytest.approx(f.payload.mean_loss)


@pytest.mark.parametrize(
    ("train", "unseen", "share", "name"),
    [
        (0.35, 0.36, 0.1, "high bias (underfitting)"),
        (0.35, 0.36, 0.6, "unclear"),
        (0.0, 0.3, 0.7, "high variance (overfitting)"),
        (0.0, 0.3, 0.2, "unclear"),
        (0.3, 0.5, 0.5, "high bias and high variance"),
        (0.1, 0.11, 0.3, "balanced"),
    ],
)
def test_a_diagnosis_needs_both_kinds_of_evidence(train, unseen, share, name):
    found, evidence = diagnosed({"loss": unseen}, {"train_loss": train, "naive_loss": 0.4}, share, 0.2, 0.02)
    assert (found, len(evidence)) == (name, 3)


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(RequestError, match="bias_variance needs the label"):
        tilth.measure(LINE, "bias_variance")
    (few,) = tilth.measure(tilth.read(LINE.slice(0, 5), roles=ROLES), "bias_variance").findings
    assert (few.name, few.message) == ("TOO_FEW_ROWS", "bias_variance: 5 labelled rows and 3 features are too few to learn from")
    with pytest.raises(RequestError, match="replicates is 1"):
        BiasVarianceOfLearner(replicates=1)
