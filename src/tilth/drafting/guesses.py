"""Guesses roles: the id, the label and its favourable value, the time of a row, and facets. Each guess has a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from string import digits
from typing import Any

from tilth.data import Kind, Roles
from tilth.data.names import (
    BINARY,
    OUTCOMES,
    SURE_OUTCOMES,
    TIME_UNITS,
    UNFAVOURABLE,
    names_facet,
    names_id,
    names_place,
    names_postcode,
    names_time_of_row,
    outcome,
    snake,
)
from tilth.drafting.summary import FEW, LONGEST_KEY, ColumnSummary

FAVOURABLE = ("yes", "y", "true", "t", "1", "1.0", "good", "approved", "accepted", "positive", "pass", "passed", ">50k", "survived")
NO = ("no", "n", "false", "f", "0", "0.0")
PERSONS = (  # values of a protected attribute, whatever its name, and how many of them it takes: black and white may be colours
    (r"m|f|male|female|man|woman|men|women|non-?binary|diverse", 2),
    (r"white|black|hispanic|latin[aox]|asian.*|caucasian|african.american|native.american|amer.*indian.*", 3),
    (r"single|(?:never.)?married.*|divorced|widowed?|separated", 2),
    (r"catholic|protestant|muslim|jewish|hindu|buddhist", 2),
)
OTHERS = {"other", "unknown", "u", "o", "x", "none", "all"}  # further values that may occur with them
WEAK = {*OUTCOMES, "status", "result", "event", "win", "won", "failed", "failure", "relapse", "arrest", "vote"} - {"y", "class"}
"""Words that may be in the name of an outcome."""
TREATMENTS = {"treat", "treated", "treatment", "arm"}
EARLIEST, LATEST = 1000, 2200  # years


def guessed_roles(seen: Sequence[ColumnSummary], label: str | None) -> Roles:
    """The roles that names and values suggest; `favourable_value` guesses the positive value once values are counted."""
    key = _key([s for s in seen if s.name != label])
    time = next((s.name for s in seen if s.name != label and is_time(s)), None)
    return Roles.of(
        text=[s.name for s in seen if s.free_text and not s.private and s.name != label],
        id=[key.name] if key else [],
        time=time,
        label=label,
        facet=[s.name for s in seen if is_facet(s) and s.name not in (label, key and key.name) and not s.private],
        private=[s.name for s in seen if s.private and s.name != label],
    )


def is_time(s: ColumnSummary) -> bool:
    """Whether a column may be the time of its row, and rows can be split by it."""
    return s.kind.temporal and s.full and names_time_of_row(s.name) and s.spreads


def is_facet(s: ColumnSummary) -> bool:
    """Whether a column is a protected attribute by its name or its values."""
    values = {v.strip().casefold() for v, _ in s.top if isinstance(v, str)} - OTHERS
    by_values = any(len(values) >= few and all(re.fullmatch(words, v) for v in values) for words, few in PERSONS)
    return not s.constant and (names_facet(s.name) or by_values)


def _key(seen: Sequence[ColumnSummary]) -> ColumnSummary | None:
    """The id column: named like an id and unique or nearly so; else a first column that numbers the rows; else a unique short
    string."""
    named = [s for s in seen if names_id(s.name) and s.kind in (Kind.INTEGER, Kind.STRING)]
    sure = [s for s in named if s.unique] + [s for s in named if s.near_unique and s.full and not s.private]
    strings = [s for s in seen if s.unique and s.kind is Kind.STRING and not (s.disguise or s.private or names_postcode(s.name))]
    short = [s for s in strings if s.longest <= LONGEST_KEY]
    numbers = [s for s in seen[:1] if s.counts_up]
    return next(iter(sure + [s for s in numbers + short if s.rows > FEW]), None)


# ── the label ──


def guessed_label(seen: Sequence[ColumnSummary]) -> tuple[str | None, str, dict[str, str]]:
    """The label and why it is one; else None, and the columns that may be one, with reasons.

    A name of the field decides; without one only a last column does, of two values or with a name that may be an outcome's. The last of a
    numbered series, such as q1 … q9, and a treatment are inputs.
    """
    key = _key(seen)
    fit = [s for s in seen if s is not key and not (s.private or s.constant or s.nested or s.meant.temporal or names_id(s.name))]
    axes = {"x", "z"} <= {snake(s.name) for s in seen}  # then y is a coordinate
    outcomes = [(word, s) for s in fit if (word := outcome(s.name)) and not (axes and word == "y")]
    named = [s for word in OUTCOMES for found, s in outcomes if found == word and _fits_name(s)]
    last = [s for s in fit if s is seen[-1] and _few(s) and ((s.full and s.distinct == 2) or _weak_name(s))]
    last = [s for s in last if not (is_facet(s) or snake(s.name) in TREATMENTS or _numbered(s, seen))]
    texts = [s for s in seen if s.free_text]
    beside_text = [s for s in fit if _few(s)] if len(seen) == 2 and len(texts) == 1 else []
    for s in (*named, *last, *beside_text):
        return s.name, "; ".join(_reasons(s, seen)), {}
    possible = [s for s in fit if not (is_facet(s) or s.free_text or s.near_unique or names_place(s.name))]
    possible = [s for s in possible if s is seen[-1] or _weak_name(s)]
    return None, "", {s.name: "; ".join(_reasons(s, seen)) for s in possible}


def _numbered(s: ColumnSummary, seen: Sequence[ColumnSummary]) -> bool:
    """Whether some but not all of the columns differ from `s` only by the number at the end of their names."""
    stem = s.name.rstrip(digits)
    return stem != s.name and 1 < sum(o.name.rstrip(digits) == stem for o in seen) < len(seen)


def _few(s: ColumnSummary) -> bool:
    return 2 <= s.distinct <= FEW and (s.kind in (Kind.STRING, Kind.BOOLEAN) or s.whole)


def _fits_name(s: ColumnSummary) -> bool:
    word = outcome(s.name)
    return (_few(s) and (s.distinct == 2 or word not in BINARY)) or (s.meant.numeric and s.distinct > 2 and word in SURE_OUTCOMES)


def _weak_name(s: ColumnSummary) -> bool:
    return _few(s) and not WEAK.isdisjoint(snake(s.name).split("_"))


def _reasons(s: ColumnSummary, seen: Sequence[ColumnSummary]) -> Iterator[str]:
    if outcome(s.name) or _weak_name(s):
        yield "its name is that of an outcome" if outcome(s.name) else "its name may be that of an outcome"
    yield "a number" if s.meant.numeric and not _few(s) else f"{s.distinct:,} values"
    if s in (seen[0], seen[-1]):
        yield "the last column" if s is seen[-1] else "the first column"


def names_favourable(label: str, value: Any) -> bool:
    """Whether a label value is favourable by its name; for an unfavourable outcome, such as fraud, that is `no`."""
    return str(value).strip().casefold() in (NO if outcome(label) in UNFAVOURABLE else FAVOURABLE)


def favourable_value(label: str, counts: Mapping[Any, int]) -> tuple[Any, ...]:
    """The label value that is favourable by its name; else the rarer of two, which is usually the one of interest."""
    values = sorted(counts, key=lambda value: (counts[value], str(value)))
    favourable = [v for v in values if names_favourable(label, v) and (len(values) == 2 or isinstance(v, str))]
    return tuple(favourable[:1] or (values[:1] if len(values) == 2 else ()))


def time_columns(seen: Sequence[ColumnSummary]) -> tuple[str, ...]:
    """The integer columns that together give a time: year, month and so on. The first orders the rows; constant ones are left out."""
    named = {snake(s.name): s for s in reversed(seen) if s.kind.numeric and s.full}
    year = named.get("year")
    if year is None or not EARLIEST <= year.low <= year.high <= LATEST:
        return ()
    parts = [named[unit] for unit in TIME_UNITS if unit in named and not named[unit].constant]
    return tuple(s.name for s in parts) if parts and parts[0].spreads else ()
