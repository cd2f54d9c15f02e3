"""What one look gave: of each column, and of the table."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tilth.data import Column, Kind, Roles
from tilth.drafting.disguises import MONTHS, NUMBERS
from tilth.drafting.names import names_code, names_id
from tilth.drafting.reading import Manner

FEW, MANY = 20, 50  # different values: up to FEW a label or a code, above MANY a column is not encoded whole
NEARLY_ALL, NEARLY_NONE = 0.9, 0.05
LONGEST_KEY = 40  # characters; a longer text tells something of its row
UNBALANCED = 0.4  # the share of the rarest value, of what it would have if all had the same


@dataclass(frozen=True)
class Seen:
    """One column: what the profile counted of it, and what gives reason to doubt it.

    `infinite` are its infinite numbers; `exact` tells whether `distinct` is; `private` says why it looks private, `leak` why it may tell
    the label; `code` is a number that may stand for nothing, `spelt` are spellings of one and the same text; `written` says of texts which
    are something else how they are written (`disguises.WRITTEN`), and `strays` are those among them that are not. `ambiguous`: they are
    names, of persons or of things; `twin` is an earlier column that says the same; `late`: all of its
    values are outside the training part of the split that is proposed.
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
    code: int | None = None
    spelt: tuple[str, ...] = ()
    written: str = ""
    strays: int = 0
    leak: str = ""
    ambiguous: bool = False
    twin: str = ""
    late: bool = False

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def kind(self) -> Kind:
        """The column's kind."""
        return self.column.kind

    @property
    def there(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing

    @property
    def full(self) -> bool:
        """Whether no value is missing."""
        return not self.missing

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.full and self.exact and self.distinct == self.rows > 1

    @property
    def counts_up(self) -> bool:
        """Whether it numbers the rows one by one."""
        return self.kind is Kind.INTEGER and self.unique and self.high - self.low == self.rows - 1

    @property
    def near_unique(self) -> bool:
        """Whether nearly every row has a value of its own, in a column whose values could name rows.

        A number that is counted or measured often is different in every row, and a good feature.
        """
        names_rows = (self.kind is Kind.STRING and self.longest <= LONGEST_KEY) or (self.kind is Kind.INTEGER and names_id(self.name))
        return names_rows and self.there > FEW and self.distinct > NEARLY_ALL * self.there

    @property
    def constant(self) -> bool:
        """Whether there is but one value, of values that were counted."""
        return self.rows > 0 and self.kind in COUNTED and self.distinct <= 1

    @property
    def nearly_empty(self) -> bool:
        """Whether hardly a row has a value."""
        return 0 < self.there < NEARLY_NONE * self.rows

    @property
    def coded(self) -> bool:
        """Whether it holds whole numbers that are codes, by its name."""
        return self.kind is Kind.INTEGER and names_code(self.name)

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers to learn from, be they written as texts."""
        return (self.kind.numeric and not self.coded) or self.written == NUMBERS

    @property
    def free_text(self) -> bool:
        """Whether it holds texts that hardly repeat, and are not written in one form."""
        varied = self.distinct > MANY and self.distinct > 0.2 * self.there
        return self.kind is Kind.STRING and varied and not self.near_unique and not self.written

    @property
    def names_others(self) -> bool:
        """Whether it is named like an id and has several rows of each: of a customer, say, in a table of orders."""
        return names_id(self.name) and FEW < self.distinct <= NEARLY_ALL * self.there


COUNTED = frozenset(k for k in Kind if k.numeric or k.temporal or k.categorical or k in (Kind.TIME, Kind.NULL))


@dataclass(frozen=True)
class Look:
    """What one look at a table gave. `times` are whole numbers that tell the time in parts, such as year and month."""

    seen: tuple[Seen, ...]
    roles: Roles
    rows: int
    manner: Manner = field(default_factory=lambda: Manner({}))
    nulls: tuple[str, ...] = ()
    copies: int = 0
    times: tuple[str, ...] = ()
    label_counts: Mapping[Any, int] = field(default_factory=dict)

    def of(self, name: str) -> Seen:
        """What was seen of a column."""
        return next(s for s in self.seen if s.name == name)

    @property
    def key(self) -> Seen | None:
        """The column that tells rows apart."""
        return self.of(self.roles.id[0]) if self.roles.id else None

    @property
    def unbalanced(self) -> bool:
        """Whether the rarest value of the label has far fewer rows than if all had the same."""
        counts = self.label_counts.values()
        return len(counts) > 1 and min(counts) * len(counts) < UNBALANCED * sum(counts)

    @property
    def month(self) -> Seen | None:
        """The column of months by which rows can be split, where there is no other time."""
        fit = (s for s in self.seen if s.written == MONTHS and s.full and not s.constant and re.fullmatch(r"[\w .-]+", s.name))
        return None if self.roles.time or self.times else next(fit, None)

    @property
    def divisible(self) -> bool:
        """Whether rows differ enough to be divided by chance: equal ones stay together."""
        return bool(self.roles.id) or math.prod(max(s.distinct, 1) for s in self.seen if s.kind in COUNTED) >= FEW

    @property
    def groups(self) -> list[Seen]:
        """The columns that name things of which there are several rows."""
        return [s for s in self.seen if s.names_others and s.name not in self.roles.id]

    @property
    def has_bias(self) -> bool:
        """Whether bias can be measured: there is a good outcome, and somebody who may be treated differently."""
        return bool(self.roles.label and self.roles.positive and self.roles.facet)
