"""Columns of days that may be dates of birth, though their name does not say so: they lie as those of people do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp

from tilth.data import Column
from tilth.engine.expressions import col, lit
from tilth.engine.operations.times import Micros
from tilth.engine.statistics import Statistic, count, count_of, distinct, highest, lowest, quantile

DAY = 86_400_000_000  # microseconds
YEAR = 365.2425 * DAY
OLDEST = -70 * YEAR  # 1900, from 1970
YOUNGEST = 1  # years
MEDIAN = (15, 80)  # years
SPREAD, FEWEST = 10, 20  # years between the tenth and the ninetieth percentile, and different days, at least


class Ages:
    """Counts of columns of days, and which of them may hold dates of birth.

    They are whole days from 1900 to a year ago, with a median age of 15 to 80 years, most of them not of the same few years. Dates of
    other things, such as of houses, may lie so, too.
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        self._needs = {c.name: self._of(c) for c in columns if c.kind.temporal}

    @staticmethod
    def _of(column: Column) -> tuple[Statistic, ...]:
        x = Micros.of(col(column.name))
        whole = exp.EQ(this=exp.Mod(this=exp.paren(x.copy()), expression=lit(DAY)), expression=lit(0))
        return count_of(x), count(whole), distinct(x), lowest(x), highest(x), quantile(x, 0.1), quantile(x, 0.5), quantile(x, 0.9)

    @property
    def needs(self) -> tuple[Statistic, ...]:
        """The counts."""
        return tuple(need for needs in self._needs.values() for need in needs)

    def likely(self, answers: Mapping[Any, Any]) -> frozenset[str]:
        """The names of those columns."""
        return frozenset(name for name, needs in self._needs.items() if _are_births(*(answers[need] for need in needs)))


def _are_births(filled: int, whole: int, days: int, first: int, last: int, tenth: float, median: float, ninetieth: float) -> bool:
    if not filled or whole < filled or days < FEWEST:
        return False
    now = datetime.now(UTC).timestamp() * 1_000_000
    return (
        first >= OLDEST
        and last <= now - YOUNGEST * YEAR
        and MEDIAN[0] <= (now - median) / YEAR <= MEDIAN[1]
        and ninetieth - tenth >= SPREAD * YEAR
    )
