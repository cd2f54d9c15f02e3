"""The analyzers that record several metrics of a column, or of all columns: AllStatistics and Distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tilth.data import Column, Kind
from tilth.engine.expressions import col, gt, lit, lt, not_null
from tilth.engine.operations.numbers import Finite
from tilth.errors import RulesError
from tilth.metrics.columns import Completeness, Maximum, Mean, Minimum, RowCount, StandardDeviation, Sum
from tilth.metrics.keys import DistinctValues, Entropy, TopValues, Uniqueness
from tilth.metrics.metric import Metric
from tilth.report import Outcome
from tilth.report.charts import percent
from tilth.rules.context import Context, History
from tilth.rules.examples import groupable
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import PreparedRule, RuleResult, Values, metric_name, names, recorded, reject_kinds, within
from tilth.rules.types.rule_type import COLUMN, GLUE, TILTH, Form, RuleType
from tilth.rules.types.values import extremes, lengths

MOST_BINS = 20
FEW_OUTSIDE, MANY_OUTSIDE = 0.02, 0.05  # shares of values outside the stored bins that a check reports
WORN_OUT = 3  # consecutive checks with many values outside, after which new bins are made


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
    """Rows in bins of equal width between the smallest and largest finite number; of other columns the most frequent values.

    With a history the bins of the first check are kept, so that checks can be compared; what lies outside is in the first or last of them.
    """
    columns, tag = _distributed(analyzer, context), analyzer.tag("bins")
    bins, rebin = MOST_BINS if tag is None else int(tag.word), analyzer.tag("rebin") is None or analyzer.flag("rebin")
    numeric = {c: _Bins(c, bins, rebin, _kept_ends(c, context.history, rebin)) for c in columns if c.kind.numeric}
    tops = {c: TopValues(c.name, bins) for c in columns if c not in numeric}

    def result(values: Values) -> RuleResult:
        found, kept, notes = dict[str, Any](), dict[str, float](), list[str]()
        for column, of in numeric.items():
            if (edges := of.edges(values)) and (n := values[of.present]):
                below = [0, *(values[count] for count in of.counts(edges))]
                found[column.name] = _told(column, edges, [b - a for a, b in pairwise(below)])
                overflow = sum(values[metric] for metric in of.outside) / n
                kept |= dict(zip(_kept_names(column), (edges[0], edges[-1], overflow), strict=True))
                notes += of.notes(overflow)
        for column, top in tops.items():
            if values[top]:
                found[column.name] = _told(column, [_plain(value) for value, _ in values[top]], [n for _, n in values[top]])
        ordered = {metric_name("Distribution", (c.name,)): found[c.name] for c in columns if c.name in found}
        return RuleResult(Outcome.PASSED, ordered, notes=tuple(notes), kept=kept)

    def more(values: Values) -> list[Metric]:
        return [metric for of in numeric.values() if not of.kept and (edges := of.edges(values)) for metric in of.counts(edges)]

    metrics = (*(metric for of in numeric.values() for metric in of.metrics), *tops.values())
    return PreparedRule(metrics, result, names(columns), more=more)


@dataclass(frozen=True)
class _Bins:
    """The bins of a column of numbers: between its own smallest and largest, or between the ends that were `kept`."""

    column: Column
    bins: int
    rebin: bool
    kept: tuple[float, float] | None

    @property
    def own(self) -> tuple[Metric, Metric]:
        """The smallest and the largest number."""
        return Minimum(self.column.name, finite=True), Maximum(self.column.name, finite=True)

    @property
    def present(self) -> Metric:
        """The number of numbers."""
        return within(RowCount(), not_null(Finite.of(col(self.column.name))))

    @property
    def outside(self) -> tuple[Metric, ...]:
        """How many are below and above the ends that were kept."""
        if self.kept is None:
            return ()
        x, (low, high) = Finite.of(col(self.column.name)), map(lit, self.kept)
        return within(RowCount(), lt(x, low)), within(RowCount(), gt(x.copy(), high))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the first measurement."""
        if self.kept is None:
            return (self.present, *self.own)
        return (self.present, *self.counts(_edges(*self.kept, self.bins)), *self.outside)

    def edges(self, values: Values) -> list[float]:
        """The bounds of the bins; none of a column without a number."""
        low, high = self.kept or (values[end] for end in self.own)
        return [] if low is None else _edges(float(low), float(high), self.bins)

    def counts(self, edges: Sequence[float]) -> list[Metric]:
        """The numbers of rows below each bound except the first. The last bin includes its upper bound and all values above."""
        x = Finite.of(col(self.column.name))
        return [*(within(RowCount(), lt(x, lit(edge))) for edge in edges[1:-1]), self.present]

    def notes(self, overflow: float) -> Iterator[str]:
        """Notes on values outside the bins."""
        if overflow > FEW_OUTSIDE:
            then = "after three such checks in a row, the next check makes new bins" if self.rebin else "rebin = false keeps the bins"
            more = f", more than {percent(MANY_OUTSIDE)}: {then}" if overflow > MANY_OUTSIDE else ""
            yield f"{percent(overflow)} of the values of {self.column.name!r} are outside the bins of earlier checks{more}"


def _kept_names(column: Column) -> tuple[str, str, str]:
    """The stored statistics of bins: both ends, and the share of values outside."""
    low, high, overflow = (metric_name(f"Distribution.{word}", (column.name,)) for word in ("FirstEdge", "LastEdge", "Overflow"))
    return low, high, overflow


def _kept_ends(column: Column, history: History | None, rebin: bool) -> tuple[float, float] | None:
    """The ends of the bins in earlier checks; None if there are none, or if too many values were outside too often."""
    if history is None:
        return None
    low, high, overflow = ([value for _, value in history(name, WORN_OUT)] for name in _kept_names(column))
    worn_out = rebin and len(overflow) == WORN_OUT and min(overflow) > MANY_OUTSIDE
    return (low[0], high[0]) if low and high and not worn_out else None


def _distributed(analyzer: Rule, context: Context) -> tuple[Column, ...]:
    """The columns with printable values."""
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
