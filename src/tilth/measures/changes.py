"""Changes from earlier findings of another table, a report, or a fitted flow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilth.report import Finding, Payload
from tilth.report.blocks import Block, Fold, Section, Table, code, counted, exact, table
from tilth.report.charts import number
from tilth.report.sections import ReportSection


@dataclass(frozen=True)
class Change(Payload):
    """A number `before` and `now`; `of` is the kind of the compared findings."""

    KIND: ClassVar[str] = "change"
    of: str = ""
    before: float = 0.0
    now: float = 0.0


def changes(now: Iterable[Finding], before: Iterable[Finding]) -> list[Finding[Change]]:
    """The differences, now minus before, of the numbers in both: the findings' values, and the `compared` numbers of their payloads.

    Findings are matched by kind, name, columns and group; numbers that one of them lacks are omitted.
    """
    earlier = {_key(f): _numbers(f) for f in before}
    found = []
    for f in now:
        known = earlier.get(_key(f), {})
        for what, value in _numbers(f).items():
            if what in known:
                name = " ".join((f.name, what)).strip() if f.named else what or "value"
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
    """The numbers that differ, by relative difference; the others are folded. Equal counts of rows are shown once, not per column."""
    once = {("rows", f.part, f.payload.before, f.payload.now) if _is_rows(f) else k: f for k, f in enumerate(found)}
    kept = list(once.values())
    differ = sorted((f for f in kept if f.number), key=_relative, reverse=True)
    same = [f for f in kept if not f.number]
    lead = f"{number(len(differ))} of {counted(len(kept), 'number')} {'differs' if len(differ) == 1 else 'differ'}."
    blocks: list[Block] = [_table("Changes against what was measured before", differ)] if differ else []
    if same:
        title = f"{counted(len(same), 'number')} without a change"
        blocks.append(Fold(title, (_table(title, same),)))
    return Section("changes", "Changes", tuple(blocks), lead=lead)


def _relative(f: Finding[Change]) -> float:
    return abs(f.number or 0.0) / (max(abs(f.payload.before), abs(f.payload.now)) or 1.0)


def _is_rows(f: Finding[Change]) -> bool:
    return f.name == "rows" and f.payload.of == "column"


def _table(title: str, found: Sequence[Finding[Change]]) -> Table:
    rows = [
        (
            f.name,
            "" if _is_rows(f) or not f.subject else code(f.columns),
            code(f.group) if f.group else "",
            exact(f.payload.before),
            exact(f.payload.now),
            exact(f.number),
        )
        for f in found
    ]
    heads = ("number", "columns", "group", "before", "now", "difference")
    return table(title, heads, rows, heads[3:], brief=25)


CHANGES = ReportSection(Change, changed)
