"""Converts conditions on rows: to a ColumnValues if it means the same, else to the filter of a CustomSql."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tilth.aws.conversion.parameters import as_number
from tilth.aws.rulesets.grammar import Check, Joined, Test
from tilth.data import Column, Kind
from tilth.engine.user_sql.writing import fits_rule, quoted_identifier, rule_sql, rule_string, string_literal
from tilth.errors import ExpressionError, Mistake
from tilth.regex import Regex

EQUAL: tuple[str, ...] = ("=", "!=", "in")
TIMES = (Kind.DATE, Kind.TIMESTAMP)
ORDER = ("=", "!=", "<", "<=", ">", ">=", "between", "in")
TEXTS = ("=", "!=", "in", "starts", "ends", "contains", "matches")
FUNCTIONS = {"starts": "startswith", "ends": "endswith", "contains": "contains", "matches": "full_match"}
WORDS = {"starts": "STARTS_WITH", "ends": "ENDS_WITH", "contains": "CONTAINS", "matches": "MATCHES", "between": "IS_BETWEEN", "in": "IN"}
DATE_LIKE = re.compile(r"[\d:-]+( [AP]M)?")  # what a rule reads as a day or a clock time


class Wrong(Exception):
    """A mistake in a condition."""

    def __init__(self, message: str, accepted: str = "", hint: str = "", code: str = "bad-value") -> None:
        super().__init__(message)
        self.mistake = Mistake(message, accepted=accepted, hint=hint, code=code)


def quoted_column(text: str) -> str | None:
    """The column that a value of the substitution map names: it is in backquotes."""
    found = re.fullmatch(r"\s*`(.+)`\s*", text, re.DOTALL)
    return found[1] if found else None


def number(text: str) -> Decimal | None:
    """The number in a string."""
    return Decimal(text.strip()) if as_number(text) is not None else None


def listed_values(text: str) -> list[str]:
    """The values of a list in JSON; any other text is one value. Errors: `Wrong` for a list without values."""
    try:
        values = json.loads(text) if text.lstrip().startswith("[") else [text]
    except (ValueError, RecursionError):
        return [text]
    if not values:
        raise Wrong("IN has no values", 'a list in JSON: ["S", "M"]')
    return [v if isinstance(v, str) else json.dumps(v) for v in values]


@dataclass(frozen=True)
class RowCondition:
    """The condition of a rule on rows. `texts` are the values of the substitution map, `column` gives a column by its name.

    `selected` is the column that the rule was selected for, if it was.
    """

    check: Check
    texts: Mapping[str, str]
    column: Callable[[str], Column]
    selected: Column | None = None

    def rule(self, threshold: str) -> str:
        """The rule with a threshold, which may be empty. Errors: `Wrong`."""
        simple = self._simple(self.check) if isinstance(self.check, Test) else None
        columns = ", ".join(quoted_identifier(c.name) for c in self._columns())
        rule = simple or f"CustomSql {rule_sql(f'select {columns} from primary where {self.condition}')}"
        return f"{rule} {threshold}".rstrip()

    @property
    def condition(self) -> str:
        """The condition in SQL; null for a row that lacks a value which decides it. Errors: `Wrong`."""
        return self._sql(self.check)

    def _columns(self) -> Iterable[Column]:
        """The columns that it reads, each once."""
        named = (name for t in self.check.tests for key in t.right if (name := quoted_column(self.texts[key])) is not None)
        return dict.fromkeys([*map(self._left, self.check.tests), *map(self.column, named)])

    def _left(self, test: Test) -> Column:
        if test.left.column is None:
            assert self.selected is not None  # noqa: S101 -- the rule is for selected columns
            return self.selected
        return self.column(quoted_column(self.texts[test.left.column]) or "")

    def _sql(self, check: Check) -> str:
        if isinstance(check, Joined):
            return f" {check.word} ".join(f"({self._sql(part)})" for part in check.parts)
        column = self._left(check)
        cell, kind = quoted_identifier(column.name), _compared(check, column)
        if check.left.kind == "length":
            cell = f"length({cell})"
        right = [self._right(key, kind, check.operator) for key in check.right]
        match check.operator:
            case "between":
                found = f"{cell} between {right[0]} and {right[1]}"
            case "in":
                found = f"{cell} in ({', '.join(_literal(v, kind) for v in listed_values(self.texts[check.right[0]]))})"
            case word if word in FUNCTIONS:
                found = f"{FUNCTIONS[word]}({cell}, {right[0]})"
            case sign:
                found = f"{cell} {sign} {right[0]}"
        return f"not ({found})" if check.negated else found

    def _right(self, key: str, kind: Kind, operator: str) -> str:
        """The right-hand side of a comparison in SQL: a column or a constant."""
        name = quoted_column(self.texts[key])
        if name is None:
            if operator == "matches":
                _reject_pattern(self.texts[key])
            return "" if operator == "in" else _literal(self.texts[key], kind)
        other = self.column(name)
        if operator in ("in", "matches"):
            raise Wrong(f"{WORDS[operator]} cannot compare with a column, {name!r}", "a list in JSON" if operator == "in" else "a pattern")
        if other.kind is not kind and not (other.kind.numeric and kind.numeric):
            raise Wrong(f"column {name!r} holds {other.kind}, and is compared with {kind}", "columns of the same kind", code="wrong-kind")
        return quoted_identifier(name)

    def _simple(self, test: Test) -> str | None:
        """The ColumnValues that means the same: of one column that is compared with constants; null fails it, as it fails in DataBrew."""
        column, text = self._left(test), self.texts[test.right[0]]
        kind, values = _compared(test, column), listed_values(text) if test.operator == "in" else [text]
        if test.left.kind == "length" or quoted_column(text) is not None or not (kind.numeric or kind is Kind.STRING):
            return None
        if test.operator not in ("=", "!=", "in", "matches", "<", "<=", ">", ">="):
            return None
        if kind is Kind.STRING and test.operator != "matches" and any(not v or DATE_LIKE.fullmatch(v) for v in values):
            return None
        head, negated = f"ColumnValues {rule_string(column.name)}", test.negated or test.operator == "!="
        if test.operator == "matches":
            _reject_pattern(text)
            return f"{head} {'not ' * negated}matches {rule_sql(text)}" if fits_rule(text) else None
        operands = [rule_string(v) if kind is Kind.STRING else _literal(v, kind) for v in values]
        if negated:
            return f"{head} not in [{', '.join(operands)}, NULL]"
        return f"{head} in [{', '.join(operands)}]" if test.operator == "in" else f"{head} {test.operator} {operands[0]}"


def _compared(test: Test, column: Column) -> Kind:
    """The kind of the compared values. Errors: `Wrong` for a comparison that the kind does not have."""
    length, text = test.left.kind == "length", column.kind is Kind.STRING
    kind = column.kind if not length else Kind.INTEGER if text else Kind.OTHER
    accepted = TEXTS if kind is Kind.STRING else EQUAL if kind is Kind.BOOLEAN else ORDER if kind.numeric or kind in TIMES else ()
    if test.operator not in accepted:
        what = "LENGTH" if length else WORDS.get(test.operator, test.operator)
        words = ", ".join(WORDS.get(o, o) for o in accepted) or "a column of another kind"
        raise Wrong(f"{what} is not a check of column {column.name!r}, which holds {column.kind}", words, code="wrong-kind")
    return kind


def _literal(text: str, kind: Kind) -> str:
    """A constant of a kind in SQL. Errors: `Wrong` for a text that is not one."""
    if kind.numeric:
        if (value := number(text)) is None:
            raise Wrong(f"{text!r} is compared with numbers", "a number")
        return f"{value:f}"
    if kind is Kind.BOOLEAN:
        if text.lower() not in ("true", "false"):
            raise Wrong(f"{text!r} is compared with booleans", "true or false")
        return text.lower()
    if kind in TIMES:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise Wrong(f"{text!r} is compared with {kind}s", "2024-03-01, or 2024-03-01 09:30:00") from None
        return f"cast({string_literal(text)} as {kind})"
    return string_literal(text)


def _reject_pattern(pattern: str) -> None:
    try:
        Regex.parse(pattern)
    except ExpressionError as error:
        raise Wrong(f"MATCHES {pattern!r}: {error.mistakes[0].message}", error.mistakes[0].accepted, error.mistakes[0].hint) from None
