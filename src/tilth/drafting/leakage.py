"""Label leakage: columns that would be unknown, or known only together with the label, at prediction time; and duplicate columns.

A suspicion that the first rows refute is not tested on all rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice
from typing import Any

from tilth.data import Dataset, Roles
from tilth.drafting.sample import Sample
from tilth.drafting.summary import FEW, ColumnSummary
from tilth.engine.expressions import col, is_null
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.measures.insights.power import maps_of
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured

MOST_PAIRS = 50  # of columns to compare in all rows

Pairs = Mapping[tuple[Any, ...], int]


def label_counts(label: ColumnSummary, data: Dataset, engine: Session) -> dict[Any, int]:
    """The label's values with their numbers of rows."""
    whole = Frequencies((label.name,))
    return dict(label.top) or {key: n for (key,), n in measured(data, [whole], engine)[whole].items() if key is not None}


def leakage(
    seen: Sequence[ColumnSummary], roles: Roles, counts: Mapping[Any, int], sample: Sample, data: Dataset, engine: Session
) -> list[ColumnSummary]:
    """The columns, each with the reason why it may leak the label. `counts` are the label's values with their rows."""
    label = roles.label or ""
    others = [s for s in seen if s.name not in (label, *roles.id)]
    few = {(s.name, label): _pairs(sample, s.name, label) for s in others if 2 <= s.distinct <= FEW}
    same = _of_all({pair: found for pair, found in few.items() if _may_be_one_to_one(found)}, sample, data, engine)
    gaps = [s.name for s in others if 0 < s.missing < s.rows and _may_be_null_by_label(_nulls(sample, s.name, label))]
    nulls = {name: count(is_null(col(name))).grouped(col(label)) for name in gaps[:MOST_PAIRS]}
    answer = engine.answer(data, nulls.values()) if nulls else {}

    def reason(s: ColumnSummary) -> str:
        if (s.name, label) in same and _one_to_one(same[s.name, label]):
            return "each of its values occurs with one value of the label only"
        if s.name in nulls and _null_by_label({key: n for (key,), n in answer[nulls[s.name]].items()}, counts):
            return "it is null exactly where the label has one value"
        return ""

    return [replace(s, leakage=reason(s)) for s in seen]


def duplicate_columns(seen: Sequence[ColumnSummary], roles: Roles, sample: Sample, data: Dataset, engine: Session) -> list[ColumnSummary]:
    """The columns, each with the first earlier column that duplicates it: their values and nulls correspond one to one.

    Not compared are columns of two values, columns with a role, columns that may leak the label, and pairs of numeric columns, which may
    differ in scale.
    """
    parts = {roles.label, roles.time, *roles.id}
    fit = [s for s in seen if 3 <= s.distinct <= FEW and s.name not in parts and not (s.leakage or s.private or s.ambiguous)]
    alike: dict[tuple[int, ...], list[ColumnSummary]] = defaultdict(list)
    for s in fit:
        alike[(s.missing, *sorted(n for _, n in s.top))].append(s)
    pairs = ((a, b) for same in alike.values() for a, b in combinations(same, 2) if not (a.numeric and b.numeric))
    tables = {(a.name, b.name): found for a, b in pairs if _may_be_one_to_one(found := _pairs(sample, a.name, b.name))}
    distinct = {s.name: s.distinct + (s.missing > 0) for s in fit}
    same: dict[str, str] = {}
    for (a, b), found in _of_all(tables, sample, data, engine).items():
        if _one_to_one(found) and len(found) == distinct[a]:
            same.setdefault(b, a)
    return [replace(s, duplicate_of=same.get(s.name, "")) for s in seen]


def _pairs(sample: Sample, a: str, b: str) -> Pairs:
    return Counter(zip(sample.values(a).to_pylist(), sample.values(b).to_pylist(), strict=True))


def _of_all(pairs: Mapping[tuple[str, str], Pairs], sample: Sample, data: Dataset, engine: Session) -> Mapping[tuple[str, str], Pairs]:
    """The pairs of values in all rows, one scan for each pair of columns that the first rows leave open."""
    if sample.complete or not pairs:
        return pairs
    asked = {pair: Frequencies(pair) for pair in islice(pairs, MOST_PAIRS)}
    found = measured(data, asked.values(), engine)
    return {pair: found[metric] for pair, metric in asked.items()}


def _may_be_one_to_one(table: Pairs) -> bool:
    pairs = [key for key in table if None not in key]
    return len(pairs) == len({a for a, _ in pairs})


def _one_to_one(table: Pairs) -> bool:
    pairs = {(key[0], key[1]): n for key, n in table.items() if None not in key and n}
    return bool(maps_of(pairs, sum(pairs.values())))


def _nulls(sample: Sample, name: str, label: str) -> Pairs:
    return Counter(zip(sample.values(name).is_null().to_pylist(), sample.values(label).to_pylist(), strict=True))


def _may_be_null_by_label(table: Pairs) -> bool:
    """Whether a column is null in nearly all or hardly any of the rows of each label value."""
    rows: dict[Any, int] = Counter()
    for (_, label), n in table.items():
        rows[label] += n
    return all(min(n, rows[label] - n) <= 0.02 * rows[label] for (missing, label), n in table.items() if missing and label is not None)


def _null_by_label(gaps: Mapping[Any, int], counts: Mapping[Any, int]) -> bool:
    """Whether a column is null in all rows of some label values, and in no other rows."""
    shares = [gaps.get(value, 0) / n for value, n in counts.items() if n]
    return len(shares) > 1 and max(shares) > 0.99 and min(shares) < 0.01
