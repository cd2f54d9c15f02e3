"""Builders for the expression trees of metrics and steps.

A tree is a `sqlglot` expression and means the same on DuckDB, on Spark and in the row function. A node can have only one parent:
each builder uses its arguments directly if they have no parent yet, and copies them otherwise (`own`). Identifiers are
always quoted; values become literals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, reduce
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind

TYPES: dict[Kind, exp.DType] = {
    Kind.BOOLEAN: exp.DataType.Type.BOOLEAN,
    Kind.INTEGER: exp.DataType.Type.BIGINT,
    Kind.FLOAT: exp.DataType.Type.DOUBLE,
    Kind.STRING: exp.DataType.Type.TEXT,
    Kind.DATE: exp.DataType.Type.DATE,
    Kind.TIMESTAMP: exp.DataType.Type.TIMESTAMPNTZ,
    Kind.TIMESTAMP_TZ: exp.DataType.Type.TIMESTAMPTZ,
}


def type_name(kind: Kind, dialect: str) -> str:
    """How an engine calls the type of a kind.

    >>> type_name(Kind.INTEGER, "duckdb"), type_name(Kind.STRING, "spark")
    ('BIGINT', 'STRING')
    """
    return exp.DataType(this=TYPES[kind]).sql(dialect)


def own(tree: Tree) -> Tree:
    """A tree for use below a new node: itself if it has no parent yet, else a copy. Copies are most of the cost of a large tree."""
    return tree if tree.parent is None else tree.copy()


def owned(*trees: Tree) -> list[Tree]:
    """Several trees for one node, where one of them may be given twice.

    >>> x = col("x")
    >>> first, second = owned(x, x)
    >>> first is x, second is x
    (True, False)
    """
    taken: set[int] = set()
    found = []
    for tree in trees:
        found.append(tree.copy() if id(tree) in taken else own(tree))
        taken.add(id(tree))
    return found


def col(name: str) -> exp.Column:
    """A column by its name, whatever characters it has."""
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def lit(value: Any) -> Tree:
    """A value as a literal.

    Floats carry an exponent: without one, SQL reads `38.5816` as a decimal and the last digits differ. NaN and the
    infinities are casts of strings. Instants without a zone stay without one.

    Errors: TypeError for a value that has no literal.

    >>> lit(0.5).sql("duckdb"), lit("it's").sql("spark"), lit(None).sql("duckdb")
    ('0.5e0', "'it\\\\'s'", 'NULL')
    """
    match value:
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case int():
            return _signed(str(abs(value)), value < 0)
        case float() if not math.isfinite(value):
            return cast(exp.Literal.string("NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")), Kind.FLOAT)
        case float():
            text = repr(abs(value))
            return _signed(text if "e" in text else f"{text}e0", math.copysign(1.0, value) < 0)
        case str():
            return exp.Literal.string(value)
        case Decimal():
            return cast_to(exp.Literal.string(str(value)), data_type(_decimal_type(value)))
        case datetime():
            return cast(exp.Literal.string(value.isoformat(sep=" ")), Kind.TIMESTAMP if value.tzinfo is None else Kind.TIMESTAMP_TZ)
        case date():
            return cast(exp.Literal.string(value.isoformat()), Kind.DATE)
        case time():
            return cast_to(exp.Literal.string(value.isoformat()), data_type("time"))
    raise TypeError(f"no literal for a value of type {type(value).__name__}")


def _signed(text: str, negative: bool) -> Tree:
    number = exp.Literal.number(text)
    return exp.Neg(this=number) if negative else number


def _decimal_type(value: Decimal) -> str:
    """The narrowest type that holds a value. In an operation with a column of smaller scale, a wider type would lose digits."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return "decimal(38, 0)"
    scale = max(0, -exponent)
    return f"decimal({min(38, max(len(digits) + max(0, exponent), scale, 1))}, {scale})"


@cache
def _parsed_type(text: str, dialect: str | None) -> exp.DataType:
    return exp.DataType.build(text, dialect=dialect)


def data_type(text: str, dialect: str | None = None) -> exp.DataType:
    """A type by its text, such as `decimal(38, 0)`. sqlglot parses a type each time it is built, which is slow for wide tables."""
    return _parsed_type(text, dialect).copy()


def cast_to(x: Tree, to: exp.DataType) -> Tree:
    """A cast that raises where a value does not fit."""
    return exp.Cast(this=own(x), to=to)


def cast(x: Tree, kind: Kind) -> Tree:
    """A cast to a kind of column. For strings use the named operations of `engine.operations`: bare casts of strings differ."""
    return cast_to(x, exp.DataType(this=TYPES[kind]))


def double(x: Tree) -> Tree:
    """A number as a double."""
    return cast(x, Kind.FLOAT)


def text(x: Tree) -> Tree:
    """An integer, boolean or string as a string. Doubles have no string that all engines agree on."""
    return cast(x, Kind.STRING)


def is_null(x: Tree) -> Tree:
    """Whether a value is null: true or false, never null."""
    return exp.Is(this=own(x), expression=exp.Null())


def not_null(x: Tree) -> Tree:
    """Whether a value is not null."""
    return exp.Not(this=exp.Paren(this=is_null(x)))


