"""Rules that are valid and probably do not say what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tilth.rules.conditions import Criterion, clock, day
from tilth.rules.language.diagnostics import Diagnostics, RuleMistake, Source
from tilth.rules.language.functions import Unjudged, calls, evaluate
from tilth.rules.language.syntax import (
    Arithmetic,
    Call,
    Clock,
    Composite,
    Condition,
    Day,
    Duration,
    Group,
    Literal,
    Now,
    Null,
    Number,
    Operand,
    Rule,
    Ruleset,
    Size,
    Text,
)
from tilth.rules.types.catalogue import CATALOGUE, RuleType

DATA_TYPES = ("Boolean", "Integer", "Integral", "Long", "Float", "Double", "Fractional", "Date", "Timestamp")
DECIMAL_TYPE = re.compile(r"decimal\(\s*[0-9]{1,2}\s*,\s*[0-9]{1,2}\s*\)", re.IGNORECASE)
LAYOUTS = {
    layout.replace("-", sign)
    for layout in ("dd-MM-yyyy", "MM-dd-yyyy", "yyyy-MM-dd", "MM-yyyy", "yyyy-MM", "dd-MM", "MM-dd")
    for sign in "-/"
}
REPEATS = re.compile(r"\bselect\s+distinct\b|\bgroup\s+by\b", re.IGNORECASE)
PATTERN_PART = re.compile(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]?|.", re.DOTALL)


def lint(rule: Rule, row: RuleType, report: Diagnostics) -> None:
    """Warns of what a single rule says."""
    for condition in (rule.condition, rule.threshold):
        if condition:
            _reversed(condition, report)
            _precedence(condition, report)
    if rule.condition:
        _equality(rule.condition, row, report)
        _pattern(rule.condition, report)
    if rule.threshold:
        _threshold(rule.threshold, report)
    match rule.type:
        case "ColumnNamesMatchPattern" if rule.parameters and rule.parameters[0].style != "$":
            _anchor(rule.parameters[0].text, report)
        case "ColumnDataType":
            _data_type(rule, report)
        case "FileMatch" if rule.condition and rule.condition.operator == "matches":
            report.warn("W-UNJUDGED", rule.condition.span, "checksums are listed, not matched", accepted='in ["checksum"]')
        case "CustomSql" if not rule.condition and rule.parameters and REPEATS.search(rule.parameters[0].text.pattern):
            hint = "return a key, so that each row that passes is named once"
            message = "rows that share the returned values pass and fail together"
            report.warn("W-SQL-KEY", rule.parameters[0].span, message, hint=hint)


def row_mode(ruleset: Ruleset, source: Source) -> tuple[RuleMistake, ...]:
    """The composites that cannot be evaluated row by row, each with the operand that is in the way; they are evaluated as columns."""
    report = Diagnostics(source)
    for composite in ruleset.rules:
        if isinstance(composite, Composite):
            for leaf in composite.leaves:
                if why := _no_row_mode(leaf):
                    report.warn("W-ROW-MODE", leaf.span, f"the composite is not evaluated row by row: {why}")
    return report.sorted()


def _no_row_mode(rule: Rule) -> str:
    """Why a rule stands in the way of row mode (`dqdl` §10), or nothing."""
    row = CATALOGUE[rule.type]
    if not row.row or (rule.type == "CustomSql" and rule.condition):
        return f"no row passes or fails {rule.type} by itself"
    if not row.row_mode:
        return f"{rule.type} is a ratio"
    return f"{rule.type} has a threshold" if rule.threshold and rule.type in ("ColumnDataType", "ColumnValues", "CustomSql") else ""


# Ranges


def _reversed(condition: Condition, report: Diagnostics) -> None:
    if condition.operator != "between":
        return
    low, high = map(_constant, condition.operands)
    if low is not None and high is not None and low[0] == high[0] and not low[1] < high[1]:
        always = "always holds" if condition.negated else "never holds"
        hint = "both bounds are excluded" if low == high else "the lower bound comes first"
        report.warn("W-REVERSED", condition.span, f"{condition} {always}", hint=hint)


def _constant(operand: Operand) -> tuple[str, float] | None:
    """A bound that is the same in every run, as a kind and a number: only bounds of one kind can be compared."""
    try:
        match operand:
            case Literal() | Group() | Arithmetic() | Call() | Null():
                return None if any(calls(operand)) else ("number", evaluate(operand))
            case Day():
                return "day", day(operand.text).toordinal()
            case Clock():
                hour, minute = clock(operand.text)
                return "clock", hour * 60 + minute
            case Now():
                return "now", operand.minutes
            case Duration():
                return "duration", operand.minutes
            case Size():
                return "size", operand.bytes
    except (Unjudged, ValueError):  # noted elsewhere
        pass
    return None


def _threshold(condition: Condition, report: Diagnostics) -> None:
    """A share lies between 0 and 1. What is asked of it is tried at both ends, between, and at and around each bound."""
    bounds = [_constant(operand) for operand in condition.operands]
    known = [bound[1] for bound in bounds if bound and bound[0] == "number"]
    if len(known) < len(bounds):
        return
    inner = sorted({0.0, 1.0, *(x for x in known if 0 < x < 1)})
    shares = [*inner, *((a + b) / 2 for a, b in pairwise(inner))]
    met = {_meets(condition, known, share) for share in shares}
    if len(met) == 1:
        hint = "a share lies between 0 and 1: 80 % is 0.8" if any(x > 1 for x in known) else "a share lies between 0 and 1"
        report.warn("W-THRESHOLD", condition.span, f"{condition} is {'always' if met.pop() else 'never'} met", hint=hint)


def _meets(condition: Condition, bounds: list[float], share: float) -> bool:
    return Criterion("number", condition.operator, tuple(bounds), condition.negated).holds(share)


def _equality(condition: Condition, row: RuleType, report: Diagnostics) -> None:
    if row.inexact and condition.family == "number" and condition.operator in ("=", "!=", "in"):
        message = f"{row.name} is computed in floating point: equality with a number is chance"
        report.warn("W-FLOAT-EQ", condition.span, message, hint="say how near it has to be, with between")


def _precedence(condition: Condition, report: Diagnostics) -> None:
    for operand in condition.operands:
        if isinstance(operand, Literal | Group | Arithmetic | Call):
            for chain in _chains(operand):
                signs = [sign for sign, _ in chain.rest]
                sums = [i for i, sign in enumerate(signs) if sign in "+-"]
                if sums and any(sign in "*/" for sign in signs[sums[0] :]):
                    hint = "parentheses say which is meant"
                    report.warn("W-PRECEDENCE", chain.span, f"{chain} is worked off from left to right", hint=hint)


def _chains(number: Number) -> Iterator[Arithmetic]:
    match number:
        case Arithmetic():
            yield number
            for part in (number.first, *(term for _, term in number.rest)):
                yield from _chains(part)
        case Group():
            yield from _chains(number.number)
        case Call():
            for argument in number.arguments:
                yield from _chains(argument)


# Patterns


def _pattern(condition: Condition, report: Diagnostics) -> None:
    if condition.operator != "matches" or not isinstance(condition.operands[0], Text):
        return
    pattern = condition.operands[0]
    _anchor(pattern, report)
    if alternates(pattern.pattern):
        message = "Glue's executor anchors only the first and the last alternative of this pattern"
        report.warn("W-ALTERNATION", pattern.span, message, hint="put the alternatives in parentheses: (a|b)")


def _anchor(pattern: Text, report: Diagnostics) -> None:
    parts = PATTERN_PART.findall(pattern.pattern)
    if parts and (parts[0] == "^") != (parts[-1] == "$"):
        message = "the whole text must match, at both ends"
        report.warn("W-ANCHOR", pattern.span, message, hint="write .* where anything may stand, and leave ^ and $ out")


def alternates(pattern: str) -> bool:
    """Whether a pattern has a `|` outside of every group and class.

    >>> alternates("a|b"), alternates("(a|b)"), alternates("[|]"), alternates("a[|")
    (True, False, False, False)
    """
    depth = 0
    for part in PATTERN_PART.findall(pattern):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "|" and depth == 0:
            return True
    return False


# ColumnDataType


def _data_type(rule: Rule, report: Diagnostics) -> None:
    condition = rule.condition
    if condition is None or condition.family != "string":
        return
    if condition.operator not in ("=", "!="):
        report.warn("W-UNJUDGED", condition.span, f"ColumnDataType cannot be judged with {condition.operator}", accepted="=, !=")
        return
    named = condition.operands[0]
    if not isinstance(named, Text):
        return
    known = {one.lower() for one in DATA_TYPES}
    if named.value.lower() not in known and not DECIMAL_TYPE.fullmatch(named.value):
        hint = "every column can be read as text" if named.value.lower() in ("string", "text") else report.near(named.value, DATA_TYPES)
        accepted = ", ".join((*DATA_TYPES, "Decimal(p,s)"))
        report.warn("W-UNJUDGED", named.span, f"there is no data type {named}", accepted=accepted, hint=hint)
    layout = rule.tag("format")
    if layout and isinstance(layout.value, Text) and layout.value.value not in LAYOUTS:
        report.warn("W-UNJUDGED", layout.value.span, f"the layout {layout.value} is not known", accepted=", ".join(sorted(LAYOUTS)))
