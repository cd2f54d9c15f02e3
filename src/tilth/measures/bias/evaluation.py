"""Computes each metric of each group from cubes, with its status, interval and counts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.measures.bias import performance
from tilth.measures.bias.axis import MISSING_KEY, Side
from tilth.measures.bias.clusters import Members
from tilth.measures.bias.contingency import Contingency
from tilth.measures.bias.cube import Counted, Cube
from tilth.measures.bias.distances import label_distances
from tilth.measures.bias.flip_test import Sampled, sampled
from tilth.measures.bias.flip_test import details as flip_details
from tilth.measures.bias.metrics import BIAS_METRICS, OF_NEGATIVES, BiasMetric, entropy_of_order, plain_disparity
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.performance import Performance
from tilth.measures.bias.request import BiasRequest
from tilth.measures.bias.values import text_of
from tilth.measures.bias.words import Found, message
from tilth.metrics import contrasts, intervals
from tilth.metrics.contrasts import Numbers
from tilth.report.charts import percent
from tilth.report.finding import Finding

Draws = Mapping[str, Numbers]  # metric → its value in each bootstrap draw
ONE_SIDED_MUCH = 0.1  # a larger share of rows in one-sided strata gives CDDL a note
LARGEST_STRATA = 5
ENTROPY = "generalized_entropy"  # the block of orders other than 2
NEEDED = {"stratum": "a value of the group variable", "label": "a label", "prediction": "a prediction"}


@dataclass(frozen=True)
class Group:
    """One group d of a facet, compared with a: all other rows with a known facet (under `clarify` also the unknown ones)."""

    cube: Cube
    side: Side
    counted: Counted

    @cached_property
    def _in_d(self) -> Numbers:
        return np.array([*(k in self.side.keys for k in self.cube.keys), False], dtype=bool)

    @cached_property
    def _in_a(self) -> Numbers:
        return np.array([*~self._in_d[:-1], self.counted.request.missing == "clarify"], dtype=bool)

    @property
    def sides(self) -> tuple[Numbers, Numbers]:
        """Masks of the keys in a and in d."""
        return self._in_a, self._in_d

    def of(self, numbers: Numbers) -> Contingency:
        """The two sides from a table of (facet key, …)."""
        sides = np.stack([_added(numbers, keys) for keys in self.sides])
        return Contingency(sides[None], lambda: numbers.sum(axis=0)[None])

    @cached_property
    def rows(self) -> Contingency:
        """Numbers of rows."""
        return self.of(self.cube.cells[0])

    @cached_property
    def weights(self) -> Contingency:
        """Sums of weights; numbers of rows without weights."""
        return self.of(self.cube.cells[1])

    @cached_property
    def other(self) -> str:
        """The name of a, if it is a single value of the facet; else empty."""
        others = [k for k, in_a in zip(self.cube.keys, self._in_a, strict=False) if in_a]
        axes = self.cube.facet.axes
        return axes[0].name(others[0], self.cube.keys) if len(others) == 1 and len(axes) == 1 and others[0] != MISSING_KEY else ""

    @property
    def name(self) -> str:
        """The name with its column, such as `sex=F`; a combination's name already has its columns."""
        return self.side.name if self.cube.facet.crossed else f"{self.cube.facet.name}={self.side.name}"

    @cached_property
    def counts(self) -> dict[str, float]:
        """`n_a`, `n_d`, and, for known outcomes, `n_a_positive` …, for known predictions, `n_a_predicted_positive` …"""
        sizes, request = self.weights.known()[0], self.counted.request
        found = {"n_a": sizes[0], "n_d": sizes[1]}
        for axis, prefix, there in (("label", "", request.label), ("prediction", "predicted_", request.prediction)):
            if there is not None:
                known = self.weights.known(axis)[0]
                found |= {f"n_{s}_{prefix}{y}": known[i, j] for i, s in enumerate("ad") for j, y in enumerate(("negative", "positive"))}
        return {name: float(n) if request.weight is not None else int(n) for name, n in found.items()}

    @property
    def missing_labels(self) -> tuple[float, float]:
        """The shares of rows in a and in d with an unknown label."""
        every, known = self.weights.known()[0], self.weights.known("label")[0].sum(axis=-1)
        a, d = (1 - float(k / n) if n else 0.0 for k, n in zip(known, every, strict=True))
        return a, d


