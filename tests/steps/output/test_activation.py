"""Functions of one score: on the engine as for a row (the laws of all steps say so), and what is refused."""

import pytest

from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.output.activation import Elu, Logit, LogSigmoid, Relu, Sigmoid, Softplus, Temperature

SCORES = {"prediction": [0.0, 800.0, -800.0, None]}


def test_on_the_engine():
    assert made(Sigmoid(), SCORES) == {"prediction": [0.5, 1.0, 0.0, None]}
    assert made(LogSigmoid(into="{column}_log"), SCORES)["prediction_log"] == pytest.approx([-0.6931471805599453, 0.0, -800.0, None])


def test_more_of_them_on_the_engine():
    assert made(Softplus(), SCORES)["prediction"] == pytest.approx([0.6931471805599453, 800.0, 0.0, None])
    assert made(Elu("s", alpha=2.0), {"s": [3.0, -1.0, -800.0, None]})["s"] == pytest.approx([3.0, -1.2642411176571153, -2.0, None])
    assert made(Relu(slope=0.1), {"prediction": [3.0, -2.0, None]})["prediction"] == [3.0, -0.2, None]
    assert made(Logit("p"), {"p": [0.5, 0.8807970779778823, 2.0]})["p"] == [0.0, pytest.approx(2.0), None]


@pytest.mark.parametrize(("step", "options"), [(Relu, {"slope": -1.0}), (Relu, {"slope": float("inf")}), (Elu, {"alpha": 0.0})])
def test_factors_that_are_refused(step, options):
    with pytest.raises(RequestError, match=r"accepted: .* above"):
        step(**options)


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_a_temperature_that_scores_cannot_be_divided_by(value):
    with pytest.raises(RequestError, match="a number above 0"):
        Temperature(value=value)


def test_a_string_is_refused():
    with pytest.raises(RequestError, match="is not numeric"):
        made(Sigmoid("a"), {"a": ["x"]})
