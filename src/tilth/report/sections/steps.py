"""Steps: what each of them learned and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.report.blocks import Block, Cell, Fold, Section, Words, code, shown, table
from tilth.report.charts import number
from tilth.report.report import Finding, FindingKind, Report
from tilth.report.sections import given

PLACES = {
    "rows": "the whole table",
    "split": "the split",
    "features": "every row",
    "training": "training rows only",
}
LEARNED = "What changes every row was learned on the training part alone, so the other parts stay a fair test."
MOST_COLUMNS, MOST_VALUES = 60, 12


def steps(report: Report) -> Section | None:
    """All steps in one table, then one fold for each that has more to tell."""
    found = report.of(FindingKind.STEP)
    if not found:
        return None
    blocks: list[Block] = [Words(LEARNED)] if any(f.part == "features" for f in found) else []
    blocks.append(_overview(found))
    for k, f in enumerate(found, 1):
        more = [block for block in (_changed(f), _learned(f)) if block]
        if more:
            blocks.append(Fold(f"{k}. {code(text_of(f), 200)}", tuple(more)))
    return Section("steps", "What preparation did", tuple(blocks))


def text_of(finding: Finding) -> str:
    """The step as it was asked for."""
    return given.words(finding, "step") or finding.name


def changes(finding: Finding) -> dict[str, dict[str, int]]:
    """Column → reason → cells changed."""
    found = given.mapping(finding, "cells_changed")
    return {
        c: {str(r): int(n) for r, v in reasons.items() if (n := given.as_number(v)) and n == n}
        for c, reasons in found.items()
        if isinstance(reasons, Mapping)
    }


def by_reason(finding: Finding) -> dict[str, int]:
    """Reason → cells changed, over all columns; the largest first."""
    total: dict[str, int] = {}
    for reasons in changes(finding).values():
        for reason, n in reasons.items():
            total[reason] = total.get(reason, 0) + n
    return dict(sorted(total.items(), key=lambda known: -known[1]))


def _overview(found: Sequence[Finding]) -> Block:
    heads = ("", "step", "changes", "rows before", "rows after", "cells changed")
    rows = [
        (str(k), code(text_of(f), 200), PLACES.get(f.part, f.part), _rows(f, "rows_in"), _rows(f, "rows_out"), _reasons(f))
        for k, f in enumerate(found, 1)
    ]
    return table("The steps in their order", heads, rows, ("rows before", "rows after"))


def _rows(finding: Finding, key: str) -> str:
    n = given.figure(finding, key)
    return "" if n is None else number(n)


def _reasons(finding: Finding) -> str:
    if given.mapping(finding, "cells_changed") and not by_reason(finding):
        return "none"
    return "; ".join(f"{reason}: {number(n)}" for reason, n in by_reason(finding).items())


def _changed(finding: Finding) -> Block | None:
    found = changes(finding)
    rows = [(code(c), reason, number(n)) for c, reasons in found.items() for reason, n in reasons.items() if n]
    return table("Cells changed", ("column", "reason", "cells"), rows, ["cells"]) if rows else None


def _learned(finding: Finding) -> Block | None:
    """What was learned, a row per column and a column per name; a step of the whole table learns under one name."""
    learned = given.mapping(finding, "learned")
    known = {c: state for c, state in learned.items() if isinstance(state, Mapping) and state}
    if not known:
        return None
    names = list(dict.fromkeys(str(name) for state in known.values() for name in state))
    rows = [
        (code(c) if c else "the table", *(_learned_value(state.get(name)) if name in state else Cell() for name in names))
        for c, state in list(known.items())[:MOST_COLUMNS]
    ]
    told = table("What it learned", ("column", *(n for n in names)), rows)
    if len(known) <= MOST_COLUMNS:
        return told
    return Section("", "", (told, Words(f"… and {given.counted(len(known) - MOST_COLUMNS, 'more column')}.")))


def _learned_value(value: Any) -> Cell:
    found = given.as_number(value)
    if found is not None:
        return Cell(number(found))
    if isinstance(value, list | tuple):
        values = ", ".join(shown(v, 30) for v in value[:MOST_VALUES])
        return Cell(f"{number(len(value))}: {code(values, 400)}" + (" …" if len(value) > MOST_VALUES else ""))
    return Cell(code(shown(value, 200)))
