"""The section of columns: missing and invalid values, and what the values look like, in each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from tilth.measures.profile import ColumnProfile
from tilth.report.blocks import Advice, Block, Cell, Fold, Points, Section, Table, Words, code, counted, shown, table, value_with_interval
from tilth.report.charts import histogram, number, percent, shares, sparkline
from tilth.report.finding import Finding
from tilth.report.sections import ReportSection

MOST = 60  # columns shown; the others are folded
SHAPE = {
    "minimum": "smallest",
    "p5": "5 %",
    "p25": "25 %",
    "median": "median",
    "p75": "75 %",
    "p95": "95 %",
    "maximum": "largest",
    "mean": "mean",
    "deviation": "standard deviation",
    "skewness": "skewness",
}
FIRST_VALUES = 3  # named beside the chart of frequent values
NEARLY = 0.99  # share of the most frequent value from which a column is nearly constant
FAR = 10  # interquartile ranges above the third quartile from which a maximum is worth a remark
GONE = "Where a cell is blank the part has no such column: preparation left it out or made other columns of it."
At: TypeAlias = Mapping[tuple[str, str], ColumnProfile]  # by column and part


def columns(found: Sequence[Finding[ColumnProfile]]) -> Section:
    """The columns of the first part, with missing values in the others; then what values look like, and the columns made by preparation."""
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(f.columns, f.part): f.payload for f in found}
    read = list(dict.fromkeys(f.columns for f in found if f.part == parts[0]))
    blocks = [*_gaps(read, parts, at), *_remarks(read, parts[0], at), *_looks(parts, at)]
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
    heads = (
        "column",
        "type",
        f"values{here}",
        f"missing{here}",
        f"invalid{here}",
        *(f"missing in {p}" for p in later),
        "distinct",
        "distribution",
    )
    rows = []
    for name in names:
        column = at[name, first]
        missing = (_cells(at.get((name, p))) for p in parts)
        bar = Cell(chart=shares(f"{name} {first}".strip(), column.valid, column.missing, column.invalid, key=f"column {name}"))
        rows.append(
            (
                code(name),
                column.kind,
                bar,
                next(missing),
                _share(column.invalid, column),
                *missing,
                _distinct(column),
                _distribution(name, column),
            )
        )
    return table(caption, heads, rows, numbers=heads[3:-1], brief=25)


def _cells(column: ColumnProfile | None) -> str:
    """The missing values and their share; empty for a column that the part lacks."""
    return _share(column.missing, column) if column else ""


def _share(n: int, column: ColumnProfile) -> str:
    return f"{number(n)} ({percent(n / column.rows if column.rows else None)})" if n else "0"


def _distinct(column: ColumnProfile) -> str:
    about = "about " if column.distinct_exact is False else ""
    return "" if column.distinct is None else f"{about}{number(column.distinct)}"


def _distribution(name: str, column: ColumnProfile) -> Cell | str:
    """The histogram of numbers and times with its ends, or the most frequent values with their shares; both as a small chart, too."""
    if column.histogram is not None:
        h = column.histogram
        low, high = column.minimum if h.below else h.low, column.maximum if h.above else h.high
        beyond = [f"{number(n)} {where} {_end(end)}" for n, where, end in ((h.below, "below", h.low), (h.above, "above", h.high)) if n]
        words = ", ".join([f"{_end(low)} to {_end(high)}", *beyond])
        chart = histogram(name, words, h.counts, h.below, h.above, key=f"histogram {name}")
        return Cell(words, chart=chart, characters=sparkline(h.counts))
    values = column.top or column.frequent
    if not values:
        return ""
    of = column.sampled if not column.top and column.sampled else column.valid
    named = [f"{code(shown(v, 16), 16)} {percent(n / of if of else None)}" for v, n in values[:FIRST_VALUES]]
    more = (column.distinct or 0) - len(named)
    words = ", ".join([*named, *([f"{number(more)} more"] if more > 0 else [])])
    counts = [n for _, n in values]
    chart = histogram(name, ", ".join(f"{shown(v, 40)} {number(n)}" for v, n in values), counts, key=f"histogram {name}")
    return Cell(words, chart=chart, characters=sparkline(counts))


def _end(value: Any) -> str:
    return number(value) if isinstance(value, int | float) else shown(value)[:10]


def _remarks(read: Sequence[str], part: str, at: At) -> list[Block]:
    """What is odd about single columns."""
    points = [f"{code(name)}: {remark}" for name in read for remark in remarks(at[name, part])]
    sampled = next((at[name, part] for name in read if at[name, part].sampled), None)
    what = "Distributions" if sampled and any(at[name, part].quantiles_exact for name in read) else "Quantiles and distributions"
    note = f"{what} are those of a sample of {counted(sampled.sampled or 0, 'row')}; counts are of all rows." if sampled else ""
    return [*([Points(tuple(points))] if points else []), *([Words(note)] if note else [])]


def remarks(c: ColumnProfile) -> list[str]:
    """What is odd about a column: one value, one value nearly always, a maximum or minimum far out, no value twice.

    >>> remarks(ColumnProfile(kind="integer", rows=9, valid=9, distinct=1, distinct_exact=True))
    ['it has the same value in every row.']
    """
    if not c.valid:
        return ["it has no values."] if c.rows else []
    if c.distinct == 1:
        return ["it has the same value in every row." if c.valid == c.rows else "it has one value only."]
    found = []
    if c.top and c.top[0][1] >= NEARLY * c.valid:
        found.append(f"{percent(c.top[0][1] / c.valid)} of its values are {code(shown(c.top[0][0], 40))}.")
    if c.kind in ("string", "integer") and c.distinct_exact and c.distinct == c.valid > 1:
        found.append("no two rows have the same value: it may be an id.")
    return [*found, *_far(c)]


def _far(c: ColumnProfile) -> list[str]:
    """The extreme that is far beyond the quartiles, and how many values are outliers."""
    ends = [c.minimum, c.p25, c.p75, c.maximum]
    if not all(isinstance(v, int | float) for v in ends):
        return []
    low, first, third, high = map(float, ends)
    room = FAR * (third - first)
    said = []
    if room and high - third > room:
        said.append(f"the largest value is {number(high)}, while three quarters are at most {number(third)}")
    if room and first - low > room:
        said.append(f"the smallest value is {number(low)}, while three quarters are at least {number(first)}")
    outside = f"; {percent(c.far_outliers)} of the values are beyond 3 interquartile ranges." if said and c.far_outliers else "."
    return [" and ".join(said) + outside] if said else []


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
        (code(name), *("" if v is None else value_with_interval(v) for v in row), _outliers(columns[name]))
        for name, row in values.items()
        if row != [None] * len(SHAPE)
    ]
    heads = ("column", *SHAPE.values(), "outliers")
    return table(f"Numbers{_of(part)}", heads, rows, heads[1:]) if rows else None


def _outliers(c: ColumnProfile) -> str:
    """The values beyond 1.5 and 3 interquartile ranges from the quartiles, with their share."""
    if c.outliers is None:
        return ""
    about = "about " if c.sampled and c.outliers else ""
    far = f", {percent(c.far_outliers)} far" if c.far_outliers else ""
    return f"{about}{number(round(c.outliers * c.valid))} ({percent(c.outliers)}{far})" if c.outliers else "0"


def _frequent(part: str, columns: Mapping[str, ColumnProfile]) -> Table | None:
    frequent = {
        name: ", ".join(f"{code(shown(v, 40))} {number(n)}" for v, n in (c.top or c.frequent)[:10])
        for name, c in list(columns.items())[: 2 * MOST]
        if c.top or c.frequent
    }
    rows = [(code(name), values) for name, values in frequent.items()]
    return table(f"Frequent values{_of(part)}", ("column", "values and their rows"), rows) if rows else None


def _of(part: str) -> str:
    return f" of {code(part)}" if part else ""


COLUMNS = ReportSection(ColumnProfile, columns)
