"""The contingency cube facet × stratum × label × prediction: one grouped scan with the counts of all bias metrics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Kind, Schema
from tilth.engine.expressions import and_, col, double, gt, lit, mul
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count, distinct, total
from tilth.errors import Mistake, RequestError
from tilth.measures.bias.axis import (
    MISSING_KEY,
    OUTSIDE,
    Axis,
    ColumnFacts,
    Facts,
    Key,
    Noted,
    Reading,
    Side,
    interval_of,
    is_interval,
    ordered,
)
from tilth.measures.bias.clusters import Members, reject_unfit
from tilth.measures.bias.metrics import BIAS_METRICS
from tilth.measures.bias.request import SEVERAL, BiasRequest
from tilth.measures.bias.values import boolean_of, category, text_of, values_name
from tilth.measures.measure import no_favourable_row
from tilth.metrics.contrasts import Numbers
from tilth.metrics.metric import Grouped, Metric, measured

FIRST = 10_001  # rows of the initial sample, which is not a scan
WIDE = 200  # a column with more values in its first rows is aggregated before anything is grouped by it
JOINT = 12_000  # up to this many cells, one grouping has all facets together; beyond, a grouping per facet is faster
MOST_CELLS = 1_000_000  # cells fetched into Python
MOST_CLASSES = 50  # a confusion matrix is made for at most this many classes
MOST_SIDES = 200  # most groups d of a facet
WEIGHTS, SQUARES = "weights", "squared_weights"  # columns of a table of counts
NO_GROUP = "Group variable is empty or not provided"  # wording of published result files


@dataclass(frozen=True)
class Weights(Metric):
    """The number of rows, and the sums of their weights and squared weights. Without `weight` each row weighs 1; rows with a missing,
    infinite or non-positive weight do not count. `counts` is the column with the rows in a table of counts, which has all these numbers.

    >>> Weights().value(3)
    (3, 3, 3)
    """

    range = (0, math.inf)
    weight: Tree | None = None
    counts: str | None = None

    def needs(self) -> tuple[Statistic, ...]:
        if self.counts is not None:
            return tuple(total(col(c)) for c in (self.counts, WEIGHTS, SQUARES))
        if self.weight is None:
            return (count(),)
        w = double(self.weight)
        there = and_(gt(w, lit(0.0)), gt(lit(math.inf), w))
        return tuple(s.filtered(there) for s in (count(), total(w), total(mul(w, w))))

    def value(self, rows: int, *sums: float | None) -> tuple[int, float, float]:
        rows = int(rows or 0)
        weights, squares = sums or (rows, rows)
        return rows, weights or 0, squares or 0


# ── requested axes, and their counts ──


@dataclass(frozen=True)
class Facets:
    """One facet to measure: an axis, or several crossed axes."""

    axes: tuple[Axis, ...]

    @property
    def name(self) -> str:
        """The column's name, or the columns' names joined."""
        return SEVERAL.join(a.column for a in self.axes)

    @property
    def crossed(self) -> bool:
        """Whether it has several columns."""
        return len(self.axes) > 1

    def sides(self, keys: Iterable[Key]) -> list[Side]:
        """The groups d; with several columns their names are like `sex=F & age=(40, 90]`."""
        if not self.crossed:
            return self.axes[0].sides(keys)
        there = ordered(keys)
        columns = [ordered(k[i] for k in there) for i in range(len(self.axes))]
        parts = [[f"{a.column}={a.name(k, of)}" for a, k, of in zip(self.axes, key, columns, strict=True)] for key in there]
        return [Side(SEVERAL.join(names), frozenset({key})) for key, names in zip(there, parts, strict=True)]


@dataclass(frozen=True)
class Axes:
    """Every axis of a request."""

    facets: tuple[Facets, ...]
    group: Axis | None = None
    label: Axis | None = None
    prediction: Axis | None = None

    @property
    def behind(self) -> tuple[Axis, ...]:
        """The axes other than facets."""
        return tuple(a for a in (self.group, self.label, self.prediction) if a is not None)

    def __iter__(self) -> Iterator[Axis]:
        yield from (a for f in self.facets for a in f.axes)
        yield from self.behind

    def map(self, change: Callable[[Axis], Axis]) -> Axes:
        """The axes, each changed."""
        behind = [a and change(a) for a in (self.group, self.label, self.prediction)]
        return Axes(tuple(Facets(tuple(change(a) for a in f.axes)) for f in self.facets), *behind)


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a grouped scan: for each key its values in the cells, and the numbers of `Weights`, with shape (3, cells)."""

    keys: Mapping[Tree, Sequence[Key]]
    numbers: Numbers
    clusters: Sequence[Any] | None = None
    """The cluster of each cell, if rows are counted by cluster."""

    def __len__(self) -> int:
        return int(self.numbers.shape[1])

    def facts(self, a: Axis) -> ColumnFacts:
        """The facts of a column whose values are keys."""
        rows: Counter[Key] = Counter()
        for key, n in zip(self.keys[a.tree], self.numbers[0].tolist(), strict=True):
            rows[key] += int(n)
        return ColumnFacts.of_counts(a.kind, rows, a.quantiles)

    def read(self, a: Axis | None, missing: Key = None) -> list[Key]:
        """The keys as an axis reads them; without an axis they are unknown."""
        if a is None:
            return [None] * len(self)
        read = {scanned: missing if (key := a.key(scanned)) is None else key for scanned in set(self.keys[a.tree])}
        return [read[scanned] for scanned in self.keys[a.tree]]


