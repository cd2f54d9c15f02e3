"""Features of texts that depend on the other texts of a table. They are computed in scans of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind
from tilth.engine.expressions import and_, case, col, lit, not_null
from tilth.engine.operations.hashing import DIGITS, HashString, key_string
from tilth.engine.operations.lookups import lookup
from tilth.engine.session import Session
from tilth.metrics.near_duplicates import Repeated, near_groups


def boilerplate(column: Column, data: Dataset, engine: Session) -> Tree:
    """1 if another row has the same or nearly the same text, else 0: near-duplicates share 0.8 of their runs of five characters.

    Blank texts have 0, null stays null. Errors: as for `near_groups`.
    """
    table, asking = data.keep([column.name]), near_groups([column.name])
    repeated = Repeated((column.name,))
    needs = [*next(asking), repeated]
    answers = engine.answer(table, needs)
    same = {f"{number:0{DIGITS}x}" for number in answers[repeated]}
    try:
        while True:
            answers = engine.answer(table, asking.send(answers))
    except StopIteration as end:
        same |= {*end.value, *end.value.values()}
    text = col(column.name)
    if not same:
        return case((not_null(text), lit(0)))
    known = lookup(HashString.of(key_string([column])), sorted(same))
    return case((and_(not_null(text), not_null(known)), lit(1)), (not_null(text.copy()), lit(0)))


CORPUS: Mapping[str, tuple[Kind, str, bool, Callable[[Column, Dataset, Session], Tree]]] = {
    "is_boilerplate": (Kind.INTEGER, "whether another row has the same or nearly the same {}: 1 or 0", True, boilerplate),
}
"""Feature of a text → its kind, its meaning, with `{}` for the text, whether it is 1 or 0, and the function that makes its expression."""
