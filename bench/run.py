"""The measurements: every contest, every contestant in a process of its own, in turns; figures into bench/out, the page by --report."""

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

from bench.contest import Contest, Contestant, Figures
from bench.environments import python_for
from bench.growth import grown
from bench.page import write_page
from bench.processes import resident_bytes

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "out"
CONTESTS = ("rules", "planning", "bias", "prepare", "split", "shuffle", "row", "start", "memory")
ROWS = 20_000_000
RUNS = 3
LONGEST = 1200.0  # seconds that one process may take
BLINK = 0.02  # seconds between two looks at the memory


def contest(name: str) -> Contest:
    """The contest of a name."""
    found: Contest = import_module(f"bench.contests.{name}").CONTEST
    return found


def raced(given: Contest, rows: int, runs: int) -> dict[str, Any]:
    """The figures of every contestant: all of them once, then all of them again, so that a busy minute hurts them alike."""
    figures: dict[str, list[Figures]] = {c.name: [] for c in given.contestants}
    absent: dict[str, str] = {}
    for turn in range(runs):
        for c in given.contestants:
            if c.name in absent or turn >= (c.runs or runs):
                continue
            try:
                figures[c.name].append(scaled(measured(given.name, c, min(rows, c.rows or rows)), c, rows))
            except Absent as reason:
                absent[c.name] = str(reason)
            print(f"  {given.name:<9} {c.name:<20} {said(figures[c.name], absent.get(c.name))}", file=sys.stderr)
    middle = {name: middling(runs_) for name, runs_ in figures.items() if runs_}
    return summed_up(given, middle, absent, rows)


def said(runs: list[Figures], absent: str | None) -> str:
    return absent or f"{runs[-1].wall:.4g} s, cpu {runs[-1].cpu:.4g} s, {runs[-1].peak:.2f} GiB"


class Absent(Exception):
    """A contestant could not take part."""


def measured(name: str, contestant: Contestant, rows: int) -> Figures:
    """One process: its seconds are its own to tell, its memory is watched from here."""
    OUT.mkdir(exist_ok=True)
    told = OUT / f"told-{os.getpid()}.json"
    told.unlink(missing_ok=True)
    try:
        python = python_for(contestant)
    except subprocess.CalledProcessError as error:
        raise Absent(f"cannot be installed: {last_line(error.stderr)}") from error
    command = [python, "-m", "bench.child", name, contestant.name, str(tables(rows)), str(told)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "ignore"}
    with (OUT / f"words-{os.getpid()}.txt").open("w+") as words:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=words, stderr=words)
        peak = watched(process)
        words.seek(0)
        if process.returncode != 0 or not told.exists():
            raise Absent(f"failed: {last_line(words.read())}")
    answer = json.loads(told.read_text("utf-8"))
    return Figures(answer["wall"], answer["cpu"], peak / 2**30, answer["result"])


def watched(process: subprocess.Popen[bytes]) -> int:
    """The most memory that the process and its descendants held until it ended."""
    peak, end = 0, time.monotonic() + LONGEST
    while process.poll() is None:
        peak = max(peak, resident_bytes(process.pid))
        if time.monotonic() > end:
            process.kill()
            process.wait()
        time.sleep(BLINK)
    return peak


def tables(rows: int) -> Path:
    """The folder of the trial tables, made in a process of its own where it is not there."""
    made = subprocess.run([sys.executable, "-m", "bench.data", "--rows", str(rows)], cwd=ROOT, check=True, capture_output=True, text=True)
    return Path(made.stdout.strip())


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no words"])[-1][:200]


def scaled(f: Figures, contestant: Contestant, rows: int) -> Figures:
    """Seconds for all rows, from those for the rows that the contestant was given."""
    k = rows / contestant.rows if contestant.rows and contestant.rows < rows else 1
    return Figures(f.wall * k, f.cpu * k, f.peak, f.result)


def middling(runs: list[Figures]) -> Figures:
    """Medians."""
    return Figures(median(r.wall for r in runs), median(r.cpu for r in runs), median(r.peak for r in runs), runs[-1].result)


def summed_up(given: Contest, figures: dict[str, Figures], absent: dict[str, str], rows: int) -> dict[str, Any]:
    return {
        "contest": given.name,
        "rows": rows,
        "figures": {name: {"wall": f.wall, "cpu": f.cpu, "peak": f.peak} for name, f in figures.items()},
        "absent": absent,
        "targets": list(judged(given, figures)),
        "differences": given.differences({name: f.result for name, f in figures.items()}),
        "machine": machine(),
    }


def judged(given: Contest, figures: dict[str, Figures]) -> Iterator[dict[str, Any]]:
    for target in given.targets:
        try:
            value = target.value(figures)
        except (KeyError, ValueError):  # somebody who is compared could not take part
            value = None
        yield {
            "text": target.text,
            "value": value,
            "most": target.most,
            "unit": target.unit,
            "reached": value is not None and value <= target.most,
        }


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    from importlib.metadata import version

    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    names = ("duckdb", "polars", "pandas", "scikit-learn", "pyspark", "pyarrow", "sqlglot")
    versions = {"python": sys.version.split()[0]} | {n: version(n) for n in names}
    return {"cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory), "load": os.getloadavg()[0], "versions": versions}


def shown(result: dict[str, Any]) -> Iterable[str]:
    """A contest's outcome for the terminal."""
    for target in result["targets"]:
        value = "not measured" if target["value"] is None else f"{target['value']:.3g} {target['unit']}"
        yield f"  {'reached ' if target['reached'] else 'MISSED  '} {target['text']}: {value} (at most {target['most']:g} {target['unit']})"
    yield from (f"  DIFFERS  {d}" for d in result["differences"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What Tilth costs, as ratios to the best written by hand.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", action="append", choices=CONTESTS, help="this contest only; may be given several times")
    parser.add_argument("--report", action="store_true", help="write docs/performance.md from the newest figures of each contest")
    parser.add_argument("--growth", action="append", metavar="AXIS", help="this growth curve only (rows, rules, columns, steps), or `all`")
    asked = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    if asked.growth:
        grown([] if "all" in asked.growth else asked.growth)
        return
    for name in asked.only or (() if asked.report else CONTESTS):
        print(name, file=sys.stderr)
        held = contest(name)
        result = raced(held, asked.rows * held.scale, asked.runs)
        (OUT / f"{name}.json").write_text(json.dumps(result, indent=2), "utf-8")
        print("\n".join(shown(result)))
    if asked.report or not asked.only:
        results = {n: json.loads((OUT / f"{n}.json").read_text("utf-8")) for n in CONTESTS if (OUT / f"{n}.json").exists()}
        print(write_page([(contest(n), r) for n, r in results.items()]))
