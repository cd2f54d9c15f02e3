"""impute: missing values become a value learned in training, or a constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import col, if_else, lit, not_, number
from tilth.errors import RequestError
from tilth.metrics.columns import Mean, Percentile
from tilth.metrics.keys import MostFrequent
from tilth.metrics.metric import Metric, Where
from tilth.steps.missing import is_missing, present
from tilth.steps.step import ColumnStep, Selector


@dataclass(frozen=True)
class Impute(ColumnStep):
    """Missing values become the mean, the median, the most frequent value, or a constant.

    x' = x where x is there, else the fill. Missing is null, and for texts blank too. Mean and median are of the finite
    training values and make an integer column a float one; of equally frequent values the smallest is taken. With
    `indicator` a column `{column}_missing` of 0 and 1 is added. A column without any value cannot be learned: an error,
    unless `with` is `constant`.

    >>> Impute("age", with_="median").parameters()
    {'columns': 'age'}
    """

    name = "impute"
    parts = frozenset({"features"})

    columns: Selector
    with_: Literal["mean", "median", "mode", "constant"] = "median"
    value: str | float | int | bool | None = None
    indicator: bool = False

    def needs(self, column: Column) -> dict[str, Metric]:
        match self.with_:
            case "mean":
                return {"fill": Mean(column.name, finite=True)}
            case "median":
                return {"fill": Percentile(column.name, 0.5)}
            case "mode":
                return {"fill": Where(MostFrequent(column.name), present(column))}
        return {}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        fill = self.value if self.with_ == "constant" else measured["fill"]
        if fill is None:
            raise RequestError(
                f"impute: column {column.name!r} has no value in the training part, so there is no {self.with_} to learn",
                hint="drop the column, or fill it with a constant",
                code="all-null",
            )
        return {"fill": fill}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        x, missing, fill = col(column.name), is_missing(column), learned["fill"]
        made = number(column) if column.kind.numeric and isinstance(fill, float) else x
        filled = {column.name: if_else(not_(missing), made, lit(fill))}
        return filled | ({f"{column.name}_missing": if_else(missing, lit(1), lit(0))} if self.indicator else {})

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {"missing value filled": is_missing(column)}

    def accepts(self, column: Column) -> str:
        if self.with_ in ("mean", "median") and not column.kind.numeric:
            return f"has no {self.with_}: it is not numeric (use `with: mode` or `with: constant`)"
        if self.with_ == "constant" and self.value is None:
            return "cannot be filled: `value` is missing"
        return ""
