"""The syntax tree: what its strings mean by place, and that it is a value."""

from __future__ import annotations

import pytest

from tilth.rules import parse
from tilth.rules.language.diagnostics import Span
from tilth.rules.language.syntax import Literal, Now, Parameter, Quantity, Rule, Text


@pytest.mark.parametrize(
    ("raw", "name", "value", "pattern"),
    [
        (r"a\"b", 'a"b', 'a"b', 'a"b'),
        (r"a\\b", r"a\b", r"a\b", r"a\\b"),
        (r"a\'b", r"a\'b", "a'b", r"a\'b"),
        (r"\d\.", r"\d\.", r"\d\.", r"\d\."),
        (r"\\\"", '\\"', '\\"', '\\\\"'),
        (r"\\d", r"\d", r"\d", r"\\d"),
    ],
)
def test_a_backslash_means_what_its_place_says(raw: str, name: str, value: str, pattern: str) -> None:
    text = Text(raw)
    assert (text.name, text.value, text.pattern) == (name, value, pattern)
    assert str(text) == f'"{raw}"'


def test_the_place_of_a_node_is_not_part_of_its_value() -> None:
    here, there = Rule("RowCount", span=Span(0, 8)), Rule("RowCount", span=Span(5, 13))
    assert here == there
    assert hash(here) == hash(there)
    assert "span" not in repr(here)


def test_the_last_tag_counts() -> None:
    rule = parse('Rules = [ ColumnValues "a" = "x" with ignoreCase = "true" with ignoreCase = "false" ]').leaves
    tag = next(iter(rule)).tag("ignoreCase")
    assert tag
    assert tag.word == "false"


def test_units() -> None:
    assert (Quantity("2", "days").amount, Quantity("3", "hours").amount, Quantity("4", "minutes").amount) == (172_800, 10_800, 240)
    assert [Quantity("3", unit).amount for unit in ("B", "KB", "MB", "GB", "TB")] == [3, 3 * 2**10, 3 * 2**20, 3 * 2**30, 3 * 2**40]
    assert (Now().seconds, Now("-", Quantity("1", "hours")).seconds, Now("+", Quantity("1", "hours")).seconds) == (0, -3600, 3600)


def test_numbers() -> None:
    assert (Literal("-1.50").value, Literal("9" * 400).value) == (-1.5, float("inf"))
    assert (Literal("7").integer, Literal("7.0").integer) == (True, False)


def test_a_parameter_prints_as_it_was_written() -> None:
    assert [str(Parameter("a")), str(Parameter("a", "")), str(Parameter("a", "$", "of"))] == ['"a"', "a", "of $a"]
