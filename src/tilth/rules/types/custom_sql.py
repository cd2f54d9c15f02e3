"""CustomSql: a query of the user's over the table under test, `primary`, and over further tables by their names.

One SELECT of admitted nodes is all that runs: it can read the tables it was given and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset
from tilth.engine.engine import Engine
from tilth.engine.expressions import all_rows, col, lit
from tilth.engine.layers import table
from tilth.engine.user_sql.query import parse_query
from tilth.errors import ExpressionError, TilthError
from tilth.report import Outcome
from tilth.rules.conditions import resolve
from tilth.rules.language.syntax import Analyzer, Rule
from tilth.rules.types.measuring import GLUE, Context, Verdict, java

PRIMARY = "primary"


def admitted(rule: Rule | Analyzer, data: Dataset, engine: Engine, sources: Mapping[str, Dataset]) -> Any:
    """The rule's query over the engine's tables. Errors: `ExpressionError`."""
    tables = {PRIMARY: engine.view(data), **{name: engine.view(source) for name, source in sources.items()}}
    return parse_query(rule.parameters[0].text.pattern, tables)


def judge(rule: Rule, data: Dataset, context: Context, engine: Engine, sources: Mapping[str, Dataset]) -> Verdict:
    """The verdict on a CustomSql rule. With a condition the query gives one number; without, the rows that pass."""
    query = admitted(rule, data, engine, sources)
    if rule.condition is not None:
        return _scalar(rule, query, context, engine)
    return _rows(rule, query, engine.view(data), context, engine)


def _ask(engine: Engine, tree: Tree) -> list[tuple[Any, ...]]:
    try:
        return engine.ask("custom SQL", engine.written(tree))
    except TilthError as error:
        raise ExpressionError(f"Error executing SQL statement: {error.mistakes[0].message}", code="sql-failed") from error


def scalar(query: Tree, engine: Engine) -> Any:
    """The one number that a query gives. Errors: `ExpressionError` if it gives more, less, or no number."""
    rows = _ask(engine, query)
    if len(rows) != 1:
        raise ExpressionError(f"Custom SQL did not return exactly 1 row: it returned {len(rows)}", code="not-one-row")
    if len(rows[0]) != 1:
        raise ExpressionError(f"Custom SQL did not return exactly 1 column: it returned {len(rows[0])}", code="not-one-column")
    (value,) = rows[0]
    if value is not None and not isinstance(value, int | float) and not hasattr(value, "as_integer_ratio"):
        raise ExpressionError(f"the query returned {type(value).__name__}, not a number", code="not-a-number")
    return None if value is None else value if isinstance(value, int | float) else float(value)


def _scalar(rule: Rule, query: Tree, context: Context, engine: Engine) -> Verdict:
    value = scalar(query, engine)
    if value is None:
        return Verdict(Outcome.FAILED, message="the query returned NULL")
    assert rule.condition is not None  # noqa: S101 -- the caller looked
    met = resolve(rule.condition, context.setting).holds(value)
    return Verdict(Outcome.PASSED if met else Outcome.FAILED, {"Dataset.*.CustomSQL": value}, "" if met else GLUE.format(java(value)))


def _rows(rule: Rule, query: Any, primary: str, context: Context, engine: Engine) -> Verdict:
    """The share of rows whose values stand among those that the query returns, null equal to null."""
    returned = engine.schema_of(engine.written(query)).names
    missing = [c for c in returned if c not in context.schema]
    if missing:
        told = "The columns returned from the SQL statement should only belong to the primary table. Columns not found: "
        raise ExpressionError(told + ", ".join(missing), code="foreign-columns")
    passing = exp.Select(expressions=[col(c) for c in returned], distinct=exp.Distinct()).from_(query.subquery("q"), copy=False)
    same = [exp.NullSafeEQ(this=_column("p", c), expression=_column("r", c)) for c in returned]
    hit = exp.Select(expressions=[lit(1)]).from_(passing.subquery("r"), copy=False).where(*same, copy=False)
    rows = exp.Select(expressions=[all_rows()]).from_(exp.alias_(table(primary), "p", table=True), copy=False)
    ((n,),), ((passed,),) = _ask(engine, rows), _ask(engine, rows.copy().where(exp.Exists(this=hit), copy=False))
    if n == 0:
        return Verdict(Outcome.FAILED, message="Custom SQL rule could not be evaluated due to data frame being empty")
    met = passed == n if rule.threshold is None else resolve(rule.threshold, context.setting).holds(passed / n)
    counts = {"passed": passed, "failed": n - passed, "total": n}
    message = "" if met else f"Custom SQL response failed to satisfy the threshold\n{n - passed:,} of {n:,} rows do not meet it"
    return Verdict(Outcome.PASSED if met else Outcome.FAILED, {"Dataset.*.CustomSQL.Compliance": passed / n}, message, counts)


def _column(of: str, name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), exp.to_identifier(of))
