"""NumPy's files: `.npz` with arrays for features, label, ids and weights, and `.npy` with one array. No pickles."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Files, Kind, Roles
from tilth.data.schema import NUMBERS
from tilth.engine.arrow import as_numpy, from_numpy, kind_of, schema_of
from tilth.engine.session import Session
from tilth.errors import ColumnError, RequestError, SourceError
from tilth.formats.codec import Codec, as_parquet
from tilth.formats.layout import features_of, matrix
from tilth.store.local import state_of

COLUMNS, NAMES, ID = "columns", "names", "id."
DTYPES = ("float64", "float32")
NO_ROLES = Roles()


class Npz(Codec):
    """NumPy's `.npz`: the arrays `X` (rows, features), `y`, `weight`, `fold`, `id.NAME` for each id, and `names` of the features.

    `columns` has pairs of an array and the name of its column in Tilth. Features are numbers or booleans; null is NaN. `dtype` is the type
    of `X`: `float64` or `float32`. A string label is an array of strings of fixed width. `compression` applies to the whole file. Other
    `.npz` files can be read if they have `X`, or only one-dimensional arrays of the same length, which become columns.
    """

    name = "npz"
    suffixes = (".npz",)
    write_options = ("dtype",)

    def decode(self, file: IO[bytes], **options: Any) -> Iterator[pa.RecordBatch]:
        try:
            held = np.load(io.BytesIO(file.read()), allow_pickle=False)
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise SourceError("it is not a whole .npz file", hint="copy it again; is it another format?", code="unreadable") from error
        if not isinstance(held, np.lib.npyio.NpzFile):
            raise SourceError("it is one array, not an archive of them", hint="call it .npy", code="unreadable")
        with held:
            yield batch_of({name: _array(held, name) for name in held.files})

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], *, roles: Roles = NO_ROLES, dtype: str = DTYPES[0], **_: Any) -> None:
        _save(arrays_by_role(batches.read_all(), roles, dtype), file)


class Npy(Codec):
    """NumPy's `.npy`: one array. One dimension is a column `x`, two are the columns `x0`, `x1` …, a structured array has its own names.

    In a folder, each array of an `.npz` is written to its own file, such as `X.npy`, which `numpy.load(…, mmap_mode="r")` maps into memory;
    such a folder is read as one table. A table with only features can be written to one file.
    """

    name = "npy"
    suffixes = (".npy",)
    write_options = ("dtype",)
    compressions: ClassVar[tuple[str, ...]] = ("none",)

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **options: Any) -> Files:
        folder = Path(given) if isinstance(given, str | os.PathLike) else None
        if folder is None or not (folder / "X.npy").is_file():
            return super().open(given, names, engine, **options)
        paths = sorted(folder.glob("*.npy"))
        key = (self.name, str(folder), state_of(map(str, paths)), tuple(names or ()))
        return as_parquet(str(folder), key, lambda: [batch_of({p.stem: _loaded(p) for p in paths})], names)

    def decode(self, file: IO[bytes], **options: Any) -> Iterator[pa.RecordBatch]:
        found = _loaded(io.BytesIO(file.read()))
        if found.dtype.names:
            yield batch_of({n: found[n] for n in found.dtype.names})
        elif found.ndim == 2:
            yield batch_of({f"x{i}": found[:, i] for i in range(found.shape[1])})
        else:
            yield batch_of({"x": found})

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], *, roles: Roles = NO_ROLES, dtype: str = DTYPES[0], **_: Any) -> None:
        made = arrays_by_role(batches.read_all(), roles, dtype)
        if others := set(made) - {"X", NAMES, COLUMNS}:
            hint = "write it to a folder, or as .npz"
            raise RequestError(f"a .npy file holds one array, and there are X, {', '.join(sorted(others))}", hint=hint, code="bad-value")
        np.lib.format.write_array(file, made["X"], allow_pickle=False)

    def write(
        self, data: Dataset, place: Any, engine: Session, *, shards: int | None = None, rows_per_shard: int | None = None, **options: Any
    ) -> int:
        if (shards, rows_per_shard) != (None, None):
            raise RequestError("a .npy file holds one array, and is not written in shards", accepted="format: npz", code="bad-value")
        return super().write(data, place, engine, **options)

    def stream(self, data: Dataset, to: Path, engine: Session, folder: bool, *given: Any) -> int:
        if not folder:
            return super().stream(data, to, engine, folder, *given)
        options: Mapping[str, Any] = given[-1] if given else {}
        made = arrays_by_role(engine.table(engine.whole(data)), data.roles, **options)
        for name, array in made.items():
            with (to / f"{name}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
        return len(made["X"])


# ── roles ──


def plain(name: str, column: pa.ChunkedArray) -> np.ndarray:
    """A column as an array that needs no pickle: numbers, booleans, times, or strings of fixed width.

    Errors: `ColumnError` for other types, and for nulls in types without NaN or NaT.
    """
    kind = kind_of(column.type)
    if kind is Kind.BOOLEAN and column.null_count == 0:
        return as_numpy(column)
    if kind in NUMBERS:
        return as_numpy(column.cast(pa.float64()) if kind in (Kind.DECIMAL, Kind.BOOLEAN) else column)
    if kind.temporal:
        return np.array(column.to_numpy(), "datetime64[D]" if kind is Kind.DATE else "datetime64[us]")
    hint = "impute it, or drop the rows" if column.null_count else "give the column no role, or deliver another format"
    if column.null_count or kind is not Kind.STRING:
        what = f"has {column.null_count:,} nulls" if column.null_count else f"is {kind}"
        raise ColumnError(f"column {name!r} {what}, which an array without pickles cannot hold", hint=hint, code="wrong-kind")
    return np.array(column.to_pylist(), np.str_)


def arrays_by_role(table: pa.Table, roles: Roles, dtype: str = DTYPES[0]) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file by name. Errors: as `features_of`, `matrix` and `plain`; `RequestError` for an unsupported `dtype`."""
    if dtype not in DTYPES:
        raise RequestError(f"dtype: there is no {dtype!r}", accepted=" or ".join(DTYPES), code="bad-value")
    features = features_of(roles, schema_of(table.schema))
    single = {"y": roles.label, "weight": roles.weight, "fold": roles.fold}
    named = {array: column for array, column in single.items() if column in table.column_names}
    named |= {ID + c: c for c in roles.id if c in table.column_names}
    made = {
        "X": matrix(table, features, np.dtype(dtype)),
        **{array: plain(column, table[column]) for array, column in named.items() if column},
    }
    return {**made, NAMES: np.array([*features.names()], np.str_), COLUMNS: np.array(list(named.items()), np.str_).reshape(-1, 2)}


