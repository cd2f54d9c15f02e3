"""The contingency cube facet × stratum × label × prediction: one grouped scan of counts that every bias metric is made of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Kind, Schema
from tilth.engine.expressions import and_, col, double, gt, lit, mul
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count, distinct, total
from tilth.errors import Mistake, RequestError, did_you_mean, listed
from tilth.measures.bias.axis import MISSING_KEY, OUTSIDE, Axis, ColumnFacts, Facts, Key, Noted, Reading, Side, ordered, quantiles
from tilth.measures.bias.metrics import BIAS_METRICS
from tilth.measures.bias.request import SEVERAL, BiasRequest
from tilth.measures.bias.values import boolean_of, category, text_of, values_name
from tilth.metrics.columns import Percentile
from tilth.metrics.metric import Grouped, Metric, measured

Numbers = NDArray[Any]
FIRST = 10_001  # rows of the initial sample, which is not a scan
WIDE = 200  # values of a column in its first rows from which the column is aggregated before anything is grouped by it
JOINT = 12_000  # cells up to which all facets are counted in one scan; beyond, a scan for each facet is faster
MOST_CELLS = 1_000_000  # cells fetched into Python
MOST_SIDES = 200  # groups of a facet that are d in turn
NO_GROUP = "Group variable is empty or not provided"  # wording of published result files


@dataclass(frozen=True)
class Weights(Metric):
    """The number of rows, their sum of weights and of squared weights. Without `weight` each row weighs 1; rows whose weight is missing
    or not above 0 do not count.

    >>> Weights().value(3)
    (3, 3, 3)
    """

    range = (0, math.inf)
    weight: Tree | None = None

    def needs(self) -> tuple[Statistic, ...]:
        if self.weight is None:
            return (count(),)
        w = double(self.weight)
        there = and_(gt(w, lit(0.0)), gt(lit(math.inf), w))
        return tuple(s.filtered(there) for s in (count(), total(w), total(mul(w, w))))

    def value(self, rows: int, *sums: float | None) -> tuple[int, float, float]:
        weights, squares = sums or (rows, rows)
        return rows, weights or 0, squares or 0


Cells = Mapping[tuple[Key, ...], tuple[int, float, float]]

# ── what was counted, for each facet ──


@dataclass(frozen=True)
class Facets:
    """One facet to be measured: an axis, or several that are crossed."""

    axes: tuple[Axis, ...]

    @property
    def name(self) -> str:
        """The column's name, or the columns' names joined."""
        return SEVERAL.join(a.column for a in self.axes)

    @property
    def crossed(self) -> bool:
        """Whether it is several columns."""
        return len(self.axes) > 1

    def key(self, scanned: Sequence[Any]) -> Key:
        """The key of a cell: of several axes a tuple; null where one of them is."""
        keys = tuple(a.key(s) for a, s in zip(self.axes, scanned, strict=True))
        return keys[0] if len(keys) == 1 else None if any(k is None for k in keys) else keys

    def sides(self, keys: Iterable[Key]) -> list[Side]:
        """The groups that are d in turn."""
        if not self.crossed:
            return self.axes[0].sides(keys)
        there = ordered(keys)
        columns = [ordered(k[i] for k in there) for i in range(len(self.axes))]
        return [Side(self._combined(k, columns), frozenset({k})) for k in there]

    def _combined(self, key: tuple[Key, ...], columns: Sequence[Sequence[Key]]) -> str:
        """`sex=F & age=(40, 90]`"""
        return SEVERAL.join(f"{a.column}={a.name(k, every)}" for a, k, every in zip(self.axes, key, columns, strict=True))


@dataclass(frozen=True)
class Cube:
    """The rows of a facet, the last key and the last stratum standing for unknown ones.

    `cells` are rows, sums of weights and of squared weights, of shape (3, facet keys + 1, strata + 1, label, prediction), as in
    `Contingency`. `by_label` are the same by facet key and label value: (3, facet keys + 1, label values + 1).
    """

    facet: Facets
    keys: tuple[Key, ...]
    strata: tuple[Key, ...]
    labels: tuple[Key, ...]
    predictions: tuple[Key, ...]
    sides: tuple[Side, ...]
    cells: Numbers
    by_label: Numbers

    @property
    def total(self) -> int:
        """All rows."""
        return int(self.cells[0].sum())


@dataclass(frozen=True)
class Axes:
    """Every axis of a request, in the order of a cell's keys: facets, group, label, prediction."""

    facets: tuple[Facets, ...]
    group: Axis | None = None
    label: Axis | None = None
    prediction: Axis | None = None

    @property
    def behind(self) -> tuple[Axis, ...]:
        """The axes behind the facets."""
        return tuple(a for a in (self.group, self.label, self.prediction) if a is not None)

    @property
    def outcome(self) -> Axis | None:
        """The label, or the prediction where there is none."""
        return self.label or self.prediction

    def __iter__(self) -> Iterator[Axis]:
        yield from (a for f in self.facets for a in f.axes)
        yield from self.behind

    def map(self, change: Callable[[Axis], Axis]) -> Axes:
        """The axes, each changed."""
        behind = [a and change(a) for a in (self.group, self.label, self.prediction)]
        return Axes(tuple(Facets(tuple(change(a) for a in f.axes)) for f in self.facets), *behind)


