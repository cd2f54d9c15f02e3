"""Divides an export into parts by conditions; exactly one of them holds for each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa

from tilth.errors import ColumnError, RequestError
from tilth.exporting.plan import MOST_PARTS, Partition
from tilth.exporting.subset import Subset
from tilth.store.query import identifier

PART_BYTES = 1 << 30  # target size of a part, by the estimate of the server
PER_CONNECTION = 4  # least number of parts, so that no connection is idle for long at the end
LEAST_BLOCKS = 1024  # least number of blocks in a part
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BLOCK = "ctid"  # the place of a row in PostgreSQL: block and line
Ask = Callable[[str], list[tuple[object, ...]]]


def count_for(size: int, connections: int) -> int:
    """The number of parts for `size` bytes."""
    return max(1, min(MOST_PARTS, max(PER_CONNECTION * connections, size // PART_BYTES)))


def block_parts(blocks: int, connections: int, block_bytes: int) -> list[str]:
    """Divide a table by the storage blocks of its rows: a part is read without scanning the others, and no key is needed.

    The parts are only valid within one snapshot: writing to the table moves rows to other blocks.
    """
    parts = min(count_for(blocks * block_bytes, connections), max(1, blocks // LEAST_BLOCKS))
    return _ranges(BLOCK, [f"'({blocks * i // parts},0)'" for i in range(1, parts)])


def column_parts(subset: Subset, by: Partition, schema: pa.Schema, ask: Ask, parts: int) -> list[str]:
    """Divide by a column: ranges of dates, timestamps or integers, or its hash; the last part has the nulls. `ask` queries the database.

    Errors: `ColumnError` for an unknown column, `RequestError` for a unit that does not fit its type, and for too many parts.
    """
    name = str(by.by or by.hash)
    if name not in schema.names:
        raise ColumnError.unknown(name, schema.names, "partition")
    column, parts, kind = identifier(name), by.parts or parts, str(schema.field(name).type)
    source = f"FROM ({subset.query()}) AS rows"
    borders: list[str] | None = None
    if by.unit:
        if not kind.startswith(("date", "timestamp")):
            what = f"partition: {name} ({kind}) has no ranges of a {by.unit}"
            raise RequestError(what, accepted="a column of dates or timestamps", code="bad-unit")
        starts = f"SELECT DISTINCT date_trunc('{by.unit}', {column}) AS start {source} WHERE {column} IS NOT NULL"
        query = f"SELECT CAST(start AS text) FROM ({starts}) AS starts ORDER BY start LIMIT {MOST_PARTS + 2}"
        borders = [f"'{row[0]}'" for row in ask(query)][1:]
    elif by.by:
        (low, high) = ask(f"SELECT CAST(min({column}) AS text), CAST(max({column}) AS text) {source}")[0]
        borders = [] if low is None else _borders(kind, str(low), str(high), parts)
    found = [subset.hashed(name, i, parts) for i in range(parts)] if borders is None else _ranges(column, borders)
    if len(found) > MOST_PARTS:
        what = f"partition: {name} by {by.unit} has {len(found):,} parts or more"
        raise RequestError(what, accepted=f"up to {MOST_PARTS:,}", hint="take a longer unit, or parts: N", code="many-parts")
    return [*(found if found != [""] else [f"{column} IS NOT NULL"]), f"{column} IS NULL"]


def _ranges(column: str, borders: Sequence[str]) -> list[str]:
    """The conditions of the ranges between borders; the first and the last range are open, so that every value is in a range."""
    if not borders:
        return [""]
    inner = [f"{column} >= {low} AND {column} < {high}" for low, high in pairwise(borders)]
    return [f"{column} < {borders[0]}", *inner, f"{column} >= {borders[-1]}"]


def _borders(kind: str, low: str, high: str, parts: int) -> list[str] | None:
    """The borders between ranges of equal length; None if Python cannot compute them for this type or these values."""
    if "int" in kind:
        return [str(n) for n in _divided(int(low), int(high), parts)]
    if not kind.startswith(("date", "timestamp")):
        return None
    size, width = (timedelta(days=1), 10) if kind.startswith("date") else (timedelta(microseconds=1), 32)
    try:
        first, last = ((datetime.fromisoformat(end).replace(tzinfo=UTC) - EPOCH) // size for end in (low, high))
    except ValueError:  # infinity, or a year that Python does not support
        return None
    return [f"'{str(EPOCH + n * size)[:width]}'" for n in _divided(first, last, parts)]


def _divided(low: int, high: int, parts: int) -> list[int]:
    """Divide the integers from `low` to `high` into `parts` ranges: the beginning of each range except the first."""
    return sorted({low + (high - low + 1) * i // parts for i in range(1, parts)} - {low})
