"""cast: values become values of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, col, double, if_else, is_null, lit, ne
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.rows import Refuse
from tilth.steps.missing import present
from tilth.steps.step import ColumnStep


@dataclass(frozen=True)
class Cast(ColumnStep):
    """Converts values to another kind. A value that cannot be converted becomes null and is counted.

    | to | from |
    |---|---|
    | `integer` | strings such as `-7`; booleans (0, 1); floats and decimals, truncated |
    | `float` | strings such as `-0.5` or `1e3`; integers, decimals, booleans |
    | `boolean` | true, t, yes, y, 1 and false, f, no, n, 0 in any case; the numbers 1 and 0 |
    | `date`, `timestamp`, `timestamp with time zone` | strings by ISO 8601; one another, in UTC |
    | `string` | everything but floats, which engines write differently |

    Null and blank strings become null.

    >>> print(Cast("age", to="integer"))
    cast(columns='age', to='integer')
    """

    name = "cast"
    parts = frozenset({"rows", "features"})
    makes_columns = True

    to: Literal["integer", "float", "string", "boolean", "date", "timestamp", "timestamp with time zone"]
    """The kind to convert to."""
    invalid: Literal["null", "error"] = "null"
    """What happens to a value that cannot be read: it becomes null, or the run stops with an error."""
    keep_invalid: bool = False
    """Whether to add a column `{column}_typecast_error` with the values that could not be read; it is null elsewhere."""

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        x, made, wrong = col(column.name), self._made(column), self.unreadable(column)
        if self.invalid == "error":
            made = case((wrong, Refuse.of(lit(f"cast: column {column.name!r} has a value that is not of kind {self.to}"))), otherwise=made)
        return {column.name: made} | ({f"{column.name}_typecast_error": if_else(wrong, x)} if self.keep_invalid else {})

    def _made(self, column: Column) -> Tree:
        x, to = col(column.name), Kind(self.to)
        return x if column.kind is to else CONVERSIONS[column.kind, to](x)

    def unreadable(self, column: Column) -> Tree:
        return and_(present(column), is_null(self._made(column)))

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        reasons = {f"not {self.to}": self.unreadable(column)}
        if self.to == "integer" and column.kind in (Kind.FLOAT, Kind.DECIMAL):
            reasons["decimals cut off"] = ne(double(self._made(column)), double(col(column.name)))
        return reasons

    def accepts(self, column: Column) -> str:
        if column.kind is Kind(self.to) or (column.kind, Kind(self.to)) in CONVERSIONS:
            return ""
        hint = " (engines write floats differently: cast to integer first)" if column.kind is Kind.FLOAT else ""
        return f"cannot be cast to {self.to}{hint}"
