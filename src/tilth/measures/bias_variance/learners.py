"""Learners, which are trained repeatedly on matrices of numbers, with their loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tilth.errors import RequestError, first_line, listed, unknown
from tilth.metrics.bias_variance import LogLoss, Tally
from tilth.metrics.contrasts import Numbers

BUILT_IN = ("tree", "boosting")
SEED = "random_state"  # the name of the seed in scikit-learn, also in a step of a pipeline


class NotLearned(Exception):
    """A learner could not learn or predict; the message says why."""


@dataclass(frozen=True, eq=False)
class Learner:
    """Makes new learners with `fit` and `predict`; has the loss that judges them.

    `parameters` are set on each of them. With `fixed_seed`, all draw the same random numbers.
    """

    make: Callable[[], Any]
    loss: type[Tally]
    classes: int
    seed: int = 0
    fixed_seed: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its class."""
        return type(self.make()).__name__

    def accept(self, parameter: str) -> None:
        """Reject a parameter that the learner does not have. Errors: `RequestError`."""
        made = self.make()
        if not hasattr(made, "set_params"):
            message = f"bias_variance: {type(made).__name__} has no set_params, by which {parameter} would be varied"
            raise RequestError(message, accepted="a learner of scikit-learn", code="bad-learner")
        RequestError.reject(unknown([parameter], [*made.get_params()], f"bias_variance: {self.name} has no parameter {{}}", "bad-value"))

    def trained(self, x: Numbers, y: Numbers, i: int = 0) -> Callable[[Numbers], Numbers]:
        """Train a new learner, the i-th; returns the function that predicts a class or number, or probabilities, for other rows.

        Rows of a single class need no learner: that class is always predicted. Errors: `NotLearned`.
        """
        if self.classes and (y == y[0]).all():
            only = self.loss.constant(y, self.classes)
            return lambda rows: np.broadcast_to(only, (len(rows), *only.shape))
        model = self.make()
        if hasattr(model, "get_params"):
            seeds = [p for p in model.get_params() if p == SEED or p.endswith(f"__{SEED}")]
            model.set_params(**dict.fromkeys(seeds, self.seed + (0 if self.fixed_seed else i)), **self.parameters)
        try:
            model.fit(x, y)
        except Exception as error:  # the user's model
            raise NotLearned(f"{type(model).__name__} cannot learn from these rows: {first_line(error)}") from error
        return lambda rows: self._said(model, rows)

    def _said(self, model: Any, rows: Numbers) -> Numbers:
        try:
            found = np.asarray(model.predict(rows) if self.loss is not LogLoss else model.predict_proba(rows), float)
        except Exception as error:  # the user's model
            raise NotLearned(f"{type(model).__name__} cannot predict: {first_line(error)}") from error
        if self.loss is not LogLoss:
            return found.reshape(len(rows))
        spread = np.zeros((len(rows), self.classes))
        spread[:, np.asarray(model.classes_, int)] = found
        return spread


def built_in(name: str, is_class: bool) -> Callable[[], Any]:
    """Makes Tilth's built-in learners, which are those of scikit-learn."""
    from sklearn import ensemble, tree

    if name == "tree":
        return partial(tree.DecisionTreeClassifier if is_class else tree.DecisionTreeRegressor)
    return partial(ensemble.HistGradientBoostingClassifier if is_class else ensemble.HistGradientBoostingRegressor, early_stopping=False)


def of_model(model: Any, is_class: bool) -> Callable[[], Any]:
    """Makes untrained copies of a scikit-learn model, with its parameters.

    Errors: `RequestError` for a model that does not learn such a label.
    """
    from sklearn.base import clone, is_classifier, is_regressor

    what = "classes" if is_class else "numbers"
    if not (is_classifier if is_class else is_regressor)(model):
        message = f"bias_variance: the label is one of {what}, which {type(model).__name__} does not learn"
        raise RequestError(message, accepted=listed(["a classifier" if is_class else "a regressor"]), code="bad-learner")
    return lambda: clone(model)
