"""A filled column is the column as it was, and copies of one value: what is asked of it needs no scan of its own.

Impute, then scale, then encode would be two passes, because what scale learns depends on what impute has learned. But the numbers
of the whole follow from those of two parts by the laws by which statistics merge anyway, and one of the parts is the same value
over and over: its sum is n·f, its central moment 0, its extremes f. So the metrics of the later steps are asked of the column as it
was, together with the fill, and merged once that is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tilth.data import Column
from tilth.engine.needs import Need
from tilth.engine.operations import CentralMoment2
from tilth.engine.statistics import Statistic
from tilth.errors import Gap
from tilth.metrics.columns import Maximum, Mean, Minimum, RowCount, Variance
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Metric, Question, Where
from tilth.steps.missing import is_missing, present


@dataclass(frozen=True)
class Numbers(Metric):
    """The numbers of a metric, as `merge` takes them, in place of its value."""

    metric: Metric

    def needs(self) -> tuple[Need, ...]:
        return self.metric.needs()

    def value(self, *numbers: Any) -> Sequence[Any]:
        return numbers


def gaps(column: Column) -> Metric:
    """How many cells of a column are missing."""
    return Where(RowCount(), is_missing(column))


def foreseen(questions: Iterable[Question], column: Column) -> list[Metric]:
    """Those metrics of a column whose value after filling follows from their numbers before it: they leave missing cells out."""
    return [m for m in questions if isinstance(m, Metric) and _leaves_gaps_out(m, column)]


def _leaves_gaps_out(metric: Metric, column: Column) -> bool:
    match metric:
        case Mean() | Variance() | Minimum() | Maximum():
            return metric.column == column.name and metric.finite
        case Where(TopValues() as top, condition):
            return top.column == column.name and condition == present(column)
        case TopValues():
            return metric.column == column.name
    return False


def after_filling(metric: Metric, numbers: Sequence[Any], missing: int, fill: Any) -> Any:
    """The value of a foreseen metric once `missing` cells have become `fill`.

    Errors: `Gap` where the numbers do not tell.

    >>> after_filling(Mean("age"), (60.0, 2), 2, 10.0)
    20.0
    """
    inner = metric.metric if isinstance(metric, Where) else metric
    if not missing:
        return inner.value(*numbers)
    if isinstance(inner, TopValues):
        return _more_of(inner.value(*numbers), fill, missing, inner.most)
    if isinstance(inner, Variance) and not numbers[2]:
        raise Gap("a column of one value: whether the fill is the same is lost in rounding")
    return inner.value(*inner.merge(numbers, [_of_copies(s, fill, missing) for s in inner.needs()]))


def _more_of(pairs: Iterable[tuple[Any, int]], fill: Any, missing: int, most: int) -> tuple[tuple[Any, int], ...]:
    counts = dict(pairs)
    if fill not in counts and len(counts) >= most:
        raise Gap(f"{fill!r} may occur outside the {most} most frequent values")
    counts[fill] = counts.get(fill, 0) + missing
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most])


def _of_copies(need: Need, value: Any, n: int) -> Any:
    """A statistic of n equal values."""
    match need:
        case Statistic(aggregate=exp.Count()):
            return n
        case Statistic(aggregate=exp.Sum()):
            return n * float(value)
        case Statistic(aggregate=CentralMoment2()):
            return 0.0
    return float(value)  # the smallest and the largest
