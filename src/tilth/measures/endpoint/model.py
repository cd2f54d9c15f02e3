"""A model behind an HTTP endpoint: sends batches, several at once, and returns answers in the order of the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from tilth.measures.endpoint.answers import AnswerFormat, Said, Unreadable, best
from tilth.measures.endpoint.kept import Kept
from tilth.measures.endpoint.records import INSTANCES, JSON, OBJECT, Records
from tilth.web.client import Endpoint, EndpointAbsent, EndpointFailed, EndpointLate, Patience

Answer = TypeVar("Answer")
Batch = TypeVar("Batch", bound=Sized)

MEGABYTE = 10**6
HOPELESS = (401, 403, 404, 405, 501)  # with these status codes smaller batches would fail, too


class EndpointAnswer(EndpointFailed):
    """A model answered, but not with a label or number for each record."""


@dataclass
class Tally:
    """Counts of answered requests, records in them, records answered from the file, and failed requests; seconds of waiting."""

    requests: int = 0
    records: int = 0
    kept: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of rows, a column for each of `names`."""

    names: tuple[str, ...]
    matrix: np.ndarray


@dataclass(frozen=True, eq=False)
class EndpointModel:
    """A model on a server. Called with an Arrow table, it returns the label of each row, or the number if there is none.

    `Records` forms the requests and `AnswerFormat` reads the answers; by default, `{"instances": [{"age": 30}, …]}` is answered by
    `{"predictions": […]}`, as by `tilth serve`. Equal rows are sent once. A batch has up to `batch_rows` rows and `batch_bytes` bytes. A
    batch that is refused, or that still fails or takes more than `seconds` after `retries`, is halved, down to one row. `kept` is the path
    of a file that stores answers and supplies them to repeated requests.

    Errors: `EndpointFailed`, with the rows of the batch, counted from 1: `EndpointRefused`, `EndpointAbsent` and `EndpointLate`, also after
    `most_seconds` in all; `EndpointAnswer` for an answer that is not JSON or CSV, has another number of records, or other values than
    labels and finite numbers.
    """

    url: str
    content_type: str = JSON
    accept_type: str = ""
    content_template: str = INSTANCES
    record_template: str = OBJECT
    label: int | str | None = None
    probability: int | str | None = None
    label_headers: tuple[Any, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    batch_rows: int = 1000
    batch_bytes: int = 6 * MEGABYTE
    concurrency: int = 4
    seconds: float = 60.0
    retries: int = 3
    most_seconds: float = 24 * 3600.0
    kept: str = ""
    tally: Tally = field(default_factory=Tally)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self._endpoint  # noqa: B018 -- reject a bad address at once

    @cached_property
    def _endpoint(self) -> Endpoint:
        return Endpoint(self.url)

    @cached_property
    def _format(self) -> AnswerFormat:
        return AnswerFormat(self._headers["accept"], self.label, self.probability)

    @cached_property
    def _headers(self) -> dict[str, str]:
        return {"content-type": self.content_type, "accept": self.accept_type or self.content_type, **dict(self.headers)}

    @cached_property
    def _kept(self) -> Kept | None:
        return Kept(self.kept) if self.kept else None

    @cached_property
    def _until(self) -> float:
        """The end of the allowed time, which begins with the first request."""
        return monotonic() + self.most_seconds

    def __call__(self, rows: pa.Table) -> np.ndarray:
        """The label of each row: the model's label, else the name of its highest score, else its single score."""
        return np.array([self._label(said) for said in self.said(rows)])

    def scored(self, rows: pa.Table) -> Scored:
        """The scores of each row, named `label0`, `label1` … if neither `label_headers` nor the answers have names.

        Errors: `EndpointAnswer` for answers without scores.
        """
        said = self.said(rows)
        if said and not said[0].scores:
            message = f"{self._endpoint.title} answered labels, such as {said[0].label!r}, and no scores"
            raise EndpointAnswer(message, hint="say where the scores are: predictor.probability", code="endpoint-answer")
        width = len(said[0].scores) if said else len(self.label_headers) or 1
        headers = tuple(map(str, self.label_headers)) if len(self.label_headers) == width else ()
        names = headers or (said[0].names if said else ()) or tuple(f"label{i}" for i in range(width))
        return Scored(names, np.array([one.scores for one in said], float).reshape(len(said), width))

    def _label(self, said: Said) -> Any:
        if isinstance(said.label, tuple):
            return best(said.label, said.scores)
        if said.label is None and len(said.scores) > 1:
            return best(self.label_headers or said.names or range(len(said.scores)), said.scores)
        return said.scores[0] if said.label is None else said.label

    def said(self, rows: pa.Table) -> list[Said]:
        """The label and scores of each row."""
        if not len(rows):
            return []
        records = Records(self.content_type, self.content_template, self.record_template)
        every = records.of(rows)
        first = {record: i for i, record in reversed([*enumerate(every)])}  # record → its first row
        asked = sorted(first, key=first.__getitem__)
        batches = list(self._batches(asked, records.single))
        found = dict(zip(asked, self._each(batches, _Asking(self, records, first, len(every)).batch), strict=True))
        self._reject_mixed([(first[record], said) for record, said in found.items()])
        return [found[record] for record in every]

    def rows(
        self, batches: Sequence[Batch], body: Callable[[Batch], bytes], read: Callable[[bytes, int], Sequence[Answer]]
    ) -> list[Answer]:
        """Send bodies of another form; returns what `read` finds in the answers, one per item of a batch. Errors: `EndpointFailed`."""

        def ask(batch: Batch) -> Sequence[Answer]:
            try:
                return self.asked(body(batch), len(batch), self.retries, lambda answer: read(answer, len(batch)))
            except Unreadable as error:
                raise EndpointAnswer(f"{self.url}: {error}", hint=self.hint, code="endpoint-answer") from None

        return self._each(batches, ask)

    def matrix(
        self, batches: Sequence[Batch], body: Callable[[Batch], bytes], read: Callable[[bytes, int], Sequence[list[float]]], what: str
    ) -> np.ndarray:
        """The answers of `rows` as a matrix: equally many numbers per row, which messages call `what`."""
        rows = self.rows(batches, body, read)
        if len(widths := {len(row) for row in rows}) > 1:
            raise EndpointAnswer(f"{self.url} answered {' and '.join(map(str, sorted(widths)))} {what}", code="endpoint-answer")
        return np.array(rows, float)

    def _each(self, batches: Sequence[Batch], ask: Callable[[Batch], Sequence[Answer]]) -> list[Answer]:
        """The answers to all batches, in their order; several are sent at once."""
        self._until, self._kept, self._headers, self._format  # noqa: B018 -- computed before threads start
        with ThreadPoolExecutor(max(1, min(self.concurrency, len(batches)))) as threads:
            return [one for said in threads.map(ask, batches) for one in said]

    def _batches(self, records: Sequence[str], single: bool) -> Iterator[list[str]]:
        """Batches of as many records as fit, or of one record if `single`."""
        batch, size = list[str](), 0
        for record in records:
            length = len(record.encode()) + 1
            if batch and (single or len(batch) == self.batch_rows or size + length > self.batch_bytes):
                yield batch
                batch, size = [], 0
            batch.append(record)
            size += length
        yield batch

    def _reject_mixed(self, said: Sequence[tuple[int, Said]]) -> None:
        """Reject answers whose number of scores differs from `label_headers`, or else from the first answer."""
        if self.label is not None and self.probability is None:
            return
        expected = len(self.label_headers) or len(said[0][1].scores)
        for at, one in said:
            if len(one.scores) != expected:
                there = f"{expected} label_headers" if self.label_headers else f"{expected} for row {said[0][0] + 1:,}"
                message = f"{self._endpoint.title} answered {len(one.scores)} scores for row {at + 1:,}, and there are {there}"
                raise EndpointAnswer(message, code="endpoint-answer")

    # ── a request ──

    def ask(self, body: bytes, records: int, retries: int) -> list[Said]:
        """The label and scores of each record of a body. Errors: as `asked`."""
        return self.asked(body, records, retries, lambda answer: self._format.read(answer, records))

    def asked(self, body: bytes, records: int, retries: int, read: Callable[[bytes], Answer]) -> Answer:
        """Send a body, unless its answer is kept, and return what `read` finds in the answer. Errors: `EndpointFailed`, `Unreadable`."""
        key = hashlib.sha256(repr((self.url, self._headers)).encode() + body).digest() if self._kept else b""
        if self._kept and (answer := self._kept.find(key)) is not None:
            said = read(answer)
            self._count(kept=records)
            return said
        begun = monotonic()
        answer = self._answered(body, retries)
        said = read(answer)
        if self._kept:
            self._kept.keep(key, answer)
        self._count(requests=1, records=records, seconds=monotonic() - begun)
        return said

    def _answered(self, body: bytes, retries: int) -> bytes:
        """Send a body and return the answer, within the remaining time."""
        try:
            if monotonic() < self._until:
                return self._endpoint.answered(body, self._headers, Patience(self.seconds, retries), self._until)
        except EndpointLate:
            if monotonic() < self._until:
                raise
        message = f"{self._endpoint.title} has not answered everything within {self.most_seconds:g} seconds"
        raise EndpointLate(message, hint=f"raise most_seconds, or ask about fewer rows; {self.hint}".rstrip("; "), code="endpoint-absent")

    @property
    def hint(self) -> str:
        """A hint that names the file of kept answers; empty if nothing was kept."""
        if not self.kept or not (self.tally.requests or self.tally.kept):
            return ""
        return f"what was answered is kept in {self.kept}: run it again to go on; remove it if the model has changed"

    def _count(self, **more: float) -> None:
        with self._lock:
            for name, value in more.items():
                setattr(self.tally, name, getattr(self.tally, name) + value)


@dataclass(frozen=True)
class _Asking:
    """The batches of one call. `first` maps a record to its first row, counted from 0; `rows` is the number of rows."""

    model: EndpointModel
    records: Records
    first: Mapping[str, int]
    rows: int

    def batch(self, batch: Sequence[str], retries: int | None = None) -> list[Said]:
        """The label and scores of each record of a batch; a batch that fails is halved. Errors: `EndpointFailed`, with the rows."""
        try:
            return self.model.ask(self.records.body(batch), len(batch), self.model.retries if retries is None else retries)
        except Unreadable as error:
            message = f"{self.model.url}: {'' if error.at is None else f'row {self.first[batch[error.at]] + 1:,}: '}{error}"
            raise EndpointAnswer(self._named(batch, message), hint=self.model.hint, code="endpoint-answer") from None
        except EndpointFailed as error:
            self.model._count(failed=1)
            middle = len(batch) // 2
            if middle and _halved(error, self.model):
                again = min(1, self.model.retries)
                return self.batch(batch[:middle], again) + self.batch(batch[middle:], again)
            (mistake,) = error.mistakes
            message = self._named(batch, f"{mistake.message}{f': {error.said}' if error.said else ''}")
            raise type(error)(message, hint=mistake.hint or self.model.hint, code=mistake.code) from error

    def _named(self, batch: Sequence[str], message: str) -> str:
        places = [self.first[record] + 1 for record in batch]
        rows = f"rows {min(places):,} to {max(places):,}" if len(batch) > 1 else f"row {places[0]:,}"
        return f"the batch of {rows}, of {self.rows:,}: {message}"


def _halved(error: EndpointFailed, model: EndpointModel) -> bool:
    """Whether a smaller batch may succeed: not if there is no server, or the time is up."""
    if isinstance(error, EndpointAbsent) and not isinstance(error, EndpointLate):
        return False
    return error.status not in HOPELESS and monotonic() < model._until
