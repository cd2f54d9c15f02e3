"""From cubes to results: each metric of each group, with its status, its interval and what it was computed from."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.measures.bias.axis import MISSING_KEY, Side
from tilth.measures.bias.contingency import Contingency
from tilth.measures.bias.cube import Counted, Cube
from tilth.measures.bias.distances import label_distances
from tilth.measures.bias.metrics import BIAS_METRICS, BiasMetric, divided, plain_disparity
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.request import BiasRequest
from tilth.measures.bias.values import text_of
from tilth.measures.bias.words import Found, message
from tilth.metrics import contrasts, intervals
from tilth.report.finding import Finding

Numbers = NDArray[Any]
ONE_SIDED_MUCH = 0.1  # the share of rows in one-sided strata above which CDDL is said to be biased
LARGEST_STRATA = 5


@dataclass(frozen=True)
class Group:
    """One group d of a facet, compared with a: all other rows whose facet is known (under `clarify` the unknown ones too)."""

    cube: Cube
    side: Side
    unknown_in_a: bool

    @cached_property
    def _in_d(self) -> Numbers:
        return np.array([*(k in self.side.keys for k in self.cube.keys), False], dtype=bool)

    @cached_property
    def _in_a(self) -> Numbers:
        return np.array([*~self._in_d[:-1], self.unknown_in_a], dtype=bool)

    def of(self, numbers: Numbers) -> Numbers:
        """(draws, facet key, …) → (draws, side, …)"""
        return np.stack([_added(numbers, self._in_a), _added(numbers, self._in_d)], axis=1)

    @cached_property
    def rows(self) -> Contingency:
        """Numbers of rows."""
        return Contingency(self.of(self.cube.cells[None, 0]))

    @cached_property
    def weights(self) -> Contingency:
        """Sums of weights; numbers of rows where there are none."""
        return Contingency(self.of(self.cube.cells[None, 1]))

    @property
    def other(self) -> str:
        """The name of a, where it is one value of the facet."""
        others = [k for k, in_a in zip(self.cube.keys, self._in_a, strict=False) if in_a]
        axes = self.cube.facet.axes
        return axes[0].name(others[0], self.cube.keys) if len(others) == 1 and len(axes) == 1 and others[0] != MISSING_KEY else ""

    @property
    def name(self) -> str:
        """`sex=F`; a combination's name has its columns in it."""
        return self.side.name if self.cube.facet.crossed else f"{self.cube.facet.name}={self.side.name}"

    def counts(self, request: BiasRequest) -> dict[str, float]:
        """`n_a`, `n_d`, and of known outcome `n_a_positive` …, of known prediction `n_a_predicted_positive` …"""
        sizes = self.weights.known()[0]
        found = {"n_a": sizes[0], "n_d": sizes[1]}
        for axis, prefix, there in (("label", "", request.label), ("prediction", "predicted_", request.prediction)):
            if there is not None:
                known = self.weights.known(axis)[0]
                found |= {f"n_{s}_{prefix}{y}": known[i, j] for i, s in enumerate("ad") for j, y in enumerate(("negative", "positive"))}
        return {name: float(n) if request.weight is not None else int(n) for name, n in found.items()}

    @property
    def missing_labels(self) -> tuple[float, float]:
        """The shares of rows in a and in d whose label is unknown."""
        every, known = self.weights.known()[0], self.weights.known("label")[0].sum(axis=-1)
        a, d = (1 - _ratio(k, n) if n else 0.0 for k, n in zip(known, every, strict=True))
        return a, d


def _added(numbers: Numbers, keys: Numbers) -> Numbers:
    """(draws, facet key, …) → (draws, …), over some of the keys."""
    chosen = np.flatnonzero(keys)
    found: Numbers = numbers[:, chosen[0]] if len(chosen) == 1 else numbers[:, chosen].sum(axis=1)
    return found


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def evaluate(counted: Counted, request: BiasRequest, data: Dataset, engine: Session) -> list[tuple[Group, list[Found]]]:
    """Every metric of every group of every facet, p-values adjusted over all of them."""
    found = [group for cube in counted.cubes for group in _of_cube(cube, counted, request, data, engine)]
    p_values = [f.payload.p_value for _, of in found for f in of if f.payload.p_value is not None]
    adjusted = iter(intervals.adjusted(p_values))
    return [(g, [_finished(f, None if f.payload.p_value is None else next(adjusted)) for f in of]) for g, of in found]


