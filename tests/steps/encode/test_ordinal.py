"""ordinal."""

import pytest

from tests.steps.made import applied, fitted, made
from tilth.steps.encode.encode import Encode

WORDS = {"x": ["b", "a", "b", None, " ", "c", "b", "a"]}  # b 3, a 2, c 1, missing 2


def test_ordinal_counts_categories_from_0():
    assert made(Encode("x", with_="ordinal"), WORDS) == {"x": [0, 1, 0, None, None, 2, 0, 1]}


@pytest.mark.parametrize(
    ("step", "unseen", "missing"),
    [
        (Encode("x", with_="ordinal"), -1, None),
        (Encode("x", with_="ordinal", unseen="null", missing=-1), None, -1),
        (Encode("x", with_="ordinal", unseen="null", missing="null"), None, None),
        (Encode("x", with_="ordinal", unseen="slot", missing="slot"), 3, 4),
        (Encode("x", with_="ordinal", missing="slot"), -1, 3),
    ],
)
def test_unseen_and_missing_numbers(step, unseen, missing):
    assert applied(fitted(step, WORDS), {"x": ["zz", None, "", "a"]}) == {"x": [unseen, missing, missing, 1]}


@pytest.mark.slow
def test_a_large_vocabulary_is_learned_and_applied():
    values = [f"v{i:06}" for i in range(200_000)]
    found = fitted(Encode("x", with_="ordinal"), {"x": values})
    assert applied(found, {"x": ["v199999", "v000000", "no"]}) == {"x": [199_999, 0, -1]}
