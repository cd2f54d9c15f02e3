"""A curve: a number over another one, with fainter curves behind it and the shares of rows below."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_count, finite, number

TALL, UNDER = 190, 30  # of the curve, and of the bars below it


def curve(
    title: str,
    x: Sequence[float | None],
    y: Sequence[float | None],
    others: Sequence[Sequence[float | None]] = (),
    shares: Sequence[float | None] = (),
    key: str = "",
) -> str:
    """The points (x, y) joined by a line, on two axes; `others` are further y of the same x, drawn faintly; `shares` a bar below each x.

    Points without a finite number are left out. No points: a figure that says “no data”.

    >>> curve("Partial dependence", [20, 30, 40], [0.1, 0.4, 0.5]).count("<circle")
    3
    """
    points = _points(x, y)
    if not points:
        return draw.nothing(title, key)
    behind = [line for other in others if len(line := _points(x, other)) > 1]
    height = axes.axis([v for line in (points, *behind) for _, v in line], TALL, 8, margin=0.05)
    ticks = {number(tick): tick for tick in height.ticks()}
    left = max((width_of(label, 11) for label in ticks), default=0) + 10
    width = axes.axis([v for v, _ in points], left + 14, draw.WIDTH - 14)
    body = [draw.line(left, height.at(tick), draw.WIDTH, height.at(tick), 0.15) for tick in ticks.values()]
    body += [draw.words(left - 6, height.at(tick) + 4, label, anchor="end", size=11, opacity=0.75) for label, tick in ticks.items()]
    counts = [as_count(n) for n in shares][: len(x)]
    bottom = float(TALL + (UNDER + 8 if any(counts) else 0))
    body += axes.scale(width, 8, bottom)
    body += [draw.tag("path", d=_path(line, width, height), fill="none", stroke="currentColor", stroke_opacity=0.2) for line in behind]
    body.append(draw.tag("path", d=_path(points, width, height), fill="none", stroke=draw.colour(0), stroke_width=2))
    for at, value in points:
        dot = draw.tag("circle", cx=width.at(at), cy=height.at(value), r=3, fill=draw.colour(0))
        body.append(draw.titled(f"{number(at)}: {number(value)}", dot))
    body += _bars(x, counts, width, bottom)
    about = [(number(at), number(value)) for at, value in points]
    return axes.chart(title, about, 0, bottom + 20, body, key)


def _points(x: Sequence[float | None], y: Sequence[float | None]) -> list[tuple[float, float]]:
    pairs = ((finite(a), finite(b)) for a, b in zip(x, y, strict=False))
    return sorted((a, b) for a, b in pairs if a is not None and b is not None)


def _path(points: Sequence[tuple[float, float]], width: axes.Axis, height: axes.Axis) -> str:
    return "M" + "L".join(f"{draw.place(width.at(a))} {draw.place(height.at(b))}" for a, b in points)


def _bars(x: Sequence[float | None], counts: Sequence[float], width: axes.Axis, bottom: float) -> list[str]:
    """A bar for each share, as high as its part of the greatest."""
    known = [(at, n) for v, n in zip(x, counts, strict=False) if (at := finite(v)) is not None and n]
    if not known:
        return []
    most, wide = max(n for _, n in known), max(min((width.right - width.left) / len(x) - 2, 24), 1)
    places = [(width.at(at) - wide / 2, bottom - n / most * UNDER, wide, n / most * UNDER, f"{number(at)}: {number(n)}") for at, n in known]
    return [draw.boxes(places, 1)]
