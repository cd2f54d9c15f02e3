"""Bias and variance of a learner: what of its loss comes from what it cannot learn, and what from the sample that it learned from.

This is statistical bias, not the bias of outcomes between groups. Predictions are of models that were trained on samples of the same
data, each tested on the same rows; nothing but sums over the models is kept of each row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilth.metrics.contrasts import Numbers


@dataclass(frozen=True)
class Decomposition:
    """The loss of each row and its parts; arrays with a number for each row, whose means are what is reported.

    `bias` + `variance` − `biased_variance` is the loss, exactly; `biased_variance` is 0 for squared loss. `systematic` and `random` are
    parts that are never negative and add up to the loss, which shares are made of: for squared loss bias and variance, for 0–1 loss
    those of Kohavi and Wolpert. `corrected` is `systematic` without what it is too large by for so few models.
    """

    loss: Numbers
    bias: Numbers
    variance: Numbers
    biased_variance: Numbers
    systematic: Numbers
    random: Numbers
    corrected: Numbers

    def means(self, rows: Numbers | None = None) -> dict[str, float]:
        """The mean of each part, over some rows."""
        names = ("loss", "bias", "variance", "biased_variance", "systematic", "random", "corrected")
        found = {name: getattr(self, name) if rows is None else getattr(self, name)[rows] for name in names}
        return {name: float(x.mean()) for name, x in found.items()}


def of_squared_loss(y: Numbers, predictions: Numbers) -> Decomposition:
    """(y − f)², of numbers `y` and predictions (model, row): (y − mean f)² + the variance of f, noise being part of the first.

    `corrected` subtracts s²/B, with s² the variance by B − 1.

    >>> found = of_squared_loss(np.array([3.0]), np.array([[2.0], [4], [3], [5], [6]])).means()
    >>> found["bias"], found["variance"], found["loss"], found["corrected"]
    (1.0, 2.0, 3.0, 0.5)
    """
    models, mean = len(predictions), predictions.mean(axis=0)
    bias, variance, nothing = (y - mean) ** 2, predictions.var(axis=0), np.zeros(len(y))
    corrected = bias - variance / max(models - 1, 1)
    return Decomposition(((predictions - y) ** 2).mean(axis=0), bias, variance, nothing, bias, variance, corrected)


def of_zero_one_loss(y: Numbers, predictions: Numbers, classes: int) -> Decomposition:
    """y ≠ f, of classes 0, 1 … and predictions (model, row), after Domingos 2000.

    The main prediction of a row is the most frequent one, of several the smallest class. `bias` is whether it is wrong; `variance` how
    often models differ from it where it is right, which costs, `biased_variance` how often they are right where it is wrong, which
    helps. `systematic` is ½ Σ([y = k] − pₖ)² and `random` ½ (1 − Σ pₖ²), pₖ the share of models that predict k (Kohavi and
    Wolpert 1996); `corrected` subtracts ½ Σ pₖ(1 − pₖ)/(B − 1).

    >>> said = np.array([[1, 1, 0, 0], [1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]])
    >>> found = of_zero_one_loss(np.array([1, 1, 1, 0]), said, 2).means()
    >>> [round(found[k], 9) for k in ("bias", "variance", "biased_variance", "loss", "systematic", "random")]
    [0.25, 0.2, 0.05, 0.4, 0.22, 0.18]
    """
    y, models, rows = y.astype(int), len(predictions), np.arange(len(y))
    shares = np.stack([(predictions == k).mean(axis=0) for k in range(classes)], axis=1)
    main, right = shares.argmax(axis=1), shares[rows, y]
    wrong = main != y
    variance, helps = np.where(wrong, 0.0, 1 - right), np.where(wrong, right, 0.0)
    truth = np.zeros_like(shares)
    truth[rows, y] = 1.0
    systematic, random = ((truth - shares) ** 2).sum(axis=1) / 2, (1 - (shares**2).sum(axis=1)) / 2
    corrected = systematic - (shares * (1 - shares)).sum(axis=1) / (2 * max(models - 1, 1))
    return Decomposition(1 - right, wrong.astype(float), variance, helps, systematic, random, corrected)
