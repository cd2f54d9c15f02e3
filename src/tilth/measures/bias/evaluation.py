"""From a table of counts to results: each metric of each group, with its status, its interval and what it was computed from."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tilth.data import Dataset
from tilth.engine.engine import Engine
from tilth.measures.bias.axes import MISSING_KEY, Side
from tilth.measures.bias.counting import Counted, Table
from tilth.measures.bias.distances import label_distances
from tilth.measures.bias.kinds import text_of
from tilth.measures.bias.measures import BIAS_METRICS, BY_LABEL_VALUE, BiasMeasure, Sides, plain_disparity, value_or_none
from tilth.measures.bias.request import BiasRequest
from tilth.metrics import contrasts, intervals

Numbers = NDArray[Any]
Status = Literal["ok", "degenerate", "error"]
ONE_SIDED_MUCH = 0.1  # the share of rows in one-sided strata above which CDDL is said to be biased
LARGEST_STRATA = 5


@dataclass(frozen=True)
class Result:
    """One metric of one group. `status` is `degenerate` for a value that stands by convention, `error` where there is none."""

    metric: str
    description: str
    value: float | None
    status: Status = "ok"
    error: str = ""
    notes: tuple[str, ...] = ()
    rows_used: int = 0
    rows_excluded: int = 0
    low: float | None = None
    high: float | None = None
    method: str | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    verdict: str | None = None
    band: tuple[float, float] | None = None
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class GroupResults:
    """All metrics of one group d of a facet. `side` is its name, `other` that of a where a is one group, else empty.

    `counts` are rows (sums of weights where there are any): `n_a`, `n_d`, and of known outcome `n_a_positive` … `shares` are
    those of positive outcomes in a and in d, `missing_labels` the shares of rows whose outcome is unknown.
    """

    facet: str
    side: str
    other: str
    results: tuple[Result, ...]
    counts: Mapping[str, float]
    shares: tuple[float | None, float | None]
    missing_labels: tuple[float, float]
    excluded: float


def evaluate(counted: Counted, request: BiasRequest) -> list[GroupResults]:
    """The results for every group of every facet, p-values adjusted over all of them."""
    found = [group for table in counted.tables for group in _of_table(table, counted, request)]
    return _adjusted(found)


def _of_table(table: Table, counted: Counted, request: BiasRequest) -> Iterator[GroupResults]:
    parts = [_Part(table, side, request) for side in table.sides]
    drawn = _drawn(table, parts, request) if request.bootstrap and parts else [{} for _ in parts]
    by_label = _by_label_value(table, parts, request) if len(table.labels) > 2 and not _banded(counted) else [() for _ in parts]
    for part, draws, more in zip(parts, drawn, by_label, strict=True):
        yield _group(part, counted, request, draws, more)


def _banded(counted: Counted) -> bool:
    return counted.label is not None and bool(counted.label.intervals)


# ── one group against the rest ──


class _Part:
    """A table parted into d, one of its groups, and a, all others whose facet is known (under `clarify` the unknown ones too)."""

    def __init__(self, table: Table, side: Side, request: BiasRequest) -> None:
        self.table, self.side = table, side
        self.d = np.array([*(k in side.keys for k in table.keys), False], dtype=bool)
        self.a = ~self.d
        self.a[-1] = request.missing == "clarify"

    def of(self, numbers: Numbers) -> Numbers:
        """(draws, facet key, …) → (draws, side, …)"""
        return np.stack([_added(numbers, self.a), _added(numbers, self.d)], axis=1)

    @property
    def rows(self) -> Sides:
        return Sides(self.of(self.table.cells[None, 0]))

    @property
    def weights(self) -> Sides:
        return Sides(self.of(self.table.cells[None, 1]))

    @property
    def other(self) -> str:
        """The name of a, where it is one value of the facet."""
        others = [k for k, in_a in zip(self.table.keys, self.a, strict=False) if in_a]
        axes = self.table.facet.axes
        return axes[0].key_name(others[0]) if len(others) == 1 and len(axes) == 1 and others[0] != MISSING_KEY else ""


def _added(numbers: Numbers, keys: Numbers) -> Numbers:
    """(draws, facet key, …) → (draws, …), over some of the keys."""
    chosen = np.flatnonzero(keys)
    found: Numbers = numbers[:, chosen[0]] if len(chosen) == 1 else numbers[:, chosen].sum(axis=1)
    return found


def _group(part: _Part, counted: Counted, request: BiasRequest, draws: Mapping[str, Numbers], more: Sequence[Result]) -> GroupResults:
    rows, weights = part.rows, part.weights
    results = [_result(BIAS_METRICS[m], part, rows, weights, counted, request) for m in BIAS_METRICS if m in request.metrics]
    results = [_with_interval(r, rows, draws.get(r.metric), request) for r in results] + list(more)
    outcomes, sizes = weights.outcomes[0], weights.rows[0]
    unknown = weights.numbers[0, :, :, 2].sum(axis=1)
    shares = [value_or_none(s[0, 1]) for s in weights.shares]
    counts = {"n_a": sizes[0], "n_d": sizes[1]}
    if counted.label is not None:
        counts |= {f"n_{s}_{y}": outcomes[i, j] for i, s in enumerate("ad") for j, y in enumerate(("negative", "positive"))}
    return GroupResults(
        part.table.facet.name,
        part.side.name,
        part.other,
        tuple(_with_verdict(r, request) for r in results),
        {name: _plain(n, request) for name, n in counts.items()},
        (shares[0], shares[1]),
        (_ratio(unknown[0], sizes[0]), _ratio(unknown[1], sizes[1])),
        1 - _ratio(float(rows.outcomes.sum() if counted.label is not None else rows.rows.sum()), part.table.total),
    )


def _plain(n: float, request: BiasRequest) -> float:
    return float(n) if request.weight is not None else int(n)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def _used(m: BiasMeasure, rows: Sides) -> Numbers:
    """(side): the rows that have all that the metric needs."""
    needed = rows.strata.sum(axis=(2, 3)) if "group" in m.needs else rows.outcomes.sum(axis=2) if "label" in m.needs else rows.rows
    found: Numbers = needed[0]
    return found


def _result(m: BiasMeasure, part: _Part, rows: Sides, weights: Sides, counted: Counted, request: BiasRequest) -> Result:
    used = _used(m, rows)
    blank = Result(m.name, m.description, None, rows_used=int(used.sum()), rows_excluded=part.table.total - int(used.sum()))
    error = _why_not(m, used, rows, counted, part)
    if error:
        return replace(blank, status="error", error=error)
    notes, status, more = _notes(m, used, rows, weights, part, request)
    return replace(blank, value=value_or_none(m.formula(weights)[0]), status=status, notes=tuple(notes), more=more)


def _why_not(m: BiasMeasure, used: Numbers, rows: Sides, counted: Counted, part: _Part) -> str:
    if "group" in m.needs and counted.no_strata:
        return counted.no_strata
    for size, which in zip(used, ("no rows outside", "no rows in"), strict=True):
        if not size:
            return f"there are {which} facet value {part.side.name}"
    if "group" in m.needs:
        negative, positive = rows.strata.sum(axis=(1, 2))[0]
        return "" if negative and positive else "No positive labels in set" if negative else "No negative labels in set"
    return ""


def _notes(
    m: BiasMeasure, used: Numbers, rows: Sides, weights: Sides, part: _Part, request: BiasRequest
) -> tuple[list[str], Status, Mapping[str, Any]]:
    notes: list[str] = []
    if used.min() < request.min_group_size:
        notes.append(f"small group: {int(used.min())} rows, fewer than {request.min_group_size}")
    seen = rows.outcomes[0] > 0
    if m.needs == ("facet", "label"):
        notes += ["label has one value"] if seen.any(axis=0).sum() == 1 else []
        notes += ["support mismatch"] if (seen[0] != seen[1]).any() and m.name != "DPL" else []
    if "group" not in m.needs:
        return notes, "ok", {}
    more = _strata(rows, weights, part)
    if more["one_sided_share"] > ONE_SIDED_MUCH:
        notes.append(f"{more['one_sided_share']:.0%} of the rows are in strata with one outcome only, whose part in the sum is no evidence")
    return notes, "degenerate" if more["one_sided_share"] == 1 else "ok", more


def _strata(rows: Sides, weights: Sides, part: _Part) -> dict[str, Any]:
    """What stands behind a CDDL."""
    counts, numbers = rows.strata[0].sum(axis=0), weights.strata[0]
    both = numbers.sum(axis=0)
    sizes = counts.sum(axis=1)
    there = sizes > 0
    one_sided = there & (counts.min(axis=1) == 0)
    dd = contrasts.disparity(numbers[1, :, 0], both[:, 0], numbers[1, :, 1], both[:, 1])
    order = sorted(np.flatnonzero(there), key=lambda i: (-abs(both[i].sum() * dd[i]), i))[:LARGEST_STRATA]
    return {
        "strata": int(there.sum()),
        "one_sided_strata": int(one_sided.sum()),
        "one_sided_share": _ratio(sizes[one_sided].sum(), sizes.sum()),
        "smallest_stratum": int(sizes[there].min()) if there.any() else 0,
        "plain_disparity": value_or_none(plain_disparity(weights)[0]),
        "largest_strata": [{"stratum": text_of(part.table.strata[i]), "rows": int(sizes[i]), "disparity": float(dd[i])} for i in order],
    }


# ── how sure ──


def _drawn(table: Table, parts: Sequence[_Part], request: BiasRequest) -> list[dict[str, Numbers]]:
    """For each group, metric → its value in each of the bootstrap's draws."""
    seen = [m for name, m in BIAS_METRICS.items() if name in request.metrics]
    found: list[dict[str, list[Numbers]]] = [{m.name: [] for m in seen} for _ in parts]
    for numbers in _draws(table.cells, request, table.facet.name):
        for part, values in zip(parts, found, strict=True):
            sides = Sides(part.of(numbers))
            for m in seen:
                values[m.name].append(_valued(m, sides))
    return [{name: np.concatenate(v) for name, v in values.items()} for values in found]


