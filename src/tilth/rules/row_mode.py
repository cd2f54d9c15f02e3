"""Composite rules in row mode: a composite passes if no row fails it, and each row is judged by what the parts say of it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tilth.engine.expressions import coalesce, not_
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Where, measured
from tilth.rules.context import Context
from tilth.rules.examples import FailureFilter
from tilth.rules.language.syntax import Composite, Rule
from tilth.rules.prepared import NOTHING_MATCHED, PreparedRule, RuleResult, Values, judged, nothing, row_counts
from tilth.rules.row_output import combined, leaf_verdict, with_verdicts
from tilth.rules.types import RULE_TYPES


def obstacle(composite: Composite, prepared: Mapping[Rule | Composite, PreparedRule]) -> str:
    """Why a composite cannot be evaluated row by row; empty if it can."""
    for leaf in composite.leaves:
        why = ""
        if leaf.threshold:
            why = "it has a threshold"
        elif RULE_TYPES[leaf.type].ratio:
            why = "its condition is on a share of the rows"
        elif leaf not in prepared or prepared[leaf].row is None:
            why = "it judges no single rows"
        if why:
            return f"W-ROW-MODE: judged over the whole table, in column mode, because of {leaf}: {why}"
    return ""


def prepare_by_rows(composite: Composite, prepared: Mapping[Rule | Composite, PreparedRule], context: Context) -> PreparedRule:
    """Prepare a composite that can be judged row by row.

    Its rows are counted together with all other metrics. If a part depends on other rows (keys, other tables), they need their own scan.
    """
    leaves = {leaf: prepared[leaf] for leaf in composite.leaves}
    alone = not any(ready.member or (ready.row and ready.row.find(exp.Window)) for ready in leaves.values())
    data, read = (context.data, {leaf: leaf_verdict(p) for leaf, p in leaves.items()}) if alone else with_verdicts(context.data, leaves)
    verdict = combined(composite, read)
    assert verdict is not None  # noqa: S101 -- every part judges rows
    rows, passing, not_passing = RowCount(), Where(RowCount(), verdict), Where(RowCount(), not_(verdict))
    columns = tuple(dict.fromkeys(c for ready in leaves.values() for c in ready.columns))

    def judge(values: Values) -> RuleResult:
        found = values if alone else measured(data, (rows, passing, not_passing), context.engine)
        passed, fails, total = found[passing], found[not_passing], found[rows]
        if total == 0:
            return nothing()
        if passed + fails == 0:
            return nothing(NOTHING_MATCHED, passed=True)
        outside = total - passed - fails
        counts = {"passed": passed, "failed": fails, "skipped": outside, "total": total} if outside else row_counts(passed, total)
        return judged(fails == 0, {}, rows=counts)

    def failing() -> FailureFilter:
        return FailureFilter(columns, not_(coalesce(verdict, exp.true())), data=None if alone else data)

    return PreparedRule((rows, passing, not_passing) if alone else (), judge, columns, failing=failing)
