"""Conditions of a recipe or a filter as SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tilth.aws.conversion.made import NotConverted
from tilth.aws.conversion.parameters import as_number
from tilth.engine.user_sql.writing import identifier, string_literal

COMPARISONS = {
    "LESS_THAN": "{x} < {v}",
    "LESS_THAN_EQUAL": "{x} <= {v}",
    "GREATER_THAN": "{x} > {v}",
    "GREATER_THAN_EQUAL": "{x} >= {v}",
    "CONTAINS": "length(replace({x}, {s}, '')) < length({x})",
    "NOT_CONTAINS": "length(replace({x}, {s}, '')) = length({x})",
    "STARTS_WITH": "left({x}, {n}) = {s}",
    "NOT_STARTS_WITH": "left({x}, {n}) <> {s}",
    "ENDS_WITH": "right({x}, {n}) = {s}",
    "NOT_ENDS_WITH": "right({x}, {n}) <> {s}",
    "IS_MISSING": "{x} IS NULL",
    "IS_NOT_MISSING": "{x} IS NOT NULL",
}
"""Condition → SQL of the column x, the value v, and s and n: the value as a string, and its length."""


def literal(value: Any) -> str:
    """A value in a formula: as a number if it is one, for recipes hold every value as a string.

    >>> literal("3.5"), literal("it's"), literal("007")
    ('3.5', "'it\\\\'s'", "'007'")
    """
    text = str(value)
    number = as_number(text)
    zeros = text.lstrip("+-").startswith("0") and text.lstrip("+-")[1:2].isdigit()
    return string_literal(text) if number is None or zeros or isinstance(value, bool) else repr(number)


def condition_sql(conditions: Sequence[Mapping[str, Any]]) -> tuple[str, frozenset[str]]:
    """The SQL of conditions that must all hold, and the columns that it reads."""
    parts = [_one(c) for c in conditions]
    return " AND ".join(f"({p})" if len(parts) > 1 else p for p in parts), frozenset(str(c["TargetColumn"]) for c in conditions)


def _one(given: Mapping[str, Any]) -> str:
    name, column, value = given.get("Condition"), given.get("TargetColumn"), given.get("Value")
    if not isinstance(name, str) or not isinstance(column, str) or not column:
        raise NotConverted("it has a condition without a name or a column")
    x = identifier(column)
    if name in ("IS", "IS_NOT"):
        values = _values(value)
        sql = f"{x} IN ({', '.join(literal(v) for v in values)})" if len(values) > 1 else f"{x} = {literal(values[0])}"
        return sql if name == "IS" else f"NOT ({sql})"
    if name == "IS_BETWEEN":
        bounds = _object(value)
        low, high = bounds.get("GREATER_THAN_EQUAL"), bounds.get("LESS_THAN_EQUAL")
        if low is None or high is None:
            raise NotConverted("its condition IS_BETWEEN does not have two bounds")
        return f"{x} >= {literal(low)} AND {x} <= {literal(high)}"
    if name not in COMPARISONS:
        raise NotConverted(f"its condition {name[:40]} has no counterpart")
    text = "" if value is None else str(value)
    return COMPARISONS[name].format(x=x, v=literal(text), s=string_literal(text), n=len(text))


def _values(value: Any) -> list[Any]:
    """The values that a column is compared with: the JSON of a list, a list, or one."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise NotConverted("the value of its condition is not JSON") from None
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(v, str | int | float) for v in values):
        raise NotConverted("its condition has no value to compare with")
    return values


def _object(value: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, Mapping):
        raise NotConverted("the value of its condition is not a JSON object")
    return found
