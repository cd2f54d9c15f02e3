"""token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.protect.checks import becomes, checks
from tilth.errors import RequestError
from tilth.steps.protect.tokens import Siv


@checks("token")
def test_what_a_value_becomes(check):
    assert becomes(check) == [check["is"], None]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_a_token_becomes_its_value_again(text):
    one = Siv(bytes(range(64)), "email")
    token = one(text)
    assert one(text) == token
    assert one.revealed(token) == text
    for other in (Siv(bytes(range(64)), "name"), Siv(bytes(64), "email")):
        with pytest.raises(RequestError, match="not a token"):
            other.revealed(token)
    with pytest.raises(RequestError, match="not a token"):
        one.revealed(token[:-4] + "AAA=")
