"""filter: keeps only rows for which a condition is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Roles, Schema
from tilth.engine.expressions import coalesce
from tilth.engine.layers import filtered
from tilth.engine.user_sql.expression import parse_condition
from tilth.steps.step import Learned, Learning, Step


@dataclass(frozen=True)
class Filter(Step):
    """Keeps only the rows for which a condition is true.

    A comparison with null is neither true nor false, so `age > 30` drops the rows without an age, and so does `age <= 30`; with
    `unknown: keep` both keep them.

    Errors: `ExpressionError` for a string that is not a condition, or uses what may not be used.

    >>> print(Filter("age >= 18"))
    filter(where='age >= 18')
    """

    name = "filter"
    parts = frozenset({"rows", "training"})
    learns = False
    shorthand = "where"

    where: str
    """The condition, in SQL: comparisons of columns and values, joined by AND, OR and NOT."""
    unknown: Literal["drop", "keep"] = "drop"
    """What happens to a row for which the condition is neither true nor false."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        self.condition(schema)
        return {"": {}}

    def condition(self, schema: Schema) -> Tree:
        """The condition's tree over the columns of a table."""
        found = parse_condition(self.where, schema)
        return coalesce(found, exp.true()) if self.unknown == "keep" else found

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        return filtered(data, self.condition(schema))
