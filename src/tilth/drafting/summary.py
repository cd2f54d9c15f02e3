"""What an inspection finds out about each column, and about the table."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tilth.data import Column, Kind, Roles
from tilth.drafting.names import names_code, names_id
from tilth.drafting.patterns import MONTHS, NUMBERS
from tilth.drafting.reading import ReadOptions

FEW, MANY = 20, 50  # distinct values: up to FEW for a label or a code; above MANY an encoding is limited
NEARLY_ALL, NEARLY_NONE = 0.9, 0.05
LONGEST_KEY = 40  # characters; a longer string describes its row
UNBALANCED = 0.4  # share of the rarest value, relative to equal shares


@dataclass(frozen=True)
class ColumnSummary:
    """One column: counts of its profile, and reasons to doubt it.

    `infinite` counts infinite numbers; `exact` says whether `distinct` is exact; `private` says why it looks private, `leakage` why it may
    leak the label. `placeholder` is a number that may mean "not known", `spellings` are several spellings of one string. `written` is the
    pattern (`patterns.WRITTEN`) of strings that encode something else, and `exceptions` counts the strings that do not match it.
    `ambiguous`: names of persons or of things. `duplicate_of` is an earlier column with the same information. `untrainable`: it has no
    value in the training part of the proposed split.
    """

    column: Column
    rows: int
    missing: int
    distinct: int
    exact: bool = True
    infinite: int = 0
    top: tuple[tuple[Any, int], ...] = ()
    low: Any = None
    high: Any = None
    longest: int = 0
    private: str = ""
    placeholder: int | None = None
    spellings: tuple[str, ...] = ()
    written: str = ""
    exceptions: int = 0
    leakage: str = ""
    ambiguous: bool = False
    duplicate_of: str = ""
    untrainable: bool = False

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def kind(self) -> Kind:
        """The column's kind."""
        return self.column.kind

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def full(self) -> bool:
        """Whether no value is missing."""
        return not self.missing

    @property
    def unique(self) -> bool:
        """Whether every row has a different value."""
        return self.full and self.exact and self.distinct == self.rows > 1

    @property
    def counts_up(self) -> bool:
        """Whether it numbers the rows consecutively."""
        return self.kind is Kind.INTEGER and self.unique and self.high - self.low == self.rows - 1

    @property
    def near_unique(self) -> bool:
        """Whether nearly every row has a different value, in a column whose values could identify rows.

        A measured number is often different in every row, and a good feature.
        """
        identifying = (self.kind is Kind.STRING and self.longest <= LONGEST_KEY) or (self.kind is Kind.INTEGER and names_id(self.name))
        return identifying and self.present > FEW and self.distinct > NEARLY_ALL * self.present

    @property
    def constant(self) -> bool:
        """Whether there is at most one distinct value, of a kind that is counted."""
        return self.rows > 0 and self.kind in COUNTED and self.distinct <= 1

    @property
    def nearly_empty(self) -> bool:
        """Whether hardly any row has a value."""
        return 0 < self.present < NEARLY_NONE * self.rows

    @property
    def coded(self) -> bool:
        """Whether it holds integer codes, by its name."""
        return self.kind is Kind.INTEGER and names_code(self.name)

    @property
    def numeric(self) -> bool:
        """Whether it holds numeric features, possibly read as strings."""
        return (self.kind.numeric and not self.coded) or self.written == NUMBERS

    @property
    def free_text(self) -> bool:
        """Whether it holds strings that rarely repeat and have no common pattern."""
        varied = self.distinct > MANY and self.distinct > 0.2 * self.present
        return self.kind is Kind.STRING and varied and not self.near_unique and not self.written

    @property
    def foreign_id(self) -> bool:
        """Whether it is named like an id but repeats, such as a customer in a table of orders."""
        return names_id(self.name) and FEW < self.distinct <= NEARLY_ALL * self.present


COUNTED = frozenset(k for k in Kind if k.numeric or k.temporal or k.categorical or k in (Kind.TIME, Kind.NULL))


@dataclass(frozen=True)
class TableSummary:
    """What an inspection finds out about a table. `times` are integer columns that give the time, such as year and month."""

    seen: tuple[ColumnSummary, ...]
    roles: Roles
    rows: int
    reading: ReadOptions = field(default_factory=lambda: ReadOptions({}))
    nulls: tuple[str, ...] = ()
    copies: int = 0
    times: tuple[str, ...] = ()
    label_counts: Mapping[Any, int] = field(default_factory=dict)

    def of(self, name: str) -> ColumnSummary:
        """The summary of a column."""
        return next(s for s in self.seen if s.name == name)

    @property
    def key(self) -> ColumnSummary | None:
        """The id column."""
        return self.of(self.roles.id[0]) if self.roles.id else None

    @property
    def unbalanced(self) -> bool:
        """Whether the rarest label value has far fewer rows than an equal share."""
        counts = self.label_counts.values()
        return len(counts) > 1 and min(counts) * len(counts) < UNBALANCED * sum(counts)

    @property
    def month(self) -> ColumnSummary | None:
        """The column of months to split rows by, if there is no other time."""
        fit = (s for s in self.seen if s.written == MONTHS and s.full and not s.constant and re.fullmatch(r"[\w .-]+", s.name))
        return None if self.roles.time or self.times else next(fit, None)

    @property
    def divisible(self) -> bool:
        """Whether rows differ enough for a random split, which keeps equal rows together."""
        return bool(self.roles.id) or math.prod(max(s.distinct, 1) for s in self.seen if s.kind in COUNTED) >= FEW

    @property
    def groups(self) -> list[ColumnSummary]:
        """The columns by which rows can be grouped."""
        return [s for s in self.seen if s.foreign_id and s.name not in self.roles.id]

    @property
    def has_bias(self) -> bool:
        """Whether bias can be measured: there are a favourable label and a facet."""
        return bool(self.roles.label and self.roles.positive and self.roles.facet)
