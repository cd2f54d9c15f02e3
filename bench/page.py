"""docs/performance.md, written from the figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import growth
from bench.contest import Contest, Figures, Target

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

HEAD = """# Performance

What Tilth costs, beside the best that can be written by hand and beside the libraries that do the same work. This page is written by
the command that took the figures; `bench/` says what each contestant does.

    make bench                                   # all of it: 20 million rows × 20 columns, an hour
    make bench ARGS="--rows 2000000 --only rules"
    make bench ARGS="--growth all"                 # the growth curves

Each contestant runs in a process of its own, in turns with the others, several times; the figures are medians. *Seconds* are by the
clock, from the moment its libraries are loaded to the moment it has its answer, reading the Parquet files included; *core seconds* are
those of all its processes; *peak* is the most memory that these held at once. A ratio below 1 means that Tilth takes less. That the
contestants find the same is checked in the same run.
"""


def write_page(results: Sequence[tuple[Contest, dict[str, Any]]]) -> Path:
    """The page from the figures of every contest."""
    parts = [HEAD, *promises(results)]
    for held, result in results:
        parts += ["", *section(held, result)]
    parts += growth.section()
    PAGE.write_text("\n".join(parts) + "\n", "utf-8")
    return PAGE


def promises(results: Sequence[tuple[Contest, dict[str, Any]]]) -> Iterator[str]:
    """Every promise with what was measured; a ratio is kept if it is in core seconds too, which other work hardly touches."""
    yield "## What is promised\n"
    rows = []
    for held, result in results:
        for target, told in zip(held.targets, result["targets"], strict=True):
            where = f"[{held.title}](#{held.title.lower().replace(' ', '-')})"
            cores = in_core_seconds(target, result["figures"])
            held_to = "yes" if kept(target, told, result["figures"]) else "**no**"
            rows.append(
                (
                    where,
                    target.text,
                    number(told["value"], target.unit),
                    "" if cores is None else number(cores),
                    number(target.most, target.unit),
                    held_to,
                )
            )
    yield from table(("", "promise", "measured", "in core seconds", "at most", "kept"), rows)


def in_core_seconds(target: Target, figures: dict[str, dict[str, float]]) -> float | None:
    """The ratio of core seconds instead of seconds by the clock; None where the promise is no ratio."""
    if target.unit != "×":
        return None
    try:
        return target.value({name: Figures(f["cpu"], f["cpu"], f["peak"]) for name, f in figures.items()})
    except (KeyError, ValueError):  # somebody who is compared could not take part
        return None


def kept(target: Target, told: dict[str, Any], figures: dict[str, dict[str, float]]) -> bool:
    """Whether a promise is kept, by the clock and, where it is a ratio, in core seconds."""
    cores = in_core_seconds(target, figures)
    return bool(told["reached"] and (cores is None or cores <= target.most))


def section(held: Contest, result: dict[str, Any]) -> Iterator[str]:
    """One contest: its figures, what could not take part, what differs, and why a promise is not kept."""
    yield f"## {held.title}\n"
    yield f"{held.about} {result['rows']:,} rows.\n" if result["rows"] else f"{held.about}\n"
    figures = result["figures"]
    ours = figures.get(held.contestants[0].name)
    rows = []
    for c in held.contestants:
        if c.name in figures:
            f = figures[c.name]
            of_ours = f"{ours['wall'] / f['wall']:.2g}" if ours and c.name != held.contestants[0].name and held.compared else ""
            of_cores = f"{ours['cpu'] / f['cpu']:.2g}" if of_ours and f["cpu"] else ""
            rows.append((c.title or c.name, number(f["wall"]), number(f["cpu"]), number(f["peak"]), of_ours, of_cores))
    yield from table(("", "seconds", "core seconds", "peak GiB", "Tilth to it", "in core seconds"), rows)
    yield from (f"\n{name} could not take part: {reason}." for name, reason in result["absent"].items())
    yield from (f"\nNot the same: {difference}." for difference in result["differences"])
    for target, told in zip(held.targets, result["targets"], strict=True):
        if target.why and not kept(target, told, figures):
            yield f"\nNot kept, {target.text}: {target.why}"
    yield f"\n{machine(result['machine'])}"


def machine(m: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in m["versions"].items())
    busy = f" Other work kept {m['load']:.1f} cores busy when it ended." if m["load"] > m["cores"] + 1 else ""
    return f"*{m['cores']} cores, {m['memory_gib']} GiB; {versions}.{busy}*"


def number(value: float | None, unit: str = "") -> str:
    """Three digits, with the unit."""
    if value is None:
        return "not measured"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---', *['---'] * (len(head) - 1)])}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
