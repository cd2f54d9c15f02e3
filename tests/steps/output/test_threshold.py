"""threshold: the second class if its probability is reached, and what is refused."""

import pytest

from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.output.threshold import Threshold

TWO = {"prediction_no": [0.75, 0.5, 0.2, None, 0.5], "prediction_yes": [0.25, 0.5, 0.8, 0.9, None]}


def test_the_second_of_two_classes_is_decided_for_where_its_probability_is_reached():
    assert made(Threshold(), TWO)["decision"] == ["no", "yes", "yes", None, None]
    assert made(Threshold(at=0.25, column="n", labels=(0, 1)), TWO)["n"] == [1, 1, 1, None, None]


def test_one_column_is_the_probability_of_the_second():
    assert made(Threshold(at=0.3), {"prediction": [0.3, 0.29, None]})["decision"] == [1, 0, None]
    assert made(Threshold("p", labels=("no", "yes")), {"p": [1.0, 0.0]})["decision"] == ["yes", "no"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Threshold("*"), "`argmax` decides between more"),
        (Threshold("prediction*", labels=("a",)), "not two of one kind"),
        (Threshold("prediction*", labels=("a", 1)), "not two of one kind"),
        (Threshold("prediction_no", column="prediction_yes"), "a column 'prediction_yes' already"),
    ],
)
def test_what_is_refused(step, words):
    with pytest.raises(RequestError, match=words):
        made(step, {**TWO, "third": [0.0] * 5})
