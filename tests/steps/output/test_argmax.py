"""argmax: the class of the greatest score, by its column's name or a label."""

import pytest

from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.output.argmax import Argmax

SCORES = {"prediction_no": [1, 2, None], "prediction_yes": [0.5, 2.0, 1.0]}


def test_a_class_is_called_like_its_column_or_its_label():
    assert made(Argmax(), SCORES)["prediction"] == ["no", "no", None]
    assert made(Argmax(("prediction_yes", "prediction_no"), column="n", labels=(1, 0)), SCORES)["n"] == [0, 1, None]
    assert made(Argmax("*"), {"up": [1.0], "down": [2.0]})["prediction"] == ["down"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Argmax(labels=("a",)), "1 labels for 2 columns"),
        (Argmax(labels=("a", 1)), "of several kinds"),
        (Argmax(column="prediction_no"), "a column 'prediction_no' already"),
    ],
)
def test_what_is_refused(step, words):
    with pytest.raises(RequestError, match=words):
        made(step, SCORES)
