"""Metrics of one column, and of pairs of two columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import col, double, eq, is_null, lit
from tilth.engine.operations.numbers import Finite
from tilth.engine.statistics import (
    Statistic,
    central_moment,
    correlation,
    count,
    count_of,
    highest,
    lowest,
    quantile,
    standard_moment,
    total,
)
from tilth.errors import Gap
from tilth.metrics.metric import Metric, ratio


def numbers(column: str, finite: bool) -> Tree:
    """A column as doubles; with `finite`, other values become null."""
    return Finite.of(col(column)) if finite else double(col(column))


@dataclass(frozen=True)
class RowCount(Metric):
    """The number of rows."""

    range = (0, math.inf)

    def needs(self) -> tuple[Statistic, ...]:
        return (count(),)


@dataclass(frozen=True)
class Share(Metric):
    """The share of rows that meet a condition: hits / rows, in [0, 1]. None over no rows.

    A null condition is not a hit.
    """

    range = (0, 1)
    condition: Tree

    def needs(self) -> tuple[Statistic, ...]:
        return count(self.condition), count()

    def value(self, hits: int, rows: int) -> float | None:
        return ratio(hits, rows)


@dataclass(frozen=True)
class Completeness(Metric):
    """The share of rows whose value is not null: (rows − nulls) / rows, in [0, 1]. None over no rows.

    An empty string is a value. Source: Deequ's Completeness, DQDL `Completeness`.
    """

    range = (0, 1)
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return count(is_null(col(self.column))), count()

    def value(self, nulls: int, rows: int) -> float | None:
        return ratio(rows - nulls, rows)


@dataclass(frozen=True)
class Sum(Metric):
    """Σ x over the values that are not null. None without values."""

    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return (total(double(col(self.column))),)


class _Finite(Metric):
    """A metric of one column's values, or only of the finite ones."""

    column: str
    finite: bool

    @property
    def fills(self) -> str:
        return self.column if self.finite else ""


@dataclass(frozen=True)
class Mean(_Finite):
    """Σ x / n over the values that are not null, in the column's unit. None without values.

    `finite` excludes infinities, as fitting does.
    """

    column: str
    finite: bool = False

    def needs(self) -> tuple[Statistic, ...]:
        x = numbers(self.column, self.finite)
        return total(x), count_of(x)

    def value(self, total: float | None, n: int) -> float | None:
        return ratio(total, n)


@dataclass(frozen=True)
class Variance(_Finite):
    """Σ(x − mean)² / (n − ddof), in the column's unit squared, 0 or more. None where n ≤ ddof.

    `ddof` is 0 for the population variance, as in DQDL, and 1 for the sample variance. `finite` excludes infinities.
    """

    range = (0, math.inf)
    column: str
    ddof: int = 0
    finite: bool = False

    def needs(self) -> tuple[Statistic, ...]:
        x = numbers(self.column, self.finite)
        return count_of(x), total(x), central_moment(x)

    def value(self, n: int, total: float | None, moment: float | None) -> float | None:
        return None if n <= self.ddof or moment is None else moment / (n - self.ddof)

    def filled(self, numbers: Sequence[Any], value: Any, n: int) -> Any:
        if not numbers[2]:
            raise Gap("a column of one value: rounding hides whether the fill equals it")
        return super().filled(numbers, value, n)

    def merge(self, a: Sequence[Any], b: Sequence[Any]) -> tuple[Any, ...]:
        """Chan, Golub and LeVeque 1983: M = Ma + Mb + δ²·na·nb/n with δ the difference of the means."""
        (na, ta, ma), (nb, tb, mb) = a, b
        if not na or not nb:
            return tuple(b if not na else a)
        delta = tb / nb - ta / na
        return na + nb, ta + tb, ma + mb + delta * delta * na * nb / (na + nb)


@dataclass(frozen=True)
class StandardDeviation(Variance):
    """√(Σ(x − mean)² / (n − ddof)), in the column's unit, 0 or more. None where n ≤ ddof."""

    def value(self, n: int, total: float | None, moment: float | None) -> float | None:
        variance = super().value(n, total, moment)
        return None if variance is None else math.sqrt(variance)


