"""Rules that pass on the inspected data: completeness, ranges of numbers, sets of values, lengths of strings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from tilth.data import Kind
from tilth.drafting.summary import FEW, ColumnSummary, TableSummary
from tilth.engine.user_sql.writing import fits_rule, identifier, rule_sql, rule_string

WIDTH = 120  # characters of a line of rules
DIGITS = 2  # significant digits of a bound


def rule_lines(table: TableSummary) -> Iterator[str]:
    """The rules, those of one column on one line if they fit, separated by commas."""
    lines = ["RowCount > 0"]
    for s in table.seen:
        if fits_rule(s.name):
            lines += _joined(_rules_of(s, s.name in table.roles.id, s.name == table.roles.label))
    return (f"{line}{',' if i < len(lines) - 1 else ''}" for i, line in enumerate(lines))


def _joined(rules: Iterator[str]) -> list[str]:
    lines: list[str] = []
    for rule in rules:
        if lines and len(lines[-1]) + len(rule) < WIDTH:
            lines[-1] += f", {rule}"
        else:
            lines.append(rule)
    return lines


def _rules_of(s: ColumnSummary, is_key: bool, is_label: bool) -> Iterator[str]:
    name = rule_string(s.name)
    if is_key:
        yield f"IsPrimaryKey {name}" if s.unique else f"IsComplete {name}"
    elif s.full and s.rows:
        yield f"IsComplete {name}"
    elif share := s.present * 100 // s.rows if s.rows else 0:
        yield f"Completeness {name} >= {share / 100:g}"
    if s.private or is_key or not s.present:
        return
    where = f" where {rule_sql(f'{identifier(s.name)} is not null')}" if s.missing else ""
    values = [v for v, _ in s.top]
    if is_label and s.kind is Kind.INTEGER and len(values) == s.distinct <= FEW:
        yield f"ColumnValues {name} in [{', '.join(str(v) for v in sorted(values))}]{where}"
    elif s.kind.numeric and not s.infinite and None not in (s.low, s.high):
        yield f"ColumnValues {name} >= {bound(s.low, down=True)}{where}"
        yield f"ColumnValues {name} <= {bound(s.high, down=False)}{where}"
    elif s.kind is Kind.STRING and not (s.ambiguous or s.blank) and len(values) == s.distinct and _listable(values, s.longest):
        yield f"ColumnValues {name} in [{', '.join(rule_string(v) for v in values)}]{where}"
    elif s.kind is Kind.STRING and s.longest:
        yield f"ColumnLength {name} <= {s.longest}{where}"


def _listable(values: Sequence[Any], longest: int) -> bool:
    """Whether strings are few and short enough to be listed in a rule."""
    return 0 < len(values) <= FEW and longest <= WIDTH and all(map(fits_rule, values))


def bound(x: int | float | Decimal, down: bool) -> str:
    """A bound with two significant digits, beyond the value; without an exponent, which rules do not support.

    >>> bound(0.2345, down=True), bound(0.2345, down=False), bound(1.99e-10, down=False), bound(-1234, down=True), bound(7, down=True)
    ('0.23', '0.24', '0.0000000002', '-1300', '7')
    """
    exact = Decimal(repr(x)) if isinstance(x, float) else Decimal(x)
    rounded = Context(DIGITS, ROUND_FLOOR if down else ROUND_CEILING).create_decimal(exact)
    return f"{rounded.normalize():f}" if rounded else "0"
