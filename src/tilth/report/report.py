"""The report: findings, all of one shape, and the facts of the run that left them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, overload

from tilth.errors import DataFailure
from tilth.report.facts import Facts
from tilth.report.finding import Finding, Outcome, Payload

FORMAT = 1  # the version of the JSON form; a field may be added without a new version, none changes its meaning
K = TypeVar("K", bound=Payload)


@dataclass(frozen=True)
class Report:
    """What a verb leaves behind. A value: how it is shown is up to the renderers.

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
        """The findings of some kinds, named or by the class of their payload, in their order; of one part where `part` is given."""
        names = {k if isinstance(k, str) else k.KIND for k in kinds}
        return tuple(f for f in self.findings if f.kind in names and (part is None or f.part == part))

    @property
    def parts(self) -> tuple[str, ...]:
        """The tables that findings are about, in the order in which they come up."""
        return tuple(dict.fromkeys(f.part for f in self.findings if f.part))

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
        """The rows of the data as read: a fact, or what the first finding says that counted all of them. None where none did."""
        if self.facts.rows is not None:
            return self.facts.rows
        return next((n for f in self.findings if not f.where and (n := f.payload.row_count) is not None), None)

    def raise_for_failures(self) -> None:
        """Raise `DataFailure` with a line for each rule that did not pass."""
        failed = [f for f in self.verdicts if f.outcome is not Outcome.PASSED]
        if failed:
            raise DataFailure(*(f"{f.name}: {f.outcome}" + (f": {f.message}" if f.message else "") for f in failed))


def joined(title: str, reports: Iterable[Report], facts: Facts) -> Report:
    """One report of all the findings."""
    return Report(title, tuple(f for r in reports for f in r.findings), facts)
