"""Rule types whose condition is on one number of the table or of columns: each is a call of `number`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric
from tilth.rules.context import Context
from tilth.rules.examples import FailureFilter
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import GLUE, PreparedRule, RuleResult, Values, java, judged, metric_name, names, refuse_kinds, undefined
from tilth.rules.prepared import within as in_scope
from tilth.rules.types.rule_type import COLUMN, ONE, Form, RuleType


@dataclass(frozen=True)
class RowTest:
    """What a row has to do with a number: which rows pass, what to show of those that fail, and the number if all pass."""

    passes: Callable[[tuple[str, ...], Tree | None], Tree]
    failing: Callable[[tuple[str, ...], Tree | None], FailureFilter]
    perfect: float


@dataclass(frozen=True)
class Number:
    """A number as a rule.

    `make` takes the columns' names. `accepts` are the kinds of column it can be of, `wanted` in words. `counts`: over no rows it is 0
    rather than undefined; `undefined`: why it has no value though there are rows. `of_all`: without a parameter it is of every column.
    """

    name: str
    make: Callable[..., Metric]
    accepts: Callable[[Kind], bool] | None = None
    wanted: str = ""
    counts: bool = False
    undefined: str = ""
    of_all: bool = False
    test: RowTest | None = None

    def measure(self, rule: Rule, context: Context) -> tuple[tuple[str, ...], Metric]:
        """The columns that are named and the metric of them, within the rule's scope. Errors: `TilthError`."""
        columns = context.columns(rule)
        refuse_kinds(rule, columns, self.accepts, self.wanted)
        return names(columns), in_scope(self.make(*self.keys(names(columns), context)), context.scope(rule))

    def keys(self, named: tuple[str, ...], context: Context) -> tuple[str, ...]:
        """The columns that it is of."""
        return named or (context.schema.names if self.of_all else ())

    def metric(self, rule: Rule, context: Context) -> str:
        """The metric's name."""
        return metric_name(self.name, names(context.columns(rule)), several=self.of_all)

    def prepare(self, rule: Rule, context: Context) -> PreparedRule:
        """The prepared rule. Errors: `TilthError`."""
        columns, metric = self.measure(rule, context)
        scope, title, criterion = context.scope(rule), self.metric(rule, context), context.criterion(rule.condition)
        rows = in_scope(RowCount(), scope)

        def judge(values: Values) -> RuleResult:
            value = values[metric]
            if value is None and not self.counts:
                return undefined(scope, values[rows], columns, self.undefined)
            return judged(criterion is None or criterion.holds(value), {title: value}, GLUE.format(java(value)))

        test, keys = self.test, self.keys(columns, context)
        row = test.passes(keys, scope) if test else None
        at_fault = test and criterion and criterion.holds(test.perfect)  # otherwise the failure is not due to single rows
        return PreparedRule((metric, rows), judge, columns, row, scope, test.failing(keys, scope) if test and at_fault else None)


def number(
    name: str,
    make: Callable[..., Metric],
    usage: str,
    *,
    forms: tuple[Form, ...] = ONE,
    accepts: Callable[[Kind], bool] | None = None,
    wanted: str = "",
    counts: bool = False,
    undefined: str = "",
    of_all: bool = False,
    test: RowTest | None = None,
    **facts: Any,
) -> RuleType:
    """The rule type of a number, which is an analyzer too. `facts` are further fields of `RuleType`."""
    it = Number(name, make, accepts, wanted, counts, undefined, of_all, test)
    kinds = () if forms[0].most == 0 else COLUMN
    common: dict[str, Any] = {"where": True, "dynamic": True, "row": test is not None, "prepare": it.prepare, "metric": it.metric}
    return RuleType(name, forms, kinds, usage, **{**common, **facts})