@dataclass(frozen=True)
class Cube:
    """The counts of a facet; the last key and the last stratum stand for unknown values.

    `cells` has rows, sums of weights and of squared weights, with shape (3, facet keys + 1, strata + 1, label, prediction), as in
    `Contingency`. `unfolded` has a place for each value of the label: (3, facet keys + 1, 1, label values + 1, 1). `members` and
    `unfolded_members` are their clusters, if clusters are drawn. `matrix` has the sums of weights by (label, prediction), if both are
    categories.
    """

    facet: Facets
    keys: tuple[Key, ...]
    strata: tuple[Key, ...]
    labels: tuple[Key, ...]
    sides: tuple[Side, ...]
    cells: Numbers
    unfolded: Numbers
    members: Members | None = None
    unfolded_members: Members | None = None
    matrix: Mapping[tuple[Key, Key], float] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All rows."""
        return int(self.cells[0].sum())


@dataclass(frozen=True)
class Counted:
    """The results of a request's scans: a cube for each facet, the axes as read, the name of the favourable outcome, the reason for a lack
    of strata, warnings, and, on request, the cells of all axes together."""

    request: BiasRequest
    cubes: tuple[Cube, ...]
    axes: Axes
    favourable: str
    no_strata: str
    warnings: tuple[Noted, ...]
    cells: Cells | None = None


def counted(request: BiasRequest, data: Dataset, engine: Session) -> Counted:
    """Count for a request. Errors: `ColumnError`, `RequestError` with every mistake about the columns."""
    schema = engine.schema(data)
    request.check(schema)
    if request.clusters:
        reject_unfit(request.clusters, data, engine)
    axes = _requested(request, schema, frozenset() if request.show_private else frozenset(data.roles.private))
    sample = {a: distinct(category(a.column, a.kind)) for a in axes}
    first = engine.sample_statistics(data, sample.values(), FIRST)
    seen = {a.column: int(first[s] or 0) for a, s in sample.items()}  # affects how rows are counted, never the result

    wide = {} if request.frequency else _aggregated(axes, seen, data, engine)
    axes = _read(axes, wide.get, request, in_scan=True)
    _reject_many(axes)
    no_strata = _unusable(axes.group, request)
    axes = replace(axes, group=None) if no_strata else axes

    cells = _scanned(axes, seen, request, data, engine)
    facts = {a.tree: c.facts(a) for f, c in zip(axes.facets, cells, strict=True) for a in (*f.axes, *axes.behind) if not a.in_scan}
    axes = _read(axes, lambda a: facts.get(a.tree), request, in_scan=False)
    no_strata = no_strata or _unusable(axes.group, request)
    if request.positive_must_occur and engine.answers_are_real:
        _reject_absent(axes)
    warnings = [w for a in axes for w in a.warnings()]
    cubes = tuple(_cube(f, c, axes, request, warnings) for f, c in zip(axes.facets, cells, strict=True))
    kept = cells[0] if request.counts and cells else None
    return Counted(request, cubes, axes, _favourable_name(axes, request), no_strata, tuple(dict.fromkeys(warnings)), kept)


def _requested(request: BiasRequest, schema: Schema, private: frozenset[str]) -> Axes:
    def axis(column: str, values: tuple[Any, ...] = (), parts: int = 0, stated: Reading | None = None, **more: Any) -> Axis:
        stated = stated or request.types.get(column)
        made = Axis(column, schema[column].kind, values, parts, stated=stated, private=column in private, **more)
        return made.cut((interval_of(column, values),)) if is_interval(values) and stated != "categorical" else made

    single = [axis(f.column, f.values, f.quantiles, order=f.order) for f in request.facets]
    single = [a.cut(f.bands) if f.bands else a for a, f in zip(single, request.facets, strict=True)]
    own = {a.column: a for a in reversed(single)}
    crossed = [tuple(own.get(c) or axis(c, (), 4) for c in columns) for columns in request.intersections]
    group = request.group if any("stratum" in BIAS_METRICS[m].axes for m in request.metrics) else None
    scores = request.positive if request.threshold is None else (f"({request.threshold}, inf]",)
    return Axes(
        tuple(Facets(axes) for axes in [*((a,) for a in single), *crossed]),
        None if group is None else axis(group, stated="categorical"),
        None if request.label is None else axis(request.label, request.positive, by_value=request.positive_is_value),
        None if request.prediction is None else axis(request.prediction, scores),
    )


def _aggregated(axes: Axes, seen: Mapping[str, int], data: Dataset, engine: Session) -> dict[Axis, ColumnFacts]:
    """The facts of columns with many values, in a scan before anything is grouped by them (two if floats may be integers with gaps)."""
    wide = [a for a in axes if not a.in_scan and seen[a.column] > WIDE]
    if axes.label in wide or axes.prediction in wide:  # the prediction is read like the label
        wide += [a for a in (axes.label, axes.prediction) if a is not None and not a.in_scan]
    exact = {a: a.kind is Kind.INTEGER or a.stated == "categorical" or len(a.values) > 1 for a in wide if not a.is_cut}
    asked = {a: Facts(a.column, a.kind, 0 if a in exact else a.quantiles, exact.get(a, False)) for a in wide}
    found = measured(data, asked.values(), engine) if wide else {}
    gaps = [a for a, m in asked.items() if a in exact and found[m].whole and found[m].present < found[m].rows]
    asked |= {a: replace(asked[a], exact=True) for a in gaps}  # floats that may be integers with gaps
    more = [asked[a] for a in gaps if asked[a] not in found]
    found |= measured(data, more, engine) if more else {}
    return {a: replace(found[m], distinct=max(found[m].distinct, seen[a.column])) for a, m in asked.items()}


def _read(axes: Axes, facts_of: Callable[[Axis], ColumnFacts | None], request: BiasRequest, in_scan: bool) -> Axes:
    """The axes, read by their facts if known. The prediction is read like the label, unless the request has a threshold for it."""

    def read(a: Axis) -> Axis:
        facts = facts_of(a)
        return a if facts is None else a.read(facts, in_scan)

    p = axes.prediction
    if p is None or axes.label is None or request.threshold is not None:
        return axes.map(read)
    found = replace(axes, prediction=None).map(read)
    intervals = found.label.intervals if found.label is not None else ()
    p = replace(p, facts=facts_of(p) or p.facts)
    return replace(found, prediction=p.cut(intervals, in_scan) if intervals and not p.intervals else p)


# ── requests that are rejected ──


def _reject_many(axes: Axes) -> None:
    """Reject all columns with too many values at once, before grouping by them."""
    sizes = {a: a.facts.distinct for a in axes if a is not axes.group and a.facts is not None and not a.in_scan}
    wrong = {a.column: n for a, n in sizes.items() if n * 6 > MOST_CELLS or (not a.values and n > MOST_SIDES)}
    RequestError.reject(too_many_values(c, n) for c, n in wrong.items())


def too_many_values(name: str, values: int) -> Mistake:
    """The mistake of a column with too many values for a facet, a label or a prediction."""
    return Mistake(
        f"column {name!r} has {values:,} different values, which are too many groups",
        accepted=f"up to {MOST_SIDES} groups",
        hint='give values, a number as exclusive lower bound, or an interval such as "(20, 40]"; for predicted scores a threshold',
        code="too-many-values",
    )


def _reject_absent(axes: Axes) -> None:
    """Reject a favourable value that no row of the label has."""
    axis = axes.label or axes.prediction
    values = axis.facts.values if axis is not None and axis.facts is not None else ()
    if axis is None or axis.intervals or not values or any(axis.is_configured(k) for k in values):
        return
    raise no_favourable_row(axis.column, [text_of(v) for v in axis.values], [text_of(k) for k in values], axis.private)


def _unusable(group: Axis | None, request: BiasRequest) -> str:
    """Why the group variable cannot form strata, as far as its facts are known; empty if it can."""
    facts = group.facts if group is not None else None
    if group is None or (facts is not None and not facts.present):
        return NO_GROUP
    if facts is None:
        return ""
    if request.missing == "clarify" and facts.present < facts.rows and group.kind is Kind.STRING:
        return f"Group variable {group.column} has {facts.rows - facts.present:,} missing values"
    if (facts.distinct * 5 > facts.present and not request.force_group) or facts.distinct * 12 > MOST_CELLS:
        return f"Group variable {group.column} has {facts.distinct:,} values in {facts.present:,} rows: it is probably an identifier"
    return ""


# ── the scan, and cubes from its cells ──


def _scanned(axes: Axes, seen: Mapping[str, int], request: BiasRequest, data: Dataset, engine: Session) -> list[Cells]:
    """The cells of each facet, from one grouping by all facets, or from a grouping per facet if there are many cells."""
    by = [tuple(dict.fromkeys(a.tree for a in (*f.axes, *axes.behind))) for f in axes.facets]
    if request.counts or math.prod({a.tree: len(a.intervals) + 2 if a.in_scan else seen[a.column] + 1 for a in axes}.values()) <= JOINT:
        by = [tuple(dict.fromkeys(a.tree for a in axes))] * len(by)
    weights = Weights(None if request.weight is None else col(request.weight), request.frequency)
    cluster = (category(request.clusters, engine.schema(data)[request.clusters].kind),) if request.clusters else ()
    keys = {own: tuple(dict.fromkeys((*own, *cluster))) for own in by}
    asked = {own: Grouped(weights, of) for own, of in keys.items()}
    found = measured(data, asked.values(), engine)
    cells = {own: _cells(keys[own], found[m], *cluster) for own, m in asked.items()}
    return [cells[own] for own in by]


def _cells(by: Sequence[Tree], found: Mapping[Any, tuple[int, float, float]], cluster: Tree | None = None) -> Cells:
    there = {cell if isinstance(cell, tuple) else (cell,): numbers for cell, numbers in found.items() if numbers[0]}
    columns = zip(*there, strict=True) if there else [()] * len(by)
    keys = dict(zip(by, columns, strict=True))
    numbers = np.array(list(there.values()), dtype=float).reshape(-1, 3).T
    return Cells(keys, numbers, None if cluster is None else keys[cluster])


def _cube(facet: Facets, cells: Cells, axes: Axes, request: BiasRequest, warnings: list[Noted]) -> Cube:
    missing = MISSING_KEY if request.missing == "as_category" else None
    own, crossed = zip(*(cells.read(a) for a in facet.axes), strict=True), facet.crossed
    found = [missing if None in key else key if crossed else key[0] for key in own]
    group, label, prediction = cells.read(axes.group, missing), cells.read(axes.label), cells.read(axes.prediction)
    keys, strata, labels = ordered(found), ordered(group) if axes.group else (), ordered(label)
    y, p = (outcomes(a, of, request) for a, of in ((axes.label, label), (axes.prediction, prediction)))
    at_key, nowhere = _places(found, keys), np.zeros(len(found), dtype=int)
    shape = (len(keys) + 1, len(strata) + 1, 3 if axes.label else 1, 3 if axes.prediction else 1)
    table, members = _table(shape, (at_key, _places(group, strata), y, p), cells)
    unfolded, of_values = _table((len(keys) + 1, 1, len(labels) + 1, 1), (at_key, nowhere, _places(label, labels), nowhere), cells)
    sides = _sides(facet, keys, table[0].sum(axis=(1, 2, 3)), request, warnings)
    return Cube(facet, keys, strata, labels, sides, table, unfolded, members, of_values, _matrix(axes, label, prediction, cells.numbers[1]))


def _matrix(axes: Axes, label: Sequence[Key], prediction: Sequence[Key], weights: Numbers) -> dict[tuple[Key, Key], float]:
    """The confusion matrix over all values of label and prediction; empty for numbers, and for too many values."""
    if axes.label is None or axes.prediction is None or axes.label.intervals or axes.prediction.intervals:
        return {}
    if len(set(label)) > MOST_CLASSES or len(set(prediction)) > MOST_CLASSES:
        return {}
    found: Counter[tuple[Key, Key]] = Counter()
    for y, p, n in zip(label, prediction, weights.tolist(), strict=True):
        if y is not None and p is not None:
            found[y, p] += n
    return dict(sorted(found.items(), key=lambda item: tuple(map(text_of, item[0]))))


def _table(shape: tuple[int, ...], places: tuple[Numbers, ...], cells: Cells) -> tuple[Numbers, Members | None]:
    """The numbers of cells summed by place, (3, *shape), and their clusters."""
    at = np.ravel_multi_index(places, shape)
    table = np.stack([np.bincount(at, weights=n, minlength=math.prod(shape)) for n in cells.numbers]).reshape(3, *shape)
    return table, None if cells.clusters is None else Members.of(cells.clusters, at, cells.numbers[1])


def _places(keys: Sequence[Key], known: Sequence[Key]) -> Numbers:
    """The place of each key in `known`; null comes last."""
    at = {key: i for i, key in enumerate((*known, None))}
    return np.array([at[key] for key in keys], dtype=int)


def outcomes(axis: Axis | None, keys: Sequence[Key], request: BiasRequest) -> Numbers:
    """The place of each key: 0 rejected, 1 accepted, 2 unknown; an axis that is not requested has only place 0."""
    if axis is None:
        return np.zeros(len(keys), dtype=int)
    good = {0} if axis.intervals else {k for k in set(keys) if k is not None and axis.is_configured(k)}
    favourable = {boolean_of(v) for v in request.positive}
    if axis.column == request.prediction and request.threshold is not None and False in favourable and True not in favourable:
        good = {OUTSIDE}  # scores above the threshold mean 1, and 0 is favourable
    unknown = 0 if request.missing == "clarify" else 2
    return np.array([unknown if k is None else int(k in good) for k in keys], dtype=int)


def _sides(facet: Facets, keys: Sequence[Key], rows: Numbers, request: BiasRequest, warnings: list[Noted]) -> tuple[Side, ...]:
    """The groups d of a facet; of too many combinations only the largest."""
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
    if facet.crossed or not facet.axes[0].values:  # not if the request names the values of d
        sides += [Side("nan")] if request.missing == "clarify" and not facet.crossed and rows[-1] else []
        sides += [Side(MISSING_KEY, frozenset({MISSING_KEY}))] if MISSING_KEY in keys else []
    return tuple(sides)


def _favourable_name(axes: Axes, request: BiasRequest) -> str:
    """The name of the favourable outcome: the configured values, or, for a threshold, the interval up to the largest value."""
    axis = axes.label or axes.prediction
    if axis is None or not axis.intervals:
        return values_name(request.positive)
    other = axes.prediction.facts if axes.prediction is not None else None
    return axis.interval_name(0, other.high if other is not None else None)
