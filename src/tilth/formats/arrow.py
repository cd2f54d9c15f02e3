"""Converts tables of pandas, Polars and other libraries to Arrow tables with types that both engines read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from numbers import Number
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tilth.errors import Mistake, SourceError, listed
from tilth.formats.format import checked_names

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

HINT = "give it one plain type before it is read"
ACCEPTED = (
    "booleans, numbers, decimals of up to 38 digits, strings, bytes, dates, times, timestamps, categories of these, lists and structs"
)


def as_table(given: Any, names: Sequence[str] | None = None) -> pa.Table:
    """Any table in memory as an Arrow table, its columns renamed to `names` if given.

    Errors: `SourceError` with the columns that Arrow cannot hold, never their values; `ColumnError` for duplicate names.
    """
    taken: dict[str, Callable[[Any, Sequence[str] | None], pa.Table]] = {"pandas": _of_pandas, "polars": _of_polars}
    library = type(given).__module__.partition(".")[0]
    if library in taken and type(given).__name__ == "Series":
        raise SourceError(f"a {library} Series is a column, not a table", hint="pass a frame: series.to_frame()", code="not-arrow")
    if library in taken:
        return taken[library](given, names)
    try:
        table = given if isinstance(given, pa.Table) else pa.table(given)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise SourceError(f"a value of type {type(given).__name__} cannot be read as a table by Arrow", code="not-arrow") from error
    return table.rename_columns(checked_names(table.column_names, names))


def _of_pandas(frame: pd.DataFrame, names: Sequence[str] | None) -> pa.Table:
    unnamed = [] if names else [n for n in frame.columns if not isinstance(n, str)]
    if unnamed:
        hint = "name the columns: frame.columns = [...]"
        raise SourceError(f"column names that are not strings: {listed(map(repr, unnamed))}", hint=hint, code="column-name")
    final_names, columns, unfit = checked_names(list(frame.columns), names), [], []
    for i, name in enumerate(final_names):
        try:
            columns.append(_column(frame.iloc[:, i]))
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            unfit.append(Mistake(f"column {name!r} {_why(frame.iloc[:, i], error)}", accepted=ACCEPTED, hint=HINT, code="mixed-types"))
    SourceError.reject(unfit)
    return pa.Table.from_arrays(columns, names=final_names)


def _column(values: pd.Series[Any]) -> pa.Array | pa.ChunkedArray:
    if values.dtype == object and len(_families(values)) > 1:  # Arrow would silently convert some mixtures to the type of the first value
        raise TypeError
    return pa.array(values, from_pandas=True)


def _families(values: pd.Series[Any]) -> dict[str, str]:
    """Family of types in an object column → the name of one of its types, for messages."""
    known = values.dropna()
    families = {_family(kind): kind.__name__ for kind in set(map(type, known))}
    if "datetime" in families:
        name = families.pop("datetime")
        naive = {v.tzinfo is None for v in known if isinstance(v, datetime)}
        families |= {f"{name} {zone}": f"{name} {zone}" for zone in ("without a zone" if n else "with a zone" for n in naive)}
    return families


def _family(kind: type) -> str:
    """The family of a type. Types of one family may be in one column."""
    if kind.__name__ in ("bool", "bool_"):
        return "boolean"
    return next((base.__name__ for base in (str, datetime, date, Number) if issubclass(kind, base)), kind.__name__)


def _why(values: pd.Series[Any], error: Exception) -> str:
    """What is wrong with a column, without showing its values."""
    if isinstance(error, OverflowError):
        return "holds integers beyond 64 bits"
    if isinstance(error, UnicodeError):
        return "holds strings that are not valid Unicode"
    kinds = _families(values).values() if values.dtype == object else [str(values.dtype)]
    return f"mixes types, or has one unknown to Arrow: {listed(sorted(kinds))}"


def _of_polars(frame: pl.DataFrame, names: Sequence[str] | None) -> pa.Table:
    import polars

    columns, unfit = list[pa.Array](), list[Mistake]()
    for name in checked_names(frame.columns, names):
        values = frame.to_series(len(columns) + len(unfit))
        try:
            if values.dtype == polars.Object:  # Arrow would get memory addresses
                raise TypeError
            columns.append(values.to_arrow())
        except (pa.ArrowException, polars.exceptions.PolarsError, TypeError, ValueError):
            unfit.append(_unread(name, values.dtype))
    SourceError.reject(unfit)
    return pa.Table.from_arrays(columns, names=list(names or frame.columns))


def decoded(table: pa.Table) -> pa.Table:
    """The table with types that both engines read. Dictionaries become their values, because engines would order and compare the codes.
    Small unsigned integers, half floats and times become the next larger or plainer type.

    Errors: `SourceError` for all types that no engine reads: durations, unions, extensions other than Arrow's own, decimals of more than
    38 digits.
    """
    plain = [_plain(f.type) for f in table.schema]
    unfit = [_unread(f.name, f.type) for f, kind in zip(table.schema, plain, strict=True) if kind is None]
    columns = []
    for field, kind, column in zip(table.schema, plain, table.columns, strict=True):
        try:
            columns.append(column if kind in (None, field.type) else column.cast(kind, safe=not pa.types.is_time(field.type)))
        except pa.ArrowException:
            unfit.append(_unread(field.name, field.type))
    SourceError.reject(unfit)
    return table if all(a is b for a, b in zip(columns, table.columns, strict=True)) else pa.Table.from_arrays(columns, table.column_names)


def _unread(name: str, kind: Any) -> Mistake:
    return Mistake(f"column {name!r} has the unsupported type {kind}", accepted=ACCEPTED, hint=HINT, code="unknown-type")


def _plain(kind: pa.DataType) -> pa.DataType | None:
    """The equivalent type that both engines read, without dictionary or extension; None for an unsupported type."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type) if kind.extension_name.startswith("arrow.") else None
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_decimal(kind):
        return _plain_decimal(kind)
    if pa.types.is_nested(kind):
        return _plain_nested(kind)
    unread = (pa.types.is_duration, pa.types.is_interval, pa.types.is_run_end_encoded)
    return None if any(is_of(kind) for is_of in unread) else PLAINER.get(kind, kind)


