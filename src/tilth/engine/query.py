"""From a dataset's layers to one query: a flat list of named selects."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Change, Dataset, Layer
from tilth.engine.expressions import alias, col


def table(name: str) -> exp.Table:
    """A table by its name."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def layer_select(layer: Layer, below: str, names: tuple[str, ...]) -> exp.Select | exp.Union:
    """One layer as a select from the table `below`, whose columns are `names`."""
    if isinstance(layer, Change):
        made = dict(layer.columns)
        chosen = [alias(made.get(c) or col(c), c) for c in layer.names(names)]
        return exp.Select(expressions=chosen).from_(table(below), copy=False)
    select = layer.select.copy()
    for mention in select.find_all(exp.Table):
        if mention.name == BELOW:
            mention.set("this", exp.to_identifier(below, quoted=True))
            if not mention.alias:
                mention.set("alias", exp.TableAlias(this=exp.to_identifier(BELOW, quoted=True)))
    return select


def select_from(base: str, names: tuple[str, ...], layers: Sequence[Layer], query: exp.Select) -> exp.Select:
    """A query over the last of the layers that stand on the table `base`.

    Each layer is a named select (`WITH layer0 AS …`) rather than a subquery: nested subqueries cost quadratic time to
    build and overflow the printer's stack at about a hundred.
    """
    query = query.copy()
    below = base
    for i, layer in enumerate(layers):
        query.with_(f"layer{i}", as_=layer_select(layer, below, names), copy=False)
        names, below = layer.names(names), f"layer{i}"
    return query.from_(table(below), copy=False)


def text_door(data: Dataset) -> tuple[Change, ...]:
    """The door of a dataset whose source is texts, where it has one: an engine opens it while it reads."""
    first = data.layers[0] if data.layers and not data.source.typed else None
    return (first,) if isinstance(first, Change) and first.door else ()


def grouped(query: exp.Select, keys: Sequence[Tree]) -> exp.Select:
    """The query grouped by its keys; without keys it stays one row."""
    return query.group_by(*(k.copy() for k in keys), copy=False) if keys else query
