"""What was measured of data, a flaw of it, and the cases in which it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from tilth.data import Roles, mask
from tilth.measures.associations import Associations
from tilth.measures.balance import ClassBalance
from tilth.measures.insights.anomalies import Anomalies
from tilth.measures.insights.collinearity import Collinearity
from tilth.measures.insights.features import Feature, Target
from tilth.measures.insights.power import PredictionPower
from tilth.measures.insights.quick_model import QuickModel
from tilth.measures.insights.remedies import NOTHING, Remedy, dropped
from tilth.measures.insights.repeated import Repeated
from tilth.measures.insights.strings import LOOKED_AT, day_formats, day_formats_of
from tilth.measures.profile import ColumnProfile
from tilth.measures.sampled import Values
from tilth.report import Finding, Payload
from tilth.report.blocks import counted, shown
from tilth.report.charts import number

if TYPE_CHECKING:
    import numpy as np


Severity: TypeAlias = Literal["high", "medium", "low", "none"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
RARE = 10  # rows of a class
LONG = 40  # characters of a string on average from which it is a text
LIKELY = 5  # values of which one must be a day


@dataclass(frozen=True)
class Insight(Payload):
    """A flaw of the data; the finding's name is its code, its columns are those concerned, its value is what was measured.

    `severity`: high (mend it first), medium (it affects the model), low (nice to mend). `line` is what mends it, `place` where in a flow
    file it goes: `data`, `roles` in it, `check`, `rows`, `features` or `training`; without a line no step does. One finding of the severity
    none says that a table was looked at and has no flaw.
    """

    KIND: ClassVar[str] = "insight"
    severity: Severity = "low"
    place: str = ""
    line: str = ""


@dataclass(frozen=True)
class Case:
    """Columns that may have a flaw: how much of it, the words for it, and what mends it there if that depends on the case."""

    columns: tuple[str, ...]
    value: float = 1.0
    words: Mapping[str, str] = field(default_factory=dict)
    remedy: Remedy | None = None


@dataclass(frozen=True)
class Seen:
    """All that was measured, for the conditions of the table. Powers are by column, `values` are those of the label in the sample, of so
    many rows if it is not all of them (`sampled`); `balance` are the label's classes in all rows, where they are few."""

    rows: int
    columns: Mapping[str, ColumnProfile]
    roles: Roles
    features: Mapping[str, Feature]
    powers: Mapping[str, Finding[PredictionPower]]
    associations: Associations | None = None
    repeated: Finding[Repeated] | None = None
    target: Target | None = None
    values: Values | None = None
    sampled: int | None = None
    balance: ClassBalance | None = None
    collinear: Collinearity | None = None
    model: QuickModel | None = None
    anomalies: Finding[Anomalies] | None = None

    @property
    def label(self) -> str:
        """The label's name."""
        return self.roles.label or ""

    @cached_property
    def others(self) -> Mapping[str, ColumnProfile]:
        """The columns that may be features."""
        leave = self.roles.not_features
        return {name: c for name, c in self.columns.items() if name not in leave}

    @cached_property
    def dates(self) -> Mapping[str, Sequence[str]]:
        """Columns of strings that are days or times, with the formats; the first few values decide whether it is worth a closer look."""
        texts = {name: f.names[:LOOKED_AT] for name, f in self.features.items() if f.names and name in self.others}
        likely = {name: of for name, of in texts.items() if any(day_formats_of(v) for v in of[:LIKELY])}
        found = {name: day_formats({v: day_formats_of(v) for v in of}) for name, of in likely.items()}
        return {name: formats for name, formats in found.items() if formats}

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """The label's numbers in order, if it is to be predicted as one."""
        if self.target is None or self.target.is_class or self.values is None or not len(self.values.numbers):
            return None
        return self.values.numbers

    def said(self, name: str, value: Any) -> str:
        """A value of a column in a message, masked where it is private."""
        return shown(mask(value) if name in self.roles.private else value, 40)

    def counted(self, n: int) -> str:
        """A number of rows in words; where it is that of the sample, with its size."""
        return counted(n, "row") + (f" of a sample of {number(self.sampled)}" if self.sampled else "")

    def may_show(self, name: str) -> bool:
        """Whether a line may hold values of a column."""
        return name not in self.roles.private

    def power(self, name: str) -> float:
        """A column's power, 0 where it has none."""
        return (self.powers[name].number or 0.0) if name in self.powers else 0.0


@dataclass(frozen=True)
class Flaw:
    """A row of the table. It is there in the cases whose value is above `over`; `says` has places for the case's words.

    `together`: whether all its columns are one finding. For a column, the first row of a code that holds counts.
    """

    code: str
    severity: Severity
    cases: Callable[[Seen], Iterable[Case]]
    says: str
    remedy: Callable[[Seen, Case], Remedy]
    over: float = 0.0
    together: bool = False


def drop(seen: Seen, case: Case) -> Remedy:
    """The step that leaves the columns out."""
    return dropped(case.columns)


def own(seen: Seen, case: Case) -> Remedy:
    """The remedy that the case brings along."""
    return case.remedy or NOTHING


def none(seen: Seen, case: Case) -> Remedy:
    """No step mends it."""
    return NOTHING


def is_unique(c: ColumnProfile) -> bool:
    """Whether a column is known to have another value in every row."""
    return bool(c.distinct_exact) and c.distinct == c.valid == c.rows > RARE


def is_long(c: ColumnProfile) -> bool:
    """Whether a column holds texts."""
    return c.lengths.get("mean", 0) > LONG
