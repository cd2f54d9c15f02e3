"""What watches metrics over time, and the analyzers that record many of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.data import Column, Kind
from tilth.metrics.columns import Completeness, Mean, RowCount, StandardDeviation, Sum
from tilth.metrics.keys import DistinctValues, Entropy, Uniqueness
from tilth.metrics.metric import Metric
from tilth.rules.context import Context
from tilth.rules.examples import groupable
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import PreparedRule, metric_name, names, recorded
from tilth.rules.types import RULE_TYPES, respelled
from tilth.rules.types.rule_type import BARE_KEY, COLUMN, GLUE, TILTH, Form, RuleType
from tilth.rules.types.values import extremes, lengths


def _lint_watched(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    """The metric that is watched takes its own number of parameters."""
    name = respelled(parameters[0] or "") if parameters else None
    watched = RULE_TYPES[name] if name else None
    if watched and watched.watchable and not watched.form(len(parameters) - 1):
        counts = " or ".join(form.count for form in watched.forms)
        message = f"{watched.name} takes {counts}, not {len(parameters) - 1}"
        report.error("E-ARITY", rule.parameters[-1].span, message, accepted=f'DetectAnomalies "{watched.name}" …')


def _all_statistics(analyzer: Rule, context: Context) -> PreparedRule:
    parameter = analyzer.parameters[0]
    every = parameter.style == "" and parameter.raw == "AllColumns"
    columns = tuple(context.schema) if every else context.columns(analyzer)
    makes: dict[str, Metric] = {metric_name("RowCount"): RowCount()}
    for column in columns:
        makes |= _of_column(column, private=context.private([column.name]))
    return recorded(makes, names(columns), context.scope(analyzer))


def _of_column(column: Column, *, private: bool) -> dict[str, Metric]:
    c = column.name
    makes: dict[str, Metric] = {metric_name("Completeness", (c,)): Completeness(c)}
    if groupable(column.kind):
        makes |= {metric_name("Uniqueness", (c,)): Uniqueness((c,)), metric_name("DistinctValuesCount", (c,)): DistinctValues(c)}
    if column.kind.numeric:
        makes |= {} if private else extremes(c)
        makes |= {metric_name(m.__name__, (c,)): m(c) for m in (Mean, StandardDeviation, Sum, Entropy)}
    if column.kind is Kind.STRING:
        makes |= {**lengths(column), metric_name("Entropy", (c,)): Entropy(c)}
    return makes


DETECT_ANOMALIES = RuleType("DetectAnomalies", BARE_KEY, ("metric", "inner"), 'DetectAnomalies "Mean" "column"', lint=_lint_watched)
ALL_STATISTICS = RuleType(
    "AllStatistics", (Form(1, 1),), COLUMN, "AllStatistics AllColumns", rule=False, analyzer=GLUE, record=_all_statistics,
)  # fmt: skip
DISTRIBUTION = RuleType(
    "Distribution", (Form(1, 1),), COLUMN, 'Distribution "column" with bins = 10',
    tags=("bins", "rebin"), glue=TILTH, rule=False, analyzer=GLUE,
)  # fmt: skip
