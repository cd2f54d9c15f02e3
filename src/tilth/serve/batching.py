"""Batch transform: send files through a pipeline in batches of whole records, with the code that answers requests.

Each file gives one file of answers in the same order. If a record is refused, the file gives a list of refusals instead.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, cast

from tilth.errors import Place as FilePlace
from tilth.errors import RequestError, TilthError, listed
from tilth.formats.tfrecord import checksum
from tilth.serve.bodies import DECODERS, ENCODERS, encoded
from tilth.serve.bodies.rows import BY_LINE, CSV, JSON, LINES, NPY, PARQUET, RECORDIO, TFEXAMPLE
from tilth.serve.bodies.text import has_header
from tilth.serve.media import MediaType, media_type
from tilth.serve.paths import NoValue
from tilth.serve.pipeline import Pipeline, Refused, refusal
from tilth.serve.predictions import ModelFailed
from tilth.serve.processing import Processing
from tilth.serve.records import Damaged, Frames, Record, frames, lines, opened, undamaged
from tilth.serve.sources import Input, Source, inputs
from tilth.store.local import reject_zstd, suffix_of
from tilth.store.places import atomic
from tilth.web.client import EndpointRefused

TYPES = {
    ".csv": CSV,
    ".jsonl": LINES,
    ".ndjson": LINES,
    ".json": JSON,
    ".npy": NPY,
    ".parquet": PARQUET,
    **dict.fromkeys((".recordio", ".pbr", ".protobuf"), RECORDIO),
    **dict.fromkeys((".tfrecord", ".tfrecords"), TFEXAMPLE),
}
FRAMED = {"recordio": RECORDIO, "tfrecord": TFEXAMPLE}  # the content type of a body with frames
JOINED = (*BY_LINE, JSON, RECORDIO)  # answers that can be concatenated
BINARY = (NPY, PARQUET, "application/vnd.apache.parquet", RECORDIO)  # answers that an added line end would corrupt
OUT, REFUSALS = ".out", ".out.errors.jsonl"
MOST_REFUSED = 1000  # refusals after which the rest of a file is not read
LARGEST = 6.0  # MiB of a batch, SageMaker's default

Batch = Sequence[Record]
Refusal = dict[str, Any]
REFUSED = (Refused, ModelFailed, EndpointRefused)


@dataclass(frozen=True)
class Sending:
    """How files are sent. `content_type` and `accept` are media types; if empty, the type of the file's suffix, and the input's type.

    `split`: `line`, `recordio` or `tfrecord` for batches of records, `none` for whole files. `assemble`: `line` for a line end after each
    answer, `none` for unchanged answers. If empty, both depend on the content type. `compression`: `gzip` or `none`; by the file's name if
    empty. `processing`: the filters and the join.

    `single`: one record per batch. `largest`: MiB of a batch, 0 for records and files of any size. `concurrency`: batches that are answered
    at the same time. If these are None, stages in other processes decide, otherwise they are `False`, 6 and 1.
    """

    content_type: str = ""
    accept: str = ""
    split: str = ""
    assemble: str = ""
    compression: str = ""
    single: bool | None = None
    largest: float | None = None
    concurrency: int | None = None
    processing: Processing = field(default_factory=Processing)

    def settled(self, pipeline: Pipeline) -> Sending:
        """Fill in the values that are None, from the stages of a pipeline or by default."""
        said = {"single": False, "largest": LARGEST, "concurrency": 1, **pipeline.parameters()}
        return replace(self, **{name: value for name, value in said.items() if getattr(self, name) is None})


@dataclass(frozen=True)
class Transformed:
    """The result for a file: the number of answered records, and refusals as dicts.

    A refusal has the keys `line` or `record`, `code` and `message`, and optionally `field`, `accepted` and `hint`.
    """

    file: str
    records: int
    refusals: Sequence[Refusal]


def transformed(
    pipeline: Pipeline,
    places: Sequence[str | Source],
    out: str,
    sending: Sending,
    told: Callable[[str, int], None] = lambda file, records: None,
    instance: tuple[int, int] = (1, 1),
) -> list[Transformed]:
    """Write the answers for files, folders, patterns and manifests to `NAME.out` in the folder `out`, which is replaced.

    A file with a refused record gets `NAME.out.errors.jsonl` instead of answers; the other files continue. `told` is called after each
    batch. `instance` (k, n): process the kth of n shares of the files, which are dealt by name.
    Errors: `RequestError` for options that do not fit, `SourceError` for a file that cannot be read, and the errors of stages.
    """
    given = inputs([one if isinstance(one, Source) else Source.of(one) for one in places], () if sending.content_type else tuple(TYPES))
    settled = sending.settled(pipeline)
    jobs = [_Job.of(pipeline, one, settled) for one in given[instance[0] - 1 :: instance[1]]]
    found = []
    with atomic(out, folder=True) as folder:
        for job in jobs:
            (folder / job.name).parent.mkdir(parents=True, exist_ok=True)
            found.append(job.write(folder, told))
    return found


@dataclass(frozen=True)
class _Job:
    """How one file is read and answered. `split` is empty for a whole file."""

    pipeline: Pipeline
    file: str
    name: str
    kind: MediaType
    content_type: str
    accept: str
    split: str
    lines: bool
    sending: Sending

    @classmethod
    def of(cls, pipeline: Pipeline, given: Input, sending: Sending) -> _Job:
        """The job of a file. Errors: `RequestError`."""
        if not sending.compression:
            reject_zstd([given.file])
        content_type = sending.content_type or TYPES.get(suffix_of(given.file), "")
        kind = media_type(content_type)
        if kind is None or kind.name not in DECODERS:
            found = f"is {content_type!r}" if content_type else f"of {given.name} is not known by its suffix"
            accepted = f"{listed(TYPES, most=20)}, or --content-type {listed(DECODERS, most=20)}"
            raise RequestError(f"the content type {found}", accepted=accepted, code="bad-content-type")
        accept = sending.accept or (kind.name if kind.name in ENCODERS else LINES)
        if accept not in ENCODERS:
            raise RequestError(f"answers cannot be {accept!r}", accepted=listed(ENCODERS), code="bad-accept")
        split = sending.split or ("line" if kind.name in BY_LINE else next((s for s, t in FRAMED.items() if t == kind.name), "none"))
        by_line = sending.assemble == "line" if sending.assemble else accept in BY_LINE
        split = "" if split == "none" else split
        made = cls(pipeline, given.file, given.name, kind, content_type, accept, split, by_line, sending)
        made.reject_unfit()
        return made

    def reject_unfit(self) -> None:
        """Reject options that do not fit each other."""
        framed = FRAMED.get(self.split)
        if self.split == "line" and self.kind.name not in BY_LINE:
            message = f"{self.kind.name} has no record in each line"
            raise RequestError(message, accepted=f"--split none, or {listed(BY_LINE)}", code="bad-split")
        if framed and not self.sending.single and self.kind.name != framed:
            message = f"frames of {self.split} around {self.kind.name} cannot be read several at a time"
            raise RequestError(message, accepted=f"--strategy single-record, or {framed}", code="bad-split")
        if TFEXAMPLE in (self.kind.name, framed):
            checksum()
        if self.split and self.accept not in JOINED:
            message = f"answers for several batches cannot be joined as {self.accept}"
            raise RequestError(message, accepted=f"--split none, or --accept {listed(JOINED)}", code="bad-accept")
        if self.lines and self.accept in BINARY:
            raise RequestError(f"a newline would corrupt {self.accept}", accepted="--assemble none", code="bad-assemble")
        self._reject_processing()
        charset = self.kind.parameters.get("charset") or self.kind.parameters.get("encoding") or "utf-8"
        try:
            fits = self.split != "line" or "\n".encode(charset) == b"\n"
        except LookupError:
            fits = False
        if not fits:
            raise RequestError(f"records in {charset[:40]!r} are not split by line", accepted="utf-8, latin-1 …", code="bad-charset")

    def _reject_processing(self) -> None:
        """Reject filters and joins if the file has no records, or if the answers have another format."""
        done = self.sending.processing
        if not (done.answers or done.before):
            return
        if self.split != "line" and (self.split or self.kind.name != JSON):
            message = f"filters and joins are for records in lines and for files of JSON, and {self.name} is neither"
            raise RequestError(message, accepted=f"--split line for {listed(BY_LINE)}", code="bad-split")
        alike = self.accept == self.kind.name if self.kind.name in (CSV, JSON) else self.accept in BY_LINE[1:]
        if done.answers and not alike:
            message = f"records of {self.kind.name} are not joined with answers of {self.accept}"
            raise RequestError(message, accepted="CSV with CSV, JSON Lines with JSON Lines, JSON with JSON", code="bad-accept")
        for path in (done.before, done.after) if self.kind.name == CSV else ():
            if path is not None and not path.of_row:
                message = f"the filter {path.text} has names, and rows of CSV have none"
                raise RequestError(message, accepted="$[0], $[0,-1], $[1:4], $[*]", code="bad-path")

    @cached_property
    def limit(self) -> int:
        """The most bytes of a record, or of a file that is sent as a whole; 0 for no limit."""
        return int(cast("float", self.sending.largest) * 2**20)

    @cached_property
    def room(self) -> int:
        """The most bytes of a batch of several records."""
        return self.limit or int(LARGEST * 2**20)

    @property
    def unit(self) -> str:
        """The unit in which positions in the file are counted: record or line."""
        return "record" if self.split in FRAMED else "line"

    def write(self, folder: Path, told: Callable[[str, int], None]) -> Transformed:
        """Write the answers or the refusals."""
        out, records, refusals = folder / f"{self.name}{OUT}", 0, list[Refusal]()
        with opened(self.file, self.sending.compression) as source, out.open("wb") as made:
            try:
                for count, body, refused in self._answers(source):
                    records += count
                    refusals += refused
                    made.write(body if not self.lines or body.endswith(b"\n") or not body else body + b"\n")
                    told(self.name, records)
                    if len(refusals) >= MOST_REFUSED:
                        break
            except Refused as refused:  # a record that cannot be sent ends the file
                refusals += _refusals(refused, self.unit, int(refused.content.pop("at")))
        if refusals:
            del refusals[MOST_REFUSED:]
            out.unlink()
            found = (json.dumps({"file": self.name, **one}, ensure_ascii=False) for one in refusals)
            (folder / f"{self.name}{REFUSALS}").write_text("".join(f"{line}\n" for line in found), "utf-8")
        return Transformed(self.name, records, refusals)

    def _answers(self, source: IO[bytes]) -> Iterator[tuple[int, bytes, list[Refusal]]]:
        """For each batch in order: the number of answered records, the answer, and the refusals."""
        header, records = self._header(self._records(source))
        batches = self._batches(records, len(header))

        def answer(batch: Batch) -> tuple[int, bytes, list[Refusal]]:
            return self._answer(batch, header)

        concurrency = cast("int", self.sending.concurrency)
        if concurrency == 1:
            yield from map(answer, batches)
            return
        with ThreadPoolExecutor(concurrency) as threads:
            yield from _in_order(threads, answer, batches, concurrency)

    # ── records ──

    def _records(self, source: IO[bytes]) -> Iterator[Record]:
        """The records of the file, or the whole file as one record. Errors: `Refused` at the first damaged record, `SourceError`."""
        if self.split == "line":
            found = lines(source, self.kind.name == CSV, self.limit)
        elif self.split:
            found = frames(source, cast("Frames", self.split), bool(self.sending.single))
        else:
            found = ((1, whole) for whole in [source.read(self.limit + 1 if self.limit else -1)])
        try:
            yield from undamaged(found, self.name)
        except Damaged as error:
            raise _at(error.at, Refused(400, "not-readable", error.mistakes[0].message)) from error

    def _header(self, records: Iterator[Record]) -> tuple[bytes, Iterator[Record]]:
        """The header line of a CSV file, empty if there is none, and the records after it. Errors: `Refused`."""
        first = next(records, None) if self.split == "line" and self.kind.name == CSV else None
        if first is None:
            return b"", records
        try:
            names = self.sending.processing.sent(first[1], self.kind) if not self.limit or len(first[1]) <= self.limit else b""
            if names and has_header(names, self.kind, self.pipeline.columns):
                return names, records
        except NoValue:  # treat the line as a record, which is then refused as one
            return b"", chain([first], records)
        except RequestError as error:
            raise _at(first[0], refusal(error)) from error
        return b"", chain([first], records)

    def _batches(self, records: Iterable[Record], header: int) -> Iterator[Batch]:
        """Batches of as many whole records as fit, or of one. Errors: `Refused` for a record that is too large, after earlier batches."""
        batch, size = list[Record](), header
        try:
            for at, record in records:
                if self.limit and len(record) + header > self.limit:
                    message = f"the {'record' if self.split else 'file'} has more than {self.sending.largest:g} MiB"
                    raise _at(at, Refused(413, "too-large", message, accepted="a larger --max-payload, up to 100, or 0 for any size"))
                if batch and (self.sending.single or size + len(record) > self.room):
                    yield batch
                    batch, size = [], header
                batch.append((at, record))
                size += len(record)
        except Refused:
            if batch:
                yield batch
            raise
        if batch:
            yield batch

    # ── answers ──

    def _answer(self, batch: Batch, header: bytes) -> tuple[int, bytes, list[Refusal]]:
        """The number of answered records, the answer, and the refusals of a batch."""
        try:
            return len(batch), self._answered(batch, header), []
        except REFUSED as error:
            return 0, b"", list(islice(self._refused(batch, header, error), MOST_REFUSED))

    def _refused(self, batch: Batch, header: bytes, error: Refused | ModelFailed | EndpointRefused) -> Iterator[Refusal]:
        """Find every refused record of a batch, by bisection: send each half again, down to single records."""
        middle, alone = len(batch) // 2, True
        for half in (batch[:middle], batch[middle:]) if middle else ():
            try:
                self._answered(half, header)
            except REFUSED as own:
                alone = False
                yield from self._refused(half, header, own)
        if alone:
            yield from _refusals(error, self.unit, batch[0][0])

    def _answered(self, batch: Batch, header: bytes) -> bytes:
        """The answer to a batch. Errors: `Refused`, and errors of stages, with the file and line added."""
        done, kind = self.sending.processing, self.content_type
        if self.kind.name == CSV and self.split:
            kind += f"; header={'present' if header else 'absent'}"
        try:
            sent = [record for _, record in batch]
            body = header + b"".join([_of_record(done.sent, record, self.kind) for record in sent] if done.before else sent)
            rows = self.pipeline.predicted(body, kind)
            if self.split and len(rows) != len(batch):
                what = "record gives" if len(batch) == 1 else "records give"
                message = f"{len(batch)} {what} {len(rows)} rows"
                accepted = "one row in each record" + (', with " in pairs' if self.kind.name == CSV else "")
                raise Refused(400, "record-count", message, accepted=accepted)
            names = self.pipeline.gives or tuple(rows[0])
            if not done.answers:
                return encoded(rows, names, self.accept)
            made = [encoded(some, names, self.accept) for some in (([row] for row in rows) if self.split else [rows])]
            return b"".join([_of_record(done.answered, record, self.kind, one) for (_, record), one in zip(batch, made, strict=True)])
        except (ModelFailed, EndpointRefused):
            raise
        except TilthError as error:
            place = FilePlace(self.name, batch[0][0] if self.unit == "line" else None)
            raise type(error)(*(m.at(place) for m in error.mistakes)) from error


def _in_order(threads: ThreadPoolExecutor, answer: Callable[[Batch], Any], batches: Iterable[Batch], most: int) -> Iterator[Any]:
    """Answers in the order of the batches. At most `most` batches are read ahead."""
    waiting: deque[Any] = deque()
    refused: Refused | None = None
    try:
        try:
            for batch in batches:
                waiting.append(threads.submit(answer, batch))
                if len(waiting) == most:
                    yield waiting.popleft().result()
        except Refused as error:  # raised after the batches before it are answered
            refused = error
        while waiting:
            yield waiting.popleft().result()
    finally:
        for one in waiting:
            one.cancel()
    if refused is not None:
        raise refused


def _of_record(made: Callable[..., bytes], record: bytes, *others: Any) -> bytes:
    """Call a function with a record, and turn its errors into refusals. Errors: `Refused`."""
    try:
        return made(record, *others)
    except RequestError as error:
        raise refusal(error) from error


def _at(at: int, refused: Refused) -> Refused:
    refused.content["at"] = at
    return refused


def _refusals(error: Refused | ModelFailed | EndpointRefused, unit: str, at: int) -> list[Refusal]:
    """The messages of an error, with the line or record number in the file instead of the row in the request."""
    if not isinstance(error, Refused):
        told = ("code", "message", "accepted", "hint")
        return [{unit: at} | {name: text for name in told if (text := getattr(mistake, name))} for mistake in error.mistakes]
    found: Sequence[Mapping[str, Any]] = error.content.get("errors") or [error.content]
    return [{unit: at, **{k: v for k, v in one.items() if k not in ("row", "errors")}} for one in found]
