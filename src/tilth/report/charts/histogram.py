"""A histogram as small as a cell of a table, as a picture and as a line of characters."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.report.charts import draw
from tilth.report.charts.numbers import as_count

WIDE, TALL = 120, 24
BLOCKS = "▁▂▃▄▅▆▇█"


def histogram(title: str, about: str, counts: Sequence[float], below: float = 0, above: float = 0, key: str = "") -> str:
    """A bar for each count, and a hatched one at either end for what lies beyond; the words `about` are its description.

    Counts that are missing, negative or not finite count as none. Nothing at all gives a figure that says “no data”.

    >>> histogram("age", "18 to 94", [1, 4, 2], above=1).count("<rect")
    5
    """
    bars = [(as_count(n), 0) for n in counts]
    bars = [*([(as_count(below), 1)] if as_count(below) else []), *bars, *([(as_count(above), 1)] if as_count(above) else [])]
    most = max((n for n, _ in bars), default=0)
    if not most:
        return draw.figure(title, "no data", TALL, [draw.line(0, TALL - 0.5, WIDE, TALL - 0.5, 0.4)], key, WIDE)
    step = WIDE / len(bars)
    body = [draw.line(0, TALL - 0.5, WIDE, TALL - 0.5, 0.4)]
    for k, (n, series) in enumerate(bars):
        tall = max(n / most * (TALL - 2), 1.5) if n else 0  # a little is drawn large enough to be seen
        body.append(draw.box(k * step + 0.5, TALL - 0.5 - tall, min(max(step - 1.5, 0.5), 24), tall, series) if n else "")
    return draw.figure(title, about, TALL, [draw.titled(f"{title}: {about}", *body)], key, WIDE)


def sparkline(counts: Sequence[float]) -> str:
    """Counts as a line of block characters, as high as their share of the greatest; a blank for none.

    >>> sparkline([1, 4, 2, 0, 8])
    '▂▅▃ █'
    """
    known = [as_count(n) for n in counts]
    most = max(known, default=0)
    return "".join(BLOCKS[min(int(n / most * len(BLOCKS)), len(BLOCKS) - 1) if n < most else -1] if n else " " for n in known)
