"""The embedded engine: DuckDB."""

from __future__ import annotations

import errno
import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from tilth.data import Change, Column, Dataset, Files, Kind, Layer, Memory, Native, Schema, Source
from tilth.engine import textfiles
from tilth.engine.engine import Contradicted, Engine, FileFormat, everything
from tilth.engine.expressions import lit
from tilth.engine.holders import Holders
from tilth.engine.layers import decode_layer, layer_select
from tilth.engine.operations import lower, refusal
from tilth.engine.operations.casts import CONTRADICTION
from tilth.errors import DISK_FULL, REFUSED, Gap, MachineError, RequestError, SourceError
from tilth.store.scratch import Scratch

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_LINE = 16_000_000  # bytes; DuckDB's own bound is 2 million. With a buffer of twice as much a scan is faster than with its own, too
GUESTS = itertools.count()  # engines on connections of the user's, whose names must not be anybody's there
TOO_LONG = re.compile(r"(?:Maximum line size|\"maximum_object_size\") of ([0-9]+) bytes exceeded")
QUOTED = re.compile(r"'[^']*'")  # what DuckDB quotes in a message may be a value

KINDS: dict[str, Kind] = {
    "BOOLEAN": Kind.BOOLEAN,
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), Kind.INTEGER
    ),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Kind.FLOAT),
    **dict.fromkeys(("VARCHAR", "UUID", "ENUM", "JSON"), Kind.STRING),
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), Kind.TIMESTAMP),
    "TIMESTAMP WITH TIME ZONE": Kind.TIMESTAMP_TZ,
    "TIME": Kind.TIME,
    "BLOB": Kind.BINARY,
    "STRUCT": Kind.STRUCT,
    "MAP": Kind.MAP,
    '"NULL"': Kind.NULL,
}


def kind_of(type_text: str) -> Kind:
    """The kind of a DuckDB type, by its text.

    >>> kind_of("DECIMAL(18,3)"), kind_of("INTEGER[]"), kind_of("BIGINT")
    (<Kind.DECIMAL: 'decimal'>, <Kind.LIST: 'list'>, <Kind.INTEGER: 'integer'>)
    """
    if type_text.endswith("]"):
        return Kind.LIST
    if type_text.startswith("DECIMAL"):
        return Kind.DECIMAL
    return KINDS.get(type_text) or KINDS.get(type_text.split("(")[0], Kind.OTHER)


