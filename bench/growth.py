"""Measures how time grows with data and requests: one curve for each axis and engine, each point in a separate process."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.benchmark import number
from bench.benchmarks.planning import ruleset

ROOT = Path(__file__).parent.parent
POINTS = Path(__file__).with_name("growth.json")  # the latest points; kept, because each axis is measured separately
DRAWING = ROOT / "docs" / "growth.svg"
ENGINES = ("duckdb", "spark")
LONGEST = 1800  # time limit of a point in seconds
COLOURS = {"duckdb": "#1f6f8b", "spark": "#c1672c"}

Work = Callable[[], Any]


@dataclass(frozen=True)
class Curve:
    """One axis: its sizes, the work at each size, and the limit of the exponent with which time grows."""

    name: str
    about: str
    sizes: tuple[int, ...]
    work: Callable[[int, str], Work]
    most: float


def checked_rows(rows: int, engine: str) -> Work:
    """The forty rules over `rows` rows of trips."""
    from bench.data import make

    rules = Path(__file__).with_name("forty_rules.dqdl").read_text("utf-8")
    return checking(make(rows), rules, engine)


def checked_rules(rules: int, engine: str) -> Work:
    """`rules` rules over a million rows."""
    from bench.data import make

    return checking(make(1_000_000), ruleset(rules), engine)


def checking(folder: Path, rules: str, engine: str) -> Work:
    import tilth

    tilth.check(str(folder / "drivers" / "*.parquet"), "Rules = [ RowCount > 0 ]", engine=engine)  # starts the engine
    return lambda: tilth.check(str(folder / "trips" / "*.parquet"), rules, engine=engine)


def prepared_columns(columns: int, engine: str) -> Work:
    """A thousand rows with `columns` columns, half of them strings: filled, scaled, encoded and profiled."""
    import numpy as np
    import pyarrow as pa

    draw = np.random.default_rng(0)
    numbers = {f"n{i}": pa.array(draw.normal(size=1000), mask=draw.random(1000) < 0.1) for i in range(columns // 2)}
    words = {f"s{i}": pa.array(np.array(["a", "b", "c"])[draw.integers(0, 3, 1000)]) for i in range(columns - columns // 2)}
    flow = """
split: {train: 0.8, test: 0.2}
features: [{impute: numeric}, {scale: numeric}, {encode: categorical}]
measure: [profile]
"""
    return running(flow, pa.table(numbers | words), engine)


def prepared_steps(steps: int, engine: str) -> Work:
    """`steps` steps in pairs; the two steps of a pair change the same column."""
    import numpy as np
    import pyarrow as pa

    table = pa.table({f"n{i}": np.random.default_rng(i).normal(size=1000) for i in range(max(1, steps // 2))})
    kinds = ("- scale: {{columns: n{i}}}", "- impute: {{columns: n{i}, with: mean}}")
    lines = "\n".join("  " + kinds[k % 2].format(i=k // 2) for k in range(steps))
    return running(f"features:\n{lines}\n", table, engine)


def running(flow: str, table: Any, engine: str) -> Work:
    import tilth

    tilth.check(table.slice(0, 1), "Rules = [ RowCount > 0 ]", engine=engine)  # starts the engine
    return lambda: tilth.run(tilth.Flow.parse(flow), data=table, engine=engine)


CURVES = (
    Curve("rows", "forty rules over 1 to 32 million rows", tuple(1_000_000 * 2**k for k in range(6)), checked_rows, 1.05),
    Curve("rules", "10 to 10,000 rules over a million rows", (10, 100, 1_000, 10_000), checked_rules, 0.5),
    Curve("columns", "20 to 2,000 columns filled, scaled, encoded and profiled", (20, 200, 2_000), prepared_columns, 1.05),
    Curve("steps", "10 to 1,000 steps", (10, 100, 1_000), prepared_steps, 1.05),
)


def measure_growth(names: Sequence[str] = (), engines: Sequence[str] = ENGINES) -> None:
    """Measure the curves, and save each point at once."""
    known: dict[str, dict[str, float]] = json.loads(POINTS.read_text("utf-8"))
    for curve in (c for c in CURVES if not names or c.name in names):
        for engine in engines:
            points = known[f"{curve.name} {engine}"] = {}
            for size in curve.sizes:
                seconds = point(curve.name, size, engine)
                print(f"  {curve.name:<8} {engine:<7} {size:>12,} {'too long' if seconds is None else f'{seconds:.3g} s'}", file=sys.stderr)
                if seconds is None:
                    break
                points[str(size)] = seconds
                POINTS.write_text(json.dumps(known, indent=2) + "\n", "utf-8")


def point(name: str, size: int, engine: str) -> float | None:
    """Measure one point in a separate process, in seconds; None if it takes too long or fails."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "bench.growth", name, str(size), engine]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=LONGEST)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(str(error.stderr or error)[-500:], file=sys.stderr)
        return None
    return float(done.stdout.strip().splitlines()[-1])


