"""Rule types on the single values of a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, lit, lt, not_, not_null
from tilth.errors import RulesError
from tilth.metrics.columns import Extreme, Maximum, Minimum, RowCount
from tilth.metrics.metric import Metric
from tilth.report import Outcome
from tilth.rules.cells import age_of, length, offenders, passes
from tilth.rules.cells import judged as cell_judged
from tilth.rules.conditions import resolve, seconds
from tilth.rules.context import Context
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Rule, Text
from tilth.rules.prepared import PreparedRule, RuleResult, Values, metric_name, names, recorded, reject_kinds, within
from tilth.rules.row_rules import row_rule
from tilth.rules.types.datatypes import LAYOUT, reads_as
from tilth.rules.types.rule_type import COLUMN, GLUE, ONE, TILTH, Form, RuleType

# ── ColumnValues ──


def _column_values(rule: Rule, context: Context) -> PreparedRule:
    """Every cell, or the share of the threshold, meets the condition."""
    (column,) = context.columns(rule)
    criterion = context.criterion_of(rule)
    decisive = tuple(offenders(criterion)) if column.kind.numeric else ()
    ready = row_rule(
        rule,
        context,
        column,
        passes(criterion, column),
        _compliance(rule, context),
        extremes={name: m for name, m in extremes(column.name).items() if name.endswith(decisive)},
        values_of_cells=True,
        criterion=criterion,
        null_fails=not criterion.holds(None),
    )
    return _said_of_text(ready, column) if criterion.operator == "matches" else ready


def _said_of_text(ready: PreparedRule, column: Column) -> PreparedRule:
    """A rule on strings, with a warning for a column of another kind."""
    if column.kind is Kind.STRING:
        return ready
    said = f"column {column.name!r} is {column.type or column.kind}: the string form of its values is judged"
    return replace(ready, judge=lambda values: replace(ready.judge(values), warnings=(said,)))


def _compliance(rule: Rule, context: Context) -> str:
    word = "PatternMatch" if rule.condition and rule.condition.operator == "matches" else "ColumnValues.Compliance"
    return metric_name(word, names(context.columns(rule)))


def extremes(column: str) -> dict[str, Metric]:
    """The smallest and the largest value of a column, by their names."""
    return {metric_name("Minimum", (column,)): Minimum(column), metric_name("Maximum", (column,)): Maximum(column)}


def _record_values(analyzer: Rule, context: Context) -> PreparedRule:
    (column,) = context.columns(analyzer)
    if context.private([column.name]):
        raise RulesError(f"the smallest and largest value of {column.name!r} are private", hint="measure another column", code="private")
    ready = recorded(extremes(column.name), (column.name,), context.scope(analyzer))
    return replace(ready, judge=lambda values: _in_seconds(ready.judge(values))) if column.kind.temporal else ready


def _in_seconds(result: RuleResult) -> RuleResult:
    """Dates and times as seconds since 1970 in UTC, which a history can store; the notes show the dates."""
    notes = tuple(f"{name} is {value.isoformat()}" for name, value in result.metrics.items())
    return replace(result, metrics={name: seconds(value) for name, value in result.metrics.items()}, notes=notes)


# ── ColumnLength ──


def _column_length(rule: Rule, context: Context) -> PreparedRule:
    """The length of every string, 0 for null, meets the condition."""
    (column,) = context.columns(rule)
    reject_kinds(rule, (column,), lambda k: k in (Kind.STRING, Kind.INTEGER, Kind.BOOLEAN, Kind.DATE), "a text column")
    criterion = resolve(rule.needed, context.setting)
    passing, title = cell_judged(criterion, length(column), lit(0)), metric_name("LengthCompliance", (column.name,))
    ready = row_rule(rule, context, column, passing, title, extremes=lengths(column), criterion=criterion, always_share=True)
    return _said_of_text(ready, column)


def lengths(column: Column) -> dict[str, Metric]:
    """The smallest and the largest length of a column's strings, by their names."""
    size, of = length(column), (column.name,)
    return {metric_name("MinimumLength", of): Extreme(size, "min"), metric_name("MaximumLength", of): Extreme(size, "max")}


def _record_lengths(analyzer: Rule, context: Context) -> PreparedRule:
    (column,) = context.columns(analyzer)
    return recorded(lengths(column), (column.name,), context.scope(analyzer))


# ── ColumnDataType ──


