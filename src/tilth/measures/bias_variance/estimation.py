"""Trains models on many samples of the same rows, and judges them on unseen rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tilth.measures.bias_variance.learners import Learner
from tilth.measures.insights.features import Target
from tilth.metrics.bias_variance import Decomposition
from tilth.metrics.contrasts import Numbers
from tilth.metrics.intervals import percentile_interval

DRAWS = 1000  # bootstrap draws of the judging rows, for intervals
CELLS = 2_000_000  # most cells of draws in memory
SMALL = 1000  # with fewer rows, each row judges the models that have not seen it
JUDGES = 20  # least models that a row must judge
ENOUGH = 80  # with this many models, almost every row judges 20: each model leaves out a row with probability 1/e
QUICK, PAUSE, NARROW = 50, 25, 0.05  # from 50 models on, every 25: stop if the interval of the share is this narrow
HELD = 3, 10  # the share of judging rows, 3/10, if they are fixed

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Estimate:
    """The parts of the loss of the judging rows, the indices of these rows, and how the estimate was made."""

    parts: Decomposition
    judged: Numbers
    sampling: str
    held_by: str
    replicates: int
    sample_rows: int


def estimate(learner: Learner, target: Target, x: Numbers, sampling: str, replicates: int, confidence: float) -> Estimate:
    """Train `replicates` models, or fewer if these are enough, and decompose their loss.

    `half`: each model trains on half of the n training rows, drawn without replacement; `bootstrap`: on n rows drawn with replacement, of
    which about 63 % are distinct. In both cases the same 30 % of all rows judge the models. `out_of_bag`: as `bootstrap`, but a model is
    judged by the rows that it has not drawn; a row counts if at least 20 models have not drawn it.
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
    """The requested sampling; by default `out_of_bag` for few rows, which are too valuable to hold out, else `half`."""
    few = len(target.y) < SMALL and replicates >= ENOUGH and target.group is None and target.time is None
    return asked or ("out_of_bag" if few else "half")


def intervals(parts: Decomposition, confidence: float, seed: int, rows: Numbers | None = None) -> Mapping[str, Interval]:
    """Bootstrap intervals, over the judging rows, of the loss, its parts, and the share of variance."""
    columns = np.stack([parts.loss, parts.systematic, parts.random], axis=1)
    drawn = np.concatenate([*_means(columns if rows is None else columns[rows], np.random.default_rng(seed))])
    loss, systematic, random = drawn.T
    found = {"loss": loss, "bias": systematic, "variance": random, "share": random / np.maximum(systematic + random, 1e-300)}
    return {name: percentile_interval(x, confidence) or (float(x.min()), float(x.max())) for name, x in found.items()}


def _means(columns: Numbers, chance: np.random.Generator) -> Iterator[Numbers]:
    """Means of rows drawn with replacement, in batches of draws."""
    n = len(columns)
    at_once = max(CELLS // n, 1)
    for done in range(0, DRAWS, at_once):
        yield chance.multinomial(n, np.full(n, 1 / n), size=min(at_once, DRAWS - done)) @ columns / n
