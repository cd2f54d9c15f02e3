"""The embedded engine: DuckDB."""

from __future__ import annotations

import itertools
import math
import shutil
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

import duckdb
from duckdb.func import ARROW, SPECIAL

from tilth.data import Change, Dataset, Files, Kind, Memory, Native, Rows, Schema, Source
from tilth.engine import textfiles
from tilth.engine.duckdb import scans
from tilth.engine.duckdb.errors import translated
from tilth.engine.duckdb.kinds import column
from tilth.engine.duckdb.spill import PROTOCOL, file_system
from tilth.engine.layers import decode_layer, layer_select
from tilth.engine.operations.operation import lower
from tilth.engine.python_operation import PythonFunction
from tilth.engine.session import Engine, FileFormat, Progress, Session
from tilth.errors import Gap, MachineError, SourceError, extra
from tilth.store.memory import workspace
from tilth.store.protection import in_force
from tilth.store.scratch import Scratch

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 50  # rows used in place of the rows with a table's extremes; some of them meet the conditions of a query
SAMPLED = 2_000  # rows used to estimate the size of a table
WIDE = frozenset({Kind.BINARY, Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER})  # kinds whose values may be large, such as images
HELD_SHARE = 4  # rows are held in memory if they take at most a quarter of the memory limit
SMALL_SHARE = 8  # … and up to an eighth of the memory even with a user's limit
ENDS = 1_000  # rows at the end of a table in memory, used to guess the range of a number
NUMBERS = itertools.count()  # of the names that are made on connections of the user's
CONFINING = threading.Lock()  # sessions of several threads share a database, whose place for spilling is set once


