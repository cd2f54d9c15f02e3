"""Reading an export through connections of PostgreSQL, and writing it as Parquet: several parts at a time, all at one snapshot.

Memory does not depend on the table: each connection holds one row group and one batch.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import pyarrow as pa

from tilth.errors import MachineError, RequestError, SourceError, listed
from tilth.exporting.part_reading import Asked, read_part, read_part_on_spark
from tilth.exporting.parts import BLOCK, block_parts, column_parts, count_for
from tilth.exporting.plan import Plan
from tilth.exporting.state import Part, State, now
from tilth.exporting.subset import Subset
from tilth.exporting.verifying import compared, reject_incomparable
from tilth.store.query import string
from tilth.store.snapshot import LOST, SNAPSHOT_GONE, Estimate, Snapshot, reading

GROUP_ROWS, GROUP_BYTES = 122_880, 128 << 20  # limits of a row group; the smaller one applies
TRIES = 5
FIRST_WAIT = 1.0  # seconds
WRITTEN_TO = """
SELECT n.nspname || '.' || c.relname, c.relfilenode::text,
    (pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid))::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN ({}) ORDER BY 1
"""
BLOCKS = """
SELECT pg_relation_size(c.oid) / current_setting('block_size')::int, current_setting('block_size')::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN ({}) AND c.relkind IN ('r', 'm')
"""


@dataclass(frozen=True)
class Look:
    """Facts about an export before its rows are read: its columns, the estimate of the server, and the state of its tables."""

    schema: pa.Schema
    estimate: Estimate
    tables: dict[str, list[str]]

    @classmethod
    def at(cls, subset: Subset, snapshot: Snapshot) -> Look:
        """Collect the facts through a connection. Errors: `SourceError` if the source cannot be read."""
        query = subset.query()
        estimate = snapshot.estimate(query)
        rows = snapshot.rows(WRITTEN_TO.format(_names(estimate))) if estimate.tables else []
        return cls(snapshot.described(query)[1], estimate, {name: [file, count] for name, file, count in rows})

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Name and type of each column."""
        return [(f.name, str(f.type)) for f in self.schema]

    @property
    def group_rows(self) -> int:
        """The number of rows per row group."""
        width = max(1, self.estimate.bytes // max(1, self.estimate.rows))
        return max(1, min(GROUP_ROWS, GROUP_BYTES // width))


def parts_of(plan: Plan, look: Look, snapshot: Snapshot) -> list[str]:
    """The conditions of the parts of an export. Errors: `RequestError` for a column that cannot be divided as requested."""
    subset = Subset(plan)
    if plan.partition != "auto":
        return column_parts(subset, plan.partition, look.schema, snapshot.rows, count_for(look.estimate.bytes, plan.connections))
    one = subset.is_table and len(look.estimate.tables) == 1 and not (plan.sample and plan.sample.of_all)
    found = snapshot.rows(BLOCKS.format(_names(look.estimate))) if one else []
    return block_parts(found[0][0], plan.connections, found[0][1]) if found else [""]


def _names(estimate: Estimate) -> str:
    return ", ".join(f"({string(schema)}, {string(name)})" for schema, name in estimate.tables)


@dataclass
class Pull:
    """Reads an export. `across` allows parts of different snapshots although a table was written to in between; `verify` compares the files
    of each part with the database; with `spark`, its executors read.
    """

    plan: Plan
    state: State
    progress: Callable[[str], object]
    count: bool = True
    across: bool = False
    verify: bool = False
    spark: Any = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _open: set[Snapshot] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Read all unfinished parts. Errors: that of the first part that fails. Finished parts are kept."""
        if self.state.todo or (self.verify and any(p.hashes is None for p in self.state.parts)):
            self._patiently(self._attempt, (LOST, SNAPSHOT_GONE), threading.Event())

    def _patiently(self, ask: Callable[[], None], codes: tuple[str, ...], stop: threading.Event) -> None:
        """Call a function, and repeat it after failures with these codes. The wait doubles each time, shortened at random.

        Errors: that of the fifth failure in a row without a finished part in between.
        """
        failures, left = 0, len(self.state.todo)
        while True:
            try:
                return ask()
            except MachineError as error:
                failures, left = failures + 1 if len(self.state.todo) == left else 1, len(self.state.todo)
                seconds = FIRST_WAIT * 2.0 ** (failures - 1) * random.uniform(0.5, 1)  # noqa: S311 -- no secret
                if error.mistakes[0].code not in codes or failures == TRIES or stop.wait(seconds):
                    raise

    def _attempt(self) -> None:
        """Read at a new snapshot. It is lost with its connection; the remaining parts are then read at another snapshot."""
        self._stop.clear()
        with self._reading() as first:
            name = first.export()
            look = Look.at(Subset(self.plan), first)
            if self.verify:
                reject_incomparable(look.schema)
            if self.state.snapshots:
                self._reject_changed(look)
            self.state.snapshots.append({"name": name, "at": now()})
            counted = self._work(first, name, look.group_rows) if self.state.todo else None
            for part in self.state.parts if self.verify else ():
                self._verify(part, first)
        written = sum(p.rows for p in self.state.parts)
        if counted is not None and counted != written:
            what = f"{self.plan.source} has {counted:,} such rows, and the files have {written:,}"
            raise MachineError(what, hint="please report it; start again with --force", code="rows-differ")

    def _work(self, first: Snapshot, snapshot: str, group_rows: int) -> int | None:
        """Read the parts through several connections, while `first` counts the rows. Return that count; None if it is not counted."""
        waiting: SimpleQueue[Part] = SimpleQueue()
        for part in self.state.todo:
            waiting.put(part)
        workers = min(self.plan.connections, len(self.state.todo))
        counted = None
        with ThreadPoolExecutor(workers, thread_name_prefix="export") as pool:
            works = [pool.submit(copy_context().run, self._parts, waiting, snapshot, group_rows) for _ in range(workers)]
            try:
                if self.count and not (self.across and len(self.state.snapshots) > 1):
                    counted = first.rows(f"SELECT count(*) FROM ({Subset(self.plan).query()}) AS rows")[0][0]
                wait(works, return_when=FIRST_EXCEPTION)
            except BaseException:  # on Ctrl-C, too, the other connections end
                self._end()
                _raise_first(works)
                raise
            _raise_first(works)
        return counted

    def _verify(self, part: Part, snapshot: Snapshot) -> None:
        """Compare the files of a part with the database, unless they belong to another snapshot. Errors: as for `compared`."""
        if part.hashes is not None or (self.across and part.snapshot != len(self.state.snapshots) - 1):
            return
        asked = Subset(self.plan).query(part.condition)
        part.hashes = compared(snapshot, asked, [f"{self.state.place}/{file.name}" for file in part.files], f"part {part.number}")
        self.state.save()
        self.progress(f"{sum(p.hashes is not None for p in self.state.parts):,} of {len(self.state.parts):,} parts verified")

    def _parts(self, waiting: SimpleQueue[Part], snapshot: str, group_rows: int) -> None:
        """Read parts through one connection; if it is lost, through a new one."""
        try:
            self._patiently(partial(self._drain, waiting, snapshot, group_rows), (LOST,), self._stop)
        except BaseException:  # whatever ends this connection ends the others
            if self._stop.is_set():
                raise _Ended from None
            self._end()
            raise

    def _drain(self, waiting: SimpleQueue[Part], snapshot: str, group_rows: int) -> None:
        with nullcontext() if self.spark else self._reading(snapshot) as connection:
            while not self._stop.is_set():
                try:
                    part = waiting.get_nowait()
                except Empty:
                    return
                try:
                    self._part(part, connection, snapshot, group_rows)
                except BaseException:  # the part is not finished, whatever the reason
                    waiting.put(part)
                    raise

    def _part(self, part: Part, connection: Snapshot | None, snapshot: str, group_rows: int) -> None:
        """Read a part into a file."""
        part.tries, part.started, part.snapshot = part.tries + 1, now(), len(self.state.snapshots) - 1
        asked = Asked(Subset(self.plan).query(part.condition), part.number, self.state.place, group_rows, tuple(self.state.redact))
        if connection:
            files, size = read_part(asked, connection, self._checked)
        else:
            self._checked(0)
            files, size = read_part_on_spark(asked, self.spark, self.plan.source, self.plan.access, snapshot)
        self.progress(self.state.done(part, files, size))

    def _checked(self, size: int) -> None:
        """Called by a part with the bytes it has read: stops it if the export ends. Errors: `RequestError` if too many bytes are read."""
        if self._stop.is_set():
            raise _Ended
        if self.plan.limit_bytes and size + sum(p.read for p in self.state.parts if p.done) > self.plan.limit_bytes:
            what = f"more than {self.plan.limit_bytes:,} bytes are read"
            raise RequestError(what, hint="give a higher --limit-bytes, or export less", code="limit-bytes")

    def _reject_changed(self, look: Look) -> None:
        """Reject continuing if the source has changed since the export began. Errors: `SourceError`."""
        hint = "start again with --force"
        if look.columns != self.state.columns:
            old, new = dict(self.state.columns), dict(look.columns)
            differ = [n for n in {**old, **new} if old.get(n) != new.get(n)]
            words = listed(f"{n} was {old.get(n, 'absent')}, and is {new.get(n, 'absent')}" for n in differ)
            what = f"{self.plan.source} has other columns than when the export began: {words or 'another order'}"
            raise SourceError(what, hint=hint, code="changed-columns")
        if look.tables == self.state.tables:
            return
        changed = listed(n for n in {**look.tables, **self.state.tables} if look.tables.get(n) != self.state.tables.get(n))
        what = f"{changed} was written to since the export began: its parts would be of different moments"
        by_block = any(p.condition.startswith(BLOCK) for p in self.state.parts)
        if by_block or not self.across:
            more = "; divided by a column (--partition-by) it could go on" if by_block else ", or go on with --across-snapshots"
            raise SourceError(what, hint=hint + more, code="changed-table")

    @contextmanager
    def _reading(self, name: str | None = None) -> Iterator[Snapshot]:
        with reading(self.plan.source, self.plan.access, name) as snapshot:
            with self._guard:
                self._open.add(snapshot)
            try:
                yield snapshot
            finally:
                with self._guard:
                    self._open.discard(snapshot)

    def _end(self) -> None:
        """Stop all connections, including those that wait for the server."""
        self._stop.set()
        with self._guard:
            for snapshot in self._open:
                snapshot.cancel()


class _Ended(Exception):
    """Another part has failed, or the export is interrupted."""


def _raise_first(works: list[Future[Any]]) -> None:
    """Wait for all workers, then raise the error of the worker that failed, not of those that were stopped because of it."""
    wait(works)
    if failed := next((e for work in works if (e := work.exception()) and not isinstance(e, _Ended)), None):
        raise failed from None
