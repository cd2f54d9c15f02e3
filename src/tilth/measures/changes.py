"""Changes from earlier findings: of another table, a report, or a fitted flow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilth.report import Finding, Payload
from tilth.report.blocks import Section, code, counted, exact, table
from tilth.report.charts import number
from tilth.report.sections import ReportSection


@dataclass(frozen=True)
class Change(Payload):
    """A number that was `before` and is `now`; `of` is the kind of the compared findings."""

    KIND: ClassVar[str] = "change"
    of: str = ""
    before: float = 0.0
    now: float = 0.0


def changes(now: Iterable[Finding], before: Iterable[Finding]) -> list[Finding[Change]]:
    """The differences, now minus before, of the numbers in both: the findings' values, and what their payloads compare.

    Findings are matched by kind, name, columns and group; numbers that one of them lacks are omitted.
    """
    earlier = {_key(f): _numbers(f) for f in before}
    found = []
    for f in now:
        known = earlier.get(_key(f), {})
        for what, value in _numbers(f).items():
            if what in known:
                name = " ".join((f.name, what)).strip() if f.name not in f.subject else what or "value"
                payload = Change(f.kind, known[what], value)
                found.append(Finding(name, f.subject, value - known[what], part=f.part, group=f.group, payload=payload))
    return found


def _key(finding: Finding) -> tuple[str, str, tuple[str, ...], str, str]:
    return finding.kind, finding.name, finding.subject, finding.group, finding.where


def _numbers(finding: Finding) -> dict[str, float]:
    value = {} if finding.number is None else {finding.payload.VALUE: finding.number}
    return value | {name: n for name, n in finding.payload.compared.items() if n is not None}


# ── the section ──


def changed(found: Sequence[Finding[Change]]) -> Section:
    """A row for each number."""
    rows = [
        (f.name, code(f.columns), code(f.group) if f.group else "", exact(f.payload.before), exact(f.payload.now), exact(f.number))
        for f in found
    ]
    differ = sum(bool(f.number) for f in found)
    lead = f"{number(differ)} of {counted(len(found), 'number')} {'differs' if differ == 1 else 'differ'}."
    heads = ("number", "columns", "group", "before", "now", "difference")
    block = table("Changes against what was measured before", heads, rows, heads[3:], brief=25)
    return Section("changes", "Changes", (block,), lead=lead)


CHANGES = ReportSection(Change, changed)
