"""Analyzers: metrics that are recorded without a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilth.data import Column, Kind
from tilth.metrics.columns import Completeness, Extreme, Maximum, Mean, Minimum, RowCount, StandardDeviation, Sum
from tilth.metrics.keys import DistinctValues, Entropy, Uniqueness
from tilth.metrics.metric import Metric
from tilth.report import Outcome
from tilth.rules.cells import length
from tilth.rules.examples import groupable
from tilth.rules.language.syntax import Analyzer
from tilth.rules.types.measuring import NUMBERS, Asked, Context, Verdict, names, not_evaluated, titled, within


def analyzed(analyzer: Analyzer, context: Context) -> Asked:
    """The analyzer made ready. Errors: `TilthError` for what makes it impossible to measure."""
    if analyzer.type == "AllStatistics":
        return _all_statistics(analyzer, context)
    if analyzer.type == "ColumnCount":
        return Asked((), lambda _: Verdict(Outcome.PASSED, {titled("ColumnCount", ()): len(context.schema)}))
    columns = context.columns(analyzer)
    scope = context.scope(analyzer)
    if analyzer.type in ("ColumnValues", "ColumnLength"):
        makes = _extremes(columns[0]) if analyzer.type == "ColumnValues" else _lengths(columns[0])
    elif analyzer.type in NUMBERS:
        metric, title = NUMBERS[analyzer.type](analyzer, columns, context)
        makes = {title: metric}
    else:
        raise not_evaluated(analyzer.type)
    return _recorded({title: within(metric, scope) for title, metric in makes.items()}, names(columns))


def _recorded(makes: Mapping[str, Metric], columns: tuple[str, ...]) -> Asked:
    def verdict(values: Mapping[Metric, Any]) -> Verdict:
        return Verdict(Outcome.PASSED, {title: values[m] for title, m in makes.items() if values[m] is not None})

    return Asked(tuple(makes.values()), verdict, columns)


def _extremes(column: Column) -> dict[str, Metric]:
    return {titled("Minimum", (column.name,)): Minimum(column.name), titled("Maximum", (column.name,)): Maximum(column.name)}


def _lengths(column: Column) -> dict[str, Metric]:
    size = length(column)
    return {titled("MinimumLength", (column.name,)): Extreme(size, "min"), titled("MaximumLength", (column.name,)): Extreme(size, "max")}


def _all_statistics(analyzer: Analyzer, context: Context) -> Asked:
    parameter = analyzer.parameters[0]
    every = parameter.style == "" and parameter.raw == "AllColumns"
    columns = tuple(context.schema) if every else context.columns(analyzer)
    makes: dict[str, Metric] = {titled("RowCount", ()): RowCount()}
    for column in columns:
        makes |= _of_column(column)
    return _recorded(makes, names(columns))


def _of_column(column: Column) -> dict[str, Metric]:
    c = column.name
    makes: dict[str, Metric] = {titled("Completeness", (c,)): Completeness(c)}
    if groupable(column.kind):
        makes |= {titled("Uniqueness", (c,)): Uniqueness((c,)), titled("DistinctValuesCount", (c,)): DistinctValues(c)}
    if column.kind.numeric:
        makes |= _extremes(column)
        makes |= {titled(m.__name__, (c,)): m(c) for m in (Mean, StandardDeviation, Sum, Entropy)}
    if column.kind is Kind.STRING:
        makes |= {**_lengths(column), titled("Entropy", (c,)): Entropy(c)}
    return makes