def _finished(f: Found, adjusted: float | None) -> Found:
    f = replace(f, payload=replace(f.payload, p_adjusted=adjusted))
    return replace(f, message=message(f))


def _of_cube(cube: Cube, counted: Counted, request: BiasRequest, data: Dataset, engine: Session) -> Iterator[tuple[Group, list[Found]]]:
    groups = [Group(cube, side, request.missing == "clarify") for side in cube.sides]
    asked = [m for name, m in BIAS_METRICS.items() if name in request.metrics]
    drawn = _drawn(cube, groups, asked, request) if request.bootstrap else [{} for _ in groups]
    label = counted.axes.label
    unfolded = _over_values(cube, groups, asked, request) if label is not None and not label.intervals else [{} for _ in groups]
    apart = label_distances(cube.facet, cube.sides, label, request, data, engine) if label is not None and label.intervals else {}
    for group, draws, over_values in zip(groups, drawn, unfolded, strict=True):
        about = _about(group, counted, request)
        found = [_measured(m, about, group, counted, request, draws.get(m.name)) for m in asked]
        found += [_over_all(m, about, group, counted, request, d) for m, d in over_values.items()]
        yield group, [*found, *_distances(about, *apart.get(group.side.name, (None, None)))]


def _about(group: Group, counted: Counted, request: BiasRequest) -> Found:
    """What every finding of a group has."""
    payload = BiasNumber(
        facet=group.cube.facet.name,
        facet_value=group.side.name,
        other=group.other or None,
        label=request.label,
        label_value=counted.favourable,
        prediction=request.prediction,
        group_variable=request.group,
        status="ok",
        counts=group.counts(request),
    )
    outcome = request.label or request.prediction
    return Finding("", (group.cube.facet.name, *([outcome] if outcome else [])), group=group.name, payload=payload)


def _named(about: Found, name: str, description: str, used: Numbers, group: Group) -> Found:
    n = int(used.sum())
    return replace(about, name=name, payload=replace(about.payload, description=description, n_used=n, n_excluded=group.cube.total - n))


def _measured(m: BiasMetric, about: Found, group: Group, counted: Counted, request: BiasRequest, draws: Numbers | None) -> Found:
    used = m.used(group.rows)[0]
    f = _named(about, m.name, m.description, used, group)
    error = _why_not(m, used, group, counted)
    if error:
        return replace(f, payload=replace(f.payload, status="error", error=error))
    value, undefined = m.value(group.weights), m.undefined(group.rows)
    strata = _strata(m, group, counted) if "stratum" in m.axes else {}
    payload = replace(
        f.payload,
        status="degenerate" if undefined else "ok",
        notes=tuple(_notes(m, used, group, request, strata.get("one_sided_share", 0.0))),
        more=strata,
        rates=_rates(m, group.weights),
        p_value=_p_value(m, group.rows, request),
        band=request.bands.get(m.name) or m.band if request.verdicts else None,
    )
    f = _with_interval(replace(f, value=value, payload=payload), m, group.rows, draws, request)
    return replace(f, payload=replace(f.payload, verdict=_verdict(f, int(used.min()) < request.min_group_size)))


def _why_not(m: BiasMetric, used: Numbers, group: Group, counted: Counted) -> str:
    """Why the metric has no value, in the words of published result files."""
    if "stratum" in m.axes and counted.no_strata:
        return counted.no_strata
    for size, which in zip(used, ("no rows outside", "no rows in"), strict=True):
        if not size:
            return f"there are {which} facet value {group.side.name}"
    if "stratum" in m.axes:
        negative, positive = group.rows.known(*m.axes)[0].sum(axis=(0, 1))
        return "" if negative and positive else "No positive labels in set" if negative else "No negative labels in set"
    return ""


