"""Pydantic's errors as mistakes: key paths, what is accepted, the nearest word."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from tilth.validation import mistakes_of


class Inner(BaseModel):
    """A part of the whole."""

    model_config = ConfigDict(extra="forbid", strict=True)
    word: Literal["one", "two"] = "one"
    several: list[int] | str = "x"


class Whole(BaseModel):
    """The whole."""

    model_config = ConfigDict(extra="forbid", strict=True)
    needed: int
    inner: Inner = Inner()
    items: list[Inner] = []


def mistakes(given):
    with pytest.raises(ValidationError) as error:
        Whole.model_validate(given)
    return [(m.message, m.accepted, m.hint) for _, m in mistakes_of(error.value, given, Whole)]


def test_each_mistake_has_its_path_and_what_is_accepted():
    found = mistakes({"nedded": 1, "inner": {"word": "tow"}, "items": [{}, {"wrd": 1}, 3]})
    assert found == [
        ("needed: this is needed", "", ""),
        ('inner.word: found "tow"', "one, two", "did you mean 'two'?"),
        ("items[1].wrd: this key is not known", "word, several", "did you mean 'word'?"),
        ("items[2]: found 3", "a mapping", ""),
        ("nedded: this key is not known", "needed, inner, items", "did you mean 'needed'?"),
    ]


def test_a_value_of_several_shapes_has_one_mistake_at_its_deepest_place():
    assert mistakes({"needed": 1, "inner": {"several": 1.5}}) == [("inner.several: found 1.5", "a list or a string", "")]
    assert mistakes({"needed": 1, "inner": {"several": [1, "2"]}}) == [('inner.several[1]: found "2"', "an integer", "")]


def test_what_is_not_an_object_at_all():
    assert mistakes([]) == [("the whole: found []", "a mapping", "")]
