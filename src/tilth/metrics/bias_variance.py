"""Bias and variance of a learner: the part of its loss from what it cannot learn, and the part from the choice of training rows.

This is statistical bias, not the bias of outcomes between groups. The predictions come from models trained on samples of the same data.
For each judging row, only sums over the models are kept, so that memory does not grow with their number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilth.metrics.contrasts import Numbers

LEAST = 1e-15  # replaces smaller probabilities, because the logarithm of 0 is infinite


@dataclass(frozen=True)
class Decomposition:
    """The loss and its parts, as arrays with a number for each row; reports show their means.

    `bias` + `variance` − `biased_variance` is exactly the loss; `biased_variance` is 0 except for 0–1 loss. `systematic` and `random` are
    non-negative parts that add up to the loss, from which shares are computed: bias and variance, for 0–1 loss those of Kohavi and Wolpert.
    `corrected` is `systematic` without its excess from the limited number of models.
    """

    loss: Numbers
    bias: Numbers
    variance: Numbers
    biased_variance: Numbers
    systematic: Numbers
    random: Numbers
    corrected: Numbers

    def means(self, rows: Numbers | None = None) -> dict[str, float]:
        """The mean of each part, over all or some rows."""
        names = ("loss", "bias", "variance", "biased_variance", "systematic", "random", "corrected")
        found = {name: getattr(self, name) if rows is None else getattr(self, name)[rows] for name in names}
        return {name: float(x.mean()) for name, x in found.items()}


class Tally(ABC):
    """A loss, with sums of the models' predictions for rows with the labels `y`; `models` has the number of models judged by each row.

    `y` has numbers, or classes 0, 1 … below `classes`.
    """

    loss: ClassVar[str]

    def __init__(self, y: Numbers, classes: int = 0) -> None:
        self.y, self.classes, self.models = y, classes, np.zeros(len(y), int)

    def add(self, said: Numbers, rows: Numbers | slice = slice(None)) -> None:
        """Add the predictions of one model for some of the rows."""
        self.models[rows] += 1
        self._add(said, rows)

    @abstractmethod
    def _add(self, said: Numbers, rows: Numbers | slice) -> None: ...

    @abstractmethod
    def parts(self, rows: Numbers | slice = slice(None)) -> Decomposition:
        """The loss of rows that have judged models, and its parts."""

    @staticmethod
    @abstractmethod
    def losses(y: Numbers, said: Numbers) -> Numbers:
        """The loss of each prediction."""

    @staticmethod
    @abstractmethod
    def constant(y: Numbers, classes: int) -> Numbers:
        """The best constant prediction, from the labels alone."""


class SquaredLoss(Tally):
    """(y − f)² = (y − mean f)² + the variance of f; the first part includes noise. `corrected` subtracts s²/B, s² the variance by B − 1.

    >>> tally = SquaredLoss(np.array([3.0]))
    >>> for said in (2.0, 4, 3, 5, 6):
    ...     tally.add(np.array([said]))
    >>> found = tally.parts().means()
    >>> found["bias"], found["variance"], found["loss"], found["corrected"]
    (1.0, 2.0, 3.0, 0.5)
    """

    loss = "squared"

    def __init__(self, y: Numbers, classes: int = 0) -> None:
        super().__init__(y, classes)
        self.mean, self.spread = np.zeros(len(y)), np.zeros(len(y))  # the spread is the sum of (f − mean f)², after Welford 1962

    def _add(self, said: Numbers, rows: Numbers | slice) -> None:
        away = said - self.mean[rows]
        self.mean[rows] += away / self.models[rows]
        self.spread[rows] += away * (said - self.mean[rows])

    def parts(self, rows: Numbers | slice = slice(None)) -> Decomposition:
        models = self.models[rows]
        bias, variance = (self.y[rows] - self.mean[rows]) ** 2, self.spread[rows] / models
        corrected = bias - variance / np.maximum(models - 1, 1)
        return Decomposition(bias + variance, bias, variance, np.zeros(len(bias)), bias, variance, corrected)

    @staticmethod
    def losses(y: Numbers, said: Numbers) -> Numbers:
        return np.asarray((y - said) ** 2)

    @staticmethod
    def constant(y: Numbers, classes: int) -> Numbers:
        return np.asarray(y.mean())


class ZeroOneLoss(Tally):
    """y ≠ f, of classes, after Domingos 2000 and after Kohavi and Wolpert 1996.

    The main prediction of a row is the most frequent one; of ties, the smallest class. `bias` is whether it is wrong; `variance` is how
    often models differ from it if it is right, which costs; `biased_variance` is how often models are right if it is wrong, which helps.
    `systematic` is ½ Σ([y = k] − pₖ)² and `random` ½ (1 − Σ pₖ²), with pₖ the share of models that predict k; `corrected` subtracts ½ Σ
    pₖ(1 − pₖ)/(B − 1).

    >>> tally = ZeroOneLoss(np.array([1, 1, 1, 0]), 2)
    >>> for said in ([1, 1, 0, 0], [1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]):
    ...     tally.add(np.array(said))
    >>> found = tally.parts().means()
    >>> [round(found[k], 9) for k in ("bias", "variance", "biased_variance", "loss", "systematic", "random")]
    [0.25, 0.2, 0.05, 0.4, 0.22, 0.18]
    """

    loss = "0-1"

    def __init__(self, y: Numbers, classes: int = 0) -> None:
        super().__init__(y, classes)
        self.counts = np.zeros((len(y), classes))

    def _add(self, said: Numbers, rows: Numbers | slice) -> None:
        self.counts[np.arange(len(self.y))[rows], said.astype(int)] += 1

    def parts(self, rows: Numbers | slice = slice(None)) -> Decomposition:
        models, y = self.models[rows], self.y[rows].astype(int)
        shares, here = self.counts[rows] / models[:, None], np.arange(len(y))
        main, right = shares.argmax(axis=1), shares[here, y]
        wrong = main != y
        variance, helps = np.where(wrong, 0.0, 1 - right), np.where(wrong, right, 0.0)
        truth = np.zeros_like(shares)
        truth[here, y] = 1.0
        systematic, random = ((truth - shares) ** 2).sum(axis=1) / 2, (1 - (shares**2).sum(axis=1)) / 2
        corrected = systematic - (shares * (1 - shares)).sum(axis=1) / (2 * np.maximum(models - 1, 1))
        return Decomposition(1 - right, wrong.astype(float), variance, helps, systematic, random, corrected)

    @staticmethod
    def losses(y: Numbers, said: Numbers) -> Numbers:
        return np.asarray(y != said, float)

    @staticmethod
    def constant(y: Numbers, classes: int) -> Numbers:
        return np.asarray(np.bincount(y.astype(int), minlength=classes).argmax())


class LogLoss(Tally):
    """−ln of the probability of the true class, from probabilities with a column for each class.

    p̄ is the normalised geometric mean of the models' probabilities. `bias` is −ln p̄ of the true class, KL(y ‖ p̄), and `variance` the
    mean of KL(p̄ ‖ p) over the models; they add up. Smaller probabilities are raised to 10⁻¹⁵. There is no correction for few models.

    >>> tally = LogLoss(np.array([1]), 2)
    >>> for said in ([0.5, 0.5], [0.2, 0.8]):
    ...     tally.add(np.array([said]))
    >>> found = tally.parts().means()
    >>> [round(found[k], 6) for k in ("bias", "variance", "loss")]
    [0.405465, 0.05268, 0.458145]
    """

    loss = "log"

    def __init__(self, y: Numbers, classes: int = 0) -> None:
        super().__init__(y, classes)
        self.logs = np.zeros((len(y), classes))

    def _add(self, said: Numbers, rows: Numbers | slice) -> None:
        self.logs[rows] += np.log(_sure(said))

    def parts(self, rows: Numbers | slice = slice(None)) -> Decomposition:
        mean = self.logs[rows] / self.models[rows][:, None]
        whole = np.log(np.exp(mean).sum(axis=1))  # the log of the sum of the geometric means; KL(p̄ ‖ p) is −this on average
        loss = -mean[np.arange(len(mean)), self.y[rows].astype(int)]
        bias, variance = loss + whole, -whole
        return Decomposition(loss, bias, variance, np.zeros(len(loss)), bias, variance, bias)

    @staticmethod
    def losses(y: Numbers, said: Numbers) -> Numbers:
        return np.asarray(-np.log(_sure(said))[np.arange(len(y)), y.astype(int)])

    @staticmethod
    def constant(y: Numbers, classes: int) -> Numbers:
        return np.asarray(np.bincount(y.astype(int), minlength=classes) / len(y))


def _sure(probabilities: Numbers) -> Numbers:
    """Make probabilities positive, with the sum 1."""
    some = np.clip(probabilities, LEAST, None)
    return np.asarray(some / some.sum(axis=-1, keepdims=True))


LOSSES: dict[str, type[Tally]] = {kind.loss: kind for kind in (ZeroOneLoss, SquaredLoss, LogLoss)}
