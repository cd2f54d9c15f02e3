"""Functions of the user's over columns: what they take, by their annotations, and what they return, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from inspect import Parameter, signature
from pathlib import Path
from threading import Thread
from traceback import extract_tb
from typing import Any

import pyarrow as pa

from tilth.data import Kind
from tilth.engine.arrow import arrow_type
from tilth.errors import RequestError, SourceError, TilthError, listed
from tilth.formats.arrow import as_table, decoded

ARRAYS = "pyarrow.Array"
FORMS = (ARRAYS, "pyarrow.Table", "pandas.Series", "pandas.DataFrame", "polars.Series", "polars.DataFrame")


def form_of(name: str, function: Callable[..., Any], *others: str) -> str:
    """The form of a function's input, from the annotation of its first parameter.

    Errors: `RequestError` for an annotation that is neither in `FORMS` nor in `others`.
    """
    try:
        first = next(iter(signature(function, eval_str=True).parameters.values()), None)
    except ValueError:  # a built-in function
        return ARRAYS
    except (NameError, TypeError, AttributeError) as error:
        message = f"the annotations of the function {name!r} cannot be read: {error}"
        raise RequestError(message, hint="import what they mention where the module runs", code="bad-function") from error
    if first is None or first.annotation is Parameter.empty:
        return ARRAYS
    found = f"{getattr(first.annotation, '__module__', '').partition('.')[0]}.{getattr(first.annotation, '__name__', first.annotation)}"
    if found not in (*FORMS, *others):
        message = f"the first parameter of the function {name!r} is annotated as {found}"
        raise RequestError(message, accepted=listed((*FORMS, *others)), code="bad-function")
    return found


@dataclass(frozen=True)
class UserFunction:
    """Wraps a function of the user as a function from Arrow arrays to an array, or to a struct array.

    Errors, when it is called: `RequestError` if it raises, takes longer than `timeout` seconds (0: no limit), or returns other columns,
    another number of rows, rows in another order, or values of other kinds than it `makes`.
    """

    function: Callable[..., Any]
    label: str
    form: str
    reads: tuple[str, ...]
    makes: tuple[tuple[str, Kind], ...]
    timeout: float
    private: bool
    """Whether what it raises may hold private values, and is not shown."""

    def __call__(self, *columns: pa.Array) -> pa.Array:
        if not len(columns[0]):
            return self._one([pa.array([], arrow_type(kind)) for _, kind in self.makes])
        returned = self._within_time(columns if self.form == ARRAYS else handed(self.form, pa.table(list(columns), list(self.reads))))
        if isinstance(returned, pa.Array) and len(self.makes) == 1 and returned.type == arrow_type(self.makes[0][1]):
            return returned  # no more is to be done to it, and one row is served in half the time
        table = self._table(returned, len(columns[0]))
        return self._one([self._of_kind(table[name], name, kind) for name, kind in self.makes])

    def _one(self, arrays: Sequence[pa.Array]) -> pa.Array:
        return arrays[0] if len(arrays) == 1 else pa.StructArray.from_arrays(arrays, [f"f{i}" for i in range(len(arrays))])

    def _within_time(self, given: Sequence[Any]) -> Any:
        """Call the function in a thread. After the time limit the thread is abandoned, and ends with the process."""
        returned, raised = list[Any](), list[Exception | SystemExit]()

        def call() -> None:
            try:
                returned.append(self.function(*given))
            except (Exception, SystemExit) as error:  # noqa: BLE001 -- any exception is reported to the caller
                raised.append(error)

        if self.timeout:
            thread = Thread(target=call, daemon=True)
            thread.start()
            thread.join(self.timeout)
        else:
            call()
        if returned:
            return returned[0]
        if raised:
            raise self._failure(raised[0]) from raised[0]
        message = f"{self.label} ran longer than {self.timeout:g} seconds"
        raise RequestError(message, hint="a larger `timeout`, if it does end", code="python-timeout")

    def _failure(self, error: Exception | SystemExit) -> TilthError:
        if isinstance(error, TilthError):
            return error
        at = extract_tb(error.__traceback__)[-1]
        said = "" if self.private else f": {' '.join(str(error).split())}"
        return RequestError(
            f"{self.label} raised {type(error).__name__}{said} ({Path(at.filename).name}:{at.lineno})", code="python-failed"
        )

    def _table(self, returned: Any, rows: int) -> pa.Table:
        """The returned value as a table of the columns that are made."""
        if isinstance(returned, pa.Array | pa.ChunkedArray) or type(returned).__name__ == "Series":
            if len(self.makes) > 1:
                raise self._wrong(f"one column, not {listed(name for name, _ in self.makes)}")
            name = self.makes[0][0]
            frame = pa.table({name: returned}) if isinstance(returned, pa.Array | pa.ChunkedArray) else returned.to_frame(name)
        else:
            frame = returned
        try:
            table = decoded(as_table(frame))
        except SourceError as error:
            raise self._wrong("; ".join(m.message for m in error.mistakes)) from error
        if set(table.column_names) != {name for name, _ in self.makes}:
            raise self._wrong(f"the columns {listed(table.column_names)}, not {listed(name for name, _ in self.makes)}")
        if table.num_rows != rows:
            raise self._wrong(f"{table.num_rows} values for {rows} rows")
        if type(frame).__module__.partition(".")[0] == "pandas" and list(frame.index) != list(range(rows)):
            raise self._wrong("the rows in another order, as their index says")
        return table

    def _of_kind(self, values: pa.ChunkedArray, name: str, kind: Kind) -> pa.Array:
        """Convert values to a kind, if nothing is lost."""
        wanted = arrow_type(kind)
        if pa.types.is_null(values.type) or _family(values.type) == _family(wanted):
            with suppress(pa.ArrowInvalid):
                made = values.cast(wanted)
                if not pa.types.is_timestamp(values.type) or made.cast(values.type) == values:  # Arrow drops the time of a day
                    return pa.concat_arrays(made.chunks)
        raise self._wrong(f"values of type {values.type} that are not of kind {kind} for {name!r}")

    def _wrong(self, what: str) -> RequestError:
        return RequestError(f"{self.label} returned {what}", code="python-result")


def handed(form: str, table: pa.Table) -> Sequence[Any]:
    """The arguments of a function that takes this form."""
    library, _, shape = form.partition(".")
    if library == "pyarrow":
        return [table]
    frame = _pandas(table) if library == "pandas" else _polars(table)
    return [frame] if shape == "DataFrame" else [frame[name] for name in table.column_names]


def _pandas(table: pa.Table) -> Any:
    """A frame whose dtypes depend only on the types, not on the presence of nulls."""
    import pandas as pd

    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get, date_as_object=False)


def _polars(table: pa.Table) -> Any:
    import polars as pl

    return pl.DataFrame(table)


def _family(kind: pa.DataType) -> str:
    """The family of a type. Values are converted within a family."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None):
        return "date or time"
    if pa.types.is_timestamp(kind):
        return "time with time zone"
    return "string" if pa.types.is_large_string(kind) else str(kind)
