"""The section of columns: missing and invalid values, and what the values look like, in each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from tilth.measures.profile import ColumnProfile
from tilth.report.blocks import Advice, Block, Cell, Fold, Section, Table, Words, code, counted, shown, table, value_with_interval
from tilth.report.charts import number, percent, shares
from tilth.report.finding import Finding
from tilth.report.sections import ReportSection

MOST = 60  # columns shown; the others are folded
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
At: TypeAlias = Mapping[tuple[str, str], ColumnProfile]  # by column and part


def columns(found: Sequence[Finding[ColumnProfile]]) -> Section:
    """The columns of the first part, with missing values in the others; then what values look like, and the columns made by preparation."""
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(f.columns, f.part): f.payload for f in found}
    read = list(dict.fromkeys(f.columns for f in found if f.part == parts[0]))
    blocks = [*_gaps(read, parts, at), *_looks(parts, at)]
    made = [name for name in dict.fromkeys(f.columns for f in found) if name not in set(read)]
    if made:
        blocks.append(Fold(f"{counted(len(made), 'column')} made by preparation", (_made(made, parts[1:], at),)))
    return Section("columns", "Columns", tuple(blocks), advice=tuple(_advice(found)))


def _advice(found: Sequence[Finding[ColumnProfile]]) -> list[Advice]:
    """Columns that still have missing values in the training part."""
    gaps = [code(f.columns) for f in found if f.part == "train" and f.payload.missing]
    names = ", ".join(gaps[:3]) + (f" and {number(len(gaps) - 3)} more" if len(gaps) > 3 else "")
    return [Advice(f"Values are still missing in the training part: {names}.", 40)] if gaps else []


# ── what is missing ──


def _gaps(read: Sequence[str], parts: list[str], at: At) -> list[Block]:
    first = parts[0]
    gaps = [name for name in read if at[name, first].lacking]
    blocks: list[Block] = [Words(_lead(len(read), len(gaps), first))]
    kept = read if len(read) <= MOST else sorted(gaps or read, key=lambda name: -at[name, first].lacking)[:MOST]
    blocks.append(_states("Values of each column", kept, parts, at))
    rest = [name for name in read if name not in set(kept)]
    if any((name, part) not in at for name in kept for part in parts[1:]):
        blocks.append(Words(GONE))
    if rest:
        blocks.append(Fold(f"{counted(len(rest), 'more column')}, with fewer gaps", (_states("More columns", rest, parts, at),)))
    return blocks


def _lead(count: int, gaps: int, part: str) -> str:
    where = f" of {code(part)}" if part else ""
    if not gaps:
        return f"No value is missing or invalid in the {counted(count, 'column')}{where}."
    return f"{number(gaps)} of the {counted(count, 'column')}{where} {'has' if gaps == 1 else 'have'} missing or invalid values."


def _states(caption: str, names: Iterable[str], parts: list[str], at: At) -> Table:
    first, later = parts[0], parts[1:]
    here = f" in {first}" if later and first else ""
    heads = ("column", "type", f"values{here}", f"missing{here}", f"invalid{here}", *(f"missing in {p}" for p in later), "distinct")
    rows = []
    for name in names:
        column = at[name, first]
        missing = (_cells(at.get((name, p))) for p in parts)
        bar = Cell(chart=shares(f"{name} {first}".strip(), column.valid, column.missing, column.invalid, key=f"column {name}"))
        rows.append((code(name), column.kind, bar, next(missing), _share(column.invalid, column), *missing, _distinct(column)))
    return table(caption, heads, rows, numbers=heads[3:], brief=25)


def _cells(column: ColumnProfile | None) -> str:
    """The missing values and their share; empty for a column that the part lacks."""
    return _share(column.missing, column) if column else ""


def _share(n: int, column: ColumnProfile) -> str:
    return f"{number(n)} ({percent(n / column.rows if column.rows else None)})" if n else "0"


def _distinct(column: ColumnProfile) -> str:
    about = "about " if column.distinct_exact is False else ""
    return "" if column.distinct is None else f"{about}{number(column.distinct)}"


def _made(names: Sequence[str], parts: list[str], at: At) -> Table:
    there = [p for p in parts if any((name, p) in at for name in names)]
    heads = ("column", *(f"missing in {p}" for p in there))
    return table("Columns made by preparation", heads, [(code(n), *(_cells(at.get((n, p))) for p in there)) for n in names], heads[1:])


# ── what values look like ──


def _looks(parts: list[str], at: At) -> list[Block]:
    """Numbers, strings and dates of every part, folded."""
    blocks: list[Block] = []
    for title, made in (("What the numbers look like", _numbers), ("Frequent values", _frequent)):
        tables = [t for p in parts if (t := made(p, {name: c for (name, part), c in at.items() if part == p}))]
        if tables:
            blocks.append(Fold(title, tuple(tables)))
    return blocks


def _numbers(part: str, columns: Mapping[str, ColumnProfile]) -> Table | None:
    values = {name: [getattr(c, key) for key in SHAPE] for name, c in list(columns.items())[: 2 * MOST]}
    rows = [
        (code(name), *("" if v is None else value_with_interval(v) for v in row))
        for name, row in values.items()
        if row != [None] * len(SHAPE)
    ]
    heads = ("column", *SHAPE.values())
    return table(f"Numbers{_of(part)}", heads, rows, heads[1:]) if rows else None


def _frequent(part: str, columns: Mapping[str, ColumnProfile]) -> Table | None:
    frequent = {
        name: ", ".join(f"{code(shown(v, 40))} {number(n)}" for v, n in c.top[:10])
        for name, c in list(columns.items())[: 2 * MOST]
        if c.top
    }
    rows = [(code(name), values) for name, values in frequent.items()]
    return table(f"Frequent values{_of(part)}", ("column", "values and their rows"), rows) if rows else None


def _of(part: str) -> str:
    return f" of {code(part)}" if part else ""


COLUMNS = ReportSection(ColumnProfile, columns)
