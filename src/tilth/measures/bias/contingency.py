"""A contingency table with two sides and named axes, the input of bias metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from tilth.metrics.contrasts import Numbers


@dataclass(frozen=True, eq=False)
class Contingency:
    """Rows by side, stratum, label and prediction: numbers of shape (draws, side, stratum, label, prediction).

    Side 0 is a, side 1 is d. Label and prediction are 0 rejected, 1 accepted (the favourable value). On each of the last three axes the
    last place is for rows with an unknown value; an axis that is not requested has only that place. `whole` returns the numbers of all
    rows, (draws, stratum, label, prediction); without it they are the sum of both sides.
    """

    numbers: Numbers
    whole: Callable[[], Numbers] | None = field(default=None, repr=False)
    _known: dict[tuple[str, ...], Numbers] = field(default_factory=dict, repr=False)

    AXES: ClassVar[tuple[str, ...]] = ("stratum", "label", "prediction")

    def known(self, *axes: str) -> Numbers:
        """(draws, side, *axes): the rows with known values on these axes, summed over the other axes. Axes are in the order of `AXES`."""
        if axes not in self._known:
            left, numbers = (self.AXES, self.numbers) if "stratum" in axes else (self.AXES[1:], self._unstratified)
            seen = tuple(slice(None, -1) if a in axes else slice(None) for a in left)
            rest = tuple(i for i, a in enumerate(left, 2) if a not in axes)
            there = numbers[(slice(None), slice(None), *seen)]
            single = all(there.shape[i] == 1 for i in rest)  # avoids a sum and a copy
            self._known[axes] = there.squeeze(rest) if single else there.sum(axis=rest)
        return self._known[axes]

    @cached_property
    def _unstratified(self) -> Numbers:
        """The numbers summed over all strata, computed once; most metrics ignore strata."""
        found: Numbers = self.numbers.sum(axis=2)
        return found

    def overall(self, *axes: str) -> Numbers:
        """(draws, *axes): `known` for all rows, including those with an unknown side."""
        numbers = self.numbers.sum(axis=1) if self.whole is None else self.whole()
        found: Numbers = Contingency(numbers[:, None]).known(*axes)[:, 0]
        return found
