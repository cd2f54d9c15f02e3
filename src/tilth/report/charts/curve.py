"""A curve: a number over another one, with fainter curves behind it and shares of rows below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_count, finite, number

TALL, UNDER = 190, 30  # heights of the curve, and of the bars below it


def curve(
    title: str,
    x: Sequence[float | None],
    y: Sequence[float | None] | Mapping[str, Sequence[float | None]],
    others: Sequence[Sequence[float | None]] = (),
    shares: Sequence[float | None] = (),
    key: str = "",
) -> str:
    """The points (x, y) joined by a line, on two axes; `others` are further y of the same x, drawn faintly; `shares` a bar below each x.

    A mapping has several y, each with its name: the second one is dashed, and so on. Points without a finite number are left out.
    No points: a figure that says “no data”.

    >>> curve("Partial dependence", [20, 30, 40], [0.1, 0.4, 0.5]).count("<circle")
    3
    """
    named = {name: line for name, of in (y if isinstance(y, Mapping) else {"": y}).items() if (line := _points(x, of))}
    if not named:
        return draw.nothing(title, key)
    legend, top = axes.legend([*named] if len(named) > 1 else [], lambda k, x, y: _line([(x, y + 9), (x + 16, y + 9)], k))
    behind = [line for other in others if len(line := _points(x, other)) > 1]
    height = axes.axis([v for line in (*named.values(), *behind) for _, v in line], top + TALL, top + 8, margin=0.05)
    ticks = {number(tick): tick for tick in height.ticks()}
    left = max((width_of(label, 11) for label in ticks), default=0) + 10
    width = axes.axis([v for line in named.values() for v, _ in line], left + 14, draw.WIDTH - 14)
    body = [draw.line(left, height.at(tick), draw.WIDTH, height.at(tick), 0.15) for tick in ticks.values()]
    body += [draw.words(left - 6, height.at(tick) + 4, label, anchor="end", size=11, opacity=0.75) for label, tick in ticks.items()]
    counts = [as_count(n) for n in shares][: len(x)]
    bottom = float(top + TALL + (UNDER + 8 if any(counts) else 0))
    body += axes.scale(width, top + 8, bottom)
    for line in behind:
        body.append(draw.tag("path", d=_path(_at(line, width, height)), fill="none", stroke="currentColor", stroke_opacity=0.2))
    for k, line in enumerate(named.values()):
        body.append(_line(_at(line, width, height), k))
        for at, value in line:
            dot = draw.tag("circle", cx=width.at(at), cy=height.at(value), r=3, fill=draw.colour(k))
            body.append(draw.titled(f"{number(at)}: {number(value)}", dot))
    body += _bars(x, counts, width, bottom)
    about = [(f"{name} {number(at)}".strip(), number(value)) for name, line in named.items() for at, value in line]
    return axes.chart(title, about, 0, bottom + 20, [*legend, *body], key)


def _line(places: Sequence[tuple[float, float]], series: int) -> str:
    dashed = {"stroke_dasharray": f"{8 // series} 4"} if series else {}
    return draw.tag("path", d=_path(places), fill="none", stroke=draw.colour(series), stroke_width=2, **dashed)


def _points(x: Sequence[float | None], y: Sequence[float | None]) -> list[tuple[float, float]]:
    pairs = ((finite(a), finite(b)) for a, b in zip(x, y, strict=False))
    return sorted((a, b) for a, b in pairs if a is not None and b is not None)


def _at(points: Sequence[tuple[float, float]], width: axes.Axis, height: axes.Axis) -> list[tuple[float, float]]:
    return [(width.at(x), height.at(y)) for x, y in points]


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{draw.place(x)} {draw.place(y)}" for x, y in places)


def _bars(x: Sequence[float | None], counts: Sequence[float], width: axes.Axis, bottom: float) -> list[str]:
    """A bar for each share, relative to the greatest share."""
    known = [(at, n) for v, n in zip(x, counts, strict=False) if (at := finite(v)) is not None and n]
    if not known:
        return []
    most, wide = max(n for _, n in known), max(min((width.right - width.left) / len(x) - 2, 24), 1)
    places = [(width.at(at) - wide / 2, bottom - n / most * UNDER, wide, n / most * UNDER, f"{number(at)}: {number(n)}") for at, n in known]
    return [draw.boxes(places, 1)]
