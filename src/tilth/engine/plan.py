"""Plans the fewest scans that answer a set of statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Rows
from tilth.engine.expressions import alias, all_rows, and_, col, columns_of, nodes_of, not_null, or_, renamed, shown_as
from tilth.engine.layers import grouped, select_from
from tilth.engine.operations.aggregates import SumOrZero
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.sums import Exact
from tilth.engine.statistics import Statistic, key, size
from tilth.errors import listed

MOST_GROUPS = 3_000_000  # groups fetched into Python: 500,000 categories in five folds, with some reserve
MOST_NUMBERS = 500  # numbers of one scan: DuckDB's planning time is quadratic in them
MOST_NAMES = 5  # columns that a title names
MOST_SETS = 8  # sets of keys that one scan groups by: each has its own hash table
SET = "set"  # the column with the number of a group's set of keys


@dataclass(frozen=True)
class PlannedScan:
    """One scan of a table: the query (its FROM is added when it runs) and the statistics that it answers, in the order of its columns.

    If the statistics are folds over groups, `query` makes the groups and `fold` aggregates them. `shared` are operations that several
    statistics use; they are computed in a layer below. `sets` has the indices of each set's keys, for several sets of keys.
    """

    title: str
    statistics: tuple[Statistic, ...]
    query: exp.Select
    fold: exp.Select | None = None
    shared: tuple[Change | Rows, ...] = ()
    sets: tuple[tuple[int, ...], ...] = ()

    def select(self, base: str, names: tuple[str, ...], layers: Sequence[Change | Rows]) -> exp.Select:
        """The whole query, over the layers on top of the table `base`."""
        query = select_from(base, names, (*layers, *self.shared), self.query)
        return query if self.fold is None else exp.Select(**self.fold.args).from_(query.subquery("g", copy=False), copy=False)


def plan(statistics: Iterable[Statistic]) -> tuple[PlannedScan, ...]:
    """The scans for these statistics.

    All row aggregates with the same `by` share one scan, whatever their filters (above `MOST_NUMBERS` of them several scans); so do all
    folds over the groups of the same columns with the same filter. Equal statistics are computed once. If a column is grouped anyway, the
    aggregates of its cells are computed from the groups: one evaluation per distinct value instead of one per row, and the column is read
    once less. If the same numbers are needed by several sets of keys with a common key, such as each column together with the fold of a
    row, one scan groups by all of these sets.
    """
    asked = list(dict.fromkeys(statistics))
    counted = {s.per[0] for s in asked if len(s.per) == 1 and not s.by and s.where is None}
    shared: dict[tuple[tuple[Tree, ...], tuple[str, ...], Tree | None], list[Statistic]] = {}
    for s in asked:
        c = cell_column(s)
        home = ((), (c,), None) if c in counted else (s.by, s.per, s.where if s.per else None)
        shared.setdefault(home, []).append(s)
    folds = {home: group for home, group in shared.items() if home[1]}
    parts = [group[i : i + MOST_NUMBERS] for home, group in shared.items() if home not in folds for i in range(0, len(group), MOST_NUMBERS)]
    aggregates = (_aggregates(*sets) if len(sets) == 1 else _by_sets(sets) for sets in _sets(parts))
    return (*aggregates, *(_folds(*home, group) for home, group in folds.items()))


def _sets(parts: Iterable[list[Statistic]]) -> list[list[list[Statistic]]]:
    """Row aggregates that share a scan: the same aggregates by sets of keys that have a common key."""
    alike: dict[tuple[tuple[Tree, Tree | None], ...], list[list[list[Statistic]]]] = {}
    for part in parts:
        several = alike.setdefault(tuple((s.aggregate, s.where) for s in part), [])
        if several and len(several[-1]) < MOST_SETS and set(part[0].by).intersection(*(of[0].by for of in several[-1])):
            several[-1].append(part)
        else:
            several.append([part])
    return [sets for several in alike.values() for sets in several]


def cell_column(s: Statistic) -> str | None:
    """The only column of a row aggregate that can be computed from distinct values: a count, a minimum or a maximum."""
    if s.per or s.by or not isinstance(s.aggregate, exp.Count | exp.Min | exp.Max):
        return None
    return next(iter(s.reads)) if len(s.reads) == 1 else None


def _aggregates(asked: list[Statistic]) -> PlannedScan:
    shared = _shared([*asked[0].by, *asked[0].by, *(tree for s in asked for tree in (s.aggregate, s.where) if tree is not None)])
    by = [_replaced(k, shared) for k in asked[0].by]
    keys = [alias(k, f"b{i}") for i, k in enumerate(by)]
    numbers = (_filtered(_replaced(s.aggregate, shared), s.where and _replaced(s.where, shared)) for s in asked)
    query = exp.Select(expressions=[*keys, *_numbered(numbers)])
    title = f"row aggregates by {_names(asked[0].by)}" if by else "row aggregates"
    query = grouped(query, by).limit(MOST_GROUPS + 1, copy=False) if by else query
    return PlannedScan(title, tuple(asked), query, shared=_layer(shared))


def _by_sets(sets: Sequence[Sequence[Statistic]]) -> PlannedScan:
    """The same row aggregates by several sets of keys."""
    asked = sets[0]
    keys = list(dict.fromkeys(k for of in sets for k in of[0].by))
    shared = _shared(tree for s in asked for tree in (s.aggregate, s.where) if tree is not None)
    shared |= {k: f"\x1fkey{i}" for i, k in enumerate(keys) if not isinstance(k, exp.Column)}
    by = {k: col(shared[k]) if k in shared else k for k in keys}
    groups = exp.GroupingSets(expressions=[exp.Tuple(expressions=[by[k].copy() for k in of[0].by]) for of in sets])
    number = exp.Anonymous(this="GROUPING_ID", expressions=[k.copy() for k in by.values()])
    numbers = (_filtered(_replaced(s.aggregate, shared), s.where and _replaced(s.where, shared)) for s in asked)
    shown = [*(alias(k, f"b{i}") for i, k in enumerate(by.values())), alias(number, SET)]
    query = exp.Select(expressions=[*shown, *_numbered(numbers)], group=exp.Group(grouping_sets=[groups]))
    title = f"row aggregates by {'; '.join(_names(of[0].by) for of in sets)}"
    places = {k: i for i, k in enumerate(keys)}
    return PlannedScan(
        title,
        tuple(s for of in sets for s in of),
        query.limit(len(sets) * (MOST_GROUPS + 1), copy=False),
        shared=_layer(shared),
        sets=tuple(tuple(places[k] for k in of[0].by) for of in sets),
    )


def _layer(shared: Mapping[Tree, str]) -> tuple[Change, ...]:
    return (Change(tuple((name, operation) for operation, name in shared.items())),) if shared else ()


def _shared(trees: Iterable[Tree]) -> dict[Tree, str]:
    """The operations that occur several times, and the names of the columns that hold them.

    Grouping keys occur twice in a query. So do the arguments of an exact aggregate: in its sums and in its range.
    """
    nodes = [node for tree in trees for node in nodes_of(tree)]
    numbers = [x for node in nodes if isinstance(node, Exact) for x in node.numbers]
    uses = Counter(node for node in (*nodes, *numbers) if isinstance(node, Operation) and node.shared)
    return {node: f"\x1f{i}" for i, node in enumerate(node for node, n in uses.items() if n > 1)}


def _replaced(tree: Tree, shared: Mapping[Tree, str]) -> Tree:
    """The tree with shared operations replaced by their columns. Subtrees without shared operations are not copied."""
    if isinstance(tree, Operation) and tree in shared:
        return col(shared[tree])
    made = {name: _replaced_in(value, shared) for name, value in tree.args.items()}
    return tree if all(made[name] is value for name, value in tree.args.items()) else type(tree)(**made)


def _replaced_in(value: Any, shared: Mapping[Tree, str]) -> Any:
    if isinstance(value, list):
        made = [_replaced_in(v, shared) for v in value]
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    return _replaced(value, shared) if isinstance(value, Tree) else value


def _folds(by: tuple[Tree, ...], per: tuple[str, ...], where: Tree | None, asked: list[Statistic]) -> PlannedScan:
    """Groups of the columns `per`, and folds over them. For aggregates of cells, the group of nulls counts too."""
    shared = _shared([*by, *by])
    keys = [*(_replaced(k, shared) for k in by), *(col(c) for c in per)]
    names = [*(f"b{i}" for i in range(len(by))), *(f"k{i}" for i in range(len(per)))]
    of_cells = any(not s.per for s in asked)
    kept = where if of_cells else and_(or_(*(not_null(col(c)) for c in per)), where)
    query = exp.Select(expressions=[*(alias(k.copy(), name) for k, name in zip(keys, names, strict=True)), alias(all_rows(), "n")])
    query = grouped(query if kept is None else query.where(kept, copy=False), keys)
    there = not_null(key(0)) if of_cells else None
    numbers = [_filtered(s.aggregate, there) if s.per else _of_groups(s, per[0]) for s in asked]
    outer = [col(f"b{i}") for i in range(len(by))]
    fold = exp.Select(expressions=[*(k.copy() for k in outer), *_numbered(numbers)])
    title = (
        f"groups of {listed(per, MOST_NAMES)}"
        + (f" by {_names(by)}" if by else "")
        + (f" where {where.sql()}" if where is not None else "")
    )
    return PlannedScan(title, tuple(asked), query, grouped(fold, outer), _layer(shared))


def _of_groups(s: Statistic, column: str) -> Tree:
    """A row aggregate of one column, computed from the column's groups."""
    where = None if s.where is None else renamed(s.where, column, "k0")
    if not isinstance(s.aggregate, exp.Count):
        return _filtered(renamed(s.aggregate, column, "k0"), where)
    there = None if isinstance(s.aggregate.this, exp.Star) else not_null(renamed(s.aggregate.this, column, "k0"))
    condition = None if there is None and where is None else and_(there, where)
    return SumOrZero.of(size()) if condition is None else _filtered(SumOrZero.of(size()), condition)


def _numbered(numbers: Iterable[Tree]) -> list[Tree]:
    return [shown_as(number, f"m{i}") for i, number in enumerate(numbers)]


def _filtered(aggregate: Tree, where: Tree | None) -> Tree:
    return aggregate if where is None else exp.Filter(this=aggregate, expression=exp.Where(this=where))


def _names(keys: Iterable[Tree]) -> str:
    """Keys in words: columns by name, expressions by the columns that they read."""
    return ", ".join(k.name if isinstance(k, exp.Column) else f"computed from {listed(sorted(columns_of(k)), MOST_NAMES)}" for k in keys)
