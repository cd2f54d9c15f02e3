"""What the manifests of an Iceberg table say: which Parquet files have its rows as they are, and the nulls and ends of their columns."""

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

LOCAL = re.compile(r"file:(?://)?(?=/)|(?![A-Za-z][A-Za-z0-9+.-]*:)")  # before the path of a file on this machine
NAMED_AS_STORED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # files have other names for columns with other characters
BY_NAME = "schema.name-mapping.default"  # the property of tables whose files have no ids of columns
FIRST_DAY, FIRST_MOMENT = date(1970, 1, 1), datetime(1970, 1, 1)
PLAIN = frozenset({"boolean", "int", "long", "float", "double", "decimal", "date", "time", "timestamp", "timestamptz", "string", "binary"})


class Manifests:
    """The nulls and ends of data files, all of one schema, from which no row is deleted.

    Ends are known of whole numbers, dates and timestamps: of strings a manifest may have the beginning only, and of floats not how many are
    NaN, which are null here.
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
        """Nulls and ends of a flat column; None for one whose nulls some manifest does not count."""
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
        except OverflowError:  # a date that Python has none for
            return Ends(sum(nulls))


READ: dict[str, Any] = {
    "int": int,
    "long": int,
    "date": lambda days: FIRST_DAY + timedelta(days=days),
    "timestamp": lambda microseconds: FIRST_MOMENT + timedelta(microseconds=microseconds),
}


def paths_of(table: Table, schema: Schema, tasks: Sequence[FileScanTask]) -> tuple[str, ...]:
    """The local Parquet files whose rows and columns are those of a scan; none where a reader of Iceberg has to put them together.

    That is where rows were deleted from a file, where the schema was ever changed (a file may have the columns of an older one), and where
    names or types in the files are not those of the schema.
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
