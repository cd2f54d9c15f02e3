"""The time and memory of a process and its descendants, read from /proc (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
GONE = (FileNotFoundError, ProcessLookupError)


def tree(pid: int) -> Iterator[int]:
    """The process and all its descendants."""
    yield pid
    with suppress(*GONE):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(*GONE):
                for child in (task / "children").read_text().split():
                    yield from tree(int(child))


def cpu_seconds(pid: int) -> float:
    """Core seconds of the process tree; ended children count after their parent has waited for them."""
    ticks = 0
    for process in tree(pid):
        with suppress(*GONE):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(f) for f in fields[11:15])  # user, system, and those of children waited for
    return ticks / TICKS


def resident_bytes(pid: int) -> int:
    """The current memory of the process tree."""
    total = 0
    for process in tree(pid):
        with suppress(*GONE):
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    return total
