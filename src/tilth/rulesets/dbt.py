"""Tests of dbt in a `schema.yml`: its own four, and the commonest of dbt_utils and dbt_expectations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import identifier, rule_string
from tilth.rulesets.check import Check, Converter, list_in, mapping_in, mappings_in, named
from tilth.rulesets.expectations import notes_of, rules_of
from tilth.rulesets.writing import Arguments, Unsupported, column_name, limits, members, number, present, reference

RESOURCES = ("models", "seeds", "snapshots", "sources")
TESTS = ("tests", "data_tests")
EXPECTATIONS = "dbt_expectations."
OTHERWISE = ("expect_column_pair_values_to_be_equal", "expect_multicolumn_sum_to_equal")  # there and in Great Expectations
REFERENCE = re.compile(r"(?:ref|source)\(\s*(?:['\"]\w+['\"]\s*,\s*)?['\"](\w+)['\"]\s*\)")
SILENT = ("name", "description", "config", "tags", "meta", "severity", "where")  # of a test that are not its arguments
CHANGING = ("error_if", "fail_calc", "limit")  # settings that change the verdict


def _recognises(given: Any) -> bool:
    return isinstance(given, dict) and any(isinstance(given.get(key), list) for key in RESOURCES)


def _checks(given: Any) -> Iterator[Check]:
    for table in _tables(given):
        name = str(table.get("name"))
        yield from (_check(name, "", test) for test in _tests(table))
        for column in mappings_in(table.get("columns")):
            yield from (_check(name, str(column.get("name")), test) for test in _tests(column))


def _tables(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in RESOURCES:
        for resource in mappings_in(given.get(key)):
            yield from mappings_in(resource.get("tables")) if key == "sources" else [resource]


def _tests(given: Mapping[str, Any]) -> list[Any]:
    return [test for key in TESTS for test in list_in(given.get(key))]


def _check(table: str, column: str, test: Any) -> Check:
    name, given = named(test)
    config = {**{k: given[k] for k in ("severity", "where", *CHANGING) if k in given}, **mapping_in(given.get("config"))}
    arguments = {k: v for k, v in given.items() if k not in (*SILENT, *CHANGING, "arguments")} | mapping_in(given.get("arguments"))
    warns = ("it only warns there",) if str(config.get("severity", "")).lower() == "warn" else ()
    notes = (*warns, *notes_of(name.removeprefix(EXPECTATIONS)))
    return Check(f"{table}{f'.{column}' if column else ''}, {name}", partial(_rules, name, column, arguments, config), table, notes)


def _rules(name: str, column: str, given: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    changing = next((k for k in CHANGING if k in config), None)
    if changing:
        raise Unsupported(f"its setting {changing} changes the verdict")
    given = {**({"column": column} if column else {}), **given}
    scope = config.get("where") or ""
    if name.startswith(EXPECTATIONS):
        return _expected(name.removeprefix(EXPECTATIONS), given, scope)
    if name not in OWN:
        raise Unsupported("it is a test of its own")
    a = Arguments(given, scope)
    rules = OWN[name](a)
    a.finish()
    return rules


def _expected(name: str, given: dict[str, Any], scope: str) -> list[str]:
    """The same of dbt_expectations, in its arguments."""
    if name in OTHERWISE:
        raise Unsupported("rows that lack one of the values pass there, and no rule says this")
    given.pop("quote_values", None)
    strictly = given.pop("strictly", False)
    if strictly:
        given |= {"strict_min": True, "strict_max": True}
    condition = given.pop("row_condition", None)
    if "column_type" in given:
        given["type_"] = given.pop("column_type")
    return rules_of(name, given, scope, condition or "")


def _accepted(a: Arguments) -> list[str]:
    column, _ = a.column(), a.take("quote")
    return [f"ColumnValues {rule_string(column)} in {members(a.need('values'))}{a.where(present(column))}"]


def _relationships(a: Arguments) -> list[str]:
    to = a.need("to")
    table = REFERENCE.search(to) if isinstance(to, str) else None
    if not table:
        raise Unsupported(f"{to!r} is not a ref or a source")
    return [reference([a.column()], table.group(1), [column_name(a.need("field"))])]


def _range(a: Arguments) -> list[str]:
    column, without = a.column(), not a.take("inclusive", True)
    conditions = limits(a.take("min_value"), a.take("max_value"), without, without)
    return [f"ColumnValues {rule_string(column)} {c}{a.where(present(column))}" for c in conditions]


def _expression(a: Arguments) -> list[str]:
    column = a.take("column")
    expression = a.need("expression")
    return [f"RowCount = 0{a.where(f'not ({identifier(column_name(column))} {expression})' if column else f'not ({expression})')}"]


OWN: dict[str, Callable[[Arguments], list[str]]] = {
    "not_null": lambda a: [f"IsComplete {rule_string(a.column())}{a.where()}"],
    "unique": lambda a: [f"IsUnique {rule_string(a.column())}{a.where()}"],
    "accepted_values": _accepted,
    "relationships": _relationships,
    "dbt_utils.accepted_range": _range,
    "dbt_utils.expression_is_true": _expression,
    "dbt_utils.not_accepted_values": lambda a: [_not_accepted(a)],
    "dbt_utils.not_constant": lambda a: [f"DistinctValuesCount {rule_string(a.column())} > 1{a.where()}"],
    "dbt_utils.not_empty_string": lambda a: [f"ColumnValues {rule_string(a.column())} not in [EMPTY,WHITESPACES_ONLY]{a.where()}"],
    "dbt_utils.not_null_proportion": lambda a: [f"Completeness {rule_string(a.column())} >= {number(a.need('at_least'))}{a.where()}"],
    "dbt_utils.unique_combination_of_columns": lambda a: [
        f"IsUnique {' '.join(map(rule_string, a.columns('combination_of_columns')))}{a.where()}"
    ],
}


def _not_accepted(a: Arguments) -> str:
    column = a.column()
    return f"ColumnValues {rule_string(column)} not in {members(a.need('values'))}{a.where(present(column))}"


CONVERTER = Converter("tests of dbt", "test", _recognises, _checks)
