"""The step `quantile`: what scikit-learn's QuantileTransformer gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import QuantileTransformer

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.scale.quantile import QuantileTransform

AREAS = load_breast_cancer(as_frame=True).data["mean area"]
COLUMNS = {
    "different": AREAS.to_numpy(),
    "repeated": np.round(AREAS.to_numpy(), -2),
    "few": np.repeat([1.0, 2.0, 7.0], [300, 200, 69]),
    "constant": np.full(569, 0.1),
}
LATER = np.array([-1e300, 1.0, 1.5, 2.0, 3.0, 600.0, 612.3, 700.0, 1e300])


@pytest.mark.slow
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("n", [7, 500])
@pytest.mark.parametrize("name", COLUMNS)
def test_shares_are_those_of_the_quantile_transformer(name, n, distribution):
    theirs = QuantileTransformer(n_quantiles=n, output_distribution=distribution, subsample=None).fit(COLUMNS[name].reshape(-1, 1))
    found = fitted(QuantileTransform("x", n_quantiles=n, output_distribution=distribution), {"x": COLUMNS[name].tolist()})
    for values in (COLUMNS[name], LATER):
        ours = applied(found, {"x": values.tolist()})["x"]
        assert np.allclose(ours, theirs.transform(values.reshape(-1, 1)).ravel(), rtol=1e-9, atol=1e-9)


def test_null_stays_null_and_infinite_values_are_at_the_ends():
    values = [1.0, None, float("inf"), float("-inf"), 2.0, 3.0]
    assert made(QuantileTransform("x", n_quantiles=3), {"x": values}) == {"x": [0.0, None, 1.0, 0.0, 0.5, 1.0]}


def test_what_cannot_be_learned_from_is_rejected():
    with pytest.raises(RequestError, match="no finite value"):
        made(QuantileTransform("x"), {"x": [float("inf")]})
    with pytest.raises(RequestError, match="n_quantiles"):
        QuantileTransform("x", n_quantiles=1)
    with pytest.raises(RequestError, match="not numeric"):
        made(QuantileTransform("x"), {"x": ["a"]})
