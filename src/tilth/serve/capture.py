"""Records requests and answers in the JSON Lines format of SageMaker's data capture, without values of private columns."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tilth.errors import RequestError, TilthError
from tilth.serve.bodies import decoded, encoded
from tilth.serve.bodies.rows import CSV, JSON, LINES, Columns, Row
from tilth.serve.media import MediaType, media_type
from tilth.serve.pipeline import Answer, Pipeline
from tilth.serve.stages import Preparation
from tilth.serve.watching import log
from tilth.store.places import atomic
from tilth.store.uri import joined

WAITING = 64 * 2**20  # bytes that wait to be written; more are dropped and counted
SECONDS = 60.0  # after which a file is written
LARGEST = 64 * 2**20  # bytes after which a file is written


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, unchanged."""

    body: bytes
    kind: str
    answer: Answer
    inference: str
    event: str
    time: datetime


@dataclass
class Capture:
    """Writes captured requests below a place, in its own thread, so that no request waits for it.

    Files are `PLACE/NAME/AllTraffic/yyyy/mm/dd/hh/mm-ss-ms-UUID.jsonl`, by UTC, written atomically after a minute, 64 MiB or an hour's end.
    `percent` is the percentage of requests to capture, chosen by a hash of the event id. Values of `private` columns become null; if there
    are private columns, columns that the flow does not have are left out.
    """

    place: str
    name: str
    columns: Columns
    private: frozenset[str] = frozenset()
    percent: float = 100.0
    _queue: deque[Exchange] = field(default_factory=deque, repr=False)
    _size: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _closed: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100:
            raise RequestError(f"--capture-percent is {self.percent:g}", accepted="0 to 100", code="bad-value")
        self._thread = threading.Thread(target=copy_context().run, args=(self._write,), name="capture", daemon=True)  # keeps the key
        self._thread.start()

    def __call__(self, body: bytes, kind: str, answer: Answer, inference: str) -> bool:
        """Queue a request for writing; false if there is no room for it."""
        event = str(uuid.uuid4())
        if int.from_bytes(hashlib.sha256(event.encode()).digest()[:8], "big") / 2**64 * 100 >= self.percent:
            return True
        size = len(body) + len(answer.body)
        with self._changed:
            if self._size + size > WAITING:
                return False
            self._size += size
            self._queue.append(Exchange(body, kind, answer, inference[:64], event, datetime.now(UTC)))
            self._changed.notify()
        return True

    def close(self) -> None:
        """Write all queued requests, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _write(self) -> None:
        """Until closed: collect lines, and write them to files."""
        lines: list[bytes] = []
        size = 0
        since: datetime | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed, timeout=SECONDS)
                taken, self._size, closed = list(self._queue), 0, self._closed
                self._queue.clear()
            for one in taken:
                if lines and since is not None and (one.time.hour != since.hour or size > LARGEST):
                    self._seal(lines, since)
                    lines, size = [], 0
                since = since if lines else one.time
                try:
                    line = record(one, self.columns, self.private)
                except Exception as error:  # noqa: BLE001 -- continue with the next ones; the message could contain values
                    log("capture-failed", error=type(error).__name__, requests=1)
                    continue
                lines.append(line)
                size += len(line)
            if lines and since is not None and (closed or (datetime.now(UTC) - since).total_seconds() >= SECONDS):
                self._seal(lines, since)
                lines, size = [], 0
            if closed:
                return

    def _seal(self, lines: Sequence[bytes], since: datetime) -> None:
        path = f"{self.name}/AllTraffic/{since:%Y/%m/%d/%H/%M-%S}-{since.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        try:
            with atomic(joined(self.place, path)) as new:
                new.write_bytes(b"".join(lines))
        except (TilthError, OSError) as error:  # requests are answered without it
            log("capture-failed", error=type(error).__name__, requests=len(lines))


def capture_of(pipeline: Pipeline, place: str, name: str, percent: float = 100.0) -> Capture:
    """The writer for a pipeline's requests. Private columns are those with the role `private` in its first flow."""
    first = pipeline.stages[0]
    private = frozenset(first.flow.reading.roles.private) if isinstance(first, Preparation) else frozenset[str]()
    return Capture(place, name, pipeline.columns, private, percent)


def record(one: Exchange, columns: Columns, private: frozenset[str]) -> bytes:
    """The JSON line for a request and its answer."""
    body, kind = without(one.body, one.kind, columns, private) if private else (one.body, one.kind)
    metadata: dict[str, Any] = {"eventId": one.event, "inferenceTime": one.time.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if one.inference:
        metadata["inferenceId"] = one.inference
    data = {"endpointInput": _side(body, kind, "INPUT"), "endpointOutput": _side(one.answer.body, one.answer.media, "OUTPUT")}
    line = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _side(body: bytes, kind: str, mode: str) -> Mapping[str, str]:
    media = media_type(kind) or MediaType("")
    encoding = "CSV" if media.name == CSV else "JSON" if "json" in media.name else "BASE64"
    try:
        data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding, data = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": kind, "mode": mode, "data": data, "encoding": encoding}


def without(body: bytes, content_type: str, columns: Columns, private: frozenset[str]) -> tuple[bytes, str]:
    """A body with the same rows, and its type: only columns of the pipeline, and nulls in private columns.

    Bodies that are not text become JSON Lines. All are UTF-8 and have no header.
    """
    kind = media_type(content_type) or MediaType("")
    rows = [{c: None if c in private else row.get(c) for c in columns.names if c in row} for row in decoded(body, kind, columns)]
    if kind.name == CSV:  # values have no names, so all columns are written
        full: list[Row] = [{c: row.get(c) for c in columns.names} for row in rows]
        return encoded(full, columns.names, CSV), f"{CSV}; header=absent"
    if kind.name == JSON:
        return json.dumps({"instances": rows}, ensure_ascii=False).encode(), JSON
    lines = b"".join(encoded([row], tuple(row), LINES) for row in rows)
    return lines, kind.name if "json" in kind.name else LINES
