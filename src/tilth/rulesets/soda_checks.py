"""Checks in Soda's checks language: `checks for TABLE:`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import rule_string
from tilth.rulesets.check import Check, Converter, list_in, mapping_in, named
from tilth.rulesets.soda import VARIABLE, compared, fresh
from tilth.rulesets.writing import Arguments, Unsupported, aggregate, column_name, custom_sql, items, no_row, number, query_over, reference

TABLE = re.compile(r"checks for (?P<table>\S+)(?: \[(?P<part>.+)\])?")
EACH = re.compile(r"for each (?:dataset|table) \w+")
CHECK = re.compile(r"(?P<metric>\w+)\s*(?:\((?P<columns>[^)]*)\))?\s*(?P<limit>(?:=|!|<|>|not |between ).*)?")
COMPARED = re.compile(r"(=|!=|<>|<=|>=|<|>)\s*(-?[0-9.]+)\s*%?")
RANGE = re.compile(r"between\s+(-?[0-9.]+)\s*%?\s+and\s+(-?[0-9.]+)\s*%?")
AGE = re.compile(r"(<=?)\s*([0-9]+)([dhm])")
EXISTS = re.compile(r"values in \((?P<columns>[^)]+)\) must exist in (?P<table>\w+) \((?P<others>[^)]+)\)")
SAME = re.compile(r"row_count same as (\w+)")
FRESH = re.compile(r"^freshness using (\S+)(?= <)")  # as it was written before version 3.0.0
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
NOT = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
SILENT = ("name", "attributes", "identity", "samples_limit", "samples_columns")  # say nothing of the data


def _recognises(given: Any) -> bool:
    return isinstance(given, dict) and any(isinstance(key, str) and (TABLE.fullmatch(key) or EACH.fullmatch(key)) for key in given)


def _checks(given: Mapping[str, Any]) -> Iterator[Check]:
    found = {key: about for key in given if (about := TABLE.fullmatch(str(key)))}
    for key, about in found.items():
        table, part = about.group("table", "part")
        filters = given.get(f"filter {table} [{part}]")
        scope = filters.get("where") if isinstance(filters, dict) else None
        lost = "its part of the table is not in the file" if part and not scope else ""
        yield from _of_table(table, table, given[key], scope or "", lost)
    tables = dict.fromkeys(about["table"] for about in found.values())
    for key, each in given.items():
        if EACH.fullmatch(str(key)):
            for table in _tables(list_in(mapping_in(each).get("datasets", mapping_in(each).get("tables"))), tables):
                yield from _of_table(table, f"{table}, {key}", mapping_in(each).get("checks"))


def _of_table(table: str, place: str, checks: Any, scope: str = "", lost: str = "") -> Iterator[Check]:
    for i, (text, config) in enumerate(map(named, list_in(checks))):
        settings = {k.replace(" ", "_"): v for k, v in config.items()}
        notes = ("a check that warns there fails here",) if "warn" in settings and "fail" not in settings else ()
        yield Check(f"{place}, check {i + 1}, {text}", partial(_rules, text, settings, table, scope, lost), table, notes)


def _tables(patterns: list[Any], known: Iterable[str]) -> list[str]:
    """The tables that `for each` selects, by patterns with `%` or by name."""
    meant: dict[str, None] = {}
    for pattern in map(str, patterns):
        excluded, name = pattern.startswith("exclude "), pattern.removeprefix("exclude ").removeprefix("include ").strip()
        like = re.compile(re.escape(name).replace("%", ".*"))
        for table in [*known, *([] if "%" in name else [name])]:
            if like.fullmatch(table):
                meant |= {} if excluded else {table: None}
                if excluded:
                    meant.pop(table, None)
    return [*meant]


def _rules(text: str, config: dict[str, Any], table: str, scope: str, lost: str) -> list[str]:
    if lost:
        raise Unsupported(lost)
    own = config.pop("filter", None)
    a = Arguments({k: v for k, v in config.items() if k not in SILENT}, scope, own)
    if text == "schema":
        return _schema(a)
    if text == "failed rows":
        return _failed_rows(a, table)
    if exists := EXISTS.fullmatch(text):
        return _of_rules(a, [reference(_names(exists["columns"]), exists["table"], _names(exists["others"]))])
    if same := SAME.fullmatch(text):
        return _of_rules(a, [f"RowCountMatch {rule_string(same[1])} = 1.0"])
    if text.startswith(("anomaly ", "change ")):
        raise Unsupported("it depends on Soda's history and model: see DetectAnomalies and last() in rules")
    check = CHECK.fullmatch(FRESH.sub(r"freshness(\1)", text))
    if not check:
        raise Unsupported("no rule says this")
    columns = _names(check["columns"])
    if check["metric"] == "freshness":
        return _fresh(a, columns, check["limit"] or "")
    limit = _limit(check["limit"]) if check["limit"] else _alert(a)
    if (value := a.take(f"{check['metric']}_expression")) and not columns:
        return _of_rules(a, aggregate(a, str(value), limit))
    if (query := a.take(f"{check['metric']}_query")) and not columns:
        return _of_rules(a, [custom_sql(query_over(query, table), c) for c in limit])
    return compared(check["metric"], a, columns, limit)


def _of_rules(a: Arguments, rules: list[str]) -> list[str]:
    """The rules, if they say all that the check does."""
    a.finish()
    return rules


def _names(text: str | None) -> list[str]:
    return [column_name(name.strip().strip('"`')) for name in text.split(",")] if text else []


def _fresh(a: Arguments, columns: list[str], limit: str) -> list[str]:
    age = AGE.fullmatch(limit)
    if not age:
        raise Unsupported("no rule says this age")
    return _of_rules(a, fresh(a, columns, age[1], int(age[2]), UNITS[age[3]]))


def _limit(text: str) -> list[str]:
    """The condition on a value; Soda's `between` includes its bounds."""
    if one := COMPARED.fullmatch(text.strip()):
        return [f"{one[1].replace('<>', '!=')} {_number(one[2])}"]
    if both := RANGE.fullmatch(text.strip()):
        return [f">= {_number(both[1])}", f"<= {_number(both[2])}"]
    raise Unsupported(f"no rule says {text.strip()!r}")


def _number(text: str) -> str:
    try:
        return number(float(text))
    except ValueError:
        raise Unsupported(f"{text} is not a number") from None


def _alert(a: Arguments) -> list[str]:
    """The opposite of when a check fails, or, if it does not, warns."""
    fail, warn = a.take("fail"), a.take("warn")
    text = str(fail or warn or "").removeprefix("when ")
    limit = _limit(text) if text else []
    if len(limit) != 1:
        raise Unsupported("it does not say one limit at which it fails")
    operator, value = limit[0].split()
    return [f"{NOT[operator]} {value}"]


def _schema(a: Arguments) -> list[str]:
    alert = a.take("fail") or a.take("warn")
    s = Arguments(alert if isinstance(alert, dict) else {})
    rules = [f"ColumnExists {rule_string(column_name(c))}" for c in items(s.need("when required column missing"))]
    s.finish()
    return _of_rules(a, rules)


def _failed_rows(a: Arguments, table: str) -> list[str]:
    query = a.take("fail_query")
    return _of_rules(a, [no_row(query, table)] if query else [f"RowCount = 0{a.where(a.need('fail_condition'))}"])


CONVERTER = Converter("checks of Soda", "check", _recognises, _checks, VARIABLE)