def exponent(points: Mapping[str, float]) -> float:
    """The exponent b of seconds = a · size^b, fitted by least squares of the logarithms."""
    x, y = [math.log(int(size)) for size in points], [math.log(seconds) for seconds in points.values()]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def section() -> list[str]:
    """The section of docs/performance.md with the drawing."""
    known = json.loads(POINTS.read_text("utf-8"))
    rows = [row for curve in CURVES for engine in ENGINES if (row := line(curve, engine, known.get(f"{curve.name} {engine}", {})))]
    DRAWING.write_text(drawing(known), "utf-8")
    head = [
        "",
        "## Growth",
        "",
        "Seconds against size, both axes logarithmic; the exponent b of seconds = a · size^b that fits best (1 is linear).",
        "",
        "![How time grows](growth.svg)",
        "",
        "|  | engine | smallest | largest | exponent | at most | met |",
        "|---|---|---|---|---|---|---|",
    ]
    return head + rows


def line(curve: Curve, engine: str, points: Mapping[str, float]) -> str:
    if len(points) < 2:
        return ""
    (first, *_, last), b = points.items(), exponent(points)
    ends = " | ".join(f"{int(size):,}: {number(seconds, 's')}" for size, seconds in (first, last))
    met = "yes" if b <= curve.most and int(last[0]) == curve.sizes[-1] else "**no**"
    return f"| {curve.about} | {engine} | {ends} | {b:.2f} | {curve.most} | {met} |"


def drawing(known: Mapping[str, Mapping[str, float]]) -> str:
    """Four small panels, one for each curve, with a line for each engine."""
    panels = "".join(panel(i, curve, known) for i, curve in enumerate(CURVES))
    title = "<title>Seconds against size for rows, rules, columns and steps, on DuckDB and Spark</title>"
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 230" font-family="sans-serif" font-size="11" role="img">'
    return f"{head}{title}{panels}</svg>\n"


def panel(i: int, curve: Curve, known: Mapping[str, Mapping[str, float]]) -> str:
    series = {e: {int(s): t for s, t in known.get(f"{curve.name} {e}", {}).items()} for e in ENGINES}
    times = [t for points in series.values() for t in points.values()] or [1]
    low, high = math.log(min(times)) - 0.1, math.log(max(times)) + 0.1
    left, right = math.log(curve.sizes[0]), math.log(curve.sizes[-1])

    def power(points: Mapping[int, float]) -> str:
        return f"n^{exponent({str(size): seconds for size, seconds in points.items()}):.2f}"

    def at(size: int, seconds: float) -> str:
        x = 45 + 200 * i + 140 * (math.log(size) - left) / (right - left)
        return f"{x:.1f},{190 - 150 * (math.log(seconds) - low) / (high - low):.1f}"

    lines = "".join(
        f'<polyline fill="none" stroke="{COLOURS[e]}" stroke-width="2" points="{" ".join(at(s, t) for s, t in points.items())}"/>'
        f'<text x="{50 + 200 * i}" y="{38 + 14 * k}" fill="{COLOURS[e]}">{e} {power(points)}</text>'
        for k, (e, points) in enumerate(series.items())
        if len(points) > 1
    )
    frame = f'<rect x="{40 + 200 * i}" y="25" width="150" height="170" fill="none" stroke="#888"/>'
    names = "".join(
        f'<text x="{x + 200 * i}" y="{y}" text-anchor="{anchor}">{text}</text>'
        for x, y, anchor, text in (
            (115, 18, "middle", curve.name),
            (40, 210, "start", f"{curve.sizes[0]:,}"),
            (190, 210, "end", f"{curve.sizes[-1]:,}"),
            (36, 195, "end", axis_text(low)),
            (36, 34, "end", axis_text(high)),
        )
    )
    return frame + names + lines


def axis_text(logarithm: float) -> str:
    """Seconds with two or three digits, from their logarithm."""
    seconds = math.exp(logarithm)
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"


def main(name: str, size: str, engine: str) -> None:
    """Measure one point, and print its seconds."""
    work = next(c for c in CURVES if c.name == name).work(int(size), engine)
    begin = time.perf_counter()
    work()
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
