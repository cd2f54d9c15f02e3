"""How a training program ends: by itself, by its time limit, by a signal; and why it failed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

GRACE = 120.0  # seconds from SIGTERM to SIGKILL, as SageMaker gives them
LONGEST_REASON = 1024  # characters of output/failure
LOOK = 0.2  # seconds between checks of a running program


def watched(process: subprocess.Popen[bytes], limit: float | None, grace: float, failed: Callable[[], bool]) -> str:
    """Wait for a program, and stop it after `limit` seconds or if its data failed. Returns why it was stopped, or an empty string."""
    last = None if limit is None else time.monotonic() + limit
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK)
            return ""
        if failed() or (last is not None and time.monotonic() >= last):
            stop(process, grace)
            return "its data could not be sent" if failed() else f"stopped at the time limit of {limit:g} s"


def stop(process: subprocess.Popen[bytes], grace: float) -> None:
    """Send SIGTERM and wait until the program ends, at most `grace` seconds; a second interrupt of this process ends the wait."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.wait(grace)


def end(process: subprocess.Popen[bytes]) -> None:
    """Send SIGKILL to a program and all that it started, as the end of a container does. It must lead its own session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def failure(name: str, code: int, written: Path) -> str:
    """Why a program failed: the text it wrote to `output/failure`, up to 1,024 characters; without it, how it ended.

    >>> failure("train.py", 7, Path("/nowhere")), failure("train.py", -15, Path("/nowhere"))
    ('train.py ended with exit code 7', 'train.py was ended by SIGTERM')
    """
    with suppress(OSError):
        text = written.read_text("utf-8", errors="replace")[:LONGEST_REASON].strip()
        if text:
            return text
    if code >= 0:
        return f"{name} ended with exit code {code}"
    signals = {number.value: number.name for number in signal.Signals}
    lacking = "; is the memory of this machine too small?" if code == -signal.SIGKILL else ""
    return f"{name} was ended by {signals.get(-code, f'signal {-code}')}{lacking}"
