"""Arithmetic and the functions of the history. Numbers by hand, or from the documentation of DQDL."""

from __future__ import annotations

import math

import pytest

from tilth.rules import parse
from tilth.rules.language.functions import EvaluationError, evaluate, misuse
from tilth.rules.language.syntax import Number

HISTORY = [100.0, 90.0, 110.0]  # the most recent first


def number(text: str) -> Number:
    rule = next(iter(parse(f"Rules = [ RowCount > {text} ]").leaves))
    assert rule.condition
    return rule.condition.operands[0]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 9.0),  # left to right
        ("1 + (2 * 3)", 7.0),
        ("10 - 2 - 3", 5.0),
        ("1 / 4", 0.25),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("1 / -0.0", -math.inf),
        ("avg(last(2))", 95.0),
        ("min(last(3)) - 10", 80.0),
        ("max(last(3)) + 10", 120.0),
        ("index(last(3), 2)", 110.0),
        ("index(last(3), 0)", 100.0),
        ("last()", 100.0),
        ("last(1)", 100.0),
        ("sum(last(9))", 300.0),
        ("median(last(3))", 100.0),
        ("median(last(2))", 95.0),
        ("std(last(3))", math.sqrt(200 / 3)),  # of the population: ((0)² + (−10)² + (10)²) / 3
        ("stddev(last(3))", math.sqrt(200 / 3)),
        ("variance(last(3))", 200 / 3),
        ("average(last(3))", 100.0),
        ("count(last(9))", 3.0),
        ("abs(-2.5)", 2.5),
        ("abs(last() - 200)", 100.0),
        ("max(1, 2, 3)", 3.0),
        ("avg(last())", 100.0),
        ("percentile(last(3), 50)", 100.0),
        ("percentile(last(3), 25)", 95.0),  # halfway from 90 to 100
        ("percentile(last(3), 100)", 110.0),
    ],
)
def test_numbers(text: str, expected: float) -> None:
    assert evaluate(number(text), HISTORY) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("text", ["last()", "avg(last(5))", "std(last(5))", "median(last(5))", "percentile(last(5), 5)", "max(last(2))"])
def test_without_a_history_there_is_zero(text: str) -> None:
    assert evaluate(number(text)) == 0.0


def test_zero_divided_by_zero_is_not_a_number() -> None:
    assert math.isnan(evaluate(number("0 / 0")))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("last(5)", "is a list where one number is expected"),
        ("last(5) + 1", "is a list where one number is expected"),
        ("foo(1)", "there is no function foo"),
        ("last(0)", "last takes nothing, or a whole number"),
        ("last(2.5)", "last takes nothing, or a whole number"),
        ("last(1, 2)", "last takes nothing, or a whole number"),
        ("last(last(3))", "last takes nothing, or a whole number"),
        ("last(0 / 0)", "last takes nothing, or a whole number"),
        ("last(1 / 0)", "last takes nothing, or a whole number"),
        ("index(last(3), -1)", "index takes a list and a position"),
        ("index(last(3))", "index takes a list and a position"),
        ("index(last(3), 3)", "there are only 3 values"),
        ("abs()", "abs takes one number"),
        ("avg()", "avg takes one list, or numbers"),
        ("avg(last(3), 1)", "avg takes one list, or numbers"),
        ("percentile(last(3), 101)", "percentile takes a list and a number from 0 to 100"),
    ],
)
def test_what_cannot_be_evaluated(text: str, reason: str) -> None:
    with pytest.raises(EvaluationError, match=reason):
        evaluate(number(text), HISTORY)
    assert misuse(number(text)) is not None


def test_a_short_history_is_not_a_misuse() -> None:
    text = "index(last(10), 5)"
    with pytest.raises(EvaluationError, match="there are only 3 values"):
        evaluate(number(text), HISTORY)
    assert misuse(number(text)) is None
