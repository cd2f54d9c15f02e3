"""Flaws of columns that may be features."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from tilth.data import Kind
from tilth.engine.operations.timeformats import TimeFormat
from tilth.errors import joined
from tilth.measures.associations import ETA
from tilth.measures.insights.flaws.seen import RARE, Case, Seen, is_long, is_unique
from tilth.measures.insights.remedies import dropped, of_data, step
from tilth.measures.insights.strings import ISO, LOOKED_AT, private_values
from tilth.measures.profile_section import hidden_missing
from tilth.report.blocks import counted, shown
from tilth.report.charts import number, percent

SAME, EXACTLY = 0.98, 0.9999
DAMAGED = re.compile("[ÃÂ][\x80-\xbf]|â€")  # UTF-8 that was read as another encoding


def gaps(seen: Seen) -> Iterator[Case]:
    """Columns with missing values, and whether these predict the label."""
    for name, c in seen.others.items():
        if c.valid and c.rows:
            tells = name in seen.powers and (seen.powers[name].payload.missing_power or 0.0) > 0.05
            line = step("features", "flag", {"columns": name, "with": "missing"}) if tells else dropped([name])
            said = "; a missing value says something about the label, so keep that information" if tells else ""
            yield Case((name,), c.missing / c.rows, {"share": percent(c.missing / c.rows), "tells": said}, line)


def hidden(seen: Seen) -> Iterator[Case]:
    """Strings that may stand for a missing value."""
    found = {name: [v for v, _ in hidden_missing(c)] for name, c in seen.columns.items() if name not in seen.roles.private}
    found = {name: values for name, values in found.items() if values}
    values = list(dict.fromkeys(v.strip() for of in found.values() for v in of))
    if found:
        yield Case(tuple(found), len(found), {"values": ", ".join(map(shown, values))}, of_data("data", "nulls", values))


def infinite(seen: Seen) -> Iterator[Case]:
    """Columns of numbers with infinities."""
    for name, c in seen.others.items():
        if c.invalid:
            line = step("features", "null_if", {"columns": name, "above": 1e308, "below": -1e308})
            yield Case((name,), c.invalid, {"rows": counted(c.invalid, "row")}, line)


def empty(seen: Seen) -> Iterator[Case]:
    """Columns without values."""
    yield from (Case((name,)) for name, c in seen.others.items() if c.rows and not c.valid)


def constant(seen: Seen) -> Iterator[Case]:
    """Columns with a single value."""
    yield from (Case((name,)) for name, c in seen.others.items() if c.valid and c.distinct == 1 and c.rows > 1)


def nearly(seen: Seen) -> Iterator[Case]:
    """Columns, by the share of their most frequent value."""
    for name, c in seen.others.items():
        if c.top and (c.distinct or 0) > 1 and c.valid:
            yield Case((name,), c.top[0][1] / c.valid)


def keys(seen: Seen) -> Iterator[Case]:
    """Columns with a different value in every row, except texts and dates."""
    others = ((name, c) for name, c in seen.others.items() if name not in seen.dates and c.kind in ("string", "integer"))
    yield from (Case((name,)) for name, c in others if is_unique(c) and not is_long(c))


def varied(seen: Seen) -> Iterator[Case]:
    """Columns of strings by their share of distinct values, except ids."""
    for name, c in seen.others.items():
        if c.kind == "string" and c.distinct and c.valid > RARE and (not is_unique(c) or is_long(c)) and name not in seen.dates:
            yield Case((name,), c.distinct / c.valid, {"distinct": number(c.distinct)})


def varied_long(seen: Seen) -> Iterator[Case]:
    """Columns of texts by their share of distinct values."""
    yield from (case for case in varied(seen) if is_long(seen.columns[case.columns[0]]))


def same(seen: Seen) -> Iterator[Case]:
    """Of two columns with the same information, the one with less power."""
    gone = set[str]()
    for a, b, measure, value in seen.associations.pairs if seen.associations else ():
        same = abs(value) > (EXACTLY if measure == ETA else SAME)  # a number may be a function of a category without the reverse
        if same and {a, b} <= seen.others.keys() and not gone & {a, b}:
            weaker, other = (a, b) if seen.power(a) < seen.power(b) else (b, a)
            gone.add(weaker)
            yield Case((weaker,), abs(value), {"other": other, "measure": measure, "value": number(value)})


def inflated(seen: Seen) -> Iterator[Case]:
    """Columns of numbers that the others determine: those to drop until no factor is large."""
    for name, v in seen.collinear.redundant if seen.collinear else ():
        said = "is given exactly" if v is None else f"is nearly given (variance inflation factor {number(v)})"
        yield Case((name,), math.inf if v is None else v, {"says": said})


def weak(seen: Seen) -> Iterator[Case]:
    """Columns without power. Times are left out, because parts of them may have power."""
    powers = ((name, f) for name, f in seen.powers.items() if name in seen.others)
    yield from (Case((name,), 1 - (f.number or 0.0)) for name, f in powers if not seen.features[name].column.kind.temporal)


def damaged(seen: Seen) -> Iterator[Case]:
    """Columns of strings with UTF-8 that was read as another encoding."""
    for name, f in seen.features.items():
        n = sum(DAMAGED.search(v) is not None for v in f.names)
        if n and name in seen.columns:
            yield Case((name,), n, {"values": counted(n, "value")})


def personal(seen: Seen) -> Iterator[Case]:
    """Columns that look like addresses, phone or account numbers, and are not private."""
    kinds = {name: what for name, f in seen.features.items() if name in seen.others and (what := private_values(f.names[:LOOKED_AT]))}
    if kinds:
        line = of_data("roles", "private", [*seen.roles.private, *kinds])
        yield Case(tuple(kinds), len(kinds), {"what": joined(dict.fromkeys(kinds.values()))}, line)


def written_dates(seen: Seen) -> Iterator[Case]:
    """Columns of strings that are days or times in one or two formats."""
    for name, formats in seen.dates.items():
        kind = max((TimeFormat.parse(f).kind for f in formats), key=list(Kind).index)
        how = {} if all(ISO.fullmatch(f) for f in formats) else {"format": list(formats) if len(formats) > 1 else formats[0]}
        line = step("features", "parse", {"columns": name, "as": kind.value, **how})
        yield Case((name,), len(formats), {"formats": " or ".join(formats), "kind": "times" if kind is not Kind.DATE else "days"}, line)
