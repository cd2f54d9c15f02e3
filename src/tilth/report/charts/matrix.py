"""A matrix of strengths between names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilth.report.charts import axes, draw
from tilth.report.charts.numbers import finite, number

MOST_NAMES = 25
SIDE = 20  # size of a cell; less if names are long


def matrix(title: str, names: Sequence[str], values: Mapping[tuple[str, str], float], key: str = "") -> str:
    """A square for each pair below the diagonal, sized by its strength from 0 to 1; the number is in its tooltip.

    `values`: pairs of names, in either order; the sign is ignored. A pair without a value has no square.

    >>> matrix("Associations", ["a", "b"], {("a", "b"): -0.5}).count("<rect")
    1
    """
    shown = list(names)[:MOST_NAMES]
    known = {pair: x for pair, v in values.items() if (x := finite(v)) is not None}
    if len(shown) < 2:
        return draw.nothing(title, key)
    left, body = axes.names_room(shown), list[str]()
    side = min(SIDE, (draw.WIDTH - left) / len(shown))
    for i, row in enumerate(shown):
        body.append(draw.words(0, i * side + 14, row, left - 10))
        body.append(draw.line(left, (i + 1) * side, left + (i + 1) * side, (i + 1) * side, 0.15))
        for j, column in enumerate(shown[:i]):
            value = known.get((row, column), known.get((column, row)))
            size = min(abs(value), 1.0) * (side - 2) if value else 0
            if value and size >= 1:
                place = (side - size) / 2
                square = draw.box(left + j * side + place, i * side + place, size, size, 0)
                body.append(draw.titled(f"{row}, {column}: {number(value)}", square))
        body.append(draw.words(left + i * side + 4, i * side + 14, str(i + 1), size=10, opacity=0.75))
    tall = len(shown) * side
    body += [
        draw.words(left + j * side + side / 2, tall + 14, str(j + 1), anchor="middle", size=10, opacity=0.75) for j in range(len(shown))
    ]
    strongest = sorted(known, key=lambda pair: -abs(known[pair]))[:10]
    data = ((f"{a}, {b}", number(known[a, b])) for a, b in strongest)
    return axes.chart(title, data, len(names) - len(shown), tall + 20, body, key)
