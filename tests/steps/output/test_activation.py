"""Functions of one score: on the engine as for a row (the laws of all steps say so), and what is refused."""

import pytest

from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.output.activation import LogSigmoid, Sigmoid, Temperature

SCORES = {"prediction": [0.0, 800.0, -800.0, None]}


def test_on_the_engine():
    assert made(Sigmoid(), SCORES) == {"prediction": [0.5, 1.0, 0.0, None]}
    assert made(LogSigmoid(into="{column}_log"), SCORES)["prediction_log"] == pytest.approx([-0.6931471805599453, 0.0, -800.0, None])


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_a_temperature_that_scores_cannot_be_divided_by(value):
    with pytest.raises(RequestError, match="a number above 0"):
        Temperature(value=value)


def test_a_string_is_refused():
    with pytest.raises(RequestError, match="is not numeric"):
        made(Sigmoid("a"), {"a": ["x"]})
