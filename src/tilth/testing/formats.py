"""The test battery for file formats, those of Tilth and of other packages.

from tilth.testing.formats import check_format

def test_my_format(tmp_path):
    check_format(MyFormat(), tmp_path)
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tilth.engine.session import Session
from tilth.errors import TilthError
from tilth.formats.format import Format
from tilth.formats.reading import read
from tilth.formats.writing import to_arrow
from tilth.testing.laws import embedded, require

NAMES = ("integer", "float", "string", "boolean", "date", "timestamp", "zoned", "two words", "日本")


def nasty_rows() -> pa.Table:
    """Rows of the kinds that every format supports, with nulls, extremes, delimiters, quotes, line breaks and other alphabets."""
    strings = ["a", None, 'say "x"', "it's", "a,b;c|d\te", "line\nbreak", "back\\slash", "日本 é", "x" * 70_000]
    n = len(strings)
    columns = [
        pa.array([0, -1, None, 2**53 + 1, -(2**63), 2**63 - 1, 5, 5, 7], pa.int64()),
        pa.array([0.5, -0.0, None, 0.1, 1e300, 5e-324, -1.5, 3.25, 2.0], pa.float64()),
        pa.array(strings, pa.string()),
        pa.array([True, False, None] * 3, pa.bool_()),
        pa.array([None if i == 4 else date(1970 + 15 * i, 2, 28) for i in range(n)], pa.date32()),
        pa.array([None if i == 3 else datetime(2024, 1, 1, i, 30, 15, i) for i in range(n)], pa.timestamp("us")),
        pa.array([None if i == 2 else datetime(2024, 1, 1, i, tzinfo=UTC) for i in range(n)], pa.timestamp("us", "UTC")),
        pa.array(list("abcdefghi"), pa.string()),
        pa.array(range(n), pa.int64()),
    ]
    return pa.Table.from_arrays(columns, names=list(NAMES))


def check_format(form: Format, folder: Path, engine: Session | None = None, table: pa.Table | None = None) -> None:
    """Check the laws of a file format in an empty folder, by default on `nasty_rows()`.

    A table written to a file or a folder is read back with the same columns and rows; also a table without rows, if the files name their
    columns (`has_header`). A truncated file, random bytes and an unknown option are rejected with a `TilthError`.

    Errors: AssertionError that names the broken law.
    """
    table = nasty_rows() if table is None else table
    engine = engine or embedded()
    require(form.name.isidentifier(), f"{form.name!r} is not a name")
    require(bool(form.suffixes) and all(s.startswith(".") and s == s.lower() for s in form.suffixes), f"suffixes: {form.suffixes}")
    for name in (f"file{form.suffixes[0]}", "parts"):
        place = folder / name
        for rows in (table, table.slice(0, 1), table.slice(0, 0)):
            form.write(read(rows, engine=engine), place, engine)
            if rows.num_rows or form.has_header:
                _same(form, rows, to_arrow(read(place, format=form.name, engine=engine), engine), name)
    _check_damage(form, folder, engine, table)
    _rejected(lambda: read(folder / "parts", format=form.name, engine=engine, no_such_option=1), "an unknown option")


def _check_damage(form: Format, folder: Path, engine: Session, table: pa.Table) -> None:
    whole, damaged = folder / f"whole{form.suffixes[0]}", folder / f"damaged{form.suffixes[0]}"
    form.write(read(table, engine=engine), whole, engine)
    content = whole.read_bytes()
    for what, rubbish in (("half a file", content[: len(content) // 2]), ("random bytes", bytes(range(256)) * 40)):
        damaged.write_bytes(rubbish)
        _rejected(lambda: to_arrow(read(damaged, format=form.name, engine=engine), engine), what)


def _rejected(action: Any, what: str) -> None:
    try:
        action()
    except TilthError:
        return
    raise AssertionError(f"{what} is not rejected")


def _same(form: Format, expected: pa.Table, found: pa.Table, where: str) -> None:
    require(found.column_names == expected.column_names, f"{where}: the columns are {found.column_names}, not {expected.column_names}")
    for name in expected.column_names:
        require(_values(found[name]) == _values(expected[name]), f"{where}: column {name!r} of {form.name} differs after a round trip")


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The sorted values of a column, because engines may write rows in any order; the sign of zero counts."""
    return sorted(((v, math.copysign(1, v)) if isinstance(v, float) else v for v in column.to_pylist()), key=repr)
