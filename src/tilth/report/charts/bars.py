"""Bars: one number per name."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_float, finite, number

ROW, THICK = 22, 12  # distance between bars, and thickness of a bar


def bars(title: str, values: Mapping[str, float | None], key: str = "", whole: float = 0.0) -> str:
    """One horizontal bar per name, from zero, with its number at the end.

    `values`: a number per name, in the order to draw; None (no value), NaN and infinities may be among them. No names: a
    figure that says “no data”. `whole`: the least end of the axis, such as 1 for strengths, so that weak ones look weak.

    >>> bars("Importance", {"age": 0.1, "income": 0.25}).count("<rect")
    2
    """
    if not values:
        return draw.nothing(title, key)
    shown = dict(list(values.items())[: draw.MOST])
    names = axes.names_room(shown)
    behind = max((width_of(number(v)) for v in shown.values() if not _negative(v)), default=0) + 8
    ahead = max((width_of(number(v)) for v in shown.values() if _negative(v)), default=-8) + 8
    axis = axes.axis([0.0, whole, *shown.values()], names + ahead, draw.WIDTH - behind)
    body, y = [], 2.0
    for name, value in shown.items():
        body += [draw.words(0, y + 10.5, name, names - 10), draw.titled(f"{name}: {number(value)}", *_bar(axis, value, y))]
        y += ROW
    body.append(draw.line(axis.at(0), 0, axis.at(0), y - 6, 0.6))
    return axes.chart(title, ((name, number(value)) for name, value in shown.items()), len(values) - len(shown), y, body, key)


def _negative(x: float | None) -> bool:
    x = as_float(x)
    return x is not None and x < 0


def _bar(axis: axes.Axis, value: float | None, y: float) -> list[str]:
    """A bar from zero with its number; an infinite bar ends in an arrow; without a value there are only words."""
    words = y + THICK / 2 + 4.5
    x, zero = as_float(value), axis.at(0)
    if x is None or math.isnan(x):
        return [draw.words(zero + 5, words, number(value), opacity=0.75)]
    end = axis.at(x)
    drawn = [draw.box(min(zero, end), y, abs(end - zero), THICK, 0)] if end != zero else []
    if finite(x) is None:
        drawn.append(draw.arrow(end, y + THICK / 2, 1 if x > 0 else -1))
    return [*drawn, draw.words(end - 5, words, number(value), anchor="end") if x < 0 else draw.words(end + 5, words, number(value))]
