"""Admits whole queries: one SELECT over given tables, and nothing else.

sqlglot resolves the names, so that both engines receive the same columns. A query can only read the given tables: no files, settings or
other tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlglot import Dialect, exp
from sqlglot.errors import OptimizeError
from sqlglot.expressions import Expression as Tree
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify_columns import qualify_columns, validate_qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from tilth.data import Column, Kind, Schema
from tilth.engine.expressions import TYPES
from tilth.engine.operations import times
from tilth.engine.operations.patterns import FullMatches
from tilth.engine.operations.strings import Center
from tilth.engine.operations.timewriting import WHOLE_DAYS, AddTime, FromUnixSeconds, Millisecond, WriteTime
from tilth.engine.user_sql.admission import Admission
from tilth.engine.user_sql.bounds import reject_expansion
from tilth.engine.user_sql.growth import reject_long_strings_of
from tilth.engine.user_sql.nodes import CASTS, OF_DECIMAL, digits_of, typed
from tilth.errors import ExpressionError, did_you_mean, first_line, listed

NARROW_TYPES = frozenset({exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.FLOAT})
SCHEMA_TYPES: Mapping[Kind, Any] = {**TYPES, Kind.DECIMAL: exp.DType.DECIMAL}
KINDS: Mapping[Any, Kind] = {
    **CASTS,
    **dict.fromkeys(NARROW_TYPES, Kind.INTEGER),
    **{t: k for k, t in SCHEMA_TYPES.items()},
    exp.DType.FLOAT: Kind.FLOAT,
    exp.DType.NULL: Kind.NULL,
}
INTEGER, DOUBLE, BOOLEAN = ({"returns": t} for t in (exp.DType.BIGINT, exp.DType.DOUBLE, exp.DType.BOOLEAN))
STRING, TIMESTAMP = {"returns": exp.DType.TEXT}, {"returns": exp.DType.TIMESTAMPNTZ}


def _time_added(annotator: Any, node: AddTime) -> AddTime:
    """A day stays one where days or months are added to it."""
    to, _, unit = node.expressions
    day = to.type is not None and to.type.this is exp.DType.DATE and unit.name in WHOLE_DAYS
    node.type = exp.DataType(this=exp.DType.DATE if day else exp.DType.TIMESTAMPNTZ)
    return node


TYPED: dict[type[exp.Expr], dict[str, Any]] = {
    **Dialect.get_or_raise("spark").EXPRESSION_METADATA,
    **dict.fromkeys((exp.Floor, exp.Ceil, exp.Round, exp.Div, exp.Avg), DOUBLE),
    **dict.fromkeys((exp.Quantile, exp.ApproxQuantile, exp.Median, exp.Corr, exp.MonthsBetween), DOUBLE),
    **dict.fromkeys((exp.ApproxDistinct, Millisecond), INTEGER),
    **dict.fromkeys((WriteTime, Center), STRING),
    **dict.fromkeys((FromUnixSeconds, times.LocalTime, times.AtLocalTime), TIMESTAMP),
    AddTime: {"annotator": _time_added},
    **dict.fromkeys((exp.IntDiv, exp.Length, times.DaysBetween, times.Weekday), INTEGER),
    FullMatches: BOOLEAN,
}
"""The types of nodes, as sqlglot has them for Spark and as the operations that replace them have them."""


def parse_query(text: str, tables: Mapping[str, tuple[str, Schema]], now: datetime | None = None) -> Tree:
    """The tree of a query; `tables`: the name of a table in the query → the engine's name for it, and its columns.

    `now` is the present, in UTC, without which a query cannot ask for it.

    Errors: `ExpressionError` for everything that is not one SELECT of listed nodes over these tables and their columns.

    >>> from tilth.engine.operations.operation import lower
    >>> lower(parse_query("select count(*) as n from primary", {"primary": ("source0", Schema(()))}), "duckdb")
    'SELECT COUNT(*) AS "n" FROM "source0" AS "primary"'
    """
    admission = Admission(text, query=True, now=now)
    try:
        query = admission.parsed()
        _name_tables(admission, query, _spelled(query, tables))
        reject_expansion(admission, query, {table: len(columns.names) for table, columns in tables.values()})
        found = _typed(admission, query, tables)
        reject_long_strings_of(admission, found)
        return admission.admit(found)
    except OptimizeError as error:
        raise ExpressionError(f"Error executing SQL statement: {first_line(error)}", code="unknown-column") from error
    except RecursionError as error:
        raise ExpressionError("the query is nested too deeply", code="too-deep") from error
    finally:
        admission.finish()


def tables_of(text: str) -> tuple[str, ...]:
    """The names of the tables that a query reads, without its CTEs. Errors: `ExpressionError` if it is not a single SELECT.

    >>> tables_of("with recent as (select * from orders) select * from recent join customers using (id)")
    ('customers', 'orders')
    """
    query = Admission(text, query=True, now=times.EPOCH).parsed()
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    return tuple(dict.fromkeys(t.name for t in query.find_all(exp.Table) if t.name not in own))


def private_outputs(query: exp.Query, private: Iterable[str]) -> list[str]:
    """The result columns of a query that may contain values of private columns; counts and comparisons of such values do not.

    A name counts as private everywhere if the query uses it for something private anywhere, so sub-queries, CTEs and unions are covered.
    """
    known: set[str] = set()
    found = set(private)
    while found > known:
        known = set(found)
        for output in (o for select in query.find_all(exp.Select) for o in select.expressions):
            columns = (c for c in output.find_all(exp.Column) if not c.find_ancestor(exp.Count, exp.Predicate))
            found |= {output.alias_or_name} if any(c.name in known for c in columns) else set()
        for same in _same_columns(query):
            found |= set(same) if not known.isdisjoint(same) else set()
    return [name for name in query.named_selects if name in known]


def _same_columns(query: exp.Query) -> Iterator[tuple[str, ...]]:
    """All names of one column of a union, or of a sub-query with renamed columns."""
    for union in query.find_all(exp.SetOperation):
        yield from zip(union.left.named_selects, union.right.named_selects, strict=False)
    for renamed in query.find_all(exp.TableAlias):
        inner = renamed.parent.this if renamed.parent else None
        if renamed.args.get("columns") and isinstance(inner, exp.Query):
            yield from zip((c.name for c in renamed.args["columns"]), inner.named_selects, strict=False)


def _spelled(query: Tree, tables: Mapping[str, tuple[str, Schema]]) -> Mapping[str, str]:
    """Give names that differ in case only one spelling, the columns' own first; the tables' names → the engine's."""
    spelling: dict[str, str] = {}
    for _, schema in tables.values():
        for name in schema.names:
            spelling.setdefault(name.casefold(), name)
    for identifier in query.find_all(exp.Identifier):
        identifier.set("this", spelling.setdefault(identifier.name.casefold(), identifier.name))
    return {spelling.get(name.casefold(), name): table for name, (table, _) in tables.items()}