def _added(numbers: Numbers, keys: Numbers) -> Numbers:
    """(facet key, …) → (…): the sum over the selected keys."""
    chosen = np.flatnonzero(keys)
    found: Numbers = numbers[chosen[0]] if len(chosen) == 1 else numbers[chosen].sum(axis=0)
    return found


def evaluate(counted: Counted, data: Dataset, engine: Session) -> list[tuple[Group, list[Found]]]:
    """Every metric of every group of every facet, with p-values adjusted over all of them."""
    rows = sampled(counted, data, engine) if any(BIAS_METRICS[m].compares == "d" for m in counted.request.metrics) else None
    found = [group for cube in counted.cubes for group in _of_cube(cube, counted, _drawn(counted, cube), data, engine, rows)]
    p_values = [f.payload.p_value for _, of in found for f in of if f.payload.p_value is not None]
    adjusted = iter(intervals.adjusted(p_values))

    def with_adjusted(f: Found) -> Found:
        return f if f.payload.p_value is None else replace(f, payload=replace(f.payload, p_adjusted=next(adjusted)))

    return [(g, list(map(with_adjusted, of))) for g, of in found]


def performances(counted: Counted, groups: Sequence[Group]) -> Iterator[Finding[Performance]]:
    """The performance of the predictions, over all rows and for each group; nothing without labels and predictions."""
    axes = counted.axes
    if not counted.cubes or axes.label is None or axes.prediction is None:
        return
    subject = (axes.label.column, axes.prediction.column)
    cells, matrix = counted.cubes[0].cells[1].sum(axis=(0, 1))[:2, :2], counted.cubes[0].matrix
    named = {y: axes.label.name(y, sorted({k for k, _ in matrix}, key=text_of)) for y, _ in matrix}
    predicted = {p: axes.prediction.name(p, sorted({k for _, k in matrix}, key=text_of)) for _, p in matrix}
    full: dict[str, dict[str, float]] = {}
    for (y, p), n in matrix.items():
        full.setdefault(named[y], {})[predicted[p]] = n
    objects = counted.request.of_detections
    yield performance.finding(Performance.of(cells, objects, matrix={} if objects else full), subject)
    for g in groups:
        others, cells = g.weights.known("label", "prediction")[0]
        about = {"facet": g.cube.facet.name, "facet_value": g.side.name, "other": g.other, "others": performance.counts_of(others)}
        yield performance.finding(Performance.of(cells, objects, **about), subject, g.name)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The groups of a facet, its requested metrics (`asked`), those over all values of the label (`unfolded`), and the draws of both."""

    groups: Sequence[Group]
    asked: Sequence[BiasMetric]
    unfolded: Sequence[BiasMetric]
    draws: Sequence[Draws]
    of_values: Sequence[Draws]


def _drawn(counted: Counted, cube: Cube) -> _Drawn:
    groups, label, facet = [Group(cube, side, counted) for side in cube.sides], counted.axes.label, cube.facet
    asked = [m for name, m in BIAS_METRICS.items() if name in counted.request.metrics and m.compares != "d"]
    asked += map(entropy_of_order, counted.request.entropies)
    unfolded = [m for m in asked if m.distance] if label is not None and not label.intervals and len(cube.labels) > 2 else []
    draws = drawn_metrics(cube.cells, cube.members, groups, asked, facet.name)
    of_values = drawn_metrics(cube.unfolded, cube.unfolded_members, groups, unfolded, facet.name, "label values")
    return _Drawn(groups, asked, unfolded, draws, of_values)


def _of_cube(
    cube: Cube, counted: Counted, of: _Drawn, data: Dataset, engine: Session, rows: Sampled | None
) -> Iterator[tuple[Group, list[Found]]]:
    request, label, facet = counted.request, counted.axes.label, cube.facet
    of_rows = [m for name, m in BIAS_METRICS.items() if name in request.metrics and m.compares == "d"]
    apart = label_distances(facet, cube.sides, label, request, data, engine) if label is not None and label.intervals else {}
    for g, draws, of_values in zip(of.groups, of.draws, of.of_values, strict=True):
        found = [_measured(m, g, draws) for m in of.asked] + [_over_values(m, g, of_values) for m in of.unfolded]
        found += [_flipped(m, g, rows) for m in of_rows if rows is not None]
        yield g, [*found, *_distances(g, *apart.get(g.side.name, (None, None)))]


def _finding(g: Group, name: str, used: Numbers, value: Any = None, bounds: Any = None, **more: Any) -> Found:
    """A finding of a group; `used` has the rows of each side, `bounds` the ends of the interval, `more` further fields of the payload."""
    request, facet, n = g.counted.request, g.cube.facet.name, int(used.sum())
    about: dict[str, Any] = {"facet": facet, "facet_value": g.side.name, "other": g.other or None, "counts": g.counts}
    about |= {"label": request.label, "label_value": g.counted.favourable, "prediction": request.prediction}
    about |= {"group_variable": request.group, "status": "ok", "n_used": n, "n_excluded": g.cube.total - n}
    outcome, axes = g.counted.axes.label or g.counted.axes.prediction, g.cube.facet.axes
    about |= {"facet_read": axes[0].read_as if len(axes) == 1 else "", "label_read": outcome.read_as if outcome is not None else ""}
    payload = BiasNumber(**{**about, **more})
    low, high = bounds or (None, None)
    subject = tuple(c for c in (facet, request.label or request.prediction) if c)
    f = Finding(name, subject, value, group=g.name, low=low, high=high, confidence=request.confidence if bounds else None, payload=payload)
    return replace(f, message=message(f))


def _measured(m: BiasMetric, g: Group, draws: Draws) -> Found:
    used = m.used(g.rows)[0]
    block = None if m.name in BIAS_METRICS else ENTROPY
    finding = partial(_finding, g, m.name, used, description=m.description, block=block)
    if error := _why_not(m, used, g):
        return finding(status="error", error=error)
    request, value, status = g.counted.request, m.value(g.weights), "degenerate" if m.undefined(g.rows) else "ok"
    bounds, method = _percentiles(draws, m, request) if value is not None else None, request.method
    if value is not None and status == "ok" and request.weight is None and not request.bootstrap:
        bounds, method = m.closed_interval(value, g.rows, request.confidence), "normal"
    strata = _strata(m, g) if "stratum" in m.axes else {}
    smallest = min([used.min(), *(n for _, _, n in m.ratios(g.rows))])
    band = request.bands.get(m.name) or m.band if request.verdicts else None
    return finding(
        value,
        bounds,
        status=status,
        notes=tuple(_notes(m, used, g, strata.get("one_sided_share", 0.0))),
        more=strata,
        rates=None if m.rate is None else tuple(contrasts.divided(*m.rate(g.weights))[0].tolist()),
        p_value=_p_value(m, g.rows) if request.weight is None and not request.clusters else None,
        method=method if bounds else None,
        band=band,
        verdict=_verdict(band, bounds, status) if value is not None and smallest >= request.min_group_size else None,
    )


def _flipped(m: BiasMetric, g: Group, rows: Sampled) -> Found:
    """The flip test of a group; its contingency table has the vote of the neighbours in place of the label."""
    request, flips = g.counted.request, rows.flips(g.cube.facet, g.side)
    n_d = int((flips.scaled if flips.votes is None else flips.votes).sum())
    used = np.array([flips.n_a, n_d])
    finding = partial(_finding, g, m.name, used, description=m.description, n_excluded=rows.rows.num_rows - int(used.sum()))
    if flips.votes is None or not n_d or not flips.n_a:
        error = flips.error or "there are no rows on one side whose prediction and features are known"
        return finding(status="error", error=error, more=flip_details(flips, None))
    (value,) = m.values(_of_votes(flips.votes[None])).tolist()
    seed = (request.seed, zlib.crc32(g.cube.facet.name.encode()), zlib.crc32(g.side.name.encode()))
    drawn = [] if request.clusters else list(intervals.resampled(flips.votes.ravel(), request.bootstrap, seed))
    draws = {m.name: np.concatenate([m.values(_of_votes(d.reshape(-1, 2, 2))) for d in drawn])} if drawn else {}
    bounds, few = _percentiles(draws, m, request), min(n_d, flips.n_a) < request.min_group_size
    band = request.bands.get(m.name) or m.band if request.verdicts else None
    notes = [*([f"small group: {min(n_d, flips.n_a)} rows, fewer than {request.min_group_size}"] if few else []), *flips.notes]
    return finding(
        value,
        bounds,
        notes=tuple(notes),
        method="bootstrap" if bounds else None,
        band=band,
        verdict=None if few else _verdict(band, bounds, "ok"),
        more=flip_details(flips, value),
    )


def _of_votes(votes: Numbers) -> Contingency:
    """The contingency table of the rows of d, from (draws, vote, prediction)."""
    table = np.zeros((len(votes), 2, 1, 3, 3))
    table[:, 1, 0, :2, :2] = votes
    return Contingency(table)


def _why_not(m: BiasMetric, used: Numbers, g: Group) -> str:
    """Why the metric has no value, in the words of published result files; empty if it has one."""
    if g.counted.request.of_detections and m.name.partition("_")[0] in OF_NEGATIVES:
        return "detections of objects have no true negatives"
    if "stratum" in m.axes and g.counted.no_strata:
        return g.counted.no_strata
    if m.compares == "all":
        return m.impossible(g.rows) if used[0] else "there are no rows with a label and a prediction"
    for size, rows, which in zip(used, g.rows.known()[0], ("outside", "in"), strict=True):
        if not size and rows:
            return f"no row {which} facet value {g.side.name} has {' and '.join(NEEDED[axis] for axis in m.axes)}"
        if not size:
            return f"there are no rows {which} facet value {g.side.name}"
    return m.impossible(g.rows)


def _notes(m: BiasMetric, used: Numbers, g: Group, one_sided: float) -> Iterator[str]:
    least = g.counted.request.min_group_size
    if used.min() < least:
        yield f"small group: {int(used.min())} rows, fewer than {least}"
    else:
        yield from (
            f"small group: the {name} is that of {int(n)} rows, fewer than {least}" for name, _, n in m.ratios(g.rows) if 0 < n < least
        )
    if m.axes == ("label",):
        seen = g.rows.known("label")[0] > 0
        if seen.any(axis=0).sum() == 1:
            yield "label has one value"
        if m.distance and (seen[0] != seen[1]).any():
            yield "support mismatch"
    yield from m.by_convention(g.rows)
    if one_sided > ONE_SIDED_MUCH:
        yield f"{percent(one_sided)} of the rows are in strata with one outcome only; their part of the sum is not evidence"


def _strata(m: BiasMetric, g: Group) -> dict[str, Any]:
    """Details of the strata behind a value."""
    counts, numbers = g.rows.known(*m.axes)[0].sum(axis=0), g.weights.known(*m.axes)[0]
    both, sizes = numbers.sum(axis=0), counts.sum(axis=1)
    there = sizes > 0
    one_sided = there & (counts.min(axis=1) == 0)
    dd = contrasts.disparity(numbers[1, :, 0], both[:, 0], numbers[1, :, 1], both[:, 1])
    order = sorted(np.flatnonzero(there), key=lambda i: (-abs(both[i].sum() * dd[i]), i))[:LARGEST_STRATA]
    group = g.counted.axes.group
    name = partial(group.name, keys=g.cube.strata) if group is not None else text_of
    return {
        "strata": int(there.sum()),
        "one_sided_strata": int(one_sided.sum()),
        "one_sided_share": float(sizes[one_sided].sum() / sizes.sum()) if sizes.any() else 0.0,
        "smallest_stratum": int(sizes[there].min()) if there.any() else 0,
        "plain_disparity": plain_disparity(g.weights, m.axes[-1]),
        "largest_strata": [{"stratum": name(g.cube.strata[i]), "rows": int(sizes[i]), "disparity": float(dd[i])} for i in order],
    }


def _over_values(m: BiasMetric, g: Group, draws: Draws) -> Found:
    """A distance over all values of a label that has more than two."""
    rows, weights = (g.of(g.cube.unfolded[i]) for i in (0, 1))
    used, description = m.used(rows)[0], f"{m.description} over all values of the label"
    finding = partial(_finding, g, f"{m.name} by label value", used, description=description, block="by_label_value")
    if not used.all():
        return finding(status="error", error="there are no rows on one side")
    p, q = contrasts.shares(weights.known("label"))[0]
    label, bounds = g.counted.axes.label, _percentiles(draws, m, g.counted.request)
    largest = g.cube.labels[int(np.argmax(np.abs(p - q)))]
    named = {"largest": label.name(largest, g.cube.labels)} if label is not None else {}
    return finding(m.value(weights), bounds, method=g.counted.request.method if bounds else None, more=named)


def _distances(g: Group, ks: float | None, area: float | None) -> Iterator[Found]:
    """The distances between the groups in a continuous label."""
    descriptions = {"continuous_ks": "Two-sample Kolmogorov-Smirnov statistic", "wasserstein": "1-Wasserstein distance"}
    for (name, what), value in zip(descriptions.items(), (ks, area), strict=True):
        if value is not None:
            description = f"{what} of the label's values"
            yield _finding(g, name, np.zeros(2), value, description=description, block="continuous", n_excluded=0)


# ── intervals and verdicts ──


def drawn_metrics(
    cells: Numbers, members: Members | None, groups: Sequence[Group], asked: Sequence[BiasMetric], *words: str
) -> list[Draws]:
    """Bootstrap draws of the metrics for each group, from `cells` (rows, weights and squares); with `members`, clusters are drawn.

    The draws depend on the seed and on `words`, such as the facet's name, not on the rest of the request.
    """
    request = groups[0].counted.request if groups and asked else None
    if request is None or not request.bootstrap or not cells[0].any():
        return [{} for _ in groups]
    cells, sides, merged = _merged(cells, groups)
    rows, weights, squares = (a.ravel() for a in cells)
    seed = (request.seed, *(zlib.crc32(w.encode()) for w in words))
    found: dict[str, list[Numbers]] = {m.name: [] for m in asked}
    noisy = (weights, squares) if request.weight is not None else None
    of_rows = partial(intervals.resampled, rows, request.bootstrap, seed, noisy)
    for drawn in of_rows() if members is None else members.resampled(merged, cells.shape[1:], request.bootstrap, seed):
        table = _of_groups(drawn.T.reshape(*cells.shape[1:], -1), sides)
        for m in asked:
            found[m.name].append(m.values(table).reshape(len(groups), -1))
    draws = {name: np.concatenate(values, axis=1) for name, values in found.items()}
    return [{name: values[i] for name, values in draws.items()} for i in range(len(groups))]


def _of_groups(drawn: Numbers, sides: Numbers) -> Contingency:
    """(facet key, …, draws) → the two sides in each group's draws, one group after the other; `sides` are masks of keys, by side and group.

    A cell's draws stay contiguous in memory, so that sums over the other axes add whole arrays.
    """
    chosen = sides.reshape(-1, len(drawn)).astype(float)
    numbers = np.matmul(chosen, np.moveaxis(drawn, 0, -2)).reshape(*drawn.shape[1:-1], 2, -1)
    whole = cache(lambda: np.tile(drawn.sum(axis=(0, 1)), sides.shape[1])[None])
    return Contingency(np.moveaxis(numbers, (-1, -2), (0, 1)), lambda: np.moveaxis(whole(), -1, 0))


def _merged(cells: Numbers, groups: Sequence[Group]) -> tuple[Numbers, Numbers, Numbers]:
    """Merge facet keys that are always on the same side, and drop keys without rows, to have fewer cells to draw.

    Returns the cells, the masks (side, group, merged key), and the merged key of each key."""
    sides = np.stack([g.sides for g in groups], axis=1)
    alike: dict[bytes, list[int]] = {}
    for key in np.flatnonzero(cells[0].any(axis=(1, 2, 3))).tolist():
        alike.setdefault(sides[..., key].tobytes(), []).append(key)
    places = np.zeros(cells.shape[1], dtype=int)
    for place, keys in enumerate(alike.values()):
        places[keys] = place
    merged = [cells[:, keys].sum(axis=1) for keys in alike.values()]
    return np.stack(merged, axis=1), sides[..., [keys[0] for keys in alike.values()]], places


def _percentiles(draws: Draws, m: BiasMetric, request: BiasRequest) -> tuple[float, float] | None:
    """The bootstrap interval of a metric; None without draws."""
    return intervals.percentile_interval(draws[m.name], request.confidence) if draws else None


def _p_value(m: BiasMetric, rows: Contingency) -> float | None:
    if m.rate is None or m.neutral:
        return None
    hits, sizes = (x[0] for x in m.rate(rows))
    return intervals.p_of_difference(int(hits[0]), int(sizes[0]), int(hits[1]), int(sizes[1]))


def _verdict(band: tuple[float, float] | None, bounds: tuple[float, float] | None, status: str) -> str | None:
    """The verdict: within the band, outside it, or unclear if the interval crosses its border."""
    if band is None:
        return None
    if status != "ok":
        return "not determinable"
    if bounds is None:
        return None
    low, high = bounds
    return "within" if band[0] <= low and high <= band[1] else "outside" if low > band[1] or high < band[0] else "unclear"
