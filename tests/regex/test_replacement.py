"""Replacements: groups and text, the same on every engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.errors import ExpressionError
from tilth.regex import Regex, Replacement

GROUPS = frozenset({0, 1, 2})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("x", ("x",)),
        (r"\1", (1,)),
        (r"<\2\1>", ("<", 2, 1, ">")),
        (r"\10", (1, "0")),  # one digit only
        (r"\0", (0,)),
        (r"a\\b", ("a", "\\", "b")),
        (r"\\1", ("\\", "1")),
        (r"\$1", ("$", "1")),
        ("5 $ a", ("5 $ a",)),
        ("$", ("$",)),
        ("a\nb", ("a\nb",)),
    ],
)
def test_it_is_read(text: str, parts: tuple[str | int, ...]) -> None:
    assert Replacement.parse(text, GROUPS).parts == parts


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (r"a\3", 2, "no group 3"),
        ("$1", 1, "group in Java"),
        ("x${n}", 2, "group in Java"),
        (r"\n", 1, "backslash is only"),
        ("a\\", 2, "backslash is only"),
    ],
)
def test_it_is_refused(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        Replacement.parse(text, GROUPS)
    assert [mistake.place.column for mistake in caught.value.mistakes if mistake.place] == [column]


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ExpressionError) as caught:
        Replacement.parse(r"\7$1\n", GROUPS)
    assert len(caught.value.mistakes) == 3


def test_each_engine_has_its_own_spelling() -> None:
    replacement = Replacement((1, "0 $1 \\", 2))
    assert replacement.duckdb == r"\10 $1 \\\2"
    assert replacement.spark == r"$1\0 \$\1 \\$2"
    assert replacement.python == r"\g<1>0 $1 \\\g<2>"


@given(st.lists(st.one_of(st.sampled_from([0, 1, 2]), st.text()), max_size=6))
def test_python_puts_in_what_the_parts_say(parts: list[str | int]) -> None:
    replacement = Replacement(tuple(parts))
    values = ["ab", "a", "b"]
    expected = "".join(values[part] if isinstance(part, int) else part for part in parts)
    assert Regex.parse("(a)(b)").compile_python().sub(replacement.python, "<ab>") == f"<{expected}>"
