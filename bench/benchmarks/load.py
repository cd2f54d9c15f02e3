"""An hour at full load: see bench/load.py. `LOAD_SECONDS` sets another duration."""

from __future__ import annotations

import os
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Figures, Target, Work
from bench.load import CLIENTS, GROWTH, run

SECONDS = float(os.environ.get("LOAD_SECONDS", "3600"))


def served(folder: Path) -> Work:
    return lambda: run(SECONDS).described()


BENCHMARK = Benchmark(
    name="load",
    title="Full load",
    about=f"`tilth serve` and {CLIENTS} clients at once that send valid requests of every type and broken ones, are slow, go away or close "
    "their side; then an overload, and SIGTERM while requests are half sent. Seconds and core seconds include server and clients.",
    candidates=(Candidate("mixed", served, runs=1, title="mixed requests"),),
    targets=(
        Target("requests without the one right answer", lambda f: len(f["mixed"].result["problems"]), 0, ""),
        Target("memory that the server has more than after a fifth of the time", lambda f: grown(f["mixed"]), GROWTH / 2**20, "MiB"),
    ),
    scale=0,
    compared=False,
)


def grown(figures: Figures) -> float:
    return float(figures.result["grown"]) / 2**20