@dataclass(frozen=True)
class Counted:
    """What a request's scans gave: a cube for each facet, the axes as they were read, the name of the favourable outcome, the reason
    where there are no strata, and warnings."""

    cubes: tuple[Cube, ...]
    axes: Axes
    favourable: str
    no_strata: str
    warnings: tuple[Noted, ...]


def counted(request: BiasRequest, data: Dataset, engine: Session) -> Counted:
    """Count what a request asks for. Errors: `ColumnError`, `RequestError` with every mistake that the columns show."""
    schema = engine.schema(data)
    request.check(schema)
    axes = _requested(request, schema, frozenset() if request.show_private else frozenset(data.roles.private))
    seen = _first_look(axes, data, engine)
    wide = _aggregated(axes, seen, data, engine)
    axes = _read(axes, {c: k for c, k in wide.items() if schema[c].kind.numeric}, request, scanned=False)
    _refuse_many(axes, wide)
    no_strata = NO_GROUP if axes.group is None else ""
    if axes.group is not None and axes.group.column in wide:
        no_strata = _unusable(axes.group, wide[axes.group.column][0], request)
    axes = replace(axes, group=None) if no_strata else axes
    cells = _scanned(axes, seen, request, data, engine)
    axes = _read(axes, _of_cells(axes, cells), request, scanned=True)
    if axes.group is not None and axes.group.facts is not None:
        no_strata = _unusable(axes.group, axes.group.facts, request)
    if request.positive_must_occur and engine.answers_are_real:
        _refuse_absent(axes)
    warnings = [w for a in axes for w in (*a.warnings(), *_masked(a))]
    cubes = tuple(_cube(f, c, axes, request, warnings) for f, c in zip(axes.facets, cells, strict=True))
    return Counted(cubes, axes, _favourable_name(axes, request), no_strata, tuple(dict.fromkeys(warnings)))


def _requested(request: BiasRequest, schema: Schema, private: frozenset[str]) -> Axes:
    def axis(column: str, values: tuple[Any, ...] = (), parts: int = 0, stated: Reading | None = None) -> Axis:
        stated = stated or request.types.get(column)
        return Axis.of(column, schema[column].kind, values, quantiles=parts, stated=stated, private=column in private)

    single = [axis(f.column, f.values, f.quantiles) for f in request.facets]
    single = [replace(a.cut(f.bands) if f.bands else a, order=f.order) for a, f in zip(single, request.facets, strict=True)]
    own = {a.column: a for a in reversed(single)}
    crossed = [tuple(own.get(c) or axis(c, (), 4) for c in columns) for columns in request.intersections]
    group = request.group if any("stratum" in BIAS_METRICS[m].axes for m in request.metrics) else None
    scores = request.positive if request.threshold is None else (f"({request.threshold}, inf]",)
    return Axes(
        tuple(Facets(axes) for axes in [*((a,) for a in single), *crossed]),
        None if group is None else axis(group, stated="categorical"),
        None if request.label is None else axis(request.label, request.positive),
        None if request.prediction is None else axis(request.prediction, scores),
    )


