"""Columns: which values are missing or invalid, and what the numbers look like, in the data as read and in each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tilth.report.blocks import Block, Cell, Fold, Section, Table, Words, code, shown, table
from tilth.report.charts import number, percent, shares
from tilth.report.report import Finding, FindingKind, Report
from tilth.report.sections import given

MOST = 60  # columns shown at once; the others are behind a fold


def columns(report: Report) -> Section | None:
    """The columns of the first part, with the share of missing values in the others; then those that preparation made."""
    found = report.of(FindingKind.COLUMN)
    if not found:
        return None
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(name_of(f), f.part): f for f in found}
    read = list(dict.fromkeys(name_of(f) for f in found if f.part == parts[0]))
    made = [name for name in dict.fromkeys(name_of(f) for f in found) if name not in set(read)]
    lacking = [name for name in read if not whole(at[name, parts[0]])]
    blocks: list[Block] = [Words(_lead(len(read), len(lacking), parts[0]))]
    kept = read if len(read) <= MOST else (lacking[:MOST] or read[:MOST])
    rest = [name for name in read if name not in set(kept)]
    if len(read) > MOST and lacking:
        blocks.append(Words("Those without a gap are below, closed."))
    caption = "Values of each column"
    blocks.append(_states(caption, kept, parts, at))
    if rest:
        blocks.append(Fold(f"{given.counted(len(rest), 'more column')}", (_states("More columns", rest, parts, at),)))
    numeric = [name for name in read if any(given.figure(at[name, parts[0]], key) is not None for key in SHAPE)]
    if numeric:
        blocks.append(Fold("What the numbers look like", (_shape(numeric, parts[0], at),)))
    if made:
        blocks.append(Fold(f"{given.counted(len(made), 'column')} made by preparation", (_made(made, parts, at),)))
    return Section("columns", "Columns", tuple(blocks))


SHAPE = {"minimum": "smallest", "p25": "lower quarter", "median": "middle", "p75": "upper quarter", "maximum": "largest", "mean": "mean"}


def name_of(finding: Finding) -> str:
    """The column that the finding is of."""
    return ", ".join(finding.subject) or finding.name


def states(finding: Finding) -> tuple[float, float, float] | None:
    """Valid, missing and invalid cells; nothing where they were not counted."""
    missing, invalid, valid = (given.figure(finding, key) for key in ("missing", "invalid", "valid"))
    rows = given.figure(finding, "rows")
    if missing is None and valid is None:
        return None
    missing, invalid = missing or 0.0, invalid or 0.0
    valid = (rows or 0.0) - missing - invalid if valid is None else valid
    return max(valid, 0.0), missing, invalid


def whole(finding: Finding) -> bool:
    """Whether no cell is missing or invalid."""
    found = states(finding)
    return found is None or not (found[1] or found[2])


def _lead(count: int, lacking: int, part: str) -> str:
    where = f" of {code(part)}" if part else ""
    if not lacking:
        return f"No value is missing or invalid in the {given.counted(count, 'column')}{where}."
    verb = "has" if lacking == 1 else "have"
    return f"{number(lacking)} of the {given.counted(count, 'column')}{where} {verb} missing or invalid values."


def _states(caption: str, names: Iterable[str], parts: list[str], at: Mapping[tuple[str, str], Finding]) -> Table:
    first, later = parts[0], parts[1:]
    where = f" in {first}" if later and first else ""
    heads = ("column", "type", f"values{where}", "missing", "invalid", "distinct", *(f"missing in {p}" for p in later))
    rows = []
    for name in names:
        f = at[name, first]
        found = states(f)
        cells = (_bar(name, first, found), *_lacking(found), _distinct(f))
        rows.append((code(name), given.words(f, "type") or given.words(f, "kind"), *cells, *(_missing(at.get((name, p))) for p in later)))
    return _without_empty(table(caption, heads, rows, numbers=heads[3:], brief=25))


def _bar(name: str, part: str, found: tuple[float, float, float] | None) -> Cell:
    return Cell(chart=shares(f"{name} {part}".strip(), *found, key=f"column {name} {part}")) if found else Cell()


def _lacking(found: tuple[float, float, float] | None) -> tuple[str, str]:
    total = sum(found) if found else 0.0
    return (_share(found[1], total), _share(found[2], total)) if found else ("", "")


def _share(n: float, total: float) -> str:
    if not n:
        return "–"
    return f"{number(n)} ({percent(n / total)})"


def _missing(finding: Finding | None) -> str:
    if finding is None:
        return "not there"
    return _lacking(states(finding))[0]


def _distinct(finding: Finding) -> str:
    found = given.figure(finding, "distinct")
    return "" if found is None else number(found)


def _without_empty(whole_table: Table) -> Table:
    """The table without the columns that say nothing."""
    kept = [k for k in range(len(whole_table.heads)) if k == 0 or any(r[k].words or r[k].chart for r in whole_table.rows)]
    heads = tuple(whole_table.heads[k] for k in kept)
    return Table(
        whole_table.caption, heads, tuple(tuple(r[k] for k in kept) for r in whole_table.rows), whole_table.numbers, whole_table.brief
    )


def _shape(names: Iterable[str], part: str, at: Mapping[tuple[str, str], Finding]) -> Table:
    rows = [(code(name), *(_figure(at[name, part], key) for key in SHAPE)) for name in names]
    return _without_empty(table("What the numbers look like", ("column", *SHAPE.values()), rows, numbers=SHAPE.values()))


def _figure(finding: Finding, key: str) -> str:
    found = given.figure(finding, key)
    return "" if found is None else number(found)


def _made(names: Iterable[str], parts: list[str], at: Mapping[tuple[str, str], Finding]) -> Table:
    there = [p for p in parts if any((name, p) in at for name in names)]
    heads = ("column", *(f"missing in {p}" for p in there))
    rows = [(code(shown(name)), *(_missing(at.get((name, p))) for p in there)) for name in names]
    return table("Columns made by preparation", heads, rows, numbers=heads[1:])
