"""A histogram: how a number is distributed, before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_count, as_float, finite, number, percent


def histogram(title: str, edges: Sequence[float], counts: Mapping[str, Sequence[float]], key: str = "") -> str:
    """How a number is distributed, as one stepped line per series; the height is the share of the series' rows per bin.

    `edges`: the n + 1 rising edges of n bins; where bins differ in width, height is the share per unit of the number instead, so that
    areas compare. An infinite first or last edge is drawn one bin away. `counts`: per series (before, after) a count per bin; what is
    missing, negative or not finite counts as none. Fewer than two edges, or no count at all: “no data”.

    >>> "before" in histogram("Age", [0, 20, 40], {"before": [3, 1], "after": [2, 2]})
    True
    """
    at = _closed([math.nan if x is None else x for x in map(as_float, edges)])
    tallies = {name: [as_count(n) for n in row][: len(at) - 1] for name, row in counts.items()}
    if len(at) < 2 or not any(map(any, tallies.values())):
        return draw.nothing(title, key)
    even = max(b - a for a, b in pairwise(at)) <= 1.001 * min(b - a for a, b in pairwise(at))
    heights = {name: _heights(at, row, even) for name, row in tallies.items()}
    most = max(max(row, default=0.0) for row in heights.values()) or 1.0
    legend, top = axes.legend(list(tallies), lambda k, x, y: draw.stroked(x, y + 9, x + 16, y + 9, k, dashed=True))
    form = percent if even else number
    rows = axes.Axis(0.0, most, top + 150, top + 6)
    ticks = rows.ticks(3)
    left = max(width_of(form(tick), 11) for tick in ticks) + 8
    axis = axes.Axis(at[0], at[-1], left, draw.WIDTH - 12)
    body = [draw.line(left, rows.at(t), draw.WIDTH - 12, rows.at(t), 0.15) for t in ticks]
    body += [draw.words(left - 6, rows.at(t) + 4, form(t), anchor="end", size=11, opacity=0.75) for t in ticks]
    body += axes.scale(axis, top + 6, top + 150, number)
    body += [draw.titled(name, _steps(axis, rows, at, row, k)) for k, (name, row) in enumerate(heights.items())]
    told = "share of rows per bin" if even else "share of rows per unit"
    about = f"{told}, from {number(edges[0])} to {number(edges[-1])}; " + axes.told(
        ((name, _bins_told(edges, row)) for name, row in tallies.items()), 0
    )
    return draw.figure(title, about, top + 172, [*legend, *body], key)


def _closed(edges: list[float]) -> list[float]:
    """The edges with infinite ends one mean bin away; none where they do not rise."""
    inner = [x for x in edges if finite(x) is not None]
    if len(inner) < 1 or len(edges) < 2 or any(not a < b for a, b in pairwise(edges)):
        return []
    step = (inner[-1] - inner[0]) / (len(inner) - 1) if len(inner) > 1 else abs(inner[0]) or 1.0
    return [inner[0] - step] * (edges[0] < inner[0]) + inner + [inner[-1] + step] * (edges[-1] > inner[-1])


def _heights(edges: Sequence[float], counts: Sequence[float], even: bool) -> list[float]:
    whole = sum(counts) or 1.0
    return [n / whole / (1.0 if even else b - a) for n, (a, b) in zip(counts, pairwise(edges), strict=False)]


def _bins_told(edges: Sequence[float], counts: Sequence[float]) -> str:
    whole = sum(counts)
    if not whole:
        return "no rows"
    fullest = max(range(len(counts)), key=lambda i: counts[i])
    between = f"between {number(edges[fullest])} and {number(edges[fullest + 1])}"
    return f"{number(whole)} rows in {len(counts)} bins, most ({percent(counts[fullest] / whole)}) {between}"


def _steps(axis: axes.Axis, rows: axes.Axis, edges: Sequence[float], heights: Sequence[float], series: int) -> str:
    path = f"M{draw.place(axis.at(edges[0]))} {draw.place(rows.at(0))}"
    for height, edge in zip(heights, edges[1:], strict=False):
        path += f"V{draw.place(rows.at(height))}H{draw.place(axis.at(edge))}"
    return draw.tag(
        "path",
        d=f"{path}V{draw.place(rows.at(0))}",
        fill=draw.colour(series),
        fill_opacity="0.12",
        stroke=draw.colour(series),
        stroke_width=2,
        stroke_dasharray=draw._DASHES[series % 4],
    )
