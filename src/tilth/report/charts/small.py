"""Charts of one line of a table: a share as a bar, and a number over time."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.report.charts import draw
from tilth.report.charts.numbers import finite, number, percent

WIDE, TALL = 96, 12


def part_of_whole(title: str, share: float, key: str = "", wide: float = WIDE) -> str:
    """A share from 0 to 1 as a filled part of a thin frame; a small share stays visible.

    >>> "25 %" in part_of_whole("failing rows", 0.25)
    True
    """
    frame = draw.tag("rect", x=0.5, y=0.5, width=wide - 1, height=TALL - 1, fill="none", stroke="currentColor", stroke_opacity="0.5")
    width = max(min(share, 1.0), 0.02) * (wide - 1) if share > 0 else 0
    body = [frame, *([draw.box(0.5, 0.5, width, TALL - 1, 0)] if width else [])]
    return draw.figure(title, percent(share), TALL, [draw.titled(f"{title}: {percent(share)}", *body)], key, wide)


def trend(title: str, values: Sequence[float | None], key: str = "") -> str:
    """A number over time, the latest last and marked by a dot, without axes: it shows the course, not the size.

    Values that are missing or not finite are left out.

    >>> "from 1 to 4" in trend("rows", [1, 2, 4])
    True
    """
    seen = [v for value in values if (v := finite(value)) is not None]
    if not seen:
        return draw.figure(title, "no data", TALL, [], key, WIDE)
    low, high = min(seen), max(seen)
    step, span = (WIDE - 8) / max(len(seen) - 1, 1), (high - low) or 1.0
    at = [(4 + k * step, TALL - 2.5 - (v - low) / span * (TALL - 5)) for k, v in enumerate(seen)]
    path = "M" + "L".join(f"{draw.place(x)} {draw.place(y)}" for x, y in at)
    dot = draw.tag("circle", cx=at[-1][0], cy=at[-1][1], r=2.5, fill="currentColor")
    words = f"from {number(seen[0])} to {number(seen[-1])}, between {number(low)} and {number(high)}"
    body = [draw.tag("path", d=path, fill="none", stroke=draw.colour(0), stroke_width=1.5), dot]
    return draw.figure(title, words, TALL, [draw.titled(f"{title}: {words}", *body)], key, WIDE)
