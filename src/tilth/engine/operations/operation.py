"""What a named operation is, and how a tree is lowered to one engine.

Engines spell some operations differently and give other results for the same spelling. Each such operation is one class
here, with its rendering for DuckDB, for Spark and for one row in Python. Metrics and steps use the class; the difference is
met once, just before a query is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import owned
from tilth.errors import Gap

EngineName = Literal["duckdb", "spark"]


class Operation(exp.Expression, exp.Func):
    """A named operation. A subclass says what it means in its docstring and gives `both`, or `duckdb` and `spark`: trees made of
    its arguments. `row` is the same for one row of Python values; it is called only when no argument is null, unless
    `null_input`. An operation without `row` cannot be served. `total` says that it gives a value for every value,
    `shared` that it never raises and is worth computing once where a scan uses it several times.
    """

    arg_types: ClassVar[dict[str, bool]] = {"expressions": False}
    is_var_len_args = True
    null_input: ClassVar[bool] = False
    never_null: ClassVar[bool] = False
    total: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    row: ClassVar[Callable[..., Any] | None] = None
    identity_if: ClassVar[str] = ""  # a test in Python, of `{x}`, under which `row` would give back its first argument as it is

    @classmethod
    def of(cls, *arguments: Tree) -> Tree:
        """The operation on these arguments."""
        return cls(expressions=owned(*arguments))

    @classmethod
    def both(cls, *arguments: Any, **_: Any) -> Tree:
        """The tree for every engine, where one spelling does."""
        raise Gap(f"{cls.__name__} has no rendering")

    @classmethod
    def inline(cls, arguments: Sequence[str], constants: Mapping[str, Any]) -> str | None:
        """Python source for one row, where it is shorter than a call of `row`: from the arguments' names and the constants among them."""
        return None

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any] | None:
        """A function of the first argument for one row, where the others are constants that are best looked at once."""
        return None

    @classmethod
    def duckdb(cls, *arguments: Any, **_: Any) -> Tree:
        """The tree for DuckDB."""
        return cls.both(*arguments)

    @classmethod
    def spark(cls, *arguments: Any, **_: Any) -> Tree:
        """The tree for Spark."""
        return cls.both(*arguments)


class Struct(Operation):
    """Several values as one, which compares from left to right."""

    @classmethod
    def duckdb(cls, *values: Tree) -> Tree:
        fields = [exp.PropertyEQ(this=exp.to_identifier(f"f{i}"), expression=v) for i, v in enumerate(values)]
        return call("struct_pack", *fields)

    @classmethod
    def spark(cls, *values: Tree) -> Tree:
        return call("struct", *values)


def lowered(tree: Tree, engine: EngineName) -> Tree:
    """The tree with every named operation in the words of one engine."""
    return _lowered(tree.copy(), engine)


def _lowered(tree: Tree, engine: EngineName) -> Tree:
    """The same in place, for a tree that is not used elsewhere."""
    holder = exp.Paren(this=tree)
    nodes = list(holder.find_all(Operation, exp.Filter))
    for node in reversed(nodes):  # the inner ones first
        if isinstance(node, Operation):
            spelled = getattr(node, engine)(*(a.pop() for a in list(node.expressions)))
            _put(node, _lowered(spelled, engine), engine)
        elif node.parent is not None and not isinstance(node.this, Operation):
            node.replace(only_where(node.this, node.expression.this, engine))
    found: Tree = holder.this
    return found


def _put(node: Operation, spelled: Tree, engine: EngineName) -> None:
    """Put the rendering in the operation's place; a FILTER around an operation moves into the aggregates inside."""
    around = node.parent
    if not isinstance(around, exp.Filter):
        node.replace(spelled)
        return
    inside = exp.Paren(this=spelled)
    aggregates = [n for n in inside.find_all(exp.Expression) if is_aggregate(n)]
    if not aggregates:
        raise Gap(f"{type(node).__name__} has no aggregate that a filter could move into")
    for aggregate in aggregates:
        aggregate.replace(only_where(aggregate, around.expression.this, engine))
    around.replace(inside)


def only_where(aggregate: Tree, condition: Tree, engine: EngineName) -> Tree:
    """An aggregate over the rows for which a condition is true.

    Written into the aggregate's argument, which aggregates skip where it is null: FILTER means the same, and costs DuckDB
    half as much again. `count_if` over no rows is null in DuckDB.
    """
    condition = or_null(condition)
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
        made.expressions[:2]  # the value and what it is ordered by; how many of them there may be is a constant
        if made.name.lower() in ("max_by", "min_by")
        else [made.this if isinstance(made, exp.AggFunc) else made.expressions[0]]
    ):
        value.replace(exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())]))
    return made


def or_null(condition: Tree) -> Tree:
    """A condition of which only its truth matters: null does as well as false, so what turns null into false can go."""
    while isinstance(condition, exp.Paren) or (
        isinstance(condition, exp.Coalesce) and len(condition.expressions) == 1 and condition.expressions[0] == exp.false()
    ):
        condition = condition.this
    return condition


AGGREGATE_CALLS = frozenset({"quantile_cont", "quantile_disc", "percentile", "max_by", "min_by", "list", "collect_set"})


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a node takes many rows to one value."""
    return isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATE_CALLS)


def lower(tree: Tree, engine: EngineName, pretty: bool = False) -> str:
    """The SQL text of a tree for one engine; `pretty`: in lines, for people to read."""
    return lowered(tree, engine).sql(engine, identify=True, comments=False, pretty=pretty, copy=False)


def call(name: str, *arguments: Tree) -> Tree:
    """A function of an engine: in renderings any of its own, elsewhere one that both engines have and mean the same by."""
    return exp.Anonymous(this=name, expressions=owned(*arguments))
