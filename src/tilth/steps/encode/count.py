"""count, frequency: how often a category occurs in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.metrics.columns import RowCount
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Question, Where
from tilth.steps.encode.encoder import Levels
from tilth.steps.missing import is_missing, present


class Count(Levels):
    """The number of training rows with the value. Missing values count together; an unseen value gives 0."""

    def needs(self, column: Column) -> Mapping[str, Question]:
        found = Where(TopValues(column.name, self.limit + 1), present(column))
        return {"found": found, "missing": Where(RowCount(), is_missing(column)), "rows": RowCount()}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        found: Sequence[tuple[Any, int]] = measured.pop("found")
        self.reject_many(column, found)
        return {"categories": [value for value, _ in found], "counts": [n for _, n in found], **measured}

    def state(self, column: Column) -> Mapping[str, Any]:
        return {"categories": list.__class_getitem__(column.kind.python), "counts": list[int], "missing": int, "rows": int}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {column.name: self.number(column, learned["categories"], learned["counts"], learned["missing"], 0)}


class Frequency(Count):
    """The same as a share of all training rows."""

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        missing, *shares = (n / max(learned["rows"], 1) for n in (learned["missing"], *learned["counts"]))
        return {column.name: self.number(column, learned["categories"], shares, missing, 0.0)}
