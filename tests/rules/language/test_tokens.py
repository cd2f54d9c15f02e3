"""From characters to tokens."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.rules.language.tokens import tokenize


def kinds(text: str) -> list[str]:
    return [token.kind for token in tokenize(text)[0]][:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now()", ["now()"]),
        ("now ()", ["now()"]),
        ("nowx()", ["name", "(", ")"]),
        ("12 1.5 007", ["int", "decimal", "int"]),
        (".5 5. 1.2.3 24hours 1e3 a.b", ["name"] * 6),
        ("1.5-2", ["decimal", "-", "int"]),
        ("days hours minutes B KB MB GB TB", ["days", "hours", "minutes", "B", "KB", "MB", "GB", "TB"]),
        ("Days day b kb", ["name"] * 4),
        ("and AND And", ["and", "and", "name"]),
        ("null NULL Null empty WHITESPACES_ONLY", ["null", "null", "name", "empty", "whitespaces_only"]),
        ("Rules rules where Where", ["Rules", "name", "where", "name"]),
        (">= > = !=<=", [">=", ">", "=", "!", "=", "<="]),
        ('"2024-01-31" "9:05 PM" "09:05 AM" "21:05"', ["date", "clock", "clock", "clock"]),
        ('"2024-1-31" "9:05" "9:05 pm" "9:05  PM" "2024-01-31 "', ["text"] * 5),
        (r'"a\"b" "c\\" "\x"', ["text"] * 3),
        ('"a # b" # c "d"\n "e"', ["text", "text"]),
        ('"two\nlines"', ["text"]),
        ("a$b", ["name", "$", "name"]),
    ],
)
def test_kinds(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected
    assert tokenize(text)[1] == [] or text.endswith("#")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a ; b", [("character", ";")]),
        ("a ;;@ b", [("character", ";;@")]),
        ("a 'b'", [("single", "'b'")]),
        ("a 'b\n'", [("character", "'"), ("character", "'")]),
        ("a // b\nc", [("slashes", "// b")]),
        ("a # b", [("comment", "# b")]),
        ("\ufeffa\r\n", [("mark", "\ufeff"), ("return", "\r")]),
        ('a "b', [("quote", '"b')]),
        ('a "b\n c "d" e', [("quote", '"b')]),
        ("a \xa0 b", [("character", "\xa0")]),
    ],
)
def test_what_is_not_a_token(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.kind, one.text) for one in tokenize(text)[1]] == expected


def test_a_quote_that_is_missing_breaks_one_line_only() -> None:
    assert kinds('a "b,\n c "d",\n e "f"') == ["name", "broken", "name", "text", ",", "name", "text"]


@given(st.text(alphabet=st.sampled_from(list('ab1. \n"\\#/=<>!@\r$()[]é')), max_size=60))
def test_tokens_are_in_order_and_equal_their_source(text: str) -> None:
    tokens, odd = tokenize(text)
    spans = sorted([token.span for token in tokens] + [one.span for one in odd if one.kind != "quote"])
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert all(text[token.start :].startswith(token.text) for token in tokens)
