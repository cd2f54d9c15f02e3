"""threshold: a decision between two classes, by a probability that has to be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tilth.data import Dataset, Roles, Schema, select
from tilth.engine.expressions import case, ge, is_null, lit, number, or_
from tilth.engine.operations.numbers import NanToNull
from tilth.errors import RequestError, listed
from tilth.steps.output.argmax import Label, named
from tilth.steps.output.softmax import OfScores
from tilth.steps.step import Learned, Learning, reject_clashes


@dataclass(frozen=True)
class Threshold(OfScores):
    """Adds a column with the class that a probability decides for: the second class if its probability reaches the threshold.

    x ≥ t gives the second class, a lower x the first. Of two columns, one for each class, x is the second, and the classes have the names
    of the columns, or `no` for `prediction_no`; a single column is the probability of the second class, and the classes are 0 and 1. A row
    in which a probability is null or NaN gives null. Errors: a column that is not numeric; more than two columns; not two `labels`; a
    column that exists.

    >>> print(Threshold(("no", "yes"), at=0.3, column="answer"))
    threshold(columns=['no', 'yes'], at=0.3, column='answer')
    """

    name = "threshold"
    fewest = 1
    makes_columns = True

    at: float = 0.5
    """The threshold t: the lowest probability that decides for the second class."""
    column: str = "decision"
    """The new column."""
    labels: tuple[Label, ...] = ()
    """The two classes. Default: by the columns' names, or 0 and 1."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        learned = yield from super().learning(schema, roles)
        chosen = learned[""]["columns"]
        if len(chosen) > 2:
            message, hint = f"threshold: {len(chosen)} columns ({listed(chosen)})", "`argmax` decides between more"
            raise RequestError(message, accepted="one, or one for each of two classes", hint=hint, code="bad-value")
        if self.labels and (len(self.labels) != 2 or len({type(label) for label in self.labels}) > 1):
            raise RequestError("threshold: the labels are not two of one kind", accepted="such as [no, yes]", code="bad-value")
        reject_clashes(self.name, schema, {"": {self.column: lit(0)}})
        return learned

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        scores = [NanToNull.of(number(schema[c])) for c in learned[""]["columns"]]
        first, second = self.labels or _classes(learned[""]["columns"])
        nothing = or_(*map(is_null, scores))
        decided = case((nothing, exp.Null()), (ge(scores[-1], lit(float(self.at))), lit(second)), otherwise=lit(first))
        return data.change({self.column: decided})

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset((*select(self.columns, schema, roles), self.column))


def _classes(columns: Sequence[str]) -> Sequence[Any]:
    return named(columns) if len(columns) == 2 else (0, 1)
