"""What a profile says of time: rows, and means of numbers, in periods of a time column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tilth.data import Column, Kind, Roles
from tilth.measures.associations import target_of, vector_of
from tilth.measures.sampled import Rows
from tilth.report import Finding, Payload
from tilth.report.blocks import Cell, Section, code, counted, exact, shown, table
from tilth.report.charts import histogram, number, sparkline
from tilth.report.sections import ReportSection

PERIODS = 24
MOST = 30  # columns with a trend
TIMES = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)


@dataclass(frozen=True)
class Trend(Payload):
    """Equal periods from `first` to `last` of a time column: their `rows`, and the means of each numeric column.

    Of a label that is not a number it is the share of the favourable value, or of the least frequent one. A period without values has none.
    `sampled`: of how many rows these numbers are, if not of all.
    """

    KIND: ClassVar[str] = "trend"
    first: Any = None
    last: Any = None
    rows: tuple[int, ...] = ()
    means: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    sampled: int | None = None


def trends(columns: Sequence[Column], drawn: Rows, roles: Roles) -> list[Finding[Trend]]:
    """A finding for the column of the role `time`. Means of private columns are left out."""
    return [f for c in columns if c.name == roles.time and c.kind in TIMES and (f := _trend(c, columns, drawn, roles)) is not None]


def _trend(time: Column, columns: Sequence[Column], drawn: Rows, roles: Roles) -> Finding[Trend] | None:
    import numpy as np
    import pyarrow.compute as pc

    at = vector_of(drawn.table[time.name], time.kind)
    if at is None or time.name in roles.private:
        return None
    there = ~np.isnan(at.values)
    low, high = at.values[there].min(), at.values[there].max()
    period = np.minimum(((at.values[there] - low) / (high - low) * PERIODS).astype(int), PERIODS - 1)
    means: dict[str, tuple[float | None, ...]] = {}
    for c in columns:
        if c.name in (time.name, *roles.private, *roles.id) or len(means) >= MOST or not (c.kind.numeric or c.name == roles.label):
            continue
        vector = vector_of(drawn.table[c.name], c.kind)
        if vector is not None:
            name, x = (c.name, vector.values) if c.name != roles.label else target_of(c.name, vector, roles)
            means[name] = _means(x[there], period)
    ends = pc.min_max(drawn.table[time.name]).as_py()
    counts = tuple(np.bincount(period, minlength=PERIODS).tolist())
    payload = Trend(ends["min"], ends["max"], counts, means, None if drawn.all_there else len(drawn.table))
    return Finding(time.name, (time.name,), payload=payload)


def _means(x: Any, period: Any) -> tuple[float | None, ...]:
    """The mean of numbers in each period, to nine digits, so that the order of rows changes nothing; NaN is left out."""
    import numpy as np

    there = ~np.isnan(x)
    n, sums = np.bincount(period[there], minlength=PERIODS), np.bincount(period[there], x[there], PERIODS)
    return tuple(float(f"{total / count:.9g}") if count else None for total, count in zip(sums, n, strict=True))


# ── the section ──


def over_time(found: Sequence[Finding[Trend]]) -> Section:
    """Rows and means in the periods of each time column of the first part."""
    blocks, leads = list[Any](), list[str]()
    for i, f in enumerate(f for f in found if f.part == found[0].part):
        p = f.payload
        about = f", of a sample of {counted(p.sampled, 'row')}" if p.sampled else ""
        leads.append(f"{counted(len(p.rows), 'equal period')} of {code(f.name)}, from {shown(p.first)} to {shown(p.last)}{about}.")
        lines = [_line(f"trend {i}", "rows", p.rows), *(_line(f"trend {i}", name, means) for name, means in p.means.items())]
        blocks.append(
            table(
                f"Over {code(f.name)}",
                ("what", "over time", "first", "last", "least", "most"),
                lines,
                ["first", "last", "least", "most"],
            )
        )
    return Section("trend", "Over time", tuple(blocks), lead=" ".join(leads))


def _line(key: str, name: str, values: Sequence[float | None]) -> tuple[Any, ...]:
    """A line of the table: the values as a chart, those of the first and last period with values, the least and the greatest."""
    known = [v for v in values if v is not None]
    low = min(known, default=0)
    heights = [0.0 if v is None else v if name == "rows" else v - low + (max(known) - low) / 20 for v in values]
    about = f"from {number(known[0])} to {number(known[-1])}" if known else "no values"
    chart = histogram(name, about, heights, key=key)
    ends = [exact(v) for v in (known[0], known[-1], low, max(known))] if known else [""] * 4
    return (name if name == "rows" else code(name), Cell(chart=chart, characters=sparkline(heights)), *ends)


TREND = ReportSection(Trend, over_time)