def _notes(m: BiasMetric, used: Numbers, group: Group, request: BiasRequest, one_sided: float) -> Iterator[str]:
    if used.min() < request.min_group_size:
        yield f"small group: {int(used.min())} rows, fewer than {request.min_group_size}"
    if m.axes == ("label",):
        seen = group.rows.known("label")[0] > 0
        if seen.any(axis=0).sum() == 1:
            yield "label has one value"
        if m.over_values is not None and (seen[0] != seen[1]).any():
            yield "support mismatch"
    if m.rate is not None and m.undefined(group.rows):
        yield "a share of no rows counts as 0"
    if one_sided > ONE_SIDED_MUCH:
        yield f"{one_sided:.0%} of the rows are in strata with one outcome only, whose part in the sum is not evidence"


def _strata(m: BiasMetric, group: Group, counted: Counted) -> dict[str, Any]:
    """What is known of the strata behind a value."""
    counts, numbers = group.rows.known(*m.axes)[0].sum(axis=0), group.weights.known(*m.axes)[0]
    both, sizes = numbers.sum(axis=0), counts.sum(axis=1)
    there = sizes > 0
    one_sided = there & (counts.min(axis=1) == 0)
    dd = contrasts.disparity(numbers[1, :, 0], both[:, 0], numbers[1, :, 1], both[:, 1])
    order = sorted(np.flatnonzero(there), key=lambda i: (-abs(both[i].sum() * dd[i]), i))[:LARGEST_STRATA]
    name = partial(counted.axes.group.name, keys=group.cube.strata) if counted.axes.group is not None else text_of
    return {
        "strata": int(there.sum()),
        "one_sided_strata": int(one_sided.sum()),
        "one_sided_share": _ratio(sizes[one_sided].sum(), sizes.sum()),
        "smallest_stratum": int(sizes[there].min()) if there.any() else 0,
        "plain_disparity": plain_disparity(group.weights, m.axes[-1]),
        "largest_strata": [{"stratum": name(group.cube.strata[i]), "rows": int(sizes[i]), "disparity": float(dd[i])} for i in order],
    }


# ── intervals and verdicts ──


def _drawn(cube: Cube, groups: Sequence[Group], asked: Sequence[BiasMetric], request: BiasRequest) -> list[dict[str, Numbers]]:
    """For each group, metric → its value in each of the bootstrap's draws."""
    found: list[dict[str, list[Numbers]]] = [{m.name: [] for m in asked} for _ in groups]
    for numbers in _draws(cube.cells, request, cube.facet.name) if groups else ():
        for group, values in zip(groups, found, strict=True):
            table = Contingency(group.of(numbers))
            for m in asked:
                values[m.name].append(m.values(table))
    return [{name: np.concatenate(v) for name, v in values.items()} for values in found]


def _draws(cells: Numbers, request: BiasRequest, *words: str) -> Iterator[Numbers]:
    """Tables drawn from one of rows, weights and squares: a facet's draws depend on the seed and its name, not on what else is asked."""
    rows, weights, squares = (a.ravel() for a in cells)
    seed = (request.seed, *(zlib.crc32(w.encode()) for w in words))
    for drawn in intervals.resampled(rows, request.bootstrap, seed, (weights, squares) if request.weight is not None else None):
        yield drawn.reshape(len(drawn), *cells.shape[1:])


def _rates(m: BiasMetric, t: Contingency) -> tuple[float, float] | None:
    if m.rate is None:
        return None
    a, d = divided(*m.rate(t))[0]
    return float(a), float(d)


def _p_value(m: BiasMetric, rows: Contingency, request: BiasRequest) -> float | None:
    if m.rate is None or m.neutral or request.weight is not None:
        return None
    hits, sizes = (x[0] for x in m.rate(rows))
    return intervals.p_of_difference(int(hits[0]), int(sizes[0]), int(hits[1]), int(sizes[1]))


