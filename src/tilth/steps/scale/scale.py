"""scale: numbers are brought to a common range, by what training has learned."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import add, lit, number, sub
from tilth.engine.operations.numbers import Divide, clipped
from tilth.errors import Mistake, RequestError, listed
from tilth.metrics.columns import Maximum, Mean, Minimum, Percentile, StandardDeviation
from tilth.metrics.metric import Metric
from tilth.steps.step import ColumnStep

Number = int | float | Decimal
CENTRED = ("standard", "robust", "mean")  # methods that subtract a centre


@dataclass(frozen=True)
class Scale(ColumnStep):
    """x' = (x − centre) / width + shift, learned from the finite training values. Gives floats; null stays null, infinite infinite.

    | `with` | centre | width | shift |
    |---|---|---|---|
    | `standard` | mean | standard deviation | 0 |
    | `minmax` | minimum | (maximum − minimum) / (high − low) | low |
    | `robust` | median | distance of the `quantiles`, by default the interquartile range | 0 |
    | `mean` | mean | maximum − minimum | 0 |
    | `maxabs` | 0 | largest absolute value: zeros stay zeros | 0 |

    A width of 0 (a constant column) counts as 1, so that the only value becomes 0, or with `minmax` the middle of low and high. With
    `center: false` the centre is 0, so that zeros stay zeros; with `scale: false` the width is 1.

    Elsewhere: scikit-learn's StandardScaler and RobustScaler, where `center` and `scale` are `with_mean` or `with_centering`, and
    `with_std` or `with_scaling`; MinMaxScaler and MaxAbsScaler; R's `scale(x, center, scale)`. Spark's StandardScaler and RobustScaler
    do not centre by default.

    Errors: a column without a finite value in training (for `ddof: 1` without two); one whose width is too large for a double.

    >>> print(Scale("age", with_="minmax", low=-1.0))
    scale(columns='age', with='minmax', low=-1.0)
    """

    name = "scale"
    parts = frozenset({"features"})

    with_: Literal["standard", "minmax", "robust", "mean", "maxabs"] = "standard"
    """What is scaled to 0, and what to 1."""
    ddof: Literal[0, 1] = 0
    """`standard`: the standard deviation of a population (0, as in scikit-learn) or of a sample (1, as in Spark)."""
    low: float = 0.0
    """`minmax`: the new value of the smallest training value."""
    high: float = 1.0
    """`minmax`: the new value of the largest training value."""
    clip: bool = False
    """`minmax`: whether later values outside the training range become `low` or `high`; otherwise they lie outside."""
    center: bool = True
    """`standard`, `robust`, `mean`: whether to subtract the centre."""
    scale: bool = True
    """`standard`, `robust`, `mean`: whether to divide by the width."""
    quantiles: tuple[float, float] = (0.25, 0.75)
    """`robust`: the quantiles whose distance is the width."""

    def mistakes(self) -> Iterator[Mistake]:
        if not self.low < self.high:
            yield Mistake(f"scale: `low` ({self.low:g}) must be below `high` ({self.high:g})", code="bad-value")
        if self.with_ != "minmax" and (self.low, self.high, self.clip) != (0.0, 1.0, False):
            yield Mistake("scale: `low`, `high` and `clip` are for `with: minmax`", code="bad-value")
        if self.with_ in ("minmax", "maxabs") and not (self.center and self.scale):
            yield Mistake(f"scale: `center` and `scale` are for {listed(CENTRED)}, not for `{self.with_}`", code="bad-value")
        if not (self.center or self.scale):
            yield Mistake("scale: `center` and `scale` are both false", hint="leave the step out", code="bad-value")
        if self.with_ != "robust" and self.quantiles != (0.25, 0.75):
            yield Mistake("scale: `quantiles` are for `with: robust`", code="bad-value")
        low, high = self.quantiles
        if not 0 <= low < high <= 1:
            message, accepted = f"scale: `quantiles` are {list(self.quantiles)}", "two numbers from 0 to 1, the smaller one first"
            yield Mistake(message, accepted=accepted, code="bad-value")

    def needs(self, column: Column) -> dict[str, Metric]:
        c = column.name
        match self.with_:
            case "standard":
                return {"centre": Mean(c, finite=True), "width": StandardDeviation(c, self.ddof, finite=True)}
            case "robust":
                low, high = self.quantiles
                return {"centre": Percentile(c, 0.5), "low": Percentile(c, low), "high": Percentile(c, high)}
        ends: dict[str, Metric] = {"low": Minimum(c, finite=True), "high": Maximum(c, finite=True)}
        return ends | ({"centre": Mean(c, finite=True)} if self.with_ == "mean" else {})

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        if any(v is None for v in measured.values()):
            raise self.nothing_to_learn(column, "too few finite values")
        state = self._state(**measured)
        state |= {} if self.center else {"centre": 0.0}
        state |= {} if self.scale else {"width": 1.0}
        if not all(math.isfinite(v) for v in state.values()):
            raise RequestError(
                f"scale: the values of column {column.name!r} are too far apart for a double",
                hint="turn its extreme values into nulls first",
                code="overflow",
            )
        return state

    def _state(self, centre: float = 0.0, width: float = 0.0, low: float = 0.0, high: float = 0.0) -> dict[str, float]:
        match self.with_:
            case "standard":
                return {"centre": centre, "width": width or 1.0}
            case "robust" | "mean":
                return {"centre": centre, "width": (high - low) or 1.0}
            case "maxabs":
                return {"centre": 0.0, "width": max(abs(low), abs(high)) or 1.0}
        if high == low:
            return {"centre": low, "width": 1.0, "shift": (self.low + self.high) / 2}
        return {"centre": low, "width": (high - low) / (self.high - self.low), "shift": self.low}

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return {"centre": Number, "width": Number} | ({"shift": Number} if self.with_ == "minmax" else {})

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        centre, width, shift = (float(learned.get(word, 0.0)) for word in ("centre", "width", "shift"))
        x = number(column)
        x = sub(x, lit(centre)) if centre else x
        x = Divide.of(x, lit(width)) if width != 1.0 else x
        x = add(x, lit(shift)) if shift else x
        return {column.name: clipped(x, lit(self.low), lit(self.high)) if self.clip else x}

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "cannot be scaled: it is not numeric"
