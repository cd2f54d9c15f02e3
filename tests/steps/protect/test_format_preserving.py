"""format_preserving: what it keeps, and that the key undoes it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.keys import KEY
from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.protect.format_preserving import ALPHABETS, Formatted, with_check
from tilth.steps.protect.redact import Redact

MARKS = st.text(" -./()", max_size=2)


def formatted(alphabet: str = "digits", keep_check: bool = False, tweak: bytes = b"t") -> Formatted:
    return Formatted(bytes(32), ALPHABETS[alphabet], tweak, "x", keep_check, "error")


@given(st.sampled_from(sorted(ALPHABETS)), st.data())
def test_length_alphabet_and_marks_are_kept(alphabet, data):
    characters = data.draw(st.lists(st.tuples(st.sampled_from(ALPHABETS[alphabet]), MARKS), min_size=6, max_size=30))
    text = "".join(c + marks for c, marks in characters)
    one = formatted(alphabet)
    found = one(text)
    assert [c in ALPHABETS[alphabet] or c for c in found] == [c in ALPHABETS[alphabet] or c for c in text]
    assert one.revealed(found) == text


@given(st.text("0123456789", min_size=6, max_size=18))
def test_a_card_has_a_right_check_digit(digits):
    card, one = with_check(digits + "0"), formatted(keep_check=True)
    found = one(card)
    assert found == with_check(found)
    assert one.revealed(found) == card


IBANS = ("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NL91 ABNA 0417 1643 00")  # from the registry of IBANs


@pytest.mark.parametrize("iban", IBANS)
def test_an_iban_keeps_its_country_its_letters_and_its_check(iban):
    one = formatted(keep_check=True)
    found = one(iban)
    assert found != iban
    assert found == with_check(found)
    assert re.sub("[0-9]", "9", found) == re.sub("[0-9]", "9", iban)
    assert found[:2] == iban[:2]
    assert one.revealed(found) == iban


@pytest.mark.parametrize(("text", "keep_check"), [("12345", False), ("4111111111111112", True), ("GB83 WEST 1234 5698 7654 32", True)])
def test_what_has_too_few_values_or_wrong_check_digits_is_refused_or_null(text, keep_check):
    table = {"x": [text, "4111111111111111"]}
    step = {"with_": "format_preserving", "key": KEY, "keep_check": keep_check}
    with pytest.raises(RequestError) as error:
        made(Redact("x", **step), table)
    assert text not in str(error.value)
    found = made(Redact("x", **step, invalid="null"), table)["x"]
    assert found[0] is None
    assert len(found[1]) == 16


def test_the_name_of_the_column_and_the_domain_make_a_difference():
    table = {"a": ["4111111111111111"], "b": ["4111111111111111"]}
    found = made(Redact(("a", "b"), with_="format_preserving", key=KEY), table)
    assert found["a"] != found["b"]
    assert made(Redact("a", with_="format_preserving", key=KEY, domain="other"), table)["a"] != found["a"]
