"""Label leakage: columns that would be unknown, or known only together with the label, at prediction time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from tilth.data import Dataset, Roles
from tilth.drafting.summary import FEW, ColumnSummary
from tilth.engine.expressions import col, is_null
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured

MOST_PAIRS = 50  # of columns to compare
ENOUGH = 5  # rows per value; with fewer, one label per value may be chance


def label_counts(label: str, data: Dataset, engine: Session) -> dict[Any, int]:
    """The label's values with their numbers of rows."""
    whole = Frequencies((label,))
    return {key: n for (key,), n in measured(data, [whole], engine)[whole].items() if key is not None}


def leakage(seen: Sequence[ColumnSummary], roles: Roles, counts: Mapping[Any, int], data: Dataset, engine: Session) -> list[ColumnSummary]:
    """The columns, each with the reason why it may leak the label: one scan per column of few values, and one for nulls."""
    label = roles.label or ""
    others = [s for s in seen if s.name not in (label, *roles.id)]
    gaps = {s.name: count(is_null(col(s.name))).grouped(col(label)) for s in others if 0 < s.missing < s.rows}
    groups = {s.name: Frequencies((s.name, label)) for s in others if 2 <= s.distinct <= FEW}
    gap_counts = engine.answer(data, gaps.values()) if gaps else {}
    tables = measured(data, groups.values(), engine) if groups else {}
    judged = []
    for s in seen:
        leak = ""
        if s.name in groups and _one_to_one(tables[groups[s.name]]):
            leak = "each of its values occurs with one value of the label only"
        elif s.name in gaps and _null_by_label({k[0]: n for k, n in gap_counts[gaps[s.name]].items()}, counts):
            leak = "it is null exactly where the label has one value"
        judged.append(replace(s, leakage=leak))
    return judged


def duplicate_columns(seen: Sequence[ColumnSummary], roles: Roles, data: Dataset, engine: Session) -> list[ColumnSummary]:
    """The columns, each with the first earlier column that duplicates it: their values and nulls correspond one to one.

    Not compared are columns of two values, columns with a role, columns that may leak the label, and pairs of numeric columns, which may
    differ in scale. One scan per pair of columns with the same value frequencies, `MOST_PAIRS` at most.
    """
    parts = {roles.label, roles.time, *roles.id}
    fit = [s for s in seen if 3 <= s.distinct <= FEW and s.name not in parts and not (s.leakage or s.private or s.ambiguous)]
    counts = {s.name: Frequencies((s.name,)) for s in fit if sum((s.distinct, s.missing) == (t.distinct, t.missing) for t in fit) > 1}
    values = measured(data, counts.values(), engine) if counts else {}
    shapes = {name: sorted(n for (value,), n in values[m].items() if value is not None) for name, m in counts.items()}
    numbers = {s.name for s in fit if s.numeric}
    pairs = [(a, b) for a, b in combinations(shapes, 2) if shapes[a] == shapes[b] and not {a, b} <= numbers][:MOST_PAIRS]
    frequencies = {pair: Frequencies(pair) for pair in pairs}
    tables = measured(data, frequencies.values(), engine) if frequencies else {}
    same: dict[str, str] = {}
    for a, b in pairs:
        if _one_to_one(tables[frequencies[a, b]]) and len(tables[frequencies[a, b]]) == len(values[counts[a]]):
            same.setdefault(b, a)
    return [replace(s, duplicate_of=same.get(s.name, "")) for s in seen]


def _one_to_one(table: Mapping[tuple[Any, ...], int]) -> bool:
    pairs = {key: n for key, n in table.items() if None not in key and n}
    values, labels = {a for a, _ in pairs}, {b for _, b in pairs}
    return len(pairs) == len(values) and len(labels) > 1 and sum(pairs.values()) >= ENOUGH * len(values)


def _null_by_label(gaps: Mapping[Any, int], counts: Mapping[Any, int]) -> bool:
    """Whether a column is null in all rows of some label values, and in no other rows."""
    shares = [gaps.get(value, 0) / n for value, n in counts.items() if n]
    return len(shares) > 1 and max(shares) > 0.99 and min(shares) < 0.01
