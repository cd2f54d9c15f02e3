"""A benchmark: candidates that do the same work, and targets for how their figures compare."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Work = Callable[[], Any]


@dataclass(frozen=True)
class Candidate:
    """One way to do the work.

    `prepare` is given the folder of the tables, loads its libraries and returns the work: only the work is timed. It is done
    `times` times in one process and the figures are those of one of them. `needs` are the packages of an environment of its
    own, for those that cannot live with others. `rows` is how many it is given at most: figures are then scaled to all rows.
    `runs` is how many processes at most.
    """

    name: str
    prepare: Callable[[Path], Work]
    needs: tuple[str, ...] = ()
    rows: int | None = None
    times: int = 1
    runs: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Figures:
    """What a candidate took: seconds by the clock, seconds of all cores, the most memory of its processes in GiB, and its result."""

    wall: float
    cpu: float
    peak: float
    result: Any = None


@dataclass(frozen=True)
class Target:
    """A number from the figures, and the most it may be. `why` is what profiling says where the target is not met."""

    text: str
    value: Callable[[Mapping[str, Figures]], float]
    most: float
    unit: str = "×"
    why: str = ""


@dataclass(frozen=True)
class Benchmark:
    """Candidates, targets, and a check that their results are equal: it returns what differs.

    It runs on `scale` times the rows asked for. `compared`: whether the first one's figures are divided by those of the others.
    """

    name: str
    title: str
    about: str
    candidates: tuple[Candidate, ...]
    targets: tuple[Target, ...]
    differences: Callable[[Mapping[str, Any]], list[str]] = lambda results: []
    scale: int = 1
    compared: bool = True


def out(folder: Path, benchmark: str, name: str) -> Path:
    """A place for what a candidate writes, where nothing is yet. `folder` is that of the tables."""
    place = folder.parent / "out" / benchmark / name
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def ratio(ours: str, *theirs: str, of: str = "wall") -> Callable[[Mapping[str, Figures]], float]:
    """Our figure, divided by the best of theirs that ran."""

    def value(figures: Mapping[str, Figures]) -> float:
        best = min(getattr(figures[t], of) for t in theirs if t in figures)
        return float(getattr(figures[ours], of) / best)

    return value


def close(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    """Equal, or equal within a relative tolerance."""
    if isinstance(a, float | int) and isinstance(b, float | int):
        return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))
    return bool(a == b)


def number(value: float | None, unit: str = "") -> str:
    """Three digits, with the unit."""
    if value is None:
        return "not measured"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()
