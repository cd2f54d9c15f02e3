"""A filled column is the column as it was, and copies of one value: what is asked of it needs no scan of its own.

Impute, then scale, then encode would be two scans, because what scale learns depends on what impute has learned. But the numbers
of the whole follow from those of two parts by the laws by which statistics merge anyway, and one of the parts is the same value
over and over: its sum is n·f, its central moment 0, its extremes f. So what the later steps need is asked of the column as it
was, together with the fill, and merged once that is known (`Metric.filled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tilth.data import Column
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric, Question, Where
from tilth.steps.missing import is_missing, present


def gaps(column: Column) -> Metric:
    """How many cells of a column are missing."""
    return Where(RowCount(), is_missing(column))


def foreseen(questions: Iterable[Question], column: Column) -> list[Metric]:
    """Those metrics of a column whose value after filling follows from their numbers before it: they leave missing cells out."""
    return [m for m in questions if isinstance(m, Metric) and _inner(m, column).fills == column.name]


def _inner(metric: Metric, column: Column) -> Metric:
    """The metric itself, where a filter only leaves missing cells out."""
    return metric.metric if isinstance(metric, Where) and metric.condition == present(column) else metric


def after_filling(metric: Metric, numbers: Sequence[Any], missing: int, fill: Any) -> Any:
    """The value of a foreseen metric once `missing` cells have become `fill`. Errors: `Gap` where the numbers do not say.

    >>> from tilth.metrics.columns import Mean
    >>> after_filling(Mean("age"), (60.0, 2), 2, 10.0)
    20.0
    """
    inner = metric.metric if isinstance(metric, Where) else metric
    return inner.filled(numbers, fill, missing) if missing else inner.value(*numbers)
