"""How each rule type is measured: one row per type, from a rule to its metrics and from their values to a verdict.

A type of the catalogue that has no row here is parsed and checked but not evaluated yet; such a rule ends as Error and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind, Schema
from tilth.engine.expressions import and_, col, is_null, not_, not_null
from tilth.engine.user_sql.expression import parse_condition
from tilth.errors import ColumnError, Place, RulesError, did_you_mean, listed
from tilth.metrics.columns import (
    Completeness,
    Correlation,
    Extreme,
    Maximum,
    Mean,
    Minimum,
    RowCount,
    StandardDeviation,
    Sum,
    Variance,
)
from tilth.metrics.keys import DistinctValues, DuplicateRows, Entropy, Uniqueness, UniqueValueRatio
from tilth.metrics.metric import Metric, Where
from tilth.report import Outcome
from tilth.rules.cells import length, length_passes, null_passes, offenders, passes
from tilth.rules.conditions import Criterion, Setting, resolve
from tilth.rules.examples import Failing, groupable
from tilth.rules.language.syntax import Analyzer, Rule
from tilth.rules.types.datatypes import reads_as

NOTHING_MATCHED = "No rows matched the filter"
GLUE = "Value: {} does not meet the constraint requirement!"


@dataclass(frozen=True)
class Verdict:
    """What became of a rule: its outcome, the metrics by the names that Glue gives them, and why it did not pass."""

    outcome: Outcome
    metrics: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A rule made ready: the metrics it needs, what becomes of their values, and (where a row or a key can fail) what to show of those."""

    metrics: tuple[Metric, ...]
    verdict: Callable[[Mapping[Metric, Any]], Verdict]
    columns: tuple[str, ...] = ()
    failing: Failing | None = None


@dataclass(frozen=True)
class Context:
    """What rules are evaluated in: the table's columns, and what operands may refer to."""

    schema: Schema
    setting: Setting

    def column(self, name: str) -> Column:
        """The column of a name; without an exact match the only one that differs in case. Errors: `ColumnError`."""
        if name in self.schema:
            return self.schema[name]
        folded = [c for c in self.schema if c.name.casefold() == name.casefold()]
        if len(folded) == 1:
            return folded[0]
        raise ColumnError(
            f"Column {name} does not exist in the dataset",
            accepted=listed(self.schema.names),
            hint=did_you_mean(name, self.schema.names),
            code="unknown-column",
        )

    def columns(self, rule: Rule | Analyzer) -> tuple[Column, ...]:
        """The columns that a rule's parameters name."""
        return tuple(self.column(p.text.name) for p in rule.parameters)

    def scope(self, rule: Rule | Analyzer) -> Tree | None:
        """The rule's `where` as a tree. Errors: `ExpressionError`."""
        return None if rule.where is None else parse_condition(rule.where.pattern, self.schema, Place("where"))


def asked(rule: Rule, context: Context) -> Asked:
    """The rule made ready. Errors: `TilthError` for what makes it impossible to judge."""
    row = MEASURES.get(rule.type)
    if row is None:
        raise RulesError(
            f"{rule.type} is not evaluated by this version of Tilth", hint="it is parsed and checked all the same", code="not-evaluated"
        )
    return row(rule, context)


def not_evaluated(word: str) -> RulesError:
    """The error for a type that is in the language and has no row here yet."""
    return RulesError(
        f"{word} is not evaluated by this version of Tilth", hint="it is parsed and checked all the same", code="not-evaluated"
    )


# ── numbers of the table or of columns, judged by the rule's condition ──


