"""Bounds the length of computed strings: engines hold those of thousands of rows at a time, and memory limits do not count them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree
from sqlglot.optimizer.scope import Scope, traverse_scope

from tilth.data import Kind
from tilth.engine.operations.strings import Center
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import kind

MOST_COPIES = 4_096  # of the input strings in a computed string
MOST_ADDED = 100_000  # characters that a computed string has in addition
USUAL = 100  # assumed length of a string that determines a repetition
CHOOSE = (exp.Case, exp.If, exp.Coalesce, exp.Greatest, exp.Least, exp.Nullif)
NUMBERS = (exp.Predicate, exp.Length, exp.StrPosition, exp.Ascii, exp.Count)


@dataclass(frozen=True)
class Growth:
    """A bound on the length of a string: a multiple of the longest of the tables' strings, plus a number of characters."""

    copies: int = 0
    added: int = 0

    def __add__(self, other: Growth) -> Growth:
        return Growth(self.copies + other.copies, self.added + other.added)

    def __or__(self, other: Growth) -> Growth:
        """The longer one."""
        return Growth(max(self.copies, other.copies), max(self.added, other.added))

    def times(self, n: int) -> Growth:
        """This growth, that many times."""
        return Growth(self.copies * n, self.added * n)


COLUMN, SHORT = Growth(1), Growth(0, 32)  # a column of a table, and the notation of a number
Columns = Callable[[exp.Column], Growth]


def reject_long_strings(a: Meaning, tree: Tree, of: Columns = lambda column: COLUMN) -> Growth:
    """The growth of a formula; `of` gives the growth of a column. Errors: `ExpressionError` if the result could be too long."""
    if isinstance(tree, exp.Column):
        found = of(tree) if kind(tree) in (Kind.STRING, Kind.OTHER) else SHORT
    else:
        found = _grown(tree, lambda below: reject_long_strings(a, below, of))
    if found.copies > MOST_COPIES or found.added > MOST_ADDED:
        a.reject(
            f"a string may become {found.copies:,} times as long as those of the tables, and {found.added:,} characters longer",
            f"at most {MOST_COPIES:,} times, and {MOST_ADDED:,} characters",
            code="too-long",
        )
        a.finish()
    return found


def reject_long_strings_of(a: Meaning, query: Tree) -> None:
    """Check all strings in a query whose columns are qualified by their tables. Errors: `ExpressionError`."""
    outputs: dict[int, dict[str, Growth]] = {}

    def of(scope: Scope) -> Columns:
        def column(node: exp.Column) -> Growth:
            source = scope.sources.get(node.table)
            return outputs.get(id(source.expression), {}).get(node.name, COLUMN) if isinstance(source, Scope) else COLUMN

        return column

    def grown(tree: Any, column: Columns) -> Growth:
        inner = tree.unnest()
        if isinstance(inner, exp.Query):
            return next(iter(outputs.get(id(inner), {}).values()), SHORT)
        return reject_long_strings(a, tree, column)

    for scope in traverse_scope(query):
        select: Any = scope.expression
        if scope.set_operation_scopes:
            left, right = (outputs[id(s.expression)] for s in scope.set_operation_scopes)
            outputs[id(select)] = {name: x | y for (name, x), y in zip(left.items(), right.values(), strict=False)}
            continue
        outputs[id(select)] = {x.alias_or_name: grown(x.unalias(), of(scope)) for x in select.selects}
        for clause in ("where", "having", "group", "order", "joins"):
            for tree in _listed(select.args.get(clause)):
                grown(tree, of(scope))


def _listed(clause: Any) -> list[Tree]:
    return clause if isinstance(clause, list) else [clause] if clause else []


def _grown(x: Any, grown: Callable[[Any], Growth]) -> Growth:
    """The growth of a node, computed from the growth of its arguments."""
    match x:
        case exp.Literal(this=text):
            return Growth(0, len(text))
        case exp.Query():
            return SHORT  # it is checked separately
        case exp.Repeat():
            return grown(x.this).times(_number(x.args.get("times")))
        case exp.Replace(this=inner, expression=what):
            by = x.args.get("replacement")
            made, replaced = grown(by) if by else Growth(), len(what.name) if what.is_string else 1
            return grown(inner).times(max(1, math.ceil((made.copies * USUAL + made.added) / max(1, replaced))))
        case exp.RegexpReplace(this=inner):
            return grown(inner).times(1 + grown(x.args["replacement"]).added if x.args.get("replacement") else 1)
        case exp.Pad(this=inner, expression=n):
            return grown(inner) + Growth(0, _number(n))
        case Center(expressions=[inner, n, *_]):
            return grown(inner) + Growth(0, _number(n))
    below = [grown(part) for part in x.iter_expressions()]
    found = Growth()
    for one in below:
        found = found | one if isinstance(x, CHOOSE) else found + one
    return SHORT if isinstance(x, NUMBERS) else found


def _number(x: Tree | None) -> int:
    """A whole number that is written out; what else stands there is refused elsewhere."""
    return int(x.name) if isinstance(x, exp.Literal) and x.is_int else 0
