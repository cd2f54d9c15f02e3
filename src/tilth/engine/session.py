"""An engine is a connection; a session runs queries on it, and records what it ran."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias, TypeVar, cast

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Append, Change, Dataset, Files, Layer, Native, Rows, Schema, Source
from tilth.engine.answering import answered, statistics_scans
from tilth.engine.expressions import alias, all_rows, col, columns_of, lit
from tilth.engine.folding import Folding, States
from tilth.engine.layers import PLACE, appended, decode_layer, in_order, reading, select_from, selected, table
from tilth.engine.needs import Need
from tilth.engine.operations.operation import EngineName, lower
from tilth.engine.operations.rows import RowNumber, with_short_literals, without_literals
from tilth.engine.python_operation import PREFIX, PythonFunction
from tilth.engine.statistics import Statistic
from tilth.errors import TIME_LIMIT, MachineError, TilthError
from tilth.report import Scan
from tilth.store.jdbc import JdbcTable, only_spark

if TYPE_CHECKING:
    import pyarrow as pa

    from tilth.secrets import Access


class TypeContradiction(Exception):
    """A string contradicts the assumed kind of its column."""


MOST_CELLS = 10_000_000  # a table up to this size is small
FileFormat = Literal["parquet", "csv", "json"]
N = TypeVar("N", bound=Need)
NUMBERS = count()  # numbers registered functions, because the sessions of an engine share its names
Progress: TypeAlias = Callable[[str], AbstractContextManager[Any]]


class Engine(ABC):
    """A connection to an engine, used through sessions. Several sessions may be open at a time."""

    name: ClassVar[EngineName]

    @abstractmethod
    def session(self, title: str = "", progress: Progress = nullcontext) -> Session:
        """A new session, best used by `with`; `title` says what it is for."""


class Session(ABC):
    """Runs queries for one piece of work; the only place that executes queries. DuckDB and Spark have a subclass each.

    It owns the scans that it recorded, and all tables and names that it made in its engine; `close` drops them. `progress` is entered with
    a title for the duration of a scan. A session belongs to one thread; `cancel` may be called from another.
    """

    name: EngineName
    for_people: ClassVar[bool] = False  # whether queries are written in several lines, for people to read
    answers_are_real: ClassVar[bool] = True  # false in a dry run

    def __init__(self, title: str = "", progress: Progress = nullcontext) -> None:
        self.title = title
        self.scans: list[Scan] = []
        self.unscanned: dict[str, list[str]] = {}  # where answers came from without reading rows → columns
        self.progress = progress
        self.purpose = ""
        self.cancelled = False
        self._expired = False  # whether a time limit was reached
        self.guessed_columns = False  # whether, in a dry run, a step made columns whose names it learned
        self._functions: dict[PythonFunction, str] = {}
        self._counted: tuple[Dataset, int, int] | None = None  # the dataset whose rows were counted last, the limit, and the count
        self._held = ExitStack()  # drops every table and name that the session made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop all that the session made in its engine. The session cannot be used afterwards."""
        self._held.close()

    def confine(self) -> None:  # noqa: B027 -- an engine that writes nothing to a disk does nothing here
        """Under a key: make the engine write nothing unencrypted to a disk, unless `spill` is allowed.

        Errors: `RequestError` or `MachineError` if that is not possible.
        """

    def leave_out(self, what: str) -> None:  # noqa: B027 -- only a dry run leaves something out
        """In a dry run: note what cannot be shown because it depends on the data."""

    def hand_over(self) -> None:
        """Keep what the session made, for the user: a returned relation or frame depends on it."""
        self._held.pop_all()

    def cancel(self) -> None:
        """Stop the running query. All later queries raise `MachineError` (code `cancelled`)."""
        self.cancelled = True
        self.interrupt()

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Stop queries in the block after a time limit. Errors: `MachineError` (code `time-limit`)."""
        done = Event()

        def stop() -> None:
            if not done.wait(seconds):
                self._expired = True
                while not done.wait(0.1):  # the query may have ended meanwhile, and the next one started
                    self.interrupt()

        watch = Thread(target=stop, daemon=True)
        watch.start()
        try:
            yield
        except TilthError as error:
            if self._expired and not self.cancelled:
                raise MachineError(f"it took longer than {seconds:g} seconds", code=TIME_LIMIT) from error
            raise
        finally:
            done.set()
            watch.join()
            self._expired = False

    def refuse_if_cancelled(self) -> None:
        """Raise an error if the session was cancelled, or a time limit was reached."""
        if self._expired:
            raise MachineError("the time limit was reached", code=TIME_LIMIT)
        if self.cancelled:
            raise MachineError(f"cancelled: {self.title}" if self.title else "cancelled", code="cancelled")

    @abstractmethod
    def interrupt(self) -> None:
        """Stop the running query."""

    @abstractmethod
    def base(self, data: Dataset, hold: bool = True) -> tuple[str, tuple[str, ...], Sequence[Change | Rows]]:
        """A table that the engine can scan, its columns, and the layers still to be applied.

        Text files are loaded once and held. Without `hold`, only the names and kinds of their columns are determined.
        """

    @abstractmethod
    def load(self, data: Dataset, proof: Change) -> None:
        """Load the text files of a dataset and hold them. `proof` is used instead of the dataset's decoding, and gives the same.

        Errors: `TypeContradiction` for a string that contradicts `proof`.
        """

    @abstractmethod
    def run(self, text: str) -> list[tuple[Any, ...]]:
        """The rows of a small answer."""

    @abstractmethod
    def batches(self, text: str) -> pa.RecordBatchReader:
        """The rows of a large answer as a stream of Arrow batches, in order. Only few batches are in memory at a time."""

    def table(self, text: str) -> pa.Table:
        """The rows of an answer as an Arrow table."""
        return self.batches(text).read_all()

    @abstractmethod
    def export(self, data: Dataset, to: Path, format: FileFormat, *, folder: bool, options: Mapping[str, Any]) -> int:
        """Write a table to a new file, or into an empty folder, and return the number of rows. `options` are the engine's own options."""

    @abstractmethod
    def schema_of(self, text: str) -> Schema:
        """The columns that a query would give, without running it."""

    @abstractmethod
    def source_schema(self, source: Source) -> Schema:
        """The columns of a source as stored, without reading its rows."""

    @abstractmethod
    def named(self, data: Dataset, text: str) -> str:
        """The name of a view of the query for a dataset. Equal datasets share one view."""

    @abstractmethod
    def checkpoint(self, data: Dataset, rows: int | None = None) -> Dataset:
        """The same rows, held by the engine (on disk if memory is short), so that they are not computed again.

        `rows`: the number of rows, if known.
        """

    @abstractmethod
    def register(self, name: str, function: PythonFunction) -> None:
        """Let queries call a Python function by a name."""

    @abstractmethod
    def owns(self, handle: Any) -> bool:
        """Whether this session can read a relation or frame directly."""

    @abstractmethod
    def utf8_paths(self, source: Files) -> list[str]:
        """The paths of text files in UTF-8 for a scan. Files in another encoding are copied; the session removes the copies.

        If the scan fails, the files are searched for the reason. Errors: `SourceError` for bytes that are invalid in the encoding.
        """

    def jdbc(self, table: JdbcTable, access: Access | None, *, hold: bool = True) -> Native:
        """The rows of a database, read by JDBC once and held by the engine; without `hold`, only the names and kinds of its columns.

        Errors: `Gap` for an engine that cannot.
        """
        raise only_spark(table)

    def fold(self, text: str, folding: Folding) -> list[States]:
        """The states of folds over the rows of a query, in one scan."""
        return folding.states(self.batches(text))

    def resolved(self, names: tuple[str, ...], layers: Sequence[Layer]) -> tuple[Change | Rows, ...]:
        """The layers with other tables made available in the engine; appended rows become a union.

        `names` are the columns of the base table.
        """
        found: list[Change | Rows] = []
        for layer in layers:
            match layer:
                case Append(other):
                    found.append(appended(names, self.view(other), other.names))
                case Rows(select, ordered, out, tables) if tables:
                    found.append(Rows(reading(select, {name: self.view(other) for name, other in tables}), ordered, out))
                case _:
                    found.append(layer)
            names = layer.names(names)
        return tuple(found)

    # ── what callers use ──

    def query(self, data: Dataset, select: exp.Select) -> str:
        """The text of a query over a dataset; its FROM is added here."""
        return self.written(select_from(*self.base(data), select))

    def whole(self, data: Dataset) -> str:
        """The text of the query for all rows of a dataset, in order if the order is significant."""
        return self.query(in_order(data), everything())

    def written(self, tree: Tree, types_only: bool = False) -> str:
        """The SQL of a tree for this engine. `types_only`: the query is only used to get its column types."""
        return lower(tree, self.name, self.for_people, self.registered, types_only)

    def registered(self, function: PythonFunction) -> str:
        """The name under which queries call a Python function. It is registered on first use."""
        if function not in self._functions:
            name = f"{PREFIX}{re.sub('[^A-Z0-9]+', '_', function.label.upper())[:40]}_{next(NUMBERS)}"
            self.register(name, function)
            self._functions[function] = name
        return self._functions[function]

    def schema(self, data: Dataset, columns: Iterable[str] | None = None) -> Schema:
        """Names and kinds of a dataset's columns, or of some of them, without a scan."""
        select = everything() if columns is None else exp.Select(expressions=[col(c) for c in columns])
        return self.schema_of(self.written(select_from(*self.base(data), select), types_only=True))

    def rows(self, data: Dataset, select: exp.Select, title: str = "rows") -> list[tuple[Any, ...]]:
        """A small answer to a query over a dataset."""
        return self.execute(title, self.query(data, select))

    def execute(self, title: str, text: str) -> list[tuple[Any, ...]]:
        """A small answer to a query in this engine's SQL."""
        with self.timed(title, text):
            return self.run(text)

    def peek(self, data: Dataset, select: exp.Select) -> list[tuple[Any, ...]]:
        """A few rows, whichever are found first; not recorded as a scan."""
        return self.run(self.query(data, select))

    def first(self, data: Dataset, columns: Sequence[str], rows: int) -> Dataset:
        """Some columns of the rows that are found first."""
        select = exp.Select(expressions=[col(c) for c in columns]).from_(table(BELOW), copy=False)
        return data.rows(select.limit(rows, copy=False), out=columns)

    def knows_order(self, data: Dataset) -> bool:
        """Whether rows are read in the order of their file or table, so that the order may carry meaning."""
        return False

    def stretches(self, data: Dataset, columns: Sequence[str], most: int, number: int = 40) -> pa.Table | None:
        """Some columns of the rows, in file order: all rows, or from more than `most` rows `number` stretches at equal distances.

        None if the order is not known, as for several files, and always on Spark.
        """
        if not self.knows_order(data):
            return None
        ((rows,),) = self.peek(data, exp.Select(expressions=[alias(all_rows(), "n")]))
        select = exp.Select(expressions=[col(c) for c in columns])
        if rows > most:  # below the changes, so that these are computed for few rows
            within = exp.Mod(this=exp.Paren(this=exp.Mul(this=col(PLACE), expression=lit(number))), expression=lit(rows))
            chosen = selected([exp.Star()], table(BELOW)).where(exp.LT(this=within, expression=lit(most)), copy=False)
            at = len(decode_layer(data))
            layers = (*data.layers[:at], Change(((PLACE, RowNumber.of()),)), Rows(chosen), Change(((PLACE, None),)), *data.layers[at:])
            data = replace(data, layers=layers)
        text = self.query(data, select)
        with self.timed("rows in their order", text):
            return self.table(text)

    def sample_statistics(self, data: Dataset, statistics: Iterable[Statistic], rows: int) -> dict[Statistic, Any]:
        """Row aggregates of the rows that are found first, for choosing a plan; without a full scan.

        If the table has at most `rows` rows, the result is exact.
        """
        asked = list(statistics)
        columns = sorted(set[str]().union(*(columns_of(s.aggregate) | columns_of(s.where) for s in asked)))
        head, found = self.first(data, columns, rows), dict[Need, Any]()
        for scan in statistics_scans(self, head, asked, rows):
            found |= scan.answers(self)
        return cast("dict[Statistic, Any]", found)

    def has_room(self, size: int) -> bool:
        """Whether this many bytes can be held in addition, because they are a small part of the memory that the engine may use."""
        return False

    def with_extremes(self, data: Dataset) -> Dataset:
        """The dataset to guess from by its first rows. Rows with the columns' extremes precede them if these are known without a scan."""
        return data

    def settled(self, data: Dataset, most_cells: int = MOST_CELLS) -> Dataset:
        """The dataset, held as a table if it is small, because computing its columns again in each scan would cost more."""
        if not data.layers:
            return data
        most = most_cells // max(1, len(data.names))
        rows = self.rows_up_to(data, most + 1)
        return self.checkpoint(data, rows) if rows <= most else data

    def rows_up_to(self, data: Dataset, most: int) -> int:
        """The number of rows, at most `most`; without a full scan. It affects plans, never results."""
        if self._counted and self._counted[0] is data and self._counted[1] == most:
            return self._counted[2]
        first = exp.Select(expressions=[alias(lit(1), "n")]).from_(table(BELOW), copy=False).limit(most, copy=False)
        ((rows,),) = self.peek(data.rows(first, out=("n",)), exp.Select(expressions=[alias(all_rows(), "n")]))
        self._counted = (data, most, int(rows))
        return int(rows)

    def view(self, data: Dataset) -> str:
        """The name of a table that holds the dataset, for a query that names its tables."""
        base, _, layers = self.base(data)
        return base if not layers else self.named(data, self.query(data, everything()))

    def answer(self, data: Dataset, needs: Iterable[N]) -> dict[N, Any]:
        """The answer to each need; equal needs are computed once. See `engine.needs`."""
        return cast("dict[N, Any]", answered(self, data, needs))

    @contextmanager
    def timed(self, title: str, text: str) -> Iterator[None]:
        """Record a scan while it runs."""
        begin = time.perf_counter()
        try:
            with self.progress(f"{self.purpose}: {title}" if self.purpose else title):
                yield
        finally:
            self.note(title, text, time.perf_counter() - begin)

    def note(self, title: str, text: str, seconds: float = 0.0) -> None:
        """Record a scan."""
        self.scans.append(Scan(title, seconds, text, self.purpose))

    def shown(self, private: Iterable[str], since: int = 0) -> tuple[Scan, ...]:
        """The recorded scans, with long literals cut. Scans of private columns have no literals, which may be values of these columns."""
        names, escaped = [self.written(col(name)) for name in private], self.name == "spark"
        read = ((s, any(name in s.query for name in names)) for s in self.scans[since:])
        return tuple(replace(s, query=(without_literals if hidden else with_short_literals)(s.query, escaped)) for s, hidden in read)

    @contextmanager
    def working_for(self, purpose: str) -> Iterator[None]:
        """Record scans in the block under this purpose. If nested, the inner purpose counts."""
        outer, self.purpose = self.purpose, purpose
        try:
            yield
        finally:
            self.purpose = outer


def everything() -> exp.Select:
    """SELECT *"""
    return exp.Select(expressions=[exp.Star()])
