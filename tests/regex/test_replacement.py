"""Replacements: groups and characters, the same on every engine."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.errors import ExpressionError
from tilth.regex import Regex
from tilth.regex.replacement import Replacement

PATTERN = Regex.parse("(a)(b)")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("x", ("x",)),
        ("$1", (1,)),
        ("<$2$1>", ("<", 2, 1, ">")),
        ("$10", (1, "0")),  # one digit only
        ("$0", (0,)),
        (r"a\\b", ("a", "\\", "b")),
        (r"\\$1", ("\\", 1)),
        (r"\$1", ("$", "1")),
        ("5 $ a", ("5 ", "$", " a")),
        ("a\nb", ("a\nb",)),
    ],
)
def test_it_is_read(text: str, parts: tuple[str | int, ...]) -> None:
    assert PATTERN.replacing(text).parts == parts


@pytest.mark.parametrize(
    ("pattern", "text", "message"),
    [
        ("(a)(b)", "a$3", "no group \\$3"),
        ("(a)(b)", r"\1", "backslash stands only"),
        ("(a)(b)", r"\n", "backslash stands only"),
        ("(a)(b)", "a\\", "backslash stands only"),
        ("(a)+(?:(b)|c){2}", "$2", "no group \\$2"),
        ("a|(b)?", "", "each needs a character"),
        (r"\b", "", "each needs a character"),
    ],
)
def test_it_is_rejected(pattern: str, text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        Regex.parse(pattern).replacing(text)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(ExpressionError) as caught:
        PATTERN.replacing(r"\7$7\n")
    assert [m.place.column for m in caught.value.mistakes if m.place] == [1, 3, 5]


def test_each_engine_has_its_own_spelling() -> None:
    replacement = Replacement(PATTERN.tree, (1, "0 $1 \\", 2))
    assert replacement.duckdb[1] == r"\10 $1 \\\2"
    assert replacement.spark[1] == r"$1\0 \$\1 \\$2"
    assert replacement.python[1] == r"\g<1>0 $1 \\\g<2>"


@given(st.lists(st.one_of(st.sampled_from([0, 1, 2]), st.text()), max_size=6))
def test_python_puts_in_what_the_parts_say(parts: list[str | int]) -> None:
    replacement = Replacement(PATTERN.replacing("").pattern, tuple(parts))
    values = ["ab", "a", "b"]
    expected = "".join(values[part] if isinstance(part, int) else part for part in parts)
    assert re.sub(*replacement.python, "<ab>") == f"<{expected}>"
