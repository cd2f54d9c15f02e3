"""FF1: the samples of NIST, and its laws."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tilth.steps.protect.ff1 import FF1

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("sample", cases(Path(__file__).with_name("ff1.yaml")), ids=lambda s: s["is"])
def test_the_samples_of_nist(sample):
    cipher = FF1(bytes.fromhex(sample["key"]), sample["radix"], bytes.fromhex(sample["tweak"]))
    plain, expected = ([DIGITS.index(c) for c in text] for text in (sample["plain"], sample["is"]))
    assert cipher.encrypt(plain) == expected
    assert cipher.decrypt(expected) == plain


@given(st.integers(2, 70_000), st.binary(max_size=40), st.data())
def test_what_is_decrypted_is_what_was_encrypted(radix, tweak, data):
    cipher = FF1(bytes(32), min(radix, 1 << 16), tweak)
    numerals = data.draw(st.lists(st.integers(0, cipher.radix - 1), min_size=cipher.shortest, max_size=90))
    found = cipher.encrypt(numerals)
    assert len(found) == len(numerals)
    assert all(0 <= n < cipher.radix for n in found)
    assert cipher.decrypt(found) == numerals
    assert FF1(bytes(32), cipher.radix, tweak + b"x").encrypt(numerals) != found or len(set(numerals)) < 3


@pytest.mark.parametrize(("radix", "shortest"), [(10, 6), (2, 20), (26, 5), (62, 4), (1000, 2), (65536, 2)])
def test_strings_of_which_there_are_a_million(radix, shortest):
    assert FF1(bytes(32), radix).shortest == shortest
