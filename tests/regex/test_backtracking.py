"""Which repeats are refused for their time; the claim held against a count of all ways to read all short texts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tilth.regex import backtracking, tree
from tilth.regex.backtracking import IN_ALL, INTRICATE, TWO_WAYS, too_many_ways
from tilth.regex.chars import CharSet
from tilth.regex.parser import Parser
from tilth.regex.tree import Chars, Choice, Node, Repeat, Sequence

EXPONENTIAL = [
    "(a+)+", "(?:a|aa)+", r"(\w+\s?)*", "(?:a+)*b", "(?:ac|[ab]c)*", "(?:ab|a|b)+",
    "(?:(?:a|b)+c?)+", "(.*,){10}", "(?:.*a){12}", "(?:a{1,10}){1,10}",
    "(?:(?:a{1,9}){1,9}){1,9}", "(?:(?:a?|b?)c)+", "(?:[a-z]+[0-9]*)*", r"(?:\d+\.?){3,}", "(?:x+x+)+y", "(?:aa|aaa){40}",
]  # fmt: skip
HARMLESS = [
    "a+b+", "(?:a+b)+", "(?:cat|car)+", "(?:a|b)*", "(?:ab|ac|ad)*a", r"(?:\w+\s)*\w*", "(?:[a-z]+,)*", r"(?:\d{1,3}\.){3}\d{1,3}",
    "(?: ?[A-Z0-9]{1,4}){3,8}",
    "(?:a{1,4}){1,8}", r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}", "(?:a{2}){3,}", "(?:aab?){2,}", ".*a.*b.*", "(?:a+){1}",
]  # fmt: skip


def mistakes(text: str) -> list[str]:
    return [mistake.message for mistake in Parser(text).mistakes]


@pytest.mark.parametrize("text", EXPONENTIAL)
def test_exponential_patterns_are_refused(text: str) -> None:
    assert mistakes(text) == [f"this repeat {TWO_WAYS}"]


@pytest.mark.parametrize("text", HARMLESS)
def test_others_are_not(text: str) -> None:
    assert not mistakes(text)


@pytest.mark.parametrize("text", ["a?" * 30 + "a" * 30, "(?:a{1,4}){1,8}" * 3, "a{0,9}" * 300, ".*,".join("abcdefghijkl"), r"\s*.*" * 6])
def test_many_repeats_in_a_row_are_refused(text: str) -> None:
    assert mistakes(text) == [IN_ALL]


@pytest.mark.parametrize(
    "text",
    [r"^[^,]*" + ",[^,]*" * 40 + "$", ".*a.*b.*c.*d", r"\w+" + r" ?\w+" * 3, "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) " * 9, "a{0,900}b?" * 5],
)
def test_others_in_a_row_are_not(text: str) -> None:
    assert not mistakes(text)


def test_what_cannot_be_told_is_refused() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    codes = "|".join(one + other + "x" for one in letters for other in letters[:18])
    assert mistakes(f"(?:{codes})+") == [f"this repeat {INTRICATE}"]
    assert not mistakes(f"(?:,(?:{codes}))+")
    assert mistakes("(?:" + "(?:[ab]c{9}){9}" * 50 + "[ab]?)+") == [f"this repeat {INTRICATE}"]


LETTERS = st.sampled_from([Chars(CharSet.of("a")), Chars(CharSet.of("b")), Chars(CharSet.of("a", "b"))])
BODIES = st.recursive(
    LETTERS,
    lambda part: st.one_of(
        st.lists(part, min_size=2, max_size=3).map(lambda parts: Sequence(tuple(parts))),
        st.lists(part, min_size=2, max_size=3).map(lambda options: Choice(tuple(options))),
        st.builds(Repeat, part, st.integers(0, 2), st.sampled_from([2, 3, None])),
    ),
    max_leaves=5,
)
REPEATS = st.builds(Repeat, BODIES, st.integers(0, 1), st.sampled_from([None, 2, 3]))


def is_sound(node: Node) -> bool:
    """Whether no repeat's body can be empty: the parser lets no other through."""
    return not (isinstance(node, Repeat) and tree.may_be_empty(node.body)) and all(map(is_sound, tree.inner(node)))


@cache
def ways(node: Node, text: str) -> int:
    """In how many ways the node reads exactly this text, by trying."""
    match node:
        case Chars(among):
            return int(len(text) == 1 and among.overlaps(CharSet.of(text)))
        case Choice(options):
            return sum(ways(option, text) for option in options)
        case Sequence(parts) if len(parts) > 1:
            rest = Sequence(parts[1:])
            return sum(ways(parts[0], text[:at]) * ways(rest, text[at:]) for at in range(len(text) + 1))
        case Sequence(parts):
            return ways(parts[0], text)
        case Repeat(body, least, most):
            if most == 0:
                return int(not text)
            fewer = Repeat(body, max(least - 1, 0), None if most is None else most - 1)
            more = sum(ways(body, text[:at]) * ways(fewer, text[at:]) for at in range(1, len(text) + 1))
            return more + int(not text and least == 0)
        case _:
            raise AssertionError(node)


def words(longest: int) -> list[str]:
    return ["".join(letters) for length in range(longest + 1) for letters in product("ab", repeat=length)]


def readable(node: Node) -> set[str]:
    """Short texts that the node reads, its repeats cut to two rounds more than their least."""
    match node:
        case Chars(among):
            return {letter for letter in "ab" if among.overlaps(CharSet.of(letter))}
        case Choice(options):
            return set().union(*map(readable, options))
        case Repeat(body, least, most):
            counts = range(least, least + 3 if most is None else most + 1)
            return set().union(*(readable(Sequence((body,) * count)) for count in counts))
        case _:
            pieces = product(*(sorted(readable(part), key=len)[:8] for part in tree.inner(node)))
            return {"".join(piece) for piece in pieces}


@given(REPEATS)
def test_the_claim_holds_by_trying(repeat: Repeat) -> None:
    assume(is_sound(repeat))
    most = max(ways(repeat, text) for text in {*words(6), *readable(replace(repeat, least=0))})
    if repeat.most is None:
        assert (most > 1) == bool(too_many_ways(repeat))
    elif tree.is_bounded(repeat):
        assert most <= backtracking._ways(repeat)
