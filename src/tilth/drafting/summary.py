"""What an inspection finds out about each column, and about the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tilth.data import Column, Kind, Roles
from tilth.data.names import TIME_UNITS, names_code, names_duration, names_event, names_id, names_text, names_time_of_row, snake
from tilth.engine.user_sql.writing import identifier, literal
from tilth.flow.order import UNKNOWN, RowOrder
from tilth.steps.clean.parse import Parse

if TYPE_CHECKING:
    from tilth.drafting.reading import ReadOptions

FEW, MANY = 20, 50  # distinct values: up to FEW for a label or a code, up to MANY for one-hot encoding
WORDS = 3  # of a text on average
NEARLY_ALL, HALF, NEARLY_NONE = 0.9, 0.5, 0.05
LONGEST_KEY = 40  # characters; a longer string describes its row
UNBALANCED = 0.4  # share of the rarest value, relative to equal shares
TRAIN = 0.8  # share of the training part
LARGEST_WHOLE = 2**53  # beyond it, a float may stand for other integers, too
FEWEST = 5  # rows; a fifth of them is one row


@dataclass(frozen=True)
class TotalRow:
    """A last row of totals: the column with a word such as *Total*, that word, which no other row has, and what else supports it."""

    column: str
    value: str
    evidence: str

    @property
    def others(self) -> str:
        """The condition, in SQL, that holds for all other rows."""
        return f"{identifier(self.column)} IS DISTINCT FROM {literal(self.value)}"


@dataclass(frozen=True)
class Disguise:
    """What the strings of a column encode: in words, as a kind, and as `options`, the parameters of the step `parse` that reads them.

    Without `options` no step reads them, except lists of categories, which have a `separator`. `form` is the pattern of values that can
    be read. `doubt` is another possible meaning. `exceptions` counts the values that have another form.
    """

    says: str
    kind: Kind = Kind.STRING
    options: tuple[tuple[str, Any], ...] = ()
    form: str = ""
    doubt: str = ""
    exceptions: int = 0
    separator: str = ""

    def parse(self, column: str) -> Parse:
        """The step that reads them."""
        return Parse(column, **{"as_" if name == "as" else name: value for name, value in self.options})


@dataclass(frozen=True, eq=False)  # compared by identity: among thousands of columns their values would take seconds
class ColumnSummary:
    """One column: counts of its values, and reasons to doubt it.

    `infinite` counts infinite numbers, `blank` the missing values that are blank strings; `exact` says whether `distinct` is exact; `top`
    are all values with their row counts if there are few; `shortest` and `longest` are lengths of strings; `quantiles` and `words`, the
    mean number of words, are from the first rows. `private` says why the column looks private, `leakage` why it may leak the label.
    `placeholder` is a number that may mean "not known", `spellings` are several spellings of one string, `disguise` is what the values
    encode. `ambiguous`: names of persons or of things. `duplicate_of` is an earlier column with the same information. `untrainable`: it has
    no value in the training part of the split. `numbers_rows`: its strings are consecutive integers. `reads_as` is the DQDL type that
    all of its strings can be read as, if that was examined.
    """

    column: Column
    rows: int
    missing: int
    distinct: int
    exact: bool = True
    infinite: int = 0
    blank: int = 0
    top: tuple[tuple[Any, int], ...] = ()
    low: Any = None
    high: Any = None
    shortest: int = 0
    longest: int = 0
    quantiles: tuple[float, ...] = ()
    words: float = 0
    private: str = ""
    placeholder: int | None = None
    spellings: tuple[str, ...] = ()
    disguise: Disguise | None = None
    leakage: str = ""
    ambiguous: bool = False
    duplicate_of: str = ""
    untrainable: bool = False
    numbers_rows: bool = False
    reads_as: str = ""

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def kind(self) -> Kind:
        """The column's kind as it was read."""
        return self.column.kind

    @property
    def meant(self) -> Kind:
        """The kind of the values that it encodes."""
        return self.disguise.kind if self.disguise else self.kind

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
        """Whether it numbers the rows consecutively. Years may do so too."""
        if self.kind is not Kind.INTEGER:
            return self.numbers_rows
        return self.unique and bool(self.high - self.low == self.rows - 1) and snake(self.name) not in TIME_UNITS

    @property
    def near_unique(self) -> bool:
        """Whether nearly every row has a different value, and the values could identify rows.

        A measured number is often distinct in every row and still a good feature.
        """
        identifying = (self.kind is Kind.STRING and self.longest <= LONGEST_KEY) or (self.kind is Kind.INTEGER and names_id(self.name))
        return identifying and self.disguise is None and self.present > FEW and self.distinct > NEARLY_ALL * self.present

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
    def whole(self) -> bool:
        """Whether its numbers are integers. So are floats that are few: a column of integers with gaps is often written as floats."""
        if self.kind is not Kind.FLOAT:
            return self.kind is Kind.INTEGER
        return bool(self.top) and all(v.is_integer() and abs(v) < LARGEST_WHOLE for v, _ in self.top)

    @property
    def nested(self) -> bool:
        """Whether its strings are nested values, which no step reads."""
        return self.disguise is not None and not (self.disguise.options or self.separator)

    @property
    def separator(self) -> str:
        """The separator of the categories that its strings list, if any."""
        return self.disguise.separator if self.disguise else ""

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers to calculate with."""
        return self.meant.numeric and not self.coded

    @property
    def binary(self) -> bool:
        """Whether it is a feature without encoding or scaling: booleans, and the numbers 0 and 1."""
        return self.meant is Kind.BOOLEAN or (self.kind.numeric and self.distinct == 2 and (self.low, self.high) == (0, 1))

    @property
    def free_text(self) -> bool:
        """Whether it holds sentences that rarely repeat and have no common form: names and addresses have fewer words."""
        varied = self.distinct > MANY and self.distinct > 0.2 * self.present and not self.near_unique and self.words >= WORDS
        named = names_text(self.name) and self.distinct > 2 and self.words > 1 + HALF
        return self.kind is Kind.STRING and (varied or named) and self.disguise is None

    @property
    def foreign_id(self) -> bool:
        """Whether it is named like an id but repeats, such as a customer in a table of orders."""
        return names_id(self.name) and FEW < self.distinct <= NEARLY_ALL * self.present

    @property
    def spreads(self) -> bool:
        """Whether a cut after the first four fifths of the rows, in the order of its values, leaves some for testing.

        Where its values are many and are not counted, it does.
        """
        below = 0
        for value, n in sorted(self.top):
            below += n
            if below >= TRAIN * self.present:
                return bool(value != self.high)
        return self.distinct > 1


COUNTED = frozenset(k for k in Kind if k.numeric or k.temporal or k.categorical or k in (Kind.TIME, Kind.NULL))


@dataclass(frozen=True)
class TableSummary:
    """What an inspection finds out about a table.

    `times` are integer columns that give the time, such as year and month. `because` says why the label was chosen; without a label,
    `candidates` are columns that may be one, with the reason. `sampled` is the number of rows that were inspected one by one; `order` is
    the meaning of the order of rows. `total` is a last row that sums up the others. Only `as_read`, the columns as the rules see them,
    includes that row.
    """

    seen: tuple[ColumnSummary, ...]
    roles: Roles
    rows: int
    reading: ReadOptions
    nulls: tuple[str, ...] = ()
    copies: int = 0
    times: tuple[str, ...] = ()
    label_counts: Mapping[Any, int] = field(default_factory=dict)
    because: str = ""
    candidates: Mapping[str, str] = field(default_factory=dict)
    sampled: int = 0
    order: RowOrder = UNKNOWN
    total: TotalRow | None = None
    as_read: tuple[ColumnSummary, ...] = ()

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
    def written_time(self) -> ColumnSummary | None:
        """The column of days or times in strings to split rows by, if there is no other time."""
        fit = (
            s for s in self.seen if s.disguise and s.meant.temporal and s.full and not s.private and s.spreads and names_time_of_row(s.name)
        )
        return None if self.roles.time else next((s for s in fit if s.name != self.roles.label), None)

    @property
    def by_time(self) -> bool:
        """Whether rows are split by time."""
        return bool(self.roles.time or self.times or self.written_time)

    @property
    def divisible(self) -> bool:
        """Whether rows differ enough for a random split, which keeps equal rows together."""
        if self.roles.id or self.by_time:
            return self.rows >= FEWEST
        return math.prod(max(s.distinct, 1) for s in self.seen if s.kind in COUNTED) >= FEW

    @property
    def groups(self) -> list[ColumnSummary]:
        """The columns that can group rows."""
        return [s for s in self.seen if s.foreign_id and s.name not in self.roles.id]

    def waits(self, s: ColumnSummary) -> bool:
        """Whether a column may be the time until the event that the label stands for."""
        return bool(self.roles.label) and names_event(self.roles.label or "") and names_duration(s.name) and s.meant.numeric

    @property
    def has_bias(self) -> bool:
        """Whether bias can be measured: there are a favourable label and a facet."""
        return bool(self.roles.label and self.roles.positive and self.roles.facet)
