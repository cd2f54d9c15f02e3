"""Columns: which values are missing or invalid, and what the values look like, in the data as read and in each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from tilth.report.blocks import Block, Cell, Fold, Section, Table, Words, code, shown, table
from tilth.report.charts import number, percent, shares
from tilth.report.report import Finding, FindingKind, Report
from tilth.report.sections import given

MOST = 60  # columns shown at once; the others are behind a fold
SHAPE = {
    "minimum": "smallest",
    "p25": "a quarter below",
    "median": "half below",
    "p75": "three quarters below",
    "maximum": "largest",
    "mean": "mean",
    "deviation": "standard deviation",
}
GONE = "Where a cell is blank the part has no such column: preparation left it out or made other columns of it."
At: TypeAlias = Mapping[tuple[str, str], Finding]  # by column and part


def columns(report: Report) -> Section | None:
    """The columns of the first part, with what is missing in the others; then what values look like, and the columns that were made."""
    found = report.of(FindingKind.COLUMN)
    if not found:
        return None
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(name_of(f), f.part): f for f in found}
    read = [name_of(f) for f in found if f.part == parts[0]]
    blocks = [*_gaps(read, parts, at), *_looks(parts, at)]
    made = [name for name in dict.fromkeys(name_of(f) for f in found) if name not in set(read)]
    if made:
        blocks.append(Fold(f"{given.counted(len(made), 'column')} made by preparation", (_made(made, parts[1:], at),)))
    return Section("columns", "Columns", tuple(blocks))


def name_of(finding: Finding) -> str:
    """The column that the finding is of."""
    return ", ".join(finding.subject) or finding.name


def states(finding: Finding) -> tuple[float, float, float] | None:
    """Valid, missing and invalid cells; nothing where they were not counted."""
    found = [given.figure(finding, key) for key in ("valid", "missing", "invalid")]
    if found[0] is None or found[1] is None:
        return None
    valid, missing, invalid = (max(n or 0.0, 0.0) for n in found)
    return valid, missing, invalid


def lacking(finding: Finding | None) -> float:
    """How many cells are missing or invalid."""
    found = states(finding) if finding else None
    return found[1] + found[2] if found else 0.0


# ── what is missing ──


def _gaps(read: Sequence[str], parts: list[str], at: At) -> list[Block]:
    first = parts[0]
    gaps = [name for name in read if lacking(at[name, first])]
    blocks: list[Block] = [Words(_lead(len(read), len(gaps), first))]
    kept = read if len(read) <= MOST else sorted(gaps or read, key=lambda name: -lacking(at[name, first]))[:MOST]
    blocks.append(_states("Values of each column", kept, parts, at))
    rest = [name for name in read if name not in set(kept)]
    if any((name, part) not in at for name in kept for part in parts[1:]):
        blocks.append(Words(GONE))
    if rest:
        blocks.append(Fold(f"{given.counted(len(rest), 'more column')}, with fewer gaps", (_states("More columns", rest, parts, at),)))
    return blocks


def _lead(count: int, gaps: int, part: str) -> str:
    where = f" of {code(part)}" if part else ""
    if not gaps:
        return f"No value is missing or invalid in the {given.counted(count, 'column')}{where}."
    return f"{number(gaps)} of the {given.counted(count, 'column')}{where} {'has' if gaps == 1 else 'have'} missing or invalid values."


def _states(caption: str, names: Iterable[str], parts: list[str], at: At) -> Table:
    first, later = parts[0], parts[1:]
    here = f" in {first}" if later and first else ""
    heads = ("column", "type", f"values{here}", f"missing{here}", f"invalid{here}", *(f"missing in {p}" for p in later), "distinct")
    rows = []
    for name in names:
        f = at[name, first]
        missing = (_cells(at.get((name, p)), 1) for p in parts)
        kind = given.words(f, "kind")
        rows.append((code(name), kind, _bar(f), next(missing), _cells(f, 2), *missing, _distinct(f)))
    return table(caption, heads, rows, numbers=heads[3:], brief=25)


def _bar(finding: Finding) -> Cell:
    found, name = states(finding), f"{name_of(finding)} {finding.part}".strip()
    return Cell(chart=shares(name, *found, key=f"column {name}")) if found else Cell()


def _cells(finding: Finding | None, state: int) -> str:
    """The cells in a state, and their share; nothing for a column that the part does not have."""
    found = states(finding) if finding else None
    if not found:
        return ""
    return f"{number(found[state])} ({percent(found[state] / sum(found))})" if found[state] else "0"


def _distinct(finding: Finding) -> str:
    found = given.figure(finding, "distinct")
    about = "about " if finding.details.get("distinct_exact") is False else ""
    return "" if found is None else f"{about}{number(found)}"


def _made(names: Sequence[str], parts: list[str], at: At) -> Table:
    there = [p for p in parts if any((name, p) in at for name in names)]
    heads = ("column", *(f"missing in {p}" for p in there))
    return table("Columns made by preparation", heads, [(code(n), *(_cells(at.get((n, p)), 1) for p in there)) for n in names], heads[1:])


# ── what values look like ──


def _looks(parts: list[str], at: At) -> list[Block]:
    """Numbers, texts and dates of every part, behind folds."""
    blocks: list[Block] = []
    for title, made in (("What the numbers look like", _numbers), ("Frequent values", _frequent)):
        tables = [t for p in parts if (t := made(p, [f for (_, part), f in at.items() if part == p][: 2 * MOST]))]
        if tables:
            blocks.append(Fold(title, tuple(tables)))
    return blocks


def _numbers(part: str, found: Sequence[Finding]) -> Table | None:
    rows = [(code(name_of(f)), *(_value(f.details.get(key)) for key in SHAPE)) for f in found if any(key in f.details for key in SHAPE)]
    heads = ("column", *SHAPE.values())
    return table(f"Numbers{_of(part)}", heads, rows, heads[1:]) if rows else None


def _frequent(part: str, found: Sequence[Finding]) -> Table | None:
    rows = []
    for f in found:
        pairs = [pair for pair in given.listed(f, "top") if isinstance(pair, list | tuple) and len(pair) == 2]
        if pairs:
            told = [f"{code(shown(value, 40))} {number(given.as_number(n))}" for value, n in pairs[:10]]
            rows.append((code(name_of(f)), ", ".join(told)))
    return table(f"Frequent values{_of(part)}", ("column", "values and their rows"), rows) if rows else None


def _of(part: str) -> str:
    return f" of {code(part)}" if part else ""


def _value(value: Any) -> str:
    found = given.as_number(value)
    return number(found) if found is not None else "" if value is None else code(shown(value, 40))
