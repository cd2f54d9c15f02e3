"""Expectations of Great Expectations → rules. dbt_expectations has the same names and arguments.

Where an expectation does not ask nulls, its rules are for the rows with a value. `mostly` is the share of those rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import identifier, literal, rule_sql, rule_string
from tilth.rulesets.writing import (
    Arguments,
    Unsupported,
    aggregate,
    column_name,
    found,
    items,
    limits,
    members,
    no_row,
    number,
    present,
    rows_meet,
    sql_condition,
    sql_members,
    threshold,
    whole_limits,
)

Rules = list[str]
NO_RULE = "no rule says this"
ORDER = "rows have no order"
UNSAID = {  # name without a rule → the reason, if there is a better one than `NO_RULE`
    "expect_column_values_to_be_increasing": ORDER,
    "expect_column_values_to_be_decreasing": ORDER,
    "expect_column_median_to_be_between": "no rule computes a median",
    "expect_column_quantile_values_to_be_between": "no rule computes a quantile",
}
DIFFERS = {  # of the names that have rules: how these may differ
    **dict.fromkeys(
        ("expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"),
        "a value of another type passes if it can be read as one of this type",
    ),
}
SILENT = ("result_format", "catch_exceptions", "include_config", "batch_id", "meta", "auto", "profiler_config")  # say nothing of the data
TYPES = {  # names of types in pandas, Spark and SQL → types of DQDL
    **dict.fromkeys(("int", "int64", "integer", "integertype", "longtype", "bigint", "int32"), "Long"),
    **dict.fromkeys(("float", "float64", "doubletype", "double", "floattype", "double precision", "real"), "Double"),
    **dict.fromkeys(("bool", "boolean", "booleantype"), "Boolean"),
    **dict.fromkeys(("date", "datetype"), "Date"),
    **dict.fromkeys(("timestamp", "timestamptype", "datetime", "datetime64", "datetime64[ns]", "timestamptz"), "Timestamp"),
}


def notes_of(name: str) -> tuple[str, ...]:
    """How the rules of an expectation may differ from it."""
    return (DIFFERS[name],) if name in DIFFERS else ()


def rules_of(name: str, given: Mapping[str, Any], *scopes: str) -> Rules:
    """The rules of an expectation, for the rows of some SQL conditions. Errors: `Unsupported`.

    >>> rules_of("expect_column_values_to_be_in_set", {"column": "sex", "value_set": ["f", "m"], "mostly": 0.9})
    ['ColumnValues "sex" in ["f","m"] where "sex is not null" with threshold >= 0.9']
    """
    known = EXPECTATIONS.get(name.lower())  # some had capitals
    if known is None:
        raise Unsupported(UNSAID.get(name, NO_RULE))
    a = Arguments({k: v for k, v in given.items() if k not in SILENT}, *scopes)
    rules = known(a)
    a.finish()
    return rules


def _bounds(a: Arguments) -> list[str]:
    a.take("parse_strings_as_datetimes")  # as days are compared here
    without = a.take("strict_min", False), a.take("strict_max", False)
    return limits(a.take("min_value"), a.take("max_value"), *without)


def _column_exists(a: Arguments) -> Rules:
    if a.take("column_index") is not None:
        raise Unsupported("columns have no places")
    return [f"ColumnExists {rule_string(a.column())}"]


def columns(a: Arguments, exact: bool = True) -> Rules:
    """The columns of a set, and, if it is `exact`, no others; dbt calls it a list."""
    exact = a.take("exact_match", exact)
    names = [column_name(c) for c in items(a.take("column_list") or a.need("column_set"))]
    return [f"ColumnExists {rule_string(name)}" for name in names] + ([f"ColumnCount = {len(names)}"] if exact else [])


def _count(rule: str, a: Arguments) -> Rules:
    return [f"{rule} {whole_limits(a.take('min_value'), a.take('max_value'))}{a.where() if rule == 'RowCount' else ''}"]


def _count_equal(rule: str, a: Arguments) -> Rules:
    return [f"{rule} = {number(a.need('value'))}{a.where() if rule == 'RowCount' else ''}"]


def _not_null(a: Arguments) -> Rules:
    column, share = rule_string(a.column()), a.take("mostly", 1)
    return [f"IsComplete {column}{a.where()}" if share == 1 else f"Completeness {column} >= {number(share)}{a.where()}"]


def _null(a: Arguments) -> Rules:
    return [f"ColumnValues {rule_string(a.column())} = NULL{a.where()}{threshold(a.take('mostly', 1))}"]


def _unique(a: Arguments) -> Rules:
    column, share = rule_string(a.column()), a.take("mostly", 1)
    return [f"IsUnique {column}{a.where()}" if share == 1 else f"Uniqueness {column} >= {number(share)}{a.where()}"]


def _values(a: Arguments, *conditions: str) -> Rules:
    """Each value meets all conditions. With a share, only a single condition can become a rule."""
    column, share = a.column(), a.take("mostly", 1)
    if len(conditions) > 1 and share != 1:
        name = identifier(column)
        return rows_meet(a, " and ".join(sql_condition(name, c) for c in conditions), present(column), share)
    return [f"ColumnValues {rule_string(column)} {c}{a.where(present(column))}{threshold(share)}" for c in conditions]


def _pattern(operator: str, a: Arguments) -> Rules:
    return _values(a, f"{operator} {rule_sql(found(a.need('regex')))}")


def _either(a: Arguments) -> str:
    return f"(?:{'|'.join(found(p) for p in items(a.need('regex_list')))})"


def _any_pattern(a: Arguments) -> Rules:
    if a.take("match_on", "any") == "any":
        return _values(a, f"matches {rule_sql(_either(a))}")
    patterns = [found(p) for p in items(a.need("regex_list"))]
    if a.take("mostly", 1) != 1:
        raise Unsupported("no rule says the share of rows that match all patterns")
    return _values(a, *(f"matches {rule_sql(p)}" for p in patterns))


def _like(negated: str, a: Arguments) -> Rules:
    column = a.column()
    return rows_meet(a, f"{identifier(column)} {negated}like {literal(a.need('like_pattern'))}", present(column), a.take("mostly", 1))


def _unexpected_rows(a: Arguments) -> Rules:
    """A query over `{batch}` that gives no row."""
    return [no_row(str(a.need("unexpected_rows_query")).replace("{batch}", "primary"), "primary")]


def _length(condition: Callable[[Arguments], str], a: Arguments) -> Rules:
    column, share, says = a.column(), a.take("mostly", 1), condition(a)
    if share != 1:
        return rows_meet(a, sql_condition(f"length({identifier(column)})", says), present(column), share)
    return [f"ColumnLength {rule_string(column)} {says}{a.where(present(column))}"]


def _type(a: Arguments) -> Rules:
    column, wanted = a.column(), items(a.take("type_list") or [a.need("type_")])
    if text := next((w for w in wanted if "str" in str(w).lower()), None):
        raise Unsupported(f"every column can be read as {text!r}")
    known = {found for w in wanted if (found := TYPES.get(str(w).lower()))}
    if known == {"Long", "Double"}:  # an integer is a double, too
        known = {"Double"}
    if len(known) != 1:
        raise Unsupported(f"{', '.join(map(str, wanted))}: not the names of one type that rules know")
    return [f'ColumnDataType {rule_string(column)} = "{known.pop()}"{a.where(present(column))}{threshold(a.take("mostly", 1))}']


def _aggregate(sql: str, a: Arguments) -> Rules:
    return aggregate(a, sql.format(identifier(a.column())), _bounds(a))


def _metric(rule: str, a: Arguments) -> Rules:
    column = rule_string(a.column())
    return [f"{rule} {column} {c}{a.where()}" for c in _bounds(a)]


def _distinct(a: Arguments) -> Rules:
    return [f"DistinctValuesCount {rule_string(a.column())} {whole_limits(a.take('min_value'), a.take('max_value'))}{a.where()}"]


def _contains(a: Arguments, exactly: bool) -> Rules:
    column, values = a.column(), a.need("value_set")
    scope = f"{identifier(column)} in {sql_members(values)}"
    count = f"= {len({v for v in values if v is not None})}"
    rules = [f"DistinctValuesCount {rule_string(column)} {count}{a.where(scope)}"]
    return rules + ([f"ColumnValues {rule_string(column)} in {members(values)}{a.where(present(column))}"] if exactly else [])


def _pair(operator: Callable[[Arguments], str], a: Arguments) -> Rules:
    one, other = a.column("column_A"), a.column("column_B")
    scope = _rows_with(a.take("ignore_row_if", "both_values_are_missing"), [one, other])
    return rows_meet(a, f"{identifier(one)} {operator(a)} {identifier(other)}", scope, a.take("mostly", 1))


def _rows_with(ignored: str, columns: list[str]) -> str:
    """The condition for the rows to judge, from the option that ignores rows."""
    if ignored == "never":
        return ""
    return f" {'or' if ignored in ('both_values_are_missing', 'all_values_are_missing') else 'and'} ".join(map(present, columns))


def _compound(a: Arguments) -> Rules:
    columns = a.columns("column_list")
    scope = _rows_with(a.take("ignore_row_if", "all_values_are_missing"), columns)
    return [f"IsUnique {' '.join(map(rule_string, columns))}{a.where('' if ' or ' in scope else scope)}"]


def _sum(a: Arguments) -> Rules:
    columns = a.columns("column_list")
    scope = _rows_with(a.take("ignore_row_if", "all_values_are_missing"), columns)
    total = " + ".join(map(identifier, columns))
    return rows_meet(a, f"{total} = {number(a.need('sum_total'))}", scope, a.take("mostly", 1))


EXPECTATIONS: dict[str, Callable[[Arguments], Rules]] = {
    "expect_column_to_exist": _column_exists,
    "expect_table_columns_to_match_set": columns,
    "expect_table_row_count_to_equal": partial(_count_equal, "RowCount"),
    "expect_table_row_count_to_be_between": partial(_count, "RowCount"),
    "expect_table_column_count_to_equal": partial(_count_equal, "ColumnCount"),
    "expect_table_column_count_to_be_between": partial(_count, "ColumnCount"),
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_be_unique": _unique,
    "expect_column_values_to_be_in_set": lambda a: _values(a, f"in {members(a.need('value_set'))}"),
    "expect_column_values_to_not_be_in_set": lambda a: _values(a, f"not in {members(a.need('value_set'))}"),
    "expect_column_values_to_be_between": lambda a: _values(a, *_bounds(a)),
    "expect_column_values_to_match_regex": partial(_pattern, "matches"),
    "expect_column_values_to_not_match_regex": partial(_pattern, "not matches"),
    "expect_column_values_to_match_regex_list": _any_pattern,
    "expect_column_values_to_not_match_regex_list": lambda a: _values(a, f"not matches {rule_sql(_either(a))}"),
    "expect_column_values_to_match_like_pattern": partial(_like, ""),
    "expect_column_values_to_not_match_like_pattern": partial(_like, "not "),
    "expect_column_value_lengths_to_equal": partial(_length, lambda a: f"= {number(a.need('value'))}"),
    "expect_column_value_lengths_to_be_between": partial(_length, lambda a: whole_limits(a.take("min_value"), a.take("max_value"))),
    "expect_column_values_to_be_of_type": _type,
    "expect_column_values_to_be_in_type_list": _type,
    "unexpected_rows_expectation": _unexpected_rows,
    "expect_column_min_to_be_between": partial(_aggregate, "min({})"),
    "expect_column_max_to_be_between": partial(_aggregate, "max({})"),
    "expect_column_stdev_to_be_between": partial(_aggregate, "stddev_samp({})"),
    "expect_column_proportion_of_unique_values_to_be_between": partial(_aggregate, "count(distinct {0}) / count({0})"),
    "expect_column_mean_to_be_between": partial(_metric, "Mean"),
    "expect_column_sum_to_be_between": partial(_metric, "Sum"),
    "expect_column_unique_value_count_to_be_between": _distinct,
    "expect_column_distinct_values_to_be_in_set": lambda a: _values(a, f"in {members(a.need('value_set'))}"),
    "expect_column_distinct_values_to_contain_set": lambda a: _contains(a, exactly=False),
    "expect_column_distinct_values_to_equal_set": lambda a: _contains(a, exactly=True),
    "expect_column_pair_values_to_be_equal": partial(_pair, lambda a: "="),
    "expect_column_pair_values_a_to_be_greater_than_b": partial(_pair, lambda a: ">=" if a.take("or_equal", False) else ">"),
    "expect_compound_columns_to_be_unique": _compound,
    "expect_multicolumn_sum_to_equal": _sum,
}
