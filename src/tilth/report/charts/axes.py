"""Common parts of charts: axes, legends, the column of names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tilth.report.charts import draw
from tilth.report.charts.letters import clean, width_of
from tilth.report.charts.numbers import finite, number


class Axis(NamedTuple):
    """Values from `low` to `high`, drawn from `left` to `right`; values outside are drawn at the edge."""

    low: float
    high: float
    left: float
    right: float

    def at(self, x: float) -> float:
        share = (min(max(x, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self, about: int = 5) -> list[float]:
        """About `about` round values within the axis, with labels that differ and do not touch."""
        raw = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
        return [k * step for k in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def axis(values: Iterable[float | None], left: float, right: float, margin: float = 0.0) -> Axis:
    """An axis for all finite values, with a margin on both sides, given as a share of their span."""
    known = [v for v in map(finite, values) if v is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    size = max(abs(low), abs(high))
    if high - low <= size * 1e-9 or high - low < 1e-290:  # a single value: with room on both sides
        low, high = (low - size / 2, high + size / 2) if size > 1e-280 else (0.0, 1.0)
    pad = (high - low) * margin
    return Axis(low - pad, high + pad, left, right)


def scale(axis: Axis, top: float, bottom: float) -> list[str]:
    """Grid lines with their values below; a label that would touch or repeat the one before is left out."""
    drawn, free, last = [], -math.inf, ""
    for tick in axis.ticks():
        x, label = axis.at(tick), number(tick)
        half = width_of(label, 11) / 2
        drawn.append(draw.line(x, top, x, bottom, 0.15))
        if x - half >= free and x + half <= draw.WIDTH and label != last:
            drawn.append(draw.words(x, bottom + 14, label, anchor="middle", size=11, opacity=0.75))
            free, last = x + half + 6, label
    return drawn


def legend(names: Sequence[str], sample: Callable[[int, float, float], str]) -> tuple[list[str], float]:
    """A sample and a name per series, in as many lines as needed, and the height they take."""
    drawn, x, y = [], 0.0, 0.0
    for k, name in enumerate(names):
        shown = clean(name) or "(blank)"
        wide = 22 + min(width_of(shown), 180) + 16
        if x and x + wide > draw.WIDTH:
            x, y = 0, y + 20
        drawn += [sample(k, x, y), draw.words(x + 22, y + 13, shown, 180)]
        x += wide
    return drawn, y + 28 if names else y


def swatch(series: int, x: float, y: float) -> str:
    """The sample of a filled series, for its legend."""
    return draw.box(x + 1, y + 3, 14, 11, series)


def names_room(names: Iterable[str], most: float = 0.32) -> float:
    """The width of the column of names on the left."""
    return min(max((width_of(clean(name)) for name in names), default=0), draw.WIDTH * most) + 10


def chart(title: str, data: Iterable[tuple[str, str]], hidden: int, bottom: float, elements: Iterable[str], key: str) -> str:
    """The figure of the elements, described by the data in words; below them, how many names were not drawn."""
    more, about = f"and {hidden:,} more", [f"{name}: {value}" for name, value in data]
    if hidden <= 0:
        return draw.figure(title, "; ".join(about), bottom, elements, key)
    rest = draw.words(0, bottom + 14, f"… {more}", opacity=0.75)
    return draw.figure(title, "; ".join([*about, more]), bottom + 20, [*elements, rest], key)


def series_of(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """The names of the series, in the order in which they appear."""
    return list(dict.fromkeys(name for row in rows for name in row))
