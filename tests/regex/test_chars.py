"""Sets of characters against Python's own sets, on a small alphabet at both ends of Unicode."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tilth.regex.chars import ANY, LAST, NOTHING, SPACE, WORD, CharSet, disjoint

ALPHABET = [chr(0), chr(1), *"09AZaz@[`{_", "é", "\ud7ff", "\ue000", chr(LAST - 1), chr(LAST)]
SETS = st.sets(st.sampled_from(ALPHABET))


def members(among: CharSet) -> set[str]:
    return {c for c in ALPHABET if any(low <= ord(c) <= high for low, high in among.ranges)}


@given(SETS, SETS)
def test_sets_are_sets(one: set[str], other: set[str]) -> None:
    a, b = CharSet.of(*one), CharSet.of(*other)
    assert members(a) == one
    assert members(a | b) == one | other
    assert members(~a) == set(ALPHABET) - one
    assert a.overlaps(b) == bool(one & other)
    assert bool(a) == bool(one)
    assert (a.only is not None) == (len(one) == 1)


@given(SETS, SETS)
def test_ranges_are_sorted_and_apart(one: set[str], other: set[str]) -> None:
    for ranges in ((CharSet.of(*one) | CharSet.of(*other)).ranges, (~CharSet.of(*one)).ranges):
        assert all(low <= high for low, high in ranges)
        assert all(left[1] + 1 < right[0] for left, right in pairwise(ranges))


@given(SETS)
def test_the_opposite_of_the_opposite_is_the_set(one: set[str]) -> None:
    a = CharSet.of(*one)
    assert ~~a == a
    assert a | ~a == ANY


@given(SETS)
def test_folding_adds_the_other_case_of_ascii_letters(one: set[str]) -> None:
    assert CharSet.of(*one).folded == CharSet.of(*one, *(c.swapcase() for c in one if c.isascii()))


def test_ends_of_unicode() -> None:
    assert ~ANY == NOTHING
    assert not NOTHING
    assert (~CharSet.of(chr(0))).ranges == ((1, LAST),)
    assert (~CharSet.of(chr(LAST))).ranges == ((0, LAST - 1),)


def test_disjoint_compares_all_of_them() -> None:
    assert disjoint([])
    assert disjoint([SPACE, WORD, CharSet.of("é")])
    assert not disjoint([SPACE, CharSet.of("é"), WORD, CharSet.of("q")])
