"""How large a query and its result may become: what a short text blows up is refused before any of it is made.

The SELECT of a WITH is planned wherever it is named, `*` repeats the columns below it, and an alias is written out wherever it is used: a
chain of thirty such steps could double what it starts from thirty times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree
from sqlglot.optimizer.scope import Scope, traverse_scope

from tilth.engine.user_sql.meaning import Meaning
from tilth.errors import MEMORY, REFUSED, TIME_LIMIT, ExpressionError, MachineError, TilthError

if TYPE_CHECKING:
    from tilth.engine.session import Session

MOST_PAIRS = 1_000_000_000  # rows that a join without an equality may form
GROUPS = 10_000  # that a GROUP BY or DISTINCT is taken to leave of more rows
MOST_READS = 200  # of tables, the SELECT of a WITH counted wherever it is named
MOST_COLUMNS = 10_000  # of one select
MOST_NODES = 50_000  # of one select, aliases written out
SECONDS = 600.0  # that a query may run, unless its user says otherwise


# ── the query itself ──


def reject_expansion(a: Meaning, query: Tree, columns: Mapping[str, int]) -> None:
    """Reject a query that becomes too large when its names are resolved; `columns` is how many each table has."""
    reads: dict[int, int] = {}
    widths: dict[int, int] = {}
    for scope in traverse_scope(query):
        sources = _sources(scope)
        inner = [s for s in (*sources.values(), *scope.subquery_scopes, *scope.set_operation_scopes) if isinstance(s, Scope)]
        reads[id(scope)] = sum(reads[id(s)] for s in inner) + sum(not isinstance(s, Scope) for s in sources.values())
        below = {name: _width(source, widths, columns) for name, source in sources.items()}
        parts = scope.set_operation_scopes
        widths[id(scope)] = widths[id(parts[0])] if parts else _written_columns(scope.expression, below)
        for found, most, what in (
            (reads[id(scope)], MOST_READS, "reads its tables {:,} times, the select of a WITH counted wherever it is named"),
            (widths[id(scope)], MOST_COLUMNS, "selects {:,} columns"),
            (_written_nodes(scope.expression), MOST_NODES, "has {:,} parts once the names of its own columns are written out"),
        ):
            if found > most:
                a.reject(f"the query {what.format(found)}", f"at most {most:,}", code="too-large")
                a.finish()


def _sources(scope: Scope) -> dict[str, Any]:
    """The sources of a select by their names in it: tables, and the scopes of other selects."""
    return {name: scope.sources[name] for name, _ in scope.references if name in scope.sources}


def _width(source: Any, widths: Mapping[int, int], columns: Mapping[str, int]) -> int:
    return widths[id(source)] if isinstance(source, Scope) else columns.get(source.name, 0)


def _written_columns(select: Any, below: Mapping[str, int]) -> int:
    """The columns of a select, each `*` written out."""
    stars = [x.table if isinstance(x, exp.Column) else "" for x in select.selects if x.is_star]
    return len(select.selects) + sum(below.get(name, 0) if name else sum(below.values()) for name in stars)


def _written_nodes(select: Any) -> int:
    """The nodes of a select, with aliases of its own columns replaced by their expressions."""
    sizes: dict[str, int] = {}

    def size(tree: Tree) -> int:
        return sum(sizes.get(n.name, 1) if isinstance(n, exp.Column) and not n.table else 1 for n in tree.walk())

    total = 0
    for x in select.selects:
        total += (of := size(x))
        if isinstance(x, exp.Alias):
            sizes[x.alias] = of
    clauses = ("where", "group", "having", "order", "qualify")
    return total + sum(size(clause) for name in clauses if (clause := select.args.get(name)))


# ── its rows ──


def reject_products(query: Tree, rows_of: Callable[[str], Any]) -> None:
    """Reject cross products of large tables, that is, joins without an equality. Errors: `ExpressionError`.

    `rows_of` gives the number of rows of a table by its name in the engine. It is called only for such joins.
    """
    known: dict[int, int] = {}

    def rows(source: Any) -> int:
        """The most rows that a source may have, if its keys are unique."""
        if not isinstance(source, Scope):
            return int(rows_of(source.name) or 0)
        if id(source) not in known:
            known[id(source)] = made(source)
        return known[id(source)]

    def made(scope: Scope) -> int:
        if scope.set_operation_scopes:
            return sum(map(rows, scope.set_operation_scopes))
        select = scope.expression
        limit = select.args.get("limit")
        if limit is not None and isinstance(limit.expression, exp.Literal):
            return int(limit.expression.name)
        grouped = select.args.get("group") or select.args.get("distinct")
        if not grouped and scope.find(exp.AggFunc) and not scope.find(exp.Window):
            return 1
        found = math.prod(max(map(rows, part)) for part in _connected(scope))
        return min(found, GROUPS) if grouped else found

    for scope in traverse_scope(query):
        parts = _connected(scope)
        outer = _outer(scope)
        pairs = math.prod(max(map(rows, part), default=1) for part in parts) if len(parts) > 1 or outer else 0
        pairs *= math.prod(map(rows, outer))
        if pairs > MOST_PAIRS:
            message = f"the query pairs every row with every row, {pairs:,} in all; at most {MOST_PAIRS:,} are formed"
            raise ExpressionError(message, hint="join on equal columns: join b on a.key = b.key", code="too-many-pairs")


def _connected(scope: Scope) -> list[list[Any]]:
    """The sources of a select, those together that equalities connect."""
    if not isinstance(scope.expression, exp.Select):
        return []
    sources = _sources(scope)
    parts = {name: {name} for name in sources}
    for one, other in _equalities(scope.expression):
        if one in parts and other in parts:
            merged = parts[one] | parts[other]
            parts |= dict.fromkeys(merged, merged)
    return [[sources[name] for name in part] for part in {id(p): sorted(p) for p in parts.values()}.values()]


def _outer(scope: Scope) -> list[Any]:
    """The outer sources that a correlated sub-query reads and that no equality connects with its own sources."""
    if not (scope.is_subquery and isinstance(scope.expression, exp.Select) and scope.parent):
        return []
    own, around = _sources(scope), _sources(scope.parent)
    met = {b if a in own else a for a, b in _equalities(scope.expression) if (a in own) != (b in own)}
    read = {c.table for c in scope.external_columns}
    return [around[name] for name in sorted(read - met) if name in around]


def _equalities(select: exp.Select) -> Iterator[tuple[str, str]]:
    """The pairs of tables that are joined by an equality."""
    joins = select.args.get("joins") or ()
    where = select.args.get("where")
    for condition in (*(j.args.get("on") for j in joins), where and where.this):
        for equality in _conjuncts(condition):
            sides = [{c.table for c in side.find_all(exp.Column)} for side in (equality.this, equality.expression)]
            if len(sides[0]) == len(sides[1]) == 1 and sides[0] != sides[1]:
                yield sides[0].pop(), sides[1].pop()


def _conjuncts(condition: Any) -> Iterator[Any]:
    """The equalities that a condition demands."""
    match condition:
        case exp.Paren(this=inner):
            yield from _conjuncts(inner)
        case exp.And(this=one, expression=other):
            yield from _conjuncts(one)
            yield from _conjuncts(other)
        case exp.EQ() | exp.NullSafeEQ():
            yield condition


# ── while it runs ──


@contextmanager
def limited(engine: Session, seconds: float, what: str, hint: str) -> Iterator[None]:
    """Run a query of the user's: what it takes too much of is its own mistake, not the machine's.

    Errors: `ExpressionError` that begins with `what`; `hint` says how to give it more time.
    """
    try:
        with engine.limited(seconds):
            yield
    except TilthError as error:
        first = error.mistakes[0]
        if isinstance(error, MachineError) and first.code not in (REFUSED, TIME_LIMIT, MEMORY):
            raise
        more = hint if first.code == TIME_LIMIT else ""
        raise ExpressionError(f"{what}: {first.message}", hint=more, code="sql-failed") from error
