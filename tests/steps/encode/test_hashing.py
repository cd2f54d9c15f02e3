"""hash."""

import hashlib

import pytest

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode


def bucket(value: str, size: int, seed: int = 0) -> int:
    """The first 15 hexadecimal digits of the MD5 of the seed and the value, a US character between them, as a number modulo the size."""
    return int(hashlib.md5(f"{seed}\x1f{value}".encode(), usedforsecurity=False).hexdigest()[:15], 16) % size


def test_a_value_becomes_the_bucket_of_its_hash():
    words = ["red", "blue", "it's", "日本", "red"]
    assert made(Encode("x", with_="hash"), {"x": words}) == {"x": [bucket(w, 1024) for w in words]}
    assert made(Encode("x", with_="hash", size=5, seed=3), {"x": words}) == {"x": [bucket(w, 5, 3) for w in words]}
    assert made(Encode("x", with_="hash"), {"x": [7, -1]}) == {"x": [bucket("7", 1024), bucket("-1", 1024)]}


def test_any_value_has_a_bucket_and_missing_ones_their_own():
    found = fitted(Encode("x", with_="hash", size=3), {"x": ["a"]})
    assert found.learned == {"x": {}}
    assert applied(found, {"x": ["never seen", None, " "]}) == {"x": [bucket("never seen", 3), 3, 3]}
    assert made(Encode("x", with_="hash", missing="null"), {"x": ["", "a"]})["x"][0] is None
    with pytest.raises(RequestError, match="a missing value"):
        made(Encode("x", with_="hash", missing="error"), {"x": ["", "a"]})


@pytest.mark.parametrize("size", [0, 2**31 + 1])
def test_there_is_at_least_one_bucket(size):
    with pytest.raises(RequestError, match="`size` must be from 1"):
        Encode("x", with_="hash", size=size)
