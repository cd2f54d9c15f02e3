"""The profile over time: rows, and means of numbers, in periods of a time column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Kind, Roles
from tilth.measures.associations import target_of, vector_of
from tilth.measures.sampled import Rows
from tilth.report import Finding, Payload
from tilth.report.blocks import Cell, Section, code, counted, exact, shown, table
from tilth.report.charts import histogram, number, sparkline
from tilth.report.sections import ReportSection

PERIODS = {  # numpy's unit, the units of the epoch's first period that lie before 1970, and the units per period
    "second": ("s", 0, 1),
    "15 seconds": ("s", 0, 15),
    "minute": ("m", 0, 1),
    "15 minutes": ("m", 0, 15),
    "hour": ("h", 0, 1),
    "6 hours": ("h", 0, 6),
    "day": ("D", 0, 1),
    "week": ("D", 3, 7),  # from Monday: 1970 began on a Thursday
    "month": ("M", 0, 1),
    "quarter": ("M", 0, 3),
    "year": ("Y", 0, 1),
    "10 years": ("Y", 0, 10),
    "100 years": ("Y", 70, 100),
}
ABOUT = 22  # wanted number of periods
MOST = 30  # most columns with a trend
TIMES = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)


@dataclass(frozen=True)
class Trend(Payload):
    """Calendar periods (`period`: "day", "month" …) from `first` to `last` of a time column: their `rows`, and the means of each numeric
    column. The period is chosen so that there are about 22; times are in UTC, weeks begin on Monday.

    For a label that is not a number, it is the share of the favourable value, or of the least frequent one; None for a period without
    values. `sampled` is the size of the sample, if it is one.
    """

    KIND: ClassVar[str] = "trend"
    first: Any = None
    last: Any = None
    period: str = ""
    rows: tuple[int, ...] = ()
    means: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    sampled: int | None = None


def trends(columns: Sequence[Column], drawn: Rows, roles: Roles) -> list[Finding[Trend]]:
    """A finding for the column with the role `time`, without means of private columns."""
    return [f for c in columns if c.name == roles.time and c.kind in TIMES and (f := _trend(c, columns, drawn, roles)) is not None]


def _trend(time: Column, columns: Sequence[Column], drawn: Rows, roles: Roles) -> Finding[Trend] | None:
    if vector_of(time, drawn) is None or time.name in roles.private:
        return None
    at = drawn.table[time.name].cast(pa.timestamp("us")).to_numpy()
    there = ~np.isnat(at)
    unit, period = _periods(at[there], [name for name, (base, *_) in PERIODS.items() if time.kind is not Kind.DATE or base in "DMY"])
    means: dict[str, tuple[float | None, ...]] = {}
    for c in columns:
        if c.name in (time.name, *roles.private, *roles.id) or len(means) >= MOST or not (c.kind.numeric or c.name == roles.label):
            continue
        vector = vector_of(c, drawn)
        if vector is not None:
            name, x = (c.name, vector.values) if c.name != roles.label else target_of(c.name, vector, roles)
            means[name] = _means(x[there], period, int(period.max()) + 1)
    ends = pc.min_max(drawn.table[time.name]).as_py()
    counts = tuple(np.bincount(period).tolist())
    payload = Trend(ends["min"], ends["max"], unit, counts, means, None if drawn.all_there else len(drawn.table))
    return Finding(time.name, (time.name,), payload=payload)


def _periods(at: np.ndarray, units: Sequence[str]) -> tuple[str, np.ndarray]:
    """The period that gives about the wanted number of periods, and the number of each time's period, counted from the first."""

    def numbered(unit: str, times: np.ndarray) -> np.ndarray:
        base, behind, n = PERIODS[unit]
        found: np.ndarray = (times.astype(f"datetime64[{base}]").astype(int) + behind) // n
        return found

    ends = at[[at.argmin(), at.argmax()]]
    counts = {unit: int(numbered(unit, ends) @ (-1, 1)) + 1 for unit in units}
    unit = min(units, key=lambda unit: abs(math.log(counts[unit] / ABOUT)))
    periods = numbered(unit, at)
    return unit, periods - periods.min()


def _means(x: Any, period: Any, periods: int) -> tuple[float | None, ...]:
    """The mean of the numbers in each of `periods` periods, without NaN, to nine digits, so that the order of rows has no effect."""
    there = ~np.isnan(x)
    n, sums = np.bincount(period[there], minlength=periods), np.bincount(period[there], x[there], periods)
    return tuple(float(f"{total / count:.9g}") if count else None for total, count in zip(sums, n, strict=True))


# ── the section ──


def over_time(found: Sequence[Finding[Trend]]) -> Section:
    """Rows and means in the periods of each time column of the first part."""
    blocks, leads = list[Any](), list[str]()
    for i, f in enumerate(f for f in found if f.part == found[0].part):
        p = f.payload
        about = f", of a sample of {counted(p.sampled, 'row')}" if p.sampled else ""
        span = f"{code(f.name)} from {shown(p.first)} to {shown(p.last)}{about}"
        leads.append(f"{span}, by {p.period}: {counted(len(p.rows), 'period')}; the first and the last may be incomplete.")
        lines = [_line(f"trend {i}", "rows", p.rows), *(_line(f"trend {i}", name, means) for name, means in p.means.items())]
        blocks.append(
            table(
                f"Over {code(f.name)}", ("what", "over time", "first", "last", "least", "most"), lines, ["first", "last", "least", "most"]
            )
        )
    return Section("trend", "Over time", tuple(blocks), lead=" ".join(leads))


def _line(key: str, name: str, values: Sequence[float | None]) -> tuple[Any, ...]:
    """A line of the table: the values as a chart, the first and last known value, the least and the greatest."""
    known = [v for v in values if v is not None]
    low = min(known, default=0)
    heights = [0.0 if v is None else v if name == "rows" else v - low + (max(known) - low) / 20 for v in values]
    about = f"from {number(known[0])} to {number(known[-1])}" if known else "no values"
    chart = histogram(name, about, heights, key=key)
    ends = [exact(v) for v in (known[0], known[-1], low, max(known))] if known else [""] * 4
    return (name if name == "rows" else code(name), Cell(chart=chart, characters=sparkline(heights)), *ends)


TREND = ReportSection(Trend, over_time)
