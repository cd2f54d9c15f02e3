"""Variables of SageMaker's serving containers: which have a meaning, and what is said of them."""

import pytest

from tilth.errors import RequestError
from tilth.serve.environment import Environment


def test_what_is_honoured_is_noted():
    known = Environment({"A": "7", "B": "x", "C": "", "SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_MULTI_MODEL": "False"})
    assert (known.number("C", "A", default=1), known.number("D", default=60), known.word("B", "y"), known.word("C", "y")) == (
        7,
        60,
        "x",
        "y",
    )
    assert known.facts == {"environment": ["A", "B"], "ignored": ["SAGEMAKER_PROGRAM"]}


@pytest.mark.parametrize("value", ["six", "0", "257", "inf", "nan", "-1"])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises(RequestError, match="accepted: a number from 1 to 256"):
        Environment({"WORKERS": value}).number("WORKERS", default=1, least=1, most=256)


def test_several_models_are_refused():
    with pytest.raises(RequestError, match="serves one pipeline"):
        Environment({"SAGEMAKER_MULTI_MODEL": "True"})
