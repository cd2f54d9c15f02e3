"""Entities of one's own."""

from __future__ import annotations

import pytest

from tilth.entities import Detector
from tilth.entities.custom import entities_from, entity_from
from tilth.errors import ExpressionError, RequestError


def test_a_check_digit_makes_tier_a() -> None:
    member = entity_from({"name": "MEMBER", "pattern": "[0-9]{8}", "validator": "luhn", "context_words": ["member"]})
    assert [s[2:5] for s in Detector((member,)).spans(["member 12345674, member 12345675"])[0]] == [("MEMBER", 0.99, "A")]


def test_mistakes_are_explained() -> None:
    with pytest.raises(RequestError, match="validator"):
        entity_from({"name": "X", "pattern": "[0-9]", "validator": "md5"})
    with pytest.raises(ExpressionError):
        entity_from({"name": "X", "pattern": "(?=a)[0-9]"})
    with pytest.raises(RequestError, match="not a list"):
        entities_from({"name": "X"}, "custom")
