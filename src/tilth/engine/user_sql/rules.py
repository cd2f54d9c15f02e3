"""Translation rules for nodes of user SQL with admitted arguments. A node without a rule is rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations import across
from tilth.engine.operations import numbers as num
from tilth.engine.operations.casts import DIGITS, NUMBER, FitsForm
from tilth.engine.operations.conversions import ToDecimal
from tilth.engine.operations.lists import Listed
from tilth.engine.operations.numbers import Divide, IsNan, Round
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.strings import Trim
from tilth.engine.user_sql.aggregates import AGGREGATES, over_rows
from tilth.engine.user_sql.calls import ANY, AS_DOUBLES, BOOLEANS, NUMBERS, Call, Rule, whole
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import CASTS, OF_DECIMAL, OWN, arguments, article, kind, name_of, typed
from tilth.engine.user_sql.shorthands import SHORTHANDS
from tilth.engine.user_sql.spark_times import PRESENT
from tilth.engine.user_sql.string_rules import STRING_RULES
from tilth.engine.user_sql.time_rules import TIME_RULES

MOST_PLACES = 15  # to round to: a double has no more digits
MOST_VALUES = 1_000  # of a row


def _literal(a: Meaning, node: exp.Literal) -> Tree:
    if node.is_string:
        return typed(node, Kind.STRING)
    if node.is_int:
        fits = int(node.this) < 2**63
        return typed(node, Kind.INTEGER) if fits else a.reject(f"{node.this} does not fit 64 bits", hint=f"as a double: {node.this}e0")
    try:
        return typed(e.lit(float(node.this)), Kind.FLOAT)
    except ValueError:
        return a.reject(f"{node.this} is not a number")


def _sign(a: Meaning, node: exp.Neg) -> Tree:
    if isinstance(node.this, exp.Literal) and node.this.is_int:
        return typed(exp.Paren(this=node.copy()), Kind.INTEGER)
    return Call(NUMBERS)(a, node)


def _integers(a: Meaning, node: exp.IntDiv) -> Tree:
    """DIV: of integers. One engine divides doubles with their fractions, the other cuts them off first, as a query does."""
    given = [a.cast(x, Kind.INTEGER) if a.query and kind(x) is not Kind.INTEGER else x for x in arguments(node)]
    parts = [a.of(lambda k: k is Kind.INTEGER, "DIV takes integers", x, "cast(x as bigint) cuts a number off") for x in given]
    return typed(num.IntegerDivide.of(*a.numbers("DIV", parts)), Kind.INTEGER)


def _comparison(a: Meaning, node: Any) -> Tree:
    x, y = a.alike(node.this, node.expression)
    return typed(exp.Paren(this=type(node)(this=x.copy(), expression=y.copy())), Kind.BOOLEAN)


def _in(a: Meaning, node: exp.In) -> Tree:
    if node.args.get("query") is not None:
        return typed(node, Kind.BOOLEAN)
    if not node.expressions:
        return a.reject("IN has no values")
    pairs = [a.alike(node.this, v) for v in node.expressions]
    if any(one != pairs[0][0] or not isinstance(v, exp.Literal | exp.Boolean) for one, v in pairs):
        return typed(e.or_(*(e.eq(*pair) for pair in pairs)), Kind.BOOLEAN)
    return typed(e.in_(pairs[0][0], [v for _, v in pairs]), Kind.BOOLEAN)


def _is(a: Meaning, node: exp.Is) -> Tree:
    what = node.expression
    if not isinstance(what, exp.Null | exp.Boolean):
        return a.reject(f"IS {what.sql('spark')}", accepted="IS NULL, IS TRUE, IS FALSE, each with NOT or without")
    x = node.this if isinstance(what, exp.Null) else a.condition(node.this)
    return typed(exp.Paren(this=exp.Is(this=x.copy(), expression=what.copy())), Kind.BOOLEAN)


def _case(a: Meaning, node: exp.Case) -> Tree:
    branches = node.args["ifs"]
    *values, last = a.widened([*(b.args["true"] for b in branches), node.args.get("default") or typed(exp.Null(), Kind.NULL)])
    conditions = [a.condition(b.this) for b in branches]
    return a.one_of(e.case(*zip(conditions, values, strict=True), otherwise=last), (*values, last))


def _first_of(a: Meaning, node: Any) -> Tree:
    """COALESCE, GREATEST and LEAST; Spark takes one value for no choice."""
    first, *rest = a.widened(arguments(node))
    if not rest:
        return first.copy()
    made: Tree = type(node)(**node.args | {"this": first.copy(), "expressions": [x.copy() for x in rest]})
    return a.one_of(made, (first, *rest))


def _of_row(a: Meaning, node: Any) -> Tree:
    """An aggregate of several values of one row."""
    name, given, place = name_of(node), list(node.expressions), []
    if isinstance(node, across.Largest):
        place = [whole(a, given.pop(0) if given else None, "the place of a value, the first argument,", 1)]
    if not given or len(given) > MOST_VALUES:
        return a.reject(f"{name} takes 1 to {MOST_VALUES:,} values, not {len(given)}", code="wrong-arguments")
    if isinstance(node, across.Count):
        there = [num.NanToNull.of(x) if kind(x) is Kind.FLOAT else x for x in given]
        return typed(node.of(Listed.of(*(e.if_else(e.not_null(x), e.lit(1)) for x in there))), Kind.INTEGER)
    numeric = isinstance(node, NUMBERS_OF_ROW) or all(kind(x).numeric or kind(x) is Kind.NULL for x in given)
    values = a.numbers(name, given) if numeric else a.widened(given)
    if wrong := next((x for x in values if kind(x) in (Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER)), None):
        return a.reject(f"{name} takes values that can be compared; {wrong.sql('spark')} is {article(kind(wrong))}", code="wrong-kind")
    of = a.wider(map(kind, values))
    if numeric and (of is not Kind.INTEGER or isinstance(node, FLOATS_OF_ROW)):
        values, of = [num.NanToNull.of(num.NoNegativeZero.of(e.cast(x, Kind.FLOAT))) for x in values], Kind.FLOAT
    operation = across.FloatSum if isinstance(node, across.Sum) and of is Kind.FLOAT else type(node)
    return typed(operation.of(Listed.of(*values), *place), Kind.INTEGER if isinstance(node, across.CountDistinct) else of)


def _round(a: Meaning, node: exp.Round) -> Tree:
    places = node.args.get("decimals") or e.lit(0)
    if not (isinstance(places, exp.Literal) and places.is_int and int(places.this) <= MOST_PLACES):
        return a.reject(f"the places to round to must be a whole number from 0 to {MOST_PLACES}")
    return typed(Round.of(*a.numbers("round()", [node.this]), places), Kind.FLOAT)


def _sign_of(x: Tree) -> Tree:
    signs = [(e.gt(x, e.lit(0)), e.lit(1.0)), (e.lt(x, e.lit(0)), e.lit(-1.0)), (e.not_null(x), e.lit(0.0))]
    return e.case((IsNan.of(x), x), *signs)


def _cast(a: Meaning, node: exp.Cast) -> Tree:
    to = node.args["to"]
    if to.this is exp.DType.DECIMAL:
        return _decimal(a, node.this, [int(size.name) for size in to.expressions])
    found = a.cast(node.this, CASTS[to.this])
    found.meta.update({k: v for k, v in node.meta.items() if k == PRESENT})
    return found


def _decimal(a: Meaning, x: Tree, sizes: list[int]) -> Tree:
    """A cast to a decimal type. Only a query keeps decimals."""
    p, s, *more = [*sizes, *(10, 0)[len(sizes) :]]
    if not 0 <= s <= p <= DIGITS or not p or more:
        return a.reject(
            f"a decimal has 1 to {DIGITS} digits, and as many or fewer after the point, not ({', '.join(map(str, (p, s, *more)))})"
        )
    x = a.cast(x, Kind.FLOAT) if kind(x) is Kind.BOOLEAN else x
    read = e.if_else(FitsForm.of(x, e.lit(NUMBER)), Trim.of(x)) if kind(x) is Kind.STRING else a.numbers("cast()", [x])[0]
    found = typed(ToDecimal.of(read, e.lit(p), e.lit(s)), Kind.DECIMAL)
    found.meta[OF_DECIMAL] = p - s, s
    return found


FLOATS_OF_ROW = (across.Mean, across.Median, across.Variance, across.StandardDeviation)
NUMBERS_OF_ROW = (*FLOATS_OF_ROW, across.Sum)

DOUBLES: Mapping[Any, type[Operation]] = {
    exp.Div: Divide, exp.Floor: num.Floor, exp.Ceil: num.Ceiling, exp.Sqrt: num.SquareRoot, exp.Ln: num.NaturalLogarithm,
    exp.Exp: num.Exponential, exp.Pow: num.Power,
}  # fmt: skip
RULES: Mapping[type[Any], Rule] = {
    **STRING_RULES,
    **TIME_RULES,
    exp.Column: lambda a, node: node,  # its kind is known
    exp.Literal: _literal,
    exp.Boolean: lambda a, node: typed(node, Kind.BOOLEAN),
    exp.Null: lambda a, node: typed(node, Kind.NULL),
    exp.Paren: lambda a, node: a.one_of(node, [node.this]),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Abs), Call(NUMBERS)),
    exp.Neg: _sign,
    **{node: Call(NUMBERS, Kind.FLOAT, operation.of) for node, operation in DOUBLES.items()},
    exp.Mod: Call(NUMBERS, None, num.Remainder.of),
    exp.IntDiv: _integers,
    exp.Round: _round,
    exp.Sign: Call(AS_DOUBLES, Kind.FLOAT, _sign_of),
    exp.Exists: lambda a, node: typed(node, Kind.BOOLEAN),
    exp.IsNan: Call(NUMBERS, Kind.BOOLEAN, IsNan.of),
    **dict.fromkeys((exp.And, exp.Or, exp.Not), Call(BOOLEANS, Kind.BOOLEAN)),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _comparison),
    exp.In: _in,
    exp.Is: _is,
    exp.If: lambda a, node: node,  # of a CASE
    exp.Case: _case,
    **dict.fromkeys((exp.Coalesce, exp.Greatest, exp.Least), _first_of),
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
    **{operation: _of_row for name, (operation, _) in OWN.items() if name.startswith("row_")},
    exp.Count: Call(ANY, Kind.INTEGER),
    exp.CountIf: Call(BOOLEANS, Kind.INTEGER, lambda c: exp.Filter(this=e.all_rows(), expression=exp.Where(this=c.copy()))),
    **dict.fromkeys((exp.Min, exp.Max), Call(ANY)),
    exp.Sum: Call(NUMBERS),
    **dict.fromkeys((exp.LogicalAnd, exp.LogicalOr), Call(BOOLEANS, Kind.BOOLEAN)),
    **AGGREGATES,
    exp.Avg: Call(AS_DOUBLES, Kind.FLOAT),  # of decimals, Spark's is a decimal of few places
    **dict.fromkeys(
        (exp.StddevPop, exp.StddevSamp, exp.Stddev, exp.VariancePop, exp.Variance, exp.CovarPop, exp.CovarSamp), Call(NUMBERS, Kind.FLOAT)
    ),
    **dict.fromkeys((exp.RowNumber, exp.Rank, exp.DenseRank), lambda a, node: typed(node, Kind.INTEGER)),
    **dict.fromkeys((exp.Lag, exp.Lead), lambda a, node: a.one_of(node, [node.this])),
    **dict.fromkeys((exp.Window, exp.Filter), over_rows),
}


LISTED = frozenset({*RULES, *SHORTHANDS, exp.Identifier})

MORE: Mapping[type[Any], tuple[str, ...]] = {
    exp.Quantile: ("quantile",), exp.ApproxQuantile: ("quantile", "accuracy"), exp.ApproxDistinct: ("accuracy",),
    exp.Nvl2: ("true", "false"),
    exp.Round: ("decimals",), exp.Case: ("ifs", "default"), exp.If: ("true", "false"), exp.Cast: ("to",), exp.TryCast: ("to",),
    exp.Trim: ("position",), exp.Lag: ("offset", "default"), exp.Lead: ("offset", "default"), exp.Substring: ("start", "length"),
    exp.SplitPart: ("delimiter", "part_index"), exp.Pad: ("fill_pattern",), exp.Replace: ("replacement",), exp.Repeat: ("times",),
    exp.Translate: ("from_", "to"), exp.StrPosition: ("substr",), **dict.fromkeys((exp.RegexpExtract, exp.RegexpExtractAll), ("group",)),
    exp.MonthsBetween: ("roundoff",), exp.RegexpReplace: ("replacement",), exp.StrToDate: ("format",), exp.StrToTime: ("format",),
}  # fmt: skip
"""Function → the arguments that its rule reads in addition to `this`, `expression` and `expressions`."""

CLAUSES = (
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.With, exp.CTE,
    exp.Table, exp.TableAlias, exp.Alias, exp.Star, exp.Subquery, exp.Exists, exp.Union, exp.Intersect, exp.Except, exp.Distinct,
    exp.Tuple, exp.WindowSpec, exp.Var,
)  # fmt: skip
"""Nodes that are allowed in queries only, and are left unchanged."""