def _draws(cells: Numbers, request: BiasRequest, *words: str) -> Iterator[Numbers]:
    """Tables drawn from one of rows, weights and squares: a facet's draws depend on the seed and its name, not on what else is asked."""
    rows, weights, squares = (a.ravel() for a in cells)
    seed = (request.seed, *(zlib.crc32(w.encode()) for w in words))
    for drawn in intervals.resampled(rows, request.bootstrap, seed, (weights, squares) if request.weight is not None else None):
        yield drawn.reshape(len(drawn), *cells.shape[1:])


def _valued(m: BiasMeasure, sides: Sides) -> Numbers:
    """The metric in each draw; NaN in those where a side is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        values = m.formula(sides)
    empty = (sides.rows if m.needs == ("facet",) else sides.outcomes.sum(axis=2)).min(axis=1) == 0
    return np.where(empty, np.nan, values)


def _with_interval(r: Result, rows: Sides, draws: Numbers | None, request: BiasRequest) -> Result:
    value = r.value
    if value is None:
        return r
    hits, sizes = rows.outcomes[0, :, 1], rows.outcomes[0].sum(axis=1)
    if r.metric == "DPL" and request.weight is None:
        r = replace(r, p_value=intervals.p_of_difference(int(hits[0]), int(sizes[0]), int(hits[1]), int(sizes[1])))
    found = None
    if draws is not None:
        found = intervals.percentile_interval(draws, request.confidence)
    elif not request.bootstrap and request.weight is None and r.metric in _ERRORS:
        found = intervals.normal_interval(value, _ERRORS[r.metric](rows), request.confidence)
    method = None if found is None else "bootstrap" if draws is not None else "normal"
    low, high = found or (None, None)
    return replace(r, low=low, high=high, method=method)


def _error_of_imbalance(rows: Sides) -> float:
    n_a, n_d = rows.rows[0]
    return 2 * intervals.error_of_share(n_d / (n_a + n_d), n_a + n_d)


def _error_of_difference(rows: Sides) -> float:
    sizes = rows.outcomes[0].sum(axis=1)
    p = rows.outcomes[0, :, 1] / sizes
    return intervals.error_of_difference(p[0], sizes[0], p[1], sizes[1])


_ERRORS: dict[str, Callable[[Sides], float]] = {"CI": _error_of_imbalance, "DPL": _error_of_difference}


def _adjusted(groups: list[GroupResults]) -> list[GroupResults]:
    p_values = [r.p_value for g in groups for r in g.results if r.p_value is not None]
    waiting = iter(intervals.adjusted(p_values))
    return [replace(g, results=tuple(r if r.p_value is None else replace(r, p_adjusted=next(waiting)) for r in g.results)) for g in groups]


# ── verdicts ──


def _with_verdict(r: Result, request: BiasRequest) -> Result:
    """Within the band, outside it, unclear where the interval crosses its border; a small group gets none."""
    band = request.bands.get(r.metric) or (BIAS_METRICS[r.metric].band if r.metric in BIAS_METRICS else None)
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


# ── labels of several values, not folded ──


def _by_label_value(table: Table, parts: Sequence[_Part], request: BiasRequest) -> list[tuple[Result, ...]]:
    """The distances over all values of the label, with their intervals."""
    formulas = {m: f for m, f in BY_LABEL_VALUE.items() if m in request.metrics}
    drawn: list[dict[str, list[Numbers]]] = [{m: [] for m in formulas} for _ in parts]
    for numbers in _draws(table.by_label, request, table.facet.name, "label values") if request.bootstrap else ():
        for part, values in zip(parts, drawn, strict=True):
            p, q = _shares(part, numbers)
            for m, formula in formulas.items():
                values[m].append(np.where(np.isnan(p).any(axis=1) | np.isnan(q).any(axis=1), np.nan, formula(p, q)))
    return [
        tuple(_of_all_values(m, part, table, np.concatenate(values[m]) if values[m] else None, request) for m in formulas)
        for part, values in zip(parts, drawn, strict=True)
    ]


def _shares(part: _Part, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """The distributions of the known labels in a and in d: (draws, label value) each."""
    found = contrasts.shares(part.of(numbers)[..., :-1])
    return found[:, 0], found[:, 1]


def _of_all_values(name: str, part: _Part, table: Table, draws: Numbers | None, request: BiasRequest) -> Result:
    used = part.of(table.by_label[None, 0])[0, :, :-1].sum(axis=1)
    description = f"{BIAS_METRICS[name].description} over all values of the label"
    blank = Result(f"{name} by label value", description, None, rows_used=int(used.sum()), rows_excluded=table.total - int(used.sum()))
    if not used.all():
        return replace(blank, status="error", error="there are no rows on one side", more={"block": "by_label_value"})
    p, q = _shares(part, table.by_label[None, 1])
    value = value_or_none(BY_LABEL_VALUE[name](p, q)[0])
    more = {"block": "by_label_value", "largest": text_of(table.labels[int(np.argmax(np.abs(p - q)))])}
    found = None if draws is None else intervals.percentile_interval(draws, request.confidence)
    low, high = found or (None, None)
    return replace(blank, value=value, low=low, high=high, method="bootstrap" if found else None, more=more)


# ── labels that are numbers on a line ──


def with_distances(groups: list[GroupResults], counted: Counted, request: BiasRequest, data: Dataset, engine: Engine) -> list[GroupResults]:
    """The results, and for a label on a line how far the groups are apart in the label itself: `continuous_ks` and `wasserstein`."""
    label = counted.label
    if label is None or not label.intervals:
        return groups
    found = {
        (t.facet.name, side): distances
        for t in counted.tables
        for side, distances in label_distances(t.facet, t.sides, label, request, data, engine).items()
    }
    return [replace(g, results=(*g.results, *_distances(g, *found.get((g.facet, g.side), (None, None))))) for g in groups]


def _distances(g: GroupResults, ks: float | None, area: float | None) -> Iterator[Result]:
    if ks is not None:
        yield Result("continuous_ks", "Two-sample Kolmogorov-Smirnov statistic of the label's values", ks, more={"block": "continuous"})
    if area is not None:
        yield Result("wasserstein", "1-Wasserstein distance of the label's values", area, more={"block": "continuous"})


def finite(x: float | None) -> bool:
    """Whether there is a number to put into words."""
    return x is not None and math.isfinite(x)
