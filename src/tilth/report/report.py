"""Reports: findings and the facts of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, overload

from tilth.errors import DataFailure
from tilth.report.facts import Facts
from tilth.report.finding import Finding, Outcome, Payload

FORMAT = 1  # of the JSON format; fields may be added without a new version, but never change their meaning
K = TypeVar("K", bound=Payload)


@dataclass(frozen=True)
class Report:
    """The result of a verb. Renderers show it.

    >>> report = Report("measure", (Finding("Mean", ("age",), 40.0),))
    >>> report.passed, len(report.of("metric"))
    (True, 1)
    """

    title: str
    findings: tuple[Finding, ...] = ()
    facts: Facts = field(default_factory=Facts)
    _repr_html_: ClassVar[Callable[[Report], str]]  # bound in `tilth.report`: how a notebook shows a report

    @overload
    def of(self, *kinds: type[K], part: str | None = None) -> tuple[Finding[K], ...]: ...
    @overload
    def of(self, *kinds: str, part: str | None = None) -> tuple[Finding[Any], ...]: ...
    def of(self, *kinds: Any, part: str | None = None) -> tuple[Finding[Any], ...]:
        """The findings of some kinds, by name or payload class, in order; only of `part`, if given."""
        names = {k if isinstance(k, str) else k.KIND for k in kinds}
        return tuple(f for f in self.findings if f.kind in names and (part is None or f.part == part))

    @property
    def verdicts(self) -> tuple[Finding, ...]:
        """The findings that are verdicts."""
        return tuple(f for f in self.findings if f.payload.JUDGES)

    @property
    def passed(self) -> bool:
        """Whether every verdict is Passed."""
        return all(f.outcome is Outcome.PASSED for f in self.verdicts)

    @property
    def rows(self) -> int | None:
        """The number of rows of the data as read: a fact, or from the first finding that counted them. None if none did."""
        if self.facts.rows is not None:
            return self.facts.rows
        return next((n for f in self.findings if not f.where and (n := f.payload.row_count) is not None), None)

    def raise_for_failures(self) -> None:
        """Raise `DataFailure` with a line for each rule that did not pass."""
        failed = [f for f in self.verdicts if f.outcome is not Outcome.PASSED]
        if failed:
            raise DataFailure(*(f"{f.name}: {f.outcome}" + (f": {f.message}" if f.message else "") for f in failed))
