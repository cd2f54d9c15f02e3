"""Nodes that are written with others, before the rules see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine import expressions as e
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import is_string


def _same(node: Any) -> Tree:
    x, y = node.this, node.expression
    return e.or_(e.and_(e.is_null(x), e.is_null(y)), e.coalesce(e.eq(x, y), exp.false()))


def _joined(a: Meaning, node: exp.ConcatWs) -> Tree:
    """`concat_ws`: the parts that are not null, each behind a separator, without the first."""
    separator, *parts = node.expressions
    if not (is_string(separator) and parts):
        return a.reject("concat_ws() takes a separator in quotes, and strings")
    each = [e.coalesce(exp.Concat(expressions=e.owned(separator, part)), e.lit("")) for part in parts]
    return exp.Substring(this=exp.Concat(expressions=each), start=e.lit(len(separator.name) + 1))


def _conditions(node: exp.Case) -> Tree:
    """A CASE with a value in front, as one with conditions."""
    if node.this is None:
        return node
    return e.case(*((e.eq(node.this, b.this), b.args["true"]) for b in node.args["ifs"]), otherwise=node.args.get("default"))


SHORTHANDS: Mapping[type[Any], Callable[[Meaning, Any], Tree]] = {
    exp.Between: lambda a, node: e.and_(e.ge(node.this, node.args["low"]), e.le(node.this, node.args["high"])),
    exp.NullSafeEQ: lambda a, node: _same(node),
    exp.Nvl2: lambda a, node: e.case((e.not_null(node.this), node.args["true"]), otherwise=node.args.get("false")),
    exp.Nanvl: lambda a, node: e.case((exp.IsNan(this=node.this.copy()), node.expression), otherwise=node.this),
    exp.ConcatWs: lambda a, node: _joined(a, node),
    exp.NullSafeNEQ: lambda a, node: e.not_(_same(node)),
    exp.Nullif: lambda a, node: e.case((e.eq(node.this, node.expression), exp.Null()), otherwise=node.this),
    exp.If: lambda a, node: (
        node if isinstance(node.parent, exp.Case) else e.case((node.this, node.args["true"]), otherwise=node.args.get("false"))
    ),
    exp.Case: lambda a, node: _conditions(node),
}
"""Node → what it is written with."""
