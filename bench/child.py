"""Runs one candidate in a separate process: python -m bench.child BENCHMARK CANDIDATE FOLDER RESULT."""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

from bench.processes import cpu_seconds


def main(benchmark: str, name: str, folder: str, place: str) -> None:
    candidates = import_module(f"bench.benchmarks.{benchmark}").BENCHMARK.candidates
    candidate = next(c for c in candidates if c.name == name)
    work = candidate.prepare(Path(folder))
    cpu, begin = cpu_seconds(os.getpid()), time.perf_counter()
    for _ in range(candidate.times):
        result = work()
    wall, cpu = time.perf_counter() - begin, cpu_seconds(os.getpid()) - cpu
    figures = {"wall": wall / candidate.times, "cpu": cpu / candidate.times, "result": result}
    Path(place).write_text(json.dumps(figures), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
