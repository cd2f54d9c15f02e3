"""The decompositions: their identities, for any predictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.metrics.bias_variance import of_squared_loss, of_zero_one_loss


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 9), st.integers(2, 4))
def test_parts_add_up_to_the_loss(seed, models, rows, classes):
    chance = np.random.default_rng(seed)
    y, said = chance.integers(0, classes, rows), chance.integers(0, classes, (models, rows))
    found = of_zero_one_loss(y, said, classes)
    loss = (said != y).mean(axis=0)
    assert found.loss == pytest.approx(loss)
    assert found.bias + found.variance - found.biased_variance == pytest.approx(loss)
    assert found.systematic + found.random == pytest.approx(loss)
    assert (found.corrected <= found.systematic + 1e-12).all()
    numbers = chance.normal(size=(models, rows))
    squared = of_squared_loss(y.astype(float), numbers)
    assert squared.bias + squared.variance == pytest.approx(((numbers - y) ** 2).mean(axis=0))


def test_equal_models_have_no_variance():
    said = np.tile([0, 1, 1], (5, 1))
    assert of_zero_one_loss(np.array([0, 1, 0]), said, 2).means() == {
        "loss": pytest.approx(1 / 3), "bias": pytest.approx(1 / 3), "variance": 0, "biased_variance": 0,
        "systematic": pytest.approx(1 / 3), "random": 0, "corrected": pytest.approx(1 / 3),
    }  # fmt: skip
