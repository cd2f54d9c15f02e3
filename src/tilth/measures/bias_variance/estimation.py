"""Models of many samples of the same rows, judged on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tilth.measures.bias_variance.learners import Learner
from tilth.measures.insights.features import Target
from tilth.metrics.bias_variance import Decomposition
from tilth.metrics.contrasts import Numbers
from tilth.metrics.intervals import percentile_interval

DRAWS = 1000  # of the rows that are judged, for intervals
CELLS = 2_000_000  # of such draws that are held at once
SMALL = 1000  # rows below which all of them judge, each those models that have not seen it
JUDGES = 20  # models that have to judge a row
ENOUGH = 80  # models of which as many leave out almost every row: each leaves out a row with probability 1/e
QUICK, PAUSE, NARROW = 50, 25, 0.05  # from so many models on, after each pause, an interval of the share of variance as narrow is enough
HELD = 3, 10  # the share of the rows that judge, where they are fixed

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Estimate:
    """The parts of the loss of the rows that were judged, their places, and how it was found."""

    parts: Decomposition
    judged: Numbers
    sampling: str
    held_by: str
    replicates: int
    sample_rows: int


def estimate(learner: Learner, target: Target, x: Numbers, sampling: str, replicates: int, confidence: float) -> Estimate:
    """Train as many models as asked, or fewer where they tell enough.

    `half`: of half of the training rows, drawn without replacement; `bootstrap`: of as many as there are, drawn with replacement, about
    63 % of them distinct. Both are judged by the same rows, 30 % of all. `out_of_bag`: of as many as there are, drawn with replacement;
    the rows that a model has not drawn judge it, and a row counts that 20 models have not drawn.
    """
    chance = np.random.default_rng(learner.seed)
    out_of_bag = sampling == "out_of_bag"
    held, held_by = (np.zeros(len(target.y), bool), sampling) if out_of_bag else target.held_out(*HELD)
    train, judges = np.flatnonzero(~held), np.flatnonzero(held)
    first, least = (ENOUGH, JUDGES) if out_of_bag else (QUICK, 1)
    tally = learner.loss(target.y, learner.classes)
    for tried in range(1, replicates + 1):
        own = chance.permutation(train)[: len(train) // 2] if sampling == "half" else chance.choice(train, len(train))
        unseen = np.setdiff1d(train, own) if out_of_bag else judges
        tally.add(learner.trained(x[own], target.y[own], tried)(x[unseen]), unseen)
        judged = np.flatnonzero(tally.models >= least)
        if tried >= first and tried % PAUSE == 0 and _narrow(intervals(tally.parts(judged), confidence, learner.seed)["share"]):
            break
    return Estimate(tally.parts(judged), judged, sampling, held_by, tried, len(own))


def _narrow(ends: Interval) -> bool:
    return ends[1] - ends[0] < NARROW


def sampling_of(asked: str, target: Target, replicates: int) -> str:
    """How samples are drawn where nothing is asked: `out_of_bag` of few rows, which are worth too much to be held out, else `half`."""
    few = len(target.y) < SMALL and replicates >= ENOUGH and target.group is None and target.time is None
    return asked or ("out_of_bag" if few else "half")


def intervals(parts: Decomposition, confidence: float, seed: int, rows: Numbers | None = None) -> Mapping[str, Interval]:
    """Bootstrap intervals, over the rows that judge, of the loss, its parts, and the share of variance."""
    columns = np.stack([parts.loss, parts.systematic, parts.random], axis=1)
    drawn = np.concatenate([*_means(columns if rows is None else columns[rows], np.random.default_rng(seed))])
    loss, systematic, random = drawn.T
    found = {"loss": loss, "bias": systematic, "variance": random, "share": random / np.maximum(systematic + random, 1e-300)}
    return {name: percentile_interval(x, confidence) or (float(x.min()), float(x.max())) for name, x in found.items()}


def _means(columns: Numbers, chance: np.random.Generator) -> Iterator[Numbers]:
    """Means of rows that are drawn with replacement, some draws at a time."""
    n = len(columns)
    at_once = max(CELLS // n, 1)
    for done in range(0, DRAWS, at_once):
        yield chance.multinomial(n, np.full(n, 1 / n), size=min(at_once, DRAWS - done)) @ columns / n
