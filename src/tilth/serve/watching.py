"""Counters of a server in the text format of Prometheus, and a line of JSON for each request; no value of a row is in them."""

from __future__ import annotations

import json
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


@dataclass
class Metrics:
    """Counters since the start."""

    pipeline: str = ""
    digest: str = ""
    requests: Counter[int] = field(default_factory=Counter)
    rows: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    in_flight: int = 0
    dropped: int = 0  # captured requests that there was no room for

    def observe(self, status: int, rows: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests[status] += 1
        self.rows += rows
        self.seconds += seconds
        self.buckets[bisect_left(BOUNDS, seconds)] += 1

    def text(self) -> str:
        """All of them, as Prometheus reads them."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield from _family("tilth_serve_requests_total", "counter", "Answered requests, by status of HTTP.")
        yield from (f'tilth_serve_requests_total{{status="{status}"}} {n}' for status, n in sorted(self.requests.items()))
        yield from _family("tilth_serve_request_seconds", "histogram", "Seconds from the head of a request to the end of its answer.")
        below = 0
        for bound, n in zip((*map(repr, BOUNDS), "+Inf"), self.buckets, strict=True):
            below += n
            yield f'tilth_serve_request_seconds_bucket{{le="{bound}"}} {below}'
        yield f"tilth_serve_request_seconds_sum {self.seconds:.6f}"
        yield f"tilth_serve_request_seconds_count {below}"
        for name, kind, about, value in (
            ("rows_total", "counter", "Rows that were predicted.", self.rows),
            ("requests_in_flight", "gauge", "Requests that are being answered.", self.in_flight),
            ("capture_dropped_total", "counter", "Requests that were not captured, because writing was too slow.", self.dropped),
        ):
            yield from _family(f"tilth_serve_{name}", kind, about)
            yield f"tilth_serve_{name} {value}"
        yield from _family("tilth_serve_info", "gauge", "What is served.")
        named = json.dumps(self.pipeline, ensure_ascii=False)
        yield f'tilth_serve_info{{pipeline={named},digest="{self.digest}"}} 1'


def _family(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


_WRITE = json.JSONEncoder(ensure_ascii=False).encode


def log(event: str, **facts: Any) -> None:
    """Write a line of JSON to standard error."""
    facts = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event} | facts
    try:
        sys.stderr.write(f"{_WRITE(facts)}\n")
    except OSError:  # standard error is gone: answers matter more
        return