def _first_look(axes: Axes, data: Dataset, engine: Session) -> dict[str, int]:
    """Column → the number of distinct values in the first rows. It decides how to count, never the result."""
    asked = {a.column: distinct(category(a.column, a.kind)) for a in axes}
    found = engine.sample_statistics(data, asked.values(), FIRST)
    return {column: int(found[s] or 0) for column, s in asked.items()}


# ── columns of many values: aggregated before anything is grouped by them ──

Known = Mapping[str, tuple[ColumnFacts, Callable[[int], Sequence[float | None]]]]
"""Column → its facts, and its quantiles by the number of parts."""


def _aggregated(axes: Axes, seen: Mapping[str, int], data: Dataset, engine: Session) -> Known:
    """The facts of columns of many values, in one scan; distinct values are counted only if they decide."""
    wide = {a.column: a for a in axes if not a.in_scan and seen[a.column] > WIDE}
    outcomes = [a for a in (axes.label, axes.prediction) if a is not None and not a.in_scan]
    if any(a.column in wide for a in outcomes):
        wide |= {a.column: a for a in outcomes}  # the prediction is read as the label is
    floats = (Kind.FLOAT, Kind.DECIMAL)
    facts = {c: Facts(c, a.kind, not a.is_cut and a.kind not in floats, seen[c]) for c, a in wide.items()}
    edges = {(a.column, a.quantiles): [Percentile(a.column, i / a.quantiles) for i in range(a.quantiles + 1)] for a in axes if a.is_cut}
    edges = {key: metrics for key, metrics in edges.items() if key[0] in wide}
    found = measured(data, [*facts.values(), *(m for of in edges.values() for m in of)], engine) if wide else {}

    gaps = {c: Facts(c, wide[c].kind) for c, m in facts.items() if wide[c].kind in floats and _may_be_integers(found[m], wide[c])}
    found |= measured(data, gaps.values(), engine) if gaps else {}
    facts |= gaps

    def quantiles_of(column: str, parts: int) -> list[float | None]:
        return [found[m] for m in edges[column, parts]]

    return {c: (found[m], partial(quantiles_of, c)) for c, m in facts.items()}


def _may_be_integers(facts: ColumnFacts, axis: Axis) -> bool:
    """Whether a float column is float merely because values are missing."""
    return facts.whole and facts.present < facts.rows and not axis.is_cut and axis.stated is None


def _read(axes: Axes, known: Known, request: BiasRequest, *, scanned: bool) -> Axes:
    """The axes of known columns as they are read; the prediction is read as the label is, or by a threshold of its own."""

    def read(a: Axis) -> Axis:
        if a.column not in known or a.facts is not None:
            return a
        made = a.read(*known[a.column])
        return made if scanned or a.intervals else made.cut(made.intervals)

    alike = axes.label is not None and axes.prediction is not None and request.threshold is None
    found = replace(axes, prediction=None).map(read) if alike else axes.map(read)
    if found.label is None or axes.prediction is None or not alike:
        return found
    p = axes.prediction if axes.prediction.column not in known else replace(axes.prediction, facts=known[axes.prediction.column][0])
    if found.label.intervals and not p.intervals:
        p = replace(p, intervals=found.label.intervals) if scanned else p.cut(found.label.intervals)
    return replace(found, prediction=p)


def _refuse_many(axes: Axes, wide: Known) -> None:
    """Reject columns of too many values before grouping by them, all at once."""
    asked = {a.column: a for a in axes if a is not axes.group and a.column in wide and not a.in_scan}
    sizes = {c: wide[c][0].distinct for c in asked}
    wrong = [too_many_values(c, n) for c, n in sizes.items() if n * 6 > MOST_CELLS or (not asked[c].values and n > MOST_SIDES)]
    if wrong:
        raise RequestError(*wrong)


def too_many_values(name: str, values: int) -> Mistake:
    """Why a column cannot be a facet, a label or a prediction."""
    return Mistake(
        f"column {name!r} has {values:,} different values, which are too many groups",
        accepted=f"up to {MOST_SIDES} groups",
        hint='give values, a number as exclusive lower bound, or an interval such as "(20, 40]"; for predicted scores a threshold',
        code="too-many-values",
    )


