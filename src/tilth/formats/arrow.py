"""Tables in memory by the Arrow C interface: Arrow itself, pandas, Polars and whatever else offers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import partial
from numbers import Number
from typing import TYPE_CHECKING, Any

from tilth.data import Memory, reject_duplicate_names
from tilth.engine.session import Session
from tilth.errors import Mistake, SourceError, listed
from tilth.formats.format import Format

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

HINT = "give it one plain type before it is read"
ACCEPTED = (
    "booleans, numbers, decimals of up to 38 digits, strings, bytes, dates, times, timestamps, categories of these, lists and structs"
)


class Arrow(Format):
    """An Arrow table, batch, reader or dataset; a pandas or Polars frame, lazy ones included; any object with `__arrow_c_stream__`.

    A reader can be read once, and a lazy frame or dataset is not yet computed, so their rows are taken into memory. Dictionaries
    (categories) become their values. The index of a pandas frame is not a column: `frame.reset_index()` makes it one.
    """

    name = "arrow"

    def knows(self, thing: Any) -> bool:
        return hasattr(thing, "__arrow_c_stream__") or hasattr(thing, "__arrow_c_array__") or _collector(thing) is not None

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Memory:
        table = decoded(as_table(given, names))
        return Memory(table, tuple(table.column_names))


def as_table(given: Any, names: Sequence[str] | None = None) -> pa.Table:
    """Any table in memory as an Arrow table, its columns renamed to `names` if given.

    Errors: `SourceError` with the columns that Arrow cannot hold, never their values; `ColumnError` for duplicate names.
    """
    import pyarrow as pa

    collect = _collector(given)
    given = collect() if collect else given
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


def checked_names(columns: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """The names of a table's columns, or the given ones; rejects a wrong number of names, empty names and duplicates."""
    if names and len(names) != len(columns):
        raise SourceError(f"{len(names)} names are given for {len(columns)} columns", accepted="one name for each column", code="names")
    reject_duplicate_names(names or columns)
    return list(names or columns)


def _collector(given: Any) -> Callable[[], Any] | None:
    """The function that computes a lazy table: a Polars lazy frame, an Arrow dataset or scanner."""
    module, name = type(given).__module__, type(given).__name__
    if module.startswith("polars.") and name == "LazyFrame":
        return partial(given.collect)
    return given.to_table if module.startswith("pyarrow._dataset") and hasattr(given, "to_table") else None


# ── pandas ──


def _of_pandas(frame: pd.DataFrame, names: Sequence[str] | None) -> pa.Table:
    import pyarrow as pa

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
    import pyarrow as pa

    if values.dtype == object and len(_families(values)) > 1:  # Arrow would silently convert some mixtures to the type of the first value
        raise TypeError
    return pa.array(values, from_pandas=True)


def _families(values: pd.Series[Any]) -> dict[str, str]:
    """The families of types in an object column → the name of one type of each, for messages."""
    known = values.dropna()
    families = {_family(kind): kind.__name__ for kind in set(map(type, known))}
    if "datetime" in families:
        name = families.pop("datetime")
        naive = {v.tzinfo is None for v in known if isinstance(v, datetime)}
        families |= {f"{name} {zone}": f"{name} {zone}" for zone in ("without a zone" if n else "with a zone" for n in naive)}
    return families


def _family(kind: type) -> str:
    """The family of types that may be in one column with this one."""
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


# ── Polars ──


def _of_polars(frame: pl.DataFrame, names: Sequence[str] | None) -> pa.Table:
    import polars
    import pyarrow as pa

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


# ── types ──


def decoded(table: pa.Table) -> pa.Table:
    """The table in the types that both engines read: dictionaries as their values (engines would order and compare the
    codes); small unsigned integers, half floats and times as the next larger or plainer type.

    Errors: `SourceError` for types that no engine reads, all at once: durations, unions, extensions other than Arrow's own,
    decimals of more than 38 digits.
    """
    import pyarrow as pa

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
    """The type that both engines read in place of this one, without dictionary or extension; None for an unsupported type."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type) if kind.extension_name.startswith("arrow.") else None
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_decimal(kind):
        return _plain_decimal(kind)
    if pa.types.is_nested(kind):
        return _plain_nested(kind)
    unread = (pa.types.is_duration, pa.types.is_interval, pa.types.is_run_end_encoded)
    return None if any(is_of(kind) for is_of in unread) else _plainer().get(kind, kind)


def _plainer() -> dict[pa.DataType, pa.DataType]:
    import pyarrow as pa

    return {
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
    """A decimal of at most 38 digits that keeps all digits before the point. Whether the values fit shows when they are cast."""
    import pyarrow as pa

    digits, scale = (kind.precision, kind.scale) if kind.scale >= 0 else (kind.precision - kind.scale, 0)
    return kind if kind.bit_width <= 128 and kind.scale >= 0 else pa.decimal128(min(38, digits), min(38, scale))


def _plain_nested(kind: pa.DataType) -> pa.DataType | None:
    import pyarrow as pa

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
    """A type made of the plain forms of others; None if one of them is unsupported."""
    inner = [_plain(k) for k in kinds]
    return None if None in inner else make(*inner)
