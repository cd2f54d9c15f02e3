"""Intervals: values with their confidence intervals, a neutral line, and accepted ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_float, finite, with_interval


class Dot(NamedTuple):
    """A value with its interval; either may be missing."""

    value: float | None
    low: float | None = None
    high: float | None = None


def intervals(
    title: str,
    rows: Mapping[str, Mapping[str, Dot]],
    neutral: float = 0.0,
    bands: Mapping[str, tuple[float, float]] | None = None,
    key: str = "",
    limits: tuple[float, float] = (-math.inf, math.inf),
    neutrals: Mapping[str, float] | None = None,
) -> str:
    """A mark with its interval per series, for every name, on one axis with a line at `neutral`; the numbers are on the right.

    `rows`: per name a `Dot` per series (before, after …); the series differ by colour and by mark. `bands`: per name the accepted range,
    shaded behind its marks; an infinite side is open. A dot without a value has only words. The axis does not go beyond `limits`; an
    infinite interval, or one that goes beyond, ends in an arrow. `neutrals`: per name another place of the line.

    >>> svg = intervals("Bias", {"DPL": {"before": Dot(0.3, 0.14, 0.46)}}, bands={"DPL": (-0.1, 0.1)})
    >>> "0.3 (0.14 to 0.46)" in svg
    True
    """
    if not any(rows.values()):
        return draw.nothing(title, key)
    shown, series = dict(list(rows.items())[: draw.MOST]), axes.series_of(rows.values())
    bands = {name: band for name, band in (bands or {}).items() if name in shown}
    samples = [*series, *(["accepted"] if bands else [])]
    legend, y = axes.legend(samples, lambda k, x, top: _mark(x + 8, top + 9, k) if k < len(series) else _shade(x + 1, top + 3, 14, 11))
    written = {(name, s): with_interval(*dot) for name, row in shown.items() for s, dot in row.items()}
    names, numbers = axes.names_room(shown), max(map(width_of, written.values())) + 14
    neutrals = {name: x for name, x in (neutrals or {}).items() if name in shown}
    drawn = [*(x for row in shown.values() for dot in row.values() for x in dot), *(x for band in bands.values() for x in band)]
    within = (min(max(x, limits[0]), limits[1]) for x in map(finite, drawn) if x is not None)
    axis = axes.axis(
        [neutral, *neutrals.values(), *within],
        names + 6,
        draw.WIDTH - numbers,
        margin=0.04,
    )
    body, top = [], y
    for name, row in shown.items():
        deep = 18 * len(series)
        body.append(draw.words(0, y + deep / 2 + 4.5, name, names - 10))
        if name in bands and not any(map(math.isnan, bands[name])):
            low, high = (axis.at(x) for x in bands[name])
            body.append(_shade(low, y, high - low, deep))
        if name in neutrals:
            body.append(draw.line(axis.at(neutrals[name]), y, axis.at(neutrals[name]), y + deep, 0.8))
        for k, label in enumerate(series):
            if label in row:
                words = f"{name}, {label}: {written[name, label]}"
                body.append(draw.titled(words, *_interval(axis, row[label], y + 18 * k + 9, k, written[name, label])))
        y += deep + 8
    frame = [*axes.scale(axis, top - 4, y), draw.line(axis.at(neutral), top - 4, axis.at(neutral), y, 0.8)]
    data = ((f"{name}, {label}", words) for (name, label), words in written.items())
    return axes.chart(title, data, len(rows) - len(shown), y + 20, [*legend, *frame, *body], key)


_SHADED = {"fill": "currentColor", "fill_opacity": "0.1", "stroke": "currentColor", "stroke_opacity": "0.5", "stroke_dasharray": "2 3"}


def _shade(x: float, y: float, width: float, height: float) -> str:
    """The accepted range: shaded, with a dotted border."""
    return draw.tag("rect", x=x, y=y, width=max(width, 0), height=height, **_SHADED)


def _interval(axis: axes.Axis, dot: Dot, y: float, series: int, written: str) -> list[str]:
    """The line from low to high with its ends, the mark on it, and the numbers on the right."""
    words = draw.words(draw.WIDTH, y + 4.5, written, anchor="end")
    value, low, high = map(as_float, dot)
    if value is None or math.isnan(value):
        return [words]
    drawn = []
    if low is not None and high is not None and low <= high:
        drawn.append(draw.stroked(axis.at(low), y, axis.at(high), y, series))
        for x, way in ((low, -1), (high, 1)):
            end = axis.at(x)
            drawn.append(draw.arrow(end, y, way) if _beyond(axis, x) else draw.stroked(end, y - 4, end, y + 4, series))
    elif _beyond(axis, value):
        return [words, draw.arrow(axis.at(value), y, 1 if value > 0 else -1)]
    return [words, *drawn, *([] if _beyond(axis, value) else [_mark(axis.at(value), y, series)])]


def _beyond(axis: axes.Axis, x: float) -> bool:
    """Whether a value is infinite, or not on the axis."""
    return finite(x) is None or not axis.low <= x <= axis.high


_MARKS = (  # circle, diamond, square, triangle; the first is hollow
    "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "m0 -6l6 6l-6 6l-6 -6z",
    "m-4.5 -4.5h9v9h-9z",
    "m0 -5.5l5.5 10h-11z",
)


def _mark(x: float, y: float, series: int) -> str:
    paint = "var(--page,#ffffff)" if series % 4 == 0 else draw.colour(series)
    return draw.tag(
        "path", d=f"M{draw.place(x)} {draw.place(y)}{_MARKS[series % 4]}", fill=paint, stroke=draw.colour(series), stroke_width=2
    )
