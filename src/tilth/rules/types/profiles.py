"""The analyzers that record several metrics of a column, or of all columns: AllStatistics and Distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tilth.data import Column, Kind
from tilth.engine.expressions import col, lit, lt, not_null
from tilth.engine.operations.numbers import Finite
from tilth.errors import RulesError
from tilth.metrics.columns import Completeness, Maximum, Mean, Minimum, RowCount, StandardDeviation, Sum
from tilth.metrics.keys import DistinctValues, Entropy, TopValues, Uniqueness
from tilth.metrics.metric import Metric
from tilth.report import Outcome
from tilth.rules.context import Context
from tilth.rules.examples import groupable
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import PreparedRule, RuleResult, Values, metric_name, names, recorded, reject_kinds, within
from tilth.rules.types.rule_type import COLUMN, GLUE, TILTH, Form, RuleType
from tilth.rules.types.values import extremes, lengths

MOST_BINS = 20


def _all_columns(analyzer: Rule) -> bool:
    parameter = analyzer.parameters[0]
    return parameter.style == "" and parameter.raw == "AllColumns"


def _all_statistics(analyzer: Rule, context: Context) -> PreparedRule:
    columns = tuple(context.schema) if _all_columns(analyzer) else context.columns(analyzer)
    makes: dict[str, Metric] = {metric_name("RowCount"): RowCount()}
    for column in columns:
        makes |= _of_column(column, private=context.private([column.name]))
    return recorded(makes, names(columns), None, {metric_name("ColumnCount"): len(context.schema)})


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


# ── Distribution ──


def _distribution(analyzer: Rule, context: Context) -> PreparedRule:
    """Rows in bins of equal width between the smallest and largest finite number; of other columns the most frequent values."""
    columns, tag = _distributed(analyzer, context), analyzer.tag("bins")
    bins = MOST_BINS if tag is None else int(tag.word)
    ends = {c: (Minimum(c.name, finite=True), Maximum(c.name, finite=True)) for c in columns if c.kind.numeric}
    tops = {c: TopValues(c.name, bins) for c in columns if c not in ends}

    def edges(values: Values) -> Iterator[tuple[Column, list[float], list[Metric]]]:
        for column, (low, high) in ends.items():
            if values[low] is not None:
                between = _edges(float(values[low]), float(values[high]), bins)
                yield column, between, _cumulated(column, between)

    def result(values: Values) -> RuleResult:
        found = {}
        for column, between, counts in edges(values):
            below = [0, *(values[count] for count in counts)]
            found[column.name] = _told(column, between, [b - a for a, b in pairwise(below)])
        for column, top in tops.items():
            if values[top]:
                found[column.name] = _told(column, [_plain(value) for value, _ in values[top]], [n for _, n in values[top]])
        ordered = {metric_name("Distribution", (c.name,)): found[c.name] for c in columns if c.name in found}
        return RuleResult(Outcome.PASSED, ordered)

    metrics = (*(end for pair in ends.values() for end in pair), *tops.values())
    return PreparedRule(metrics, result, names(columns), more=lambda values: [m for _, _, counts in edges(values) for m in counts])


def _distributed(analyzer: Rule, context: Context) -> tuple[Column, ...]:
    """The columns whose values can be shown."""
    if _all_columns(analyzer):
        return tuple(c for c in context.schema if groupable(c.kind) and not context.private([c.name]))
    columns = context.columns(analyzer)
    reject_kinds(analyzer, columns, groupable, "a column whose values can be compared")
    if context.private(names(columns)):
        raise RulesError(f"the values of {columns[0].name!r} are private", hint="measure another column", code="private")
    return columns


def _edges(low: float, high: float, bins: int) -> list[float]:
    """The bounds of bins of equal width; of one bin where all values are equal.

    >>> _edges(0.0, 8.0, 4), _edges(3.0, 3.0, 4)
    ([0.0, 2.0, 4.0, 6.0, 8.0], [3.0, 3.0])
    """
    if low == high:
        return [low, high]
    return [low, *(low + (high / bins - low / bins) * i for i in range(1, bins)), high]


def _cumulated(column: Column, edges: Sequence[float]) -> list[Metric]:
    """The numbers of rows below each bound behind the first; the last bin has its upper bound, too."""
    x = Finite.of(col(column.name))
    return [*(within(RowCount(), lt(x, lit(edge))) for edge in edges[1:-1]), within(RowCount(), not_null(x))]


def _told(column: Column, edges: Sequence[Any], counts: Sequence[int]) -> Mapping[str, Any]:
    return {"BinEdges": list(edges), "Count": list(counts), "DataType": column.kind.value}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | bool) else str(value)


ALL_STATISTICS = RuleType(
    "AllStatistics", (Form(1, 1),), COLUMN, "AllStatistics AllColumns", rule=False, analyzer=GLUE, record=_all_statistics,
)  # fmt: skip
DISTRIBUTION = RuleType(
    "Distribution", (Form(1, 1),), COLUMN, 'Distribution "column" with bins = 10',
    tags=("bins", "rebin"), glue=TILTH, rule=False, analyzer=GLUE, record=_distribution,
)  # fmt: skip
