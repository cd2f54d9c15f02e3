"""The pieces of rules that converters write: numbers, lists, conditions, and the arguments that a check was given."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tilth.engine.user_sql.writing import fits_rule, identifier, literal, over_primary, rule_sql, rule_string
from tilth.errors import ExpressionError
from tilth.regex.parser import Parser

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ANY = "(?s:.*)"  # any characters, line breaks included


class Unsupported(Exception):
    """A check has no rule that says the same; says why."""


class Arguments:
    """The arguments of a check. Each is taken once; `finish` rejects arguments that were not taken, because they would be lost.

    `scopes` are SQL conditions for the rows to check; empty ones are ignored.
    """

    def __init__(self, given: Mapping[str, Any], *scopes: str) -> None:
        self._left = {name: value for name, value in given.items() if value is not None}
        self._scopes = [scope for scope in scopes if scope]
        self._scoped = not self._scopes

    def take(self, name: str, default: Any = None) -> Any:
        """An argument, or the default."""
        return self._left.pop(name, default)

    def need(self, name: str) -> Any:
        """An argument without which the check says nothing."""
        if name not in self._left:
            raise Unsupported(f"it has no {name}")
        return self._left.pop(name)

    def column(self, name: str = "column") -> str:
        """The name of a column."""
        return column_name(self.need(name))

    def columns(self, name: str) -> list[str]:
        """The names of columns, at least one."""
        return [column_name(c) for c in items(self.need(name))]

    def filter(self, *conditions: str) -> str:
        """The SQL of ` where` and all conditions, that on rows included."""
        self._scoped = True
        if not all(isinstance(scope, str) for scope in self._scopes):
            raise Unsupported("its condition on rows is not a string")
        several = [*self._scopes, *filter(None, conditions)]
        if len(several) > 1:
            several = [f"({c})" if c in self._scopes or " or " in c else c for c in several]
        return f" where {' and '.join(several)}" if several else ""

    def where(self, *conditions: str) -> str:
        """The same as the clause of a rule."""
        text = self.filter(*conditions).removeprefix(" where ")
        return f" where {rule_sql(text)}" if text else ""

    def finish(self) -> None:
        """Errors: `Unsupported` for an argument or a condition on rows that no rule says."""
        if self._left:
            raise Unsupported(f"the argument {next(iter(self._left))} has no counterpart")
        if not self._scoped:
            raise Unsupported("its rule cannot be for some rows only")


def column_name(value: Any) -> str:
    """The name of a column that can be written in a rule."""
    if not isinstance(value, str) or not value or not fits_rule(value):
        raise Unsupported(f"{value!r} is not the name of a column that a rule can have")
    return value


def items(value: Any) -> list[Any]:
    """A list that is not empty."""
    if not isinstance(value, list) or not value:
        raise Unsupported(f"{value!r} is not a list of values")
    return value


def present(column: str) -> str:
    """The condition that a column has a value."""
    return f"{identifier(column)} is not null"


def number(value: Any) -> str:
    """A number as rules have it, without an exponent.

    >>> number(3), number(1e-7), number(2.50)
    ('3', '0.0000001', '2.5')
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unsupported(f"{value!r} is not a number")
    return f"{Decimal(repr(value)).normalize():f}"


def operand(value: Any) -> str:
    """A number, or a day in quotes."""
    if isinstance(value, str) and DAY.fullmatch(value):
        return f'"{value}"'
    if isinstance(value, str):
        raise Unsupported(f"{value!r} is neither a number nor a day")
    return number(value)


def members(values: Any) -> str:
    """A list of numbers, or one of strings, without its nulls.

    >>> print(members([1, 2.5]), members(["a", None]), members([True]))
    [1,2.5] ["a"] ["true"]
    """
    known = [v for v in items(values) if v is not None]
    if known and all(isinstance(v, bool) for v in known):
        return f"[{','.join(rule_string(str(v).lower()) for v in known)}]"
    if known and all(isinstance(v, str) and fits_rule(v) for v in known):
        return f"[{','.join(map(rule_string, known))}]"
    if not known or any(isinstance(v, str) for v in known):
        raise Unsupported("its values are not all numbers, or all strings that a rule can have")
    return f"[{','.join(map(number, known))}]"


def sql_members(values: Any) -> str:
    """The same in SQL."""
    members(values)
    return f"({', '.join(literal(v) for v in values if v is not None)})"


