"""Reads manifests of an Iceberg table: the Parquet files with exactly its rows, and the nulls and ends of their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tilth.store.catalog import Ends

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.schema import Schema
    from pyiceberg.table import FileScanTask, Table

LOCAL = re.compile(r"file:(?://)?(?=/)|(?![A-Za-z][A-Za-z0-9+.-]*:)")  # the prefix of the path of a file on this machine
NAMED_AS_STORED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # in files, columns with other characters are renamed
BY_NAME = "schema.name-mapping.default"  # a property of tables that have files without column ids
FIRST_DAY, FIRST_MOMENT = date(1970, 1, 1), datetime(1970, 1, 1)
PLAIN = frozenset({"boolean", "int", "long", "float", "double", "decimal", "date", "time", "timestamp", "timestamptz", "string", "binary"})


class Manifests:
    """The nulls and ends of data files that have one schema and no deleted rows.

    Ends are only available for integers, dates and timestamps. For strings a manifest may have only their beginning; for floats it does not
    count NaN, which is null in Tilth.
    """

    where = "Iceberg manifests"

    def __init__(self, files: Iterable[DataFile], schema: Schema) -> None:
        self._files = list(files)
        self._fields = {field.name: field for field in schema.fields}
        self._ends: dict[str, Ends | None] = {}

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return sum(file.record_count for file in self._files)

    def ends(self, column: str) -> Ends | None:
        """Nulls and ends of a flat column; None if a manifest does not count its nulls."""
        if column not in self._ends:
            self._ends[column] = self._found(column)
        return self._ends[column]

    def _found(self, column: str) -> Ends | None:
        from pyiceberg.conversions import from_bytes
        from pyiceberg.types import PrimitiveType

        field = self._fields[column]
        number, type_ = field.field_id, field.field_type
        nulls = [n for file in self._files if (n := (file.null_value_counts or {}).get(number)) is not None]
        if not isinstance(type_, PrimitiveType) or len(nulls) < len(self._files):
            return None
        filled = [file for file, n in zip(self._files, nulls, strict=True) if n < file.record_count]
        lows = [(file.lower_bounds or {}).get(number) for file in filled]
        highs = [(file.upper_bounds or {}).get(number) for file in filled]
        if not filled or None in lows or None in highs or str(type_) not in READ:
            return Ends(sum(nulls))
        low, high = (choose(from_bytes(type_, b) for b in of if b is not None) for choose, of in ((min, lows), (max, highs)))
        try:
            return Ends(sum(nulls), READ[str(type_)](low), READ[str(type_)](high))
        except OverflowError:  # a date outside Python's range
            return Ends(sum(nulls))


READ: dict[str, Any] = {
    "int": int,
    "long": int,
    "date": lambda days: FIRST_DAY + timedelta(days=days),
    "timestamp": lambda microseconds: FIRST_MOMENT + timedelta(microseconds=microseconds),
}


def paths_of(table: Table, schema: Schema, tasks: Sequence[FileScanTask]) -> tuple[str, ...]:
    """The local Parquet files with exactly the rows and columns of a scan; empty if only a reader for Iceberg can give them.

    It is empty if rows were deleted from a file, if the schema was ever changed (a file may have the columns of an older one), or if names
    or types in files may differ from the schema.
    """
    changed = len(table.metadata.schemas) > 1 or schema.schema_id != 0 or BY_NAME in table.properties
    if changed or not all(_is_plain(field.name, field.field_type) for field in schema.fields):
        return ()
    if any(task.delete_files or task.file.key_metadata or task.file.file_format.name != "PARQUET" for task in tasks):
        return ()
    paths = [task.file.file_path for task in tasks]
    return tuple(LOCAL.sub("", path, count=1) for path in paths) if all(map(LOCAL.match, paths)) else ()


def _is_plain(name: str, type_: Any) -> bool:
    """Whether a field has the same name and the same values in a Parquet file for every engine."""
    from pyiceberg.types import ListType, PrimitiveType, StructType

    if not NAMED_AS_STORED.fullmatch(name):
        return False
    match type_:
        case ListType(element_type=element):
            return _is_plain(name, element)
        case StructType(fields=fields):
            return all(_is_plain(field.name, field.field_type) for field in fields)
        case PrimitiveType():
            return str(type_).partition("(")[0] in PLAIN
    return False
