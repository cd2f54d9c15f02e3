"""What a named operation is, and how a tree is lowered to one engine.

Engines spell some operations differently and give other results for the same spelling. Each such operation is one class
here, with its rendering for DuckDB, for Spark and for one row in Python. Metrics and steps use the class; the difference is
met once, just before a query is printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, ClassVar, Literal

from sqlglot import Dialect, exp
from sqlglot.expressions import Expression as Tree
from sqlglot.generator import Generator

from tilth.engine.expressions import col, owned
from tilth.errors import Gap, MachineError

EngineName = Literal["duckdb", "spark"]


class Operation(exp.Expression, exp.Func):
    """A named operation. A subclass documents its meaning and defines `both`, or `duckdb` and `spark`: trees of its arguments.

    An operation that an engine has as a function of the same arguments names this function instead: `both_call`, or `duckdb_call` and
    `spark_call`.

    `row` computes the same for one row of Python values. It is called only if no argument is null, unless `null_input`. An operation
    without `row` cannot be served. `total`: it gives a value for every value. `shared`: it never raises an error, and is computed once if a
    scan uses it several times. `external`: it calls the function in its argument `this`, under a name that only a session knows.
    """

    arg_types: ClassVar[dict[str, bool]] = {"expressions": False}
    is_var_len_args = True
    null_input: ClassVar[bool] = False
    never_null: ClassVar[bool] = False
    total: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    external: ClassVar[bool] = False
    both_call: ClassVar[str] = ""
    duckdb_call: ClassVar[str] = ""
    spark_call: ClassVar[str] = ""
    row: ClassVar[Callable[..., Any] | None] = None
    identity_if: ClassVar[str] = ""  # a Python test of `{x}` that is true if `row` would return its first argument unchanged

    @classmethod
    def of(cls, *arguments: Tree) -> Tree:
        """The operation on these arguments."""
        return cls(expressions=owned(*arguments))

    @classmethod
    def both(cls, *arguments: Any, **_: Any) -> Tree:
        """The tree for every engine, where one spelling does."""
        if not cls.both_call:
            raise Gap(f"{cls.__name__} has no rendering")
        return call(cls.both_call, *arguments)

    @property
    def alike(self) -> Operation:
        """A short operation of the same type, for queries that are only used for their columns."""
        return self

    @classmethod
    def inline(cls, arguments: Sequence[str], constants: Mapping[str, Any]) -> str | None:
        """Python source for one row, if it is shorter than a call of `row`; from the arguments' names, and the constants among them."""
        return None

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any] | None:
        """A function of the first argument for one row, prepared for constant other arguments."""
        return None

    @classmethod
    def duckdb(cls, *arguments: Any, **_: Any) -> Tree:
        """The tree for DuckDB."""
        return call(cls.duckdb_call, *arguments) if cls.duckdb_call else cls.both(*arguments)

    @classmethod
    def spark(cls, *arguments: Any, **_: Any) -> Tree:
        """The tree for Spark."""
        return call(cls.spark_call, *arguments) if cls.spark_call else cls.both(*arguments)


try:
    Operation()
except TypeError:  # "interpreted classes cannot inherit from compiled"
    raise MachineError(
        "sqlglot is installed with its compiled part, the package sqlglotc, which accepts no expressions of other packages",
        hint="pip uninstall sqlglotc",
        code="sqlglot-compiled",
    ) from None


class Struct(Operation):
    """Several values as one, which compares from left to right."""

    spark_call = "struct"

    @classmethod
    def duckdb(cls, *values: Tree) -> Tree:
        fields = [exp.PropertyEQ(this=exp.to_identifier(f"f{i}"), expression=v) for i, v in enumerate(values)]
        return call("struct_pack", *fields)


