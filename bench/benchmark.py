"""The parts of a benchmark: candidates that do the same work, and targets for comparing their figures."""

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

    `prepare` gets the folder of the tables, loads libraries and returns the work; only the work is timed. The work is repeated `times`
    times in one process, and the figures are divided by that. `needs` are the packages of a separate environment, for packages that
    conflict with others. `rows` is the maximum number of rows; the figures are then scaled to all rows. `runs` is the maximum number of
    processes.
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
    """The figures of a candidate: wall-clock seconds, seconds of all cores, peak memory of its processes in GiB, and its result."""

    wall: float
    cpu: float
    peak: float
    result: Any = None


@dataclass(frozen=True)
class Target:
    """A number computed from the figures, and its limit. `why` explains, from profiling, why the target is not met."""

    text: str
    value: Callable[[Mapping[str, Figures]], float]
    most: float
    unit: str = "×"
    why: str = ""


@dataclass(frozen=True)
class Benchmark:
    """Candidates, targets, a check that the results are equal, which returns the differences, and remarks on the results for the page.

    It runs on `scale` times the requested rows. `compared`: whether the figures of the first candidate are divided by those of the others.
    """

    name: str
    title: str
    about: str
    candidates: tuple[Candidate, ...]
    targets: tuple[Target, ...]
    differences: Callable[[Mapping[str, Any]], list[str]] = lambda results: []
    remarks: Callable[[Mapping[str, Any]], list[str]] = lambda results: []
    scale: int = 1
    compared: bool = True


def out(folder: Path, benchmark: str, name: str) -> Path:
    """An empty place for the output of a candidate. `folder` is the folder of the tables."""
    place = folder.parent / "out" / benchmark / name
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def ratio(ours: str, *theirs: str, of: str = "wall") -> Callable[[Mapping[str, Figures]], float]:
    """A function that divides our figure by the best one of the others that ran."""

    def value(figures: Mapping[str, Figures]) -> float:
        best = min(getattr(figures[t], of) for t in theirs if t in figures)
        return float(getattr(figures[ours], of) / best)

    return value


def close(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    """Whether two values are equal within a relative tolerance."""
    if isinstance(a, float | int) and isinstance(b, float | int):
        return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))
    return bool(a == b)


def number(value: float | None, unit: str = "") -> str:
    """A number with three digits and its unit."""
    if value is None:
        return "not measured"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()