@dataclass(frozen=True)
class Minimum(_Finite):
    """The smallest value. None without values. `finite` excludes infinities (and gives a float)."""

    column: str
    finite: bool = False

    def needs(self) -> tuple[Statistic, ...]:
        return (lowest(numbers(self.column, True) if self.finite else col(self.column)),)


@dataclass(frozen=True)
class Maximum(_Finite):
    """The largest value. None without values. `finite` excludes infinities (and gives a float)."""

    column: str
    finite: bool = False

    def needs(self) -> tuple[Statistic, ...]:
        return (highest(numbers(self.column, True) if self.finite else col(self.column)),)


@dataclass(frozen=True)
class Range(Metric):
    """max x − min x over the values that are not null, in the column's unit, 0 or more. None without values."""

    range = (0, math.inf)
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        x = double(col(self.column))
        return highest(x), lowest(x)

    def value(self, high: float | None, low: float | None) -> float | None:
        return None if high is None or low is None else high - low


@dataclass(frozen=True)
class Skewness(Metric):
    """√m · M₃ / M₂^1.5 with Mₖ = Σ(x − mean)ᵏ over the m values that are not null. 0 for equal values, None without values.

    Population skewness, not corrected for a sample; positive if the tail is on the right. Source: DQDL `Skewness` as in Deequ.
    """

    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return (standard_moment(double(col(self.column)), 3),)


@dataclass(frozen=True)
class Kurtosis(Metric):
    """m · M₄ / M₂² − 3 with Mₖ = Σ(x − mean)ᵏ over the m values that are not null. 0 for equal values, None without values.

    Population kurtosis, not corrected for a sample; 0 for a normal distribution. Source: DQDL `Kurtosis` as in Deequ.
    """

    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return (standard_moment(double(col(self.column)), 4),)

    def value(self, moment: float | None) -> float | None:
        return None if moment is None else moment - 3 if moment else 0.0


@dataclass(frozen=True)
class ZerosCount(Metric):
    """The number of values that are 0."""

    range = (0, math.inf)
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return (count(eq(col(self.column), lit(0))),)


@dataclass(frozen=True)
class Extreme(Metric):
    """The smallest (`side` `min`) or largest (`max`) value of a formula, such as a string's length. None without values."""

    formula: Tree
    side: Literal["min", "max"]

    def needs(self) -> tuple[Statistic, ...]:
        return ((lowest if self.side == "min" else highest)(self.formula),)


@dataclass(frozen=True)
class Percentile(Metric):
    """The interpolated q-quantile of the finite values. None without values.

    Source: Hyndman and Fan 1996, type 7.
    """

    column: str
    q: float = 0.5

    def needs(self) -> tuple[Statistic, ...]:
        return (quantile(Finite.of(col(self.column)), self.q),)


@dataclass(frozen=True)
class InterquartileRange(Metric):
    """The difference of the interpolated 0.75- and 0.25-quantile of the finite values, in the column's unit. None without values.

    Source: Hyndman and Fan 1996, type 7; DQDL `InterquartileRange`.
    """

    range = (0, math.inf)
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        x = Finite.of(col(self.column))
        return quantile(x, 0.75), quantile(x, 0.25)

    def value(self, upper: float | None, lower: float | None) -> float | None:
        return None if upper is None or lower is None else upper - lower


@dataclass(frozen=True)
class Correlation(Metric):
    """Pearson's r = Σ(x−x̄)(y−ȳ) / √(Σ(x−x̄)² Σ(y−ȳ)²) over rows in which neither is null, in [−1, 1].

    None with fewer than two such rows or a constant column.
    """

    range = (-1, 1)
    column: str
    column2: str

    def needs(self) -> tuple[Statistic, ...]:
        return (correlation(double(col(self.column)), double(col(self.column2))),)

    def value(self, r: float | None) -> float | None:
        return None if r is None else max(-1.0, min(1.0, r))
