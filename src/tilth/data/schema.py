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
    """What a column holds, independent of the engine's name of its type."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"  # without time zone
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
        """The Python type of its values; any number for a numeric kind, because a mean of integers may also be filled in as a value."""
        return VALUES.get(self, int | float | Decimal if self.numeric else Any)

    @property
    def categorical(self) -> bool:
        """Strings and booleans: what an encoder takes by default."""
        return self in (Kind.STRING, Kind.BOOLEAN)


NUMBERS = (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.BOOLEAN)
"""The kinds that a model reads as numbers."""
VALUES: dict[Kind, Any] = {
    Kind.BOOLEAN: bool,
    Kind.STRING: str,
    Kind.DATE: date,
    Kind.TIMESTAMP: datetime,
    Kind.TIMESTAMP_TZ: datetime,
    Kind.TIME: time,
    Kind.BINARY: bytes,
}


NARROW = frozenset(
    {"tinyint", "smallint", "int", "integer", "utinyint", "usmallint", "uinteger", "ubigint", "hugeint", "uhugeint", "float"}
)
"""The engines' names of numeric types other than doubles and signed 64-bit integers."""


@dataclass(frozen=True)
class Column:
    """A column's name and kind; `type` is the engine's name of the type, for display.

    A list has the kind `of` its elements and a `shape`: the size of each level, the outermost first, None if it varies.

    >>> str(Column("embedding", Kind.LIST, "FLOAT[3]", Kind.FLOAT, (3,)))
    'list[3] of float'
    """

    name: str
    kind: Kind
    type: str = ""
    of: Kind | None = None
    shape: tuple[int | None, ...] = ()

    def __str__(self) -> str:
        sizes = "".join(f"[{'' if size is None else size}]" for size in self.shape)
        return f"{self.kind}{sizes} of {self.of}" if self.of else str(self.kind)

    @property
    def narrow(self) -> bool:
        """Whether its numbers are unsigned or not 64 bits wide; engines compute with such types in different ways."""
        return self.type.lower() in NARROW

    @property
    def is_vector(self) -> bool:
        """Whether its values are lists of numbers."""
        return self.of in NUMBERS and len(self.shape) == 1

    def holds(self, other: Column) -> bool:
        """Whether the lists of another column fit this one: same kind of elements, and no sizes that are known to differ."""
        if self.of is None or other.of is None:
            return True
        sizes = zip(self.shape, other.shape, strict=False)
        return self.of is other.of and len(self.shape) == len(other.shape) and all(a == b or None in (a, b) for a, b in sizes)


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


def reject_duplicate_names(names: Iterable[str]) -> None:
    """Reject empty names and names that differ in case only.

    When looking up a name, DuckDB ignores the case of ASCII letters, and Spark that of all letters. Otherwise an engine could silently read
    the wrong column.
    """
    seen: dict[str, str] = {}
    duplicates = []
    hint = "rename the column at the source, or name the columns when reading"
    for place, name in enumerate(names, 1):
        if not name:
            raise ColumnError(f"column {place} has an empty name", hint=hint, code="empty-name")
        if name.casefold() in seen:
            duplicates.append(f"{seen[name.casefold()]!r} and {name!r}")
        seen.setdefault(name.casefold(), name)
    if duplicates:
        message = f"column names that are equal without regard to case: {'; '.join(duplicates)}"
        raise ColumnError(message, hint=hint, code="duplicate-names")
