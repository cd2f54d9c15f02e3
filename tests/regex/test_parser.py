"""What is refused, where, why, and what is proposed in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases import cases
from tilth.errors import ExpressionError
from tilth.regex import Regex
from tilth.regex.parser import DEEPEST, LONGEST, Parser

REFUSED = cases(Path(__file__).parent / "cases" / "refused.yaml")


def test_it_is_refused() -> None:
    for text, column, message, hint in REFUSED:
        with pytest.raises(ExpressionError) as caught:
            Regex.parse(text)
        found = [mistake for mistake in caught.value.mistakes if message in mistake.message]
        assert found, (text, str(caught.value))
        assert hint in found[0].hint, text
        assert found[0].place is not None, text
        assert found[0].place.column == column, text
        assert found[0].code == "regex", text


def test_one_mistake_is_told_once() -> None:
    several = {r"(?<n>a)\k<n>", r"\Qa.b\E", "[a-c&&[b]]", "(?"}
    assert [text for text, *_ in REFUSED if text not in several and len(Parser(text).mistakes) != 1] == []


def test_all_mistakes_are_told_at_once() -> None:
    columns = [mistake.place.column for mistake in Parser(r"(?=a)\1[z-a]b**|c{,2}").mistakes if mistake.place]
    assert columns == [1, 6, 9, 15, 18]


def test_the_message_shows_the_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        Regex.parse("a\n[b&&c]")
    assert str(caught.value).splitlines() == [
        "<pattern>:5: && cuts two classes in Java and is two characters elsewhere [regex]",
        "    a·[b&&c]",
        "        ^^",
        r"    for the character itself write \&",
    ]


def test_sizes_have_limits() -> None:
    assert not Parser("a" * LONGEST).mistakes
    assert "characters" in Parser("a" * (LONGEST + 1)).mistakes[0].message
    assert not Parser("(" * DEEPEST + "a" + ")" * DEEPEST).mistakes
    assert "too deep" in Parser("(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1)).mistakes[0].message
    assert not Parser("a{1000}").mistakes
    assert not Parser("(?:a{2}){500}").mistakes
    assert "too large" in Parser("[^a]{1000}" * 3).mistakes[0].message


HOSTILE = ("(" * LONGEST, "[" * LONGEST, "(?:a{9}" * 200, "a|" * 1000, "(?i)" * 500 + "a", "{" * LONGEST, "[a-" * 600)


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=[text[:8] for text in HOSTILE])
def test_long_hostile_patterns_are_refused(text: str) -> None:
    assert Parser(text).mistakes


def test_half_a_surrogate_pair_is_no_character() -> None:
    assert "surrogate" in Parser("a\ud83d").mistakes[0].message
