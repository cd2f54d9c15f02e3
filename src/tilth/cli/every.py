"""A check that is made at fixed times, by one process, until it is asked to end."""

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
    """How often, such as `15m`, in seconds."""

    name = "interval"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"([1-9][0-9]*)([smhd])", value)
        if found is None:
            self.fail(f"{value!r} is not a time between checks: expected a whole number and s, m, h or d, such as 15m", param, ctx)
        return float(int(found[1]) * UNITS[found[2]])


def repeated(check: Callable[[], int], every: float) -> int:
    """Check now and `every` so many seconds after, until SIGINT or SIGTERM; the exit code of the last check.

    A check that is running then is finished; a second signal stops it. What cannot be read, and a machine that fails, is a line on standard
    error, and the next check is made at its time: its data may be there again.
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
    """The next of the times `start`, `start + every` …: those that passed while a check took longer are left out.

    >>> following(start=100, now=101, every=60), following(start=100, now=230, every=60)
    (160, 280)
    """
    return start + (math.floor((now - start) / every) + 1) * every


@contextmanager
def _stopping() -> Iterator[Event]:
    """Set at the first signal to end; the second does what the first would have done."""
    stop = Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: FrameType | None) -> None:
        handler = before[signal.Signals(number)]
        if stop.is_set() and callable(handler):
            handler(number, frame)
        stop.set()

    handled = [number for number, handler in before.items() if handler is not signal.SIG_IGN]  # nohup and & ignore some
    for number in handled:
        signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for number in handled:
            signal.signal(number, before[number])
