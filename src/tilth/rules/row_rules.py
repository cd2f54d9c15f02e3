"""Rules that judge each row: the share of rows that pass, against a threshold or all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, mask
from tilth.engine.expressions import and_, col, is_null, not_
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric
from tilth.rules.conditions import Criterion
from tilth.rules.context import Context
from tilth.rules.examples import FailureFilter
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import NOTHING_MATCHED, PreparedRule, RuleResult, Values, judged, nothing, on_bound, row_counts, within


def row_rule(
    rule: Rule,
    context: Context,
    column: Column,
    passing: Tree,
    title: str,
    *,
    extremes: Mapping[str, Metric] = MappingProxyType({}),
    values_of_cells: bool = False,
    criterion: Criterion | None = None,
    always_share: bool = False,
    null_fails: bool = False,
    pass_on_nothing: bool = False,
    alike: bool = False,
) -> PreparedRule:
    """The prepared rule. `title` names the share of rows that pass.

    `extremes` are reported, too; those that violate `criterion` appear in the message. `values_of_cells`: they are values of the column,
    and masked if it is private. `always_share`: the share is reported in addition to extremes. `null_fails`: the message mentions that
    nulls fail. `pass_on_nothing`: an empty table passes. `alike`: all failing rows have the same value.
    """
    scope, threshold = context.scope(rule), context.criterion(rule.threshold)
    rows, hits = within(RowCount(), scope), within(RowCount(), and_(passing, scope))
    nulls = [within(RowCount(), and_(is_null(col(column.name)), scope))] if null_fails else []
    measured = {name: within(metric, scope) for name, metric in extremes.items()}
    hidden = values_of_cells and context.private([column.name])

    def judge(values: Values) -> RuleResult:
        n, passed = values[rows], values[hits]
        if n == 0:
            return nothing(NOTHING_MATCHED, passed=True) if scope is not None or pass_on_nothing else nothing()
        metrics = {} if hidden else {name: values[m] for name, m in measured.items() if values[m] is not None}
        if not measured or hidden or threshold is not None or always_share:
            metrics[title] = passed / n
        met = passed == n if threshold is None else threshold.holds(passed / n)
        decisive = [values[m] for m in measured.values()] if threshold is None else []
        broken = _broken(criterion, decisive, passed / n, sum(values[m] for m in nulls), hidden)
        return judged(met, metrics, broken, rows=row_counts(passed, n), notes=() if hidden else on_bound(criterion, decisive))

    def failing() -> FailureFilter:
        return FailureFilter((column.name,), and_(not_(passing), scope), alike=alike)

    return PreparedRule((rows, hits, *nulls, *measured.values()), judge, (column.name,), passing, scope, failing)


def _broken(criterion: Criterion | None, extremes: Iterable[Any], share: float, nulls: int, hidden: bool) -> tuple[Any, ...]:
    """The values that Glue's message names: the extremes that break the condition, or the share of rows; and NULL."""
    wrong = [v for v in dict.fromkeys(extremes) if v is not None and not criterion.holds(v)] if criterion else []
    shown = [mask(v) for v in wrong] if hidden else wrong
    if not shown and not (nulls and criterion is not None and extremes):
        shown = [share]
    return (*shown, *([None] if nulls else []))
