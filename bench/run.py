"""Run the benchmarks: each candidate in a separate process, in turns. Figures go to bench/out; --report keeps them for the page."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from bench.benchmark import Benchmark, Candidate, Figures
from bench.environments import python_for
from bench.growth import measure_growth
from bench.page import write_growth, write_page
from bench.processes import resident_bytes

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "out"
KEPT = Path(__file__).with_name("figures.json")  # the figures on the page; kept, because benchmarks are run on different days
LARGE = (
    *(
        "rules",
        "verdicts",
        "planning",
        "footers",
        "catalog",
        "profile",
        "insights",
        "bias",
        "prepare",
        "steps",
        "target",
        "words",
        "smote",
        "resample",
        "split",
        "run",
    ),
    *("shuffle", "recordio", "row", "serve", "batch", "servers"),
)
USUAL = (*LARGE, "redact", "sensitive", "shap", "records", "pipe", "start", "draft", "memory", "export", "encrypted")
BENCHMARKS = (*USUAL, "load")  # takes an hour
ROWS = 20_000_000
RUNS = 3
LONGEST = 4500.0  # time limit of a process in seconds
INTERVAL = 0.02  # seconds between two memory measurements


def load(name: str) -> Benchmark:
    """Load a benchmark by its name."""
    found: Benchmark = import_module(f"bench.benchmarks.{name}").BENCHMARK
    return found


def measure_all(benchmark: Benchmark, rows: int, runs: int) -> dict[str, Any]:
    """Measure all candidates in rounds, so that other work on the machine affects them alike."""
    figures: dict[str, list[Figures]] = {c.name: [] for c in benchmark.candidates}
    absent: dict[str, str] = {}
    for turn in range(runs):
        for c in benchmark.candidates:
            if c.name in absent or turn >= (c.runs or runs):
                continue
            try:
                figures[c.name].append(scaled(measured(benchmark.name, c, min(rows, c.rows or rows)), c, rows))
            except Absent as reason:
                absent[c.name] = str(reason)
            print(f"  {benchmark.name:<9} {c.name:<20} {progress(figures[c.name], absent.get(c.name))}", file=sys.stderr)
    figures_of = {name: medians(runs) for name, runs in figures.items() if runs}
    return result_of(benchmark, figures_of, absent, rows)


def progress(runs: list[Figures], absent: str | None) -> str:
    return absent or f"{runs[-1].wall:.4g} s, cpu {runs[-1].cpu:.4g} s, {runs[-1].peak:.2f} GiB"


class Absent(Exception):
    """A candidate could not run."""


def measured(name: str, candidate: Candidate, rows: int) -> Figures:
    """Run one process. It measures its own seconds; its memory is measured here."""
    OUT.mkdir(exist_ok=True)
    answer_file = OUT / f"answer-{os.getpid()}.json"
    answer_file.unlink(missing_ok=True)
    try:
        python = python_for(candidate)
    except subprocess.CalledProcessError as error:
        raise Absent(f"cannot be installed: {last_line(error.stderr)}") from error
    command = [python, "-m", "bench.child", name, candidate.name, str(tables(rows)), str(answer_file)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "ignore"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # so that installed packages are compiled only once
    with (OUT / f"output-{os.getpid()}.txt").open("w+") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        peak = peak_memory(process)
        output.seek(0)
        if process.returncode != 0 or not answer_file.exists():
            raise Absent(f"failed: {last_line(output.read())}")
    answer = json.loads(answer_file.read_text("utf-8"))
    return Figures(answer["wall"], answer["cpu"], peak / 2**30, answer["result"])


def peak_memory(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process; return the peak memory of it and its descendants."""
    peak, end = 0, time.monotonic() + LONGEST
    while process.poll() is None:
        peak = max(peak, resident_bytes(process.pid))
        if time.monotonic() > end:
            process.kill()
            process.wait()
        time.sleep(INTERVAL)
    return peak


