"""Bars: one number per name, or several side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_float, finite, number


def bars(title: str, values: Mapping[str, float | None], form: Callable[[float | None], str] = number, key: str = "") -> str:
    """One horizontal bar per name, from zero, its number at its end.

    `values`: a number per name, in the order to draw; None (no value), NaN and infinities may be among them. `form` writes a number. No
    names: a figure that says “no data”.

    >>> from tilth.report.charts import percent
    >>> bars("Missing", {"age": 0.1, "income": 0.25}, form=percent).count("<rect")
    2
    """
    return grouped(title, {name: {"": value} for name, value in values.items()}, form, key)


def grouped(title: str, rows: Mapping[str, Mapping[str, float | None]], form: Callable[[float | None], str] = number, key: str = "") -> str:
    """Horizontal bars side by side: one per series, for every name. Series differ by colour and pattern, with a legend.

    `rows`: per name a number per series. A series that a name lacks leaves its place empty. Else as `bars`.

    >>> from tilth.report.charts import percent
    >>> "before" in grouped("Missing", {"age": {"before": 0.1, "after": 0.0}}, form=percent)
    True
    """
    if not any(rows.values()):
        return draw.nothing(title, key)
    shown, series = dict(list(rows.items())[: draw.MOST]), axes.series_of(rows.values())
    values = [value for row in shown.values() for value in row.values()]
    legend, y = axes.legend(series, axes.swatch) if series != [""] else ([], 2.0)
    thick = 16
    names = axes.names_room(shown)
    behind = max((width_of(form(v)) for v in values if not _negative(v)), default=0) + 8
    ahead = max((width_of(form(v)) for v in values if _negative(v)), default=-8) + 8
    axis = axes.axis([0.0, *values], names + ahead, draw.WIDTH - behind)
    body, top = [], y
    for name, row in shown.items():
        body.append(draw.words(0, y + thick * len(series) / 2 + 2.5, name, names - 10))
        for k, label in enumerate(series):
            if label in row:
                words = f"{name}, {label}: {form(row[label])}" if label else f"{name}: {form(row[label])}"
                body.append(draw.titled(words, *_bar(axis, row[label], y + k * thick, thick - 4, k, form)))
        y += thick * len(series) + (6 if len(series) == 1 else 10)
    body.append(draw.line(axis.at(0), top - 2, axis.at(0), y - 6, 0.6))
    about = axes.description(
        ((name, ", ".join(f"{s} {form(v)}".strip() for s, v in row.items())) for name, row in shown.items()), len(rows) - len(shown)
    )
    more = axes.beyond(len(rows) - len(shown), y)
    return draw.figure(title, about, y + 20 * len(more), [*legend, *body, *more], key)


def _negative(x: float | None) -> bool:
    x = as_float(x)
    return x is not None and x < 0


def _bar(axis: axes.Axis, value: float | None, y: float, thick: float, series: int, form: Callable[[float | None], str]) -> list[str]:
    """A bar from zero with its number; an infinite one ends in an arrow, one without value is words only."""
    words = y + thick / 2 + 4.5
    x, zero = as_float(value), axis.at(0)
    if x is None or math.isnan(x):
        return [draw.words(zero + 5, words, form(value), opacity=0.75)]
    end = axis.at(x)
    drawn = [draw.box(min(zero, end), y, abs(end - zero), thick, series)] if end != zero else []
    if finite(x) is None:
        drawn.append(draw.arrow(end, y + thick / 2, 1 if x > 0 else -1))
    return [*drawn, draw.words(end - 5, words, form(value), anchor="end") if x < 0 else draw.words(end + 5, words, form(value))]
