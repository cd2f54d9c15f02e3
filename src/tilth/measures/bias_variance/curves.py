"""Learning curves and validation curves: the loss by the number of training rows, and by a parameter of the learner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tilth.measures.bias_variance.estimation import Interval
from tilth.measures.bias_variance.learners import Learner
from tilth.measures.insights.features import Target
from tilth.metrics.contrasts import Numbers
from tilth.metrics.intervals import percentile_interval

SIZES = (0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0)  # shares of a fold's training rows; each part includes the one before
EXPONENTS = np.linspace(0.01, 2, 200)
DRAWS = 1000  # draws of folds, for the interval of the gain from more rows


@dataclass(frozen=True)
class Point:
    """Mean losses over the folds, and their standard deviations; `at` is a number of rows, or a value of a parameter."""

    at: Any
    train: float
    train_deviation: float
    unseen: float
    unseen_deviation: float


@dataclass(frozen=True, eq=False)
class Losses:
    """For each row: its mean loss in models trained on it, and its loss in a model that was not; NaN without such a model."""

    seen: Numbers
    unseen: Numbers


Folds = Sequence[tuple[Numbers, Numbers]]
"""Indices of the training rows, in random order, and of the rows that judge the model."""


def folds_of(target: Target, seed: int) -> Folds:
    """Five folds; with a time, each trains on the rows before it."""
    chance = np.random.default_rng(seed)
    return [(chance.permutation(np.flatnonzero(learn)), np.flatnonzero(judge)) for learn, judge in target.folds]


def learning_curve(learner: Learner, target: Target, x: Numbers, folds: Folds) -> tuple[list[Point], Losses, Numbers]:
    """The losses for seven sizes; the losses of each row with whole folds; and (size, fold) → the loss on unseen rows."""
    losses = np.zeros((2, len(SIZES), len(folds)))
    rows = np.zeros(losses.shape[1:])
    seen, times, unseen = np.zeros(len(x)), np.zeros(len(x)), np.full(len(x), np.nan)
    for f, (train, judges) in enumerate(folds):
        for s, size in enumerate(SIZES):
            part = train[: max(int(len(train) * size), 2)]
            own, other = _losses(learner, target, x, part, judges)
            losses[:, s, f], rows[s, f] = (own.mean(), other.mean()), len(part)
        seen[part] += own  # the last part is all rows of the fold
        times[part] += 1
        unseen[judges] = other
    points = [_point(round(float(n.mean())), *losses[:, s]) for s, n in enumerate(rows)]
    return points, Losses(np.where(times, seen / np.maximum(times, 1), np.nan), unseen), losses[1]


def validation_curve(learner: Learner, target: Target, x: Numbers, folds: Folds, parameter: str, values: Iterable[Any]) -> list[Point]:
    """The losses for each value of a parameter, with whole folds."""
    points = []
    for value in values:
        varied = replace(learner, parameters={**learner.parameters, parameter: value})
        found = [[part.mean() for part in _losses(varied, target, x, train, judges)] for train, judges in folds]
        points.append(_point(value, *np.transpose(found)))
    return points


def _losses(learner: Learner, target: Target, x: Numbers, train: Numbers, judges: Numbers) -> tuple[Numbers, Numbers]:
    """Train a model; returns the loss of each training row, and of each judging row."""
    ask = learner.trained(x[train], target.y[train])
    own, other = (learner.loss.losses(target.y[rows], ask(x[rows])) for rows in (train, judges))
    return own, other


def _point(at: Any, train: Numbers, unseen: Numbers) -> Point:
    return Point(at, float(train.mean()), float(train.std()), float(unseen.mean()), float(unseen.std()))


@dataclass(frozen=True)
class PowerLaw:
    """The loss on unseen rows by the number n of training rows, a + b · n^(−c), with a ≥ 0 and 0 < c ≤ 2; and the gain: how much twice as
    many rows would lower it, with an interval over the folds."""

    a: float
    b: float
    c: float
    gain: float
    low: float
    high: float


def power_law(rows: Sequence[float], losses: Numbers, confidence: float, seed: int) -> PowerLaw:
    """The least-squares fit to (size, fold) → loss; its interval comes from folds drawn with replacement.

    >>> n = np.array([10, 20, 40, 80.0])
    >>> found = power_law(n, np.tile((0.1 + n**-0.5)[:, None], 3), 0.95, 0)
    >>> round(found.a, 6), round(found.b, 6), found.c, round(found.gain, 6)
    (0.1, 1.0, 0.5, 0.032746)
    """
    n, folds = np.asarray(rows, float), losses.shape[1]
    drawn = np.random.default_rng(seed).integers(0, folds, (DRAWS, folds))
    means = np.concatenate([losses.mean(axis=1)[None], losses[:, drawn].mean(axis=2).T])
    a, b, c = _fits(n, means)
    gains = b * (n[-1] ** -c - (2 * n[-1]) ** -c)
    low, high = _around(gains, confidence)
    return PowerLaw(float(a[0]), float(b[0]), float(c[0]), float(gains[0]), low, high)


def _around(gains: Numbers, confidence: float) -> Interval:
    return percentile_interval(gains[1:], confidence) or (float(gains.min()), float(gains.max()))


def _fits(n: Numbers, means: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """a, b and c for each row of means: for each c, a and b are a linear fit, through the origin if a would be negative."""
    best = np.full((4, len(means)), np.inf)  # the squared error, a, b, c
    for c in EXPONENTS:
        x = n**-c
        b = (means - means.mean(axis=1, keepdims=True)) @ (x - x.mean()) / ((x - x.mean()) ** 2).sum()
        a = means.mean(axis=1) - b * x.mean()
        b, a = np.where(a < 0, means @ x / (x**2).sum(), b), np.maximum(a, 0)
        error = ((a[:, None] + b[:, None] * x - means) ** 2).sum(axis=1)
        better = error < best[0]
        best[:, better] = np.stack([error, a, b, np.full(len(a), c)])[:, better]
    return best[1], best[2], best[3]
