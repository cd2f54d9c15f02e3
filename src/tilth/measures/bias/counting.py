"""The tables of counts that all bias metrics are made of: one grouped scan, or one per facet where the cells would be many."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import and_, col, double, gt, lit, mul
from tilth.engine.statistics import Statistic, count, total
from tilth.errors import Mistake, RequestError
from tilth.measures.bias.axes import MISSING_KEY, Axes, Axis, Key, Side, counted_distinct, ordered
from tilth.measures.bias.request import SEVERAL
from tilth.metrics.metric import Metric, measured

Numbers = NDArray[Any]
JOINT = 5_000  # cells up to which all facets are counted in one scan; more cost more time than a scan for each facet
LOOK_CLOSER = 1_000  # values of a column in its first rows from which they are counted before anything is grouped by them
MOST_CELLS = 1_000_000  # cells that are brought to Python
MOST_SIDES = 200  # groups of one facet that are d in their turn

UNKNOWN = 2  # the place of an outcome that is not known


@dataclass(frozen=True)
class Contingency(Metric):
    """How many rows fall into each cell: a dict from the tuple of keys to (rows, sum of weights, sum of squared weights).

    `by` are the keys, any trees; null is a key like any other. Without `weight` each row weighs 1; rows whose weight is missing or
    not above 0 are in no cell.

    >>> from tilth.engine.expressions import col
    >>> Contingency((col("sex"),)).value({("F",): 3, ("M",): 4})
    {('F',): (3, 3, 3), ('M',): (4, 4, 4)}
    """

    range = (0, math.inf)
    by: tuple[Tree, ...]
    weight: Tree | None = None

    def needs(self) -> tuple[Statistic, ...]:
        if self.weight is None:
            return (count().grouped(*self.by),)
        w = double(self.weight)
        there = and_(gt(w, lit(0.0)), gt(lit(math.inf), w))
        return tuple(s.filtered(there).grouped(*self.by) for s in (count(), total(w), total(mul(w, w))))

    def value(self, *tables: Mapping[tuple[Key, ...], Any]) -> dict[tuple[Key, ...], tuple[int, float, float]]:
        rows, *weights = tables
        sums, squares = weights or (rows, rows)
        return {cell: (n, sums[cell], squares[cell]) for cell, n in rows.items() if n}


Cells = Mapping[tuple[Key, ...], tuple[int, float, float]]


@dataclass(frozen=True)
class Facets:
    """One facet to be measured: an axis, or several that are crossed."""

    axes: tuple[Axis, ...]

    @property
    def name(self) -> str:
        """The column's name, or the columns' names joined."""
        return SEVERAL.join(a.column for a in self.axes)

    @property
    def trees(self) -> tuple[Tree, ...]:
        """The keys it is counted by."""
        return tuple(a.tree for a in self.axes)

    def key(self, raw: Sequence[Any]) -> Key:
        """The key of a cell: of several axes a tuple; null where one of them is."""
        keys = tuple(a.key(r) for a, r in zip(self.axes, raw, strict=True))
        if len(keys) == 1:
            return keys[0]
        return None if any(k is None for k in keys) else keys

    def sides(self, keys: Iterable[Key]) -> list[Side]:
        """The groups that are d in their turn."""
        if len(self.axes) == 1:
            return self.axes[0].sides(keys)
        return [Side(self.combined(k), frozenset({k})) for k in ordered(keys)]

    def combined(self, key: tuple[Key, ...]) -> str:
        """`sex=F & age=(40, 90]`"""
        return SEVERAL.join(f"{a.column}={a.key_name(k)}" for a, k in zip(self.axes, key, strict=True))


@dataclass(frozen=True)
class Table:
    """Rows by facet key, stratum and outcome, with the last key and the last stratum standing for unknown ones.

    `cells` are rows, sums of weights and of squared weights, of shape (3, facet keys + 1, strata + 1, 3), outcomes being negative,
    positive, unknown. `by_label` are the same by facet key and label value: (3, facet keys + 1, label values + 1).
    """

    facet: Facets
    keys: tuple[Key, ...]
    strata: tuple[Key, ...]
    labels: tuple[Key, ...]
    sides: tuple[Side, ...]
    cells: Numbers
    by_label: Numbers

    @property
    def total(self) -> int:
        """All rows."""
        return int(self.cells[0].sum())


@dataclass
class Counted:
    """What a request's scans gave: a table for each facet, the label's axis as it was read, and why there are no strata, if so."""

    tables: list[Table]
    label: Axis | None
    positive_name: str
    no_strata: str


def counted(axes: Axes) -> Counted:
    """Count what the request asks for."""
    label = axes.label()
    single = [Facets((axes.facet(f),)) for f in axes.request.facets]
    facets = single + [Facets(tuple(_axis_of(c, single, axes) for c in columns)) for columns in axes.request.intersections]
    strata, no_strata = _strata(axes)
    _refuse_many(facets, label, axes)
    cells = _cells(facets, label, strata, axes)
    label, facets = _seen(cells, label, facets, axes)
    tables = [_table(f, c, label, strata is not None, axes) for f, c in zip(facets, cells, strict=True)]
    if strata is not None:
        no_strata = _unusable(tables[0], strata, axes)
    return Counted(tables, label, label.sides(())[0].name if label is not None else "", no_strata)


def _axis_of(column: str, facets: Sequence[Facets], axes: Axes) -> Axis:
    """The column's axis as a facet of its own, where it is one; combinations take each value of a categorical column."""
    own = next((f.axes[0] for f in facets if f.axes[0].column == column), None)
    if own is None:
        return axes.axis(column, (), quantiles=4)
    return own if own.intervals else replace(own, values=())


