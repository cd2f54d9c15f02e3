"""CustomSql: a query of the user's over the table under test, `primary`, and over further tables by their names.

One SELECT of admitted nodes is all that runs: it can read the tables it was given and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import mask
from tilth.engine.expressions import all_rows, coalesce, col, lit, not_
from tilth.engine.layers import table
from tilth.engine.user_sql.bounds import limited, reject_products
from tilth.engine.user_sql.query import parse_query
from tilth.errors import ExpressionError, RulesError, listed
from tilth.metrics.columns import RowCount
from tilth.report.blocks import counted
from tilth.rules.conditions import Criterion
from tilth.rules.context import Context, after_words
from tilth.rules.examples import FailureFilter, not_among
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Analyzer, Rule
from tilth.rules.members import MEMBER, Membership
from tilth.rules.prepared import (
    PreparedRule,
    RuleResult,
    Values,
    by_condition,
    failed,
    judged,
    metric_name,
    nothing,
    row_counts,
    within,
)
from tilth.rules.types.rule_type import GLUE, NUMBER, Form, RuleType

BAD_QUERY = "Error executing SQL statement"  # Glue's words
REPEATS = re.compile(r"\bselect\s+distinct\b|\bgroup\s+by\b", re.IGNORECASE)
NUMBER_METRIC, ROWS_METRIC = metric_name("CustomSQL"), metric_name("CustomSQL.Compliance")


def _prepare(rule: Rule, context: Context) -> PreparedRule:
    """With a condition, or as an analyzer, the query gives one number; else the rows that pass."""
    with after_words(BAD_QUERY):
        query: Any = parse_query(context.text(rule.parameters[0]).pattern, context.tables, context.setting.moment)
    reject_products(query, context.rows_of)
    one_number = rule.condition is not None or isinstance(rule, Analyzer)
    return _number_rule(rule, query, context) if one_number else _rows_rule(rule, query, context)


def _execute(context: Context, tree: Tree) -> list[tuple[Any, ...]]:
    """The few rows of an answer."""
    hint = "if it is worth more, give it more: check(…, sql_seconds=…), or --sql-seconds"
    with limited(context.engine, context.sql_seconds, BAD_QUERY, hint):
        return context.engine.execute("custom SQL", context.engine.written(tree))


def _number(query: Any, context: Context) -> Any:
    """The one number that a query gives. Errors: `ExpressionError` if it gives more, less, or no number."""
    rows = _execute(context, exp.Select(expressions=[exp.Star()]).from_(query.subquery("q"), copy=False).limit(2, copy=False))
    if len(rows) != 1:
        raise ExpressionError(f"Custom SQL did not return exactly 1 row: it returned {'more' if rows else 'none'}", code="not-one-row")
    if len(rows[0]) != 1:
        raise ExpressionError(f"Custom SQL did not return exactly 1 column: it returned {len(rows[0])}", code="not-one-column")
    (value,) = rows[0]
    if value is not None and not isinstance(value, int | float) and not hasattr(value, "as_integer_ratio"):
        raise ExpressionError(f"the query returned {type(value).__name__}, not a number", code="not-a-number")
    return None if value is None else value if isinstance(value, int | float) else float(value)


def _gives_private(query: Tree, context: Context) -> bool:
    """Whether the result may be a value of a private column; counts and comparisons of such values are not."""
    outputs = [output for select in query.find_all(exp.Select) for output in select.expressions]
    columns = (c for output in outputs for c in output.find_all(exp.Column) if not c.find_ancestor(exp.Count, exp.Predicate))
    return context.private(c.name for c in columns)


def _number_rule(rule: Rule, query: Tree, context: Context) -> PreparedRule:
    criterion, hidden = context.criterion(rule.condition), _gives_private(query, context)
    if hidden and isinstance(rule, Analyzer):
        raise RulesError("the query returns values of a private column", hint="count them, or measure another column", code="private")

    def judge(values: Values) -> RuleResult:
        value = _number(query, context)
        if value is None:
            return failed("the query returned NULL")
        result = by_condition(criterion, NUMBER_METRIC, value)
        return replace(result, metrics={}, broken=tuple(map(mask, result.broken))) if hidden else result

    return PreparedRule((), judge)


def _rows_rule(rule: Rule, query: Any, context: Context) -> PreparedRule:
    """The share of rows whose values occur in the result of the query; null equals null."""
    threshold, returned = context.criterion(rule.threshold), _returned(query, context)
    if (passing := _filter(query, returned, context)) is not None:
        return _filter_rule(passing, returned, threshold)
    rows, hits = _count_queries(query, returned, context)

    def judge(values: Values) -> RuleResult:
        ((n,),), ((passed,),) = _execute(context, rows), _execute(context, hits)
        ((given,),) = _execute(context, exp.select(all_rows()).from_(query.subquery("q"), copy=False)) if passed else ((0,),)
        return replace(_by_share(passed, n, threshold), warnings=_together(given, passed, returned))

    read = {mention.name for mention in query.find_all(exp.Table)}
    tables = {view: data for data in context.sources.values() if (view := context.engine.view(data)) in read}
    member = Membership(returned, query.subquery("q"), returned, (True,) * len(returned), tuple(tables.items()))
    return PreparedRule((), judge, (), col(MEMBER), failing=partial(not_among, member, returned), member=member)


def _together(given: int, passed: int, returned: tuple[str, ...]) -> tuple[str, ...]:
    """A warning if more rows pass than the query names: those with the values of one that it names."""
    if passed <= given:
        return ()
    said = f"the query returns {counted(given, 'row')}, and {passed:,} pass: those with the same values of {listed(returned)}"
    return (f"W-SQL-KEY: {said}; return a key, so that each row that passes is named",)


def _by_share(passed: int, n: int, threshold: Criterion | None) -> RuleResult:
    if n == 0:
        return nothing("Custom SQL rule could not be evaluated due to data frame being empty")
    met = passed == n if threshold is None else threshold.holds(passed / n)
    note = "Custom SQL response failed to satisfy the threshold"
    return judged(met, {ROWS_METRIC: passed / n}, notes=(note,), rows=row_counts(passed, n))


def _filter(query: Any, returned: tuple[str, ...], context: Context) -> Tree | None:
    """The condition of a query that only filters the table under test and returns the columns in its condition; None for other queries.

    The returned values then determine whether a row passes, so the condition can be evaluated for each row.
    """
    plain = isinstance(query, exp.Select) and {k for k, v in query.args.items() if v} <= {"expressions", "from_", "where"}
    where = query.args.get("where")
    if not plain or where is None or where.find(exp.Query, exp.Window, exp.AggFunc):
        return None
    source = query.args["from_"].this
    same = isinstance(source, exp.Table) and source.name == context.engine.view(context.data)
    read = {c.name for c in where.find_all(exp.Column)}
    if not same or not read <= set(returned) or any(s.unalias().name != s.alias_or_name for s in query.selects):
        return None
    condition = where.this.copy().transform(lambda node: col(node.name) if isinstance(node, exp.Column) else node)
    return coalesce(condition, exp.false())


def _filter_rule(passing: Tree, columns: tuple[str, ...], threshold: Criterion | None) -> PreparedRule:
    """The share of rows that meet a condition, measured with all other rules."""
    rows, hits = RowCount(), within(RowCount(), passing)
    return PreparedRule(
        (rows, hits),
        lambda values: _by_share(values[hits], values[rows], threshold),
        columns,
        passing,
        failing=lambda: FailureFilter(columns, not_(passing)),
    )


def _returned(query: Any, context: Context) -> tuple[str, ...]:
    """The columns that the query returns. Errors: `ExpressionError` for columns that the table lacks."""
    returned = context.engine.schema_of(context.engine.written(query)).names
    missing = [c for c in returned if c not in context.schema]
    if missing:
        message = "The columns returned from the SQL statement should only belong to the primary table. Columns not found: "
        raise ExpressionError(message + ", ".join(missing), code="foreign-columns")
    return tuple(returned)


def _count_queries(query: Any, returned: tuple[str, ...], context: Context) -> tuple[exp.Select, exp.Select]:
    """The queries for the number of rows and of those that pass."""
    passing = exp.Select(expressions=[col(c) for c in returned], distinct=exp.Distinct()).from_(query.subquery("q"), copy=False)
    same = [exp.NullSafeEQ(this=exp.column(c, "p", quoted=True), expression=exp.column(c, "r", quoted=True)) for c in returned]
    hit = exp.Select(expressions=[lit(1)]).from_(passing.subquery("r"), copy=False).where(*same, copy=False)
    rows = exp.Select(expressions=[all_rows()]).from_(exp.alias_(table(context.engine.view(context.data)), "p", table=True), copy=False)
    return rows, rows.copy().where(exp.Exists(this=hit), copy=False)


def _lint(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    if rule.threshold and rule.condition:
        message = "a CustomSql has a condition (for one number) or a threshold (for the rows that pass), not both"
        report.error("E-CUSTOMSQL-FORM", rule.threshold.span, message, accepted=CUSTOM_SQL.usage)
    if not rule.condition and rule.parameters and REPEATS.search(rule.parameters[0].text.pattern):
        hint = "return a key, so that each row that passes is named once"
        report.warn("W-SQL-KEY", rule.parameters[0].span, "rows that share the returned values pass and fail together", hint=hint)


CUSTOM_SQL = RuleType(
    "CustomSql", (Form(1, 1, NUMBER, bare=True),), ("sql",),
    'CustomSql "select count(*) from primary" > 0, CustomSql "select id from primary where ok" with threshold > 0.9',
    instead_of_where="put the condition into the query", threshold=GLUE, row=True, dynamic=True,
    analyzer=GLUE, watchable=True, prepare=_prepare,
    metric=lambda rule, context: NUMBER_METRIC if rule.condition else ROWS_METRIC, lint=_lint,
)  # fmt: skip
