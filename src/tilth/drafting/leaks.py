"""What may tell the label: columns that would not be known, or would be known only with it, when a prediction is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from tilth.data import Dataset, Roles
from tilth.drafting.seen import FEW, Seen
from tilth.engine.expressions import col, is_null
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured

MOST_PAIRS = 50  # of columns that are compared with one another
ENOUGH = 5  # rows of each value, below which it is no wonder that they have one label


def label_counts(label: str, data: Dataset, engine: Session) -> dict[Any, int]:
    """The label's values with their rows."""
    whole = Frequencies((label,))
    return {key: n for (key,), n in measured(data, [whole], engine)[whole].items() if key is not None}


def leaks(seen: Sequence[Seen], roles: Roles, counts: Mapping[Any, int], data: Dataset, engine: Session) -> list[Seen]:
    """The columns with the reason for which they may tell the label: a pass for each column of few values, and one for the gaps."""
    label = roles.label or ""
    others = [s for s in seen if s.name not in (label, *roles.id)]
    gaps = {s.name: count(is_null(col(s.name))).grouped(col(label)) for s in others if 0 < s.missing < s.rows}
    groups = {s.name: Frequencies((s.name, label)) for s in others if 2 <= s.distinct <= FEW}
    gap_counts = engine.answer(data, gaps.values()) if gaps else {}
    tables = measured(data, groups.values(), engine) if groups else {}
    found = []
    for s in seen:
        leak = ""
        if s.name in groups and _one_to_one(tables[groups[s.name]]):
            leak = "each of its values goes with one value of the label"
        elif s.name in gaps and _empty_by_label({k[0]: n for k, n in gap_counts[gaps[s.name]].items()}, counts):
            leak = "it is empty just where the label has one value"
        found.append(replace(s, leak=leak))
    return found


def twins(seen: Sequence[Seen], roles: Roles, data: Dataset, engine: Session) -> list[Seen]:
    """The columns, each with the first one before it that says the same: as many values, missing as often, and going together one to one.

    Columns of two values are not looked at, nor those that play a part or may tell the label; nor are two columns of numbers, which may go
    together and yet grow otherwise. A pass for each pair of columns that agree in
    how often their values occur, `MOST_PAIRS` of them at most.
    """
    parts = {roles.label, roles.time, *roles.id}
    fit = [s for s in seen if 3 <= s.distinct <= FEW and s.name not in parts and not (s.leak or s.private or s.ambiguous)]
    counts = {s.name: Frequencies((s.name,)) for s in fit if sum((s.distinct, s.missing) == (t.distinct, t.missing) for t in fit) > 1}
    found = measured(data, counts.values(), engine) if counts else {}
    shapes = {name: sorted(n for (value,), n in found[m].items() if value is not None) for name, m in counts.items()}
    numbers = {s.name for s in fit if s.numeric}
    pairs = [(a, b) for a, b in combinations(shapes, 2) if shapes[a] == shapes[b] and not {a, b} <= numbers][:MOST_PAIRS]
    asked = {pair: Frequencies(pair) for pair in pairs}
    tables = measured(data, asked.values(), engine) if asked else {}
    same: dict[str, str] = {}
    for a, b in pairs:
        if _one_to_one(tables[asked[a, b]]) and len(tables[asked[a, b]]) == len(found[counts[a]]):
            same.setdefault(b, a)
    return [replace(s, twin=same.get(s.name, "")) for s in seen]


def _one_to_one(table: Mapping[tuple[Any, ...], int]) -> bool:
    pairs = {key: n for key, n in table.items() if None not in key and n}
    values, labels = {a for a, _ in pairs}, {b for _, b in pairs}
    return len(pairs) == len(values) and len(labels) > 1 and sum(pairs.values()) >= ENOUGH * len(values)


def _empty_by_label(gaps: Mapping[Any, int], counts: Mapping[Any, int]) -> bool:
    """Whether a column is empty in all rows of some values of the label, and in none of the others."""
    shares = [gaps.get(value, 0) / n for value, n in counts.items() if n]
    return len(shares) > 1 and max(shares) > 0.99 and min(shares) < 0.01
