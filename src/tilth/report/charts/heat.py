"""A heat table: a number per pair of names."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import SIZE
from tilth.report.charts.numbers import as_float, finite, number


def heat(title: str, names: Sequence[str], values: Sequence[Sequence[float | None]], most: float = 1.0, key: str = "") -> str:
    """A square per pair of names: with few names the number in it, with many as large as the number.

    Shaded squares have a dashed rim for minus; sized ones are full for plus and hollow for minus.

    `values`: one row per name with one number per name, as a correlation or a share missing together. `most`: the size drawn strongest.
    No value: a dot. Infinite: as `most`.

    >>> heat("Correlation", ["a", "b"], [[1, -0.5], [-0.5, 1]]).count(">−0.5<")
    2
    """
    if not names:
        return draw.nothing(title, key)
    shown = list(names)[: draw.MOST]
    left = axes.names_room(shown, 0.3)
    cell = min(44.0, (draw.WIDTH - left) / len(shown))
    top = axes.names_room(shown, 0.2)
    square = _shaded if cell >= 40 else _sized
    body = []
    for i, name in enumerate(shown):
        x, y = left + cell * i + cell / 2, top + cell * i + cell / 2
        body.append(draw.words(left - 8, y + 4, name, left - 10, anchor="end", size=min(SIZE, cell)))
        upright = draw.words(0, 4, name, top - 10, size=min(11, cell))
        body.append(draw.tag("g", upright, transform=f"translate({draw.place(x)} {draw.place(top - 6)}) rotate(-90)"))
        for j, other in enumerate(shown):
            value = _pair(values, i, j)
            told = f"{name}, {other}: {number(value)}"
            body.append(draw.titled(told, *square(left + cell * j + cell / 2, y, cell, value, most)))
    pairs = [(f"{shown[i]}, {shown[j]}", finite(_pair(values, i, j))) for i in range(len(shown)) for j in range(i)]
    strong = sorted(((pair, value) for pair, value in pairs if value is not None), key=lambda known: -abs(known[1]))[:10]
    about = f"{len(names)} names; the largest: " + axes.told(((pair, number(value)) for pair, value in strong), 0)
    bottom = top + cell * len(shown)
    more = axes.beyond(len(names) - len(shown), bottom)
    return draw.figure(title, about, bottom + 4 + 20 * len(more), [*body, *more], key)


def _pair(values: Sequence[Sequence[float | None]], i: int, j: int) -> float | None:
    return as_float(values[i][j]) if i < len(values) and j < len(values[i]) else None


def _strength(value: float | None, most: float) -> float | None:
    """The size of a number from 0 to 1; nothing where there is none."""
    return None if value is None or math.isnan(value) else min(abs(value) / most, 1.0)


def _no_value(x: float, y: float) -> list[str]:
    return [draw.tag("circle", cx=x, cy=y, r=1.5, fill="currentColor", fill_opacity="0.5")]


def _shaded(x: float, y: float, cell: float, value: float | None, most: float) -> list[str]:
    """A full square around (x, y), shaded by the number, with the number in it."""
    strength = _strength(value, most)
    if value is None or strength is None:
        return _no_value(x, y)
    series, dashes = (0, "none") if value >= 0 else (1, "3 2")
    rim = draw.tag(
        "rect",
        x=x - cell / 2 + 1,
        y=y - cell / 2 + 1,
        width=cell - 2,
        height=cell - 2,
        fill=draw.colour(series),
        fill_opacity=f"{0.4 * strength:.2f}",
        stroke=draw.colour(series),
        stroke_dasharray=dashes,
    )
    label = number(round(value, 2)) if math.isfinite(value) else number(value)
    return [rim, draw.words(x, y + 4, label, cell - 2, anchor="middle", size=11)]


def _sized(x: float, y: float, cell: float, value: float | None, most: float) -> list[str]:
    """A square around (x, y) whose area is the number."""
    strength = _strength(value, most)
    if value is None or strength is None:
        return _no_value(x, y)
    side = math.sqrt(strength) * (cell - 2)
    fill, series = (draw.colour(0), 0) if value >= 0 else ("none", 1)
    return [draw.tag("rect", x=x - side / 2, y=y - side / 2, width=side, height=side, fill=fill, stroke=draw.colour(series))]
