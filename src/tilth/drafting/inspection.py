"""Inspects data: how to read it, what each column holds, and which roles columns have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tilth.data import Column, Kind
from tilth.drafting.guesses import favourable_value, guessed_roles, time_columns
from tilth.drafting.leakage import duplicate_columns, label_counts, leakage
from tilth.drafting.names import names_facet, names_generic, names_private
from tilth.drafting.patterns import StringPatterns, null_tokens, placeholder_of, spellings, string_patterns
from tilth.drafting.reading import read_detected
from tilth.drafting.summary import FEW, ColumnSummary, TableSummary
from tilth.engine.session import Session
from tilth.measures.profile import ColumnProfile, profile_findings
from tilth.metrics.keys import DuplicateRows
from tilth.metrics.metric import measured

BY_NAME = "its name says so"
NO_KEY = frozenset({Kind.MAP, Kind.OTHER})  # kinds whose values cannot be compared


def inspect(place: str, engine: Session, options: Mapping[str, Any]) -> TableSummary:
    """Summarize a table in a few scans, whatever the number of rows.

    Errors: those of reading.
    """
    reading, data = read_detected(place, engine, options)
    nulls = null_tokens(data, engine) if not options.get("nulls") else ()
    if nulls:
        data = reading.read(place, engine, nulls=nulls)
    schema = engine.schema(data)
    patterns = string_patterns(schema, data, engine)
    seen = [_seen(f.payload, schema[f.name], patterns.get(f.name, StringPatterns())) for f in profile_findings(data, engine)]
    seen = _settle_names(seen)
    roles = guessed_roles(seen)
    rows = seen[0].rows if seen else 0
    content = DuplicateRows(tuple(s.name for s in seen if s.kind not in NO_KEY and not (s.name in roles.id and s.unique)))
    copies = int(measured(data, [content], engine)[content]) if content.columns else 0
    counts: dict[Any, int] = {}
    if roles.label and next(s.distinct for s in seen if s.name == roles.label) <= FEW:
        counts = label_counts(roles.label, data, engine)
        seen = leakage(seen, roles, counts, data, engine)
        roles = replace(roles, positive=favourable_value(roles.label, counts))
    seen = duplicate_columns(seen, roles, data, engine)
    times = () if roles.time else time_columns(seen)
    return TableSummary(tuple(seen), roles, rows, reading, nulls, copies, times, counts)


def _seen(profile: ColumnProfile, column: Column, patterns: StringPatterns) -> ColumnSummary:
    seen = ColumnSummary(
        column,
        profile.rows,
        profile.missing,
        profile.distinct or 0,
        profile.distinct_exact is not False,
        profile.invalid,
        profile.top,
        profile.minimum,
        profile.maximum,
        int(profile.lengths.get("max", 0)),
        placeholder=placeholder_of(profile),
        spellings=spellings(profile.top),
        written=patterns.written,
        exceptions=patterns.exceptions,
    )
    return replace(seen, private=_private(seen, patterns))


def _settle_names(seen: list[ColumnSummary]) -> list[ColumnSummary]:
    """A column called just `name` is private if another column is about persons; else it is ambiguous."""
    of_persons = any(names_facet(s.name) or (s.private and not names_generic(s.name)) for s in seen)
    unsure = [s for s in seen if names_generic(s.name) and s.private == BY_NAME and not of_persons]
    return [replace(s, private="", ambiguous=True) if s in unsure else s for s in seen]


def _private(seen: ColumnSummary, patterns: StringPatterns) -> str:
    """Why a column looks private. A column with two values, such as whether there is a phone number, is not."""
    personal = seen.kind is not Kind.BOOLEAN and (seen.distinct > 2 or seen.rows <= FEW)
    if personal and names_private(seen.name):
        return BY_NAME
    return f"it holds {patterns.private}" if patterns.private else ""
