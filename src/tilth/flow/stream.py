"""Streams delivered shards as batches in random order. The order does not depend on the number of workers, and a stream can be resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from tilth.data import Roles
from tilth.engine.arrow import schema_of
from tilth.errors import RequestError, SourceError, TilthError, extra, unknown
from tilth.flow.arrays import FORMATS, Arrays
from tilth.formats.format import Format, by_name, by_suffix
from tilth.formats.layout import Layout, TrainingFormat, features_of, matrix, named
from tilth.formats.permutation import Block, Shuffle, blocks, shard_order
from tilth.formats.shards import Contents, Manifest, Shard
from tilth.formats.sidecar import roles_beside
from tilth.store.local import files
from tilth.store.places import copies
from tilth.store.uri import Place

End = Literal["drop", "pad", "uneven"]
STATE = 1
WINDOW_ROWS, WINDOW_BYTES = 16_384, 32 << 20
SAME = ("dataset", "seed", "shuffle", "shards_at_once", "buffer")  # must be equal in a saved state and in the stream that resumes from it


@dataclass
class Stream:
    """Batches of the rows of shards; see `tilth.stream`.

    The order of an epoch depends only on the shards, `seed`, `epoch` and the kind of shuffle. Batch g consists of the rows from g · batch
    on. Rank r of R takes the r-th of R parts of each batch. Worker w of W of a rank takes the batches with g mod W = w.
    """

    shards: tuple[Shard, ...] = field(repr=False)  # there may be thousands
    folder: Path
    form: Format = field(repr=False)
    dataset: str = field(repr=False)
    batch: int
    seed: int = 0
    epoch: int = 0
    rank: int = 0
    ranks: int = 1
    worker: int = 0
    workers: int = 1
    shuffle: Shuffle = "block"
    shards_at_once: int = 16
    buffer: int = 10_000
    end: End = "drop"
    format: Literal["arrow", "numpy"] = "arrow"
    columns: tuple[str, ...] | None = None
    roles: Roles = field(default_factory=Roles, repr=False)
    prefetch: int = 2
    verify: bool = True
    on_corrupt: Literal["error", "skip"] = "error"
    options: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] | None = None
    contents: Contents | None = field(default=None, repr=False)
    skipped: int = field(default=0, init=False)
    """The number of rows of damaged shards that were skipped."""
    padded: int = field(default=0, init=False)
    """How many rows at the end of the last batch were in the epoch before (`end="pad"`)."""
    _position: int = field(default=0, init=False, repr=False)
    _resumed: int = field(default=0, init=False, repr=False)
    _verified: set[int] = field(default_factory=set, init=False, repr=False)
    _copies: Any = field(default=None, init=False, repr=False)  # keeps temporary local copies alive

    def __post_init__(self) -> None:
        wrong = [f"{w}: {getattr(self, w)!r} is not a positive whole number" for w in POSITIVE if not _whole(getattr(self, w), 1)]
        wrong += [
            f"{w}: {getattr(self, w)!r} is not a whole number" for w in ("seed", "epoch", "prefetch") if not _whole(getattr(self, w), 0)
        ]
        RequestError.reject(wrong)
        for one, all_ in (("rank", "ranks"), ("worker", "workers")):
            if not (_whole(getattr(self, one), 0) and getattr(self, one) < getattr(self, all_)):
                accepted = f"0 to {getattr(self, all_) - 1}, as {all_} is {getattr(self, all_)}"
                raise RequestError(f"{one}: {getattr(self, one)!r} is not one of them", accepted=accepted, code="bad-value")
        for word, known in (("shuffle", get_args(Shuffle)), ("end", get_args(End)), ("format", FORMATS), ("on_corrupt", ("error", "skip"))):
            RequestError.reject(unknown([getattr(self, word)], known, f"{word}: there is no {{}}", "bad-value"))
        if self.batch % self.ranks:
            hint = "`batch` is that of all ranks together"
            raise RequestError(f"batch: {self.batch} rows cannot be divided among {self.ranks} ranks", hint=hint, code="bad-value")

    # ── sizes ──

    @property
    def rows(self) -> int:
        """The number of rows of an epoch, for all ranks together."""
        return sum(s.records for s in self.shards)

    def __len__(self) -> int:
        """The number of batches that this worker yields in an epoch, or in the rest of it if the stream was resumed."""
        return len(range(self.worker, self._batches(self._resumed), self.workers))

    def _batches(self, start: int) -> int:
        left = self.rows - start
        return left // self.batch if self.end == "drop" else -(-left // self.batch)

    # ── position ──

    def set_epoch(self, epoch: int) -> None:
        """Start another epoch, in another order."""
        if not _whole(epoch, 0):
            raise RequestError(f"epoch: {epoch!r} is not a whole number", code="bad-value")
        self.epoch, self._position, self._resumed = epoch, 0, 0

    def state_dict(self, batches: int | None = None) -> dict[str, Any]:
        """The position of the stream, for `load_state_dict` of a stream of the same shards with any number of ranks and workers.

        By default the position after the last batch. A program that gets batches from the workers of a loader counts them itself, and
        passes the number of `batches` of this rank.
        """
        position = self._position if batches is None else self._resumed + batches * self.batch
        return {"version": STATE, "epoch": self.epoch, "position": position, **{w: getattr(self, w) for w in SAME}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from the position of another stream. Errors: `RequestError` for other shards, seed or kind of shuffle."""
        if state.get("version") != STATE or not _whole(state.get("position"), 0):
            raise RequestError("this is not the state of a stream of this version", code="bad-state")
        differing = [w for w in SAME if state.get(w) != getattr(self, w)]
        if differing:
            words = ", ".join(f"{w} {state.get(w)!r}, not {getattr(self, w)!r}" for w in differing)
            raise RequestError(
                f"the state is that of another stream: {words}", hint="open the same shards in the same way", code="bad-state"
            )
        self.set_epoch(int(state["epoch"]))
        self._position = self._resumed = int(state["position"])

    # ── the rows ──

    def __iter__(self) -> Iterator[Any]:
        """The batches of this epoch for this worker, from the start or from the position where the stream was resumed."""
        if self.end == "drop" and 0 < self.rows < self.batch:
            what = f"batch: {self.batch:,} rows are more than the {self.rows:,} that there are, so no batch would be full"
            raise RequestError(what, accepted=f"1 to {self.rows:,}", hint='or a smaller one at the end: end="uneven"', code="bad-value")
        start, rows = self._resumed, _Rows(self)
        self._position = start
        numbers = range(self.worker, self._batches(start), self.workers)
        at_once = max(1, self._window() // max(1, self.batch // self.ranks))
        try:
            for begin in range(0, len(numbers), at_once):
                chosen = numbers[begin : begin + at_once]
                ranges = [self._slice(start, number) for number in chosen]
                for number, (first, last), table in zip(chosen, ranges, rows.of(ranges), strict=True):
                    self._position, self.padded = start + (number + 1) * self.batch, max(0, last - max(first, self.rows))
                    if table is not None:
                        yield table if self.format == "arrow" else _arrays(table, self.roles)
        finally:
            rows.close()

    def _window(self) -> int:
        """The number of rows to order at once: several batches, because that is faster, but at most `WINDOW_BYTES`."""
        size = sum(s.bytes for s in self.shards) // max(1, self.rows)
        return min(WINDOW_ROWS, WINDOW_BYTES // max(1, size))

    def _slice(self, start: int, number: int) -> tuple[int, int]:
        """The range of positions in an epoch that belong to this rank's part of a batch."""
        first = start + number * self.batch
        size = min(self.batch, self.rows - first) if self.end == "uneven" else self.batch
        return first + self.rank * size // self.ranks, first + (self.rank + 1) * size // self.ranks

    def mixing(self, most: int = 50) -> tuple[float, float]:
        """The mean number of shards in a batch: of the first batches of this epoch, and expected for a shuffle of all rows.

        The expected number is S (1 − (1 − 1/S)ᵐ) for S shards and batches of m rows. Reads no data.
        """
        starts = np.concatenate([[0], np.cumsum([s.records for s in self.shards])])
        owners, kept = list[np.ndarray](), np.zeros(0, np.int64)
        for block in self._blocks():
            every = np.concatenate([kept, *(np.arange(starts[i], starts[i + 1]) for i in block.shards)])[block.order]
            owners.append(np.searchsorted(starts, every[: block.emitted], side="right") - 1)
            kept = every[block.emitted :]
            if sum(map(len, owners)) >= most * self.batch:
                break
        flat = np.concatenate(owners) if owners else np.zeros(0)
        full = range(0, min(len(flat) - len(flat) % self.batch, most * self.batch), self.batch)
        found = [len(np.unique(flat[i : i + self.batch])) for i in full]
        shards = sum(s.records > 0 for s in self.shards)
        expected = shards * (1 - (1 - 1 / shards) ** self.batch) if shards else 0.0
        return (float(np.mean(found)) if found else 0.0), expected

    def torch(self) -> Any:
        """This stream as an `IterableDataset` of PyTorch, for a `DataLoader` with `batch_size=None`.

        Each worker of a loader and each rank of `torch.distributed` yields its own batches. In the format numpy, a batch is a mapping of
        `X`, `y`, `weight` and `ids`; in the format Arrow, a mapping of columns. Errors: `MissingExtra` without PyTorch.
        """
        return torch_dataset(self)

    def batches(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """The rows of a shard, in file order."""
        if not shard.records:
            return
        columns = self.columns if self.names is None else None
        for batch in self.form.batches(str(self.folder / shard.path), columns, self.contents, **self.options):
            yield batch if self.names is None else batch.rename_columns(list(self.names))

    def _blocks(self) -> Iterator[Block]:
        sizes = [s.records for s in self.shards]
        return blocks(sizes, self.seed, self.epoch, self.shuffle, self.shards_at_once, self.buffer)


POSITIVE = ("batch", "ranks", "workers", "shards_at_once", "buffer")


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


class _Rows:
    """Reads the rows of an epoch, requested in increasing order. Shards without requested rows are not read."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._blocks, self._ahead = stream, stream._blocks(), _Ahead(stream)
        self._block, self._begin, self._end = Block((), np.zeros(0, np.int64), 0), 0, 0
        self._tables: list[pa.Table | None] | None = []
        self._kept: tuple[pa.Table | None, np.ndarray] = (None, np.zeros(0, bool))

    def of(self, ranges: Sequence[tuple[int, int]]) -> list[pa.Table | None]:
        """The rows of several ranges, None for an empty one. A range beyond the end of the epoch continues at its beginning."""
        total, asked, found = self._stream.rows, list[tuple[int, np.ndarray]](), [list[Any]() for _ in ranges]
        for i, (first, last) in enumerate(ranges):
            while first < min(last, total):
                while first >= self._end:
                    self._put(asked, found)
                    self._next()
                stop = min(last, self._end)
                asked.append((i, self._block.order[first - self._begin : stop - self._begin]))
                first = stop
            if first < last:
                self._put(asked, found)
                found[i] += self._again(first - total, last - total)
        self._put(asked, found)
        return [_joined(pieces) for pieces in found]

    def _put(self, asked: list[tuple[int, np.ndarray]], found: Sequence[list[Any]]) -> None:
        """Take the requested rows of this block, and add them to their ranges."""
        if asked:
            table, present = self._take(np.concatenate([order for _, order in asked]))
            at = begin = 0
            for i, order in asked:
                size = int(np.count_nonzero(present[at : at + len(order)]))
                found[i].append(table.slice(begin, size) if table is not None and size else None)
                at, begin = at + len(order), begin + size
            asked.clear()

    def _again(self, first: int, last: int) -> Iterator[pa.Table | None]:
        """Rows from the beginning of the epoch, repeated as often as needed."""
        while first < last:
            at, total, rows = first % self._stream.rows, self._stream.rows, _Rows(self._stream)
            stop = min(at + last - first, total)
            yield from rows.of([(at, stop)])
            rows.close()
            first += stop - at

    def _next(self) -> None:
        self._kept = self._take(self._block.order[self._block.emitted :])
        self._block = next(self._blocks)
        self._begin, self._end = self._end, self._end + self._block.emitted
        self._tables = None
        if self._stream.shuffle == "buffer":
            self._load()  # rows that are kept may be requested later

    def _load(self) -> list[pa.Table | None]:
        if self._tables is None:
            self._tables = [self._ahead.get(i) for i in self._block.shards]
        return self._tables

    def _take(self, order: np.ndarray) -> tuple[pa.Table | None, np.ndarray]:
        """Take rows of the block in this order. Returns the rows of undamaged shards, and which of the requested rows these are."""
        present = np.zeros(len(order), bool)
        if not len(order):
            return None, present
        kept, there = self._kept
        sizes = [self._stream.shards[i].records for i in self._block.shards]
        tables, starts = [kept, *self._load()], np.cumsum([0, len(there), *sizes])
        owners = np.searchsorted(starts, order, side="right") - 1
        pieces, places = list[Any](), list[np.ndarray]()
        for owner in np.unique(owners):
            table, those = tables[owner], np.flatnonzero(owners == owner)
            rows = order[those] - starts[owner]
            if owner == 0:  # the kept table lacks rows of damaged shards
                those, rows = those[there[rows]], (np.cumsum(there) - 1)[rows[there[rows]]]
            if table is not None and len(those):
                pieces.append(table.take(rows))
                places.append(those)
                present[those] = True
        found = _joined(pieces)
        return (found if found is None or len(pieces) == 1 else found.take(np.argsort(np.concatenate(places), kind="stable"))), present

    def close(self) -> None:
        """Stop reading ahead."""
        self._ahead.close()


class _Ahead:
    """Reads the shards of an epoch in order, in a thread, ahead of the requested one."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._pool = stream, ThreadPoolExecutor(1, "tilth-stream")
        self._order = shard_order(len(stream.shards), stream.seed, stream.epoch, stream.shuffle)
        self._place = {shard: at for at, shard in enumerate(self._order)}
        self._running: dict[int, Future[pa.Table | None]] = {}

    def get(self, shard: int) -> pa.Table | None:
        """The rows of a shard; None if it is damaged and may be skipped."""
        here = self._place[shard]
        for i in self._order[here : here + 1 + self._stream.prefetch]:
            if i not in self._running:
                self._running[i] = self._pool.submit(_read, self._stream, i)
        found = self._running.pop(shard).result()
        if found is None:
            self._stream.skipped += self._stream.shards[shard].records
        return found

    def close(self) -> None:
        for running in self._running.values():
            running.cancel()
        self._pool.shutdown(wait=False)  # safe at interpreter exit, unlike `cancel_futures=True`


def _read(stream: Stream, number: int) -> pa.Table | None:
    """The rows of a shard, checked against the manifest."""
    shard = stream.shards[number]
    path = stream.folder / shard.path
    try:
        if stream.verify and shard.sha256 and number not in stream._verified:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != shard.sha256:
                    what = f"{path} is not what was delivered: its SHA-256 is not that of the manifest"
                    raise SourceError(what, hint="deliver or copy it again", code="corrupt-shard")
            stream._verified.add(number)
        batches = list(stream.batches(shard))
        found = pa.Table.from_batches(batches).combine_chunks() if batches else None
        if (found.num_rows if found is not None else 0) != shard.records:
            what = f"{path} has {found.num_rows if found is not None else 0:,} rows, and {shard.records:,} are expected"
            raise SourceError(what, hint="deliver or copy it again", code="corrupt-shard")
    except FileNotFoundError:
        raise SourceError(f"there is no shard {path}", hint="deliver or copy it again", code="no-file") from None
    except TilthError as error:
        if stream.on_corrupt == "skip":
            return None
        raise SourceError(
            *(replace(m, message=m.message if str(path) in m.message else f"{path}: {m.message}") for m in error.mistakes)
        ) from error
    if found is None or stream.columns is None:
        return found
    RequestError.reject(unknown(stream.columns, found.column_names, "columns: there is no column {}", "unknown-column"))
    return found.select(stream.columns)


def _joined(pieces: Sequence[pa.Table | None]) -> pa.Table | None:
    """Concatenate tables; a column that one of them lacks is null there."""
    tables = [p for p in pieces if p is not None]
    if len(tables) < 2:
        return tables[0] if tables else None
    try:
        return pa.concat_tables(tables, promote_options="default").combine_chunks()
    except pa.ArrowException as error:
        hint = "deliver them again, or give the options with which all are read alike"
        raise SourceError("the columns of the shards have different types", hint=hint, code="types-differ") from error


def _arrays(table: pa.Table, roles: Roles) -> Arrays:
    """A batch as arrays, by the roles of its columns."""
    features = _features_of(roles, table.schema)
    own = {c: table[c].to_numpy().copy() for c in _in_arrays(roles) if c in table.column_names}  # writable
    y, weight, fold = (own.get(c) for c in (roles.label, roles.weight, roles.fold))
    ids = {c: own[c] for c in roles.id if c in own}
    return Arrays(matrix(table, features, np.dtype(np.float64)), y, ids, weight, tuple(features.names()), fold)


def _in_arrays(roles: Roles) -> tuple[str | None, ...]:
    """The columns of a batch of arrays that are not features."""
    return (roles.label, roles.weight, roles.fold, *roles.id)


@lru_cache(16)
def _features_of(roles: Roles, schema: pa.Schema) -> Layout:
    return features_of(roles, schema_of(schema))


def open_stream(place: Place, batch: int, roles: Roles | None = None, **words: Any) -> Stream:
    """Open the stream of a delivered folder, or of the files in a folder or of a pattern."""
    found = copies(place)
    folder = Path(found.path)
    manifest = Manifest.beside(folder)
    form = by_suffix(found.path) if manifest is None else by_name(manifest.format)
    known = {f.name for f in fields(Stream) if f.init}
    options = {w: v for w, v in words.items() if w not in known}
    RequestError.reject(unknown(options, [*form.options, *sorted(known - GIVEN)], "a stream has no option {}", "unknown-option"))
    if manifest is None:
        paths = files(found.path, form.suffixes)
        shards = tuple(Shard(p, Path(p).stat().st_size, form.count(p, **options), "") for p in paths)
        folder = Path()
        dataset = hashlib.sha256(repr([(Path(s.path).name, s.bytes, s.records) for s in shards]).encode()).hexdigest()
    else:
        shards, dataset = manifest.shards, manifest.digest
    names: Sequence[str] | None = None
    contents, own = manifest.contents if manifest else None, {w: v for w, v in words.items() if w in known}
    roles = (roles_beside(found.path) if roles is None else roles) or Roles()
    if contents is not None and isinstance(form, TrainingFormat):
        names, options = named(form, contents, options)
    elif contents is not None and own.get("format") == "numpy" and own.get("columns") is None:
        own["columns"] = [c.name for c in contents.columns if c.name not in roles.not_features or c.name in _in_arrays(roles)]
    own |= {w: tuple(given) for w, given in (("columns", own.get("columns")), ("names", names)) if given is not None}
    stream = Stream(shards, folder, form, dataset, batch, roles=roles, options=options, contents=contents, **own)
    stream._copies = found
    return stream


GIVEN = {"shards", "folder", "form", "dataset", "roles", "options", "names", "contents", "format"}


# ── PyTorch ──


def torch_dataset(stream: Stream) -> Any:
    """A stream as an `IterableDataset`. The class is defined here because PyTorch is optional; a spawned worker defines it again."""
    with extra("torch", "a dataset of PyTorch"):
        import torch.distributed
        from torch.utils.data import IterableDataset, get_worker_info

    class TilthDataset(IterableDataset):  # type: ignore[misc]  # untyped if PyTorch is not installed
        """The batches of a stream for this worker of this rank."""

        def __init__(self, stream: Stream) -> None:
            self.stream = stream

        def __iter__(self) -> Iterator[Any]:
            own, info = self.stream, get_worker_info()
            if info is not None:
                own.worker, own.workers = info.id, info.num_workers
            return map(_of_arrays if own.format == "numpy" else _of_table, own)

        def __len__(self) -> int:
            return self.stream._batches(self.stream._resumed)

        def __reduce__(self) -> Any:
            return torch_dataset, (self.stream,)

        def set_epoch(self, epoch: int) -> None:
            self.stream.set_epoch(epoch)

    group = torch.distributed
    if stream.ranks == 1 and group.is_available() and group.is_initialized():
        stream = replace(stream, rank=group.get_rank(), ranks=group.get_world_size())
    return TilthDataset(stream)


def _of_arrays(batch: Any) -> dict[str, Any]:
    named = {"X": batch.X, "y": batch.y, "weight": batch.weight, "ids": batch.ids or None}
    return {name: value for name, value in named.items() if value is not None}


def _of_table(batch: pa.Table) -> dict[str, Any]:
    """A table as a mapping: numbers as arrays, other columns as lists."""

    def of(column: pa.ChunkedArray) -> Any:
        plain = pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)
        return column.to_numpy().copy() if plain else column.to_pylist()

    return {name: of(column) for name, column in zip(batch.column_names, batch.columns, strict=True)}
