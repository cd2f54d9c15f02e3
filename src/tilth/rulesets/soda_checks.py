"""Checks in Soda's checks language: `checks for TABLE:`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import rule_string
from tilth.rulesets.check import Check, Converter, list_in, named
from tilth.rulesets.soda import compared, fresh
from tilth.rulesets.writing import Arguments, Unsupported, column_name, items, number, reference

TABLE = re.compile(r"checks for (?P<table>\S+)(?: \[(?P<part>.+)\])?")
CHECK = re.compile(r"(?P<metric>\w+)\s*(?:\((?P<columns>[^)]*)\))?\s*(?P<limit>(?:=|!|<|>|not |between ).*)?")
COMPARED = re.compile(r"(=|!=|<>|<=|>=|<|>)\s*(-?[0-9.]+)\s*%?")
RANGE = re.compile(r"between\s+(-?[0-9.]+)\s*%?\s+and\s+(-?[0-9.]+)\s*%?")
AGE = re.compile(r"(<=?)\s*([0-9]+)([dhm])")
EXISTS = re.compile(r"values in \((?P<columns>[^)]+)\) must exist in (?P<table>\w+) \((?P<others>[^)]+)\)")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
NOT = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
SILENT = ("name", "attributes", "identity", "samples_limit", "samples_columns")  # say nothing of the data


def _recognises(given: Any) -> bool:
    return isinstance(given, dict) and any(isinstance(key, str) and TABLE.fullmatch(key) for key in given)


def _checks(given: Mapping[str, Any]) -> Iterator[Check]:
    for key, checks in given.items():
        about = TABLE.fullmatch(key)
        if not about:
            continue
        table, part = about.group("table", "part")
        filters = given.get(f"filter {table} [{part}]")
        scope = filters.get("where") if isinstance(filters, dict) else None
        for i, (text, config) in enumerate(map(named, list_in(checks))):
            settings = {k.replace(" ", "_"): v for k, v in config.items()}
            lost = "its part of the table is not in the file" if part and not scope else ""
            notes = ("a check that warns there fails here",) if "warn" in settings and "fail" not in settings else ()
            yield Check(f"{table}, check {i + 1}, {text}", partial(_rules, text, settings, scope or "", lost), table, notes)


def _rules(text: str, config: dict[str, Any], scope: str, lost: str) -> list[str]:
    if lost:
        raise Unsupported(lost)
    own = config.pop("filter", None)
    a = Arguments({k: v for k, v in config.items() if k not in SILENT}, scope, own)
    if text == "schema":
        return _schema(a)
    if text == "failed rows":
        return _failed_rows(a)
    if exists := EXISTS.fullmatch(text):
        rules = [reference(_names(exists["columns"]), exists["table"], _names(exists["others"]))]
        a.finish()
        return rules
    check = CHECK.fullmatch(text)
    if not check:
        raise Unsupported("no rule says this")
    columns = _names(check["columns"])
    if check["metric"] == "freshness":
        return _fresh(a, columns, check["limit"] or "")
    limit = _limit(check["limit"]) if check["limit"] else _alert(a)
    return compared(check["metric"], a, columns, limit)


def _names(text: str | None) -> list[str]:
    return [column_name(name.strip()) for name in text.split(",")] if text else []


def _fresh(a: Arguments, columns: list[str], limit: str) -> list[str]:
    age = AGE.fullmatch(limit)
    if not age:
        raise Unsupported("no rule says this age")
    rules = fresh(a, columns, age[1], int(age[2]), UNITS[age[3]])
    a.finish()
    return rules


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
    a.finish()
    s.finish()
    return rules


def _failed_rows(a: Arguments) -> list[str]:
    rules = [f"RowCount = 0{a.where(a.need('fail_condition'))}"]
    a.finish()
    return rules


CONVERTER = Converter("checks of Soda", "check", _recognises, _checks)
