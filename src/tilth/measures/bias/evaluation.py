"""From cubes to results: each metric of each group, with its status, its interval and what it was computed from."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.measures.bias.axis import MISSING_KEY, Axis, Side
from tilth.measures.bias.contingency import Contingency
from tilth.measures.bias.cube import Counted, Cube
from tilth.measures.bias.distances import label_distances
from tilth.measures.bias.metrics import BIAS_METRICS, BiasMetric, plain_disparity
from tilth.measures.bias.request import BiasRequest
from tilth.measures.bias.values import text_of
from tilth.metrics import contrasts, intervals

Numbers = NDArray[Any]
Status = Literal["ok", "degenerate", "error"]
ONE_SIDED_MUCH = 0.1  # the share of rows in one-sided strata above which CDDL is said to be biased
LARGEST_STRATA = 5


@dataclass(frozen=True)
class Result:
    """One metric of one group. `status` is `degenerate` for a value by convention only, `error` where there is no value."""

    metric: str
    description: str
    value: float | None
    status: Status = "ok"
    error: str = ""
    notes: tuple[str, ...] = ()
    n_used: int = 0
    n_excluded: int = 0
    low: float | None = None
    high: float | None = None
    method: str | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    verdict: str | None = None
    band: tuple[float, float] | None = None
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)


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

    def counts(self, counted: Counted, weighted: bool) -> dict[str, float]:
        """`n_a`, `n_d`, and of known outcome `n_a_positive` …, of known prediction `n_a_predicted_positive` …"""
        sizes = self.weights.known()[0]
        found = {"n_a": sizes[0], "n_d": sizes[1]}
        for axis, prefix, there in (("label", "", counted.axes.label), ("prediction", "predicted_", counted.axes.prediction)):
            if there is not None:
                known = self.weights.known(axis)[0]
                found |= {f"n_{s}_{prefix}{y}": known[i, j] for i, s in enumerate("ad") for j, y in enumerate(("negative", "positive"))}
        return {name: float(n) if weighted else int(n) for name, n in found.items()}

    @property
    def missing_labels(self) -> tuple[float, float]:
        """The shares of rows in a and in d whose label is unknown."""
        every, known = self.weights.known()[0], self.weights.known("label")[0].sum(axis=-1)
        return 1 - _ratio(known[0], every[0]) if every[0] else 0.0, 1 - _ratio(known[1], every[1]) if every[1] else 0.0


def _added(numbers: Numbers, keys: Numbers) -> Numbers:
    """(draws, facet key, …) → (draws, …), over some of the keys."""
    chosen = np.flatnonzero(keys)
    found: Numbers = numbers[:, chosen[0]] if len(chosen) == 1 else numbers[:, chosen].sum(axis=1)
    return found


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def evaluate(counted: Counted, request: BiasRequest, data: Dataset, engine: Session) -> list[tuple[Group, tuple[Result, ...]]]:
    """The results for every group of every facet, p-values adjusted over all of them."""
    found = [group for cube in counted.cubes for group in _of_cube(cube, counted, request, data, engine)]
    p_values = iter(intervals.adjusted([r.p_value for _, results in found for r in results if r.p_value is not None]))
    return [(g, tuple(r if r.p_value is None else replace(r, p_adjusted=next(p_values)) for r in results)) for g, results in found]


def _of_cube(
    cube: Cube, counted: Counted, request: BiasRequest, data: Dataset, engine: Session
) -> Iterator[tuple[Group, tuple[Result, ...]]]:
    groups = [Group(cube, side, request.missing == "clarify") for side in cube.sides]
    asked = [m for name, m in BIAS_METRICS.items() if name in request.metrics]
    drawn = _drawn(cube, groups, asked, request) if request.bootstrap else [{} for _ in groups]
    label = counted.axes.label
    unfolded = _over_values(cube, groups, asked, label, request) if label is not None and not label.intervals else {}
    apart = label_distances(cube.facet, cube.sides, label, request, data, engine) if label is not None and label.intervals else {}
    for group, draws in zip(groups, drawn, strict=True):
        results = [_result(m, group, counted, request, draws.get(m.name)) for m in asked]
        yield group, (*results, *unfolded.get(group.side.name, ()), *_distances(*apart.get(group.side.name, (None, None))))


def _result(m: BiasMetric, group: Group, counted: Counted, request: BiasRequest, draws: Numbers | None) -> Result:
    used = m.used(group.rows)[0]
    blank = Result(m.name, m.description, None, n_used=int(used.sum()), n_excluded=group.cube.total - int(used.sum()))
    error = _why_not(m, used, group, counted)
    if error:
        return replace(blank, status="error", error=error)
    found = replace(blank, value=m.value(group.weights), notes=tuple(_notes(m, used, group, request)))
    if "stratum" in m.axes:
        found = _with_strata(found, m, group, counted)
    if m.undefined(group.rows):
        found = replace(found, status="degenerate")
    return _with_verdict(_with_interval(found, m, group.rows, draws, request), m, request)


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


def _notes(m: BiasMetric, used: Numbers, group: Group, request: BiasRequest) -> Iterator[str]:
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


def _with_strata(r: Result, m: BiasMetric, group: Group, counted: Counted) -> Result:
    """The result with what is known of its strata."""
    counts, numbers = group.rows.known(*m.axes)[0].sum(axis=0), group.weights.known(*m.axes)[0]
    both = numbers.sum(axis=0)
    sizes = counts.sum(axis=1)
    there = sizes > 0
    one_sided = there & (counts.min(axis=1) == 0)
    share = _ratio(sizes[one_sided].sum(), sizes.sum())
    dd = contrasts.disparity(numbers[1, :, 0], both[:, 0], numbers[1, :, 1], both[:, 1])
    name = partial(counted.axes.group.name, keys=group.cube.strata) if counted.axes.group is not None else text_of
    order = sorted(np.flatnonzero(there), key=lambda i: (-abs(both[i].sum() * dd[i]), i))[:LARGEST_STRATA]
    more = {
        "strata": int(there.sum()),
        "one_sided_strata": int(one_sided.sum()),
        "one_sided_share": share,
        "smallest_stratum": int(sizes[there].min()) if there.any() else 0,
        "plain_disparity": plain_disparity(group.weights, m.axes[-1]),
        "largest_strata": [{"stratum": name(group.cube.strata[i]), "rows": int(sizes[i]), "disparity": float(dd[i])} for i in order],
    }
    much = f"{share:.0%} of the rows are in strata with one outcome only, whose part in the sum is not evidence"
    return replace(r, more=more, notes=(*r.notes, *([much] if share > ONE_SIDED_MUCH else [])))


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


def _with_interval(r: Result, m: BiasMetric, rows: Contingency, draws: Numbers | None, request: BiasRequest) -> Result:
    if r.value is None:
        return r
    if m.rate is not None and request.weight is None:
        hits, sizes = (x[0] for x in m.rate(rows))
        r = replace(r, p_value=intervals.p_of_difference(int(hits[0]), int(sizes[0]), int(hits[1]), int(sizes[1])))
    closed = draws is None and request.weight is None and r.status == "ok"
    found = m.closed_interval(r.value or 0.0, rows, request.confidence) if closed else None
    return replace(r, low=found[0], high=found[1], method="normal") if found else _bootstrapped(r, draws, request)


def _bootstrapped(r: Result, draws: Numbers | None, request: BiasRequest) -> Result:
    found = None if draws is None else intervals.percentile_interval(draws, request.confidence)
    return r if found is None else replace(r, low=found[0], high=found[1], method="bootstrap")


def _with_verdict(r: Result, m: BiasMetric, request: BiasRequest) -> Result:
    """Within the band, outside it, unclear where the interval crosses its border; a small group gets none."""
    band = request.bands.get(m.name) or m.band
    if not request.verdicts or band is None:
        return r
    return replace(r, band=(band[0], band[1]), verdict=_verdict(r, band))


def _verdict(r: Result, band: Sequence[float]) -> str | None:
    if r.value is None or any(n.startswith("small group") for n in r.notes):
        return None
    if r.status != "ok":
        return "not determinable"
    if r.low is None or r.high is None:
        return None
    if band[0] <= r.low and r.high <= band[1]:
        return "within"
    return "outside" if r.low > band[1] or r.high < band[0] else "unclear"


# ── labels that are not folded into accepted and rejected ──


def _over_values(
    cube: Cube, groups: Sequence[Group], asked: Sequence[BiasMetric], label: Axis, request: BiasRequest
) -> dict[str, tuple[Result, ...]]:
    """Group → the distances over all values of a label of more than two, with their intervals."""
    formulas = {m: m.over_values for m in asked if m.over_values is not None} if len(cube.labels) > 2 else {}
    drawn: dict[tuple[str, str], list[Numbers]] = {(g.side.name, m.name): [] for g in groups for m in formulas}
    for numbers in _draws(cube.by_label, request, cube.facet.name, "label values") if request.bootstrap and drawn else ():
        for g in groups:
            p, q = _shares(g, numbers)
            empty = np.isnan(p).any(axis=1) | np.isnan(q).any(axis=1)
            for m, formula in formulas.items():
                drawn[g.side.name, m.name].append(np.where(empty, np.nan, formula(p, q)))
    found: dict[str, tuple[Result, ...]] = {}
    for g in groups:
        draws = {m: drawn[g.side.name, m.name] for m in formulas}
        found[g.side.name] = tuple(_over_all(m, g, np.concatenate(d) if d else None, label, request) for m, d in draws.items())
    return found


def _shares(group: Group, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """The distributions of the known labels in a and in d: (draws, label value) each."""
    found = contrasts.shares(group.of(numbers)[..., :-1])
    return found[:, 0], found[:, 1]


def _over_all(m: BiasMetric, group: Group, draws: Numbers | None, label: Axis, request: BiasRequest) -> Result:
    cube = group.cube
    used = group.of(cube.by_label[None, 0])[0, :, :-1].sum(axis=1)
    blank = Result(f"{m.name} by label value", f"{m.description} over all values of the label", None, more={"block": "by_label_value"})
    blank = replace(blank, n_used=int(used.sum()), n_excluded=cube.total - int(used.sum()))
    if not used.all() or m.over_values is None:
        return replace(blank, status="error", error="there are no rows on one side")
    p, q = _shares(group, cube.by_label[None, 1])
    at = int(np.argmax(np.abs(p - q)))
    largest = f"value {at + 1}" if label.private else text_of(cube.labels[at])
    return _bootstrapped(replace(blank, value=float(m.over_values(p, q)[0]), more={**blank.more, "largest": largest}), draws, request)


def _distances(ks: float | None, area: float | None) -> Iterator[Result]:
    """How far the groups are apart in a continuous label itself."""
    if ks is not None:
        yield Result("continuous_ks", "Two-sample Kolmogorov-Smirnov statistic of the label's values", ks, more={"block": "continuous"})
    if area is not None:
        yield Result("wasserstein", "1-Wasserstein distance of the label's values", area, more={"block": "continuous"})
