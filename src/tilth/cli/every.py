"""Repeats a check at fixed intervals in one process, until it is told to end."""

from __future__ import annotations

import math
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from types import FrameType

import click

from tilth.errors import MachineError, SourceError
from tilth.options import say

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # in seconds


class Every(click.ParamType[float]):
    """The type of an interval such as `15m`; the value is in seconds."""

    name = "interval"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The interval in seconds."""
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"([1-9][0-9]*)([smhd])", value)
        if found is None:
            self.fail(f"{value!r} is not a time between checks: expected a whole number and s, m, h or d, such as 15m", param, ctx)
        return float(int(found[1]) * UNITS[found[2]])


def repeated(check: Callable[[], int], every: float) -> int:
    """Check now and then every `every` seconds, until SIGINT or SIGTERM; return the exit code of the last check.

    A running check is finished first; a second signal stops it. If data cannot be read or the machine fails, a line is written to standard
    error, and the next check is made at its time, because the data may be available again.
    """
    start = time.monotonic()
    with _stopping() as stop:
        while True:
            try:
                code = check()
            except (SourceError, MachineError) as error:
                first, *_ = error.mistakes
                say(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S+00:00} error: {' '.join(first.message.split())}")
                code = error.exit_code
            if stop.wait(following(start, time.monotonic(), every) - time.monotonic()):
                return code


def following(start: float, now: float, every: float) -> float:
    """The next of the times `start`, `start + every` …; times that passed during a long check are skipped.

    >>> following(start=100, now=101, every=60), following(start=100, now=230, every=60)
    (160, 280)
    """
    return start + (math.floor((now - start) / every) + 1) * every


@contextmanager
def _stopping() -> Iterator[Event]:
    """An event that is set by the first signal to end; the second signal has its usual effect."""
    stop = Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: FrameType | None) -> None:
        handler = before[signal.Signals(number)]
        if stop.is_set() and callable(handler):
            handler(number, frame)
        stop.set()

    handled = [number for number, handler in before.items() if handler is not signal.SIG_IGN]  # signals ignored by nohup and & stay ignored
    for number in handled:
        signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for number in handled:
            signal.signal(number, before[number])
