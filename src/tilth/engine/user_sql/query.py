"""Whole queries that users write: one SELECT over tables that it is given, and nothing else.

As in `admission`, a text is parsed in Spark's dialect and every node of it must be listed here. A query that passes can read
its tables and no file, setting or other table; operations that engines disagree on become the named ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import double, lit
from tilth.engine.operations import Round, Trim
from tilth.engine.operations.numbers import IntegerDivide
from tilth.engine.operations.patterns import Like, Matches
from tilth.engine.operations.untyped import UNTYPED, ToInteger, ToText
from tilth.engine.user_sql.expression import CASTS, LONGEST, MOST_PLACES, OF_TEXTS, SAFE
from tilth.errors import ExpressionError, Mistake, did_you_mean, listed

CLAUSES = (
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.With, exp.CTE,
    exp.TableAlias, exp.Alias, exp.Identifier, exp.Star, exp.Subquery, exp.Exists, exp.Union, exp.Intersect, exp.Except, exp.Distinct,
    exp.Tuple, exp.Window, exp.WindowSpec, exp.Filter, exp.Var,
)  # fmt: skip
AGGREGATES = (
    exp.Count, exp.Sum, exp.Min, exp.Max, exp.StddevPop, exp.StddevSamp, exp.Stddev, exp.VariancePop, exp.Variance, exp.CovarPop,
    exp.CovarSamp, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead,
)  # fmt: skip
VALUES = (
    exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.And, exp.Or,
    exp.Not, exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.In,
    exp.Between, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Length, exp.Year, exp.Month, exp.Day, exp.TsOrDsToDate,
)  # fmt: skip


def _operation(operation: Any) -> Callable[[Any], Tree]:
    return lambda node: operation.of(*(x for x in (node.this, node.args.get("expression")) if isinstance(x, Tree)))


def _count_if(node: Any) -> Tree:
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=node.this.copy()))


def _average(node: Any) -> Tree:
    """DuckDB's average of decimals is a double, Spark's a decimal of few places."""
    return exp.Avg(this=double(node.this))


def _cast(node: Any) -> Tree:
    """Spark's cast raises and DuckDB's may not: both give null for what cannot be read."""
    return UNTYPED[CASTS[node.args["to"].this]].of(node.this)


def _concat(node: Any) -> Tree:
    """Null if one part is."""
    given = node.expressions if isinstance(node, exp.Concat) else (node.this, node.expression)
    return exp.Paren(this=reduce(lambda x, y: exp.DPipe(this=x, expression=y), [ToText.of(x) for x in given]))


def _number(node: Any) -> Tree:
    """A number with a point is a double, as in formulas: beside a float of 32 bits DuckDB compares a decimal in 32, Spark in 64."""
    return node.copy() if node.is_string or node.is_int else lit(float(node.this))


MEANT: Mapping[type[Any], Callable[[Any], Tree]] = {
    exp.Literal: _number,
    **{node: _operation(operation) for node, operation in {**SAFE, **OF_TEXTS}.items()},
    exp.IntDiv: lambda node: IntegerDivide.of(ToInteger.of(node.this), ToInteger.of(node.expression)),
    exp.Round: lambda node: Round.of(node.this, node.args.get("decimals") or lit(0)),
    exp.Trim: _operation(Trim),
    exp.RegexpLike: _operation(Matches),
    exp.Like: _operation(Like),
    exp.CountIf: _count_if,
    exp.Avg: _average,
    exp.Concat: _concat,
    exp.DPipe: _concat,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
PASSING = frozenset({*CLAUSES, *AGGREGATES, *VALUES, *MEANT})


def parse_query(text: str, tables: Mapping[str, str]) -> Tree:
    """The tree of a query; a table's name in it becomes the engine's name for that table (`tables`: one → the other).

    Errors: `ExpressionError` for everything that is not one SELECT of listed nodes over these tables, all at once.

    >>> from tilth.engine.operations import lower
    >>> lower(parse_query("select count(*) from primary", {"primary": "source0"}), "duckdb")
    'SELECT COUNT(*) FROM "source0" AS "primary"'
    """
    query = _parsed(text)
    mistakes = [m for node in list(query.walk()) for m in _refusal(node, tables)]
    if mistakes:
        raise ExpressionError(*dict.fromkeys(mistakes))
    # A WITH gets a name of ours: where its own is out of scope, that name could be a file or a view of the engine's.
    ours = {id(cte): f"cte{n}" for n, cte in enumerate(query.find_all(exp.CTE))}
    there = {known.casefold(): table for known, table in tables.items()}
    meant = [(mention, _meant(mention)) for mention in query.find_all(exp.Table)]
    for mention, cte in meant:
        mention.set("alias", mention.args.get("alias") or exp.TableAlias(this=exp.to_identifier(mention.name, quoted=True)))
        name = there[mention.name.casefold()] if cte is None else ours[id(cte)]
        mention.set("this", exp.to_identifier(name, quoted=True))
    for cte in query.find_all(exp.CTE):
        cte.args["alias"].set("this", exp.to_identifier(ours[id(cte)], quoted=True))
    for node in reversed(list(query.find_all(*MEANT))):
        node.replace(MEANT[type(node)](node))
    tree: Tree = query
    return tree


def _parsed(text: str) -> Any:
    if len(text) > LONGEST:
        raise ExpressionError(f"the query has {len(text):,} characters; at most {LONGEST:,} are read", code="too-long")
    try:
        statements = sqlglot.parse(text, dialect="spark")
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError(f"Error executing SQL statement: {str(error).splitlines()[0]}", code="not-sql") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ExpressionError("one SELECT is taken, and nothing else", accepted="SELECT …, or WITH … SELECT …", code="not-a-query")
    return statements[0]


def _in_scope(mention: exp.Table) -> Iterator[exp.CTE]:
    """The selects of WITHs that a name may mean where it stands, the nearest first: of its own WITH only those before."""
    below: Any = mention
    while (above := below.parent) is not None:
        if isinstance(above, exp.With):
            yield from reversed(above.expressions[: below.index])
        elif (named := above.args.get("with_")) is not None and named is not below:
            yield from reversed(named.expressions)
        below = above


def _meant(mention: exp.Table) -> exp.CTE | None:
    """The select of a WITH that a name means; None for a table that is given."""
    return next((cte for cte in _in_scope(mention) if cte.alias.casefold() == mention.name.casefold()), None)


def _refusal(node: Any, tables: Mapping[str, str]) -> list[Mistake]:
    """Why a node may not pass."""
    hint = "the engines do not agree on it, or it reaches outside the tables"
    match node:
        case exp.Table():
            known = [*tables, *dict.fromkeys(cte.alias for cte in _in_scope(node))]
            plain = isinstance(node.this, exp.Identifier) and not node.args.get("db")
            if plain and node.name.casefold() in {k.casefold() for k in known}:
                return []
            told = f"{node.sql('spark')} not found in additional sources"
            return [Mistake(told, accepted=f"the tables {listed(known)}", hint=did_you_mean(node.name, known), code="unknown-table")]
        case exp.With() if node.args.get("recursive"):
            return [Mistake("WITH RECURSIVE cannot be used in a query", hint="it may never end", code="not-admitted")]
        case exp.With() if twice := [n for n, times in Counter(cte.alias.casefold() for cte in node.expressions).items() if times > 1]:
            return [Mistake(f"WITH names {listed(twice)} more than once", hint="give each select a name of its own", code="not-admitted")]
        case exp.DataType():
            if node.this in CASTS:
                return []
            return [Mistake(f"a cast to {node.sql('spark')} cannot be used", accepted="bigint, double, string, boolean, date, timestamp")]
        case exp.RegexpLike() | exp.Like() if not isinstance(node.expression, exp.Literal):
            return [Mistake("a pattern must be a text in quotes", code="not-admitted")]
        case exp.Trim() if node.expression is not None or node.args.get("position"):
            told = "trim takes blanks, tabs and line ends from both ends, nothing else"
            return [Mistake(told, accepted="trim(x)", code="not-admitted")]
        case exp.Round() if not (
            isinstance(n := node.args.get("decimals") or lit(0), exp.Literal) and n.is_int and int(n.this) <= MOST_PLACES
        ):
            return [Mistake(f"the places to round to must be a whole number from 0 to {MOST_PLACES}", code="not-admitted")]
    if type(node) in PASSING:
        return []
    what = f"{node.name}()" if isinstance(node, exp.Anonymous) else node.sql("spark")[:60]
    return [Mistake(f"{what} cannot be used in a query", hint=hint, code="not-admitted")]
