"""One look at the data: how it is read, what each column holds, who plays which part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tilth.data import Column, Kind
from tilth.drafting.disguises import Texts, code_of, null_tokens, spellings, texts_seen
from tilth.drafting.leaks import label_counts, leaks, twins
from tilth.drafting.names import names_anything, names_facet, names_private
from tilth.drafting.parts import good_outcome, parts_of, time_parts
from tilth.drafting.reading import opened
from tilth.drafting.seen import FEW, Look, Seen
from tilth.engine.session import Session
from tilth.measures.profile import ColumnProfile, profile_findings
from tilth.metrics.keys import DuplicateRows
from tilth.metrics.metric import measured

BY_NAME = "its name says so"
NO_KEY = frozenset({Kind.MAP, Kind.OTHER})  # kinds whose values cannot be compared


def look(place: str, engine: Session, options: Mapping[str, Any]) -> Look:
    """What the data shows of itself: in three passes and a few, whatever the number of rows.

    Errors: those of reading.
    """
    manner, data = opened(place, engine, options)
    nulls = null_tokens(data, engine) if not options.get("nulls") else ()
    if nulls:
        data = manner.read(place, engine, nulls=nulls)
    schema = engine.schema(data)
    texts = texts_seen(schema, data, engine)
    seen = [_seen(f.payload, schema[f.name], texts.get(f.name, Texts())) for f in profile_findings(data, engine)]
    seen = _names_told(seen)
    roles = parts_of(seen)
    rows = seen[0].rows if seen else 0
    content = DuplicateRows(tuple(s.name for s in seen if s.kind not in NO_KEY and not (s.name in roles.id and s.unique)))
    copies = int(measured(data, [content], engine)[content]) if content.columns else 0
    counts: dict[Any, int] = {}
    if roles.label and next(s.distinct for s in seen if s.name == roles.label) <= FEW:
        counts = label_counts(roles.label, data, engine)
        seen = leaks(seen, roles, counts, data, engine)
        roles = replace(roles, positive=good_outcome(roles.label, counts))
    seen = twins(seen, roles, data, engine)
    times = () if roles.time else time_parts(seen)
    return Look(tuple(seen), roles, rows, manner, nulls, copies, times, counts)


def _seen(profile: ColumnProfile, column: Column, texts: Texts) -> Seen:
    seen = Seen(
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
        code=code_of(profile),
        spelt=spellings(profile.top),
        written=texts.written,
        strays=texts.strays,
    )
    return replace(seen, private=_private(seen, texts))


def _names_told(seen: list[Seen]) -> list[Seen]:
    """A column that is called just `name` holds names of persons where another column speaks of persons; else that is left open."""
    of_persons = any(names_facet(s.name) or (s.private and not names_anything(s.name)) for s in seen)
    unsure = [s for s in seen if names_anything(s.name) and s.private == BY_NAME and not of_persons]
    return [replace(s, private="", ambiguous=True) if s in unsure else s for s in seen]


def _private(seen: Seen, texts: Texts) -> str:
    """Why a column looks private. What has but two values, such as whether there is a phone, tells nobody's number."""
    personal = seen.kind is not Kind.BOOLEAN and (seen.distinct > 2 or seen.rows <= FEW)
    if personal and names_private(seen.name):
        return BY_NAME
    return f"it holds {texts.private}" if texts.private else ""
