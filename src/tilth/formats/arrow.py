"""Tables in memory by the Arrow C interface: Arrow itself, pandas, Polars and whatever else offers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tilth.data import Memory, refuse_twins
from tilth.engine.engine import Engine
from tilth.errors import Mistake, SourceError, listed
from tilth.formats.format import Format

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

HINT = "give it one plain type before it is read"


class Arrow(Format):
    """An Arrow table, batch or reader; a pandas or Polars frame; any object with `__arrow_c_stream__`.

    A reader can be read once, so its rows are taken into memory. Dictionaries (categories) become their values.
    """

    name = "arrow"

    def knows(self, thing: Any) -> bool:
        return hasattr(thing, "__arrow_c_stream__") or hasattr(thing, "__arrow_c_array__")

    def open(self, given: Any, names: Sequence[str] | None, engine: Engine, **_: Any) -> Memory:
        table = decoded(as_table(given))
        if names:
            table = table.rename_columns(list(names))
        return Memory(table, tuple(table.column_names), id(table))


def as_table(given: Any) -> pa.Table:
    """Any table in memory as an Arrow table.

    Errors: `SourceError` that names the column which Arrow cannot hold, never a value of it.
    """
    import pyarrow as pa

    if isinstance(given, pa.Table):
        return given
    pandas = type(given).__module__.partition(".")[0] == "pandas"
    if pandas:
        _refuse_unfit(given)
    try:
        return pa.Table.from_pandas(given, preserve_index=False) if pandas else pa.table(given)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise SourceError(f"a table of type {type(given).__name__} cannot be taken over by Arrow", code="not-arrow") from error


def _refuse_unfit(frame: pd.DataFrame) -> None:
    """Refuse the columns of a pandas frame that Arrow cannot hold, all at once and without showing their values."""
    import pyarrow as pa

    unnamed = [n for n in frame.columns if not isinstance(n, str)]
    if unnamed:
        hint = "name the columns: frame.columns = [...]"
        raise SourceError(f"columns whose names are no texts: {listed(map(repr, unnamed))}", hint=hint, code="column-name")
    refuse_twins(frame.columns)
    unfit = []
    for name in frame.columns:
        try:
            pa.array(frame[name], from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError):
            kinds = listed(sorted({type(v).__name__ for v in frame[name] if v is not None}))
            unfit.append(Mistake(f"column {name!r} mixes types, or has one unknown to Arrow: {kinds}", hint=HINT, code="mixed-types"))
    if unfit:
        raise SourceError(*unfit)


def decoded(table: pa.Table) -> pa.Table:
    """The table with dictionaries as their values: engines order and compare dictionaries by their codes, and Spark takes none.

    Errors: `SourceError` for types that no engine reads, all at once: durations, unions, and extensions but Arrow's own.
    """
    import pyarrow as pa

    plain = {f.name: _plain(f.type) for f in table.schema}
    unfit = [
        Mistake(f"column {f.name!r} is of the type {f.type}, which is not read", hint=HINT, code="unknown-type")
        for f in table.schema
        if plain[f.name] is None
    ]
    if unfit:
        raise SourceError(*unfit)
    wanted = pa.schema(plain.items())
    return table if wanted.equals(table.schema) else table.cast(wanted)


def _plain(kind: pa.DataType) -> pa.DataType | None:
    """A type without dictionary and extension around it; None for a type that is not read."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type) if kind.extension_name.startswith("arrow.") else None
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    unread = (pa.types.is_duration, pa.types.is_interval, pa.types.is_union, pa.types.is_run_end_encoded)
    return None if any(is_of(kind) for is_of in unread) else kind
