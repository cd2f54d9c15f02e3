"""Mode Pipe of a training channel: time to the first bytes, and throughput, compared with `cat`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio

LARGE, MANY, RATE = 1 << 40, 10_000, 1 << 30  # bytes, objects, bytes
MIB = 1 << 20


def objects(folder: Path, count: int, size: int) -> Path:
    """A folder of objects of zeros. Objects that are read as a whole are in the page cache; the others take no disk space."""
    place = folder.parent / "pipe" / f"{count}-{size}"
    if not (place / f"{count - 1:06d}").exists():
        place.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            with (place / f"{i:06d}").open("wb") as file:
                file.truncate(size // count)
                if size == RATE:
                    for _ in range(0, size, MIB):
                        file.write(bytes(MIB))
    return place


READER = """
import sys
path, most, room, total = sys.argv[1], int(sys.argv[2]), bytearray(1 << 20), 0
with open(path, "rb", buffering=0) as file:
    while total < most and (count := file.readinto(room)):
        total += count
print(total)
"""


def read(path: Path, most: int) -> int:
    """The number of bytes that a separate process reads from a FIFO, to its end or up to `most`."""
    done = subprocess.run([sys.executable, "-S", "-E", "-c", READER, str(path), str(most)], check=True, capture_output=True)
    return int(done.stdout)


def tilth(count: int, size: int, most: int) -> Callable[[Path], Work]:
    """The whole life of a channel: request, reading `most` bytes, and removal."""

    def prepare(folder: Path) -> Work:
        from tilth.training.channel import Channel
        from tilth.training.inputs import open_channels

        data, job = objects(folder, count, size), out(folder, "pipe", "job")
        job.mkdir()
        read(data / "000000", most)  # into the page cache

        def work() -> list[Any]:
            with open_channels([Channel("train", data, "Pipe")], job):
                total = read(job / "train_0", most)
            return [total >= most, [p.name for p in job.iterdir()]]

        return work

    return prepare


def cat(folder: Path) -> Work:
    data, job = objects(folder, 1, RATE), out(folder, "pipe", "cat")
    job.mkdir()
    os.mkfifo(job / "fifo")
    read(data / "000000", RATE)

    def work() -> list[Any]:
        with (data / "000000").open("rb") as content:
            writer = subprocess.Popen(["sh", "-c", f"exec cat > {job}/fifo"], stdin=content)
        total = read(job / "fifo", RATE)
        return [total >= RATE and not writer.wait(), []]

    return work


def differences(results: Mapping[str, list[Any]]) -> list[str]:
    return [f"{who}: bytes are missing, or something is left: {result}" for who, result in results.items() if result != [True, []]]


BENCHMARK = Benchmark(
    name="pipe",
    title="Pipe",
    about="A training channel in mode Pipe, from local files: until another process has read the first MiB, or all, and nothing is left of "
    "the channel. The first MiB is read from objects that take no room on the disk.",
    candidates=(
        Candidate("whole", tilth(1, RATE, RATE), times=3, title=f"{RATE >> 30} GiB"),
        Candidate("cat", cat, times=3, title=f"{RATE >> 30} GiB, by `cat` to the same reader"),
        Candidate("tilth", tilth(1, MIB, MIB), times=5, title="the first MiB of one"),
        Candidate("large", tilth(1, LARGE, MIB), times=5, title=f"the first MiB of {LARGE >> 40} TiB in one object"),
        Candidate("many", tilth(MANY, LARGE, MIB), times=5, title=f"the first MiB of {LARGE >> 40} TiB in {MANY:,} objects"),
    ),
    compared=False,
    targets=(
        Target("the first MiB of a TiB", lambda f: f["large"].wall, 0.2, "s"),
        Target("the first MiB of 10,000 objects, core seconds", lambda f: f["many"].cpu, 0.2, "s"),
        Target("a GiB to `cat`, core seconds", ratio("whole", "cat", of="cpu"), 1.25),
    ),
    differences=differences,
)
