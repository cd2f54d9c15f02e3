"""A prepared rule: its needs, its result, and the parts that rule types share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.errors import RulesError
from tilth.metrics.metric import Metric, Where
from tilth.report import Outcome
from tilth.rules.conditions import Criterion
from tilth.rules.examples import FailureFilter
from tilth.rules.findings import Reasons
from tilth.rules.language.syntax import Rule
from tilth.rules.members import Membership

NOTHING_MATCHED = "No rows matched the filter"
NO_ROWS = "there are no rows to evaluate"
GLUE = "Value: {} does not meet the constraint requirement!"


@dataclass(frozen=True)
class RuleResult(Reasons):
    """The result of a rule: its outcome, the metrics by the names that Glue gives them, and why it did not pass.

    `kept` are further numbers for the history, which are not shown. `empty`: there was no row to judge, so that `Setting.empty` may say
    otherwise.
    """

    outcome: Outcome
    metrics: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    kept: Mapping[str, float] = field(default_factory=dict)
    empty: bool = False

    @property
    def message(self) -> str:
        """The reasons in Glue's words."""
        failed, judged = self.failing or (0, 0)
        counted = [f"{failed:,} of {judged:,} rows do not meet it"] if failed else []
        return "\n".join([*(GLUE.format(java(v)) for v in self.broken), *self.notes, *counted])


Values = Mapping[Metric, Any]


@dataclass(frozen=True)
class PreparedRule:
    """A rule's needs and verdict.

    `metrics` are measured together with the metrics of all other rules; `judge` receives their values. `columns` are the judged columns.
    `row` is true or false, never null, for a row in `scope`; None if the rule does not judge single rows. `more` gives further metrics that
    depend on the values of the first ones; they are measured together for all rules, too. `failing` describes the examples of a failed
    rule. With `member`, `row` may read the column `MEMBER`.
    """

    metrics: tuple[Metric, ...]
    judge: Callable[[Values], RuleResult]
    columns: tuple[str, ...] = ()
    row: Tree | None = None
    scope: Tree | None = None
    failing: Callable[[], FailureFilter] | None = None
    member: Membership | None = None
    more: Callable[[Values], Iterable[Metric]] | None = None


def judged(met: bool, metrics: Mapping[str, Any], broken: tuple[Any, ...] = (), **reasons: Any) -> RuleResult:
    """Passed, or Failed for reasons."""
    if met:
        return RuleResult(Outcome.PASSED, metrics, rows=reasons.get("rows", {}))
    return RuleResult(Outcome.FAILED, metrics, broken=broken, **reasons)


def by_condition(criterion: Criterion | None, metric: str, value: Any, **reasons: Any) -> RuleResult:
    """The verdict of a condition on a metric's value; without a condition it passes."""
    reasons["notes"] = (*reasons.get("notes", ()), *on_bound(criterion, [value]))
    return judged(criterion is None or criterion.holds(value), {metric: value}, (value,), **reasons)


def on_bound(criterion: Criterion | None, values: Iterable[Any]) -> tuple[str, ...]:
    """A note if a value fails only because it is a bound."""
    return ("`between` excludes its bounds",) if criterion and any(map(criterion.excludes, values)) else ()


def failed(note: str) -> RuleResult:
    """Failed for a reason that is not a value."""
    return RuleResult(Outcome.FAILED, notes=(note,))


def nothing(note: str = NO_ROWS, *, passed: bool = False) -> RuleResult:
    """The result over no rows: as Glue has it, Failed where the table has none, Passed where a `where` leaves none."""
    return RuleResult(Outcome.PASSED if passed else Outcome.FAILED, notes=(note,), empty=True)


def row_counts(passed: int, total: int) -> dict[str, int]:
    """The rows that pass, those that fail, and all."""
    return {"passed": passed, "failed": total - passed, "total": total}


def known(result: RuleResult) -> PreparedRule:
    """A rule whose result does not depend on data."""
    return PreparedRule((), lambda _: result)


def recorded(
    makes: Mapping[str, Metric], columns: tuple[str, ...], scope: Tree | None, known: Mapping[str, Any] = MappingProxyType({})
) -> PreparedRule:
    """An analyzer: metrics of the rows in scope, by name, without a verdict. Undefined metrics are left out.

    `known` are numbers that need no data.
    """
    metrics = {name: within(metric, scope) for name, metric in makes.items()}

    def result(values: Values) -> RuleResult:
        return RuleResult(Outcome.PASSED, {**known, **{name: values[m] for name, m in metrics.items() if values[m] is not None}})

    return PreparedRule(tuple(metrics.values()), result, columns)


def metric_name(name: str, columns: Iterable[str] = (), *, several: bool = False) -> str:
    """A metric's name as Glue writes it. `several` for a metric of a set of columns that has only one.

    >>> metric_name("RowCount"), metric_name("Mean", ["age"]), metric_name("Uniqueness", ["a", "b"])
    ('Dataset.*.RowCount', 'Column.age.Mean', 'Multicolumn.a,b.Uniqueness')
    """
    of = tuple(columns)
    entity = "Dataset" if not of else "Multicolumn" if several or len(of) > 1 else "Column"
    return f"{entity}.{','.join(of) or '*'}.{name}"


def within(metric: Metric, scope: Tree | None) -> Metric:
    """The metric of the rows in scope."""
    return metric if scope is None else Where(metric, scope)


def names(columns: Iterable[Column]) -> tuple[str, ...]:
    """The columns' names."""
    return tuple(c.name for c in columns)


def reject_kinds(rule: Rule, columns: Iterable[Column], accepts: Callable[[Kind], bool] | None, wanted: str) -> None:
    """Reject columns of a kind that the rule cannot measure. Errors: `RulesError`."""
    wrong = [c for c in columns if accepts is not None and not accepts(c.kind)]
    if wrong:
        shown = ", ".join(f"{c.name!r} is {c.type or c.kind}" for c in wrong)
        raise RulesError(f"{rule.type} needs {wanted}, but {shown}", code="E-TYPE")


def undefined(scope: Tree | None, rows: int, columns: Iterable[str], message: str = "") -> RuleResult:
    """The result of a rule with an undefined metric; `message` says why, if there are rows."""
    if rows == 0:
        return nothing() if scope is None else nothing(NOTHING_MATCHED, passed=True)
    return failed(message or f"all values are NULL in {', '.join(repr(c) for c in columns)}")


def java(value: Any) -> str:
    """A number as Java prints a double, which Glue's messages do.

    >>> java(4), java(0.8), java(None), java(float("nan")), java(float("-inf"))
    ('4.0', '0.8', 'NULL', 'NaN', '-Infinity')
    """
    if value is None:
        return "NULL"
    return repr(float(value)).replace("nan", "NaN").replace("inf", "Infinity") if isinstance(value, int | float) else str(value)
