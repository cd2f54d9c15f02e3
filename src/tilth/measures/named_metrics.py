"""A measure of metrics of the shelf, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.measures.measure import Measure, Measured, Numbers
from tilth.metrics import metric_from


@dataclass(frozen=True)
class NamedMetrics(Measure):
    """Metrics, each written as a name and columns: `mean:age`, `correlation:age,income`, `row_count`.

    Errors: `RequestError` for an unknown metric, and for a wrong number of columns.
    """

    name = "metrics"
    shorthand: ClassVar[str] = "metrics"
    metrics: tuple[str, ...] = ()
    """The metrics."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", tuple(self.metrics))
        for asked in self.metrics:
            metric_from(asked)

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        return Numbers(tuple(metric_from(asked) for asked in self.metrics)).measure(table, originals, session)