def limits(low: Any, high: Any, without_low: bool = False, without_high: bool = False) -> list[str]:
    """The conditions for a value from `low` to `high`, one of which may be None. Bounds are inclusive unless stated otherwise.

    >>> limits(1, 5), limits(1, 5, True, True), limits(None, "2024-12-31"), limits(2, 2)
    (['>= 1', '<= 5'], ['between 1 and 5'], ['<= "2024-12-31"'], ['= 2'])
    """
    if low is None and high is None:
        raise Unsupported("it has no bound")
    if low == high and not (without_low or without_high):
        return [f"= {operand(low)}"]
    if low is not None and high is not None and without_low and without_high:
        return [f"between {operand(low)} and {operand(high)}"]
    lower = [] if low is None else [f"{'>' if without_low else '>='} {operand(low)}"]
    return lower + ([] if high is None else [f"{'<' if without_high else '<='} {operand(high)}"])


def whole_limits(low: Any, high: Any) -> str:
    """The condition of an integer from `low` to `high`, both included: one, as `between` excludes its bounds.

    >>> whole_limits(1, 5), whole_limits(None, 5), whole_limits(3, 3)
    ('between 0 and 6', '<= 5', '= 3')
    """
    if all(isinstance(v, int) and not isinstance(v, bool) for v in (low, high)) and low < high:
        return f"between {low - 1} and {high + 1}"
    conditions = limits(low, high)
    if len(conditions) > 1:
        raise Unsupported(f"{low!r} and {high!r} are not the bounds of an integer")
    return conditions[0]


def sql_condition(value: str, condition: str) -> str:
    """A condition of `limits` on a value, in SQL.

    >>> sql_condition("a", ">= 1"), sql_condition("a", 'between 1 and 5')
    ('a >= 1', 'a > 1 and a < 5')
    """
    condition = condition.replace('"', "'")
    if condition.startswith("between"):
        low, high = condition.removeprefix("between ").split(" and ")
        return f"{value} > {low} and {value} < {high}"
    return f"{value} {condition}"


def found(pattern: Any) -> str:
    """The pattern that matches whole strings which contain a pattern anywhere.

    >>> found("^a+$"), found("b"), found("a|b")
    ('a+', '(?s:.*)b(?s:.*)', '(?s:.*)(?:a|b)(?s:.*)')
    """
    if not isinstance(pattern, str) or not fits_rule(pattern):
        raise Unsupported(f"{pattern!r} is not a pattern that a rule can have")
    if Parser(pattern).is_alternation:
        return f"{ANY}(?:{pattern}){ANY}"
    begins, ends = pattern.startswith("^"), bool(re.search(r"(?<!\\)(?:\\\\)*\$\Z", pattern))
    return f"{'' if begins else ANY}{pattern[begins : len(pattern) - ends]}{'' if ends else ANY}"


def threshold(share: Any) -> str:
    """The clause of a share of rows that is enough, empty for all rows."""
    return "" if share == 1 else f" with threshold >= {number(share)}"


def rows_meet(a: Arguments, condition: str, scope: str, share: Any = 1) -> list[str]:
    """The rule that all rows in a scope, or a share of them, meet an SQL condition. Null does not meet it."""
    if share == 1:
        return [f"RowCount = 0{a.where(scope, f'not coalesce({condition}, false)')}"]
    met = f"coalesce(avg(case when {condition} then 1.0 else 0.0 end), 1.0)"
    return [custom_sql(f"select {met} from primary{a.filter(scope)}", f">= {number(share)}")]


def custom_sql(query: str, condition: str) -> str:
    """A rule on the number that a query gives."""
    return f"CustomSql {rule_sql(query)} {condition}"


def query_over(query: Any, table: str) -> str:
    """A query over a table by its name, as one over `primary`."""
    try:
        return over_primary(str(query), table)
    except ExpressionError as error:
        raise Unsupported(error.mistakes[0].message) from error


def no_row(query: Any, table: str) -> str:
    """The rule that a query over a table gives no row."""
    return custom_sql(f"select count(*) from ({query_over(query, table)})", "= 0")


def aggregate(a: Arguments, value: str, conditions: Sequence[str]) -> list[str]:
    """Rules on an aggregate in SQL."""
    return [custom_sql(f"select {value} from primary{a.filter()}", c) for c in conditions]


def reference(columns: Sequence[str], table: str, others: Sequence[str]) -> str:
    """The rule that values of columns occur in another table. Rows with a null are ignored."""
    joined = " and ".join(f"p.{identifier(c)} = r.{identifier(o)}" for c, o in zip(columns, others, strict=True))
    known = " and ".join(f"p.{identifier(c)} is not null" for c in columns)
    query = (
        f"select count(*) from primary p left join {identifier(table)} r on {joined} where {known} and r.{identifier(others[0])} is null"
    )
    return custom_sql(query, "= 0")
