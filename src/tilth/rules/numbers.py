"""Rule types with a condition on one number of the table or of columns. Each is a call of `number`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric
from tilth.rules.context import Context
from tilth.rules.examples import FailureFilter
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import PreparedRule, RuleResult, Values, by_condition, metric_name, names, reject_kinds, row_counts, undefined
from tilth.rules.prepared import within as in_scope
from tilth.rules.types.rule_type import COLUMN, ONE, Form, RuleType


@dataclass(frozen=True)
class RowTest:
    """A test of rows behind a rule on a number: which rows pass, how many fail, what to show of these, and the number if all pass."""

    passes: Callable[[tuple[str, ...], Tree | None], Tree]
    fails: Callable[[tuple[str, ...]], Metric]
    failing: Callable[[tuple[str, ...], Tree | None], FailureFilter]
    perfect: float


def number(
    name: str,
    make: Callable[..., Metric],
    usage: str,
    *,
    forms: tuple[Form, ...] = ONE,
    accepts: Callable[[Kind], bool] | None = None,
    wanted: str = "",
    counts: bool = False,
    constant: str = "",
    of_all: bool = False,
    test: RowTest | None = None,
    **facts: Any,
) -> RuleType:
    """Make the rule type of a number, which is also an analyzer.

    `make` makes the metric from the names of columns. `accepts` are the suitable kinds of columns, `wanted` the same in words. `counts`:
    the number is 0 over no rows, not undefined. `constant`: why it is undefined although there are rows. `of_all`: without a parameter it
    applies to every column. `facts` are further fields of `RuleType`.
    """

    def metric(rule: Rule, context: Context) -> str:
        return metric_name(name, names(context.columns(rule)), several=of_all)

    def prepare(rule: Rule, context: Context) -> PreparedRule:
        columns, scope, criterion = context.columns(rule), context.scope(rule), context.criterion(rule.condition)
        reject_kinds(rule, columns, accepts, wanted)
        keys = names(columns or (context.schema if of_all else ()))
        title, measure, rows = metric(rule, context), in_scope(make(*keys), scope), in_scope(RowCount(), scope)
        at_fault = test if test and criterion and criterion.holds(test.perfect) else None  # otherwise no single row makes it fail
        fails = [in_scope(at_fault.fails(keys), scope)] if at_fault else []

        def judge(values: Values) -> RuleResult:
            if values[measure] is None and not counts:
                return undefined(scope, values[rows], names(columns), constant)
            of_rows = [row_counts(values[rows] - values[failed], values[rows]) for failed in fails]
            return by_condition(criterion, title, values[measure], rows=of_rows[0] if of_rows else {})

        row = test.passes(keys, scope) if test else None
        failing = partial(at_fault.failing, keys, scope) if at_fault else None
        return PreparedRule((measure, rows, *fails), judge, names(columns), row, scope, failing)

    kinds = () if forms[0].most == 0 else COLUMN
    common: dict[str, Any] = {"where": True, "dynamic": True, "row": test is not None, "prepare": prepare, "metric": metric}
    return RuleType(name, forms, kinds, usage, **{**common, **facts})
