"""Contracts of Soda: `dataset:`, with checks of its columns and of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import rule_string
from tilth.rulesets.check import Check, Converter, list_in, mappings_in, named
from tilth.rulesets.soda import MISSING, VALID, VARIABLE, compared, fresh
from tilth.rulesets.writing import Arguments, Unsupported, column_name, number

MUST = {
    "must_be": "=",
    "must_not_be": "!=",
    "must_be_greater_than": ">",
    "must_be_greater_than_or_equal": ">=",
    "must_be_less_than": "<",
    "must_be_less_than_or_equal": "<=",
}
COUNTED = ("missing", "invalid", "duplicate")
SILENT = ("name", "attributes", "qualifier")  # say nothing of the data
WITHIN = "must_be_between"


def _recognises(given: Any) -> bool:
    return isinstance(given, dict) and isinstance(given.get("dataset"), str) and bool({"columns", "checks"} & {*given})


def _checks(given: Mapping[str, Any]) -> Iterator[Check]:
    columns = mappings_in(given.get("columns"))
    for check in list_in(given.get("checks")):
        yield _check("", check, columns, {}, given)
    for column in columns:
        settings = {k: column[k] for k in (*MISSING, *VALID) if k in column}
        for check in list_in(column.get("checks")):
            yield _check(str(column.get("name")), check, columns, settings, given)


def _check(column: str, check: Any, columns: list[Any], settings: Mapping[str, Any], given: Mapping[str, Any]) -> Check:
    name, config = named(check)
    usual = {k: v for k, v in settings.items() if name == "invalid" or (name == "missing" and k in MISSING)}
    scopes = given.get("filter"), config.get("filter")
    source = f"{column or 'the table'}, {name}"
    own = {k: v for k, v in config.items() if k not in (*SILENT, "filter")}
    notes = ("types and order of columns are not checked",) if name == "schema" else ()
    return Check(source, partial(_rules, name, [column] if column else [], {**usual, **own}, scopes, columns), notes=notes)


def _rules(name: str, columns: list[str], config: dict[str, Any], scopes: tuple[Any, ...], all_columns: list[Any]) -> list[str]:
    if name == "schema":
        return _schema(Arguments(config), all_columns)
    given = config.pop("threshold", None) or {}
    threshold = Arguments(given if isinstance(given, dict) else {})
    a = Arguments(config, *scopes)
    columns = columns or a.take("columns") or []
    if name == "freshness":
        rules = _fresh(a, threshold)
    elif name in COUNTED:
        metric = f"{name}_{threshold.take('metric', 'count')}"
        rules = compared(metric, a, list(map(column_name, columns)), _limit(threshold, "= 0"))
    elif name == "aggregate":
        rules = compared(str(a.need("function")), a, list(map(column_name, columns)), _limit(threshold))
    elif name == "row_count":
        rules = compared(name, a, [], _limit(threshold, "> 0"))
    else:
        raise Unsupported("no rule says this")
    threshold.finish()
    return rules


def _limit(threshold: Arguments, usual: str = "") -> list[str]:
    """The condition on a value."""
    found = [(operator, threshold.take(key)) for key, operator in MUST.items()]
    within = threshold.take(WITHIN)
    if isinstance(within, dict):
        inner = Arguments(within)
        found += [(operator, inner.take(key.removeprefix("must_be_"))) for key, operator in MUST.items()]
        inner.finish()
    limit = [f"{operator} {number(value)}" for operator, value in found if value is not None]
    if not limit and not usual:
        raise Unsupported("it has no threshold")
    return limit or [usual]


def _fresh(a: Arguments, threshold: Arguments) -> list[str]:
    column, unit = a.column(), threshold.take("unit", "hour")
    limit = _limit(threshold)
    operator, value = limit[0].split()
    if len(limit) != 1 or unit not in ("day", "hour", "minute") or not value.isdecimal():
        raise Unsupported("no rule says this age")
    rules = fresh(a, [column], operator, int(value), f"{unit}s")
    a.finish()
    return rules


def _schema(a: Arguments, columns: list[Any]) -> list[str]:
    more = a.take("allow_extra_columns", False)
    a.take("allow_other_column_order")
    a.finish()
    names = [column_name(c.get("name")) for c in columns]
    if not names:
        raise Unsupported("it has no columns")
    return [f"ColumnExists {rule_string(name)}" for name in names] + ([] if more else [f"ColumnCount = {len(names)}"])


CONVERTER = Converter("a contract of Soda", "check", _recognises, _checks, VARIABLE)
