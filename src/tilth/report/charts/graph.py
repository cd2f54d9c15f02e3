"""A lineage chart: boxes in columns, with lines between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilth.report.charts import draw

HIGH, GAP, ROOM = 34.0, 12.0, 44.0  # height of a box, gap between boxes, and room between columns


def graph(title: str, columns: Sequence[tuple[str, Sequence[str]]], made_from: Mapping[str, Sequence[str]], key: str = "") -> str:
    """Draw columns, each with a head and boxes, and a line to each box from those that it was made from. Boxes beyond 40 in a column are
    left out.

    >>> "model: flow" in graph("Lineage", [("flow", ["flow"]), ("models", ["model"])], {"model": ["flow"]})
    True
    """
    columns = [(head, tuple(names)[: draw.MOST]) for head, names in columns if names]
    wide = (draw.WIDTH - ROOM * (len(columns) - 1)) / max(1, len(columns))
    at = {name: (k * (wide + ROOM), 24 + i * (HIGH + GAP)) for k, (_, names) in enumerate(columns) for i, name in enumerate(names)}
    lines = [
        draw.line(at[parent][0] + wide, at[parent][1] + HIGH / 2, x, y + HIGH / 2, opacity=0.6)
        for name, (x, y) in at.items()
        for parent in made_from.get(name, ())
        if parent in at
    ]
    heads = [draw.words(k * (wide + ROOM), 13, head, wide, opacity=0.75) for k, (head, _) in enumerate(columns)]
    boxes = [_box(name, x, y, wide) for name, (x, y) in at.items()]
    about = "; ".join(f"{name}: {', '.join(made_from[name])}" for name in at if made_from.get(name))
    height = 24 + max((len(names) for _, names in columns), default=0) * (HIGH + GAP)
    return draw.figure(title, f"what each was made from. {about}", height, [*lines, *heads, *boxes], key)


def _box(name: str, x: float, y: float, wide: float) -> str:
    frame = draw.tag("rect", x=x, y=y, width=wide, height=HIGH, fill="none", stroke="currentColor", stroke_opacity=0.6)
    return draw.titled(name, frame, draw.words(x + 8, y + HIGH / 2 + 4, name, wide - 16))
