"""CustomSql: a query of the user's over the table under test, `primary`, and over further tables by their names.

One SELECT of admitted nodes is all that runs: it can read the tables it was given and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset
from tilth.engine.admission import AS_THEY_ARE, LONGEST, RULES
from tilth.engine.engine import Engine
from tilth.engine.expressions import all_rows, col, lit
from tilth.engine.operations import Divide, LowerAscii, lower
from tilth.engine.operations.numbers import NaturalLogarithm, SquareRoot
from tilth.engine.operations.patterns import Matches
from tilth.engine.operations.texts import UpperAscii
from tilth.engine.query import table
from tilth.errors import ExpressionError, Mistake, TilthError, did_you_mean, listed
from tilth.report import Outcome
from tilth.rules.conditions import resolve
from tilth.rules.measuring import GLUE, Context, Verdict, java
from tilth.rules.syntax import Rule

PRIMARY = "primary"

QUERY_NODES: frozenset[type[Any]] = frozenset(
    {
        # clauses
        exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.With,
        exp.CTE,
        exp.Table, exp.TableAlias, exp.Alias, exp.Identifier, exp.Star, exp.Subquery, exp.Exists, exp.Union, exp.Intersect,
        exp.Except,
        exp.Distinct, exp.Tuple, exp.Window, exp.WindowSpec, exp.Filter, exp.DataType, exp.Var,
        # aggregates and window functions
        exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.StddevPop, exp.StddevSamp, exp.Stddev, exp.VariancePop,
        exp.Variance,
        exp.Corr, exp.CovarPop, exp.CovarSamp, exp.Median, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead,
        # values
        exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Not, exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs, exp.Case,
        exp.If, exp.Coalesce, exp.Greatest, exp.Least, exp.In, exp.Between, exp.Like, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Column,
        exp.Literal, exp.Cast, exp.TryCast, exp.Substring, exp.Concat, exp.Year, exp.Month, exp.Day, exp.TsOrDsToDate,
    }
)  # fmt: skip

MEANT: Mapping[type[Any], Any] = {
    exp.Div: Divide,
    exp.Lower: LowerAscii,
    exp.Upper: UpperAscii,
    exp.Sqrt: SquareRoot,
    exp.Ln: NaturalLogarithm,
    exp.RegexpLike: Matches,
}


ADMITTED = QUERY_NODES | AS_THEY_ARE | MEANT.keys() | (RULES.keys() - {exp.Anonymous})


def admitted(text: str, tables: Mapping[str, str]) -> Any:
    """The query in a text, its tables replaced by those of the engine (name in the query → name there).

    Errors: `ExpressionError` for everything that is not a query of admitted nodes over these tables, all at once.
    """
    query = _parsed(text)
    own = {cte.alias.casefold() for cte in query.find_all(exp.CTE)}
    mistakes = [m for node in list(query.walk()) for m in _refusal(node, own, tables)]
    if mistakes:
        raise ExpressionError(*dict.fromkeys(mistakes))
    for mention in list(query.find_all(exp.Table)):
        if mention.name.casefold() not in own:
            alias = mention.alias or mention.name
            mention.set("this", exp.to_identifier(_found(mention.name, tables), quoted=True))
            mention.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    for node in reversed(list(query.find_all(*MEANT))):
        node.replace(MEANT[type(node)].of(node.this, *([node.expression] if isinstance(node.args.get("expression"), Tree) else [])))
    return query


def _parsed(text: str) -> exp.Query:
    if len(text) > LONGEST:
        raise ExpressionError(f"the query has {len(text):,} characters; at most {LONGEST:,} are read", code="too-long")
    try:
        statements = sqlglot.parse(text, dialect="spark")
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError(f"Error executing SQL statement: {str(error).splitlines()[0]}", code="not-sql") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ExpressionError("CustomSql takes one SELECT, and nothing else", accepted="SELECT …, or WITH … SELECT …", code="not-a-query")
    return statements[0]


def _found(name: str, tables: Mapping[str, str]) -> str:
    return next(there for known, there in tables.items() if known.casefold() == name.casefold())


def _refusal(node: Any, own: set[str], tables: Mapping[str, str]) -> list[Mistake]:
    if isinstance(node, exp.Table):
        known = [*tables, *own]
        plain = isinstance(node.this, exp.Identifier) and not node.args.get("db")
        if not plain or node.name.casefold() not in {k.casefold() for k in known}:
            message = f"{node.sql('spark')} not found in additional sources"
            return [Mistake(message, accepted=f"the tables {listed(known)}", hint=did_you_mean(node.name, known), code="unknown-table")]
        return []
    if (
        type(node) in QUERY_NODES
        or type(node) in AS_THEY_ARE
        or type(node) in MEANT
        or (type(node) in RULES and not isinstance(node, exp.Anonymous))
    ):
        return []
    what = f"{node.name}()" if isinstance(node, exp.Anonymous) else node.sql("spark")[:60]
    return [
        Mistake(
            f"{what} cannot be used in CustomSql",
            hint="the engines do not agree on it, or it reaches outside the tables",
            code="not-admitted",
        )
    ]


def judge(rule: Rule, data: Dataset, context: Context, engine: Engine, sources: Mapping[str, Dataset]) -> Verdict:
    """The verdict on a CustomSql rule. With a condition the query gives one number; without, the rows that pass."""
    tables = {PRIMARY: engine.view(data), **{name: engine.view(source) for name, source in sources.items()}}
    query = admitted(rule.parameters[0].text.pattern, tables)
    return _scalar(rule, query, context, engine) if rule.condition is not None else _rows(rule, query, tables[PRIMARY], context, engine)


def _ask(engine: Engine, tree: Tree) -> list[tuple[Any, ...]]:
    try:
        return engine.ask("custom SQL", lower(tree, engine.name))
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
    returned = engine.schema_of(lower(query, engine.name)).names
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