def _refuse_absent(axes: Axes) -> None:
    """Reject a favourable value that no row of the label has."""
    axis = axes.outcome
    values = axis.facts.values if axis is not None and axis.facts is not None else ()
    if axis is None or axis.intervals or not values or any(axis.is_configured(k) for k in values):
        return
    known = [] if axis.private else [text_of(k) for k in values]
    hint = did_you_mean(values_name(axis.values), known)
    message = f"no row has {axis.column}={values_name(axis.values)}, which is to be the favourable value"
    raise RequestError(Mistake(message, accepted=listed(known), hint=hint, code="no-such-value"))


def _unusable(group: Axis, facts: ColumnFacts, request: BiasRequest) -> str:
    """Why the group variable cannot form strata."""
    if not facts.present:
        return NO_GROUP
    if request.missing == "clarify" and facts.present < facts.rows and group.kind is Kind.STRING:
        return f"Group variable {group.column} has {facts.rows - facts.present:,} missing values"
    if (facts.distinct * 5 > facts.present and not request.force_group) or facts.distinct * 12 > MOST_CELLS:
        return f"Group variable {group.column} has {facts.distinct:,} values in {facts.present:,} rows: it is probably an identifier"
    return ""


# ── the scan ──


def _scanned(axes: Axes, seen: Mapping[str, int], request: BiasRequest, data: Dataset, engine: Session) -> list[Cells]:
    """Each facet's cells: the keys of its own axes, then those behind. One scan for all facets, or one for each where cells are many."""
    behind = tuple(a.tree for a in axes.behind)
    by = [tuple(a.tree for a in f.axes) for f in axes.facets]
    joint = tuple(dict.fromkeys(t for own in by for t in own))
    places = {a.tree: len(a.intervals) + 2 if a.in_scan else seen[a.column] + 1 for a in axes}
    weights = Weights(None if request.weight is None else col(request.weight))
    scans = [joint] * len(by) if math.prod(places.values()) <= JOINT else by
    asked = {own: Grouped(weights, (*own, *behind)) for own in scans}
    found = measured(data, asked.values(), engine)
    kept = [[*(s.index(t) for t in own), *range(len(s), len(s) + len(behind))] for s, own in zip(scans, by, strict=True)]
    return [_projected(found[asked[s]], keep) for s, keep in zip(scans, kept, strict=True)]


def _projected(found: Mapping[Any, tuple[int, float, float]], keep: Sequence[int]) -> Cells:
    """The cells with fewer keys."""
    cells: dict[tuple[Key, ...], tuple[int, float, float]] = {}
    for cell, (n, w, s) in found.items():
        fewer = tuple([cell[i] for i in keep]) if isinstance(cell, tuple) else (cell,)
        n0, w0, s0 = cells.get(fewer, (0, 0, 0))
        if n:
            cells[fewer] = n0 + n, w0 + w, s0 + s
    return cells


def _of_cells(axes: Axes, cells: Sequence[Cells]) -> Known:
    """The facts of the columns whose values the scan gave."""
    counts: dict[str, tuple[Axis, Counter[Key]]] = {}
    for facet, own in zip(axes.facets, cells, strict=True):
        for i, a in enumerate((*facet.axes, *axes.behind)):
            if a.in_scan or a.column in counts:
                continue
            rows: Counter[Key] = Counter()
            for cell, (n, _, _) in own.items():
                rows[cell[i]] += n
            counts[a.column] = a, rows
    return {c: (ColumnFacts.of_counts(a.kind, rows), partial(quantiles, rows)) for c, (a, rows) in counts.items()}


# ── from cells to cubes ──


