"""Everything that could go wrong without anybody noticing, in words."""

from __future__ import annotations

from collections.abc import Iterator

from tilth.drafting.disguises import COMMAS, DATES, MONTHS, NUMBERS
from tilth.drafting.names import names_age
from tilth.drafting.seen import Look, Seen
from tilth.drafting.words import fits_rule, value
from tilth.steps.rows.split import SPLIT

OLDEST = 120  # years


def traps(found: Look) -> Iterator[str]:
    """One sentence for each trap: those of reading, those of columns, those of the whole table."""
    if not found.rows:
        yield "there are no rows: nothing can be seen, and nothing learned"
        return
    yield from _of_reading(found)
    for s in found.seen:
        yield from (f"{s.name} {doubt}" for doubt in _doubts(s))
        yield from _of_column(s, found)
    yield from _of_label(found)
    yield from _of_rows(found)


def _of_reading(found: Look) -> Iterator[str]:
    for reason in dict.fromkeys(found.manner.reasons.values()):
        options = [option for option, why in found.manner.reasons.items() if why == reason]
        yield f"{reason}: read with {', '.join(f'{o}: {value(found.manner.options[o])}' for o in options)}"
    if found.nulls:
        yield f"missing values are disguised as {', '.join(found.nulls)}"


def _doubts(s: Seen) -> Iterator[str]:
    if not s.there:
        yield "holds nothing at all"
    elif s.constant:
        yield "is the same in every row: it can tell nothing" if s.full else "holds one value only: what it can tell is where it is missing"
    elif s.nearly_empty:
        yield f"is nearly empty: {s.there:,} of {s.rows:,} rows have a value"
    if s.code is not None:
        yield f'holds {s.code}, which may stand for "not known"'
    elif names_age(s.name) and isinstance(s.low, int | float) and not 0 <= s.low <= s.high <= OLDEST:
        yield f"goes from {s.low} to {s.high}"
    if s.infinite:
        yield f"is infinite in {s.infinite:,} rows"
    if s.private:
        yield f"looks private: {s.private}"
        return
    if s.spelt:
        yield f"spells the same in several ways: {', '.join(map(repr, s.spelt))}"
    if s.written == MONTHS:
        yield "holds months, which are read as text"
    elif s.written == DATES:
        yield "holds dates that are read as text: only dates such as 2024-01-31 are"
    elif s.written == COMMAS:
        yield "holds numbers with a decimal comma, which are read as text"
    elif s.written == NUMBERS:
        yield f"holds numbers but for {s.strays:,} of its {s.there:,} values, so it is read as text"


def _of_column(s: Seen, found: Look) -> Iterator[str]:
    roles = found.roles
    if s.ambiguous:
        yield f"{s.name} may hold names of persons (no other column speaks of persons): if it does, add `private: [{s.name}]` to the roles"
    if s.late:
        yield f"{s.name} has no value in the training part of the split: nothing can be learned from it"
    if s.twin:
        yield f"{s.name} says the same as {s.twin}: each value of the one goes with one of the other"
    if s.leak:
        yield f"{s.name} may be a leak: {s.leak}"
    if s.name in roles.id and not s.unique:
        yield f"{s.name} should tell rows apart, but there are {s.distinct:,} values in {s.rows:,} rows"
    elif s.near_unique and not (s.private or s.written) and s.name not in (*roles.id, roles.label):
        yield f"{s.name} is nearly an id ({s.distinct:,} values in {s.rows:,} rows): no feature"
    elif s in found.groups:
        yield f"{s.name} has {s.distinct:,} values in {s.rows:,} rows: a split by rows puts rows of the same one into train and test"
    if not fits_rule(s.name):
        yield f"{s.name} has a name that cannot stand in a rule"
    if s.name.casefold() == SPLIT:
        yield f"{s.name} is called like the column that the split makes: it goes; if it divides the rows already, leave the split out"


def _of_label(found: Look) -> Iterator[str]:
    label = found.roles.label
    if not label:
        return
    if found.label_counts:
        small, whole = min(found.label_counts.values()), sum(found.label_counts.values())
        yield from [f"the label is unbalanced: {small:,} of {whole:,} rows are of its rarest value"] if found.unbalanced else []
    lacking = found.of(label).missing
    yield from [f"the label is missing in {lacking:,} rows"] if lacking else []


def _of_rows(found: Look) -> Iterator[str]:
    if found.copies:
        yield f"{found.copies:,} rows are not the only ones with their content"
    if not found.divisible:
        yield "there are so few different rows that they cannot be divided: equal ones stay together"
    elif time := found.roles.time or (found.month.name if found.month else ", ".join(found.times)):
        yield f"rows have a time ({time}): a split at random would let the future teach the past"
