"""Rules that hold on the data that was looked at: what is there, how far numbers go, which values or how long texts are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tilth.data import Kind
from tilth.drafting.seen import FEW, Look, Seen
from tilth.drafting.words import bound, fits_rule, identifier, rule_sql, rule_text

WIDTH = 120  # characters of a line of rules


def rule_lines(found: Look) -> Iterator[str]:
    """The rules, those of one column on one line as far as there is room, and commas between them all."""
    lines = ["RowCount > 0"]
    for s in found.seen:
        if fits_rule(s.name):
            lines += _joined(_rules_of(s, s.name in found.roles.id, s.name == found.roles.label))
    return (f"{line}{',' if i < len(lines) - 1 else ''}" for i, line in enumerate(lines))


def _joined(rules: Iterator[str]) -> list[str]:
    lines: list[str] = []
    for rule in rules:
        if lines and len(lines[-1]) + len(rule) < WIDTH:
            lines[-1] += f", {rule}"
        else:
            lines.append(rule)
    return lines


def _rules_of(s: Seen, is_key: bool, is_label: bool) -> Iterator[str]:
    name = rule_text(s.name)
    if is_key:
        yield f"IsPrimaryKey {name}" if s.unique else f"IsComplete {name}"
    elif s.full and s.rows:
        yield f"IsComplete {name}"
    elif share := s.there * 100 // s.rows if s.rows else 0:
        yield f"Completeness {name} >= {share / 100:g}"
    if s.private or is_key or not s.there:
        return
    where = f" where {rule_sql(f'{identifier(s.name)} is not null')}" if s.missing else ""
    values = [s.low, s.high] if s.kind is Kind.INTEGER and s.distinct == 2 else [v for v, _ in s.top]
    if is_label and s.kind is Kind.INTEGER and len(values) == s.distinct <= FEW:
        yield f"ColumnValues {name} in [{', '.join(str(v) for v in sorted(values))}]{where}"
    elif s.kind.numeric and not s.infinite and None not in (s.low, s.high):
        yield f"ColumnValues {name} >= {bound(s.low, down=True)}{where}"
        yield f"ColumnValues {name} <= {bound(s.high, down=False)}{where}"
    elif s.kind is Kind.STRING and not s.ambiguous and len(values) == s.distinct and _listable(values, s.longest):
        yield f"ColumnValues {name} in [{', '.join(rule_text(v) for v in values)}]{where}"
    elif s.kind is Kind.STRING and s.longest:
        yield f"ColumnLength {name} <= {s.longest}{where}"


def _listable(values: Sequence[Any], longest: int) -> bool:
    """Whether texts can be listed in a rule: a few short ones."""
    return 0 < len(values) <= FEW and longest <= WIDTH and all(map(fits_rule, values))
