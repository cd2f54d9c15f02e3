"""Changes that make classes larger: columns become coarser, one change at a time, until no row is in a small class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from tilth.measures.disclosure.classes import Coded, Counted

WIDTHS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
PARTS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
MOST_ROUNDS = 20
LONGEST_CODE = 12  # most characters of a postal code or the like


@dataclass(frozen=True)
class Remedy:
    """One change by the step `redact` (`step`: its parameters), with the smallest class and the rows below the wanted size after it."""

    column: str
    step: str
    k: int
    rows_below: int


@dataclass(frozen=True, eq=False)
class _Level:
    step: str
    places: np.ndarray  # the coarser code of each code


def remedies(counted: Counted, quasi: Sequence[str], wanted: int) -> list[Remedy]:
    """Changes chosen greedily: each leaves the fewest rows in classes below the wanted size.

    Among equal ones, the change that keeps the most values is taken. A later change of a column replaces an earlier one.
    """
    levels = {c: list(_levels(counted.columns[c])) for c in quasi}
    keys = {c: counted.columns[c].codes for c in quasi}
    below, found = _below(counted, list(keys.values()), wanted), list[Remedy]()
    while below and len(found) < MOST_ROUNDS:
        best: tuple[int, int, str, int] | None = None
        for c in quasi:
            for i, level in enumerate(levels[c]):
                left = _below(counted, [*(keys[o] for o in quasi if o != c), counted.columns[c].by(level.places)], wanted)
                kept = len(np.unique(level.places))
                if left < below and (best is None or (left, -kept) < best[:2]):
                    best = (left, -kept, c, i)
        if best is None:
            break
        below, _, column, i = best
        level, levels[column] = levels[column][i], levels[column][i + 1 :]
        keys[column] = counted.columns[column].by(level.places)
        k = int(counted.class_sizes(list(keys.values())).min())
        found.append(Remedy(column, level.step, k, below))
    return found


def _below(counted: Counted, keys: Sequence[np.ndarray], wanted: int) -> int:
    """The rows in classes that are too small."""
    sizes = counted.class_sizes(keys)
    return int(sizes[sizes < wanted].sum())


def _levels(column: Coded) -> Iterator[_Level]:
    """The coarser versions of a column, the finest first; the last one drops it."""
    known = [v for v in column.values if v is not None]
    if known and all(isinstance(v, date) for v in known):
        for part, months in PARTS.items():
            yield _Level(f"with: mask_date, part: {part}", _places(column, lambda v, m=months: (12 * v.year + v.month - 1) // m))
    elif known and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known):
        spread = max(known) - min(known)
        for width in (w for w in WIDTHS if w < spread):
            yield _Level(f"with: generalise, bins: {width}", _places(column, lambda v, w=width: v // w))
    elif known and all(isinstance(v, str) and len(v) <= LONGEST_CODE and any(c.isdigit() for c in v) for v in known):
        for n in range(max(map(len, known)) - 1, 0, -1):
            yield _Level(f"with: generalise, digits: {n}", _places(column, lambda v, n=n: v[:n]))
    yield _Level("with: drop", np.zeros(len(column.values), np.int64))


def _places(column: Coded, coarser: Any) -> np.ndarray:
    """The coarser code of each code; null keeps its own."""
    places: dict[Any, int] = {}
    made = [places.setdefault(None if v is None else (coarser(v),), len(places)) for v in column.values]
    return np.array(made, np.int64)
