"""Batch transform: files through a pipeline by the same code that answers requests, in batches of whole records.

Each file gives one file of answers in its order, or, if one of its records is refused, none and the refusals instead.
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Any

from tilth.engine.textfiles import unzipped
from tilth.errors import Place as FilePlace
from tilth.errors import RequestError, SourceError, TilthError, listed
from tilth.serve.bodies import CSV, DECODERS, ENCODERS, JSON, LINES, NPY, PARQUET, encoded, has_header
from tilth.serve.media import MediaType, media_type
from tilth.serve.paths import NoValue
from tilth.serve.pipeline import Pipeline, Refused
from tilth.serve.predictions import ModelFailed
from tilth.serve.processing import Processing
from tilth.store.local import files, reject_zstd, suffix_of
from tilth.store.places import Copies, atomic, copies

TYPES = {".csv": CSV, ".jsonl": LINES, ".ndjson": LINES, ".json": JSON, ".npy": NPY, ".parquet": PARQUET}
BY_LINE = (CSV, LINES, "application/jsonl", "application/x-ndjson")
OUT, REFUSALS = ".out", ".out.errors.jsonl"
MOST_REFUSED = 1000  # refusals of one file, after which the rest of it is left
LARGEST = 6.0  # MiB of a batch, as SageMaker has it

Batch = Sequence[tuple[int, bytes]]  # records with the lines at which they begin
Refusal = dict[str, Any]


@dataclass(frozen=True)
class Sending:
    """How files are sent. `content_type` and `accept` are media types: by the file's suffix, and that of the input, if empty.

    `split`: `line` for batches of records, `none` for whole files; `assemble`: `line` for a line end after each answer, `none` for
    answers as they are; if empty, by line for CSV and JSON Lines. `single`: a record a batch. `largest`: MiB of a batch.
    `concurrency`: batches that are answered at the same time. `processing`: what is done to records and answers.
    """

    content_type: str = ""
    accept: str = ""
    split: str = ""
    assemble: str = ""
    single: bool = False
    largest: float = LARGEST
    concurrency: int = 1
    processing: Processing = field(default_factory=Processing)


@dataclass(frozen=True)
class Transformed:
    """What came of a file: answered records, and refusals: line, code and message, and perhaps field, what is accepted, a hint."""

    file: str
    records: int
    refusals: Sequence[Refusal]


def transformed(
    pipeline: Pipeline, places: Sequence[str], out: str, sending: Sending, told: Callable[[str, int], None] = lambda file, records: None
) -> list[Transformed]:
    """Write the answers for files, folders and patterns to the folder `out`, which is replaced as a whole: `NAME.out` for each file.

    A file with a refused record gets no answers but `NAME.out.errors.jsonl`; the other files go on. `told` is called after each batch.
    Errors: `RequestError` for what cannot be sent so, `SourceError` for a file that cannot be read; those of a stage that fails.
    """
    kept = [copies(place) for place in places]
    jobs = {name: _Job.of(pipeline, file, name, sending) for file, name in _named(places, kept, sending)}
    found = []
    with atomic(out, folder=True) as folder:
        for name, job in jobs.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            found.append(job.write(folder, told))
    return found


def _named(places: Sequence[str], kept: Sequence[Copies], sending: Sending) -> Iterator[tuple[str, str]]:
    """The files, and their names in the output: below a folder, the path in it. Errors: `RequestError` for two of one name."""
    suffixes = () if sending.content_type else tuple(TYPES)
    names = dict[str, str]()
    for place, copy in zip(places, kept, strict=True):
        root = Path(copy.path)
        for file in files(copy.path, suffixes):
            name = Path(file).relative_to(root).as_posix() if root.is_dir() else Path(file).name
            if name in names:
                message = f"{names[name]} and {place} would both be written as {name}{OUT}"
                raise RequestError(message, hint="transform them into two folders, or name the folder that holds both", code="same-name")
            names[name] = place
            yield file, name


@dataclass(frozen=True)
class _Job:
    """One file, how it is read and answered."""

    pipeline: Pipeline
    file: str
    name: str
    kind: MediaType
    content_type: str
    accept: str
    split: bool
    lines: bool
    sending: Sending

    @classmethod
    def of(cls, pipeline: Pipeline, file: str, name: str, sending: Sending) -> _Job:
        """The job of a file. Errors: `RequestError`."""
        reject_zstd([file])
        given = sending.content_type or TYPES.get(suffix_of(file), "")
        kind = media_type(given)
        if kind is None or kind.name not in DECODERS:
            message = f"the content type is {given!r}" if given else f"the content type of {name} is not known by its suffix"
            raise RequestError(message, accepted=f"{listed(TYPES)}, or --content-type {listed(DECODERS)}", code="bad-content-type")
        accept = sending.accept or kind.name
        if accept not in ENCODERS:
            raise RequestError(f"answers cannot be {accept!r}", accepted=listed(ENCODERS), code="bad-accept")
        split = sending.split == "line" if sending.split else kind.name in BY_LINE
        lines = sending.assemble == "line" if sending.assemble else accept in BY_LINE
        made = cls(pipeline, file, name, kind, given, accept, split, lines, sending)
        made.reject_unfit()
        return made

    def reject_unfit(self) -> None:
        """Reject options that do not fit each other."""
        binary = (NPY, PARQUET, "application/vnd.apache.parquet")
        if self.split and self.kind.name not in BY_LINE:
            message = f"{self.kind.name} has no record in each line"
            raise RequestError(message, accepted=f"--split none, or {listed(BY_LINE)}", code="bad-split")
        if self.split and self.accept in binary:
            message = f"answers for several batches cannot be joined as {self.accept}"
            raise RequestError(message, accepted=f"--split none, or --accept {listed((*BY_LINE, JSON))}", code="bad-accept")
        if self.lines and self.accept in binary:
            raise RequestError(f"a line end would spoil {self.accept}", accepted="--assemble none", code="bad-assemble")
        charset = self.kind.parameters.get("charset") or self.kind.parameters.get("encoding") or "utf-8"
        try:
            fits = not self.split or "\n".encode(charset) == b"\n"
        except LookupError:
            fits = False
        self._reject_processing()
        if not fits:
            raise RequestError(f"records in {charset[:40]!r} are not split by line", accepted="utf-8, latin-1 …", code="bad-charset")

    def _reject_processing(self) -> None:
        """Reject filters and joins where there are no records, or for other answers than records."""
        done = self.sending.processing
        if not (done.answers or done.before):
            return
        if not self.split:
            message = f"filters and joins are for records, and {self.name} is sent as a whole"
            raise RequestError(message, accepted=f"--split line for {listed(BY_LINE)}", code="bad-split")
        if done.answers and (self.accept not in BY_LINE or (self.kind.name == CSV) != (self.accept == CSV)):
            message = f"records of {self.kind.name} are not joined with answers of {self.accept}"
            raise RequestError(message, accepted="CSV with CSV, JSON Lines with JSON Lines", code="bad-accept")
        for path in (done.before, done.after) if self.kind.name == CSV else ():
            if path is not None and not path.of_row:
                message = f"the filter {path.text} has names, and rows of CSV have none"
                raise RequestError(message, accepted="$[0], $[0,-1], $[1:4], $[*]", code="bad-path")

    @cached_property
    def room(self) -> int:
        """Bytes of a batch."""
        return int(self.sending.largest * 2**20)

    def write(self, folder: Path, told: Callable[[str, int], None]) -> Transformed:
        """Write the answers or the refusals."""
        out, records, refusals = folder / f"{self.name}{OUT}", 0, list[Refusal]()
        with unzipped(self.file) as source, out.open("wb") as made:
            try:
                for count, body, refused in self._answers(source):
                    records += count
                    refusals += refused
                    made.write(body if not self.lines or body.endswith(b"\n") or not body else body + b"\n")
                    told(self.name, records)
                    if len(refusals) >= MOST_REFUSED:
                        break
            except Refused as refused:  # a record that is not sent at all ends the file
                refusals += _refusals(refused, int(refused.content["line"]))
        if refusals:
            del refusals[MOST_REFUSED:]
            out.unlink()
            lines = (json.dumps({"file": self.name, **one}, ensure_ascii=False) for one in refusals)
            (folder / f"{self.name}{REFUSALS}").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return Transformed(self.name, records, refusals)

    def _answers(self, source: IO[bytes]) -> Iterator[tuple[int, bytes, list[Refusal]]]:
        """Records that were answered, the answer, and the refusals, of each batch in order."""
        if not self.split:
            whole = self._read(source.read)
            if len(whole) > self.room:
                raise self._too_large(1, "the file")
            header, batches = b"", iter(list[Batch]([[(1, whole)]]))
        else:
            header, records = self._header(self._records(source))
            batches = self._batches(records, self.room - len(header))

        def answer(batch: Batch) -> tuple[int, bytes, list[Refusal]]:
            return self._answer(batch, header)

        if self.sending.concurrency == 1:
            yield from map(answer, batches)
            return
        with ThreadPoolExecutor(self.sending.concurrency) as threads:
            yield from _in_order(threads, answer, batches, self.sending.concurrency)

    # ── records ──

    def _records(self, source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
        """Each record that is not empty, with its line; one of CSV goes on while a quote is open. One too large is the last."""
        record, begun = b"", 1
        for number, line in enumerate(iter(lambda: self._read(source.readline), b""), 1):
            record, begun = (record + line, begun) if record else (line, number)
            if len(record) > self.room:
                break
            if self.kind.name == CSV and record.count(b'"') % 2:
                continue
            if record.strip(b"\r\n" if self.kind.name == CSV else None):
                yield begun, record if record.endswith(b"\n") else record + b"\n"
            record = b""
        if record:
            yield begun, record

    def _read(self, some: Callable[[int], bytes]) -> bytes:
        """Bytes of the file, one more than a batch may have at most. Errors: `SourceError`."""
        try:
            return some(self.room + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{self.name} cannot be read: {error}", code="not-readable") from error

    def _header(self, records: Iterator[tuple[int, bytes]]) -> tuple[bytes, Iterator[tuple[int, bytes]]]:
        """The line of names that a CSV file begins with, if it does, and the other records. Errors: `Refused`."""
        first = next(records, None) if self.kind.name == CSV else None
        if first is None:
            return b"", records
        try:
            names = self.sending.processing.sent(first[1], self.kind) if len(first[1]) <= self.room else b""
            if names and has_header(names, self.kind, self.pipeline.columns):
                return names, records
        except NoValue:  # a record, and told as one
            return b"", _after(first, records)
        except RequestError as error:
            raise _at(first[0], Refused(400, error.mistakes[0].code, error.mistakes[0].message)) from error
        return b"", _after(first, records)

    def _batches(self, records: Iterable[tuple[int, bytes]], room: int) -> Iterator[Batch]:
        """As many whole records as there is room for, or one. Errors: `Refused` for a larger one."""
        batch, size = list[tuple[int, bytes]](), 0
        for line, record in records:
            if len(record) > room:
                if batch:
                    yield batch
                raise self._too_large(line, "the record")
            if batch and (self.sending.single or size + len(record) > room):
                yield batch
                batch, size = [], 0
            batch.append((line, record))
            size += len(record)
        if batch:
            yield batch

    def _too_large(self, line: int, what: str) -> Refused:
        message = f"{what} has more than {self.sending.largest:g} MiB"
        return _at(line, Refused(413, "too-large", message, accepted="a larger --max-payload, up to 100"))

    # ── answers ──

    def _answer(self, batch: Batch, header: bytes) -> tuple[int, bytes, list[Refusal]]:
        """The answer to a batch, or what is refused in it."""
        try:
            return len(batch), self._answered(batch, header), []
        except (Refused, ModelFailed) as error:
            return 0, b"", list(islice(self._refused(batch, header, error), MOST_REFUSED))

    def _refused(self, batch: Batch, header: bytes, error: Refused | ModelFailed) -> Iterator[Refusal]:
        """Every refusal in a batch, by line: halves of it are asked for until a record is alone."""
        middle, alone = len(batch) // 2, True
        for half in (batch[:middle], batch[middle:]) if middle else ():
            try:
                self._answered(half, header)
            except (Refused, ModelFailed) as own:
                alone = False
                yield from self._refused(half, header, own)
        if alone:
            yield from _refusals(error, batch[0][0])

    def _answered(self, batch: Batch, header: bytes) -> bytes:
        """The answer to a batch. Errors: `Refused`, and those of a stage, which name the file."""
        done = self.sending.processing
        kind = f"{self.content_type}; header={'present' if header else 'absent'}" if self.split else self.content_type
        try:
            body = header + b"".join([_of_record(done.sent, record, self.kind) for _, record in batch])
            rows = self.pipeline.predicted(body, kind)
            if self.split and len(rows) != len(batch):
                what = "record gives" if len(batch) == 1 else "records give"
                message = f"{len(batch)} {what} {len(rows)} rows"
                raise Refused(400, "record-count", message, accepted='one row in each record, with " in pairs')
            names = self.pipeline.gives or tuple(rows[0])
            if not done.answers:
                return encoded(rows, names, self.accept)
            made = (encoded([row], names, self.accept) for row in rows)
            return b"".join([_of_record(done.answered, record, self.kind, one) for (_, record), one in zip(batch, made, strict=True)])
        except ModelFailed:
            raise
        except TilthError as error:
            raise type(error)(*(m.at(FilePlace(self.name, batch[0][0])) for m in error.mistakes)) from error


def _after(first: tuple[int, bytes], others: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    yield first
    yield from others


def _in_order(threads: ThreadPoolExecutor, answer: Callable[[Batch], Any], batches: Iterable[Batch], most: int) -> Iterator[Any]:
    """Answers in the order of the batches, of which no more are read ahead than are answered at the same time."""
    waiting: deque[Any] = deque()
    refused: Refused | None = None
    try:
        try:
            for batch in batches:
                waiting.append(threads.submit(answer, batch))
                if len(waiting) == most:
                    yield waiting.popleft().result()
        except Refused as error:  # once the batches before it are answered
            refused = error
        while waiting:
            yield waiting.popleft().result()
    finally:
        for one in waiting:
            one.cancel()
    if refused is not None:
        raise refused


def _of_record(made: Callable[..., bytes], record: bytes, *others: Any) -> bytes:
    """What is made of a record. Errors: `Refused`."""
    try:
        return made(record, *others)
    except RequestError as error:
        found = error.mistakes[0]
        raise Refused(400, found.code, found.message, accepted=found.accepted) from error


def _at(line: int, refused: Refused) -> Refused:
    refused.content["line"] = line
    return refused


def _refusals(error: Refused | ModelFailed, line: int) -> list[Refusal]:
    """What a client would be told, with the line in the file for the row in the request."""
    if isinstance(error, ModelFailed):
        return [{"line": line, "code": mistake.code, "message": mistake.message} for mistake in error.mistakes]
    found: Sequence[Mapping[str, Any]] = error.content.get("errors") or [error.content]
    return [{"line": line, **{k: v for k, v in one.items() if k not in ("row", "errors", "line")}} for one in found]
