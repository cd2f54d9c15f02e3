"""Columns that reveal the label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tilth.measures.insights.flaws.seen import Case, Seen, is_unique
from tilth.measures.insights.power import ONE_TO_ONE
from tilth.report.charts import number


def maps(seen: Seen) -> Iterator[Case]:
    """Columns in which each value occurs with a single class."""
    for name, f in seen.powers.items():
        if f.payload.maps:
            one = "corresponds one to one with" if f.payload.maps == ONE_TO_ONE else "has values that each occur with one value of"
            yield Case((name,), f.number or 0.0, {"maps": one})


def powers(seen: Seen) -> Iterator[Case]:
    """Columns, except ids, by how well they alone predict the label."""
    for name, f in seen.powers.items():
        if not f.payload.maps and not is_id(seen, name):
            yield Case((name,), f.number or 0.0, {"score": f"{f.payload.score} {number(f.payload.scored)}"})


def missing_powers(seen: Seen) -> Iterator[Case]:
    """Columns, by how well missing values predict the label."""
    yield from (Case((name,), f.payload.missing_power or 0.0) for name, f in seen.powers.items())


def ids_that_tell(seen: Seen) -> Iterator[Case]:
    """Ids, by how well they predict the label."""
    yield from (Case((name,), f.number or 0.0) for name, f in seen.powers.items() if is_id(seen, name))


def is_id(seen: Seen, name: str) -> bool:
    """Whether a column identifies or numbers rows."""
    c = seen.columns[name]
    return name in seen.roles.id or (c.kind in ("string", "integer") and is_unique(c))


def names_alike(seen: Seen) -> Iterator[Case]:
    """Columns that share a word of their name with the label."""
    words = words_of(seen.label)
    for name in seen.others if words else ():
        common = sorted(words & words_of(name))
        if common:
            yield Case((name,), words={"word": common[0]})


def words_of(name: str) -> set[str]:
    """The words of at least four letters in a name."""
    return {w.lower() for w in re.findall(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}", name) if len(w) > 3} - {"label", "target", "class", "type", "name"}


def later_times(seen: Seen) -> Iterator[Case]:
    """Columns of times, by the share of rows in which they are after the row's time."""
    base = seen.features.get(seen.roles.time or "")
    if base is None or not seen.columns[base.name].kind.startswith(("date", "timestamp")):
        return
    for name, f in seen.features.items():
        if f is not base and f.column.kind is base.column.kind:
            known = ~(f.missing | base.missing)
            if known.any():
                yield Case((name,), float((f.x > base.x)[known].mean()), {"time": base.name})


def gap(seen: Seen) -> Iterator[Case]:
    """How much the quick model's score falls without the most powerful column."""
    m = seen.model
    if m and m.best and m.without is not None:
        yield Case((m.best,), (m.validation.get(m.score) or 0.0) - m.without, {"score": m.score, "without": number(m.without)})
