"""Elements of charts: colours, lines, boxes, words, and the figure around them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from html import escape

from tilth.report.charts.letters import SIZE, clean, cut
from tilth.report.charts.numbers import trimmed

MOST = 40  # names drawn in one chart
WIDTH = 640  # of a chart, in user units; the page scales it down to fit

# The variables a page must set, for light and dark. All keep a contrast of 3 : 1 or more against the background.
LIGHT = ("#1f6fb2", "#b3541e", "#3d7d3a", "#7b4fa6", "#8a6a00", "#5b6770", "#a3325f")
_DARK = ("#6cb2f0", "#f0965a", "#7cc77a", "#c39be8", "#d9b84a", "#a3afb9", "#ee8fb3")


def _declared(colours: Iterable[str]) -> str:
    return "".join(f"--s{k}:{colour};" for k, colour in enumerate(colours, 1))


STYLE = (
    f":root{{color-scheme:light dark;--page:#ffffff;--ink:#1b2127;{_declared(LIGHT)}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{--page:#14181d;--ink:#e4e8ec;{_declared(_DARK)}}}}}"
    "svg.chart{max-width:100%;height:auto;font-family:system-ui,sans-serif;font-variant-numeric:tabular-nums;color:var(--ink)}"
)


def tag(name: str, *children: str, **attributes: str | float) -> str:
    """An element; attribute names are written with `_` for `-`, numbers to a tenth."""
    written = "".join(f" {key.rstrip('_').replace('_', '-')}={_quoted(value)}" for key, value in attributes.items())
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def _quoted(value: str | float) -> str:
    return f'"{escape(value) if isinstance(value, str) else place(value)}"'


def place(x: float) -> str:
    """A coordinate, to a tenth."""
    place = trimmed(f"{x:.1f}")
    return "0" if place == "-0" else place


def words(x: float, y: float, text: str, room: float = math.inf, anchor: str = "start", size: float = SIZE, opacity: float = 1) -> str:
    """Words at a position, cut to their room, with the full string in a title."""
    text = clean(text)
    shown = cut(text, room, size)
    more = {"text_anchor": anchor} if anchor != "start" else {}
    faint = {"fill_opacity": opacity} if opacity != 1 else {}
    whole = tag("title", escape(text, quote=False)) if shown != text else ""
    return tag("text", whole + escape(shown, quote=False), x=x, y=y, font_size=size, fill="currentColor", **more, **faint)


def line(x1: float, y1: float, x2: float, y2: float, opacity: float = 1) -> str:
    """A thin line of the colour of the words."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", stroke_opacity=opacity)


_ID = "\x1a"  # placeholder for the id of the chart, which is computed later; labels cannot contain it


def colour(series: int) -> str:
    """The colour of a series; the default is that for light pages."""
    return f"var(--s{series % 7 + 1},{LIGHT[series % 7]})"


_HATCHES = (
    "",
    "M0 6L6 0M-1 1L1 -1M5 7L7 5",
    "M1 1h2v2h-2zM4 4h2v2h-2z",
    "M0 0L6 6M-1 5L1 7M5 -1L7 1",
    "M0 1.5H6M0 4.5H6",
    "M1.5 0V6M4.5 0V6",
    "M0 3H6M3 0V6",
)


def _fill(series: int) -> str:
    """The fill of a series: a plain colour for the first one, a pattern in its colour for each other one."""
    return f"url(#{_ID}p{series % 7})" if series % 7 else colour(0)


def _patterns(body: str) -> str:
    """The patterns that the body uses."""
    size = {"width": 6, "height": 6}
    patterns = []
    for k in (k for k in range(1, 7) if f"url(#{_ID}p{k})" in body):
        ground = tag("rect", fill=colour(k), fill_opacity="0.25", **size)
        hatch = tag("path", d=_HATCHES[k], stroke=colour(k), stroke_width=1.5, fill="none")
        patterns.append(tag("pattern", ground, hatch, id=f"{_ID}p{k}", patternUnits="userSpaceOnUse", **size))
    return tag("defs", *patterns) if patterns else ""


def box(x: float, y: float, width: float, height: float, series: int) -> str:
    """A filled rectangle in the paint of its series."""
    return tag("rect", x=x, y=y, width=max(width, 0), height=height, fill=_fill(series), stroke=colour(series), stroke_width=1)


def boxes(places: Iterable[tuple[float, float, float, float, str]], series: int) -> str:
    """Filled rectangles of one series, each with its x, y, width, height, and a tooltip."""
    drawn = [
        tag("rect", *([tag("title", escape(clean(title)))] if title else []), x=x, y=y, width=max(width, 0), height=height)
        for x, y, width, height, title in places
    ]
    return tag("g", *drawn, fill=_fill(series), stroke=colour(series), stroke_width=1) if drawn else ""


def titled(title: str, *elements: str) -> str:
    """Elements with a tooltip."""
    return tag("g", tag("title", escape(clean(title))), *elements)


def figure(title: str, about: str, height: float, body: Iterable[str], key: str, width: float = WIDTH) -> str:
    """The `<svg>`: a picture with a name and a description for screen readers."""
    drawn = "".join(body)
    words = tag("title", escape(clean(title)) or "Chart", id=f"{_ID}t") + tag("desc", escape(clean(about)), id=f"{_ID}d")
    whole = tag(
        "svg",
        words,
        _patterns(drawn),
        drawn,
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        role="img",
        aria_labelledby=f"{_ID}t {_ID}d",
        viewBox=f"0 0 {place(width)} {place(height)}",
        width=width,
        height=height,
    )
    digest = hashlib.sha256(f"{key}\n{whole}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return whole.replace(_ID, f"c{digest}")


def nothing(title: str, key: str) -> str:
    """The figure that says that there is no data."""
    return figure(title, "no data", 44, [words(WIDTH / 2, 26, "no data", anchor="middle", opacity=0.75)], key)


def arrow(x: float, y: float, way: int) -> str:
    """The tip of an infinite bar or line, to the right (1) or to the left (-1)."""
    return tag("path", d=f"M{place(x)} {place(y)}l{-way * 9} -6v12z", fill="currentColor")


def stroked(x1: float, y1: float, x2: float, y2: float, series: int) -> str:
    """A line in the colour of a series."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour(series), stroke_width=2)
