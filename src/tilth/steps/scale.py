"""scale: numbers are moved and stretched to a common range, by what training has learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import lit, number, sub
from tilth.engine.operations import Divide
from tilth.errors import RequestError
from tilth.metrics.columns import Maximum, Mean, Minimum, Percentile, StandardDeviation
from tilth.metrics.metric import Metric
from tilth.steps.step import ColumnStep, Selector


@dataclass(frozen=True)
class Scale(ColumnStep):
    """x' = (x − centre) / width, of the finite training values; null stays null.

    | `with` | centre | width |
    |---|---|---|
    | `standard` | mean | standard deviation (`ddof` 0 as in scikit-learn, 1 as in Spark) |
    | `minmax` | minimum | maximum − minimum: training values land in [0, 1], later ones may lie outside |
    | `robust` | median | distance of the quartiles |
    | `maxabs` | 0 | largest absolute value: zeros stay zeros |

    A width of 0 (a constant column) counts as 1, so that every value becomes 0.

    >>> Scale("age", with_="minmax").parameters()
    {'columns': 'age', 'with': 'minmax'}
    """

    name = "scale"
    parts = frozenset({"features"})

    columns: Selector
    with_: Literal["standard", "minmax", "robust", "maxabs"] = "standard"
    ddof: Literal[0, 1] = 0

    def needs(self, column: Column) -> dict[str, Metric]:
        c = column.name
        match self.with_:
            case "standard":
                return {"centre": Mean(c, finite=True), "width": StandardDeviation(c, self.ddof, finite=True)}
            case "robust":
                return {"centre": Percentile(c, 0.5), "low": Percentile(c, 0.25), "high": Percentile(c, 0.75)}
        return {"low": Minimum(c, finite=True), "high": Maximum(c, finite=True)}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        if any(v is None for v in measured.values()):
            raise RequestError(
                f"scale: column {column.name!r} has too few finite values in the training part to learn from",
                hint="impute it first, or leave it out",
                code="all-null",
            )
        match self.with_:
            case "standard":
                centre, width = measured["centre"], measured["width"]
            case "minmax":
                centre, width = measured["low"], measured["high"] - measured["low"]
            case "robust":
                centre, width = measured["centre"], measured["high"] - measured["low"]
            case "maxabs":
                centre, width = 0.0, max(abs(measured["low"]), abs(measured["high"]))
        return {"centre": centre, "width": width or 1.0}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        x, centre = number(column), float(learned["centre"])
        moved = sub(x, lit(centre)) if centre else x
        return {column.name: Divide.of(moved, lit(float(learned["width"])))}

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "cannot be scaled: it is not numeric"
