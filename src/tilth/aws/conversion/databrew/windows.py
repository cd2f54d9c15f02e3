"""Actions that read the rows around a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilth.aws.conversion.databrew.action import Action, Actions
from tilth.aws.conversion.made import Made, NotConverted

WINDOWS = {
    "PREV": "lag",
    "NEXT": "lead",
    "ROW_NUMBER": "row_number",
    "ROLLING_AVERAGE": "mean",
    "ROLLING_SUM": "sum",
    "ROLLING_MIN": "min",
    "ROLLING_MAX": "max",
    "ROLLING_STANDARD_DEVIATION": "std",
    "ROLLING_VARIANCE": "var",
    "ROLLING_COUNT_A": "count",
    "ROLLING_MODE": "mode",
    "ROLLING_KTH_LARGEST": "largest",
    "ROLLING_KTH_LARGEST_UNIQUE": "largest_distinct",
    "SESSION": "session",
    **dict.fromkeys(("FILL", "FILL_WITH_LAST_VALID", "REPLACE_WITH_LAST_VALID"), "ffill"),
}
"""Function of the rows around a row → `with` of the step `window`."""
NO_ORDER = "a recipe does not say the order of rows: write `window` with `order`"


def of_window(a: Action) -> Iterator[Made]:
    """A column computed from neighbouring rows, if there is an order."""
    way = WINDOWS[a.operation]
    if not (a.has("orderByColumns") or a.has("orderByColumn") or way == "session"):
        raise NotConverted(NO_ORDER)
    order = [a.column] if way == "session" else a.names("orderByColumns", "orderByColumn")
    target = a.target if way == "ffill" else a.text("targetColumn")
    by = a.names("groupByColumns") if a.has("groupByColumns") else []
    column = {} if way in ("row_number", "session") else {"columns": a.column}
    into = "{column}" if target in column.values() else target
    given: dict[str, Any] = {**column, "with": way, **_rows_around(a, way), "order": order, "into": into}
    reads = frozenset([*order, *by, *column.values()])
    yield Made("window", {**given, **({"by": by} if by else {})}, reads, frozenset([target]), ("rows equal in it are ordered by others",))


SESSIONS = {unit.upper(): unit for unit in ("milliseconds", "seconds", "minutes", "hours", "days", "weeks")}


def _rows_around(a: Action, way: str) -> dict[str, Any]:
    """Which rows a window reads."""
    if way in ("lag", "lead"):
        return {"n": int(a.number("numRows", 1))}
    if way in ("row_number", "ffill"):
        return {}
    if way == "session":
        return {"window": f"{int(a.number('value'))} {a.word('units', SESSIONS)}"}
    if way.startswith("largest"):
        return {"n": int(a.number("value")), **_rows_around(a, "")}
    before, after = int(a.number("numRowsBefore", 0)), int(a.number("numRowsAfter", 0))
    if after not in (0, before):
        raise NotConverted(f"its window has {before} rows before a row and {after} after it: `window` has as many, or none after it")
    if a.text("modeType", "MINIMUM").upper() not in ("MINIMUM", "NONE"):
        raise NotConverted("it does not take the smallest of equally frequent values")
    return {"window": before + after + 1, "min_periods": 1, **({"center": True} if after else {})}


ACTIONS: Actions = dict.fromkeys(WINDOWS, of_window)
