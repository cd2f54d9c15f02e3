"""Prediction power: how well each column alone predicts the label, out of fold; and its report section."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tilth.measures.insights.features import FOLDS, Feature, Target
from tilth.measures.sampled import quantiles_of
from tilth.metrics.predictions import auc, r2
from tilth.report import Finding, Payload
from tilth.report.blocks import Block, Picture, Section, Words, code, counted, exact, table
from tilth.report.charts import bars
from tilth.report.sections import ReportSection

BINS, PER_BIN = 32, 50  # most bins of a number, and wanted rows per bin
WEIGHT = 5.0  # the overall mean counts as this many rows in the mean of a group
ENOUGH = 5  # rows per value; with fewer, a single label per value may be chance
MOST = 30  # columns in the chart
ONE_TO_ONE = "one to one"


@dataclass(frozen=True)
class PredictionPower(Payload):
    """How well a column alone predicts the label, out of fold; the finding's value is its power, 0 to 1.

    The power is max(0, 2·AUC − 1) for classes, or max(0, R²) for numbers: `score` names AUC or R², `scored` is its value. `missing_power`
    is the power of whether the value is missing; None if no or all values are. `maps`: each value has a single label (`one value, one
    label`), or each label also has a single value (`one to one`). `importance`: how much the quick model's score falls when the column is
    shuffled. `rows` is the number of rows used.
    """

    KIND: ClassVar[str] = "power"
    VALUE: ClassVar[str] = "prediction power"
    label: str = ""
    score: str = ""
    scored: float = 0.0
    missing_power: float | None = None
    maps: str = ""
    importance: float | None = None
    rows: int = 0


def power_of(feature: Feature, target: Target) -> PredictionPower:
    """The power of one column: predicts the label by the mean label of the value's group in the other folds.

    Numbers are grouped by quantiles into at most 32 bins of about 50 rows or more, strings by value; missing values are a group. The mean
    of a group includes the overall mean with the weight of five rows, so that values that occur once predict nothing.
    """
    x, missing = feature.x[target.known], feature.missing[target.known]
    groups = _groups(x, missing, feature.is_category)
    scored = _scored(groups, target)
    tells = _scored(missing.astype(int), target) if 0 < missing.sum() < len(missing) else None
    return PredictionPower(
        label=target.name,
        score="AUC" if target.is_class else "R²",
        scored=scored,
        missing_power=None if tells is None else as_power(tells, target),
        maps=_maps(x[~missing], target.y[~missing]) if target.is_class else "",
        rows=len(target.y),
    )


def as_power(scored: float, target: Target) -> float:
    """The power of a score: max(0, 2·AUC − 1), or max(0, R²)."""
    return round(max(0.0, 2 * scored - 1 if target.is_class else scored), 6)


def _scored(groups: np.ndarray, target: Target) -> float:
    """The score of out-of-fold predictions, rounded so that the order of summation has no effect."""
    predicted = out_of_fold(groups, _targets(target), target.fold)
    return round(score_of(predicted, target), 6)


def _targets(target: Target) -> np.ndarray:
    """The columns to average: 0 or 1 for each class (for two classes, only the second), or the number minus its mean."""
    if not target.is_class:
        found: np.ndarray = (target.y - target.y.mean())[:, None]
        return found
    first = 1 if len(target.names) == 2 else 0
    is_class: np.ndarray = (target.y[:, None] == np.arange(first, len(target.names))).astype(float)
    return is_class


def out_of_fold(groups: np.ndarray, y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """For each row, the mean of y in its group over the other folds: (Σy + 5·ȳ) / (n + 5), with ȳ the mean of the other folds."""
    size = int(groups.max(initial=0)) + 1
    places = groups * FOLDS + fold
    n = np.bincount(places, minlength=size * FOLDS).reshape(size, FOLDS)
    found = np.empty_like(y)
    for k in range(y.shape[1]):
        sums = np.bincount(places, y[:, k], size * FOLDS).reshape(size, FOLDS)
        rest_n, rest = n.sum(1, keepdims=True) - n, sums.sum(1, keepdims=True) - sums
        mean = rest.sum(0) / np.maximum(rest_n.sum(0), 1)
        found[:, k] = ((rest + WEIGHT * mean) / (rest_n + WEIGHT))[groups, fold]
    return found


def score_of(predicted: np.ndarray, target: Target) -> float:
    """The AUC, or R². For several classes it is the mean AUC, one against the rest, over classes of at least five rows."""
    if not target.is_class:
        return r2(target.y - target.y.mean(), predicted[:, 0])
    if len(target.names) == 2:
        return auc(predicted[:, -1], target.y == 1)
    judged = np.flatnonzero(target.counts >= FOLDS)
    return float(np.mean([auc(predicted[:, k], target.y == k) for k in judged]))


def _groups(x: np.ndarray, missing: np.ndarray, is_category: bool) -> np.ndarray:
    """The group of each value; group 0 has the missing values."""
    found = np.zeros(len(x), int)
    known = x[~missing]
    if is_category:
        found[~missing] = known.astype(int) + 1
        return found
    bins = int(np.clip(len(known) // PER_BIN, 4, BINS))
    values = np.unique(known)
    if len(values) > bins:
        edges = np.unique(list(quantiles_of(np.sort(known), {str(i): i / bins for i in range(1, bins)}).values()))
        found[~missing] = np.searchsorted(edges, known, "right") + 1
    else:
        found[~missing] = np.searchsorted(values, known) + 1
    return found


def _maps(x: np.ndarray, y: np.ndarray) -> str:
    if len(x) < ENOUGH * len(np.unique(x)):
        return ""
    return maps_of([(a, b) for a, b in np.unique(np.column_stack((x, y)), axis=0).tolist()], len(x))


def maps_of(pairs: Collection[tuple[Any, Any]], rows: int) -> str:
    """Whether each value has a single label, and also each label a single value, if values repeat enough; else empty.

    `pairs` are the distinct pairs of value and label, `rows` is the number of rows with both.

    >>> maps_of([("yes", 1), ("no", 0)], 891), maps_of([("a", 1), ("b", 1), ("c", 0)], 90), maps_of([("a", 1), ("a", 0)], 90)
    ('one to one', 'one value, one label', '')
    """
    values, labels = {a for a, _ in pairs}, {b for _, b in pairs}
    if len(labels) < 2 or len(pairs) > len(values) or rows < ENOUGH * len(values):
        return ""
    return ONE_TO_ONE if len(labels) == len(values) else "one value, one label"


# ── the section ──


def power(found: Sequence[Finding[PredictionPower]]) -> Section:
    """A chart of the first part, and a table with the power in every part, the most powerful first."""
    parts = list(dict.fromkeys(f.part for f in found))
    first = [f for f in found if f.part == parts[0]]
    label, score = code(first[0].payload.label), first[0].payload.score
    meaning = "2 · AUC − 1" if score == "AUC" else "R²"
    blocks: list[Block] = [
        Words(f"Power is {meaning} of the column alone, out of fold: 0 says nothing about {label}, and 1 gives it away."),
        Picture(bars("Prediction power", {f.name: f.number for f in first[:MOST]}, whole=1), f"Prediction power for {label}."),
        _table(found, parts),
    ]
    if any(f.payload.importance is not None for f in found):
        blocks.append(Words(f"Importance is how much the {score} of the quick model falls when the column is shuffled."))
    strong = [f for f in first if (f.number or 0) >= 0.05]
    best = first[0]
    lead = f"{code(best.name)} alone says most about {label}: its power is {exact(best.number)} ({score} {exact(best.payload.scored)}); "
    lead += f"{counted(len(strong), 'column')} of {len(first):,} {'has' if len(strong) == 1 else 'have'} a power of 0.05 or more."
    return Section("power", "What the data can predict", tuple(blocks), lead=lead)


def _table(found: Sequence[Finding[PredictionPower]], parts: Sequence[str]) -> Block:
    at = {(f.name, f.part): f for f in found}
    names = list(dict.fromkeys(f.name for f in found))
    several = len(parts) > 1
    powers = tuple(f"power in {p}" if several else "power" for p in parts)
    heads = ("column", *powers, found[0].payload.score, "importance", "power of being missing", "with the label")
    rows = []
    for name in names:
        own = next(f for p in parts if (f := at.get((name, p))))
        cells = [exact(f.number) if (f := at.get((name, p))) else "" for p in parts]
        p = own.payload
        known = [exact(v) if v is not None else "" for v in (p.scored, p.importance, p.missing_power)]
        rows.append((code(name), *cells, *known, p.maps))
    return table(f"Power of each column, on {counted(found[0].payload.rows, 'row')}", heads, rows, heads[1:-1], brief=12)


POWER = ReportSection(PredictionPower, power)
