"""Finds names of persons in texts: those that the same row has in columns of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tilth.data import Dataset
from tilth.engine.expressions import col, if_else, lit
from tilth.engine.needs import Fold
from tilth.engine.operations.patterns import Matches
from tilth.engine.session import Session
from tilth.entities.mentions import mentions

FREE = r"\S\s+\S+\s+\S"  # at least three words; a shorter cell is a value, not a text about somebody
TEXT = "\x1ftext"  # the column with the free texts of another one


@dataclass(frozen=True)
class Mentioned(Fold):
    """Counts the texts in the first column that mention the row's person, named in the other columns."""

    def start(self) -> int:
        return 0

    def update(self, state: int, batch: pa.RecordBatch) -> int:
        texts = batch.filter(batch.column(0).is_valid())
        rows = zip(*(column.to_pylist() for column in texts.columns), strict=True)
        return state + sum(bool(mentions(text, names)) for text, *names in rows)

    def merge(self, a: int, b: int) -> int:
        return a + b


def mentioned(table: Dataset, texts: Sequence[str], names: Sequence[str], session: Session) -> Mapping[str, int]:
    """Column of strings → the number of its free texts that mention the person of their row."""
    if not texts or not names:
        return {}
    free = {f"{TEXT}{i}": if_else(Matches.of(col(c), lit(FREE)), col(c)) for i, c in enumerate(texts)}
    folds = {c: Mentioned((made, *names)) for c, made in zip(texts, free, strict=True)}
    answers = session.answer(table.change(free), [*folds.values()])
    return {c: answers[fold] or 0 for c, fold in folds.items()}
