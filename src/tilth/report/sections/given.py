"""What a finding's details give, whatever is in them: a key that is absent or of another shape counts as not given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tilth.report.charts import number
from tilth.report.report import Finding

_WORDS = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def mapping(thing: Any, key: str) -> dict[str, Any]:
    """The table under a key, with text keys."""
    found = _under(thing, key)
    return {str(k): v for k, v in found.items()} if isinstance(found, Mapping) else {}


def words(thing: Any, key: str) -> str:
    """The text under a key, or nothing."""
    found = _under(thing, key)
    return "" if found is None or isinstance(found, Mapping) else str(found)


def listed(thing: Any, key: str) -> list[Any]:
    """The list under a key; one text is a list of one."""
    found = _under(thing, key)
    return [found] if isinstance(found, str) and found else list(found) if isinstance(found, list | tuple) else []


def figure(thing: Any, key: str) -> float | None:
    """The number under a key."""
    return as_number(_under(thing, key))


def count(thing: Any, key: str) -> int | None:
    """The whole number under a key."""
    found = figure(thing, key)
    return int(found) if found is not None and math.isfinite(found) else None


def as_number(value: Any) -> float | None:
    """A number; JSON's words for infinities are numbers too."""
    if isinstance(value, str):
        return _WORDS.get(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def rows(n: float | None) -> str:
    """A number of rows in words.

    >>> rows(1), rows(20_000), rows(None)
    ('1 row', '20,000 rows', 'rows unknown')
    """
    return counted(n, "row")


def counted(n: float | None, thing: str, things: str = "") -> str:
    """A number of things in words.

    >>> counted(2, "column"), counted(1, "query"), counted(0, "query", "queries")
    ('2 columns', '1 query', '0 queries')
    """
    things = things or f"{thing}s"
    return f"{things} unknown" if n is None else f"{number(n)} {thing if n == 1 else things}"


def _under(thing: Any, key: str) -> Any:
    table = thing.details if isinstance(thing, Finding) else thing
    return table.get(key) if isinstance(table, Mapping) else None
