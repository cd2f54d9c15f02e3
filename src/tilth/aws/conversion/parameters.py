"""The parameters of an action: strings that may contain numbers, booleans or JSON, requested by name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from tilth.aws.conversion.made import NotConverted


class Parameters:
    """Parameters that remember which of them were read, so that the others can be reported.

    >>> given = Parameters({"sourceColumns": '["a", "b"]', "threshold": "3", "trim": "TRUE"})
    >>> given.names("sourceColumns"), given.number("threshold"), given.unread
    (['a', 'b'], 3, ['trim'])
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self._read: set[str] = set()

    @property
    def unread(self) -> list[str]:
        """Parameters that have a value and were not read."""
        return [name for name, value in self.given.items() if name not in self._read and value not in (None, "", [], {})]

    def has(self, name: str) -> bool:
        """Whether a parameter exists and has a value."""
        self._read.add(name)
        return self.given.get(name) not in (None, "", [], {})

    def text(self, name: str, default: str | None = None) -> str:
        """The value as a string."""
        if not self.has(name):
            if default is None:
                raise NotConverted(f"it has no parameter {name!r}")
            return default
        value = self.given[name]
        if isinstance(value, str | int | float):
            return str(value).lower() if isinstance(value, bool) else str(value)
        raise NotConverted(f"its parameter {name!r} is not a string")

    def number(self, name: str, default: float | None = None) -> int | float:
        """The value as a number."""
        text = self.text(name, None if default is None else str(default))
        value = as_number(text)
        if value is None:
            raise NotConverted(f"its parameter {name!r} is not a number: {text[:40]!r}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The value as a boolean."""
        return self.text(name, str(default)).strip().lower() == "true"

    def word(self, name: str, known: Mapping[str, Any], default: str | None = None) -> Any:
        """The counterpart of a parameter that is one of a closed list of words."""
        found = self.text(name, default).upper()
        if found not in known:
            raise NotConverted(f"{name} {found[:40]!r} has no counterpart")
        return known[found]

    def json(self, name: str) -> Any:
        """The value, read as JSON if it is a string."""
        self.text(name, "") if isinstance(self.given.get(name), str) else self.has(name)
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise NotConverted(f"its parameter {name!r} is not JSON") from None

    def names(self, *names: str) -> list[str]:
        """Columns: a list, the JSON of one, or the name of one; of the first parameter that is there."""
        found = next((n for n in names if self.has(n)), None)
        if found is None:
            raise NotConverted(f"it has no parameter {names[0]!r}")
        value = self.given[found]
        listed = self.json(found) if isinstance(value, str) and value.lstrip().startswith("[") else value
        columns = listed if isinstance(listed, list) else [listed]
        if not all(isinstance(c, str) for c in columns):
            raise NotConverted(f"its parameter {found!r} does not name columns")
        odd = [c for c in columns if not c or "*" in c or c.startswith("!")]
        if odd:
            raise NotConverted(f"a column is called {odd[0]!r}, which selects other columns in a flow")
        return columns

    def name(self, *names: str) -> str:
        """One column."""
        columns = self.names(*names)
        if len(columns) != 1:
            raise NotConverted(f"it has {len(columns)} columns")
        return columns[0]


def as_number(text: str) -> int | float | None:
    """The finite number in a string, if it is one.

    >>> as_number("3"), as_number("2.50"), as_number("1e3"), as_number("nan"), as_number("1_0")
    (3, 2.5, 1000.0, None, None)
    """
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value) or "_" in text:
        return None
    return int(text) if text.strip().lstrip("+-").isdigit() else value
