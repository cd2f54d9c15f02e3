"""A card for each column of a profile: a picture of its values, and all numbers, with the parts side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.measures.profile import ColumnProfile
from tilth.report.blocks import Block, Cell, Picture, Section, Table, code, exact, plain, shown, table, value_with_interval
from tilth.report.charts import histogram, number, part_of_whole, percent, sparkline
from tilth.report.charts.axes import Axis

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
BAR = 32  # pixels of a bar in a card
YEARS = range(1000, 3000)  # whole numbers that may be years
FIRST_VALUES = 3  # values named next to the chart of frequent values
Parts = Mapping[str, ColumnProfile]
"""The profiles of a column by part."""


def card(key: str, name: str, parts: Parts, remarks: Sequence[str] = ()) -> Section:
    """A large picture of a single part or a small one of each part, all numbers, and the most frequent values."""
    kind = next(iter(parts.values())).kind
    lead = " ".join([f"{kind}.", *(remark[:1].upper() + remark[1:] for remark in remarks)]) if remarks else kind
    blocks = [*_picture(name, parts), _numbers(name, parts), *_values(name, parts)]
    return Section(key, code(name), tuple(blocks), lead=lead)


def distribution(name: str, column: ColumnProfile) -> Cell:
    """The histogram of numbers and times with its ends, or the most frequent values with their shares, in words and as a small chart."""
    if column.histogram is not None:
        h, middle = column.histogram, {"median": column.median, "mean": column.mean}
        words = ", ".join([_range(column), *(f"{of} {_own(column, exact(v))}" for of, v in middle.items() if isinstance(v, int | float))])
        chart = histogram(name, plain(words), h.counts, h.below, h.above, key=f"histogram {name}")
        return Cell(words, chart=chart, characters=sparkline(h.counts))
    values, of = frequent(column)
    if not values:
        return Cell()
    named = [f"{code(shown(v, 16), 16)} {percent(n / of if of else None)}" for v, n in values[:FIRST_VALUES]]
    more = (column.distinct or 0) - len(named)
    words = ", ".join([*named, *([f"{number(more)} more"] if more > 0 else [])])
    counts = [n for _, n in values]
    chart = histogram(name, ", ".join(f"{shown(v, 40)} {number(n)}" for v, n in values), counts, key=f"histogram {name}")
    return Cell(words, chart=chart, characters=sparkline(counts))


def frequent(column: ColumnProfile) -> tuple[Sequence[tuple[Any, int]], int]:
    """The most frequent values with their counts, and the number of rows that were counted."""
    return (column.top, column.valid) if column.top else (column.frequent, column.sampled or column.valid)


def missing(column: ColumnProfile | None) -> str:
    """The missing values and their share; empty for a column that the part lacks."""
    return share(column.missing, column.rows) if column else ""


def share(n: int, of: int) -> str:
    """A number of cells, and their share."""
    return f"{number(n)} ({percent(n / of if of else None)})" if n else "0"


def distinct(column: ColumnProfile) -> str:
    """The number of distinct values; empty if unknown."""
    about = "about " if column.distinct_exact is False else ""
    return "" if column.distinct is None else f"{about}{number(column.distinct)}"


def _own(column: ColumnProfile, words: str) -> str:
    """A formatted value of the column, without thousands separators if all values may be years."""
    may_be_years = column.kind == "integer" and column.minimum in YEARS and column.maximum in YEARS
    return words.replace(",", "") if may_be_years else words


def _picture(name: str, parts: Parts) -> list[Block]:
    """The histogram, if there is a single part."""
    h, *more = (c.histogram for c in parts.values())
    if more or h is None:
        return []
    (column,) = parts.values()
    known = isinstance(h.low, int | float)
    each = known and len(h.counts) == h.high - h.low + 1  # a bin for each whole number
    low, high = (h.low - 0.5, h.high + 0.5) if each else (h.low, h.high)
    edges = [low + (high - low) * k / len(h.counts) for k in range(len(h.counts) + 1)] if known else []
    places = [(x, _own(column, number(x))) for x in Axis(low, high, 0, 1).ticks(6)] if known and high > low else []
    labels = [((x - low) / (high - low), words) for x, words in places] or [(0, _end(column, low)), (1, _end(column, high))]
    bins = [number(h.low + k) if each else f"{number(edges[k])} to {number(edges[k + 1])}" for k in range(len(edges) - 1)]
    bins = [_own(column, words) for words in bins]
    chart = histogram(name, _range(column), h.counts, h.below, h.above, f"card {name}", labels, bins)
    return [Picture(chart, _range(column))]


def _range(column: ColumnProfile) -> str:
    """The ends of a histogram, and the number of values beyond them."""
    h = column.histogram
    if h is None:
        return ""
    low, high = column.minimum if h.below else h.low, column.maximum if h.above else h.high
    beyond = [f"{number(n)} {where} {_end(column, end)}" for n, where, end in ((h.below, "below", h.low), (h.above, "above", h.high)) if n]
    return ", ".join([f"{_end(column, low)} to {_end(column, high)}", *beyond])


def _end(column: ColumnProfile, value: Any) -> str:
    return _own(column, number(value)) if isinstance(value, int | float) else shown(value)[:10]


def _numbers(name: str, parts: Parts) -> Table:
    """A row for each number that some part has, a column for each part."""
    columns = list(parts.values())
    small = [Cell(chart=distribution(f"{name} {part}", c).chart) for part, c in parts.items()] if len(columns) > 1 else []
    rows: list[tuple[Any, ...]] = [("distribution", *small)] if any(c.chart for c in small) else []
    rows.append(("missing", *map(missing, columns)))
    rows += [("invalid", *(share(c.invalid, c.rows) for c in columns))] if any(c.invalid for c in columns) else []
    rows.append(("distinct", *map(distinct, columns)))
    rows.append(("blank", *("" if not c.blank else share(c.blank, c.rows) for c in columns)))
    rows.append(("length", *map(_lengths, columns)))
    for key, words in SHAPE.items():
        rows.append((words, *("" if (v := getattr(c, key)) is None else _own(c, value_with_interval(v)) for c in columns)))
    rows.append(("outliers", *map(_outliers, columns)))
    heads = ("", *parts)
    return table(code(name), heads, [row for row in rows if any(row[1:])], heads[1:])


def _lengths(column: ColumnProfile) -> str:
    found = column.lengths
    if not found or found["min"] == found["max"]:
        return number(found["min"]) if found else ""
    return f"{number(found['min'])} to {number(found['max'])}, mean {exact(found['mean'])}"


def _outliers(c: ColumnProfile) -> str:
    """The values beyond 1.5 and 3 interquartile ranges from the quartiles, with their share."""
    if c.outliers is None:
        return ""
    about = "about " if c.sampled and c.outliers else ""
    far = f", {percent(c.far_outliers)} far" if c.far_outliers else ""
    return f"{about}{number(round(c.outliers * c.valid))} ({percent(c.outliers)}{far})" if c.outliers else "0"


def _values(name: str, parts: Parts) -> list[Block]:
    """The most frequent values of any part, with their rows and share in each."""
    counted_in = {part: (dict(values), of) for part, c in parts.items() for values, of in (frequent(c),) if values}
    values = list(dict.fromkeys(v for counts, _ in counted_in.values() for v in counts))
    if not values or any(c.histogram for c in parts.values()):
        return []
    rows = [
        (code(shown(v, 40)), *(_bar(f"{name} {part} {shown(v, 40)}", counts.get(v), of) for part, (counts, of) in counted_in.items()))
        for v in values
    ]
    return [table("Most frequent values", ("value", *(part or "rows" for part in counted_in)), rows)]


def _bar(title: str, n: int | None, of: int) -> Cell:
    """The rows of a value as a bar, in numbers, and as a share."""
    return Cell(f"{number(n)} ({percent(n / of)})", chart=part_of_whole(title, n / of, wide=BAR)) if n and of else Cell()
