"""Rule types on how often values and keys occur."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import all_rows, and_, coalesce, col, eq, is_null, lit, not_null, or_
from tilth.metrics.columns import Completeness, RowCount
from tilth.metrics.keys import DistinctValues, DuplicateRows, Entropy, Uniqueness, UniqueValueRatio
from tilth.rules.context import Context
from tilth.rules.examples import FailureFilter, groupable
from tilth.rules.language.syntax import Rule
from tilth.rules.numbers import RowTest, number
from tilth.rules.prepared import (
    PreparedRule,
    RuleResult,
    Values,
    java,
    judged,
    metric_name,
    names,
    reject_kinds,
    row_counts,
    undefined,
    within,
)
from tilth.rules.types.rule_type import BARE_KEY, COLUMN, GLUE, KEY, NEXT, NUMBER, TILTH, Form, RuleType


def occurs_once(columns: tuple[str, ...], scope: Tree | None) -> Tree:
    """Whether a row's key occurs once among the rows in scope; a key that is wholly null does not count as one."""
    keys = [*([] if scope is None else [coalesce(scope, exp.false())]), *(col(c) for c in columns)]
    size = exp.Window(this=all_rows(), partition_by=keys)
    return or_(eq(size, lit(1)), and_(*(is_null(col(c)) for c in columns)))


def _unique_keys(rule: Rule, context: Context, *, primary: bool = False) -> PreparedRule:
    """Every key that is not wholly null occurs once; of a primary key, no part is null either."""
    reject_kinds(rule, context.columns(rule), **COMPARABLE)
    columns, scope = names(context.columns(rule)), context.scope(rule)
    unique, repeated, rows = (within(m, scope) for m in (Uniqueness(columns), DuplicateRows(columns), RowCount()))
    complete = {c: within(Completeness(c), scope) for c in columns if primary}

    def judge(values: Values) -> RuleResult:
        share = values[unique]
        if share is None:
            return undefined(scope, values[rows], columns)
        filled = {c: values[m] for c, m in complete.items()}
        metrics = {metric_name("Uniqueness", columns): share, **{metric_name("Completeness", (c,)): x for c, x in filled.items()}}
        nulls = tuple(f"column {c!r} has NULL: its completeness is {java(x)}" for c, x in filled.items() if x != 1)
        counts = {} if nulls else row_counts(values[rows] - values[repeated], values[rows])
        return judged(share == 1 and not nulls, metrics, (share,) if share != 1 else (), notes=nulls, rows=counts)

    row = and_(occurs_once(columns, scope), *(not_null(col(c)) for c in complete))
    failing = partial(FailureFilter, columns, scope, keys=True, nulls=primary)
    return PreparedRule((unique, rows, repeated, *complete.values()), judge, columns, row, scope, failing)


COMPARABLE: dict[str, Any] = {"accepts": groupable, "wanted": "columns whose values can be compared"}
UNIQUE = RowTest(occurs_once, DuplicateRows, partial(FailureFilter, keys=True), 1)

DUPLICATE_ROW_COUNT = number(
    "DuplicateRowCount", lambda *columns: DuplicateRows(columns), 'DuplicateRowCount "a" "b" = 0',
    forms=(Form(0, None, NUMBER),), **COMPARABLE, counts=True, of_all=True, test=replace(UNIQUE, perfect=0), glue=NEXT, analyzer=TILTH,
    observed=True,
)  # fmt: skip
UNIQUENESS = number(
    "Uniqueness", lambda *columns: Uniqueness(columns), 'Uniqueness "a" "b" > 0.99', forms=KEY,
    **COMPARABLE, test=UNIQUE, ratio=True, analyzer=GLUE, watchable=True,
)  # fmt: skip
IS_UNIQUE = RuleType("IsUnique", BARE_KEY, COLUMN, 'IsUnique "a" "b"', where=True, row=True, prepare=_unique_keys)
UNIQUE_VALUE_RATIO = number(
    "UniqueValueRatio", UniqueValueRatio, 'UniqueValueRatio "column" > 0.9', **COMPARABLE, test=UNIQUE,
    analyzer=GLUE, watchable=True,
)  # fmt: skip
DISTINCT_VALUES_COUNT = number(
    "DistinctValuesCount", DistinctValues, 'DistinctValuesCount "column" <= 6', **COMPARABLE, counts=True,
    analyzer=GLUE, watchable=True, observed=True,
)  # fmt: skip
IS_PRIMARY_KEY = RuleType(
    "IsPrimaryKey", BARE_KEY, COLUMN, 'IsPrimaryKey "a" "b"', where=True, row=True, prepare=partial(_unique_keys, primary=True),
)  # fmt: skip
ENTROPY = number("Entropy", Entropy, 'Entropy "column" > 0.5', **COMPARABLE, inexact=True, analyzer=GLUE, watchable=True)
