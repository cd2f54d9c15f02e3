"""Stages from the words of a command, and what does not fit."""

import pytest

from tilth.errors import RequestError
from tilth.serve.stages import stages_of

WRONG = [
    (["people.tilth", "model.pkl"], [], "neither a fitted flow nor a model"),
    (["people.tilth"], ["softmax"], "is for what a model gave"),
    (["people.tilth", "model.skops"], ["scale"], "is not a transform of what a model gave"),
    (["people.tilth", "model.skops"], ["softmaxx"], "did you mean 'softmax'"),
    (["people.tilth", "absent.skops"], [], "cannot be read"),
    (["model.skops", "people.tilth"], [], "takes columns that model.skops does not give"),
]


@pytest.mark.parametrize(("things", "output", "words"), WRONG)
def test_what_does_not_fit_is_refused(served, things, output, words):
    with pytest.raises(RequestError) as error:
        stages_of([str(served / thing) for thing in things], output)
    assert words in str(error.value)
