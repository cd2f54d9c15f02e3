"""Finds columns with names of persons whatever the column's name: looks a sample up in lists, then counts names in all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tilth.data import Dataset
from tilth.engine.needs import Fold, Sample
from tilth.engine.session import Session
from tilth.entities.names import is_name

SAMPLED, FEWEST = 1_000, 20  # rows of the sample, and the fewest distinct strings for a verdict
ENOUGH: Mapping[tuple[str, ...], float] = {("full",): 0.5, ("first",): 0.7, ("first", "last"): 0.9}
"""Kinds of names → the share of distinct strings that must be of them. Single names need more, because cities, months and colours are
names, too."""


@dataclass(frozen=True)
class Names(Fold):
    """Counts the strings of a column that are names of persons."""

    def start(self) -> int:
        return 0

    def update(self, state: int, batch: pa.RecordBatch) -> int:
        counted = batch.column(0).drop_null().value_counts()
        texts, rows = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
        found: int = sum(n for text, n in zip(texts, rows, strict=True) if is_name(text))
        return state + found

    def merge(self, a: int, b: int) -> int:
        return a + b


def named(table: Dataset, columns: Sequence[str], seed: int, session: Session) -> dict[str, int]:
    """Column of strings with names of persons → the number of its values that are names."""
    if not columns:
        return {}
    need = Sample(tuple(columns), SAMPLED, seed)
    folds = {c: Names((c,)) for c in _likely(session.answer(table, [need])[need])}
    answers = session.answer(table, [*folds.values()]) if folds else {}
    return {c: answers[fold] or 0 for c, fold in folds.items()}


def _likely(sample: pa.Table) -> Iterator[str]:
    for c in sample.column_names:
        texts = set(sample[c].drop_null().to_pylist())
        kinds = Counter(map(is_name, texts))
        if len(texts) >= FEWEST and any(sum(kinds[k] for k in several) >= share * len(texts) for several, share in ENOUGH.items()):
            yield c