# ── which scans ──


def _strata(axes: Axes) -> tuple[Axis | None, str]:
    """The group variable's axis, and why it cannot be used."""
    name = axes.request.group
    if name is None or "CDDL" not in axes.request.metrics:
        return None, "Group variable is empty or not provided"
    if (axes.look[name].distinct or 0) > LOOK_CLOSER:
        strata, rows = counted_distinct(name, axes.data, axes.engine)
        if (strata * 5 > rows and not axes.request.force_group) or strata * 12 > MOST_CELLS:
            return None, too_many_strata(name, strata, rows)
    return axes.strata(name), ""


def too_many_strata(name: str, strata: int, rows: int) -> str:
    """Why a group variable is refused."""
    return f"Group variable {name} has {strata:,} values in {rows:,} rows: it is probably an identifier"


def _refuse_many(facets: Sequence[Facets], label: Axis | None, axes: Axes) -> None:
    """Refuse columns of too many values before anything is grouped by them, all at once."""
    wrong = []
    every = {a.column: a for f in facets for a in f.axes} | ({label.column: label} if label is not None else {})
    for name, axis in every.items():
        if (axis.intervals and not axis.raw) or (axes.look[name].distinct or 0) <= LOOK_CLOSER:
            continue
        values, _ = counted_distinct(name, axes.data, axes.engine)
        if values * 6 > MOST_CELLS or (not axis.values and values > MOST_SIDES):
            wrong.append(too_many_values(name, values))
    if wrong:
        raise RequestError(*wrong)


def too_many_values(name: str, values: int) -> Mistake:
    """Why a column cannot be a facet or a label."""
    return Mistake(
        f"column {name!r} has {values:,} different values, which are too many groups",
        accepted=f"up to {MOST_SIDES} groups",
        hint='give values, a number as exclusive lower bound, or an interval such as "(20, 40]"',
        code="too-many-values",
    )


def _cells(facets: Sequence[Facets], label: Axis | None, strata: Axis | None, axes: Axes) -> list[Cells]:
    """Each facet's cells: its own keys, then the label's, then the stratum's."""
    behind = tuple(a.tree for a in (label, strata) if a is not None)
    weight = None if axes.request.weight is None else col(axes.request.weight)
    trees = tuple(dict.fromkeys(t for f in facets for t in f.trees))
    every = [a for f in facets for a in f.axes] + [a for a in (label, strata) if a is not None]
    if len(facets) < 2 or math.prod({a.tree: axes.values_of(a) for a in every}.values()) <= JOINT:
        joint = Contingency((*trees, *behind), weight)
        found = measured(axes.data, [joint], axes.engine)[joint]
        order = {t: i for i, t in enumerate((*trees, *behind))}
        return [_projected(found, [order[t] for t in (*f.trees, *behind)]) for f in facets]
    single = [Contingency((*f.trees, *behind), weight) for f in facets]
    measures = measured(axes.data, single, axes.engine)
    return [measures[c] for c in single]


