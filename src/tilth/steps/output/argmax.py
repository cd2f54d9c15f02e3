"""argmax: the class with the greatest score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlglot import exp

from tilth.data import Dataset, Roles, Schema, select
from tilth.engine.expressions import case, col, ge, is_null, lit, number, or_
from tilth.engine.operations.numbers import NanToNull
from tilth.errors import RequestError
from tilth.steps.output.softmax import MOST, OfScores, most
from tilth.steps.step import Learned, Learning, reject_clashes

Label = str | bool | int | float
BEFORE = "prediction_"


@dataclass(frozen=True)
class Argmax(OfScores):
    """Adds a column with the class that has the highest score; of equal scores, the first.

    A class has the name of its column, or `no` for `prediction_no` if all columns begin with `prediction_`. A row in which a
    score is null or NaN gives null. Errors: a column that is not numeric; not as many `labels` as columns; a column that exists.

    >>> print(Argmax(("yes", "no"), column="answer"))
    argmax(columns=['yes', 'no'], column='answer')
    """

    name = "argmax"
    fewest = 1
    makes_columns = True
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str]}

    column: str = "prediction"
    """The new column."""
    labels: tuple[Label, ...] = ()
    """The classes, in the order of the columns. Default: by the columns' names."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        learned = yield from super().learning(schema, roles)
        chosen = learned[""]["columns"]
        if self.labels and len(self.labels) != len(chosen):
            message = f"argmax: {len(self.labels)} labels for {len(chosen)} columns"
            raise RequestError(message, accepted=f"one for each of {', '.join(chosen)}", code="bad-value")
        if len({type(label) for label in self.labels}) > 1:
            raise RequestError("argmax: the labels are of several kinds", accepted="all strings, or all numbers", code="bad-value")
        reject_clashes(self.name, schema, {"": {self.column: lit(0)}})
        return learned

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        scores = {c: NanToNull.of(number(schema[c])) for c in learned[""]["columns"]}
        nothing = or_(*map(is_null, scores.values()))
        ranked = [(ge(x, col(MOST)), lit(label)) for x, label in zip(scores.values(), self.labels or named(list(scores)), strict=True)]
        data = data.change({MOST: most(*scores.values())})
        return data.change({self.column: case((nothing, exp.Null()), *ranked)}).change({MOST: None})

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset((*select(self.columns, schema, roles), self.column))


def named(columns: Sequence[str]) -> list[str]:
    """The classes by the names of their columns.

    >>> named(["prediction_no", "prediction_yes"]), named(["up", "down"])
    (['no', 'yes'], ['up', 'down'])
    """
    return [c.removeprefix(BEFORE) for c in columns] if all(c.startswith(BEFORE) for c in columns) else list(columns)
