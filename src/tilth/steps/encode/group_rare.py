"""group_rare: rare categories become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, col, is_null, lit
from tilth.engine.operations.lookups import lookup
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import RowCount
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Question, Where
from tilth.steps.encode.encoder import MOST_ROWS, is_unseen, least_rows
from tilth.steps.missing import is_missing, present
from tilth.steps.step import ColumnStep

MOST = 500_000  # categories that are kept


@dataclass(frozen=True)
class GroupRare(ColumnStep):
    """Merges categories that are rare in training into one, together with every later value that is not a kept category.

    A category stays if it occurs in at least `min_frequency` of the training rows with a value, and is one of the `max_categories` most
    frequent ones (ties by value). A missing value stays missing, or counts as rare.

    Elsewhere: feature_engine's RareLabelEncoder (`min_frequency` is `tol`, `value` is `replace_with`).

    Errors: a column that does not hold strings or integers; a `value` of another kind; more than 500,000 categories to keep.

    >>> print(GroupRare("city", min_frequency=0.01))
    group_rare(columns='city', min_frequency=0.01)
    """

    name = "group_rare"
    parts = frozenset({"features"})

    min_frequency: int | float | None = None
    """How often a category must occur to stay: a number of rows, or (below 1) a share of the rows with a value."""
    max_categories: int | None = None
    """How many of the most frequent categories stay."""
    value: str | int = "other"
    """The value that replaces the others."""
    missing: Literal["keep", "group"] = "keep"
    """Whether a missing value stays missing or becomes `value` too."""

    def mistakes(self) -> Iterator[Mistake]:
        if self.min_frequency is None and self.max_categories is None:
            message = "group_rare: it does not say which categories are rare"
            yield Mistake(message, accepted="`min_frequency`, `max_categories` or both", code="nothing-to-do")
        if self.min_frequency is not None and not 0 < self.min_frequency <= MOST_ROWS:
            yield Mistake(f"group_rare: `min_frequency` must be above 0, and at most {MOST_ROWS:,}", code="bad-value")
        if self.max_categories is not None and not 1 <= self.max_categories <= MOST:
            yield Mistake(f"group_rare: `max_categories` must be from 1 to {MOST:,}", code="bad-value")

    def needs(self, column: Column) -> Mapping[str, Question]:
        there = present(column)
        return {"found": Where(TopValues(column.name, self.max_categories or MOST + 1), there), "rows": Where(RowCount(), there)}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        least = least_rows(self.min_frequency, measured["rows"])
        kept = [value for value, n in measured["found"] if n >= least]
        if len(kept) > MOST:
            message = f"group_rare: more than {MOST:,} categories of column {column.name!r} would stay"
            raise RequestError(message, hint="raise `min_frequency`, or give `max_categories`", code="too-many-categories")
        return {"categories": kept}

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return {"categories": list.__class_getitem__(column.kind.python)} if column else None

    @property
    def keeps_values(self) -> bool:
        return True

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        x, rare = col(column.name), is_null(lookup(col(column.name), learned["categories"]))
        group = rare if self.missing == "group" else and_(present(column), rare)
        return {column.name: case((group, lit(self.value)), otherwise=x)}

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        missing = {"missing category grouped": is_missing(column)} if self.missing == "group" else {}
        return {"rare category grouped": is_unseen(column, learned["categories"])} | missing

    def accepts(self, column: Column) -> str:
        if column.kind not in (Kind.STRING, Kind.INTEGER):
            return "has no categories that could be grouped: only strings and integers have"
        if type(self.value) is not {Kind.STRING: str, Kind.INTEGER: int}[column.kind]:
            return f"cannot have the `value` {self.value!r}: its values are of kind {column.kind}"
        return ""
