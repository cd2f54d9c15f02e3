"""Histograms: as a picture, as a small chart in a table cell, or as a line of characters."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.report.charts import draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_count, number

WIDE, TALL = 120, 24
LARGE = (320, 90)
BLOCKS = "▁▂▃▄▅▆▇█"


def histogram(
    title: str,
    about: str,
    counts: Sequence[float],
    below: float = 0,
    above: float = 0,
    key: str = "",
    labels: Sequence[tuple[float, str]] = (),
    bins: Sequence[str] = (),
) -> str:
    """A bar for each count, and a hatched bar at either end for values beyond; the words `about` are its description.

    With `labels`, which are words at positions from 0 to 1, it is as large as a picture. `bins` names each count. Counts that are missing,
    negative or not finite are zero. Without counts, the figure says “no data”.

    >>> histogram("age", "18 to 94", [1, 4, 2], above=1).count("<rect")
    5
    """
    wide, tall, under = (*LARGE, 18) if labels else (WIDE, TALL, 0)
    names = [*bins, *[""] * (len(counts) - len(bins))]
    bars = [(as_count(n), 0, name) for n, name in zip(counts, names, strict=True)]
    left = [(as_count(below), 1, "below")] if as_count(below) else []
    bars = [*left, *bars, *([(as_count(above), 1, "above")] if as_count(above) else [])]
    most, floor = max((n for n, *_ in bars), default=0), draw.line(0, tall - 0.5, wide, tall - 0.5, 0.4)
    if not most:
        return draw.figure(title, "no data", tall + under, [floor], key, wide)
    step = wide / len(bars)
    drawn: dict[int, list[tuple[float, float, float, float, str]]] = {0: [], 1: []}
    for k, (n, series, name) in enumerate(bars):
        if n:
            high = max(n / most * (tall - 2), 1.5)  # a small count stays visible
            said = f"{name}: {number(n)}" if bins else ""
            drawn[series].append((k * step + 0.5, tall - 0.5 - high, min(max(step - 1.5, 0.5), 24), high, said))
    body = [floor, *(draw.boxes(places, series) for series, places in drawn.items())]
    free = 0.0
    for place, words in labels:
        half = width_of(words, 11) / 2
        x = min(max((len(left) + place * len(counts)) * step, half), wide - half)
        if x - half >= free:  # does not touch the label before
            body.append(draw.words(x, tall + 14, words, anchor="middle", size=11, opacity=0.75))
            free = x + half + 6
    return draw.figure(title, about, tall + under, body if bins else [draw.titled(f"{title}: {about}", *body)], key, wide)


def sparkline(counts: Sequence[float | None]) -> str:
    """Counts as a line of block characters, relative to the greatest count; zero is a blank.

    >>> sparkline([1, 4, 2, 0, 8])
    '▂▅▃ █'
    """
    known = [as_count(n) for n in counts]
    most = max(known, default=0)
    return "".join(BLOCKS[min(int(n / most * len(BLOCKS)), len(BLOCKS) - 1) if n < most else -1] if n else " " for n in known)