def number(
    make: Callable[..., Metric],
    name: str,
    *,
    kinds: Callable[[Kind], bool] | None = None,
    count: bool = False,
    wanted: str = "",
    spotless: float | None = None,
    shown: Callable[[tuple[str, ...], Tree | None], Failing] | None = None,
) -> Callable[[Rule, Context], Asked]:
    """The row of a type whose condition is on one number. `count` says that over no rows the number is 0 rather than undefined.

    `shown` is what there is to show of a rule that failed, if `spotless`, the number of a table without such a thing, meets its condition.
    """

    def row(rule: Rule, context: Context) -> Asked:
        columns = context.columns(rule)
        refuse_kinds(rule, columns, kinds, wanted)
        metric, title = number_metric(rule, columns, context)
        scope = context.scope(rule)
        criterion = None if rule.condition is None else resolve(rule.condition, context.setting)
        rows = within(RowCount(), scope)
        metric = within(metric, scope)

        def verdict(values: Mapping[Metric, Any]) -> Verdict:
            value = values[metric]
            if value is None and not count:
                return undefined(rule, scope, values[rows], columns)
            met = criterion is None or criterion.holds(value)
            return Verdict(Outcome.PASSED if met else Outcome.FAILED, {title: value}, "" if met else GLUE.format(java(value)))

        blamed = shown is not None and spotless is not None and criterion is not None and criterion.holds(spotless)
        what = shown(_of_number(rule, columns, context), scope) if shown is not None and blamed else None
        return Asked((metric, rows), verdict, names(columns), what)

    def number_metric(rule: Rule | Analyzer, columns: tuple[Column, ...], context: Context) -> tuple[Metric, str]:
        return make(*_of_number(rule, columns, context)), titled(name, names(columns))

    NUMBERS[name] = number_metric
    return row


def _of_number(rule: Rule | Analyzer, columns: tuple[Column, ...], context: Context) -> tuple[str, ...]:
    """The columns that a number is of: those that are named; of duplicates all of them where none is."""
    return names(columns) if columns or rule.type != "DuplicateRowCount" else context.schema.names


NUMBERS: dict[str, Callable[[Rule | Analyzer, tuple[Column, ...], Context], tuple[Metric, str]]] = {}
"""Name of the metric → how it is made, for the analyzers."""


def titled(name: str, columns: tuple[str, ...]) -> str:
    """A metric's name as Glue writes it: `Dataset.*.RowCount`, `Column.age.Mean`, `Multicolumn.a,b.Uniqueness`."""
    several = len(columns) > 1 or (columns and name == "DuplicateRowCount")
    entity = "Multicolumn" if several else "Column" if columns else "Dataset"
    return f"{entity}.{','.join(columns) or '*'}.{name}"


def within(metric: Metric, scope: Tree | None) -> Metric:
    """The metric of the rows in scope."""
    return metric if scope is None else Where(metric, scope)


