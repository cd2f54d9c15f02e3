"""Checks of Soda: the metrics that both of its languages have, and the rules that compare them.

Rows that are missing or invalid are counted by a `where`; a missing row is never invalid. A limit is a list of conditions that all hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import identifier, literal, rule_string
from tilth.rulesets.writing import Arguments, Unsupported, aggregate, custom_sql, number, present, sql_members

FORMATS = {  # patterns of whole values
    "integer": "[-+]?[0-9]+",
    "positive integer": "[+]?[0-9]+",
    "negative integer": "-[0-9]+",
    "decimal": "[-+]?[0-9]*[.]?[0-9]+",
    "email": "[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}",
    "uuid": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "date iso 8601": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
NONE = ["= 0"]
VARIABLE = r"\$\{.*?\}"
LEAST = {"<": ">", "<=": ">="}  # an age is below a limit if the time is after it


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise Unsupported(f"{value!r} is not a pattern")
    return literal(value)


def _format(value: Any) -> str:
    if not isinstance(value, str) or value not in FORMATS:
        raise Unsupported(f"the format {value!r} has no pattern here")
    return literal(f"^{FORMATS[value]}$")


MISSING: dict[str, Callable[[str, Any], str]] = {
    "missing_values": lambda name, value: f"{name} in {sql_members(value)}",
    "missing_regex": lambda name, value: f"{name} rlike {_pattern(value)}",
}
VALID: dict[str, Callable[[str, Any], str]] = {
    "valid_values": lambda name, value: f"{name} in {sql_members(value)}",
    "invalid_values": lambda name, value: f"{name} not in {sql_members(value)}",
    "valid_regex": lambda name, value: f"{name} rlike {_pattern(value)}",
    "invalid_regex": lambda name, value: f"not ({name} rlike {_pattern(value)})",
    "valid_format": lambda name, value: f"{name} rlike {_format(value)}",
    "valid_min": lambda name, value: f"{name} >= {number(value)}",
    "valid_max": lambda name, value: f"{name} <= {number(value)}",
    "valid_length": lambda name, value: f"length({name}) = {number(value)}",
    "valid_min_length": lambda name, value: f"length({name}) >= {number(value)}",
    "valid_max_length": lambda name, value: f"length({name}) <= {number(value)}",
}


def _taken(a: Arguments, column: str, table: dict[str, Callable[[str, Any], str]]) -> list[str]:
    found = ((says, a.take(key)) for key, says in table.items())
    return [says(identifier(column), value) for says, value in found if value is not None]


def _missing(a: Arguments, column: str) -> str:
    return " or ".join([f"{identifier(column)} is null", *_taken(a, column, MISSING)])


def _invalid(a: Arguments, column: str) -> str:
    missing, valid = _taken(a, column, MISSING), _taken(a, column, VALID)
    if not valid:
        raise Unsupported("it does not say what is valid")
    return " and ".join([present(column), *(f"not ({m})" for m in missing), f"not ({' and '.join(valid)})"])


Rows = Callable[[Arguments, str], str]
Metric = Callable[[Arguments, Sequence[str], Sequence[str]], list[str]]


def _one(columns: Sequence[str]) -> str:
    if len(columns) != 1:
        raise Unsupported("it is not about one column")
    return columns[0]


def _row_count(a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    return [f"RowCount {c}{a.where()}" for c in limit]


def _count(rows: Rows, a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    condition = rows(a, _one(columns))
    if condition == f"{identifier(columns[0])} is null" and list(limit) == NONE:
        return [f"IsComplete {rule_string(columns[0])}{a.where()}"]
    return [f"RowCount {c}{a.where(condition)}" for c in limit]


def _percent(rows: Rows, a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    condition = rows(a, _one(columns))
    return aggregate(a, f"coalesce(avg(case when {condition} then 100.0 else 0.0 end), 0.0)", limit)


def _duplicates(a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    if not columns:
        raise Unsupported("it names no column")
    if list(limit) == NONE:
        return [f"IsUnique {' '.join(map(rule_string, columns))}{a.where()}"]
    name = identifier(_one(columns))
    query = f"select {name} from primary{a.filter(present(columns[0]))} group by {name} having count(*) > 1"
    return [custom_sql(f"select count(*) from ({query})", c) for c in limit]


def _duplicate_percent(a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    if list(limit) != NONE:
        raise Unsupported("no rule says this share")
    return _duplicates(a, columns, limit)


def _rule(rule: str, a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    column = rule_string(_one(columns))
    return [f"{rule} {column} {c}{a.where()}" for c in limit]


def _sql(sql: str, a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    return aggregate(a, sql.format(identifier(_one(columns))), limit)


def fresh(a: Arguments, columns: Sequence[str], operator: str, count: int, unit: str) -> list[str]:
    """The rule that the newest row is not too old: one row at least is new enough.

    >>> fresh(Arguments({}), ["at"], "<", 1, "days")
    ['ColumnValues "at" > (now() - 1 days) with threshold > 0.0']
    """
    if operator not in LEAST:
        raise Unsupported("no rule says that the newest row is old")
    return [f"ColumnValues {rule_string(_one(columns))} {LEAST[operator]} (now() - {count} {unit}){a.where()} with threshold > 0.0"]


METRICS: dict[str, Metric] = {
    "row_count": _row_count,
    "missing_count": partial(_count, _missing),
    "missing_percent": partial(_percent, _missing),
    "invalid_count": partial(_count, _invalid),
    "invalid_percent": partial(_percent, _invalid),
    "duplicate_count": _duplicates,
    "duplicate_percent": _duplicate_percent,
    "avg": partial(_rule, "Mean"),
    "sum": partial(_rule, "Sum"),
    "stddev_pop": partial(_rule, "StandardDeviation"),
    "stddev_samp": partial(_sql, "stddev_samp({})"),
    "var_samp": partial(_sql, "var_samp({})"),
    "min": partial(_sql, "min({})"),
    "max": partial(_sql, "max({})"),
    "avg_length": partial(_sql, "avg(length({}))"),
    "min_length": partial(_sql, "min(length({}))"),
    "max_length": partial(_sql, "max(length({}))"),
}


def compared(metric: str, a: Arguments, columns: Sequence[str], limit: Sequence[str]) -> list[str]:
    """The rules that a metric is within a limit. Errors: `Unsupported`."""
    if metric not in METRICS:
        raise Unsupported(f"no rule computes {metric}")
    rules = METRICS[metric](a, columns, limit)
    a.finish()
    return rules
