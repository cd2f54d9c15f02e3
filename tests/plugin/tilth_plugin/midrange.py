"""A metric, and the rule type on it."""

from dataclasses import dataclass

from tilth.engine.expressions import col
from tilth.engine.statistics import highest, lowest
from tilth.metrics.metric import Metric
from tilth.rules.numbers import number


@dataclass(frozen=True)
class Midrange(Metric):
    """(minimum + maximum) / 2, in the column's unit. None where there is no value."""

    column: str

    def needs(self):
        return lowest(col(self.column)), highest(col(self.column))

    def value(self, low, high):
        return None if low is None else (low + high) / 2


MIDRANGE = number("Midrange", Midrange, 'Midrange "column" > 0', accepts=lambda kind: kind.numeric, wanted="a numeric column")
