"""outliers: improbable numbers are clipped, become null, are flagged, or their rows are dropped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Schema
from tilth.engine.expressions import col, gt, if_else, lit, lt, number, or_, sub
from tilth.engine.layers import filtered
from tilth.engine.operations.numbers import Finite, clipped
from tilth.engine.statistics import count_of, quantile, total
from tilth.errors import Mistake
from tilth.metrics.columns import Mean, Percentile, StandardDeviation
from tilth.metrics.metric import Question
from tilth.steps.step import COLUMN, Asking, ColumnStep, Learned

TIMES = {"iqr": 1.5, "z_score": 3.0, "robust_z": 3.5}  # Tukey 1977; the three-sigma rule; Iglewicz and Hoaglin 1993
NORMAL = 0.6745  # of the median absolute deviation to the standard deviation of a normal distribution
MEAN_NORMAL = 1.2533  # of the standard deviation to the mean absolute deviation


@dataclass(frozen=True)
class Outliers(ColumnStep):
    """Clips, nulls or flags numbers outside of bounds learned in training, or drops their rows.

    | `with` | bounds | `times` |
    |---|---|---|
    | `iqr` | q₂₅ − times · (q₇₅ − q₂₅), q₇₅ + times · (q₇₅ − q₂₅) | 1.5 |
    | `z_score` | mean ± times · s, s the standard deviation of a sample (n − 1) | 3 |
    | `robust_z` | median ± times · MAD / 0.6745, MAD the median absolute deviation; if that is 0, 1.2533 times the mean one | 3.5 |
    | `quantile` | the quantiles `low` and `high`, 0.01 and 0.99 | |
    | `range` | the numbers `low` and `high` themselves | |

    Bounds are learned from the finite training values and are inclusive; infinite values are outside, null stays null. If the values do not
    vary (the difference or deviation is 0), there are no bounds, and nothing is an outlier. Clipping gives floats.

    Use `drop` in the part `training`, and the other actions in `features`. `flag` makes a column `{column}_outlier`, unless `into` names
    it.

    Elsewhere: `quantile` with `clip` is winsorizing, as scipy's `winsorize`; `iqr` and `z_score` are feature_engine's OutlierTrimmer and
    Winsorizer (`times` is `fold`).

    Errors: a column that is not numeric, or has fewer than two finite values in training.

    >>> print(Outliers("income", with_="robust_z", action="null"))
    outliers(columns='income', with='robust_z', action='null')
    """

    name = "outliers"
    parts = frozenset({"features", "training"})
    learned_types: ClassVar[Mapping[str, Any]] = {"low": float | None, "high": float | None}

    with_: Literal["iqr", "z_score", "robust_z", "quantile", "range"] = "iqr"
    """How to find the bounds."""
    action: Literal["clip", "null", "flag", "drop"] = "clip"
    """What to do with a value outside: replace it by the nearer bound, set it to null, flag it in a new 0/1 column, or drop its row."""
    times: float | None = None
    """`iqr`, `z_score`, `robust_z`: how many differences or deviations away a value must be."""
    low: float | None = None
    """`quantile`: the lower quantile. `range`: the lower bound. Default for `range`: none."""
    high: float | None = None
    """`quantile`: the upper quantile. `range`: the upper bound. Default for `range`: none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "parts", frozenset({"training"} if self.action == "drop" else {"features"}))
        if self.action == "flag" and not self.into:
            object.__setattr__(self, "into", f"{COLUMN}_outlier")

    def mistakes(self) -> Iterator[Mistake]:
        if self.times is not None and (self.with_ not in TIMES or not self.times > 0):
            yield Mistake("outliers: `times` is a number above 0, for iqr, z_score and robust_z", code="bad-value")
        ends = [x for x in (self.low, self.high) if x is not None]
        if ends and self.with_ in TIMES:
            yield Mistake("outliers: `low` and `high` are for `with: quantile` and `with: range`", code="bad-value")
        if self.with_ == "range" and not ends:
            yield Mistake("outliers: `with: range` needs `low`, `high` or both", code="bad-value")
        low, high = self._quantiles if self.with_ == "quantile" else (self.low, self.high)
        if low is not None and high is not None and not low < high:
            yield Mistake(f"outliers: `low` ({low:g}) must be below `high` ({high:g})", code="bad-value")
        if self.with_ == "quantile" and not all(0 <= q <= 1 for q in self._quantiles):
            yield Mistake("outliers: `low` and `high` are quantiles, from 0 to 1", code="bad-value")
        if self.action == "drop" and self.into:
            yield Mistake("outliers: `into` makes a column, and `action: drop` makes none", code="bad-value")

    @property
    def _quantiles(self) -> tuple[float, float]:
        return 0.01 if self.low is None else self.low, 0.99 if self.high is None else self.high

    @property
    def keeps_rows(self) -> bool:
        return self.action != "drop"

    def needs(self, column: Column) -> Mapping[str, Question]:
        c = column.name
        match self.with_:
            case "iqr":
                return {"low": Percentile(c, 0.25), "high": Percentile(c, 0.75)}
            case "z_score":
                return {"middle": Mean(c, finite=True), "spread": StandardDeviation(c, 1, finite=True)}
            case "robust_z":
                return {"middle": Percentile(c, 0.5), "n": count_of(Finite.of(col(c)))}
            case "quantile":
                low, high = self._quantiles
                return {"low": Percentile(c, low), "high": Percentile(c, high)}
        return {}

    def asked(self, column: Column) -> Asking[Mapping[str, Any]]:
        if self.with_ != "robust_z":
            return (yield from super().asked(column))
        first = self.needs(column)
        found = yield list(first.values())
        measured = {name: found[need] for name, need in first.items()}
        if measured["middle"] is None:
            return self.learn(column, **measured)
        apart = exp.Abs(this=sub(Finite.of(col(column.name)), lit(float(measured["middle"]))))
        then = {"spread": quantile(apart, 0.5), "sum": total(apart)}
        found = yield list(then.values())
        return self.learn(column, **measured, **{name: found[need] for name, need in then.items()})

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        if self.with_ == "range":
            return {"low": self.low, "high": self.high}
        if any(v is None for v in measured.values()):
            raise self.nothing_to_learn(column, "too few finite values", hint="leave it out, or give bounds: `with: range`")
        low, high = self._bounds(**measured)
        spread = math.isfinite(low) and math.isfinite(high) and low < high
        return {"low": low if spread else None, "high": high if spread else None}

    def _bounds(
        self, low: float = 0.0, high: float = 0.0, middle: float = 0.0, spread: float = 0.0, n: int = 1, **more: float
    ) -> tuple[float, float]:
        times = self.times or TIMES.get(self.with_, 0.0)
        if self.with_ == "robust_z":
            spread = spread / NORMAL if spread else MEAN_NORMAL * more["sum"] / n
        if self.with_ in ("robust_z", "z_score"):
            return middle - times * spread, middle + times * spread
        return (low - times * (high - low), high + times * (high - low)) if low < high else (low, high)

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        outside = or_(*self.counted(column, **learned).values())
        if self.action == "flag":
            return {column.name: if_else(outside, lit(1), lit(0))}
        if self.action == "null":
            return {column.name: if_else(outside, lit(None), col(column.name))}
        ends = (learned["low"], learned["high"])
        low, high = (lit(float(x)) if x is not None else lit(infinity) for x, infinity in zip(ends, (-math.inf, math.inf), strict=True))
        return {column.name: clipped(number(column), low, high)}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        if self.keeps_rows:
            return super().made(data, schema, learned)
        outside = or_(*(tree for c, state in learned.items() for tree in self.counted(schema[c], **state).values()))
        return filtered(data, if_else(outside, exp.false(), exp.true()))

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        x = number(column)
        below = {} if learned["low"] is None else {"outlier below": lt(x, lit(float(learned["low"])))}
        return below | ({} if learned["high"] is None else {"outlier above": gt(x, lit(float(learned["high"])))})

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "has no outliers: it is not numeric"
