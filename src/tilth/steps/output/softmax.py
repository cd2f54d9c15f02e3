"""softmax: scores become probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tilth.data import Dataset, Roles, Schema, select
from tilth.engine.expressions import added, col, greatest, number, sub
from tilth.engine.operations.numbers import Divide, Exponential, NanToNull
from tilth.steps.step import Learned, Learning, Selector, Step

MOST, WHOLE = "\x1fmost", "\x1fwhole"  # columns for the greatest score and the sum of the exponentials


@dataclass(frozen=True)
class Softmax(Step):
    """Scores of one row become probabilities that sum to 1.

    xᵢ' = exp(xᵢ − m) / Σⱼ exp(xⱼ − m), where m is the greatest of the scores, so that no exponential overflows. A row in which a score is
    null, or is ∞, gives null for all. Errors: a column that is not numeric. Source: Bridle 1990.

    >>> print(Softmax(("yes", "no")))
    softmax(columns=['yes', 'no'])
    """

    name = "softmax"
    parts = frozenset({"features", "output"})
    learns = False
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str]}

    columns: Selector = "prediction*"
    """The scores: names, kinds (numeric …), roles, patterns with `*`; `!` in front takes away."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        return {"": {"columns": list(self.chosen_numbers(self.columns, schema, roles))}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        chosen = learned[""]["columns"]
        data = data.change({MOST: greatest(*(number(schema[c]) for c in chosen))})
        data = data.change({c: Exponential.of(sub(number(schema[c]), col(MOST))) for c in chosen})
        data = data.change({WHOLE: added(*map(col, chosen))})
        return data.change({c: NanToNull.of(Divide.of(col(c), col(WHOLE))) for c in chosen}).change({MOST: None, WHOLE: None})

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset(select(self.columns, schema, roles))
