"""What is read off a tree without running it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.regex.test_regex import drawn_patterns
from tilth.regex import Regex, tree
from tilth.regex.chars import NOTHING, CharSet
from tilth.regex.tree import Edge, Repeat


def node(text: str) -> tree.Node:
    return Regex.parse(text).tree


@pytest.mark.parametrize(("text", "merged"), [("a|b", "[ab]"), ("a|b|cd|e|f", "[ab]|cd|[ef]"), ("(?:a|b)+", "[ab]+"), ("(?:ab)c", "abc")])
def test_the_same_meaning_is_the_same_tree(text: str, merged: str) -> None:
    assert node(text) == node(merged)


@pytest.mark.parametrize(
    ("text", "after", "holds"),
    [
        ("(?:ab)*", "", True),
        ("(?:ab)*", "c", True),
        ("(?:ab)*", "a", False),  # another round, or out?
        ("(?:ab){2}", "a", True),  # the count says it
        ("(?:ab){2,3}", "a", False),
        ("(?:ab?)*", "c", True),
        ("(?:ab?)*", "b", False),
        ("(?:ab|ac)*", "", False),
        ("(?:a|bc)*", "", True),
        ("(?:[a-z]+,)*", "", True),
        ("(?:[a-z]+,)*[a-z]", "", False),  # a letter may begin a round or stand behind the last
        ("(?:[a-z],|[a-m];)*", "", False),
        ("(?:ab*?)*", "", False),  # as few as possible: what is enough depends on what follows
        ("(?:ab)*$", "", True),
        (r"(?:ab)*\b", "", False),  # giving a round back may find an edge
        ("(?:a(?:b|cd)?)*e", "", True),
    ],
)
def test_the_next_character_decides(text: str, after: str, holds: bool) -> None:
    assert tree.decided(node(text), CharSet.of(*after)) is holds


@given(drawn_patterns())
def test_lengths_and_emptiness_agree_with_what_matches(regex: Regex) -> None:
    length = tree.length(regex.tree)
    for text in ("", "a", "ab", "a b", "kA0-.\n"):
        found = regex.compile_python().search(text)
        assert found is None or length in (None, len(found[0]))
        assert found is None or found[0] or tree.may_be_empty(regex.tree)
        assert found is None or not found[0] or CharSet.of(found[0][0]).overlaps(tree.first(regex.tree))


@given(st.integers(0, 5), st.integers(1, 5), st.integers(1, 5))
def test_counts_multiply(least: int, more: int, outer: int) -> None:
    letter = node("a")
    repeat = Repeat(letter, least, least + more)
    assert tree.copies(Repeat(repeat, outer, None)) == (least + more) * outer
    assert tree.size(Repeat(repeat, outer, outer)) == (least + more) * outer


def test_what_may_follow() -> None:
    a, b = node("a"), node("b?")
    assert tree.followers((a, b), CharSet.of("c")) == [CharSet.of("a"), CharSet.of("b", "c"), CharSet.of("c")]
    assert tree.first(Edge.WORD).overlaps(CharSet.of("é"))
    assert tree.followers((), NOTHING) == [NOTHING]
