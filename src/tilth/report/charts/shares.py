"""One thin bar of valid, missing and invalid."""

from __future__ import annotations

from tilth.report.charts import draw
from tilth.report.charts.numbers import as_count, percent


def shares(title: str, valid: float, missing: float, invalid: float, key: str = "") -> str:
    """A thin bar for one line of a table: valid filled, missing empty, invalid hatched; the shares are in its description and title.

    Counts or shares, scaled to their sum. Missing, negative and infinite values count as 0; if all are 0, the frame is empty and
    dotted.

    >>> "invalid 10 %" in shares("age", valid=80, missing=10, invalid=10)
    True
    """
    wide, tall = 120, 12
    parts = {"valid": as_count(valid), "missing": as_count(missing), "invalid": as_count(invalid)}
    whole = sum(parts.values())
    frame: dict[str, str | float] = {"x": 0.5, "y": 0.5, "width": wide - 1, "height": tall - 1, "fill": "none", "stroke": "currentColor"}
    if not whole:
        return draw.figure(title, "no data", tall, [draw.tag("rect", stroke_dasharray="2 3", **frame)], key, wide)
    words = ", ".join(f"{name} {percent(n / whole)}" for name, n in parts.items())
    seen = {name: max(n / whole, 0.04) if n else 0.0 for name, n in parts.items()}  # a small share stays visible
    good, bad = ((wide - 1) * seen[name] / sum(seen.values()) for name in ("valid", "invalid"))
    body = [
        draw.tag("rect", **frame),
        draw.box(0.5, 0.5, good, tall - 1, 0) if good else "",
        draw.box(wide - 0.5 - bad, 0.5, bad, tall - 1, 1) if bad else "",
    ]
    return draw.figure(title, words, tall, [draw.titled(f"{title}: {words}", *body)], key, wide)