def _projected(cells: Cells, keep: Sequence[int]) -> Cells:
    """The cells with fewer keys."""
    found: dict[tuple[Key, ...], tuple[int, float, float]] = {}
    for cell, (n, w, s) in cells.items():
        fewer = tuple([cell[i] for i in keep])
        n0, w0, s0 = found.get(fewer, (0, 0, 0))
        found[fewer] = (n0 + n, w0 + w, s0 + s)
    return found


# ── from cells to tables ──


def _seen(cells: Sequence[Cells], label: Axis | None, facets: Sequence[Facets], axes: Axes) -> tuple[Axis | None, list[Facets]]:
    """The axes as they are read once their values have been counted."""
    if label is not None and cells:
        label = axes.counted(label, _rows_by(cells[0], len(facets[0].axes)))
    return label, [Facets(tuple(axes.counted(a, _rows_by(c, i)) for i, a in enumerate(f.axes))) for f, c in zip(facets, cells, strict=True)]


def _rows_by(cells: Cells, i: int) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for cell, (n, _, _) in cells.items():
        found[cell[i]] += n
    return found


def _table(facet: Facets, cells: Cells, label: Axis | None, stratified: bool, axes: Axes) -> Table:
    width, missing = len(facet.axes), axes.request.missing
    own = {None: MISSING_KEY} if missing == "as_category" else {}
    found: dict[tuple[Key, Key, Key], Numbers] = {}
    for cell, numbers in cells.items():
        key, stratum = facet.key(cell[:width]), cell[-1] if stratified else None
        read = own.get(key, key), own.get(stratum, stratum) if stratified else None, label.key(cell[width]) if label else None
        found[read] = found.get(read, np.zeros(3)) + np.array(numbers)
    keys, strata, labels = (ordered(read[i] for read in found) for i in range(3))
    positive = label.sides(labels)[0].keys if label is not None else frozenset()
    outcome = {y: int(y in positive) for y in labels} | {None: 0 if missing == "clarify" and label is not None else UNKNOWN}
    at_key, at_stratum, at_label = ({k: i for i, k in enumerate((*known, None))} for known in (keys, strata, labels))
    table = np.zeros((3, len(keys) + 1, len(strata) + 1, 3))
    by_label = np.zeros((3, len(keys) + 1, len(labels) + 1))
    for (key, stratum, y), added in found.items():
        table[:, at_key[key], at_stratum[stratum], outcome[y]] += added
        by_label[:, at_key[key], at_label[y]] += added
    return Table(facet, keys, strata, labels, _sides(facet, keys, table[0].sum(axis=(1, 2)), axes), table, by_label)


def _sides(facet: Facets, keys: Sequence[Key], rows: Numbers, axes: Axes) -> tuple[Side, ...]:
    """The groups of a facet that are d in their turn; of too many combinations the largest."""
    sides = facet.sides(k for k in keys if k != MISSING_KEY)
    most = axes.request.max_combinations
    if len(facet.axes) == 1 and len(sides) > MOST_SIDES:
        raise RequestError(too_many_values(facet.name, len(sides)))
    if len(facet.axes) > 1 and len(sides) > most:
        size = {s.name: sum(n for k, n in zip(keys, rows, strict=False) if k in s.keys) for s in sides}
        largest = set(sorted(size, key=lambda name: (-size[name], name))[:most])
        axes.warn("TOO_MANY_COMBINATIONS", facet.name, f"{facet.name} has {len(sides)} combinations; the {most} largest are measured")
        sides = [s for s in sides if s.name in largest]
    if axes.request.missing == "clarify" and len(facet.axes) == 1 and not facet.axes[0].values and rows[-1]:
        sides.append(Side("nan"))
    chosen = len(facet.axes) == 1 and facet.axes[0].values  # the request says which values are d: no others are
    if MISSING_KEY in keys and not chosen:
        sides.append(Side(MISSING_KEY, frozenset({MISSING_KEY})))
    return tuple(sides)


def _unusable(table: Table, strata: Axis, axes: Axes) -> str:
    """Why the group variable cannot form strata, now that its values have been counted."""
    rows, unknown = int(table.cells[0, :, :-1].sum()), int(table.cells[0, :, -1].sum())
    if not table.strata:
        return "Group variable is empty or not provided"
    if axes.request.missing == "clarify" and unknown and strata.kind is Kind.STRING:
        return f"Group variable {strata.column} has {unknown:,} missing values"
    if len(table.strata) * 5 > rows and not axes.request.force_group:
        return too_many_strata(strata.column, len(table.strata), rows)
    return ""