class Lowering(Generator):
    """Writes SQL with named operations for one engine; `_generator` combines it with the generator of that engine.

    A wide table has many columns, but their trees have few patterns. Each pattern is written once.
    """

    engine: ClassVar[EngineName]
    name_of: Callable[[Any], str]  # of the functions that external operations call
    types_only: bool = False  # whether the query is only used for its columns

    def function_fallback_sql(self, expression: exp.Func) -> str:
        """The text of an operation, or of a function of the engine."""
        if not isinstance(expression, Operation):
            return super().function_fallback_sql(expression)
        if expression.external:
            return self.sql(call(self.name_of(expression.this), *expression.expressions))
        return self._by_pattern(expression.alike if self.types_only else expression)

    def filter_sql(self, expression: exp.Filter) -> str:
        """The text of a filtered aggregate."""
        return super().filter_sql(expression) if isinstance(expression.this.this, exp.Distinct) else self._by_pattern(expression)

    def paren_sql(self, expression: exp.Paren) -> str:
        """Parentheses; for Spark only those that are needed.

        At each parenthesis Spark's parser first reads ahead to its end.
        """
        if self.engine == "spark" and not self.pretty and _is_redundant(expression):
            return self.sql(expression.this)
        return super().paren_sql(expression)

    def cast_sql(self, expression: exp.Cast, safe_prefix: str | None = None) -> str:
        """A cast; for Spark written `x::TYPE` if x needs no parentheses, because its parser reads ahead at each CAST, too."""
        x = expression.this
        if self.engine == "spark" and not self.pretty and type(expression) is exp.Cast and _is_closed(x):
            return f"{self.sql(x)}::{self.sql(expression.to)}"
        return super().cast_sql(expression, safe_prefix)

    def case_sql(self, expression: exp.Case) -> str:
        """A CASE; for Spark an IF if there is one condition, because its parser reads ahead at each CASE, too."""
        if self.engine != "spark" or self.pretty or expression.this or len(ifs := expression.args["ifs"]) > 1:
            return super().case_sql(expression)
        return self.func("IF", ifs[0].this, ifs[0].args["true"], expression.args.get("default") or exp.null())

    def _by_pattern(self, tree: Tree) -> str:
        """The text of an operation or a filter: the text of its pattern, filled with the texts of its holes."""
        if self.pretty:  # indentation depends on the context
            return self.sql(_spelled(tree, self.engine))
        holes: dict[exp.Expr, int] = {}
        pieces = _pieces(self.engine, Pattern(_shape(tree, tree, holes), tree))
        texts = [self.sql(hole) for hole in holes]
        return "".join(piece if isinstance(piece, str) else texts[piece] for piece in pieces)


CALLS = (exp.Anonymous, exp.Coalesce, exp.CountIf, exp.Sum, exp.Min, exp.Max, exp.Greatest, exp.Least, exp.Nullif, exp.Abs, exp.Case)
ENCLOSING = (*CALLS, exp.Alias, exp.If, exp.Where, exp.Having)
"""Nodes whose SQL has something around each of their expressions, so that these need no parentheses."""
CLOSED = (*CALLS, exp.Column, exp.Literal, exp.Null, exp.Boolean, exp.Cast, exp.Paren)
COMPARED = 4
BINDING: dict[type, int] = {
    **dict.fromkeys((exp.Mul, exp.Div, exp.IntDiv, exp.Mod), 6),
    **dict.fromkeys((exp.Add, exp.Sub), 5),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In), COMPARED),
    exp.Not: 3,
    exp.And: 2,
    exp.Or: 1,
}
"""How strongly operators bind their operands."""


def _is_closed(x: exp.Expr) -> bool:
    """Whether the text of an expression is one operand."""
    return isinstance(x, CLOSED) and not (isinstance(x, exp.Column) and x.name.startswith(OPEN))


def _is_redundant(parentheses: exp.Paren) -> bool:
    """Whether the text means the same without them. Of several pairs around an expression, the innermost is judged."""
    inner, outer = parentheses.this, parentheses
    while isinstance(outer.parent, exp.Paren):
        outer = outer.parent
    if isinstance(outer.parent, ENCLOSING) or _is_closed(inner):
        return True
    inside, outside = BINDING.get(type(inner), 0), BINDING.get(type(outer.parent), 9)
    in_order = outer.arg_key == "this" or isinstance(outer.parent, exp.Connector)
    return inside > outside or (inside == outside != COMPARED and in_order)


@cache
def _generator(engine: EngineName) -> type[Lowering]:
    class EngineLowering(Lowering, Dialect.get_or_raise(engine).generator_class):  # type: ignore[misc]  # a base known at run time only
        pass

    EngineLowering.engine = engine
    return EngineLowering


@dataclass(frozen=True)
class Pattern:
    """An operation or a filter in which some nodes are holes. Patterns of equal shape have the same text."""

    shape: Any
    tree: Tree = field(compare=False)


COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def _is_hole(node: exp.Expr, root: Tree) -> bool:
    """Whether a node does not belong to the pattern of the root: a column, what one is compared with, or an operation, which has its own.

    A filter moves into the operations below it, so they belong to its pattern.
    """
    if isinstance(node, Operation):
        return node is not root and (node.external or isinstance(root, Operation))
    number = node.this if isinstance(node, exp.Neg) else node
    return isinstance(node, exp.Column) or (isinstance(number, exp.Literal) and isinstance(node.parent, COMPARISONS))


def _shape(value: Any, root: Tree, holes: dict[exp.Expr, int]) -> Any:
    """A tree as nested tuples. A hole becomes whether it is closed, and its index in `holes`, to which it is added."""
    if isinstance(value, exp.Expr):
        if _is_hole(value, root):
            return _is_closed(value), holes.setdefault(value, len(holes))
        return (type(value), *((name, _shape(v, root, holes)) for name, v in value.args.items()))
    return tuple(_shape(v, root, holes) for v in value) if isinstance(value, list) else (value,)


