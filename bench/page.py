"""Writes docs/performance.md from the figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import growth
from bench.benchmark import Benchmark, Figures, Target, number

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

HEAD = """# Performance

This page shows the time and memory that Tilth takes, compared with the best hand-written code and with libraries that do the same work.
The benchmark command writes this page with its figures; `bench/` has the code of each candidate.

    make bench                                   # all of it: 20 million rows × 20 columns, an hour
    make bench ARGS="--rows 2000000 --only rules"
    make bench ARGS="--growth all"                 # the growth curves

Each candidate runs in its own process, several times, alternating with the others; the figures are medians. *Seconds* are wall-clock
time, from the moment its libraries are loaded to the moment it has its answer, including reading the Parquet files. *Core seconds* are
those of all its processes, and *peak* is the most memory that these use at once. A ratio below 1 means that Tilth takes less. The same
run checks that all candidates find the same.
"""


def write_page(results: Sequence[tuple[Benchmark, dict[str, Any]]]) -> Path:
    """Write the page from the figures of all benchmarks."""
    parts = [HEAD, *targets(results)]
    for benchmark, result in results:
        parts += ["", *section(benchmark, result)]
    parts += growth.section()
    PAGE.write_text("\n".join(parts) + "\n", "utf-8")
    return PAGE


def write_growth() -> Path:
    """Rewrite the last section of the page, the growth curves."""
    before = PAGE.read_text("utf-8").split("\n## Growth\n")[0].rstrip("\n")
    PAGE.write_text("\n".join([before, *growth.section()]) + "\n", "utf-8")
    return PAGE


def targets(results: Sequence[tuple[Benchmark, dict[str, Any]]]) -> Iterator[str]:
    """Every target with its measured value. A ratio must also be met in core seconds, which other work hardly affects."""
    yield "## Targets\n"
    rows = []
    for benchmark, result in results:
        for target, measured in zip(benchmark.targets, result["targets"], strict=True):
            where = f"[{benchmark.title}](#{benchmark.title.lower().replace(' ', '-')})"
            cores = in_core_seconds(target, result["figures"])
            met = "yes" if is_met(target, measured, result["figures"]) else "**no**"
            rows.append(
                (
                    where,
                    target.text,
                    number(measured["value"], target.unit),
                    "" if cores is None else number(cores),
                    number(target.most, target.unit),
                    met,
                )
            )
    yield from table(("", "target", "measured", "in core seconds", "at most", "met"), rows)


def in_core_seconds(target: Target, figures: dict[str, dict[str, float]]) -> float | None:
    """The ratio in core seconds instead of wall-clock seconds; None if the target is not a ratio."""
    if target.unit != "×":
        return None
    try:
        return target.value({name: Figures(f["cpu"], f["cpu"], f["peak"]) for name, f in figures.items()})
    except (KeyError, ValueError, TypeError):  # a candidate of the comparison could not run, or the target is about its result
        return None


def is_met(target: Target, measured: dict[str, Any], figures: dict[str, dict[str, float]]) -> bool:
    """Whether a target is met by the clock and, if it is a ratio, in core seconds."""
    values = measured["value"], in_core_seconds(target, figures)
    return values[0] is not None and all(x is None or x <= target.most for x in values)


def section(benchmark: Benchmark, result: dict[str, Any]) -> Iterator[str]:
    """The section of a benchmark: its figures, the candidates that could not run, remarks, the differences, and why a target is not met."""
    yield f"## {benchmark.title}\n"
    yield f"{benchmark.about} {result['rows']:,} rows.\n" if result["rows"] else f"{benchmark.about}\n"
    figures = result["figures"]
    ours = figures.get(benchmark.candidates[0].name)
    rows = []
    for c in benchmark.candidates:
        if c.name in figures:
            f = figures[c.name]
            of_ours = f"{ours['wall'] / f['wall']:.2g}" if ours and c.name != benchmark.candidates[0].name and benchmark.compared else ""
            of_cores = f"{ours['cpu'] / f['cpu']:.2g}" if of_ours and f["cpu"] else ""
            rows.append((c.title or c.name, number(f["wall"]), number(f["cpu"]), number(f["peak"]), of_ours, of_cores))
    yield from table(("", "seconds", "core seconds", "peak GiB", "Tilth to it", "in core seconds"), rows)
    yield from (f"\n{name} could not run: {reason}." for name, reason in result["absent"].items())
    yield from (f"\n{remark}" for remark in result.get("remarks", ()))
    yield from (f"\nNot the same: {difference}." for difference in result["differences"])
    for target, measured in zip(benchmark.targets, result["targets"], strict=True):
        if target.why and not is_met(target, measured, figures):
            yield f"\nNot met, {target.text}: {target.why}"
    yield f"\n{machine(result['machine'])}"


def machine(m: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in m["versions"].items())
    busy = f" Other work kept {m['load']:.1f} cores busy when it ended." if m["load"] > m["cores"] + 1 else ""
    return f"*{m['cores']} cores, {m['memory_gib']} GiB; {versions}.{busy}*"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---', *['---'] * (len(head) - 1)])}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
