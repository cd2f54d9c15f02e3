"""encode: categories become numbers, by what training has learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.errors import Mistake, RequestError, listed
from tilth.metrics.metric import Question
from tilth.steps.encode.encoder import Encoder
from tilth.steps.encode.one_hot import OneHot
from tilth.steps.encode.ordinal import Ordinal
from tilth.steps.step import ColumnStep

ENCODERS: Mapping[str, type[Encoder]] = {"one_hot": OneHot, "ordinal": Ordinal}


@dataclass(frozen=True)
class Encode(ColumnStep):
    """Categories become 0/1 columns (`one_hot`) or whole numbers (`ordinal`).

    `one_hot` replaces the column by a column `{column}_{category}` for each category: 1 where the value is that category, else 0.
    `ordinal` replaces the value by its place among the categories, from 0. Categories are the values met in training, the most
    frequent first and equally frequent ones by value; which columns there are depends on training alone. Takes strings, booleans and
    integers. Null is missing, and so is a blank string; a value that is not a category is unseen. A column without any value has no
    categories: `one_hot` drops it, `ordinal` treats all of it as missing or unseen.

    Errors: a column with more categories than `most`; a value that the policy `error` refuses; a new column whose name is
    taken.

    >>> print(Encode("colour", min_frequency=0.01))
    encode(columns='colour', min_frequency=0.01)
    """

    name = "encode"
    parts = frozenset({"features"})
    makes_columns = True

    with_: Literal["one_hot", "ordinal"] = "one_hot"
    """How categories are written: a 0/1 column for each, or one whole number."""
    unseen: Literal["zeros", "slot", "null", "error", -1] | None = None
    """What a value becomes that is not a category. `one_hot`: `zeros`; `slot`, a column `{column}_other`; `error`. `ordinal`: -1; `null`;
    `slot`, the number after the last category's; `error`. Default: `slot` where rare categories are left out, else `zeros` or -1."""
    missing: Literal["zeros", "slot", "null", "error", -1] | None = None
    """What a missing value becomes. As for `unseen`; the slot is a column `{column}_missing`, or the last number. Default: `zeros`
    or `null`."""
    max_categories: int | None = None
    """The most frequent categories that are kept; the others count as unseen."""
    min_frequency: int | float | None = None
    """How often a category must occur to be kept: a number of rows, or (below 1) a share of the rows that have a value."""
    order: Literal["frequency", "value"] = "frequency"
    """The order of the categories: the most frequent first, or by value."""
    categories: tuple[str | int | bool, ...] = ()
    """The categories, in order; then nothing is learned."""
    drop: Literal["first", "binary"] | None = None
    """Leaves out the first category's 0/1 column: of every column, or of those with two categories."""
    most: int | None = None
    """The largest number of categories that is allowed. Default: 1,000 for `one_hot`, 500,000 for `ordinal`."""

    def __post_init__(self) -> None:
        RequestError.reject([*self._mistakes(), *self.encoder.mistakes()])

    def _mistakes(self) -> Iterator[Mistake]:
        given = {f.name for f in fields(self) if getattr(self, f.name) != f.default} - {"columns", "into", "with_"}
        for name in sorted(given.difference(self.encoder.takes)):
            those = listed(k for k, encoder in ENCODERS.items() if name in encoder.takes)
            yield Mistake(f"encode: `{name}` is for {those}, not for {self.with_}", code="bad-policy")
        if self.most is not None and not 1 <= self.most < 1_000_000:
            yield Mistake("encode: `most` must be from 1 to 999,999", code="bad-value")

    @cached_property
    def encoder(self) -> Encoder:
        """The way in which categories are written."""
        return ENCODERS[self.with_](self)

    def needs(self, column: Column) -> Mapping[str, Question]:
        return self.encoder.needs(column)

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        return self.encoder.learn(column, **measured)

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return self.encoder.change(column, **learned)

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return self.encoder.counted(column, **learned)

    def accepts(self, column: Column) -> str:
        return self.encoder.accepts(column)

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return None if column is None else self.encoder.state(column)

    @property
    def keeps_values(self) -> bool:
        return self.encoder.keeps_values
