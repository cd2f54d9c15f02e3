"""Golden rows: synthetic rows that a fitted flow stores with their prepared values, so that a server can verify that it computes the same.

No row of the data is among them. Their values are null, some constants of each kind, and categories that the steps have learned, which the
fitted flow contains anyway; categories of private columns are not used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from tilth.data import Column, Kind
from tilth.errors import TilthError

if TYPE_CHECKING:
    from tilth.flow.flow import Flow

ROWS = 6
MOST = 8  # categories used per column
UNSEEN = "golden"
CONSTANTS: Mapping[Kind, tuple[Any, ...]] = {
    Kind.INTEGER: (0, 1, -1, 7, 1_000_000),
    Kind.FLOAT: (0.0, 0.5, -1.25, 7.0, 1e6),
    Kind.DECIMAL: (Decimal(0), Decimal("0.50"), Decimal(7)),
    Kind.BOOLEAN: (True, False),
    Kind.DATE: (date(2024, 2, 29), date(1970, 1, 1)),
    Kind.TIMESTAMP: (datetime(2024, 2, 29, 12, 30), datetime(1970, 1, 1)),
    Kind.TIMESTAMP_TZ: (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)),
}
CLOSE = 1e-9  # relative difference: logarithms may differ in the last digits between machines


def golden(flow: Flow) -> tuple[Mapping[str, Any], ...]:
    """Make golden rows: each has the input as `row`, and the prepared row as `made` or the code of its error as `refused`.

    No rows if the flow cannot be computed for a single row, or runs Python that is not allowed now.
    """
    try:
        flow.row_of(())
        return tuple({"row": row, **_outcome(flow, row)} for row in _rows(flow))
    except TilthError:
        return ()


def differences(flow: Flow) -> list[str]:
    """Prepare the golden rows again, and list differences from their stored values, such as `row 2: age`, without values."""
    found = list[str]()
    for i, one in enumerate(flow.need_learned().golden, 1):
        now = _outcome(flow, one["row"])
        if now.keys() != one.keys() - {"row"} or now.get("refused") != one.get("refused"):
            found.append(f"row {i}: it was {'refused' if 'refused' in one else 'prepared'}, and is not now")
            continue
        made, before = now.get("made", {}), one.get("made", {})
        found += [f"row {i}: {c}" for c in {**before, **made} if c not in made or c not in before or not same(before[c], made[c])]
    return found


def _outcome(flow: Flow, row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"made": flow.row(row)}
    except TilthError as error:
        return {"refused": error.mistakes[0].code}


def same(a: Any, b: Any, close: float = CLOSE) -> bool:
    """Whether two values have the same type and are equal; floats within a relative difference."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=close, abs_tol=1e-12) or (a != a and b != b)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y, close) for x, y in zip(a, b, strict=True))
    return bool(a == b) and type(a) is type(b)


def _rows(flow: Flow) -> Iterator[dict[str, Any]]:
    """A row of nulls, and rows that cycle through the values, shifted from column to column."""
    learned = flow.need_learned()
    values = {c.name: _values(flow, c) for c in learned.schema}
    yield dict.fromkeys(values)
    for k in range(ROWS - 1):
        yield {name: of[(k + i) % len(of)] for i, (name, of) in enumerate(values.items())}


def _values(flow: Flow, column: Column) -> tuple[Any, ...]:
    if column.kind is not Kind.STRING:
        return CONSTANTS.get(column.kind, (None,))
    if column.name in flow.reading.roles.private:
        return (UNSEEN,)
    found = dict.fromkeys(text for fitted in flow.need_learned().served for text in _categories(fitted.learned.get(column.name)))
    return (*islice(found, MOST), UNSEEN)


def _categories(state: Any) -> Iterator[str]:
    """The strings among the categories that a step has learned for a column."""
    listed = state.get("categories") if isinstance(state, Mapping) else None
    yield from (c for c in listed if isinstance(c, str)) if isinstance(listed, list | tuple) else ()
