"""Names and kinds of a table's columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from tilth.errors import ColumnError


class Kind(StrEnum):
    """What a column holds, whatever the engine calls its type."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"  # without a zone
    TIMESTAMP_TZ = "timestamp with time zone"  # a point in time
    TIME = "time"
    BINARY = "binary"
    LIST = "list"
    STRUCT = "struct"
    MAP = "map"
    NULL = "null"
    OTHER = "other"

    @property
    def numeric(self) -> bool:
        """Integers, floats and decimals."""
        return self in (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL)

    @property
    def temporal(self) -> bool:
        """Dates, and timestamps with or without a time zone."""
        return self in (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)

    @property
    def python(self) -> Any:
        """The type of its values in Python; for numbers any number, because a mean of integers is a column's value too."""
        return VALUES.get(self, int | float | Decimal if self.numeric else Any)

    @property
    def categorical(self) -> bool:
        """Strings and booleans: what an encoder takes by default."""
        return self in (Kind.STRING, Kind.BOOLEAN)


VALUES: dict[Kind, Any] = {
    Kind.BOOLEAN: bool,
    Kind.STRING: str,
    Kind.DATE: date,
    Kind.TIMESTAMP: datetime,
    Kind.TIMESTAMP_TZ: datetime,
    Kind.TIME: time,
    Kind.BINARY: bytes,
}


@dataclass(frozen=True)
class Column:
    """A column's name and kind; `type` is the engine's own word for the type, for people to read."""

    name: str
    kind: Kind
    type: str = ""


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order.

    >>> Schema((Column("age", Kind.INTEGER),))["age"].kind
    <Kind.INTEGER: 'integer'>
    """

    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        if name not in self._by_name:
            raise ColumnError.unknown(name, self.names)
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {c.name: c for c in self.columns}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(c.name for c in self.columns)


def refuse_twins(names: Iterable[str]) -> None:
    """Refuse an empty name and names that differ in case only.

    DuckDB folds ASCII case and Spark all of Unicode when they look a name up, so of two such columns an engine may
    silently read the wrong one.
    """
    seen: dict[str, str] = {}
    twins = []
    for name in names:
        if not name:
            raise ColumnError(
                "a column has an empty name",
                hint="give it a name where the data is made, or name the columns when reading",
                code="empty-name",
            )
        if name.casefold() in seen:
            twins.append((seen[name.casefold()], name))
        seen.setdefault(name.casefold(), name)
    if twins:
        shown = "; ".join(f"{a!r} and {b!r}" for a, b in twins)
        raise ColumnError(
            f"columns whose names are the same but for upper and lower case cannot be told apart: {shown}",
            hint="rename one where the data is made, or name the columns when reading",
            code="twin-names",
        )
