"""Rule types on the rows of the table, and on the numbers and nulls of columns."""

from __future__ import annotations

from typing import Any

from tilth.engine.expressions import and_, col, is_null, not_null
from tilth.metrics.columns import (
    Completeness,
    Correlation,
    InterquartileRange,
    Kurtosis,
    Mean,
    Range,
    RowCount,
    Skewness,
    StandardDeviation,
    Sum,
    Variance,
    ZerosCount,
)
from tilth.rules.context import Context
from tilth.rules.examples import FailureFilter
from tilth.rules.language.syntax import Rule
from tilth.rules.numbers import RowTest, number
from tilth.rules.prepared import PreparedRule, metric_name, within
from tilth.rules.row_rules import row_rule
from tilth.rules.types.rule_type import BARE, COLUMN, GLUE, TABLE, TILTH, TWO, RuleType


def _is_complete(rule: Rule, context: Context) -> PreparedRule:
    (column,) = context.columns(rule)
    return row_rule(rule, context, column, not_null(col(column.name)), metric_name("Completeness", (column.name,)), alike=True)


HAS_VALUE = RowTest(
    lambda columns, scope: not_null(col(columns[0])),
    lambda columns: within(RowCount(), is_null(col(columns[0]))),
    lambda columns, scope: FailureFilter(columns, and_(is_null(col(columns[0])), scope), alike=True),
    1,
)
NUMERIC: dict[str, Any] = {"accepts": lambda kind: kind.numeric, "wanted": "a numeric column"}
WATCHED: dict[str, Any] = {"analyzer": GLUE, "watchable": True, "observed": True}
CONSTANT = "the correlation cannot be computed: one column is constant, or fewer than two rows have both"

ROW_COUNT = number("RowCount", RowCount, "RowCount > 100", forms=TABLE, counts=True, **WATCHED)
COMPLETENESS = number("Completeness", Completeness, 'Completeness "column" > 0.95', test=HAS_VALUE, ratio=True, **WATCHED)
IS_COMPLETE = RuleType("IsComplete", BARE, COLUMN, 'IsComplete "column"', where=True, row=True, prepare=_is_complete)
MEAN = number("Mean", Mean, 'Mean "column" between 3.5 and 4.5', **NUMERIC, inexact=True, analyzer=GLUE, watchable=True)
SUM = number("Sum", Sum, 'Sum "column" > 0', **NUMERIC, analyzer=GLUE, watchable=True)
STANDARD_DEVIATION = number(
    "StandardDeviation", StandardDeviation, 'StandardDeviation "column" < 2.5',
    **NUMERIC, inexact=True, analyzer=GLUE, watchable=True,
)  # fmt: skip
VARIANCE = number("Variance", Variance, 'Variance "column" <= 2.25', **NUMERIC, inexact=True, analyzer=TILTH, observed=True)
COLUMN_CORRELATION = number(
    "ColumnCorrelation", Correlation, 'ColumnCorrelation "a" "b" > 0.7', forms=TWO, **NUMERIC, constant=CONSTANT,
    inexact=True, analyzer=GLUE, watchable=True,
)  # fmt: skip

BEYOND_GLUE: dict[str, Any] = {**NUMERIC, "glue": TILTH, "analyzer": TILTH, "observed": True}
RANGE = number("Range", Range, 'Range "column" <= 60', **BEYOND_GLUE)
INTERQUARTILE_RANGE = number("InterquartileRange", InterquartileRange, 'InterquartileRange "column" < 250', **BEYOND_GLUE, inexact=True)
SKEWNESS = number("Skewness", Skewness, 'Skewness "column" between -2 and 2', **BEYOND_GLUE, inexact=True)
KURTOSIS = number("Kurtosis", Kurtosis, 'Kurtosis "column" < 5', **BEYOND_GLUE, inexact=True)
ZEROS_COUNT = number("ZerosCount", ZerosCount, 'ZerosCount "column" <= 100', **BEYOND_GLUE, counts=True)
