"""The phase of a time: which hour of the week, or month of the year, it is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind, Schema
from tilth.engine.expressions import add, col, lit, mul, sub
from tilth.engine.operations.times import known_zone, local_time
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.time.featurize import OF_DAY, OF_TIME

ROUND = tuple(name for name, (_, _, last) in OF_TIME.items() if last)  # the parts that come round


def mistaken(step: str, parts: Sequence[str], zone: str) -> Iterator[Mistake]:
    """Mistakes in the parts of a phase that do not depend on the table."""
    for word in parts:
        if word not in ROUND:
            yield Mistake(f"{step}: {word!r} is not a part of a time that comes round", accepted=listed(ROUND, 20), code="bad-value")
    if not known_zone(zone):
        accepted = "a name of the time zone database, such as `Europe/Berlin`"
        yield Mistake(f"{step}: `zone` is {zone!r}", accepted=accepted, code="bad-value")


def phased_by(step: str, parts: Sequence[str], name: str | None, schema: Schema) -> Column:
    """The time column. Errors: `RequestError` if there is none, or if its kind lacks a part."""
    if name is None:
        hint = "name it: `time: COLUMN`, or give a column the role time"
        raise RequestError(f"{step}: there is no column of times for `phase`", hint=hint, code="no-column")
    column = schema[name]
    lacking = [word for word in parts if column.kind is Kind.DATE and word not in OF_DAY]
    if not column.kind.temporal or lacking:
        what = f"has no {lacking[0]}" if lacking else "is not of days or times"
        raise RequestError(f"{step}: column {name!r} ({column}) {what}, for `phase`", code="wrong-kind")
    return column


def phase(name: str, parts: Sequence[str], zone: str) -> Tree:
    """A number that is the same for times in the same phase: of Monday is 1 … and hours 0 … 23, 24 · (weekday − 1) + hour."""
    x: Tree = local_time(col(name), zone) if zone else col(name)
    found: Tree = lit(0)
    for word in parts:
        make, first, last = OF_TIME[word]
        found = add(mul(found, lit(last - first + 1)), sub(make(x.copy()), lit(first)))
    return found
