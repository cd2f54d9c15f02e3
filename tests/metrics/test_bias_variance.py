"""The decompositions: their identities, for any predictions, and what others call bias and variance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.metrics.bias_variance import LogLoss, SquaredLoss, ZeroOneLoss

TABLES = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 9), st.integers(2, 4))


def tallied(kind, y, said, classes=0):
    tally = kind(y, classes)
    for of_model in said:
        tally.add(of_model)
    return tally.parts()


@given(TABLES)
def test_parts_add_up_to_the_loss(table):
    seed, models, rows, classes = table
    chance = np.random.default_rng(seed)
    y, said = chance.integers(0, classes, rows), chance.integers(0, classes, (models, rows))
    found = tallied(ZeroOneLoss, y, said, classes)
    loss = (said != y).mean(axis=0)
    assert found.loss == pytest.approx(loss)
    assert found.bias + found.variance - found.biased_variance == pytest.approx(loss)
    assert found.systematic + found.random == pytest.approx(loss)
    assert (found.corrected <= found.systematic + 1e-12).all()
    numbers = chance.normal(size=(models, rows))
    squared = tallied(SquaredLoss, y.astype(float), numbers)
    assert squared.bias + squared.variance == pytest.approx(((numbers - y) ** 2).mean(axis=0))
    probabilities = chance.dirichlet(np.ones(classes), (models, rows))
    log = tallied(LogLoss, y, probabilities, classes)
    assert log.bias + log.variance == pytest.approx(-np.log(probabilities[:, np.arange(rows), y]).mean(axis=0))


@given(TABLES)
def test_parts_are_what_their_definitions_say(table):
    """Those of mlxtend's `bias_variance_decomp`: squared loss whole, of 0–1 loss the bias, and how often models differ from the main
    prediction, which is the sum of both variances where there are two classes. Of log loss: divergences from the geometric mean."""
    seed, models, rows, classes = table
    chance = np.random.default_rng(seed)
    numbers, y = chance.normal(size=(models, rows)), chance.integers(0, classes, rows)
    squared = tallied(SquaredLoss, y.astype(float), numbers).means()
    assert squared["bias"] == pytest.approx(((numbers.mean(axis=0) - y) ** 2).mean())
    assert squared["variance"] == pytest.approx(((numbers.mean(axis=0) - numbers) ** 2).mean())
    said = chance.integers(0, 2, (models, rows))
    main = np.array([np.bincount(row).argmax() for row in said.T])
    found = tallied(ZeroOneLoss, np.minimum(y, 1), said, 2).means()
    assert found["bias"] == pytest.approx((main != np.minimum(y, 1)).mean())
    assert found["variance"] + found["biased_variance"] == pytest.approx((said != main).mean())
    p = chance.dirichlet(np.ones(classes), (models, rows))
    mean = np.exp(np.log(p).mean(axis=0))
    mean /= mean.sum(axis=1, keepdims=True)
    log = tallied(LogLoss, y, p, classes).means()
    assert log["bias"] == pytest.approx(-np.log(mean[np.arange(rows), y]).mean())
    assert log["variance"] == pytest.approx((mean * np.log(mean / p)).sum(axis=2).mean(), abs=1e-9)


def test_equal_models_have_no_variance():
    assert tallied(ZeroOneLoss, np.array([0, 1, 0]), np.tile([0, 1, 1], (5, 1)), 2).means() == {
        "loss": pytest.approx(1 / 3), "bias": pytest.approx(1 / 3), "variance": 0, "biased_variance": 0,
        "systematic": pytest.approx(1 / 3), "random": 0, "corrected": pytest.approx(1 / 3),
    }  # fmt: skip


def test_rows_are_judged_by_different_numbers_of_models():
    """As out of bag: of the second row one model says 5, of the first two say 2 and 4."""
    tally = SquaredLoss(np.array([3.0, 3.0]))
    tally.add(np.array([2.0]), np.array([0]))
    tally.add(np.array([4.0, 5.0]), np.array([0, 1]))
    assert tally.models.tolist() == [2, 1]
    assert tally.parts().bias.tolist() == [0, 4]
    assert tally.parts().variance.tolist() == [1, 0]


def test_a_class_without_probability_has_a_finite_loss():
    said = np.array([[[1.0, 0.0]], [[0.5, 0.5]]])
    found = tallied(LogLoss, np.array([1]), said, 2).means()
    assert found["loss"] == pytest.approx((-np.log(1e-15) + np.log(2)) / 2)
    assert found["bias"] + found["variance"] == pytest.approx(found["loss"])
