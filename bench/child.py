"""One contestant in a process of its own: python -m bench.child CONTEST CONTESTANT FOLDER RESULT."""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

from bench.processes import cpu_seconds


def main(contest: str, name: str, folder: str, place: str) -> None:
    contestants = import_module(f"bench.contests.{contest}").CONTEST.contestants
    contestant = next(c for c in contestants if c.name == name)
    work = contestant.prepare(Path(folder))
    cpu, begin = cpu_seconds(os.getpid()), time.perf_counter()
    for _ in range(contestant.times):
        result = work()
    wall, cpu = time.perf_counter() - begin, cpu_seconds(os.getpid()) - cpu
    figures = {"wall": wall / contestant.times, "cpu": cpu / contestant.times, "result": result}
    Path(place).write_text(json.dumps(figures), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
