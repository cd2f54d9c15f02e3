"""woe: the weight of evidence of a category."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilth.data import Column, Roles
from tilth.errors import Mistake, RequestError
from tilth.metrics.keys import TopValues
from tilth.steps.encode.supervised import Counted, Supervised, Target, share_of
from tilth.steps.step import Asking


class WeightOfEvidence(Supervised):
    """ln of the value's share of the positive rows over its share of the negative rows; `smooth` is added to each count.

    ln[((n₁ + s) / (N₁ + s·K)) / ((n₀ + s) / (N₀ + s·K))] for K categories; missing values, if any, are a category.
    """

    def mistakes(self) -> Iterator[Mistake]:
        yield from super().mistakes()
        if self.step.smooth == "auto" or self.step.smooth == 0:
            yield Mistake("encode: `smooth` of woe must be a number above 0", code="bad-value")

    def targets(self, label: Column, roles: Roles) -> Asking[list[Target]]:
        if label.kind.numeric and not (label.name == roles.label and roles.positive):
            asked = TopValues(label.name, 3)
            classes = sorted(value for value, _ in (yield [asked])[asked])
            found = [share_of(label, c) for c in classes[1:]] if len(classes) == 2 else []
        else:
            found = yield from super().targets(label, roles)
        if len(found) != 1:
            message = f"encode: the label {label.name!r} does not have two classes"
            hint = "give the favourable one by the role `positive`, or use `with: target`"
            raise RequestError(message, accepted="two classes in the training part", hint=hint, code="classes")
        return found

    def numbers(self, counted: Counted) -> tuple[np.ndarray, float]:
        s = 0.5 if self.step.smooth is None else float(self.step.smooth)
        positive, negative, k = counted.sums, counted.rows - counted.sums, s * (counted.rows > 0).sum()
        present = counted.rows > 0
        shares = [np.divide(n + s, n.sum() + k, out=np.ones(n.shape), where=present) for n in (positive, negative)]
        return np.log(shares[0]) - np.log(shares[1]), 0.0
