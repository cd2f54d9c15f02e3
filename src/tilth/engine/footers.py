"""Answers statistics exactly without reading rows: row counts, null counts, and minima and maxima of integers and times.

The numbers come from the footers of Parquet files, or from the manifests of an Iceberg table, without opening its files.

Footers do not count NaN, which is null here, so for floats they are used only if a scan shows that there is no NaN (`engine.nan`). They may
truncate strings, so for strings only null counts are used.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Dataset, Files, Kind, Schema
from tilth.engine.operations.times import Known
from tilth.engine.statistics import Statistic
from tilth.store.catalog import Contents, Ends

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

ORDERED = frozenset({Kind.INTEGER, Kind.DATE, Kind.TIMESTAMP})  # kinds whose minimum and maximum in a footer are exact
MOST_BITS, BITS_A_ROW = 1 << 28, 64  # bits of a set of integers: at most 32 MiB, and at most 64 per row
NEARLY = 0.9  # a column with at least this many distinct values per value is nearly unique
UNKNOWN, THERE = object(), object()
COMPARED = {exp.GT: operator.gt, exp.GTE: operator.ge, exp.LT: operator.lt, exp.LTE: operator.le}
COUNTED = ORDERED | {Kind.STRING, Kind.BOOLEAN, Kind.DECIMAL, Kind.TIMESTAMP_TZ}  # … kinds whose nulls are exactly the file's nulls


class Footers:
    """The footers of files with the same columns. A number is unknown if one of the footers lacks it."""

    where = "Parquet footers"

    def __init__(self, metadata: Iterable[FileMetaData]) -> None:
        self._metadata = list(metadata)
        self._ends: dict[str, Ends | None] = {}

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return sum(m.num_rows for m in self._metadata)

    def ends(self, column: str) -> Ends | None:
        """The null count and range of a flat column. None if a file lacks it, or a row group lacks its null count."""
        if column not in self._ends:
            self._ends[column] = self._found(column)
        return self._ends[column]

    @cached_property
    def _columns(self) -> list[dict[str, int]]:
        """The indices of the columns in each file."""
        return [{m.schema.column(i).path: i for i in range(len(m.schema))} for m in self._metadata]

    def _found(self, column: str) -> Ends | None:
        nulls, lows, highs, ordered, types = 0, list[Any](), list[Any](), True, set[str]()
        for metadata, columns in zip(self._metadata, self._columns, strict=True):
            if "." in column or column not in columns:  # with a dot it may be a field of a struct
                return None
            stored = metadata.schema.column(columns[column])
            types.add(f"{stored.physical_type} {stored.logical_type}")
            parts = [metadata.row_group(k).column(columns[column]).statistics for k in range(metadata.num_row_groups)]
            if stored.max_repetition_level or not all(part is not None and part.has_null_count for part in parts):
                return None
            nulls += sum(part.null_count for part in parts)
            filled = [part for part in parts if part.num_values]
            ordered &= all(part.has_min_max for part in filled) and "nanoseconds" not in str(stored.logical_type)
            ordered &= stored.physical_type != "FLOAT"  # engines compare integers with these as 32-bit floats
            try:
                lows += [part.min for part in filled if ordered]
                highs += [part.max for part in filled if ordered]
            except (ValueError, OverflowError):  # outside the range of Python's dates, or nanoseconds
                ordered = False
        return Ends(nulls, min(lows), max(highs)) if ordered and len(types) == 1 and lows else Ends(nulls)


def answered(
    data: Dataset, statistics: Iterable[Statistic], schema: Callable[[], Schema], floats: Container[str] = ()
) -> dict[Statistic, Any]:
    """The statistics that footers answer: numbers of rows, of nulls, of rows in a range that contains all or no values, minima and maxima.

    Empty unless the dataset is unchanged Parquet files or an Iceberg table. The columns `floats` have no NaN.
    """
    asked = [s for s in statistics if not (s.by or s.per) and len(s.reads) <= 1 and isinstance(s.aggregate, exp.Count | exp.Min | exp.Max)]
    stored = _stored(data) if asked else None
    if stored is None:
        return {}
    footers, decode = stored
    kinds = {c.name: c.kind for c in schema()}
    columns = {c: ends for c in set[str]().union(*(s.reads for s in asked)) if (ends := _as_read(c, kinds.get(c), footers, decode, floats))}
    return {s: value for s in asked if (value := _answer(s, footers.rows, columns)) is not UNKNOWN}


def where(data: Dataset) -> str:
    """The source of the answers, in words."""
    stored = _stored(data)
    return "" if stored is None else stored[0].where


def rows(data: Dataset) -> int | None:
    """The number of rows of a dataset that contains the rows of Parquet files unchanged; None for other datasets."""
    stored = _stored(data)
    return None if stored is None else stored[0].rows


def dense(data: Dataset, columns: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Column → minimum and maximum, for integer columns whose range allows nearly all values to differ and is not much larger."""
    asked = list(columns)
    stored = _stored(data) if asked else None
    if stored is None:
        return {}
    footers, decode = stored
    known = {c: ends for c in asked if c not in decode.made and (ends := footers.ends(c)) and type(ends.low) is int and ends.high < 2**63}
    room = {c: (ends.low, ends.high) for c, ends in known.items() if ends.high - ends.low + 1 >= NEARLY * (footers.rows - ends.nulls)}
    return {c: (low, high) for c, (low, high) in room.items() if high - low < min(MOST_BITS, BITS_A_ROW * footers.rows)}


