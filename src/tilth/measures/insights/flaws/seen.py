"""The measurements that flaws are found in, the definition of a flaw, and its cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

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

Severity: TypeAlias = Literal["high", "medium", "low", "none"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
RARE = 10  # a class with fewer rows is rare
LONG = 40  # strings with a greater mean length are texts
LIKELY = 5  # one of this many values must be a day


@dataclass(frozen=True)
class Insight(Payload):
    """A flaw of the data; the finding's name is its code, its columns are the affected ones, its value is the measured number.

    `severity`: high (mend it first), medium (it affects the model), low (nice to mend). `line` is the remedy, `place` its place in a flow
    file: `data`, `roles` within it, `check`, `rows`, `features` or `training`; without a line there is no remedy. A finding with the
    severity none means that a table was inspected and has no flaw.
    """

    KIND: ClassVar[str] = "insight"
    severity: Severity = "low"
    place: str = ""
    line: str = ""


@dataclass(frozen=True)
class Case:
    """Columns that may have a flaw: its size (`value`), words for the message, and the remedy if it depends on the case."""

    columns: tuple[str, ...]
    value: float = 1.0
    words: Mapping[str, str] = field(default_factory=dict)
    remedy: Remedy | None = None


@dataclass(frozen=True)
class Seen:
    """All measurements that the table of flaws uses. `powers` maps columns, `values` are the label's values in the sample, `sampled` is
    the size of the sample unless it has all rows, `balance` has the label's classes in all rows, if there are few."""

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
        """Columns of strings that are days or times, with their formats. The first few values decide whether a column is inspected."""
        texts = {name: f.names[:LOOKED_AT] for name, f in self.features.items() if f.names and name in self.others}
        likely = {name: of for name, of in texts.items() if any(day_formats_of(v) for v in of[:LIKELY])}
        found = {name: day_formats({v: day_formats_of(v) for v in of}) for name, of in likely.items()}
        return {name: formats for name, formats in found.items() if formats}

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """The sorted label, if it is a number to predict; else None."""
        if self.target is None or self.target.is_class or self.values is None or not len(self.values.numbers):
            return None
        return self.values.numbers

    def said(self, name: str, value: Any) -> str:
        """A value of a column for a message, masked if it is private."""
        return shown(mask(value) if name in self.roles.private else value, 40)

    def counted(self, n: int) -> str:
        """A number of rows in words, with the size of the sample if there is one."""
        return counted(n, "row") + (f" of a sample of {number(self.sampled)}" if self.sampled else "")

    def may_show(self, name: str) -> bool:
        """Whether a remedy may contain values of a column."""
        return name not in self.roles.private

    def power(self, name: str) -> float:
        """A column's power; 0 if unknown."""
        return (self.powers[name].number or 0.0) if name in self.powers else 0.0


@dataclass(frozen=True)
class Flaw:
    """A row of the table. Cases with a value above `over` have the flaw; `says` is the message, with placeholders for the case's words.

    `together`: whether all columns share one finding. Of rows with the same code, the first that applies to a column counts.
    """

    code: str
    severity: Severity
    cases: Callable[[Seen], Iterable[Case]]
    says: str
    remedy: Callable[[Seen, Case], Remedy]
    over: float = 0.0
    together: bool = False


def drop(seen: Seen, case: Case) -> Remedy:
    """The remedy that drops the columns."""
    return dropped(case.columns)


def own(seen: Seen, case: Case) -> Remedy:
    """The remedy of the case."""
    return case.remedy or NOTHING


def none(seen: Seen, case: Case) -> Remedy:
    """No remedy."""
    return NOTHING


def is_unique(c: ColumnProfile) -> bool:
    """Whether a column certainly has a different value in every row."""
    return bool(c.distinct_exact) and c.distinct == c.valid == c.rows > RARE


def is_long(c: ColumnProfile) -> bool:
    """Whether the strings of a column are texts."""
    return c.lengths.get("mean", 0) > LONG
