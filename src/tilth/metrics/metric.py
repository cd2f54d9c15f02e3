"""What a metric is: the statistics it needs, and the value they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset
from tilth.engine.engine import Engine
from tilth.engine.expressions import col, columns_of
from tilth.engine.statistics import Statistic


class Metric(ABC):
    """A measurable property of a table. A frozen value: equal metrics are measured once.

    A subclass is a frozen dataclass that says what it `needs` and makes a `value` of those numbers, in the same order. It gets
    plain numbers, never a table, and gives None where the metric has no value. `range` and `best` are facts that reports and
    the reference page read; `best` is `"high"`, `"low"`, a number that is neutral, or None where more is neither.
    """

    range: ClassVar[tuple[float, float]] = (float("-inf"), float("inf"))
    best: ClassVar[str | float | None] = None

    @abstractmethod
    def needs(self) -> tuple[Statistic, ...]:
        """The statistics, in the order in which `value` takes them."""

    @abstractmethod
    def value(self, *numbers: Any) -> Any:
        """The metric's value from its statistics' numbers."""

    def merge(self, a: Sequence[Any], b: Sequence[Any]) -> tuple[Any, ...]:
        """The numbers of the whole from those of two parts; `Gap` where no law gives them."""
        return tuple(s.merge(x, y) for s, x, y in zip(self.needs(), a, b, strict=True))

    @property
    def name(self) -> str:
        """The metric's name, as reports print it."""
        return type(self).__name__

    @property
    def subject(self) -> tuple[str, ...]:
        """The columns that the metric is of."""
        found: list[str] = []
        for f in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, f.name)
            found += [value] if isinstance(value, str) and f.name.startswith("column") else []
            found += list(value) if f.name == "columns" else []
            found += sorted(columns_of(value)) if isinstance(value, Tree) else []
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Where(Metric):
    """A metric of the rows for which a condition is true; a condition that is null leaves the row out."""

    metric: Metric
    condition: Tree

    def needs(self) -> tuple[Statistic, ...]:
        return tuple(s.filtered(self.condition) for s in self.metric.needs())

    def value(self, *numbers: Any) -> Any:
        return self.metric.value(*numbers)

    def merge(self, a: Sequence[Any], b: Sequence[Any]) -> tuple[Any, ...]:
        return self.metric.merge(a, b)

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def subject(self) -> tuple[str, ...]:
        return self.metric.subject


@dataclass(frozen=True)
class Grouped(Metric):
    """A metric once per group of rows, and what `compare` makes of the groups' values.

    `by` are columns' names. `compare` takes a dict from the group (a value, or a tuple of values where there are several
    columns) to its value; without it the dict is the value. Bias is this, and so are drift and the skew of a split.
    """

    metric: Metric
    by: tuple[str, ...]
    compare: Callable[[Mapping[Any, Any]], Any] = dict

    def needs(self) -> tuple[Statistic, ...]:
        return tuple(s.grouped(*(col(c) for c in self.by)) for s in self.metric.needs())

    def value(self, *numbers: Any) -> Any:
        groups = dict.fromkeys(g for table in numbers for g in table)
        none = [s.of_nothing for s in self.metric.needs()]  # a group of which every key is null is missing from a fold
        single = len(self.by) == 1
        return self.compare(
            {g[0] if single else g: self.metric.value(*(t.get(g, n) for t, n in zip(numbers, none, strict=True))) for g in groups}
        )

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def subject(self) -> tuple[str, ...]:
        return self.metric.subject


def measured(data: Dataset, metrics: Iterable[Metric], engine: Engine) -> dict[Metric, Any]:
    """The value of each metric, in the fewest scans."""
    wanted = list(dict.fromkeys(metrics))
    known = engine.answer(data, (s for m in wanted for s in m.needs()))
    return {m: m.value(*(known[s] for s in m.needs())) for m in wanted}


def ratio(part: float | None, whole: float | None) -> float | None:
    """part / whole, or None where there is no whole."""
    return None if not whole or part is None else part / whole
