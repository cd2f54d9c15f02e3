"""Which patterns are refused for their time or their stack; the bound is compared with a count of all ways to read all short texts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlglot import exp

from tilth.regex import Regex, tree
from tilth.regex.chars import CharSet
from tilth.regex.cost import MOST_READINGS, readings
from tilth.regex.parser import Parser
from tilth.regex.tree import Chars, Choice, Node, Repeat, Sequence

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXPONENTIAL = [
    "(a+)+", "(?:a|aa)+", r"(\w+\s?)*", "(?:a+)*b", "(?:ac|[ab]c)*", "(?:ab|a|b)+",
    "(?:(?:a|b)+c?)+", "(.*,){10}", "(?:.*a){12}", "(?:a{1,10}){1,10}",
    "(?:(?:a{1,9}){1,9}){1,9}", "(?:(?:a?|b?)c)+", "(?:[a-z]+[0-9]*)*", r"(?:\d+\.?){3,}", "(?:x+x+)+y", "(?:aa|aaa){40}",
]  # fmt: skip
HARMLESS = [
    "a+b+", "(?:a+b)+", "(?:cat|car)+", "(?:a|b)*", "(?:ab|ac|ad)*a", r"(?:\w+\s)*\w*", "(?:[a-z]+,)*", r"(?:\d{1,3}\.){3}\d{1,3}",
    "(?: ?[A-Z0-9]{1,4}){3,8}",
    "(?:a{1,4}){1,8}", r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}", "(?:a{2}){3,}", "(?:aab?){2,}", ".*a.*b.*", "(?:a+){1}",
    r"@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$", "(?:[^,]*?,)+", r"(?:\w+\b\W+)+",
    "(?:(?:a|ab),)+",
]  # fmt: skip


def mistakes(text: str) -> list[str]:
    return [mistake.message for mistake in Parser(text).mistakes]


@pytest.mark.parametrize("text", EXPONENTIAL)
def test_exponential_patterns_are_refused(text: str) -> None:
    assert [message[:24] for message in mistakes(text)] == ["this repeat is ambiguous"]


@pytest.mark.parametrize("text", HARMLESS)
def test_others_are_not(text: str) -> None:
    assert not mistakes(text)


@pytest.mark.parametrize("text", ["a?" * 30 + "a" * 30, "(?:a{1,4}){1,8}" * 3, "a{0,9}" * 300, ".*,".join("abcdefghijkl"), r"\s*.*" * 6])
def test_many_repeats_in_a_row_are_refused(text: str) -> None:
    assert [message[:24] for message in mistakes(text)] == ["the pattern is ambiguous"]


@pytest.mark.parametrize(
    "text",
    [r"^[^,]*" + ",[^,]*" * 40 + "$", ".*a.*b.*c.*d", r"\w+" + r" ?\w+" * 3, "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) " * 9, "a{0,900}b?" * 5],
)
def test_others_in_a_row_are_not(text: str) -> None:
    assert not mistakes(text)


def test_what_would_take_long_to_find_out_is_refused() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    codes = "|".join(one + other + "x" for one in letters for other in letters[:18])
    assert mistakes(f"(?:{codes})+")
    assert mistakes("(?:" + "(?:[ab]c{9}){9}" * 50 + "[ab]?)+")


@pytest.mark.parametrize("text", HARMLESS)
def test_python_answers_what_is_accepted(text: str) -> None:
    """A hang would end this test by the suite's own limit."""
    pattern = Regex.parse(text).compile_python()
    for unit in ("a", "ab", "cat", "1.", "a,", "A1 ", "aab"):
        pattern.search(unit * 60 + "!")


LETTERS = st.sampled_from([Chars(CharSet.of("a")), Chars(CharSet.of("b")), Chars(CharSet.of("a", "b"))])
BODIES = st.recursive(
    LETTERS,
    lambda part: st.one_of(
        st.lists(part, min_size=2, max_size=3).map(tree.sequence),
        st.lists(part, min_size=2, max_size=3).map(tree.choice),
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
def test_the_bound_holds_by_trying(repeat: Repeat) -> None:
    assume(is_sound(repeat))
    most = max(ways(repeat, text) for text in {*words(6), *readable(replace(repeat, least=0))})
    if repeat.most is None:
        assert most == 1 or readings(repeat) > MOST_READINGS
    else:
        assert most <= readings(repeat)


UNLIMITED = [
    r"(?:ab|c)*",
    r"^(?:ab|c)*$",
    "(a|b)*",
    r"^(?:\w+[ ,.])*$",
    "^[^,]*(?:,[^,]*)*$",
    "(?:(?:ab|cd)+;)+",
    "^.*x",
    "(?:ab)?c",
    "(?:a|bc){1,20}",
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=)?$",
    "(?:(ab)[cd]{2})*a",
    "^(?:ab)*?x",
]
LIMITED = ["(?:cat|car)+", r"^(?:[a-z0-9]{1,63}\.)+[a-z]{2,24}$", "(?:ab|c)*a", "(?:ab|c)*?d", "(?:a{1,2}b){1,300}a"]


@pytest.mark.parametrize("text", UNLIMITED)
def test_no_limit(text: str) -> None:
    assert Regex.parse(text).spark_longest is None


@pytest.mark.parametrize("text", LIMITED)
def test_a_limit_of_some_hundred_characters_or_more(text: str) -> None:
    longest = Regex.parse(text).spark_longest
    assert longest is not None
    assert 300 < longest < 5_000


def test_intricate_rounds_have_less() -> None:
    simple, intricate = (Regex.parse(text).spark_longest for text in ("(?:ab|ac)*", "(?:(?:(?:ab|ac)d)e(?:ab|ac)g)*[ax]"))
    assert simple is not None
    assert intricate is not None
    assert intricate < simple


@pytest.mark.spark
def test_long_texts_do_not_end_the_session(spark: SparkSession) -> None:
    """The first texts are a hundred thousand characters long, the others as long as the limit allows; an overflow would end Spark."""
    units = ["ab", "abc", "ba", "word,", "field,", "abcd;", "abc", "ab", "abc", "base64==", "abcd", "ab"]
    asked = [(Regex.parse(text), unit, 100_000) for text, unit in zip(UNLIMITED, units, strict=True)]
    for text, unit in zip(LIMITED, ["cat", "a.", "ab", "ab", "aab"], strict=True):
        regex = Regex.parse(text)
        asked.append((regex, unit, regex.spark_longest or 0))
    expected = [regex.compile_python().search(unit * (length // len(unit))) is not None for regex, unit, length in asked]
    columns = [
        f"repeat('{unit}', cast(id AS int) + {length // len(unit)}) RLIKE {exp.Literal.string(regex.spark).sql('spark')}"
        for regex, unit, length in asked
    ]
    assert list(spark.range(1).selectExpr(*columns).collect()[0]) == expected