def _name_tables(a: Admission, query: Tree, tables: Mapping[str, str]) -> None:
    """Rename tables to their names in the engine, and CTEs to generated names: a CTE's own name could be that of a file."""
    for clause in query.find_all(exp.With):
        if twice := [name for name, times in Counter(cte.alias for cte in clause.expressions).items() if times > 1]:
            a.reject(f"WITH names {listed(twice)} more than once", hint="give each select a name of its own")
    names = {id(cte): f"cte{n}" for n, cte in enumerate(query.find_all(exp.CTE))}
    meant = {id(table): (table, scope.sources.get(table.alias_or_name), scope) for scope in traverse_scope(query) for table in scope.tables}
    for table in list(query.find_all(exp.Table)):
        _, source, scope = meant.get(id(table), (table, None, None))
        if isinstance(source, Scope):
            name = names.get(id(source.expression.parent))
        else:
            plain = isinstance(table.this, exp.Identifier) and not table.args.get("db") and source is table
            name = tables.get(table.name) if plain else None
        if name is None:
            known = [*tables, *(scope.cte_sources if scope else ())]
            message, hint = f"{table.sql('spark')} not found in additional sources", did_you_mean(table.name, known)
            a.reject(message, f"the tables {listed(known)}", hint, code="unknown-table")
            continue
        table.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(name, quoted=True))
    for cte in query.find_all(exp.CTE):
        cte.args["alias"].set("this", exp.to_identifier(names[id(cte)], quoted=True))
    a.finish()


def _typed(a: Admission, query: Tree, tables: Mapping[str, tuple[str, Schema]]) -> Tree:
    """The query with every column's table written, and the kinds of its columns and sub-queries noted."""
    schema = MappingSchema({t: {c.name: _type(c) for c in columns} for t, columns in tables.values()}, dialect="spark", normalize=False)
    names = [name for _, columns in tables.values() for name in columns.names]
    known = {
        *(n.casefold() for n in names),
        *(
            alias.casefold()
            for node in query.find_all(exp.Alias, exp.TableAlias)
            for alias in (node.alias or node.name, *(c.name for c in node.args.get("columns") or ()))
        ),
    }
    for column in query.find_all(exp.Column):
        if column.name.casefold() not in known and not isinstance(column.this, exp.Star):
            hint = did_you_mean(column.name, names)
            a.reject(f"there is no column {column.name!r}", listed(dict.fromkeys(names)), hint, code="unknown-column")
    a.finish()
    query = qualify_columns(qualify_tables(query, dialect="spark"), schema, dialect="spark")
    validate_qualify_columns(query)
    annotate_types(query, schema, TYPED, dialect="spark")
    for node in query.find_all(exp.Column, exp.Subquery):
        of: Any = node.type if node.type and node.type.this in KINDS else _selected(node)
        typed(node, KINDS.get(of.this, Kind.OTHER) if of else Kind.OTHER, narrow=bool(of) and of.this in NARROW_TYPES)
        node.meta[OF_DECIMAL] = digits_of(of.sql()) if of else None
    return query


def _type(column: Column) -> exp.DataType:
    if digits_of(column.type):
        return exp.DataType.build(column.type)
    wide = SCHEMA_TYPES.get(column.kind, exp.DType.UNKNOWN)
    return exp.DataType(this={Kind.INTEGER: exp.DType.INT, Kind.FLOAT: exp.DType.FLOAT}.get(column.kind, wide) if column.narrow else wide)


def _selected(node: Tree) -> Any:
    """The type of the selected value that a name without a table is, as in ORDER BY."""
    above = node.find_ancestor(exp.Query)
    return next((s.type for s in above.selects if s.alias_or_name == node.name), None) if isinstance(above, exp.Query) else None
