"""Guesses roles: the id, the label and its favourable value, the time of a row, and facets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.data import Kind, Roles
from tilth.drafting.names import OUTCOMES, SURE_OUTCOMES, UNFAVOURABLE, names_facet, names_id, names_time_of_row, outcome, snake
from tilth.drafting.summary import FEW, LONGEST_KEY, ColumnSummary

FAVOURABLE = ("yes", "y", "true", "t", "1", "1.0", "good", "approved", "accepted", "positive", "pass", "passed", ">50k", "survived")
NO = ("no", "n", "false", "f", "0", "0.0")
TIME_UNITS = ("year", "month", "day", "hour", "minute")


def guessed_roles(seen: Sequence[ColumnSummary]) -> Roles:
    """The roles that names and values suggest; `favourable_value` guesses the positive value once values are counted."""
    key = _key(seen)
    time = next((s.name for s in seen if s.kind.temporal and s.full and not s.constant and names_time_of_row(s.name)), None)
    label = _label([s for s in seen if s is not key and s.name != time and not s.private], seen)
    facets = [s.name for s in seen if names_facet(s.name) and not s.constant and s is not label and not s.private]
    return Roles.of(
        text=[s.name for s in seen if s.free_text and not s.private],
        id=[key.name] if key else [],
        time=time,
        label=label.name if label else None,
        facet=facets,
        private=[s.name for s in seen if s.private],
    )


def _key(seen: Sequence[ColumnSummary]) -> ColumnSummary | None:
    """The id column: named like an id and unique or nearly so; else a first column that numbers the rows; else a unique short
    string."""
    named = [s for s in seen if names_id(s.name) and s.kind in (Kind.INTEGER, Kind.STRING)]
    sure = [s for s in named if s.unique] + [s for s in named if s.near_unique and s.full and not s.private]
    short = [s for s in seen if s.unique and s.kind is Kind.STRING and s.longest <= LONGEST_KEY and not (s.written or s.private)]
    numbers = [s for s in seen[:1] if s.counts_up]
    return next(iter(sure + [s for s in numbers + short if s.rows > FEW]), None)


def _label(fit: Sequence[ColumnSummary], seen: Sequence[ColumnSummary]) -> ColumnSummary | None:
    """The column named like an outcome; else the last, if it has two values or few strings; else the one beside free text."""
    few = [s for s in fit if 2 <= s.distinct <= FEW and s.kind in (Kind.STRING, Kind.BOOLEAN, Kind.INTEGER)]
    numbers = [s for s in fit if s.kind.numeric and s.distinct > FEW and snake(s.name) in SURE_OUTCOMES]
    named = [s for word in OUTCOMES for s in (*few, *numbers) if outcome(s.name) == word]
    last = [s for s in few if s is seen[-1] and s.full and not names_facet(s.name) and (s.distinct == 2 or s.kind is Kind.STRING)]
    beside_text = few if len(few) == len(seen) - 1 == 1 and any(s.free_text for s in seen) else []
    return next(iter(named + last + beside_text), None)


def names_favourable(label: str, value: Any) -> bool:
    """Whether a label value is favourable by its name; for an unfavourable outcome, such as fraud, that is `no`."""
    return str(value).strip().casefold() in (NO if outcome(label) in UNFAVOURABLE else FAVOURABLE)


def favourable_value(label: str, counts: Mapping[Any, int]) -> tuple[Any, ...]:
    """The label value that is favourable by its name; else the rarer of two, which is usually the one of interest."""
    values = sorted(counts, key=lambda value: (counts[value], str(value)))
    favourable = [v for v in values if names_favourable(label, v)]
    return tuple(favourable[:1] or (values[:1] if len(values) == 2 else ()))


def time_columns(seen: Sequence[ColumnSummary]) -> tuple[str, ...]:
    """The integer columns that together give a time: year, month and so on, at least these two."""
    named = {snake(s.name): s.name for s in reversed(seen) if s.kind is Kind.INTEGER and s.full}
    parts = [named.get(part, "") for part in TIME_UNITS]
    parts = parts[: parts.index("")] if "" in parts else parts
    return tuple(parts) if len(parts) > 1 else ()