def _column_data_type(rule: Rule, context: Context) -> PreparedRule:
    """Every cell, or the share of the threshold, can be read as the type."""
    (column,) = context.columns(rule)
    if rule.needed.operator not in ("=", "!=") or rule.needed.negated:
        raise RulesError("Unsupported operator", accepted='= "Type" or != "Type"', code="E-OPERATOR")
    (wanted,) = resolve(rule.needed, context.setting).operands
    layout = rule.tag("format")
    reads = reads_as(column, str(wanted), None if layout is None else layout.word, strict=context.setting.strict_types)
    passing = reads if rule.needed.operator == "=" else not_(reads)
    ready = row_rule(rule, context, column, passing, _title("ColumnDataType.Compliance")(rule, context), pass_on_nothing=True)
    return replace(ready, judge=lambda values: _in_percent(ready.judge(values)))


def _in_percent(result: RuleResult) -> RuleResult:
    """The share of rows that pass, in Glue's words for this type."""
    shares = tuple(f"{100 * share:.2f} % of rows passed the threshold" for share in result.broken)
    return replace(result, broken=(), notes=(*shares, *result.notes))


def _title(word: str) -> Callable[[Rule, Context], str]:
    return lambda rule, context: metric_name(word, names(context.columns(rule)))


def _lint_data_type(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    condition = rule.condition
    if condition is None or condition.family != "string":
        return
    if condition.operator not in ("=", "!="):
        report.warn("W-UNJUDGED", condition.span, f"ColumnDataType cannot be evaluated with {condition.operator}", accepted="=, !=")
        return
    named, layout = condition.operands[0], rule.tag("format")
    if not isinstance(named, Text):
        return
    try:
        reads_as(Column("", Kind.STRING), named.value, layout.word if layout and isinstance(layout.value, Text) else None)
    except RulesError as error:
        for m in error.mistakes:
            at = layout.value if layout and m.code == LAYOUT else named
            report.warn("W-UNJUDGED", at.span, m.message, accepted=m.accepted, hint=m.hint)


# ── DataFreshness ──


def _data_freshness(rule: Rule, context: Context) -> PreparedRule:
    """The age of every cell at the time of the run, in whole seconds, meets the condition; null has none."""
    (column,) = context.columns(rule)
    reject_kinds(rule, (column,), lambda kind: kind.temporal or kind is Kind.STRING, "a column of dates or times")
    criterion, scope = resolve(rule.needed, context.setting), context.scope(rule)
    age = age_of(column, context.setting.now)
    passing = and_(not_null(age), cell_judged(criterion, age, age))
    ready = row_rule(rule, context, column, passing, _title("DataFreshness.Compliance")(rule, context), pass_on_nothing=True)
    future, youngest = within(RowCount(), and_(lt(age, lit(0)), scope)), within(Extreme(age, "min"), scope)

    def judge(values: Values) -> RuleResult:
        result = ready.judge(values)
        warnings = (f"values in the future: {values[future]:,}",) if values[future] else ()
        fresh = result.outcome is Outcome.FAILED and values[youngest] is not None and criterion.holds(values[youngest])
        return replace(result, warnings=warnings, notes=(*result.notes, *([NEWEST] if fresh else [])))

    return replace(ready, metrics=(*ready.metrics, future, youngest), judge=judge)


NEWEST = "the newest value meets the condition, but every row has to: `with threshold > 0` asks it of one row"

COLUMN_VALUES = RuleType(
    "ColumnValues", (Form(1, 1, ("string", "number", "date")),), COLUMN, 'ColumnValues "column" in ["a","b"]',
    where=True, threshold=GLUE, tags=("ignoreCase", "timeZone"), null_operands=True, row=True,
    analyzer=GLUE, watchable=True, observed=True, prepare=_column_values, record=_record_values, metric=_compliance,
)  # fmt: skip
COLUMN_LENGTH = RuleType(
    "ColumnLength", ONE, COLUMN, 'ColumnLength "column" = 5', where=True, threshold=TILTH, row=True,
    analyzer=GLUE, watchable=True, observed=True, prepare=_column_length, record=_record_lengths, metric=_title("LengthCompliance"),
)  # fmt: skip
COLUMN_DATA_TYPE = RuleType(
    "ColumnDataType", (Form(1, 1, ("string",)),), COLUMN, 'ColumnDataType "column" = "Integer"', where=True, threshold=GLUE,
    tags=("format",), row=True, prepare=_column_data_type, metric=_title("ColumnDataType.Compliance"),
    lint=_lint_data_type,
)  # fmt: skip
DATA_FRESHNESS = RuleType(
    "DataFreshness", (Form(1, 1, ("duration",)),), COLUMN, 'DataFreshness "column" <= 24 hours',
    where=True, threshold=TILTH, row=True, prepare=_data_freshness, metric=_title("DataFreshness.Compliance"),
)  # fmt: skip
