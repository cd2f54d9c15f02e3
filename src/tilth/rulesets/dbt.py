"""Tests of dbt in a `schema.yml`: its own four, and the commonest of dbt_utils and dbt_expectations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import identifier, rule_string
from tilth.rulesets.check import Check, Converter, list_in, mapping_in, mappings_in, named
from tilth.rulesets.expectations import columns, notes_of, rules_of
from tilth.rulesets.soda import fresh
from tilth.rulesets.writing import Arguments, Unsupported, column_name, limits, members, number, present, reference

RESOURCES = ("models", "seeds", "snapshots", "sources")
TESTS = ("tests", "data_tests")
EXPECTATIONS = "dbt_expectations."
OTHERWISE = {  # there and in Great Expectations
    "expect_multicolumn_sum_to_equal": "it compares sums over all rows there, and no rule says this"
}
PAIRS = {  # pairs of values that are both present
    "expect_column_pair_values_to_be_equal": lambda a: "=",
    "expect_column_pair_values_A_to_be_greater_than_B": lambda a: ">=" if a.take("or_equal", False) else ">",
}
PERIODS = {"minute": ("minutes", 1), "hour": ("hours", 1), "day": ("days", 1), "week": ("days", 7)}
REFERENCE = re.compile(r"(?:ref|source)\(\s*(?:['\"]\w+['\"]\s*,\s*)?['\"](\w+)['\"]\s*\)")
SILENT = ("name", "description", "config", "tags", "meta", "severity", "where")  # of a test that are not its arguments
CHANGING = ("error_if", "fail_calc", "limit")  # settings that change the verdict


def _recognises(given: Any) -> bool:
    return isinstance(given, dict) and any(isinstance(given.get(key), list) for key in RESOURCES)


def _checks(given: Any) -> Iterator[Check]:
    for name, table in _tables(given):
        yield from (_check(name, "", test) for test in _tests(table))
        for column in mappings_in(table.get("columns")):
            yield from (_check(name, str(column.get("name")), test) for test in _tests(column))


def _tables(given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each model, seed, snapshot and table of a source, by its name; of a source by both names, if another one has the table's."""
    own = [resource for key in RESOURCES if key != "sources" for resource in mappings_in(given.get(key))]
    of_sources = [(source, table) for source in mappings_in(given.get("sources")) for table in mappings_in(source.get("tables"))]
    names = Counter(str(table.get("name")) for table in (*own, *(table for _, table in of_sources)))
    yield from ((str(table.get("name")), table) for table in own)
    for source, table in of_sources:
        name = str(table.get("name"))
        yield name if names[name] == 1 else f"{source.get('name')}.{name}", table


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
        raise Unsupported("no rule is known for this test")
    a = Arguments(given, scope)
    rules = OWN[name](a)
    a.finish()
    return rules


def _expected(name: str, given: dict[str, Any], scope: str) -> list[str]:
    """The same of dbt_expectations, in its arguments."""
    if name in OTHERWISE:
        raise Unsupported(OTHERWISE[name])
    given = {k: v for k, v in given.items() if k not in ("quote_values", "is_raw")}
    strictly = given.pop("strictly", False)
    if strictly:
        given |= {"strict_min": True, "strict_max": True}
    condition = given.pop("row_condition", None)
    given = {EXPECTED.get(k, k): v for k, v in given.items()}
    if name not in COUNTED:
        return rules_of(name, given, scope, condition or "")
    a = Arguments(given, scope, condition or "")
    rules = COUNTED[name](a)
    a.finish()
    return rules


def _pair(operator: Callable[[Arguments], str], a: Arguments) -> list[str]:
    one, other = a.column("column_A"), a.column("column_B")
    return [f"RowCount = 0{a.where(f'not ({identifier(one)} {operator(a)} {identifier(other)})')}"]


def _recent(name: str, a: Arguments) -> list[str]:
    """The newest row is at most so old."""
    column, unit, count = a.column(name), a.need("datepart"), a.need("interval")
    if unit not in PERIODS or not isinstance(count, int):
        raise Unsupported(f"no rule says an age of {count} {unit}s")
    word, size = PERIODS[unit]
    return fresh(a, [column], "<=", count * size, word)


def _as_many(a: Arguments) -> list[str]:
    return [f"RowCountMatch {rule_string(_table(a.need('compare_model')))} = 1.0"]


def _table(to: Any) -> str:
    """The table that a ref or a source names."""
    found = REFERENCE.search(to) if isinstance(to, str) else None
    if not found:
        raise Unsupported(f"{to!r} is not a ref or a source")
    return found.group(1)


def _accepted(a: Arguments) -> list[str]:
    column, _ = a.column(), a.take("quote")
    return [f"ColumnValues {rule_string(column)} in {members(a.need('values'))}{a.where(present(column))}"]


def _relationships(a: Arguments) -> list[str]:
    return [reference([a.column()], _table(a.need("to")), [column_name(a.need("field"))])]


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
    "dbt_utils.at_least_one": lambda a: [f"Completeness {rule_string(a.column())} > 0{a.where()}"],
    "dbt_utils.equal_rowcount": _as_many,
    "dbt_utils.expression_is_true": _expression,
    "dbt_utils.not_accepted_values": lambda a: [_not_accepted(a)],
    "dbt_utils.not_constant": lambda a: [f"DistinctValuesCount {rule_string(a.column())} > 1{a.where()}"],
    "dbt_utils.not_empty_string": lambda a: [f"ColumnValues {rule_string(a.column())} not in [EMPTY,WHITESPACES_ONLY]{a.where()}"],
    "dbt_utils.not_null_proportion": lambda a: [f"Completeness {rule_string(a.column())} >= {number(a.need('at_least'))}{a.where()}"],
    "dbt_utils.recency": partial(_recent, "field"),
    "dbt_utils.unique_combination_of_columns": lambda a: [
        f"IsUnique {' '.join(map(rule_string, a.columns('combination_of_columns')))}{a.where()}"
    ],
}


def _not_accepted(a: Arguments) -> str:
    column = a.column()
    return f"ColumnValues {rule_string(column)} not in {members(a.need('values'))}{a.where(present(column))}"


EXPECTED = {"column_type": "type_", "column_type_list": "type_list"}
"""Arguments of dbt_expectations → their names in Great Expectations."""

COUNTED: dict[str, Callable[[Arguments], list[str]]] = {
    **{name: partial(_pair, operator) for name, operator in PAIRS.items()},
    **{
        f"expect_column_distinct_count_to_{words}": partial(
            lambda sign, a: [f"DistinctValuesCount {rule_string(a.column())} {sign} {number(a.need('value'))}{a.where()}"], sign
        )
        for words, sign in (("equal", "="), ("be_greater_than", ">"), ("be_less_than", "<"))
    },
    "expect_row_values_to_have_recent_data": partial(_recent, "column"),
    "expect_table_columns_to_contain_set": partial(columns, exact=False),
    "expect_table_row_count_to_equal_other_table": _as_many,
}
"""Tests of dbt_expectations that Great Expectations does not have, or has with another meaning."""

CONVERTER = Converter("tests of dbt", "test", _recognises, _checks, r"\{[{%].*?[%}]\}")