def names(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The columns' names."""
    return tuple(c.name for c in columns)


def refuse_kinds(rule: Rule | Analyzer, columns: tuple[Column, ...], kinds: Callable[[Kind], bool] | None, wanted: str) -> None:
    """Refuse columns of a kind that the rule cannot measure."""
    wrong = [c for c in columns if kinds is not None and not kinds(c.kind)]
    if wrong:
        shown = ", ".join(f"{c.name!r} is {c.type or c.kind}" for c in wrong)
        raise RulesError(f"{rule.type} needs {wanted}, but {shown}", code="E-TYPE")


def undefined(rule: Rule, scope: Tree | None, rows: int, columns: tuple[Column, ...]) -> Verdict:
    """What becomes of a rule whose metric has no value."""
    if rows == 0:
        return (
            Verdict(Outcome.PASSED, message=NOTHING_MATCHED)
            if scope is not None
            else Verdict(Outcome.FAILED, message="there are no rows to evaluate")
        )
    if rule.type == "ColumnCorrelation":
        return Verdict(
            Outcome.FAILED, message="the correlation cannot be computed: one column is constant, or fewer than two rows have both"
        )
    return Verdict(Outcome.FAILED, message=f"all values are NULL in {', '.join(repr(c.name) for c in columns)}")


def java(value: Any) -> str:
    """A number as Java prints a double, which Glue's messages do.

    >>> java(4), java(0.8), java(None)
    ('4.0', '0.8', 'NULL')
    """
    return "NULL" if value is None else repr(float(value)) if isinstance(value, int | float) else str(value)


# ── rules that judge each row ──


def of_rows(
    rule: Rule,
    context: Context,
    column: Column,
    passing: Tree,
    title: str,
    extremes: Mapping[str, Metric] = MappingProxyType({}),
    criterion: Criterion | None = None,
    pass_on_nothing: bool = False,
) -> Asked:
    """A rule of rows: the share of rows in scope that pass, against the threshold or all of them.

    `extremes` are reported with it; where one breaks `criterion`, the message names it.
    """
    scope = context.scope(rule)
    rows, hits = within(RowCount(), scope), within(RowCount(), and_(passing, scope))
    null_fails = rule.type == "ColumnValues" and criterion is not None and not null_passes(criterion)
    nulls = within(RowCount(), and_(is_null(col(column.name)), scope))
    threshold = None if rule.threshold is None else resolve(rule.threshold, context.setting)
    shown = {name: within(metric, scope) for name, metric in extremes.items()}

    def verdict(values: Mapping[Metric, Any]) -> Verdict:
        n, passed = values[rows], values[hits]
        if n == 0:
            met = scope is not None or pass_on_nothing
            return Verdict(Outcome.PASSED if met else Outcome.FAILED, message=NOTHING_MATCHED if met else "there are no rows to evaluate")
        metrics = {name: values[m] for name, m in shown.items() if values[m] is not None}
        if not shown or threshold is not None or rule.type == "ColumnLength":
            metrics[title] = passed / n
        met = passed == n if threshold is None else threshold.holds(passed / n)
        counts = {"passed": passed, "failed": n - passed, "total": n}
        if met:
            return Verdict(Outcome.PASSED, metrics, rows=counts)
        decided = [values[m] for m in shown.values()] if threshold is None else []
        told = offending(criterion, decided, passed / n, values[nulls] if null_fails else 0)
        return Verdict(Outcome.FAILED, metrics, f"{told}\n{n - passed:,} of {n:,} rows do not meet it", counts)

    what = Failing((column.name,), and_(not_(passing), scope), alike=rule.type == "IsComplete")
    return Asked((rows, hits, *([nulls] if null_fails else []), *shown.values()), verdict, (column.name,), what)


def offending(criterion: Criterion | None, extremes: Iterable[Any], share: float, nulls: int) -> str:
    """What Glue's message names: the extremes that break the condition, or the share of rows; and NULL."""
    wrong = [] if criterion is None else [java(v) for v in extremes if v is not None and not criterion.holds(v)]
    if not wrong and not (nulls and criterion is not None and extremes):
        wrong = [java(share)]
    return "\n".join(GLUE.format(v) for v in dict.fromkeys([*wrong, *(["NULL"] if nulls else [])]))


def column_values(rule: Rule, context: Context) -> Asked:
    """ColumnValues: every cell, or the share of the threshold, meets the condition."""
    (column,) = context.columns(rule)
    criterion = cell_criterion(rule, context)
    passing = passes(criterion, column)
    word = "PatternMatch" if criterion.operator == "matches" else "ColumnValues.Compliance"
    makes: Mapping[str, Callable[[str], Metric]] = {"Minimum": Minimum, "Maximum": Maximum}
    extremes = {titled(e, (column.name,)): makes[e](column.name) for e in offenders(criterion) if column.kind.numeric}
    return of_rows(rule, context, column, passing, titled(word, (column.name,)), extremes, criterion)


def cell_criterion(rule: Rule, context: Context) -> Criterion:
    """The condition on a cell, with the tags that bear on it."""
    assert rule.condition is not None  # noqa: S101 -- the grammar asks for one
    case, zone = rule.tag("ignoreCase"), rule.tag("timeZone")
    setting = context.setting if zone is None else replace(context.setting, zone=ZoneInfo(zone.word))
    return resolve(rule.condition, setting, ignore_case=case is not None and case.word.casefold() == "true")


def column_length(rule: Rule, context: Context) -> Asked:
    """ColumnLength: the length of every text, 0 for null, meets the condition."""
    (column,) = context.columns(rule)
    refuse_kinds(rule, (column,), lambda k: k in (Kind.STRING, Kind.INTEGER, Kind.BOOLEAN, Kind.DATE), "a text column")
    assert rule.condition is not None  # noqa: S101 -- the grammar asks for one
    criterion = resolve(rule.condition, context.setting)
    passing = length_passes(criterion, column)
    extremes = {
        titled("MinimumLength", (column.name,)): Extreme(length(column), "min"),
        titled("MaximumLength", (column.name,)): Extreme(length(column), "max"),
    }
    return of_rows(rule, context, column, passing, titled("LengthCompliance", (column.name,)), extremes, criterion)


def column_data_type(rule: Rule, context: Context) -> Asked:
    """ColumnDataType: every cell, or the share of the threshold, can be read as the type."""
    (column,) = context.columns(rule)
    assert rule.condition is not None  # noqa: S101 -- the grammar asks for one
    if rule.condition.operator not in ("=", "!=") or rule.condition.negated:
        raise RulesError("Unsupported operator", accepted='= "Type" or != "Type"', code="E-OPERATOR")
    (wanted,) = resolve(rule.condition, context.setting).operands
    layout = rule.tag("format")
    reads = reads_as(column, str(wanted), None if layout is None else layout.word)
    passing = reads if rule.condition.operator == "=" else not_(reads)
    return of_rows(rule, context, column, passing, titled("ColumnDataType.Compliance", (column.name,)), pass_on_nothing=True)


def is_complete(rule: Rule, context: Context) -> Asked:
    """IsComplete: no null."""
    (column,) = context.columns(rule)
    return of_rows(rule, context, column, not_null(col(column.name)), titled("Completeness", (column.name,)))


# ── keys, and what needs no data ──


def is_unique(rule: Rule, context: Context) -> Asked:
    """IsUnique: every key that is not wholly null occurs once."""
    columns = context.columns(rule)
    scope = context.scope(rule)
    unique, rows = within(Uniqueness(names(columns)), scope), within(RowCount(), scope)
    doubled = within(DuplicateRows(names(columns)), scope)

    def verdict(values: Mapping[Metric, Any]) -> Verdict:
        if values[unique] is None:
            return undefined(rule, scope, values[rows], columns)
        met = values[unique] == 1
        return Verdict(
            Outcome.PASSED if met else Outcome.FAILED,
            {titled("Uniqueness", names(columns)): values[unique]},
            "" if met else GLUE.format(java(values[unique])),
            _counted(values[doubled], values[rows]),
        )

    return Asked((unique, rows, doubled), verdict, names(columns), _doubled(names(columns), scope))


def is_primary_key(rule: Rule, context: Context) -> Asked:
    """IsPrimaryKey: every key occurs once, and no part of one is null."""
    columns = context.columns(rule)
    scope = context.scope(rule)
    unique, rows = within(Uniqueness(names(columns)), scope), within(RowCount(), scope)
    doubled = within(DuplicateRows(names(columns)), scope)
    complete = {c.name: within(Completeness(c.name), scope) for c in columns}

    def verdict(values: Mapping[Metric, Any]) -> Verdict:
        if values[unique] is None:
            return undefined(rule, scope, values[rows], columns)
        metrics = {
            titled("Uniqueness", names(columns)): values[unique],
            **{titled("Completeness", (c,)): values[m] for c, m in complete.items()},
        }
        wrong = [GLUE.format(java(values[unique]))] if values[unique] != 1 else []
        wrong += [f"column {c!r} has NULL: its completeness is {java(values[m])}" for c, m in complete.items() if values[m] != 1]
        counts = _counted(values[doubled], values[rows]) if all(values[m] == 1 for m in complete.values()) else {}
        return Verdict(Outcome.FAILED if wrong else Outcome.PASSED, metrics, "\n".join(wrong), counts)

    what = Failing(names(columns), scope, keys=True, nulls=True)
    return Asked((unique, rows, doubled, *complete.values()), verdict, names(columns), what)


def column_count(rule: Rule, context: Context) -> Asked:
    """ColumnCount: the number of columns; no data is read."""
    n = len(context.schema)
    assert rule.condition is not None  # noqa: S101 -- the grammar asks for one
    met = resolve(rule.condition, context.setting).holds(n)
    found = Verdict(Outcome.PASSED if met else Outcome.FAILED, {titled("ColumnCount", ()): n}, "" if met else GLUE.format(java(n)))
    return Asked((), lambda _: found)


def column_exists(rule: Rule, context: Context) -> Asked:
    """ColumnExists: a missing column is a failure, not an error."""
    name = rule.parameters[0].text.name
    try:
        found = Verdict(Outcome.PASSED, {f"Dataset.{context.column(name).name}.ColumnExists": 1.0})
    except ColumnError as error:
        found = Verdict(Outcome.FAILED, {f"Dataset.{name}.ColumnExists": 0.0}, str(error.mistakes[0].message))
    return Asked((), lambda _: found)


def numeric(kind: Kind) -> bool:
    """Whether a kind has numbers."""
    return kind.numeric


def _counted(failed: int, rows: int) -> dict[str, int]:
    """The rows that pass and fail."""
    return {"passed": rows - failed, "failed": failed, "total": rows}


def _doubled(columns: tuple[str, ...], scope: Tree | None) -> Failing:
    """Keys that stand in several rows."""
    return Failing(columns, scope, keys=True)


def _empty(columns: tuple[str, ...], scope: Tree | None) -> Failing:
    """Rows without a value."""
    return Failing(columns, and_(is_null(col(columns[0])), scope), alike=True)


def _keys(metric: Callable[[tuple[str, ...]], Metric]) -> Callable[..., Metric]:
    return lambda *columns: metric(tuple(columns))


SCALAR: Mapping[str, Any] = {"kinds": groupable, "wanted": "columns whose values can be compared"}
NUMERIC: Mapping[str, Any] = {"kinds": numeric, "wanted": "a numeric column"}

MEASURES: Mapping[str, Callable[[Rule, Context], Asked]] = {
    "RowCount": number(RowCount, "RowCount", count=True),
    "DuplicateRowCount": number(_keys(DuplicateRows), "DuplicateRowCount", count=True, spotless=0, shown=_doubled, **SCALAR),
    "ColumnCount": column_count,
    "ColumnExists": column_exists,
    "Completeness": number(Completeness, "Completeness", spotless=1, shown=_empty),
    "IsComplete": is_complete,
    "Uniqueness": number(_keys(Uniqueness), "Uniqueness", spotless=1, shown=_doubled, **SCALAR),
    "IsUnique": is_unique,
    "UniqueValueRatio": number(UniqueValueRatio, "UniqueValueRatio", spotless=1, shown=_doubled, **SCALAR),
    "DistinctValuesCount": number(DistinctValues, "DistinctValuesCount", count=True, **SCALAR),
    "IsPrimaryKey": is_primary_key,
    "Entropy": number(Entropy, "Entropy", **SCALAR),
    "Mean": number(Mean, "Mean", **NUMERIC),
    "Sum": number(Sum, "Sum", **NUMERIC),
    "StandardDeviation": number(StandardDeviation, "StandardDeviation", **NUMERIC),
    "Variance": number(Variance, "Variance", **NUMERIC),
    "ColumnCorrelation": number(Correlation, "ColumnCorrelation", **NUMERIC),
    "ColumnLength": column_length,
    "ColumnValues": column_values,
    "ColumnDataType": column_data_type,
}
