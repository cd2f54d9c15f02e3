"""Warnings for valid rules that probably do not mean what was intended."""

from __future__ import annotations

import re
from itertools import pairwise

from tilth.engine.operations.times import EPOCH
from tilth.engine.user_sql.admission import Admission
from tilth.errors import ExpressionError
from tilth.regex.around import parted
from tilth.regex.parser import Parser
from tilth.rules.conditions import Criterion, clock, day
from tilth.rules.language import syntax
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.functions import EvaluationError, evaluate, numbers, walk
from tilth.rules.types.rule_type import RuleType

SEVERAL_ROWS = "one-row"  # the code for a sub-query or window function in a condition, which is reported separately
ENDS_ANCHORED = re.compile(r"(?<!\\)(?:\\\\)*\$\Z")


def lint(rule: syntax.Rule, row: RuleType, report: Diagnostics) -> None:
    """Warnings for a single rule."""
    for condition in (rule.condition, rule.threshold):
        if condition:
            _reversed(condition, report)
            _precedence(condition, report)
    if rule.condition:
        _equality(rule.condition, row, report)
        _pattern(rule.condition, report)
    if rule.threshold:
        _threshold(rule.threshold, report)
    if rule.where and rule.where.pattern.strip():
        _sql(rule.where, report)
    for i, parameter in enumerate(rule.parameters):
        if row.kind(i) == "sql" and parameter.style == '"':
            _sql(parameter.text, report, query=True)


def _sql(text: syntax.Text, report: Diagnostics, *, query: bool = False) -> None:
    """Warn about an invalid condition or query. Whether its columns exist is only known when it runs."""
    try:
        Admission(text.pattern, query=query, now=EPOCH).parsed()
    except ExpressionError as error:
        for m in (m for m in error.mistakes if m.code != SEVERAL_ROWS):
            report.warn("W-UNJUDGED", text.span, m.message, accepted=m.accepted, hint=m.hint)


# Ranges


def _reversed(condition: syntax.Condition, report: Diagnostics) -> None:
    if condition.operator != "between":
        return
    low, high = map(_constant, condition.operands)
    if low is not None and high is not None and low[0] == high[0] and not low[1] < high[1]:
        always = "always holds" if condition.negated else "never holds"
        hint = "both bounds are excluded" if low == high else "the lower bound comes first"
        report.warn("W-REVERSED", condition.span, f"{condition} {always}", hint=hint)


def _constant(operand: syntax.Operand) -> tuple[str, float] | None:
    """A bound that is the same in every run, as a kind and a number: only bounds of one kind can be compared."""
    try:
        match operand:
            case syntax.Number():
                return None if any(isinstance(part, syntax.Call) for part in walk(operand)) else ("number", evaluate(operand))
            case syntax.Day():
                return "day", day(operand.raw).toordinal()
            case syntax.Clock():
                hour, minute = clock(operand.raw)
                return "clock", hour * 60 + minute
            case syntax.Now():
                return "now", operand.seconds
            case syntax.Quantity():
                return operand.family, operand.amount
    except (EvaluationError, ValueError):  # noted elsewhere
        pass
    return None


def _threshold(condition: syntax.Condition, report: Diagnostics) -> None:
    """A share is between 0 and 1. The condition is tried at both ends, between them, and at and around each bound."""
    bounds = [_constant(operand) for operand in condition.operands]
    known = [bound[1] for bound in bounds if bound and bound[0] == "number"]
    if len(known) < len(bounds):
        return
    inner = sorted({0.0, 1.0, *(x for x in known if 0 < x < 1)})
    shares = [*inner, *((a + b) / 2 for a, b in pairwise(inner))]
    criterion = Criterion("number", condition.operator, tuple(known), condition.negated)
    met = {criterion.holds(share) for share in shares}
    if len(met) == 1:
        hint = "a share is between 0 and 1: 80 % is 0.8" if any(x > 1 for x in known) else "a share is between 0 and 1"
        report.warn("W-THRESHOLD", condition.span, f"{condition} is {'always' if met.pop() else 'never'} met", hint=hint)


def _equality(condition: syntax.Condition, row: RuleType, report: Diagnostics) -> None:
    if row.inexact and condition.family == "number" and condition.operator in ("=", "!=", "in"):
        message = f"{row.name} is computed in floating point: do not compare it for equality with a number"
        report.warn("W-FLOAT-EQ", condition.span, message, hint="give a range instead, with between")


def _precedence(condition: syntax.Condition, report: Diagnostics) -> None:
    for chain in (part for number in numbers(condition) for part in walk(number) if isinstance(part, syntax.Arithmetic)):
        signs = [sign for sign, _ in chain.rest]
        sums = [i for i, sign in enumerate(signs) if sign in "+-"]
        if sums and any(sign in "*/" for sign in signs[sums[0] :]):
            hint = "use parentheses to make it clear"
            report.warn("W-PRECEDENCE", chain.span, f"{chain} is computed from left to right", hint=hint)


# Patterns


def _pattern(condition: syntax.Condition, report: Diagnostics) -> None:
    if condition.operator != "matches" or not isinstance(condition.operands[0], syntax.Text):
        return
    pattern = condition.operands[0]
    lint_anchors(pattern, report)
    rest, searches = parted(pattern.pattern)
    regex = Parser(rest)
    for m in [*regex.mistakes, *(m for search in searches for m in Parser(search.pattern).mistakes)]:
        report.warn("W-UNJUDGED", pattern.span, m.message, accepted=m.accepted, hint=m.hint)
    if regex.is_alternation and not regex.mistakes:
        message = "Glue's executor anchors only the first and the last alternative of this pattern"
        report.warn("W-ALTERNATION", pattern.span, message, hint="put the alternatives in parentheses: (a|b)")


def lint_anchors(pattern: syntax.Text, report: Diagnostics) -> None:
    """Warns of a pattern that is anchored at one end only."""
    if pattern.pattern.startswith("^") != bool(ENDS_ANCHORED.search(pattern.pattern)):
        message = "the whole string must match, at both ends"
        report.warn("W-ANCHOR", pattern.span, message, hint="write .* where anything may follow, and leave ^ and $ out")
