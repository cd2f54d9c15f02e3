"""flag: a 0/1 column that says whether a cell is missing, infinite, or meets a condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Schema
from tilth.engine.expressions import and_, case, if_else, is_null, lit, not_, not_null, number, renamed
from tilth.engine.operations.numbers import Finite
from tilth.engine.user_sql.expression import parse_condition
from tilth.errors import Mistake
from tilth.steps.missing import is_missing
from tilth.steps.step import COLUMN, ColumnStep

VALUE = "value"  # what a condition calls the cell


@dataclass(frozen=True)
class Flag(ColumnStep):
    """Adds a column that is 1 where a value is missing, is infinite, or meets a condition, and 0 elsewhere. The original column stays.

    | `with` | 1 where |
    |---|---|
    | `missing` | the cell is null, or a string that is blank |
    | `infinite` | the number is ∞ or −∞ |
    | `condition` | `where` is true, with the cell as `value`; null if it is neither true nor false, as for a null cell |

    The condition is SQL as in [`formula`](#formula): `value > 100`, `value IN ('a', 'b')`, `full_match(value, '[A-Z]{2}[0-9]+')`.

    Elsewhere: scikit-learn's MissingIndicator (`with: missing`).

    Errors: a condition that is missing or does not fit the kind of the column; `infinite` for a column that is not numeric.

    >>> print(Flag("numeric", with_="condition", where="value < 0"))
    flag(columns='numeric', into='{column}_condition', with='condition', where='value < 0')
    """

    name = "flag"
    parts = frozenset({"rows", "features"})

    with_: Literal["missing", "infinite", "condition"] = "missing"
    """What to flag. The new column is called `{column}_missing` and so on, unless `into` names it."""
    where: str = ""
    """`condition`: the condition in SQL; `value` stands for the value of the column."""

    def __post_init__(self) -> None:
        if not self.into:
            object.__setattr__(self, "into", f"{COLUMN}_{self.with_}")
        super().__post_init__()

    def mistakes(self) -> Iterator[Mistake]:
        if bool(self.where) != (self.with_ == "condition"):
            yield Mistake("flag: `where` belongs to `with: condition`, and the other way round", code="bad-value")

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        if self.with_ == "condition":
            found = self._condition(column)
            return {column.name: case((found, lit(1)), (not_(self._condition(column)), lit(0)))}
        infinite = and_(not_null(number(column)), is_null(Finite.of(number(column))))
        return {column.name: if_else(infinite if self.with_ == "infinite" else is_missing(column), lit(1), lit(0))}

    def _condition(self, column: Column) -> Tree:
        schema = Schema((Column(VALUE, column.kind, column.type),))
        return renamed(parse_condition(self.where, schema), VALUE, column.name)

    def accepts(self, column: Column) -> str:
        return "is not numeric" if self.with_ == "infinite" and not column.kind.numeric else ""