def tables(rows: int) -> Path:
    """The folder of the benchmark tables, made in a separate process if it is missing."""
    made = subprocess.run([sys.executable, "-m", "bench.data", "--rows", str(rows)], cwd=ROOT, check=True, capture_output=True, text=True)
    return Path(made.stdout.strip())


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1][:200]


def scaled(f: Figures, candidate: Candidate, rows: int) -> Figures:
    """The figures scaled from the rows of the candidate to all rows."""
    k = rows / candidate.rows if candidate.rows and candidate.rows < rows else 1
    return Figures(f.wall * k, f.cpu * k, f.peak, f.result)


def medians(runs: list[Figures]) -> Figures:
    """The median of each figure."""
    return Figures(median(r.wall for r in runs), median(r.cpu for r in runs), median(r.peak for r in runs), runs[-1].result)


def result_of(benchmark: Benchmark, figures: dict[str, Figures], absent: dict[str, str], rows: int) -> dict[str, Any]:
    found = {name: f.result for name, f in figures.items()}
    return {
        "benchmark": benchmark.name,
        "rows": rows,
        "figures": {name: {"wall": f.wall, "cpu": f.cpu, "peak": f.peak} for name, f in figures.items()},
        "absent": absent,
        "targets": list(checked_targets(benchmark, figures)),
        "differences": benchmark.differences(found),
        "remarks": benchmark.remarks(found),
        "machine": machine(),
    }


def checked_targets(benchmark: Benchmark, figures: dict[str, Figures]) -> Iterator[dict[str, Any]]:
    for target in benchmark.targets:
        try:
            value = target.value(figures)
        except (KeyError, ValueError):  # a candidate of the comparison could not run
            value = None
        yield {
            "text": target.text,
            "value": value,
            "most": target.most,
            "unit": target.unit,
            "reached": value is not None and value <= target.most,
        }


def machine() -> dict[str, Any]:
    """The machine and the versions for the figures."""
    from importlib.metadata import version

    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    names = ("duckdb", "polars", "pandas", "scikit-learn", "pyspark", "pyarrow", "sqlglot")
    versions = {"python": sys.version.split()[0]} | {n: version(n) for n in names}
    return {"cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory), "load": os.getloadavg()[0], "versions": versions}


def summary(result: dict[str, Any]) -> Iterable[str]:
    """The result of a benchmark for the terminal."""
    for target in result["targets"]:
        value = "not measured" if target["value"] is None else f"{target['value']:.3g} {target['unit']}"
        yield f"  {'reached ' if target['reached'] else 'MISSED  '} {target['text']}: {value} (at most {target['most']:g} {target['unit']})"
    yield from (f"  DIFFERS  {d}" for d in result["differences"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What Tilth costs, compared with the best written by hand.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="this benchmark only; may be given several times")
    parser.add_argument("--report", action="store_true", help="write docs/performance.md, with the newest figures of each benchmark")
    parser.add_argument("--growth", action="append", metavar="AXIS", help="this growth curve only (rows, rules, columns, steps), or `all`")
    asked = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    if asked.growth:
        measure_growth([] if "all" in asked.growth else asked.growth)
        print(write_growth())
        return
    for name in asked.only or (() if asked.report else USUAL):
        print(name, file=sys.stderr)
        benchmark = load(name)
        result = measure_all(benchmark, asked.rows * benchmark.scale, asked.runs)
        (OUT / f"{name}.json").write_text(json.dumps(result, indent=2), "utf-8")
        print("\n".join(summary(result)))
    if asked.report or not asked.only:
        print(write_page([(load(n), r) for n, r in kept().items()]))


def kept() -> dict[str, Any]:
    """The kept figures of each benchmark, replaced by newer ones from bench/out, which are then kept."""
    newer = {n: json.loads((OUT / f"{n}.json").read_text("utf-8")) for n in BENCHMARKS if (OUT / f"{n}.json").exists()}
    known = json.loads(KEPT.read_text("utf-8")) | newer
    results = {n: known[n] for n in BENCHMARKS if n in known}
    KEPT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return results