class DuckDB(Engine):
    """DuckDB in this process.

    `memory_limit` (such as `"2GiB"`) bounds what it keeps in memory, the rest spills to the folder `spill`; `threads` is the
    number of threads. Without them DuckDB's own defaults hold and the spill folder is a temporary one. An open
    `connection` can be given: its tables can then be read, its settings for time zone and order of rows are set, and what Tilth names
    there is temporary and begins with `tilth`.
    """

    name = "duckdb"

    def __init__(
        self,
        memory_limit: str | None = None,
        threads: int | None = None,
        spill: str | Path | None = None,
        connection: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        super().__init__()
        self._scratch = Scratch(spill)
        self._connection = connection or duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        self._prefix = "" if connection is None else f"tilth{next(GUESTS)}_"
        self._named = itertools.count()
        self._bases: dict[Any, str] = {}
        self._holders = Holders()
        self._texts: list[Files] = []  # the files of texts that were opened: when one cannot be parsed, they are asked why
        self._keeps_order = False
        settings = {
            "TimeZone": "UTC",
            "preserve_insertion_order": False,
            "enable_progress_bar": False,
            "temp_directory": self._scratch.name,
            "memory_limit": memory_limit,
            "threads": threads,
        }
        for setting, value in settings.items():
            if value is not None:
                self.execute(f"SET {setting} = {lit(value).sql('duckdb')}")

    def execute(self, text: str) -> duckdb.DuckDBPyConnection:
        """Run a statement; DuckDB's exceptions become Tilth's."""
        with self._ours(text):
            return self._connection.execute(text)

    @contextmanager
    def _ours(self, text: str) -> Iterator[None]:
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise MachineError(
                f"DuckDB ran out of memory: {first_line(error)}", hint="give a larger memory limit, or a spill folder on a larger disk"
            ) from error
        except duckdb.IOException as error:
            if os.strerror(errno.ENOSPC) in str(error):
                raise MachineError(
                    "DuckDB could not write: the disk is full", hint="make room, or choose another place", code=DISK_FULL
                ) from error
            raise MachineError(f"DuckDB could not read or write: {first_line(error)}") from error
        except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
            if CONTRADICTION in str(error):
                raise Contradicted from error
            too_long = TOO_LONG.search(str(error))
            if too_long or any(word in str(error) for word in ("CSV", "JSON", "unicode")):
                longest = int(too_long[1]) if too_long else None
                raise SourceError(*textfiles.blamed(self._texts, QUOTED.sub("…", first_line(error)), longest)) from error
            raise refusal(str(error)) or RequestError(f"a value does not fit: {QUOTED.sub('…', first_line(error))}") from error
        except duckdb.Error as error:
            broken = isinstance(error, duckdb.InternalException | duckdb.FatalException)
            raise MachineError(f"DuckDB refused a query: {first_line(error)}", hint=text[:2000], code="" if broken else REFUSED) from error

    # ── the engine's own part ──

    def base(self, data: Dataset, hold: bool = True) -> tuple[str, tuple[str, ...], Sequence[Layer]]:
        self._let_go()
        decode, key = decode_layer(data), self._holders.key(data.source)
        wanted = (key, decode) if hold or not decode else (key, decode, "looked through")
        if wanted not in self._bases:
            name = self._name("source")
            if decode:
                self._decode_into(data.source, decode[0], name, hold)
            elif (scan := self._scan(data.source, name)) != name:
                self.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM {scan}")
            self._bases[wanted] = name
        names = data.source.columns if not decode else decode[0].names(data.source.columns)
        return self._bases[wanted], names, data.layers[len(decode) :]

    def load(self, data: Dataset, proof: Change) -> None:
        wanted = (data.source, decode_layer(data))
        if wanted not in self._bases:
            name = self._name("source")
            self._decode_into(data.source, proof, name, hold=True)
            self._bases[wanted] = name

    def _name(self, what: str) -> str:
        """A name that nothing has yet."""
        return f"{self._prefix}{what}{next(self._named)}"

    def _let_go(self) -> None:
        """Forget the tables in memory that nobody holds any more, and the views of them."""
        ended = self._holders.ended()
        for wanted in [w for w in self._bases if w[0] in ended] if ended else ():
            name = self._bases.pop(wanted)
            if "view" in wanted:
                self.execute(f"DROP VIEW {name}")
            else:
                with self._ours(name):
                    self._connection.unregister(name)

    def _decode_into(self, source: Source, decode: Change, name: str, hold: bool) -> None:
        """Texts are parsed once, into a table: a rescan of the file per query would cost twice as much."""
        select = lower(layer_select(decode, "scan", source.columns), self.name)
        scan = self._scan(source, name)
        text = f"CREATE TEMP {'TABLE' if hold else 'VIEW'} {name} AS WITH scan AS (SELECT * FROM {scan}) {select}"
        self._keep_order(True)
        with self.timed("read texts into a table", text) if hold else nullcontext():
            self.execute(text)

    def owns(self, handle: Any) -> bool:
        if not isinstance(handle, duckdb.DuckDBPyRelation):
            return False
        probe = self._name("probe")
        try:  # a relation does not tell its connection, which alone can register it
            self._connection.register(probe, handle)
            self._connection.unregister(probe)
        except duckdb.Error:
            return False
        return True

    def _scan(self, source: Source, name: str) -> str:
        match source:
            case Files(format="parquet"):
                columns = source.option("names")
                return f"{_parquet(source)} AS scan({_names(columns)})" if columns else _parquet(source)
            case Files(format="csv"):
                self._texts.append(source)
                return _csv(source, self._in_utf8(source))
            case Files(format="jsonl"):
                self._texts.append(source)
                return _jsonl(source)
            case Memory(table=table) | Native(engine="duckdb", handle=table):
                with self._ours(""):
                    self._connection.register(name, table)
                return name
        raise Gap(f"DuckDB cannot read {source}")

    def named(self, data: Dataset, text: str) -> str:
        wanted = (self._holders.key(data.source), data.layers, "view")
        if wanted not in self._bases:
            name = self._name("view")
            self.execute(f"CREATE TEMP VIEW {name} AS {text}")
            self._bases[wanted] = name
        return self._bases[wanted]

    def _in_utf8(self, source: Files) -> list[str]:
        """The paths of files of texts in UTF-8: copies where they are in another encoding."""
        try:
            return [textfiles.as_utf8(path, source.option("encoding"), Path(self._scratch.name)) for path in source.paths]
        except UnicodeDecodeError as error:
            raise SourceError(*textfiles.mistakes(source)) from error

    def checkpoint(self, data: Dataset) -> Dataset:
        name = self._name("held")
        text = f"CREATE TEMP TABLE {name} AS {self.query(data, everything())}"
        if data.ordered:
            self._keep_order(True)
        with self.timed("hold rows", text):
            self.execute(text)
        held = Native(self.name, self._connection.table(name), data.names, identity=id(self) + next(self._named), ordered=data.ordered)
        self._bases[held, ()] = name
        return replace(data, source=held, layers=())

    def run(self, text: str) -> list[tuple[Any, ...]]:
        return self.execute(text).fetchall()

    def batches(self, text: str) -> pa.RecordBatchReader:
        self._keep_order(True)
        with self._ours(text):
            reader: pa.RecordBatchReader = self._connection.sql(text).to_arrow_reader(250_000)
        return reader

    def export(self, data: Dataset, to: Path, format: FileFormat, *, folder: bool, options: Mapping[str, Any]) -> int:  # noqa: A002
        given = {"format": format, "per_thread_output": True} if folder and not data.ordered else {"format": format}
        place = to / f"data_0.{format}" if folder and data.ordered else to
        words = ", ".join(f"{name} {_text(value)}" for name, value in {**given, **options}.items())
        text = f"COPY ({self.query(data, everything())}) TO {_text(str(place))} ({words})"
        self._keep_order(True)
        with self.timed("write", text):
            return int(self.execute(text).fetchall()[0][0])

    def _keep_order(self, keep: bool) -> None:
        """Whether the queries to come keep the order of rows where they do not ask for one; not to keep it costs less."""
        if keep != self._keeps_order:
            self.execute(f"SET preserve_insertion_order = {str(keep).lower()}")
            self._keeps_order = keep

    def schema_of(self, text: str) -> Schema:
        return Schema(tuple(Column(name, kind_of(type_), type_) for name, type_, *_ in self.execute(f"DESCRIBE {text}").fetchall()))

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


def _parquet(source: Files) -> str:
    options = {"hive_partitioning": bool(source.option("hive")), "hive_types_autocast": False, "union_by_name": True}
    return _call("read_parquet", source.paths, options)


def _csv(source: Files, paths: Sequence[str]) -> str:
    quote = source.option("quote")
    options = {
        "auto_detect": False,
        "delim": source.option("delimiter"),
        "header": source.option("header"),
        "quote": quote,
        "escape": quote,
        "strict_mode": True,
        "null_padding": False,
        "allow_quoted_nulls": False,
        "max_line_size": LONGEST_LINE,
        "buffer_size": 2 * LONGEST_LINE,
    }
    columns = "{" + ", ".join(f"{_text(c)}: 'VARCHAR'" for c in source.columns) + "}"
    scan = _call("read_csv", paths, options)[:-1] + f", columns = {columns})"
    if len(source.columns) > 1:
        return scan
    return f"(SELECT * FROM {scan} WHERE {_names(source.columns)} IS NOT NULL)"  # an empty line is no row, of one column either


def _jsonl(source: Files) -> str:
    columns = "{" + ", ".join(f"{_text(c)}: 'VARCHAR'" for c in source.columns) + "}"
    return _call("read_json", source.paths, {"format": "newline_delimited"})[:-1] + f", columns = {columns})"


def _call(function: str, paths: Sequence[str], options: Mapping[str, Any]) -> str:
    given = "".join(f", {name} = {_text(value)}" for name, value in options.items())
    return f"{function}([{', '.join(map(_text, paths))}]{given})"


def _text(value: Any) -> str:
    return lit(value).sql("duckdb")


def _names(columns: Sequence[str]) -> str:
    return ", ".join(exp.to_identifier(c, quoted=True).sql("duckdb") for c in columns)


def first_line(error: BaseException) -> str:
    """The first line of an exception's message: the rest is the engine's hints and the query."""
    return str(error).strip().split("\n")[0]
