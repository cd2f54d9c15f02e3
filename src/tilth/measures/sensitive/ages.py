"""Finds columns of days that may be dates of birth by their distribution, whatever the name of the column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import sqrt
from typing import Any

from sqlglot import exp

from tilth.data import Column
from tilth.engine.expressions import col, eq, le, lit
from tilth.engine.operations.conversions import ToDate
from tilth.engine.operations.times import DAY, Micros
from tilth.engine.statistics import Statistic, central_moment, count, count_of, distinct, highest, lowest

YEAR = 365.2425 * DAY  # microseconds
OLDEST = -70 * YEAR  # 1900, from 1970
YOUNGEST = 1  # years
MEDIAN = (15, 80)  # years
SPREAD, FEWEST = 4, 20  # the least standard deviation in years, and the fewest distinct days


class Ages:
    """The statistics of columns of days, computed in the common scan, and the columns that may hold dates of birth.

    These are at least 20 distinct whole days from 1900 to a year ago, with a median age of 15 to 80 years and a standard deviation of at
    least 4 years. Dates of other things, such as houses, may have the same distribution.
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        self._now = round(datetime.now(UTC).timestamp() * 1_000_000)
        self._needs = {c.name: self._of(col(c.name)) for c in columns if c.kind.temporal}

    def _of(self, day: exp.Expression) -> tuple[Statistic, ...]:
        x = Micros.of(day)
        whole = eq(exp.Mod(this=exp.paren(x.copy()), expression=lit(DAY)), lit(0))
        older = (count(le(x, lit(round(self._now - years * YEAR)))) for years in MEDIAN)
        return count_of(x), count(whole), distinct(ToDate.of(day)), lowest(x), highest(x), central_moment(x), *older

    @property
    def needs(self) -> tuple[Statistic, ...]:
        """The statistics."""
        return tuple(need for needs in self._needs.values() for need in needs)

    def likely(self, answers: Mapping[Any, Any]) -> frozenset[str]:
        """The names of the columns that may hold dates of birth."""
        return frozenset(name for name, needs in self._needs.items() if self._are_births(*(answers[need] for need in needs)))

    def _are_births(self, filled: int, whole: int, days: int, first: int, last: int, squares: float, grown: int, old: int) -> bool:
        if not filled or whole < filled or days < FEWEST:
            return False
        plausible = first >= OLDEST and last <= self._now - YOUNGEST * YEAR and 2 * grown >= filled >= 2 * old
        return plausible and sqrt(squares / filled) >= SPREAD * YEAR
