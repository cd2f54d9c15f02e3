"""Equivalence classes (rows that are equal in all quasi-identifiers), as a table of counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Dataset
from tilth.engine.arrow import as_numpy
from tilth.engine.expressions import col
from tilth.engine.groups import Groups
from tilth.engine.session import Session
from tilth.engine.statistics import count


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of the groups, as codes of its sorted values; null, if present, has the last code."""

    codes: np.ndarray
    values: tuple[Any, ...]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Coded:
        """The values of a column as codes."""
        values = pc.unique(column).drop_null()
        values = values.take(pc.sort_indices(values)) if not pa.types.is_boolean(values.type) else pa.array([False, True])
        codes = pc.fill_null(pc.index_in(column, values), len(values))
        return cls(as_numpy(codes.combine_chunks()), (*values.to_pylist(), *([None] if column.null_count else [])))

    def by(self, places: np.ndarray) -> np.ndarray:
        """The codes of coarser values; `places` has the coarser code of each code."""
        coarser: np.ndarray = places[self.codes]
        return coarser


@dataclass(frozen=True, eq=False)
class Counted:
    """The groups of rows that are equal in all requested columns, with their numbers of rows."""

    columns: dict[str, Coded]
    sizes: np.ndarray

    @classmethod
    def of(cls, data: Dataset, columns: Iterable[str], session: Session) -> Counted | None:
        """The groups of a table, in one scan; None for a table without rows."""
        names = list(dict.fromkeys(columns))
        need = count().grouped(*map(col, names))
        found = session.answer(data, [need])[need]
        if not found:
            return None
        groups = Groups.of(found)
        kept = as_numpy(groups.numbers.combine_chunks()) > 0  # a filter leaves empty groups
        columns_of = {name: Coded.of(c) for name, c in zip(names, groups.keys_of.columns, strict=True)}
        if not kept.any():
            return None
        return cls({n: Coded(c.codes[kept], c.values) for n, c in columns_of.items()}, as_numpy(groups.numbers.combine_chunks())[kept])

    @cached_property
    def rows(self) -> int:
        """The rows of the table."""
        return int(self.sizes.sum())

    def classes(self, keys: Sequence[np.ndarray]) -> np.ndarray:
        """The class number of each group, by the codes of some columns; without columns, all groups are one class."""
        found = np.zeros(len(self.sizes), np.int64)
        for codes in keys:
            mixed = found * (int(codes.max(initial=0)) + 1) + codes
            found = np.unique(mixed, return_inverse=True)[1].reshape(-1)
        return found

    def class_sizes(self, keys: Sequence[np.ndarray]) -> np.ndarray:
        """The rows of each class."""
        return np.bincount(self.classes(keys), weights=self.sizes).astype(np.int64)

    def crossed(self, classes: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pairs of class and code that occur, and their numbers of rows, ordered by class and code."""
        width = int(codes.max(initial=0)) + 1
        pairs, place = np.unique(classes * width + codes, return_inverse=True)
        return pairs // width, pairs % width, np.bincount(place.reshape(-1), weights=self.sizes)
