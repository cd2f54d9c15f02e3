"""Turns the layers of a dataset into one query: a flat list of named selects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from itertools import accumulate

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Change, Dataset, Layer, Rows
from tilth.engine.expressions import alias, col, columns_of, nodes_of, shown_as
from tilth.engine.operations.lookups import AtPlace, Lookup
from tilth.engine.operations.rows import RowNumber

PLACE = "\x1fplace"  # temporary column with a row's position


def table(name: str) -> exp.Table:
    """A table by its name."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def selected(trees: Iterable[Tree], source: Tree, name: str = "") -> exp.Select:
    """A select of these trees from a table, or from a subquery named `name`.

    The select takes ownership of them; sqlglot's builders would copy a query for each added clause.
    """
    below = source.subquery(name, copy=False) if isinstance(source, exp.Select | exp.Union) else source
    return exp.Select(expressions=list(trees)).from_(below, copy=False)


def appended(names: tuple[str, ...], other: str, given: tuple[str, ...]) -> Rows:
    """The layer that appends the rows of the table `other`, which has the columns `given`."""
    more = [col(n) if n in given else alias(exp.Null(), n) for n in names]
    below = exp.Select(expressions=[col(n) for n in names]).from_(table(BELOW), copy=False)
    return Rows(exp.union(below, exp.Select(expressions=more).from_(table(other), copy=False), distinct=False, copy=False), out=names)


def layer_select(layer: Change | Rows, below: str, names: tuple[str, ...], wanted: Set[str] | None = None) -> exp.Select | exp.Union:
    """One layer as a select from the table `below` with the columns `names`; a change makes only the columns `wanted`, if given."""
    if isinstance(layer, Change):
        chosen = [c for c in layer.names(names) if wanted is None or c in wanted]
        made = (layer.made.get(c) for c in chosen)
        trees = [col(c) if tree is None else shown_as(tree, c) for c, tree in zip(chosen, made, strict=True)]
        return selected(trees, table(below))
    return reading(layer.select, {BELOW: below})


def reading(select: exp.Select | exp.Union, tables: Mapping[str, str]) -> exp.Select | exp.Union:
    """The select with renamed tables: old name → new name. The old name stays as alias."""
    select = select.copy()
    for mention in select.find_all(exp.Table):
        if (name := mention.name) in tables:
            mention.set("this", exp.to_identifier(tables[name], quoted=True))
            if not mention.alias:
                mention.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    return select


def select_from(base: str, names: tuple[str, ...], layers: Sequence[Change | Rows], query: exp.Select, title: str = "layer") -> exp.Select:
    """A query over the last of the layers on the table `base`.

    Each layer is a named select (`WITH layer0 AS …`) rather than a subquery: nested subqueries cost quadratic time to
    build and overflow the printer's stack at about a hundred. It makes only the columns that are read. Trees are not copied,
    because the query is only written, not changed. `title` is the prefix of the layers' names, which must be unique in a query.
    """
    query = exp.Select(**query.args)
    given = list(accumulate(layers, lambda below, layer: layer.names(below), initial=names))
    below = base
    for i, (layer, wanted) in enumerate(zip(layers, _wanted(layers, given[1:], query), strict=True)):
        made = layer_select(layer, below, given[i], wanted)
        below = f"{title}{i}"
        query.with_(exp.TableAlias(this=exp.to_identifier(below)), as_=made, copy=False)  # an alias: a plain name would be parsed
    return query.from_(table(below), copy=False)


def filtered(data: Dataset, condition: Tree) -> Dataset:
    """The rows of a dataset for which a condition is true, in the same order."""
    select = selected([exp.Star()], table(BELOW))
    return data.rows(select.where(condition, copy=False), data.ordered)


def _wanted(layers: Sequence[Change | Rows], given: Sequence[tuple[str, ...]], query: exp.Select) -> list[set[str] | None]:
    """The columns of each layer that the layers above it and the query read; None for all of them. `given` are each layer's names."""
    found = []
    wanted = _read_by(query)
    for layer, names in zip(reversed(layers), reversed(given), strict=True):
        if wanted is not None:
            wanted = wanted.intersection(names) or set(names[:1])  # to count rows, one column does
        found.append(wanted)
        if isinstance(layer, Change):
            made = layer.made.keys()
            wanted = None if wanted is None else (wanted - made).union(*(layer.sources[c] for c in wanted & made))
        elif wanted is None or not _passes_rows(layer.select):
            wanted = _read_by(layer.select)
        else:
            wanted = wanted | columns_of(layer.select)
    return found[::-1]


def _read_by(select: exp.Select | exp.Union) -> set[str] | None:
    """The columns that a select names; None if it takes all columns."""
    nodes = list(nodes_of(select))
    if any(isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count) for node in nodes):
        return None
    return {node.name for node in nodes if isinstance(node, exp.Column)}


def _passes_rows(select: exp.Select | exp.Union) -> bool:
    """Whether a select only filters rows: SELECT * FROM below WHERE …"""
    clauses = {clause for clause, given in select.args.items() if given}
    return select.expressions == [exp.Star()] and clauses <= {"expressions", "from_", "where", "order"}


def row_by_row(layer: Layer) -> bool:
    """Whether a layer works row by row: it computes columns or filters rows, and does not sort, group or join."""
    return isinstance(layer, Change) or (isinstance(layer, Rows) and _passes_rows(layer.select) and not layer.select.args.get("order"))


def in_order(data: Dataset) -> Dataset:
    """The dataset, sorted again if its order is significant and a lookup may have changed it."""
    if not data.ordered:
        return data
    at = len(data.layers)
    while at and row_by_row(data.layers[at - 1]):
        at -= 1
    if not any(map(_joins, data.layers[at:])):
        return data
    numbered = Change(((PLACE, RowNumber.of()),))
    again = selected([exp.Star()], table(BELOW)).order_by(col(PLACE), copy=False)
    return replace(data, layers=(*data.layers[:at], numbered, *data.layers[at:], Rows(again, ordered=True), Change(((PLACE, None),))))


def _joins(layer: Layer) -> bool:
    """Whether a layer has a lookup that is large enough for engines to use a join."""
    trees = [tree for _, tree in layer.columns] if isinstance(layer, Change) else [layer.select] if isinstance(layer, Rows) else []
    return any(isinstance(node, Lookup | AtPlace) and node.joins for tree in trees if tree is not None for node in nodes_of(tree))


def decode_layer(data: Dataset) -> tuple[Change, ...]:
    """The change that decodes strings, if the source of a dataset consists of strings. An engine applies it while reading."""
    first = data.layers[0] if data.layers and not data.source.typed else None
    return (first,) if isinstance(first, Change) and first.decode else ()


def grouped(query: exp.Select, keys: Sequence[Tree]) -> exp.Select:
    """The query grouped by its keys; without keys it stays one row."""
    return query.group_by(*(k.copy() for k in keys), copy=False) if keys else query
