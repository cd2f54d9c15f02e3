"""The report: findings, all of one shape, and the facts of the run that left them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from tilth.errors import DataFailure

FORMAT = 1  # the version of the JSON form; a field may be added without a new version, none changes its meaning


class Outcome(StrEnum):
    """A verdict. Error means that it could not be judged, which is not the same as failed."""

    PASSED = "Passed"
    FAILED = "Failed"
    ERROR = "Error"


class FindingKind(StrEnum):
    """What a finding is of. Renderers choose by it."""

    RULE = "rule"  # a verdict
    ANALYZER = "analyzer"  # a number that a ruleset asked for
    METRIC = "metric"  # a number
    BIAS = "bias"  # a number of a facet, with an interval
    BALANCE = "balance"  # rows per value of the label
    COLUMN = "column"  # missing, invalid and valid values of a column
    STEP = "step"  # what a step learned and changed
    SPLIT = "split"  # shares, duplicates and keys across the parts of a split
    WARNING = "warning"  # something that whoever reads the report should know


@dataclass(frozen=True)
class Finding:
    """One thing found: a rule's verdict, a metric's value, what a step changed.

    `part` names the table (`raw`, `train` …), `where` and `group` the rows of it; `low` and `high` bound the value with
    `confidence` (0–1). `details` are the kind's own numbers, ready for JSON; `examples` are rows, private values masked.
    """

    kind: FindingKind
    name: str
    subject: tuple[str, ...] = ()
    value: Any = None
    outcome: Outcome | None = None
    message: str = ""
    part: str = ""
    where: str = ""
    group: str = ""
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)
    examples: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)


@dataclass(frozen=True)
class Pass:
    """One pass over the data: what ran, how long in seconds, its text, and for whom: the rules, a step, a measure of a part."""

    title: str
    seconds: float
    query: str = ""
    purpose: str = ""


@dataclass(frozen=True)
class Facts:
    """The facts of a run. Nothing in a finding depends on them; two runs of the same request differ in them only."""

    source: str = ""
    engine: str = ""
    rows: int | None = None
    started: str = ""  # ISO 8601, UTC
    seconds: float = 0.0
    passes: tuple[Pass, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    fingerprint: str = ""
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def scans(self) -> int:
        """How many passes over the data were made."""
        return len(self.passes)


@dataclass(frozen=True)
class Report:
    """What a verb leaves behind. A value: how it is shown is the renderers' business.

    >>> report = Report("check", (Finding(FindingKind.RULE, "RowCount > 0", outcome=Outcome.PASSED),))
    >>> report.passed, len(report.of(FindingKind.RULE))
    (True, 1)
    """

    title: str
    findings: tuple[Finding, ...] = ()
    facts: Facts = field(default_factory=Facts)

    def of(self, *kinds: FindingKind, part: str | None = None) -> tuple[Finding, ...]:
        """The findings of some kinds, of one part if it is named, in their order."""
        return tuple(f for f in self.findings if f.kind in kinds and (part is None or f.part == part))

    @property
    def parts(self) -> tuple[str, ...]:
        """The tables that findings speak of, in the order in which they come up."""
        return tuple(dict.fromkeys(f.part for f in self.findings if f.part))

    @property
    def passed(self) -> bool:
        """Whether no rule failed or could not be judged."""
        return all(f.outcome is Outcome.PASSED for f in self.of(FindingKind.RULE))

    def raise_for_failures(self) -> None:
        """Raise `DataFailure` with a line per rule that did not pass."""
        lines = [
            f"{f.name}: {f.outcome}" + (f": {f.message}" if f.message else "")
            for f in self.of(FindingKind.RULE)
            if f.outcome is not Outcome.PASSED
        ]
        if lines:
            raise DataFailure(*lines)

    def in_part(self, part: str) -> Report:
        """The same findings, said of one part."""
        return replace(self, findings=tuple(replace(f, part=part) for f in self.findings))

    def _repr_html_(self) -> str:
        from tilth.report.html import embedded

        return embedded(self)


def joined(title: str, reports: Iterable[Report], facts: Facts) -> Report:
    """One report of all the findings."""
    return Report(title, tuple(f for r in reports for f in r.findings), facts)


def jsonable(value: Any) -> Any:
    """A value in JSON's own types: infinities become `"Infinity"` and `"-Infinity"`, what JSON lacks becomes text."""
    match value:
        case None | bool() | int() | str():
            return str(value) if isinstance(value, StrEnum) else value
        case float():
            return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case Mapping():
            return {str(k): jsonable(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [jsonable(v) for v in value]
    return str(value)