def not_(x: Tree) -> Tree:
    """Three-valued not."""
    return exp.Not(this=exp.Paren(this=own(x)))


def and_(*conditions: Tree | None) -> Tree:
    """All of the conditions (None counts as no condition); true if there are none."""
    return _joined(exp.And, conditions, exp.true())


def or_(*conditions: Tree | None) -> Tree:
    """Any of the conditions; false if there are none."""
    return _joined(exp.Or, conditions, exp.false())


def _joined(kind: type[exp.Connector], conditions: Iterable[Tree | None], none: Tree) -> Tree:
    given: list[Tree] = [exp.Paren(this=c) for c in owned(*(c for c in conditions if c is not None))]
    if not given:
        return none
    # a balanced tree: a chain of a thousand would be deeper than the printer's stack
    while len(given) > 1:
        pairs = [given[i : i + 2] for i in range(0, len(given), 2)]
        given = [exp.Paren(this=kind(this=p[0], expression=p[1])) if len(p) == 2 else p[0] for p in pairs]
    return given[0]


def _binary(kind: type[exp.Binary]) -> Callable[[Tree, Tree], Tree]:
    def build(a: Tree, b: Tree) -> Tree:
        left, right = owned(a, b)
        return exp.Paren(this=kind(this=left, expression=right))

    return build


eq, ne, lt, le, gt, ge = map(_binary, (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE))
"""a = b, a <> b, a < b, a <= b, a > b, a >= b; null if either is. NaN is greater than every number."""
add, sub, mul = map(_binary, (exp.Add, exp.Sub, exp.Mul))
"""a + b, a - b, a * b; each raises where integers overflow."""


def added(*terms: Tree) -> Tree:
    """The sum of one or more terms, as a balanced tree: a chain of a thousand would be deeper than the printer's stack."""
    half = len(terms) // 2
    return terms[0] if not half else add(added(*terms[:half]), added(*terms[half:]))


def in_(x: Tree, values: Iterable[Any]) -> Tree:
    """Whether x equals one of the values; null if x is."""
    x, *values = owned(x, *(v if isinstance(v, Tree) else lit(v) for v in values))
    return exp.Paren(this=exp.In(this=x, expressions=values))


def if_else(condition: Tree, yes: Tree, no: Tree | None = None) -> Tree:
    """`yes` if the condition is true, `no` (or null) if it is false or null."""
    return case((condition, yes), otherwise=no)


def case(*branches: tuple[Tree, Tree], otherwise: Tree | None = None) -> Tree:
    """The value of the first branch whose condition is true."""
    *parts, default = owned(*(tree for branch in branches for tree in branch), exp.Null() if otherwise is None else otherwise)
    ifs = [exp.If(this=condition, true=value) for condition, value in zip(parts[::2], parts[1::2], strict=True)]
    return exp.Case(ifs=ifs, default=default)


def coalesce(*values: Tree) -> Tree:
    """The first value that is not null."""
    first, *others = owned(*values)
    return exp.Coalesce(this=first, expressions=others)


def greatest(*values: Tree) -> Tree:
    """The greatest value that is not null; null if all are. NaN is greater than every number."""
    first, *others = owned(*values)
    return exp.Greatest(this=first, expressions=others, ignore_nulls=True)


def least(*values: Tree) -> Tree:
    """The least value that is not null; null if all are."""
    first, *others = owned(*values)
    return exp.Least(this=first, expressions=others, ignore_nulls=True)


def null_if(x: Tree, value: Tree) -> Tree:
    """Null where x equals the value, else x."""
    left, right = owned(x, value)
    return exp.Nullif(this=left, expression=right)


def concat(*parts: Tree) -> Tree:
    """Strings concatenated; null if any is."""
    first, *others = owned(*parts)
    return reduce(lambda a, b: exp.DPipe(this=a, expression=b), others, first)


def all_rows() -> Tree:
    """count(*)"""
    return exp.Count(this=exp.Star())


def alias(x: Tree, name: str) -> Tree:
    """A tree under a name."""
    return shown_as(own(x), name)


def columns_of(tree: Tree | None) -> set[str]:
    """The names of the columns that a tree reads."""
    return set() if tree is None else {node.name for node in nodes_of(tree) if isinstance(node, exp.Column)}


def renamed(tree: Tree, column: str, name: str) -> Tree:
    """The tree that reads a column by another name."""

    def swap(node: Tree) -> Tree:
        return col(name) if isinstance(node, exp.Column) and node.name == column else node

    return tree.copy().transform(swap, copy=False)


def nodes_of(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of a tree, in no order: in a third of the time that `tree.walk()` takes."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for value in node.args.values():
            if isinstance(value, exp.Expr):
                waiting.append(value)
            elif isinstance(value, list):
                waiting += [v for v in value if isinstance(v, exp.Expr)]


def shown_as(x: Tree, name: str) -> Tree:
    """A tree under a name, in a query that is written and then thrown away: without a copy, so the tree may stand in several of them."""
    return exp.Alias(this=x, alias=exp.Identifier(this=name, quoted=True))


def number(column: Column) -> Tree:
    """A numeric column as doubles."""
    return col(column.name) if column.kind is Kind.FLOAT and not column.narrow else double(col(column.name))
