"""Small charts as SVG text, in the colours of the page they stand on.

Every chart is a pure function from data to one `<svg>` element: no dependency, no script, no style of its own, the same text for the same
data. Words are drawn in `currentColor` and shapes in the variables of `STYLE`, so a chart turns dark with its page. Colour never stands
alone: series differ by pattern, line or mark as well, and every number is written out, in the picture or in its description.
`role="img"`, `<title>` and `<desc>` are there for readers who do not see.

    bars         one number per name
    grouped      several numbers per name, side by side
    stacked      shares of classes per part
    intervals    values with confidence intervals, a neutral line and bands that are accepted
    histogram    how a number is distributed, before and after
    shares       one thin bar of valid, missing and invalid
    heat         a number per pair of names

Nothing to draw gives a figure that says “no data”. None and NaN are named, infinities run to the edge and end in an arrow. Names are cut
to the room they have, by an estimate of their width, with the whole text in a `<title>`; whatever they contain is escaped. Past `MOST`
names the rest is counted, not drawn. Put the result into `<figure>` with a `<figcaption>`: the title is not drawn. Where one page holds
the same chart twice, give each a `key`: ids are made from the content.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

MOST = 40  # names drawn in one chart
WIDTH = 640  # of a chart, in the user units of its picture; the page scales it down where there is less room
_SIZE = 12  # of letters
_ROW = 22  # from one bar to the next
_MOST_CLASSES = 6  # colours and patterns of a stacked bar; the rest is one more, “other”

# The variables a page must set, for light and dark. All keep a contrast of 3 : 1 or more against the background.
_LIGHT = {
    "--s1": "#1f6fb2",
    "--s2": "#b3541e",
    "--s3": "#3d7d3a",
    "--s4": "#7b4fa6",
    "--s5": "#8a6a00",
    "--s6": "#5b6770",
    "--s7": "#a3325f",
}
_DARK = {
    "--s1": "#6cb2f0",
    "--s2": "#f0965a",
    "--s3": "#7cc77a",
    "--s4": "#c39be8",
    "--s5": "#d9b84a",
    "--s6": "#a3afb9",
    "--s7": "#ee8fb3",
}


def _declared(colours: Mapping[str, str]) -> str:
    return "".join(f"{name}:{value};" for name, value in colours.items())


STYLE = (
    f":root{{color-scheme:light dark;--page:#ffffff;--ink:#1b2127;{_declared(_LIGHT)}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{--page:#14181d;--ink:#e4e8ec;{_declared(_DARK)}}}}}"
    "svg.chart{max-width:100%;height:auto;font-family:system-ui,sans-serif;font-variant-numeric:tabular-nums;color:var(--ink)}"
)


class Dot(NamedTuple):
    """A value with its interval; either may be missing."""

    value: float | None
    low: float | None = None
    high: float | None = None


# ── numbers and words ────────────────────────────────────────────────────────────────────────────────────────────


def number(x: float | None) -> str:
    """A number as people read it: four significant digits, thousands apart, powers of ten where it is very large or small.

    >>> [number(x) for x in (1234567, 0.1021337, -12.5, 1e-9, 6.02214e23, None, float("nan"), float("-inf"))]
    ['1,234,567', '0.1021', '−12.5', '1×10⁻⁹', '6.022×10²³', 'no value', 'not a number', '−∞']
    """
    x = _float(x)
    if x is None:
        return "no value"
    if math.isnan(x):
        return "not a number"
    sign, size = "−" if x < 0 else "", abs(x)
    if math.isinf(size):
        return f"{sign}∞"
    if size >= 1e9 or 0 < size < 1e-4:
        mantissa, exponent = f"{size:.3e}".split("e")
        return f"{sign}{_trimmed(mantissa)}×10{str(int(exponent)).translate(_RAISED)}"
    if size == int(size):
        return f"{sign}{int(size):,}"
    return sign + _trimmed(f"{size:,.{max(0, 3 - math.floor(math.log10(size)))}f}")


def percent(share: float | None) -> str:
    """A share from 0 to 1 as per cent with one digit; a little and nearly all are never written as none and all.

    >>> [percent(x) for x in (0.1234, 0, 1, 0.00001, 0.99999, None)]
    ['12.3 %', '0 %', '100 %', '<0.1 %', '>99.9 %', 'no value']
    """
    share = _float(share)
    if share is None or not math.isfinite(share):
        return number(share)
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    size = abs(share) * 100
    return ("−" if share < 0 else "") + (f"{_trimmed(f'{size:.1f}')} %" if size < 1e6 else f"{number(size)} %")


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _trimmed(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


def _float(x: float | None) -> float | None:
    try:
        return None if x is None else float(x)
    except OverflowError:  # a whole number too large for a float
        return math.inf if x > 0 else -math.inf  # type: ignore[operator]


def _finite(x: float | None) -> float | None:
    """The number if it can be placed on an axis; beyond 1e300 differences overflow, so that counts as infinite."""
    x = _float(x)
    return x if x is not None and abs(x) < 1e300 else None


_NARROW, _BROAD = frozenset("iljtfrI.,:;!|'()[]{}/\\ -·"), frozenset("mwMW@%—…∞")


def _width(words: str, size: float = _SIZE) -> float:
    """About how wide the words are when drawn, rather too much than too little (a broad sans serif is assumed)."""
    return size * sum(map(_em, words))


def _em(letter: str) -> float:
    if letter in _NARROW:
        return 0.4
    if letter in _BROAD or letter.isupper():
        return 0.78 if letter not in _BROAD else 1.02
    if unicodedata.combining(letter):
        return 0.0
    return 0.64 if ord(letter) < 0x250 else 1.2 if unicodedata.east_asian_width(letter) in "WF" else 0.8


def _cut(words: str, room: float, size: float = _SIZE) -> str:
    """The words, cut with an ellipsis where they need more room than there is."""
    if _width(words, size) <= room:
        return words
    used = _width("…", size)
    for i, letter in enumerate(words):
        used += _width(letter, size)
        if used > room:
            return words[:i].rstrip() + "…"
    return words


def clean(words: object) -> str:
    """The words on one line, without what XML forbids and without marks that turn the direction of what follows."""
    text = str(words)
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def _shown(letter: str) -> str:
    if letter.isspace():
        return " "
    forbidden = (
        unicodedata.category(letter) in ("Cc", "Cs", "Cn") or letter in "\ufffe\uffff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    return "\ufffd" if forbidden else letter


# ── elements ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _tag(name: str, *children: str, **attributes: str | float) -> str:
    """An element; attribute names are written with `_` for `-`, numbers to a tenth."""
    written = "".join(f" {key.rstrip('_').replace('_', '-')}={_quoted(value)}" for key, value in attributes.items())
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def _quoted(value: str | float) -> str:
    return quoteattr(value) if isinstance(value, str) else f'"{_place(value)}"'


def _place(x: float) -> str:
    place = _trimmed(f"{x:.1f}")
    return "0" if place == "-0" else place


def _words(x: float, y: float, text: str, room: float = math.inf, anchor: str = "start", size: float = _SIZE, opacity: float = 1) -> str:
    """Words at a place, cut to their room; a title tells them whole."""
    text = clean(text)
    shown = _cut(text, room, size)
    more = {"text_anchor": anchor} if anchor != "start" else {}
    faint = {"fill_opacity": opacity} if opacity != 1 else {}
    whole = _tag("title", escape(text)) if shown != text else ""
    return _tag("text", whole + escape(shown), x=x, y=y, font_size=size, fill="currentColor", **more, **faint)


def _line(x1: float, y1: float, x2: float, y2: float, opacity: float = 1) -> str:
    return _tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", stroke_opacity=opacity)


_ID = "\x1a"  # stands for the chart's id until it is known; no label can hold it


def _colour(series: int) -> str:
    return f"var(--s{series % 7 + 1},{list(_LIGHT.values())[series % 7]})"


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
    """The paint of a series: plain colour for the first, a pattern in its own colour for each other."""
    return f"url(#{_ID}p{series % 7})" if series % 7 else _colour(0)


def _patterns(body: str) -> str:
    """The patterns that the body uses."""
    used = [k for k in range(1, 7) if f"url(#{_ID}p{k})" in body]
    made = (
        _tag(
            "pattern",
            _tag("rect", width=6, height=6, fill=_colour(k), fill_opacity="0.25"),
            _tag("path", d=_HATCHES[k], stroke=_colour(k), stroke_width=1.5, fill="none"),
            id=f"{_ID}p{k}",
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
        )
        for k in used
    )
    return _tag("defs", *made) if used else ""


def _box(x: float, y: float, width: float, height: float, series: int) -> str:
    return _tag("rect", x=x, y=y, width=max(width, 0), height=height, fill=_fill(series), stroke=_colour(series), stroke_width=1)


def _titled(title: str, *elements: str) -> str:
    """Elements with words that a pointer resting on them shows."""
    return _tag("g", _tag("title", escape(clean(title))), *elements)


def _figure(title: str, about: str, height: float, body: Iterable[str], key: str, width: float = WIDTH) -> str:
    """The `<svg>`: a picture with a name and a description for those who do not see it."""
    drawn = "".join(body)
    words = _tag("title", escape(clean(title)) or "Chart", id=f"{_ID}t") + _tag("desc", escape(clean(about)), id=f"{_ID}d")
    whole = _tag(
        "svg",
        words,
        _patterns(drawn),
        drawn,
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        role="img",
        aria_labelledby=f"{_ID}t {_ID}d",
        viewBox=f"0 0 {_place(width)} {_place(height)}",
        width=width,
        height=height,
    )
    digest = hashlib.sha256(f"{key}\n{whole}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return whole.replace(_ID, f"c{digest}")


def _nothing(title: str, key: str, why: str = "no data") -> str:
    frame = _tag(
        "rect",
        x=0.5,
        y=0.5,
        width=WIDTH - 1,
        height=43,
        rx=4,
        fill="none",
        stroke="currentColor",
        stroke_opacity=0.3,
        stroke_dasharray="4 4",
    )
    return _figure(title, why, 44, [frame, _words(WIDTH / 2, 26, why, anchor="middle", opacity=0.75)], key)


# ── axes, legends ────────────────────────────────────────────────────────────────────────────────────────────────


class _Axis(NamedTuple):
    """Values from `low` to `high`, drawn from `left` to `right`; what lies outside is drawn at the edge."""

    low: float
    high: float
    left: float
    right: float

    def at(self, x: float) -> float:
        share = (min(max(x, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values inside, about so many, with labels that differ and do not touch."""
        raw = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
        return [k * step for k in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def _axis(values: Iterable[float | None], left: float, right: float, margin: float = 0.0) -> _Axis:
    """An axis that holds all finite values, with a margin as a share of their span on both sides."""
    known = [v for v in map(_finite, values) if v is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    size = max(abs(low), abs(high))
    if high - low <= size * 1e-9 or high - low < 1e-290:  # one value: room on both sides, from zero where it is zero
        low, high = (low - size / 2, high + size / 2) if size > 1e-280 else (0.0, 1.0)
    pad = (high - low) * margin
    return _Axis(low - pad, high + pad, left, right)


def _scale(axis: _Axis, top: float, bottom: float, form: Callable[[float], str]) -> list[str]:
    """Grid lines with their values below; a value that would touch the one before, or that reads the same, is left out."""
    drawn, free, last = [], -math.inf, ""
    for tick in axis.ticks():
        x, label = axis.at(tick), form(tick)
        half = _width(label, 11) / 2
        drawn.append(_line(x, top, x, bottom, 0.15))
        if x - half >= free and x + half <= WIDTH and label != last:
            drawn.append(_words(x, bottom + 14, label, anchor="middle", size=11, opacity=0.75))
            free, last = x + half + 6, label
    return drawn


def _legend(names: Sequence[str], sample: Callable[[int, float, float], str], y: float = 0) -> tuple[list[str], float]:
    """A sample and a name per series, in as many lines as needed, and the height they take."""
    drawn, x = [], 0.0
    for k, name in enumerate(names):
        shown = clean(name) or "(blank)"
        wide = 22 + min(_width(shown), 180) + 16
        if x and x + wide > WIDTH:
            x, y = 0, y + 20
        drawn += [sample(k, x, y), _words(x + 22, y + 13, shown, 180)]
        x += wide
    return drawn, y + 28 if names else y


def _swatch(series: int, x: float, y: float) -> str:
    return _box(x + 1, y + 3, 14, 11, series)


def _names_room(names: Iterable[str], most: float = 0.32) -> float:
    """The width of the column of names on the left."""
    return min(max((_width(clean(name)) for name in names), default=0), WIDTH * most) + 10


def _beyond(count: int, y: float) -> list[str]:
    """The line that says how many names were not drawn."""
    return [_words(0, y + 14, f"… and {count:,} more", opacity=0.75)] if count > 0 else []


def _told(items: Iterable[tuple[str, str]], count: int) -> str:
    """The data in words, for the description."""
    more = f"; and {count:,} more" if count > 0 else ""
    return "; ".join(f"{name}: {value}" for name, value in items) + more


def _series(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """The names of the series, in the order in which they appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


# ── the charts ───────────────────────────────────────────────────────────────────────────────────────────────────


def bars(title: str, values: Mapping[str, float | None], form: Callable[[float | None], str] = number, key: str = "") -> str:
    """One horizontal bar per name, from zero, its number at its end.

    `values`: a number per name, in the order to draw; None (no value), NaN and infinities may be among them. `form` writes a number. No
    names: a figure that says “no data”.

    >>> bars("Missing", {"age": 0.1, "income": 0.25}, form=percent).count("<rect")
    2
    """
    return grouped(title, {name: {"": value} for name, value in values.items()}, form, key)


def grouped(title: str, rows: Mapping[str, Mapping[str, float | None]], form: Callable[[float | None], str] = number, key: str = "") -> str:
    """Horizontal bars side by side: one per series, for every name. The series tell themselves apart by colour and pattern, with a legend.

    `rows`: per name a number per series. A series that a name lacks leaves its place empty. Else as `bars`.

    >>> "before" in grouped("Missing", {"age": {"before": 0.1, "after": 0.0}}, form=percent)
    True
    """
    if not any(rows.values()):
        return _nothing(title, key)
    shown, series = dict(list(rows.items())[:MOST]), _series(rows.values())
    values = [value for row in shown.values() for value in row.values()]
    legend, y = _legend(series, _swatch) if series != [""] else ([], 2.0)
    thick = 16
    names = _names_room(shown)
    behind = max((_width(form(v)) for v in values if not _negative(v)), default=0) + 8
    ahead = max((_width(form(v)) for v in values if _negative(v)), default=-8) + 8
    axis = _axis([0.0, *values], names + ahead, WIDTH - behind)
    body, top = [], y
    for name, row in shown.items():
        body.append(_words(0, y + thick * len(series) / 2 + 2.5, name, names - 10))
        for k, label in enumerate(series):
            if label in row:
                told = f"{name}, {label}: {form(row[label])}" if label else f"{name}: {form(row[label])}"
                body.append(_titled(told, *_bar(axis, row[label], y + k * thick, thick - 4, k, form)))
        y += thick * len(series) + (6 if len(series) == 1 else 10)
    body.append(_line(axis.at(0), top - 2, axis.at(0), y - 6, 0.6))
    about = _told(
        ((name, ", ".join(f"{s} {form(v)}".strip() for s, v in row.items())) for name, row in shown.items()), len(rows) - len(shown)
    )
    more = _beyond(len(rows) - len(shown), y)
    return _figure(title, about, y + 20 * len(more), [*legend, *body, *more], key)


def _negative(x: float | None) -> bool:
    x = _float(x)
    return x is not None and x < 0


def _bar(axis: _Axis, value: float | None, y: float, thick: float, series: int, form: Callable[[float | None], str]) -> list[str]:
    """A bar from zero with its number; an infinite one ends in an arrow, one without value is words only."""
    words = y + thick / 2 + 4.5
    x, zero = _float(value), axis.at(0)
    if x is None or math.isnan(x):
        return [_words(zero + 5, words, form(value), opacity=0.75)]
    end = axis.at(x)
    drawn = [_box(min(zero, end), y, abs(end - zero), thick, series)] if end != zero else []
    if _finite(x) is None:
        drawn.append(_arrow(end, y + thick / 2, 1 if x > 0 else -1))
    return [*drawn, _words(end - 5, words, form(value), anchor="end") if x < 0 else _words(end + 5, words, form(value))]


def _arrow(x: float, y: float, way: int) -> str:
    """The tip that says “and on without end”, to the right (1) or to the left (-1)."""
    return _tag("path", d=f"M{_place(x)} {_place(y)}l{-way * 9} -6v12z", fill="currentColor")


def stacked(title: str, parts: Mapping[str, Mapping[str, float]], key: str = "") -> str:
    """One bar of full length per part, divided by the share of each class, with the shares below and the size on the right.

    `parts`: per part (train, test …) a count of rows per class. Counts that are missing, negative or not finite count as none; a part
    without rows says so. Beyond six classes the smallest are one, “other”.

    >>> svg = stacked("Classes", {"train": {"yes": 200, "no": 800}})
    >>> "20 %" in svg, "1,000 rows" in svg
    (True, True)
    """
    if not any(parts.values()):
        return _nothing(title, key)
    counts = {part: {name: _count(n) for name, n in classes.items()} for part, classes in parts.items()}
    shown, classes = _few_classes(dict(list(counts.items())[:MOST]))
    legend, y = _legend(classes, _swatch)
    sizes = {part: f"{number(sum(row.values()))} rows" for part, row in shown.items()}
    names, sizes_room = _names_room(shown, 0.25), max(map(_width, sizes.values())) + 10
    body: list[str] = []
    for part, row in shown.items():
        body += [_words(0, y + 13, part, names - 10), _words(WIDTH, y + 13, sizes[part], anchor="end")]
        body += _segments(part, row, classes, names, WIDTH - sizes_room, y)
        y += 40
    about = _told(((part, _shares_told(row)) for part, row in shown.items()), len(parts) - len(shown))
    more = _beyond(len(parts) - len(shown), y)
    return _figure(title, about, y + 20 * len(more), [*legend, *body, *more], key)


def _count(n: float | None) -> float:
    return max(_finite(n) or 0.0, 0.0)


def _few_classes(parts: dict[str, dict[str, float]]) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The parts with at most six classes and one for all others, and the classes."""
    classes = _series(parts.values())
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


def _shares_told(row: Mapping[str, float]) -> str:
    whole = sum(row.values())
    return ", ".join(f"{name} {percent(n / whole)}" for name, n in row.items()) + f" of {number(whole)} rows" if whole else "no rows"


def _segments(part: str, row: Mapping[str, float], classes: Sequence[str], left: float, right: float, y: float) -> list[str]:
    whole = sum(row.values())
    if not whole:
        return [_words(left, y + 13, "no rows", opacity=0.75)]
    drawn, x, free = [], left, left
    for k, name in enumerate(classes):
        share = row.get(name, 0.0) / whole
        wide, label = share * (right - left), percent(share)
        if share > 0:
            drawn.append(_titled(f"{part}, {name}: {label} ({number(row[name])} rows)", _box(x, y, wide, 16, k)))
        if x >= free and _width(label, 11) <= min(wide, right - x):
            drawn.append(_words(x, y + 29, label, size=11, opacity=0.85))
            free = x + _width(label, 11) + 4
        x += wide
    return drawn


def intervals(
    title: str,
    rows: Mapping[str, Mapping[str, Dot]],
    neutral: float = 0.0,
    bands: Mapping[str, tuple[float, float]] | None = None,
    form: Callable[[float | None], str] = number,
    key: str = "",
) -> str:
    """A mark with its interval per series, for every name, on one axis with a line at `neutral`; the numbers stand on the right.

    `rows`: per name a `Dot` per series (before, after …); the series differ by colour and by mark. `bands`: per name what is accepted,
    drawn as a shade behind its marks; a side that is infinite is open. A dot without value is words only; an interval that is infinite
    ends in an arrow.

    >>> svg = intervals("Bias", {"DPL": {"before": Dot(0.3, 0.14, 0.46)}}, bands={"DPL": (-0.1, 0.1)})
    >>> "0.3 (0.14 to 0.46)" in svg
    True
    """
    if not any(rows.values()):
        return _nothing(title, key)
    shown, series = dict(list(rows.items())[:MOST]), _series(rows.values())
    bands = {name: band for name, band in (bands or {}).items() if name in shown}
    samples = [*series, *(["accepted"] if bands else [])]
    legend, y = _legend(samples, lambda k, x, top: _mark(x + 8, top + 9, k) if k < len(series) else _shade(x + 1, top + 3, 14, 11))
    written = {(name, s): _dot_told(dot, form) for name, row in shown.items() for s, dot in row.items()}
    names, numbers = _names_room(shown), max(map(_width, written.values())) + 14
    axis = _axis(
        [neutral, *(x for row in shown.values() for dot in row.values() for x in dot), *(x for band in bands.values() for x in band)],
        names + 6,
        WIDTH - numbers,
        margin=0.04,
    )
    body, top = [], y
    for name, row in shown.items():
        deep = 18 * len(series)
        body.append(_words(0, y + deep / 2 + 4.5, name, names - 10))
        if name in bands and not any(map(math.isnan, bands[name])):
            low, high = (axis.at(x) for x in bands[name])
            body.append(_shade(low, y, high - low, deep))
        for k, label in enumerate(series):
            if label in row:
                told = f"{name}, {label}: {written[name, label]}"
                body.append(_titled(told, *_interval(axis, row[label], y + 18 * k + 9, k, written[name, label])))
        y += deep + 8
    frame = [*_scale(axis, top - 4, y, form), _line(axis.at(neutral), top - 4, axis.at(neutral), y, 0.8)]
    about = _told(((f"{name}, {label}", told) for (name, label), told in written.items()), len(rows) - len(shown))
    more = _beyond(len(rows) - len(shown), y + 20)
    return _figure(title, about, y + 20 + 20 * len(more), [*legend, *frame, *body, *more], key)


def _dot_told(dot: Dot, form: Callable[[float | None], str]) -> str:
    return form(dot.value) + (f" ({form(dot.low)} to {form(dot.high)})" if dot.low is not None and dot.high is not None else "")


def _shade(x: float, y: float, width: float, height: float) -> str:
    """What is accepted: a shade with a dotted rim."""
    return _tag(
        "rect",
        x=x,
        y=y,
        width=max(width, 0),
        height=height,
        fill="currentColor",
        fill_opacity="0.1",
        stroke="currentColor",
        stroke_opacity="0.5",
        stroke_dasharray="2 3",
    )


def _interval(axis: _Axis, dot: Dot, y: float, series: int, written: str) -> list[str]:
    """The line from low to high with its ends, the mark on it, and the numbers on the right."""
    words = _words(WIDTH, y + 4.5, written, anchor="end")
    value, low, high = map(_float, dot)
    if value is None or math.isnan(value):
        return [words]
    drawn = []
    if low is not None and high is not None and low <= high:
        drawn.append(_stroked(axis.at(low), y, axis.at(high), y, series))
        for x, way in ((low, -1), (high, 1)):
            end = axis.at(x)
            drawn.append(_arrow(end, y, way) if _finite(x) is None else _stroked(end, y - 4, end, y + 4, series))
    elif _finite(value) is None:
        return [words, _arrow(axis.at(value), y, 1 if value > 0 else -1)]
    return [words, *drawn, *([_mark(axis.at(value), y, series)] if _finite(value) is not None else [])]


_MARKS = (  # circle, diamond, square, triangle; the first is hollow
    "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "m0 -6l6 6l-6 6l-6 -6z",
    "m-4.5 -4.5h9v9h-9z",
    "m0 -5.5l5.5 10h-11z",
)


def _mark(x: float, y: float, series: int) -> str:
    paint = "var(--page,#ffffff)" if series % 4 == 0 else _colour(series)
    return _tag("path", d=f"M{_place(x)} {_place(y)}{_MARKS[series % 4]}", fill=paint, stroke=_colour(series), stroke_width=2)


def histogram(title: str, edges: Sequence[float], counts: Mapping[str, Sequence[float]], key: str = "") -> str:
    """How a number is distributed, as one stepped line per series; the height is the share of the series' rows per bin.

    `edges`: the n + 1 rising edges of n bins; where bins differ in width, height is the share per unit of the number instead, so that
    areas compare. An infinite first or last edge is drawn one bin away. `counts`: per series (before, after) a count per bin; what is
    missing, negative or not finite counts as none. Fewer than two edges, or no count at all: “no data”.

    >>> "before" in histogram("Age", [0, 20, 40], {"before": [3, 1], "after": [2, 2]})
    True
    """
    at = _closed([math.nan if x is None else x for x in map(_float, edges)])
    tallies = {name: [_count(n) for n in row][: len(at) - 1] for name, row in counts.items()}
    if len(at) < 2 or not any(map(any, tallies.values())):
        return _nothing(title, key)
    even = max(b - a for a, b in pairwise(at)) <= 1.001 * min(b - a for a, b in pairwise(at))
    heights = {name: _heights(at, row, even) for name, row in tallies.items()}
    most = max(max(row, default=0.0) for row in heights.values()) or 1.0
    legend, top = _legend(list(tallies), lambda k, x, y: _stroked(x, y + 9, x + 16, y + 9, k, dashed=True))
    form = percent if even else number
    rows = _Axis(0.0, most, top + 150, top + 6)
    ticks = rows.ticks(3)
    left = max(_width(form(tick), 11) for tick in ticks) + 8
    axis = _Axis(at[0], at[-1], left, WIDTH - 12)
    body = [_line(left, rows.at(t), WIDTH - 12, rows.at(t), 0.15) for t in ticks]
    body += [_words(left - 6, rows.at(t) + 4, form(t), anchor="end", size=11, opacity=0.75) for t in ticks]
    body += _scale(axis, top + 6, top + 150, number)
    body += [_titled(name, _steps(axis, rows, at, row, k)) for k, (name, row) in enumerate(heights.items())]
    told = "share of rows per bin" if even else "share of rows per unit"
    about = f"{told}, from {number(edges[0])} to {number(edges[-1])}; " + _told(
        ((name, _bins_told(edges, row)) for name, row in tallies.items()), 0
    )
    return _figure(title, about, top + 172, [*legend, *body], key)


def _closed(edges: list[float]) -> list[float]:
    """The edges with infinite ends one mean bin away; none where they do not rise."""
    inner = [x for x in edges if _finite(x) is not None]
    if len(inner) < 1 or len(edges) < 2 or any(not a < b for a, b in pairwise(edges)):
        return []
    step = (inner[-1] - inner[0]) / (len(inner) - 1) if len(inner) > 1 else abs(inner[0]) or 1.0
    return [inner[0] - step] * (edges[0] < inner[0]) + inner + [inner[-1] + step] * (edges[-1] > inner[-1])


def _heights(edges: Sequence[float], counts: Sequence[float], even: bool) -> list[float]:
    whole = sum(counts) or 1.0
    return [n / whole / (1.0 if even else b - a) for n, (a, b) in zip(counts, pairwise(edges), strict=False)]


def _bins_told(edges: Sequence[float], counts: Sequence[float]) -> str:
    whole = sum(counts)
    if not whole:
        return "no rows"
    fullest = max(range(len(counts)), key=lambda i: counts[i])
    between = f"between {number(edges[fullest])} and {number(edges[fullest + 1])}"
    return f"{number(whole)} rows in {len(counts)} bins, most ({percent(counts[fullest] / whole)}) {between}"


_DASHES = ("none", "6 3", "2 3", "8 3 2 3")


def _stroked(x1: float, y1: float, x2: float, y2: float, series: int, dashed: bool = False) -> str:
    """A line in the colour of a series and, where asked, in its dashes."""
    dashes = _DASHES[series % 4] if dashed else "none"
    return _tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=_colour(series), stroke_width=2, stroke_dasharray=dashes)


def _steps(axis: _Axis, rows: _Axis, edges: Sequence[float], heights: Sequence[float], series: int) -> str:
    path = f"M{_place(axis.at(edges[0]))} {_place(rows.at(0))}"
    for height, edge in zip(heights, edges[1:], strict=False):
        path += f"V{_place(rows.at(height))}H{_place(axis.at(edge))}"
    return _tag(
        "path",
        d=f"{path}V{_place(rows.at(0))}",
        fill=_colour(series),
        fill_opacity="0.12",
        stroke=_colour(series),
        stroke_width=2,
        stroke_dasharray=_DASHES[series % 4],
    )


def shares(title: str, valid: float, missing: float, invalid: float, key: str = "") -> str:
    """A thin bar for one line of a table: valid filled, missing empty, invalid hatched; the shares stand in its description and title.

    Counts or shares, scaled to their sum. What is missing, negative or not finite counts as none; nothing at all gives an empty, dotted
    frame.

    >>> "invalid 10 %" in shares("age", valid=80, missing=10, invalid=10)
    True
    """
    wide, tall = 120, 12
    parts = {"valid": _count(valid), "missing": _count(missing), "invalid": _count(invalid)}
    whole = sum(parts.values())
    frame: dict[str, str | float] = {"x": 0.5, "y": 0.5, "width": wide - 1, "height": tall - 1, "fill": "none", "stroke": "currentColor"}
    if not whole:
        return _figure(title, "no data", tall, [_tag("rect", stroke_dasharray="2 3", **frame)], key, wide)
    told = ", ".join(f"{name} {percent(n / whole)}" for name, n in parts.items())
    seen = {name: max(n / whole, 0.04) if n else 0.0 for name, n in parts.items()}  # a little is drawn large enough to be seen
    good, bad = ((wide - 1) * seen[name] / sum(seen.values()) for name in ("valid", "invalid"))
    body = [
        _tag("rect", **frame),
        _box(0.5, 0.5, good, tall - 1, 0) if good else "",
        _box(wide - 0.5 - bad, 0.5, bad, tall - 1, 1) if bad else "",
    ]
    return _figure(title, told, tall, [_titled(f"{title}: {told}", *body)], key, wide)


def heat(title: str, names: Sequence[str], values: Sequence[Sequence[float | None]], most: float = 1.0, key: str = "") -> str:
    """A square per pair of names: with few names the number in it, with many as large as the number.

    Shaded squares have a dashed rim for minus; sized ones are full for plus and hollow for minus.

    `values`: one row per name with one number per name, as a correlation or a share missing together. `most`: the size drawn strongest.
    No value: a dot. Infinite: as `most`.

    >>> heat("Correlation", ["a", "b"], [[1, -0.5], [-0.5, 1]]).count(">−0.5<")
    2
    """
    if not names:
        return _nothing(title, key)
    shown = list(names)[:MOST]
    left = _names_room(shown, 0.3)
    cell = min(44.0, (WIDTH - left) / len(shown))
    top = _names_room(shown, 0.2)
    square = _shaded if cell >= 40 else _sized
    body = []
    for i, name in enumerate(shown):
        x, y = left + cell * i + cell / 2, top + cell * i + cell / 2
        body.append(_words(left - 8, y + 4, name, left - 10, anchor="end", size=min(_SIZE, cell)))
        upright = _words(0, 4, name, top - 10, size=min(11, cell))
        body.append(_tag("g", upright, transform=f"translate({_place(x)} {_place(top - 6)}) rotate(-90)"))
        for j, other in enumerate(shown):
            value = _pair(values, i, j)
            told = f"{name}, {other}: {number(value)}"
            body.append(_titled(told, *square(left + cell * j + cell / 2, y, cell, value, most)))
    pairs = [(f"{shown[i]}, {shown[j]}", _finite(_pair(values, i, j))) for i in range(len(shown)) for j in range(i)]
    strong = sorted(((pair, value) for pair, value in pairs if value is not None), key=lambda known: -abs(known[1]))[:10]
    about = f"{len(names)} names; the largest: " + _told(((pair, number(value)) for pair, value in strong), 0)
    bottom = top + cell * len(shown)
    more = _beyond(len(names) - len(shown), bottom)
    return _figure(title, about, bottom + 4 + 20 * len(more), [*body, *more], key)


def _pair(values: Sequence[Sequence[float | None]], i: int, j: int) -> float | None:
    return _float(values[i][j]) if i < len(values) and j < len(values[i]) else None


def _strength(value: float | None, most: float) -> float | None:
    """The size of a number from 0 to 1; nothing where there is none."""
    return None if value is None or math.isnan(value) else min(abs(value) / most, 1.0)


def _no_value(x: float, y: float) -> list[str]:
    return [_tag("circle", cx=x, cy=y, r=1.5, fill="currentColor", fill_opacity="0.5")]


def _shaded(x: float, y: float, cell: float, value: float | None, most: float) -> list[str]:
    """A full square around (x, y), shaded by the number, with the number in it."""
    strength = _strength(value, most)
    if value is None or strength is None:
        return _no_value(x, y)
    series, dashes = (0, "none") if value >= 0 else (1, "3 2")
    rim = _tag(
        "rect",
        x=x - cell / 2 + 1,
        y=y - cell / 2 + 1,
        width=cell - 2,
        height=cell - 2,
        fill=_colour(series),
        fill_opacity=f"{0.4 * strength:.2f}",
        stroke=_colour(series),
        stroke_dasharray=dashes,
    )
    label = number(round(value, 2)) if math.isfinite(value) else number(value)
    return [rim, _words(x, y + 4, label, cell - 2, anchor="middle", size=11)]


def _sized(x: float, y: float, cell: float, value: float | None, most: float) -> list[str]:
    """A square around (x, y) whose area is the number."""
    strength = _strength(value, most)
    if value is None or strength is None:
        return _no_value(x, y)
    side = math.sqrt(strength) * (cell - 2)
    fill, series = (_colour(0), 0) if value >= 0 else ("none", 1)
    return [_tag("rect", x=x - side / 2, y=y - side / 2, width=side, height=side, fill=fill, stroke=_colour(series))]
