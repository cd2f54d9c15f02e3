"""formula: a new column, computed from the others of its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Roles, Schema
from tilth.engine.expressions import columns_of
from tilth.engine.user_sql.expression import parse_expression
from tilth.errors import RequestError
from tilth.steps.step import Learned, Learning, Step, reject_clashes


@dataclass(frozen=True)
class Formula(Step):
    """Computes a new column, or replaces a column, from the other values of the row.

    The formula is SQL: `+ - * /`, comparisons, AND, OR, NOT, CASE, IF, coalesce, and the functions that mean the same on every engine. A
    null operand gives null, unless the formula handles it; division by zero gives null, too.

    Decimals, and numbers with a decimal point, are doubles on both engines and in served rows: `0.1 + 0.2 = 0.3` is false.

    Errors: `ExpressionError` for a string that is not a formula, or uses what is not allowed: other tables, files, settings.

    >>> print(Formula("ratio", "debt / income"))
    formula(column='ratio', expression='debt / income')
    """

    name = "formula"
    parts = frozenset({"rows", "features"})
    makes_columns = True
    names_columns = True
    learns = False
    learned_types: ClassVar[Mapping[str, Any]] = {}

    column: str
    """The new column."""
    expression: str
    """The formula, in SQL."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        if not self.column:
            raise RequestError("formula: the new column has no name", code="empty-name")
        reject_clashes(self.name, schema, {self.column if self.column in schema else "": self._change(schema)})
        return {"": {}}

    def _change(self, schema: Schema) -> Mapping[str, Tree | None]:
        return {self.column: parse_expression(self.expression, schema)}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        return data.change(self._change(schema))

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset({self.column, *columns_of(parse_expression(self.expression, schema))})