PLAINER: dict[pa.DataType, pa.DataType] = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.float16(): pa.float32(),
    pa.string_view(): pa.string(),
    pa.binary_view(): pa.binary(),
    pa.date64(): pa.date32(),
    pa.time32("s"): pa.time64("us"),
    pa.time32("ms"): pa.time64("us"),
    pa.time64("ns"): pa.time64("us"),
}


def _plain_decimal(kind: pa.DataType) -> pa.DataType:
    """A decimal of at most 38 digits that keeps all digits before the point. The cast fails if the values do not fit."""
    digits, scale = (kind.precision, kind.scale) if kind.scale >= 0 else (kind.precision - kind.scale, 0)
    return kind if kind.bit_width <= 128 and kind.scale >= 0 else pa.decimal128(min(38, digits), min(38, scale))


def _plain_nested(kind: pa.DataType) -> pa.DataType | None:
    if pa.types.is_struct(kind):
        return _all(lambda *inner: pa.struct(list(zip((f.name for f in kind), inner, strict=True))), (f.type for f in kind))
    if pa.types.is_map(kind):
        return _all(pa.map_, (kind.key_type, kind.item_type))
    if pa.types.is_fixed_size_list(kind):
        return _all(lambda inner: pa.list_(inner, kind.list_size), (kind.value_type,))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return kind if _plain(kind.value_type) == kind.value_type else None
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _all(pa.list_ if pa.types.is_list(kind) else pa.large_list, (kind.value_type,))
    return None


def _all(make: Callable[..., pa.DataType], kinds: Iterable[pa.DataType]) -> pa.DataType | None:
    """A nested type of the plain forms of its inner types; None if one of them is unsupported."""
    inner = [_plain(k) for k in kinds]
    return None if None in inner else make(*inner)


def of_64_bits(table: pa.Table, types: Sequence[str]) -> pa.Table:
    """The table with 128-bit integers, which arrive as decimals, converted to 64-bit integers in columns where all values fit."""
    for i, name in enumerate(table.column_names):
        if types[i] == "HUGEINT":
            with suppress(pa.ArrowInvalid):
                table = table.set_column(i, name, table.column(i).cast(pa.int64()))
    return table