# ── files ──


def _save(arrays: Mapping[str, np.ndarray], file: IO[bytes]) -> None:
    """Write an archive without timestamps, so that equal arrays give equal bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())


def _loaded(file: Any) -> np.ndarray:
    try:
        found = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise _refused(error, f"the array in {file}" if isinstance(file, Path) else "the array") from error
    if not isinstance(found, np.ndarray):
        raise SourceError("it is an archive of arrays", hint="call it .npz", code="unreadable")
    return found


def _array(held: Any, name: str) -> np.ndarray:
    try:
        found: np.ndarray = held[name]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _refused(error, f"the array {name!r}") from error
    return found


def _refused(error: Exception, what: str) -> SourceError:
    if "pickle" in str(error).lower():
        hint = "save numbers, or strings of fixed width: array.astype(str)"
        return SourceError(f"{what} holds Python objects, pickled: to load them runs code", hint=hint, code="pickle")
    return SourceError(f"{what} is damaged or truncated", hint="copy the file again; is it another format?", code="unreadable")


def batch_of(arrays: Mapping[str, np.ndarray]) -> pa.RecordBatch:
    """A batch from the arrays of `arrays_by_role`, or from one-dimensional arrays. Errors: `SourceError` for other shapes."""
    columns: dict[str, np.ndarray] = {}
    own = dict(arrays)
    names: Sequence[str] = own.pop(NAMES).tolist() if NAMES in own and "X" in own else ()
    called = dict(own.pop(COLUMNS).tolist()) if COLUMNS in own and "X" in own else {}
    for name, array in own.items():
        if name == "X" and array.ndim == 2:
            given = names if len(names) == array.shape[1] else [f"x{i}" for i in range(array.shape[1])]
            columns |= {n: array[:, i] for i, n in enumerate(given)}
        else:
            columns[called.get(name, name.removeprefix(ID))] = array
    wrong = [n for n, a in columns.items() if a.ndim != 1] or ([] if len({len(a) for a in columns.values()}) < 2 else list(columns))
    if wrong:
        shapes = ", ".join(f"{n} {a.shape}" for n, a in list(arrays.items())[:6])
        accepted = "X of two dimensions, and arrays of one, all of the same length"
        raise SourceError(f"the arrays are not the columns of one table: {shapes}", accepted=accepted, code="not-a-table")
    return pa.RecordBatch.from_arrays([_column(n, a) for n, a in columns.items()], names=list(columns))


def _column(name: str, array: np.ndarray) -> pa.Array:
    kind = array.dtype.kind
    if kind in "biuf":
        return pa.array(array) if kind == "b" else from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))
    if kind == "M":
        return pa.array(array.astype("datetime64[D]" if array.dtype.str.endswith("[D]") else "datetime64[us]"))
    if kind in "US":
        return pa.array(array.tolist(), pa.string() if kind == "U" else pa.binary())
    accepted = "numbers, booleans, strings, dates and times"
    raise SourceError(f"the array {name!r} is of {array.dtype}", accepted=accepted, code="unknown-type")
