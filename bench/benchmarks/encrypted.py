"""Parquet with and without a key: the cost of encryption in pyarrow, and in Tilth, which uses pyarrow for encrypted files."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio

ROWS = 2_000_000
MADE = f"""SELECT i AS id, i * 7919 % 100003 AS customer, random() * 1000 AS amount, TIMESTAMP '2026-01-01' + to_seconds(i * 3) AS at,
'c' || i % 40 AS country, md5((i % 5000)::VARCHAR) AS note FROM range({ROWS}) AS t(i)"""
RULES = 'Rules = [ ColumnLength "note" = 32, ColumnValues "country" matches "c[0-9]+", Mean "amount" > 0 ]'


def source(folder: Path) -> Path:
    """The rows, as plain Parquet."""
    import duckdb

    place = out(folder, "encrypted", "source.parquet")
    duckdb.sql(f"COPY ({MADE}) TO '{place}'")
    return place


def under_key() -> None:
    """Put a new key in force until this process ends."""
    from tilth.encryption.keyfile import new_key_file
    from tilth.store.places import atomic
    from tilth.store.protection import protected

    stack = ExitStack()
    atexit.register(stack.close)
    place = Path(stack.enter_context(tempfile.TemporaryDirectory()), "keys", "tilth.key")
    new_key_file(place)
    stack.enter_context(protected(f"file:{place}"))
    with atomic(place.with_name("a.txt")) as new:  # loads the library that seals files
        new.write_text("")


def written(folder: Path, key: bool) -> Work:
    import tilth

    if key:
        under_key()
    data, to = tilth.read(source(folder)), out(folder, "encrypted", f"written-{key}")
    return lambda: str(tilth.write(data, to).name)


def checked(folder: Path, key: bool) -> Work:
    """Rules that must read the columns, not only the footers."""
    import tilth

    written(folder, key)()
    place = folder.parent / "out" / "encrypted" / f"written-{key}"
    return lambda: tilth.check(place, RULES).passed


def by_pyarrow(folder: Path, key: bool) -> Work:
    import pyarrow.parquet as pq

    from tilth.encryption.dataset import DataSet
    from tilth.encryption.parquet import Keys

    table, to = pq.read_table(source(folder)), out(folder, "encrypted", f"pyarrow-{key}.parquet")
    more: dict[str, Any] = {"encryption_properties": Keys(DataSet.of_process()).writing()} if key else {}
    return lambda: pq.write_table(table, to, row_group_size=1 << 20, **more)


def read_by_pyarrow(folder: Path, key: bool) -> Work:
    import pyarrow.parquet as pq

    from tilth.encryption.dataset import DataSet
    from tilth.encryption.parquet import Keys

    keys, to = Keys(DataSet.of_process()), out(folder, "encrypted", f"pyarrow-{key}.parquet")
    pq.write_table(pq.read_table(source(folder)), to, **({"encryption_properties": keys.writing()} if key else {}))
    more: dict[str, Any] = {"decryption_properties": keys.reading()} if key else {}
    return lambda: pq.read_table(to, **more).num_rows


WORK = {
    "pyarrow, writing": by_pyarrow,
    "pyarrow, reading": read_by_pyarrow,
    "tilth.write": written,
    "tilth.check, three rules": checked,
}
WHY = {
    "tilth.write": "Plain Parquet is written by DuckDB, under a key by pyarrow, and every file is hashed for the manifests.",
    "tilth.check, three rules": "DuckDB reads plain Parquet itself, and encrypted Parquet as Arrow batches of pyarrow's, because it reads "
    "no files with the keys of a data set; the decryption is the smallest part of it.",
}


def warm(make: Callable[[Path, bool], Work], folder: Path, key: bool) -> Work:
    """The work, after it was done once, so that loading libraries is not measured."""
    work = make(folder, key)
    work()
    return work


BENCHMARK = Benchmark(
    name="encrypted",
    title="Encrypted Parquet",
    about=f"{ROWS:,} rows × 6 columns as Parquet, under a key and plain, in core seconds. pyarrow alone shows what encryption costs. Tilth "
    "writes and reads plain Parquet by DuckDB, and under a key by pyarrow. Each is measured after a first time, which loads libraries: for "
    "a check under a key, this takes a quarter of a second, once in a process.",
    candidates=tuple(
        Candidate(f"{name}: {words}", partial(warm, work, key=key), times=10, title=f"{name}, {words}")
        for name, work in WORK.items()
        for key, words in ((True, "under a key"), (False, "plain"))
    ),
    targets=tuple(
        Target(f"{name}: under a key to plain", ratio(f"{name}: under a key", f"{name}: plain", of="cpu"), 1.15, why=WHY.get(name, ""))
        for name in WORK
    ),
    scale=0,
    compared=False,
)