def _with_interval(f: Found, m: BiasMetric, rows: Contingency, draws: Numbers | None, request: BiasRequest) -> Found:
    if f.value is None or draws is not None or request.weight is not None or f.payload.status != "ok":
        return _bootstrapped(f, draws, request)
    return _within(f, m.closed_interval(f.value, rows, request.confidence), "normal", request)


def _bootstrapped(f: Found, draws: Numbers | None, request: BiasRequest) -> Found:
    found = None if draws is None or f.value is None else intervals.percentile_interval(draws, request.confidence)
    return _within(f, found, "bootstrap", request)


def _within(f: Found, bounds: tuple[float, float] | None, method: str, request: BiasRequest) -> Found:
    if bounds is None:
        return f
    return replace(f, low=bounds[0], high=bounds[1], confidence=request.confidence, payload=replace(f.payload, method=method))


def _verdict(f: Found, small: bool) -> str | None:
    """Within the band, outside it, unclear where the interval crosses its border; a small group gets none."""
    band = f.payload.band
    if band is None or f.value is None or small:
        return None
    if f.payload.status != "ok":
        return "not determinable"
    if f.low is None or f.high is None:
        return None
    if band[0] <= f.low and f.high <= band[1]:
        return "within"
    return "outside" if f.low > band[1] or f.high < band[0] else "unclear"


# ── labels that are not folded into accepted and rejected ──


def _over_values(
    cube: Cube, groups: Sequence[Group], asked: Sequence[BiasMetric], request: BiasRequest
) -> list[dict[BiasMetric, Numbers | None]]:
    """For each group, the distances over all values of a label of more than two, and their draws."""
    formulas = {m: m.over_values for m in asked if m.over_values is not None} if len(cube.labels) > 2 else {}
    drawn: list[dict[BiasMetric, list[Numbers]]] = [{m: [] for m in formulas} for _ in groups]
    for numbers in _draws(cube.by_label, request, cube.facet.name, "label values") if request.bootstrap and formulas else ():
        for g, values in zip(groups, drawn, strict=True):
            p, q = _shares(g, numbers)
            empty = np.isnan(p).any(axis=1) | np.isnan(q).any(axis=1)
            for m, formula in formulas.items():
                values[m].append(np.where(empty, np.nan, formula(p, q)))
    return [{m: np.concatenate(v) if v else None for m, v in values.items()} for values in drawn]


def _shares(group: Group, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """The distributions of the known labels in a and in d: (draws, label value) each."""
    found = contrasts.shares(group.of(numbers)[..., :-1])
    return found[:, 0], found[:, 1]


def _over_all(m: BiasMetric, about: Found, group: Group, counted: Counted, request: BiasRequest, draws: Numbers | None) -> Found:
    cube, label = group.cube, counted.axes.label
    used = group.of(cube.by_label[None, 0])[0, :, :-1].sum(axis=1)
    f = _named(about, f"{m.name} by label value", f"{m.description} over all values of the label", used, group)
    payload = replace(f.payload, block="by_label_value")
    if not used.all() or m.over_values is None or label is None:
        return replace(f, payload=replace(payload, status="error", error="there are no rows on one side"))
    p, q = _shares(group, cube.by_label[None, 1])
    largest = label.name(cube.labels[int(np.argmax(np.abs(p - q)))], cube.labels)
    f = replace(f, value=float(m.over_values(p, q)[0]), payload=replace(payload, more={"largest": largest}))
    return _bootstrapped(f, draws, request)


def _distances(about: Found, ks: float | None, area: float | None) -> Iterator[Found]:
    """How far the groups are apart in a continuous label itself."""
    descriptions = {"continuous_ks": "Two-sample Kolmogorov-Smirnov statistic", "wasserstein": "1-Wasserstein distance"}
    for (name, what), value in zip(descriptions.items(), (ks, area), strict=True):
        if value is not None:
            payload = replace(about.payload, description=f"{what} of the label's values", block="continuous", n_used=0, n_excluded=0)
            yield replace(about, name=name, value=value, payload=payload)
