"""The section of warnings."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.report.blocks import Advice, Block, Fold, Points, Section, code, counted
from tilth.report.finding import Finding, Warned
from tilth.report.sections import ReportSection

MOST = 5  # shown at once; the others are in a fold


def warnings(findings: Sequence[Finding[Warned]]) -> Section:
    """Each warning once, with its parts."""
    parts_of: dict[tuple[str, str], list[str]] = {}
    for f in findings:
        parts_of.setdefault((f.name, " ".join(f.message.split())), []).append(f.part)
    points = [
        f"{_in(parts)}{message or name}" + (f" ({code(name)})" if message and name else "") for (name, message), parts in parts_of.items()
    ]
    blocks: list[Block] = [Points(tuple(points[:MOST]))]
    if more := tuple(points[MOST:]):
        blocks.append(Fold(f"{counted(len(more), 'more warning')}", (Points(more),)))
    many = counted(len(findings), "warning")
    return Section("warnings", "Warnings", tuple(blocks), advice=(Advice(f"Read the {many}.", 0),), lead=f"{many}.")


def _in(parts: list[str]) -> str:
    named = ", ".join(code(p) for p in dict.fromkeys(parts) if p)
    return f"{named}: " if named else ""


WARNINGS = ReportSection(Warned, warnings)
