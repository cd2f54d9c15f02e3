"""The server's counters in Prometheus's text format, and a JSON log line for each request. They contain no values of rows."""

from __future__ import annotations

import json
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import Any

import numpy as np

from tilth.serve.stages import MOST_STAGES

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


FIELDS = ("rows", "seconds", "in_flight", "dropped", "overdue", "until")
STATUSES = 600  # a counter for each HTTP status
STAGES = len(FIELDS) + len(BOUNDS) + 1  # where the seconds of each stage begin
WIDTH = STAGES + MOST_STAGES + STATUSES  # numbers per process


def _counter(name: str) -> Any:
    """A property for a number of this process."""
    at = FIELDS.index(name)

    def read(self: Metrics) -> float:
        found: float = self._own[at]
        return found

    def write(self: Metrics, value: float) -> None:
        self._own[at] = value

    return property(read, write)


class Metrics:
    """Counters since the start. The counters of this process are a part of a table that all processes of a server share.

    `stages` are the names of the stages. `table` has `WIDTH` doubles for each process; this process writes those of its `number`. Without
    a table there is only one process. `text` adds the counters of all processes.
    """

    rows = _counter("rows")
    seconds = _counter("seconds")
    in_flight = _counter("in_flight")
    dropped = _counter("dropped")
    """Requests that were not captured because the queue was full."""
    overdue = _counter("overdue")
    """Requests that were answered with 504 and are still being computed, because a thread cannot be stopped."""
    until = _counter("until")
    """The time (monotonic clock) by which the process will give its next sign of life; 0 before it is ready."""

    def __init__(self, stages: Sequence[str] = (), digest: str = "", table: Any = None, number: int = 0) -> None:
        self.stages, self.digest = stages, digest
        self._all: Any = memoryview(np.zeros(WIDTH) if table is None else np.frombuffer(table))  # type: ignore[arg-type]  # one number is read faster than from an array
        self._own = self._all[number * WIDTH : (number + 1) * WIDTH]
        self.in_flight = self.overdue = self.until = 0  # an earlier process with this number may have left other values

    def observe(self, status: int, rows: int, seconds: float, stages: Sequence[float] = ()) -> None:
        """Count one answered request. `stages` are the seconds of each stage."""
        self.rows += rows
        self.seconds += seconds
        self._own[len(FIELDS) + bisect_left(BOUNDS, seconds)] += 1
        self._own[status - STATUSES] += 1
        for at, of_stage in enumerate(stages, STAGES):
            self._own[at] += of_stage

    def total(self, at: int) -> float:
        """The sum of a counter over all processes."""
        found: list[float] = self._all[at::WIDTH].tolist()
        return sum(found)

    def text(self) -> str:
        """All counters in Prometheus's text format."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield from _family("tilth_serve_requests_total", "counter", "Answered requests, by status of HTTP.")
        answered = ((status, self.total(WIDTH - STATUSES + status)) for status in range(STATUSES))
        yield from (f'tilth_serve_requests_total{{status="{status}"}} {n:.0f}' for status, n in answered if n)
        yield from _family("tilth_serve_request_seconds", "histogram", "Seconds from the head of a request to the end of its answer.")
        below = 0.0
        for i, bound in enumerate((*map(repr, BOUNDS), "+Inf"), len(FIELDS)):
            below += self.total(i)
            yield f'tilth_serve_request_seconds_bucket{{le="{bound}"}} {below:.0f}'
        yield f"tilth_serve_request_seconds_sum {self.total(FIELDS.index('seconds')):.6f}"
        yield f"tilth_serve_request_seconds_count {below:.0f}"
        yield from _family("tilth_serve_stage_seconds_total", "counter", "Seconds in each stage, of requests answered with 200.")
        for at, title in enumerate(self.stages):
            named = f'stage="{at + 1}",name={_WRITE(title)}'
            yield f"tilth_serve_stage_seconds_total{{{named}}} {self.total(STAGES + at):.6f}"
        for name, kind, about, field in (
            ("rows_total", "counter", "Rows that were predicted.", "rows"),
            ("requests_in_flight", "gauge", "Requests that are being answered.", "in_flight"),
            ("capture_dropped_total", "counter", "Requests that were not captured, because writing was too slow.", "dropped"),
            ("overdue", "gauge", "Requests that took too long, were answered so, and are still being computed.", "overdue"),
        ):
            yield from _family(f"tilth_serve_{name}", kind, about)
            yield f"tilth_serve_{name} {self.total(FIELDS.index(field)):.0f}"
        yield from _family("tilth_serve_info", "gauge", "What is served.")
        yield f'tilth_serve_info{{pipeline={_WRITE(" → ".join(self.stages))},digest="{self.digest}"}} 1'


def _family(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


_WRITE = json.JSONEncoder(ensure_ascii=False).encode


def log_request(status: int, rows: int, size: int, media: str, code: str, seconds: float, stages: Sequence[float], digest: str) -> None:
    """Write the log line of a request. A template is faster than a JSON encoder, and none of the values needs an escape."""
    code = f'"code": "{code}", ' if code else ""
    took = f'"stages": [{", ".join([f"{one:.6f}" for one in stages])}], ' if stages else ""
    _write(
        f'{{"time": "{_now()}", "event": "request", "status": {status}, "rows": {rows}, "bytes": {size}, "type": "{media}", '
        f'{code}"seconds": {seconds:.6f}, {took}"digest": "{digest}"}}\n'
    )


def log(event: str, **facts: Any) -> None:
    """Write a line of JSON to standard error."""
    _write(f"{_WRITE({'time': _now(), 'event': event} | facts)}\n")


def _now() -> str:
    """The current time in UTC, for a log line."""
    seconds, thousandths = divmod(int(time() * 1000), 1000)
    return f"{_second(seconds)}.{thousandths:03}+00:00"


@lru_cache(1)  # it takes as long as the rest of a line
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _write(line: str) -> None:
    try:
        sys.stderr.write(line)
    except OSError:  # standard error is closed; continue to answer
        return