def _remove_function(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    with suppress(duckdb.Error):  # the user may have closed the connection
        connection.remove_function(name)


def _extremes_first(scan: Callable[[Files, Any], str], source: Files, run: Session) -> str:
    """The rows of Parquet files, after a row of the smallest and one of the largest numbers that their footers say."""
    found = [row for row in run.run(scans.extremes(source.paths)) if row[0] in source.columns]
    rows = [", ".join(f"TRY_CAST({row[i]!r} AS {row[1]}) AS {scans.quoted(row[:1])}" for row in found) for i in (2, 3)]
    all_rows = f"SELECT * FROM {scan(source, run)}"
    return f"({' UNION ALL BY NAME '.join([*(f'(SELECT {row})' for row in rows if row), all_rows])})"


def _extremes_of_held(source: Files, run: Session) -> str:
    """The rows of a table that is held, after a few of them with the smallest, and a few with the largest number of every column."""
    name = source.option("table")
    numbers = [c for c in run.schema_of(f"SELECT * FROM {name}") if c.kind in (Kind.INTEGER, Kind.FLOAT)]
    asked = ", ".join(f"{f}({scans.quoted([c.name])})" for c in numbers for f in ("min", "max"))
    found = run.run(f"SELECT {asked} FROM {name}") if numbers else []
    parts = [f"SELECT * FROM {name}"]
    for end in (0, 1):
        ends = [(c, v) for row in found for c, v in zip(numbers, row[end::2], strict=True) if v is not None and math.isfinite(v)]
        made = ", ".join(f"CAST({v!r} AS {c.type}) AS {scans.quoted([c.name])}" for c, v in ends)
        parts += [f"SELECT * REPLACE ({made}) FROM (SELECT * FROM {name} LIMIT {FEW})"] if made else []
    return f"({' UNION ALL '.join(parts[::-1])})"


def _end_first(source: Memory) -> Memory:
    """The rows of a table in memory after its last ones, which in a table that is sorted have the extremes."""
    import pyarrow as pa

    last = source.table.slice(source.table.num_rows - ENDS)
    return replace(source, table=pa.concat_tables([last, source.table]), identity=-source.identity)


class DuckDB(Engine):
    """DuckDB in this process.

    `memory_limit` (such as `"2GiB"`) limits its memory; beyond that it spills to the folder `spill`. `threads` is the number of threads. By
    default, DuckDB's own defaults apply and the spill folder is temporary. You can pass an open `connection` to read its tables. Tilth then
    sets its time zone and order of rows, but not its spill folder unless you give one; what it creates there is temporary, with names that
    begin with `tilth`. Sessions share the connection, so they belong to its thread.
    """

    name = "duckdb"

    def __init__(
        self,
        memory_limit: str | None = None,
        threads: int | None = None,
        spill: str | Path | None = None,
        connection: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        self._given = connection is not None
        self._scratch, self._limited = Scratch(spill), memory_limit is not None
        self._connection = connection or duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        settings = {
            "TimeZone": "UTC",
            "preserve_insertion_order": True,
            "enable_progress_bar": False,
            "temp_directory": None if self._given and spill is None else self._scratch.name,
            "memory_limit": memory_limit,
            "threads": threads,
        }
        for setting, value in settings.items():
            if value is not None:
                with translated("", []):
                    self._connection.execute(f"SET {setting} = {scans.literal(value)}")

    def session(self, title: str = "", progress: Progress = nullcontext) -> DuckDBRun:
        own = self._connection if self._given else self._connection.cursor()
        return DuckDBRun(title, progress, own, self._scratch, given=self._given, limited=self._limited)


class DuckDBRun(Session):
    """A session of DuckDB on its own connection to the engine's database. What it makes disappears with the connection.

    If the user gave the connection, sessions share it and drop what they made one by one.
    """

    name = "duckdb"

    def __init__(
        self, title: str, progress: Progress, connection: duckdb.DuckDBPyConnection, scratch: Scratch, *, given: bool, limited: bool
    ) -> None:
        super().__init__(title, progress)
        self._scratch = scratch  # the engine's; its folder exists as long as a session
        self._connection, self._given, self._limited = connection, given, given or limited
        self._bases: dict[Hashable, str] = {}
        self._tables: set[str] = set()  # that are held
        self._numbers = itertools.count()
        self._texts: list[Files] = []  # that were opened: when one cannot be parsed, it is asked why
        if not given:
            self._held.callback(connection.close)
            self.run("SET TimeZone = 'UTC'")

    def interrupt(self) -> None:
        self._connection.interrupt()

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Also limit spilling to half of the free disk space, because DuckDB's own limit counts space reserved for the system."""
        free = 0 if self._given else shutil.disk_usage(self._scratch.name).free
        try:
            with suppress(duckdb.Error):  # it may have spilled more already
                _ = free and self._connection.execute(f"SET max_temp_directory_size = '{free // 2}B'")
            with super().limited(seconds):
                yield
        finally:
            _ = free and self._connection.execute("RESET max_temp_directory_size")

    def confine(self) -> None:
        """What DuckDB spills is encrypted by this process, under a key that it makes for itself; see `tilth.engine.duckdb.spill`."""
        protection = in_force()
        if protection is None or "spill" in protection.plaintext:
            return
        place = f"{PROTOCOL}://{self._scratch.name}"
        with CONFINING:
            if PROTOCOL not in self._connection.list_filesystems():
                with extra("protect", "encryption of what DuckDB spills"):
                    self._connection.register_filesystem(file_system())
            if self._connection.execute("SELECT current_setting('temp_directory')").fetchall() != [(place,)]:
                with translated("", []):
                    self._connection.execute(f"SET temp_directory = {scans.literal(place)}")

    def run(self, text: str) -> list[tuple[Any, ...]]:
        self.refuse_if_cancelled()
        with translated(text, self._texts):
            return self._connection.execute(text).fetchall()

    def table(self, text: str) -> pa.Table:
        self.refuse_if_cancelled()
        with translated(text, self._texts):
            found: pa.Table = self._connection.sql(text).to_arrow_table()
        return found

    def base(self, data: Dataset, hold: bool = True) -> tuple[str, tuple[str, ...], Sequence[Change | Rows]]:
        source, decode = data.source, decode_layer(data)
        names = decode[0].names(source.columns) if decode else source.columns
        make = (lambda name: self._decoded(source, decode[0], name, hold)) if decode else (lambda name: self._scanned(source, name))
        layers = self.resolved(names, data.layers[len(decode) :])
        return self._hold("source", (source, decode, hold or not decode), make), names, layers

    def load(self, data: Dataset, proof: Change) -> None:
        self._hold("source", (data.source, decode_layer(data), True), lambda name: self._decoded(data.source, proof, name, hold=True))

    def _hold(self, what: str, wanted: Hashable, make: Callable[[str], str]) -> str:
        """The name of something that is made once. `make` makes it and says what it is: a TABLE, a VIEW, or only registered."""
        if wanted not in self._bases:
            name = self._name(what)
            kind = make(name)
            self._bases[wanted] = name
            if self._given:
                self._held.callback(self._drop, kind, name)
        return self._bases[wanted]

    def _drop(self, kind: str, name: str) -> None:
        with suppress(duckdb.Error):  # the user may have closed the connection
            self._connection.execute(f"DROP {kind} IF EXISTS {name}") if kind else self._connection.unregister(name)

    def _name(self, what: str) -> str:
        """A name that nothing has yet."""
        return f"tilth_{what}{next(NUMBERS)}" if self._given else f"{what}{next(self._numbers)}"

    def _scanned(self, source: Source, name: str) -> str:
        scan = self._scan(source, name)
        if scan == name:
            return ""
        self.run(f"CREATE TEMP VIEW {name} AS SELECT * FROM {scan}")
        return "VIEW"

    def _decoded(self, source: Source, decode: Change, name: str, hold: bool) -> str:
        """Strings are parsed once, into a table: a scan of the file for each query would cost twice as much."""
        select = lower(layer_select(decode, "scan", source.columns), self.name)
        kind = "TABLE" if hold else "VIEW"
        text = f"CREATE TEMP {kind} {name} AS WITH scan AS (SELECT * FROM {self._scan(source, name)}) {select}"
        with self.timed("load text files", text) if hold else nullcontext():
            self.run(text)
        self._tables |= {name} if hold else set()
        return kind

    def owns(self, handle: Any) -> bool:
        if not isinstance(handle, duckdb.DuckDBPyRelation):
            return False
        probe = self._name("probe")
        try:  # a relation does not show its connection, which alone can register it
            self._connection.register(probe, handle)
            self._connection.unregister(probe)
        except duckdb.Error:
            return False
        return True

    def _scan(self, source: Source, name: str) -> str:
        match source:
            case Files(scans={"duckdb": scan}):
                return str(scan(source, self))
            case Memory(table=table) | Native(engine="duckdb", handle=table):
                with translated("", self._texts):
                    self._connection.register(name, table)
                return name
        raise Gap(f"DuckDB cannot read {source}")

    def arrow_name(self, table: Any) -> str:
        """The name in this session of an Arrow table or dataset, which is scanned without a copy."""
        return self._hold("arrow", ("arrow", id(table)), lambda name: self._register(name, table))

    def _register(self, name: str, table: Any) -> str:
        with translated("", self._texts):
            self._connection.register(name, table)
        return ""

    def knows_order(self, data: Dataset) -> bool:
        source = data.source
        one = isinstance(source, Memory) or (isinstance(source, Files) and len(source.paths) == 1) or data.ordered
        return one and all(isinstance(layer, Change) for layer in data.layers)

    def with_extremes(self, data: Dataset) -> Dataset:
        source, decode = data.source, decode_layer(data)
        name = self._bases.get((source, decode, True), "")
        if name in self._tables:
            names = decode[0].names(source.columns) if decode else source.columns
            held = Files("extremes of a table", (), names, (("table", name),), scans={self.name: _extremes_of_held})
            return replace(data, source=held, layers=data.layers[len(decode) :])
        if isinstance(source, Memory) and source.table.num_rows > ENDS:
            return replace(data, source=_end_first(source))
        if not isinstance(source, Files) or source.format != "parquet" or source.option("names"):
            return data
        scan = source.scans[self.name]
        return replace(data, source=replace(source, format="extremes of parquet", scans={self.name: partial(_extremes_first, scan)}))

    def _is_small(self, rows: int, text: str) -> bool:
        """Whether rows may be held in memory. Held rows do not count in DuckDB's memory limit, so a limit set by the user forbids it."""
        if self._limited or any(c.kind in WIDE for c in self.schema_of(text)):
            return False
        sample = self.table(f"SELECT * FROM ({text}) LIMIT {SAMPLED}")
        return bool(sample.nbytes * rows * HELD_SHARE <= self._memory_limit() * max(1, sample.num_rows))

    def has_room(self, size: int) -> bool:
        return size * SMALL_SHARE <= self._memory_limit()

    def _memory_limit(self) -> int:
        ((most,),) = self.run("SELECT parse_formatted_bytes(current_setting('memory_limit'))")
        return int(most)

    def _in_memory(self, name: str, text: str) -> str:
        """Rows as they come, without what a table keeps of its columns: that takes a fifth less time, and to scan them less, too."""
        self.refuse_if_cancelled()
        with translated(text, self._texts):
            return self._register(name, self._connection.sql(text).materialize())

    def named(self, data: Dataset, text: str) -> str:
        return self._hold("view", (data.source, data.layers), lambda name: self._made("VIEW", name, text))

    def _made(self, kind: str, name: str, text: str) -> str:
        self.run(f"CREATE TEMP {kind} {name} AS {text}")
        return kind

    def utf8_paths(self, source: Files) -> list[str]:
        self._texts.append(source)
        encoding = source.option("encoding")
        if textfiles.python_name(encoding) == "utf-8-sig":
            return list(source.paths)
        scratch = workspace(self._scratch.name)
        self._held.callback(lambda kept: kept.close(), scratch)  # which holds it: a scratch folder goes with its object
        try:
            return [textfiles.as_utf8(path, encoding, scratch) for path in source.paths]
        except UnicodeDecodeError as error:
            raise SourceError(*textfiles.mistakes(source)) from error

    def checkpoint(self, data: Dataset, rows: int | None = None) -> Dataset:
        text = self.whole(data)
        make = self._in_memory if rows is not None and self._is_small(rows, text) else partial(self._made, "TABLE")
        with self.timed("hold rows", text), self._order(data.ordered):
            name = self._hold("held", object(), lambda name: make(name, text))
        self._tables.add(name)
        relation = self._connection.table(name)
        held = Native(self.name, relation, data.names, identity=id(relation), ordered=data.ordered)
        self._bases[held, (), True] = name
        return replace(data, source=held, layers=())

    @contextmanager
    def _order(self, kept: bool) -> Iterator[None]:
        """Rows of tables that are made meanwhile keep their order, or need not: then each thread appends its own, in less time."""
        self.run(f"SET SESSION preserve_insertion_order = {kept}")
        try:
            yield
        finally:
            self.run("SET SESSION preserve_insertion_order = true")

    def register(self, name: str, function: PythonFunction) -> None:
        takes, gives = function.sql_types(self.name)
        self._connection.create_function(name, function.in_engine(), list(takes), gives, type=ARROW, null_handling=SPECIAL)
        # with the session, however it ends: DuckDB reports functions that outlive the process as leaks, and a connection may outlive both
        self._held.callback(finalize(self, _remove_function, self._connection, name))

    def batches(self, text: str) -> pa.RecordBatchReader:
        with translated(text, self._texts):
            reader: pa.RecordBatchReader = self._connection.sql(text).to_arrow_reader(250_000)
        return reader

    def export(self, data: Dataset, to: Path, format: FileFormat, *, folder: bool, options: Mapping[str, Any]) -> int:
        given = {"format": format, "per_thread_output": True} if folder and not data.ordered else {"format": format}
        place = to / f"data_0.{format}" if folder and data.ordered else to
        words = ", ".join(f"{name} {scans.literal(value)}" for name, value in {**given, **options}.items())
        text = f"COPY ({self.whole(data)}) TO {scans.literal(str(place))} ({words})"
        with self.timed("write", text):
            return int(self.run(text)[0][0])

    def schema_of(self, text: str) -> Schema:
        self.refuse_if_cancelled()
        with translated(text, self._texts):
            bound = self._connection.sql(text)  # not DESCRIBE, for which DuckDB leaks some 300 bytes each time
        return Schema(tuple(column(name, str(type_)) for name, type_ in zip(bound.columns, bound.types, strict=True)))

    def source_schema(self, source: Source) -> Schema:
        name = self._name("peek")
        scan = self._scan(source, name)
        try:
            return self.schema_of(f"SELECT * FROM {scan}")
        except MachineError as error:
            raise SourceError(f"{source} cannot be read: {error.mistakes[0].message}") from error
        finally:
            if scan == name:
                self._connection.unregister(name)