HOLE = f"\x1f{os.urandom(8).hex()}\x1f"  # prefix of the column names that stand for holes; no text of a user can contain it
OPEN = f"{HOLE}o"  # prefix for holes whose text may need parentheses, because they are operations


@lru_cache(4096)
def _pieces(engine: EngineName, pattern: Pattern) -> tuple[str | int, ...]:
    """The text of a pattern in pieces, between them the numbers of holes."""
    root, holes = pattern.tree.copy(), dict[exp.Expr, int]()
    _shape(root, root, holes)

    def named(hole: exp.Expr) -> exp.Column:
        return col(f"{HOLE if _is_closed(hole) else OPEN}{holes[hole]}")

    tree = root.transform(lambda node: named(node) if _is_hole(node, root) else node, copy=False)
    text = _generator(engine)(dialect=engine, identify=True, comments=False).generate(_spelled(tree, engine), copy=False)
    return tuple(int(piece) if i % 2 else piece for i, piece in enumerate(re.split(f'["`]{HOLE}o?([0-9]+)["`]', text)))


def _spelled(tree: Tree, engine: EngineName) -> Tree:
    """An operation or a filter in the words of an engine; operations below it are left."""
    if isinstance(tree, Operation):
        found: Tree = getattr(tree, engine)(*tree.expressions)
        return found
    return where_inside(tree.this.copy(), tree.expression.this, engine)


def where_inside(tree: Tree, condition: Tree, engine: EngineName) -> Tree:
    """The tree with a filter on each of its aggregates."""

    def swap(node: Tree) -> Tree:
        if isinstance(node, Operation):
            return where_inside(_spelled(node, engine), condition, engine)
        return only_where(node, condition, engine) if is_aggregate(node) else node

    return tree.transform(swap, copy=False)


def only_where(aggregate: Tree, condition: Tree, engine: EngineName) -> Tree:
    """A filtered aggregate.

    The condition goes into the argument, because aggregates skip nulls. FILTER means the same and costs DuckDB 1.5 times as much.
    `count_if` over no rows is null in DuckDB.
    """
    condition = or_null(condition, engine)
    if isinstance(aggregate, exp.Count) and isinstance(aggregate.this, exp.Star):
        counted = exp.CountIf(this=condition.copy())
        return exp.Coalesce(this=counted, expressions=[exp.Literal.number(0)]) if engine == "duckdb" else counted
    if isinstance(aggregate, exp.CountIf):
        both = exp.And(this=exp.Paren(this=aggregate.this.copy()), expression=exp.Paren(this=condition.copy()))
        return exp.CountIf(this=both)
    if isinstance(aggregate.this, exp.Distinct):
        return exp.Filter(this=aggregate.copy(), expression=exp.Where(this=condition.copy()))
    made = aggregate.copy()
    for value in (
        made.expressions[:2]  # the value and the order; a third argument, their number, is a constant
        if made.name.lower() in ("max_by", "min_by")
        else [made.this if isinstance(made, exp.AggFunc) else made.expressions[0]]
    ):
        value.replace(exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())]))
    return made


def or_null(condition: Tree, engine: EngineName) -> Tree:
    """A condition that only needs to distinguish true from false or null, so that a conversion of null to false can be omitted."""
    while True:
        if isinstance(condition, Operation) and not condition.external:
            condition = _spelled(condition, engine)
        elif isinstance(condition, exp.Paren) or (
            isinstance(condition, exp.Coalesce) and len(condition.expressions) == 1 and condition.expressions[0] == exp.false()
        ):
            condition = condition.this
        else:
            return condition


AGGREGATE_CALLS = frozenset({"quantile_cont", "quantile_disc", "percentile", "max_by", "min_by", "list", "collect_list", "collect_set"})


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a node takes many rows to one value."""
    return isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATE_CALLS)


def lower(tree: Tree, engine: EngineName, pretty: bool = False, name_of: Callable[[Any], str] = str, types_only: bool = False) -> str:
    """The SQL text of a tree for one engine. `pretty`: formatted for people. `name_of` gives the names of external functions.

    `types_only`: the query is only used for its columns, and is written without long lists.
    """
    writer = _generator(engine)(dialect=engine, identify=True, comments=False, pretty=pretty)
    writer.name_of, writer.types_only = name_of, types_only
    return writer.generate(tree, copy=False)


def call(name: str, *arguments: Tree) -> Tree:
    """A call of an engine's function. Outside of renderings for one engine, it must be a function with the same meaning on both."""
    return exp.Anonymous(this=name, expressions=owned(*arguments))