def _stored(data: Dataset) -> tuple[Contents, Change] | None:
    """The footers of a dataset of unchanged files, and the changes that reading makes; None for other datasets."""
    match data.layers:
        case ():
            decode = Change((), decode=True)
        case (Change(decode=True) as decode,):
            pass
        case _:
            return None
    footers = footers_of(data.source) if isinstance(data.source, Files) else None
    return None if footers is None else (footers, decode)


@lru_cache(maxsize=16)
def footers_of(source: Files) -> Contents | None:
    """The statistics of a source in its catalog, or the footers of its local Parquet files; else None."""
    if source.format != "parquet" or source.option("names") or any("://" in path for path in source.paths):
        return None
    if source.table and source.table.contents:
        return source.table.contents
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return Footers(pq.read_metadata(path) for path in source.paths)
    except (OSError, pa.ArrowException):  # encrypted or damaged: the scan will report it
        return None


def _as_read(column: str, kind: Kind | None, footers: Contents, decode: Change, floats: Container[str]) -> Ends | None:
    """The range of a column as read, if reading does not change it. Without low and high if footers do not order its kind exactly."""
    ends = footers.ends(column) if kind in COUNTED or column in floats else None
    if ends is None:
        return None
    known = (kind in ORDERED or column in floats) and type(ends.low) in (int, float, date, datetime)
    whole = known or ends.nulls == footers.rows
    if column in decode.made and not (whole and isinstance(decode.made[column], Known)):  # which keeps what Python can represent
        return None
    return ends if known else Ends(ends.nulls)


def _answer(s: Statistic, rows: int, columns: Mapping[str, Ends]) -> Any:
    if s.where is not None:
        (column,) = s.reads or {""}
        counts = isinstance(s.aggregate, exp.Count) and isinstance(s.aggregate.this, exp.Star)
        return _rows_that_meet(s.where, columns[column], rows) if counts and column in columns else UNKNOWN
    match s.aggregate:
        case exp.Count(this=exp.Star()):
            return rows
        case exp.Count(this=exp.Column(name=name)) if name in columns:
            return rows - columns[name].nulls
        case exp.Min(this=exp.Column(name=name)) | exp.Max(this=exp.Column(name=name)) if name in columns:
            ends, least = columns[name], isinstance(s.aggregate, exp.Min)
            if ends.low is not None or ends.nulls == rows:
                end = ends.low if least else ends.high
                return end or 0.0 if type(end) is float else end  # the zero of a footer may have the wrong sign
    return UNKNOWN


def _rows_that_meet(condition: Tree, ends: Ends, rows: int) -> Any:
    """The number of rows that meet a condition, if all values of its column meet it, or if it only tests for null."""
    there = rows - ends.nulls
    try:
        of_nulls = ends.nulls * bool(_met(condition, None))
        with suppress(_Unfit):
            return there * bool(_met(condition, THERE)) + of_nulls
        if not there or (_met(condition, ends.low) and _met(condition, ends.high)):
            return there + of_nulls
    except _Unfit:
        pass
    return UNKNOWN


class _Unfit(Exception):
    """The range of a column does not decide a condition."""


def _met(condition: Tree, value: Any) -> bool | None:
    """Whether a value of the only column meets a condition; None is null. `THERE` is any value that is not null.

    Errors: `_Unfit` for a condition that may fail between two values that meet it.
    """
    match condition:
        case exp.Paren(this=inner):
            return _met(inner, value)
        case exp.Coalesce(this=inner, expressions=[exp.Boolean(this=False)]):
            return bool(_met(inner, value))
        case exp.Is(this=exp.Column(), expression=exp.Null()):
            return value is None
        case exp.Not(this=exp.Is() | exp.Paren(this=exp.Is()) as inner):
            return not _met(inner, value)
        case exp.And(this=a, expression=b):
            both = (_met(a, value), _met(b, value))
            return False if False in both else None if None in both else True
        case exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
            sides = (x.this if isinstance(x, exp.Cast) else x for x in (condition.this, condition.expression))
            if value is None and any(isinstance(x, exp.Column) for x in sides):
                return None
            return bool(COMPARED[type(condition)](*_sides(condition, value)))
    raise _Unfit


def _sides(comparison: exp.Binary, value: Any) -> tuple[Any, Any]:
    """Both sides of a comparison, with the value in place of the column. Errors: `_Unfit` unless it compares the column with a constant."""
    sides, number = list[Any](), float if type(value) is float else int
    for tree in (comparison.this, comparison.expression):
        match tree:
            case exp.Column() if value is not THERE:
                sides.append(value)
            case exp.Cast(this=exp.Column()) if tree.is_type("date") and isinstance(value, date):
                sides.append(value.date() if isinstance(value, datetime) else value)
            case exp.Cast(this=exp.Literal(is_string=True, this=text)) if tree.is_type("date"):
                sides.append(date.fromisoformat(text))
            case exp.Cast(this=exp.Literal(is_string=True, this=text)) if tree.is_type("timestamp"):
                sides.append(datetime.fromisoformat(text))
            case exp.Literal(is_string=False, this=digits) if number is float or tree.is_int:
                sides.append(number(digits))
            case exp.Neg(this=exp.Literal(is_string=False, this=digits) as positive) if number is float or positive.is_int:
                sides.append(-number(digits))
            case _:
                raise _Unfit
    if type(sides[0]) is not type(sides[1]):
        raise _Unfit
    return sides[0], sides[1]