def _cube(facet: Facets, cells: Cells, axes: Axes, request: BiasRequest, warnings: list[Noted]) -> Cube:
    width = len(facet.axes)
    places = {name: width + i for i, name in enumerate(n for n in ("group", "label", "prediction") if getattr(axes, n) is not None)}
    missing = {None: MISSING_KEY} if request.missing == "as_category" else {}
    found: dict[tuple[Key, ...], Numbers] = {}
    for cell, numbers in cells.items():
        group, y, p = (cell[places[n]] if n in places else None for n in ("group", "label", "prediction"))
        y, p = axes.label.key(y) if axes.label else None, axes.prediction.key(p) if axes.prediction else None
        key = facet.key(cell[:width])
        read = missing.get(key, key), missing.get(group, group) if axes.group else None, y, p
        found[read] = found.get(read, np.zeros(3)) + np.array(numbers)
    keys, strata, labels, predictions = (ordered(read[i] for read in found) for i in range(4))
    at_key, at_stratum, at_label = ({k: i for i, k in enumerate((*known, None))} for known in (keys, strata, labels))
    outcome, predicted = _outcomes(axes.label, labels, request), _outcomes(axes.prediction, predictions, request)
    table = np.zeros((3, len(keys) + 1, len(strata) + 1, 3 if axes.label else 1, 3 if axes.prediction else 1))
    by_label = np.zeros((3, len(keys) + 1, len(labels) + 1))
    for (key, stratum, y, p), added in found.items():
        table[:, at_key[key], at_stratum[stratum], outcome[y], predicted[p]] += added
        by_label[:, at_key[key], at_label[y]] += added
    sides = _sides(facet, keys, table[0].sum(axis=(1, 2, 3)), request, warnings)
    return Cube(facet, keys, strata, labels, predictions, sides, table, by_label)


def _outcomes(axis: Axis | None, keys: Sequence[Key], request: BiasRequest) -> dict[Key, int]:
    """Key → its place: rejected, accepted, unknown; an axis that is not requested has one place only."""
    if axis is None:
        return {None: 0}
    good = {0} if axis.intervals else {k for k in keys if axis.is_configured(k)}
    if axis.column == request.prediction and request.threshold is not None and not _means(request, True) and _means(request, False):
        good = {OUTSIDE}  # a score above the threshold is the label 1, and 0 is the favourable one
    return {k: int(k in good) for k in keys} | {None: 0 if request.missing == "clarify" else 2}


def _means(request: BiasRequest, accepted: bool) -> bool:
    return any(boolean_of(v) is accepted for v in request.positive)


def _sides(facet: Facets, keys: Sequence[Key], rows: Numbers, request: BiasRequest, warnings: list[Noted]) -> tuple[Side, ...]:
    """The groups of a facet that are d in turn; of too many combinations the largest."""
    sides = facet.sides(k for k in keys if k != MISSING_KEY)
    most = request.max_combinations
    if not facet.crossed and len(sides) > MOST_SIDES:
        raise RequestError(too_many_values(facet.name, len(sides)))
    if facet.crossed and len(sides) > most:
        size = {s.name: sum(n for k, n in zip(keys, rows, strict=False) if k in s.keys) for s in sides}
        largest = set(sorted(size, key=lambda name: (-size[name], name))[:most])
        message = f"{facet.name} has {len(sides)} combinations; the {most} largest are measured"
        warnings.append(("TOO_MANY_COMBINATIONS", facet.name, message))
        sides = [s for s in sides if s.name in largest]
    chosen = not facet.crossed and facet.axes[0].values  # the request says which values are d: no others are
    if request.missing == "clarify" and not facet.crossed and not chosen and rows[-1]:
        sides.append(Side("nan"))
    if MISSING_KEY in keys and not chosen:
        sides.append(Side(MISSING_KEY, frozenset({MISSING_KEY})))
    return tuple(sides)


def _favourable_name(axes: Axes, request: BiasRequest) -> str:
    """The favourable outcome: the configured values, or for a threshold the interval up to the largest observed or predicted value."""
    axis = axes.outcome
    if axis is None or not axis.intervals:
        return values_name(request.positive)
    other = axes.prediction.facts if axes.prediction is not None else None
    return axis.interval_name(0, other.high if other is not None else None)


def _masked(a: Axis) -> list[Noted]:
    """That the values of a private column are not shown."""
    if not a.private or a.values:
        return []
    how = f"column {a.column!r} is private: its values are named by their order; `show_private: true` shows them"
    return [("PRIVATE_VALUES", a.column, how)]
