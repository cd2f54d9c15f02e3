"""A stacked bar: shares of classes per part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilth.report.charts import axes, draw
from tilth.report.charts.letters import width_of
from tilth.report.charts.numbers import as_count, number, percent

_MOST_CLASSES = 6  # colours and patterns of a stacked bar; one more for “other”


def stacked(title: str, parts: Mapping[str, Mapping[str, float]], key: str = "") -> str:
    """One bar of full length per part, divided by the share of each class, with the shares below and the size on the right.

    `parts`: per part (train, test …) a count of rows per class. Missing, negative and infinite counts are 0; a part without rows says
    so. If there are more than six classes, the smallest ones are joined as “other”.

    >>> svg = stacked("Classes", {"train": {"yes": 200, "no": 800}})
    >>> "20 %" in svg, "1,000 rows" in svg
    (True, True)
    """
    if not any(parts.values()):
        return draw.nothing(title, key)
    counts = {part: {name: as_count(n) for name, n in classes.items()} for part, classes in parts.items()}
    shown, classes = _few_classes(dict(list(counts.items())[: draw.MOST]))
    legend, y = axes.legend(classes, axes.swatch)
    sizes = {part: f"{number(sum(row.values()))} rows" for part, row in shown.items()}
    names, sizes_room = axes.names_room(shown, 0.25), max(map(width_of, sizes.values())) + 10
    body: list[str] = []
    for part, row in shown.items():
        body += [draw.words(0, y + 13, part, names - 10), draw.words(draw.WIDTH, y + 13, sizes[part], anchor="end")]
        body += _segments(part, row, classes, names, draw.WIDTH - sizes_room, y)
        y += 40
    data = ((part, _shares_words(row)) for part, row in shown.items())
    return axes.chart(title, data, len(parts) - len(shown), y, [*legend, *body], key)


def _few_classes(parts: dict[str, dict[str, float]]) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The parts with at most six classes and one class for all others; and the classes."""
    classes = axes.series_of(parts.values())
    if len(classes) <= _MOST_CLASSES + 1:
        return parts, classes
    large = sorted(classes, key=lambda name: -sum(row.get(name, 0.0) for row in parts.values()))[:_MOST_CLASSES]
    kept = [name for name in classes if name in large]
    other = f"other ({len(classes) - len(kept)})"
    folded = {
        part: {**{name: row[name] for name in kept if name in row}, other: sum(n for name, n in row.items() if name not in large)}
        for part, row in parts.items()
    }
    return folded, [*kept, other]


def _shares_words(row: Mapping[str, float]) -> str:
    whole = sum(row.values())
    return ", ".join(f"{name} {percent(n / whole)}" for name, n in row.items()) + f" of {number(whole)} rows" if whole else "no rows"


def _segments(part: str, row: Mapping[str, float], classes: Sequence[str], left: float, right: float, y: float) -> list[str]:
    whole = sum(row.values())
    if not whole:
        return [draw.words(left, y + 13, "no rows", opacity=0.75)]
    drawn, x, free = [], left, left
    for k, name in enumerate(classes):
        share = row.get(name, 0.0) / whole
        wide, label = share * (right - left), percent(share)
        if share > 0:
            drawn.append(draw.titled(f"{part}, {name}: {label} ({number(row[name])} rows)", draw.box(x, y, wide, 16, k)))
        if x >= free and width_of(label, 11) <= min(wide, right - x):
            drawn.append(draw.words(x, y + 29, label, size=11, opacity=0.85))
            free = x + width_of(label, 11) + 4
        x += wide
    return drawn
