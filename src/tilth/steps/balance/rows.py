"""Rows for methods of `balance` that use neighbours: classes, numbers and categories in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Roles, Schema, select
from tilth.engine.arrow import as_numpy
from tilth.engine.expressions import in_
from tilth.engine.needs import Sample
from tilth.engine.operations.hashing import TEXTS, key_string
from tilth.errors import Mistake, RequestError
from tilth.metrics.neighbours import Points
from tilth.steps.balance.method import Sizes
from tilth.steps.naming import value_text
from tilth.steps.step import Asking

MOST_CELLS = 100_000_000
MOST_CATEGORIES = 1_000  # of a column, where categories are compared in pairs
HASH = "\x1fhash"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows in the order of their values, or of their hashes, with the places of their classes among `names`.

    `numbers` has a column for each of `numeric`, `codes` one for each of `categories`: the places of its values in these, null among them.
    """

    table: pa.Table
    names: tuple[str, ...]
    classes: np.ndarray
    numeric: tuple[str, ...]
    numbers: np.ndarray
    categories: dict[str, pa.Array]
    codes: np.ndarray

    def of(self, name: str) -> np.ndarray:
        """The places of the rows of a class."""
        return np.flatnonzero(self.classes == self.names.index(name))

    def points(self, spread: np.ndarray | None = None) -> Points:
        """The rows as points; categories are as far apart as numbers are spread in the rows at the places `spread`, by default all."""
        if self.numbers.shape[1]:
            numbers = self.numbers if spread is None else self.numbers[spread]
            square = float(np.median(numbers.std(axis=0))) ** 2 if len(numbers) else 0.0
            return Points(self.numbers, self.codes, (_Differing(square or 1.0),) * self.codes.shape[1])
        return Points(self.numbers, self.codes, tuple(_Values(self._differences(codes)) for codes in self.codes.T))

    def _differences(self, codes: np.ndarray) -> np.ndarray:
        """The squares of the value differences of a column's categories: Σ |P(class | a) − P(class | b)| over the classes."""
        counts = np.zeros((codes.max(initial=0) + 1, len(self.names)))
        np.add.at(counts, (codes, self.classes), 1.0)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        return sum((np.abs(np.subtract.outer(share, share)) for share in shares.T), np.zeros((len(shares), len(shares)))) ** 2


@dataclass(frozen=True)
class _Differing:
    """Categories that differ are all as far apart."""

    square: float

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.where(a != b, self.square, 0.0)


@dataclass(frozen=True, eq=False)
class _Values:
    """Categories are as far apart as a table says."""

    squares: np.ndarray

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.squares[a, b]
        return found


def features(schema: Schema, roles: Roles, label: Column) -> list[Column]:
    """The columns that define the distance of rows."""
    return [schema[c] for c in select(("numeric", "categorical"), schema, roles) if c != label.name]


def sampled(
    label: Column, schema: Schema, roles: Roles, sizes: Sizes, more: Iterable[str] = (), only: Sequence[str] = (), hashed: bool = False
) -> Asking[Rows]:
    """All rows, or only rows of the classes `only`, with features, label, the columns `more` and, on request, hashes.

    Errors: `RequestError` without features, for too many rows, and for every feature with a missing or infinite number.
    """
    given = features(schema, roles, label)
    numbers = [c for c in given if c.kind.numeric]
    only = only if numbers else ()  # without numbers distances depend on the other classes, too
    columns = tuple(dict.fromkeys([*(c.name for c in given), label.name, *more]))
    if not given:
        message, hint = "balance: there is no feature by which rows could be near each other", "use `over` or `under`"
        raise RequestError(message, accepted="a column of numbers, strings or booleans", hint=hint, code="no-feature")
    _reject_many(sum(size for name, size in sizes.items() if not only or name in only), len(columns))
    need = Sample(columns, None, hashed=hashed, key=HASH if hashed else "")
    need = need.filtered(in_(key_string([label]), only)) if only else need
    table: pa.Table = (yield [need])[need]
    if not hashed:
        table = table.take(pc.sort_indices(table, [(c, "ascending") for c in columns]))
    table = table.combine_chunks()
    matrix = [_doubles(table[c.name]) for c in numbers]
    RequestError.reject(m for c, values in zip(numbers, matrix, strict=True) if (m := _unfit(c, values)))
    coded = {c.name: pc.dictionary_encode(table[c.name], null_encoding="encode").combine_chunks() for c in given if not c.kind.numeric}
    codes = [_codes(column) for column in coded.values()]
    if not numbers:
        RequestError.reject(_too_many(c, len(column.dictionary)) for c, column in coded.items() if len(column.dictionary) > MOST_CATEGORIES)
    names = tuple(sizes)
    return Rows(
        table,
        names,
        _classes(label, table[label.name], names),
        tuple(c.name for c in numbers),
        np.stack(matrix, axis=1) if matrix else np.empty((len(table), 0)),
        {c: column.dictionary for c, column in coded.items()},
        np.stack(codes, axis=1) if codes else np.empty((len(table), 0), np.int64),
    )


def _reject_many(rows: int, columns: int) -> None:
    if rows * columns > MOST_CELLS:
        message = f"balance: neighbours would be looked for among {rows:,} rows of {columns:,} columns"
        accepted = f"up to {MOST_CELLS:,} cells"
        raise RequestError(message, accepted=accepted, hint="drop columns, `under` first, or use `over`", code="too-many-rows")


def _too_many(column: str, categories: int) -> Mistake:
    message = f"balance: column {column!r} has {categories:,} categories, which are compared in pairs"
    hint = "group the rare ones, by `group_rare` in `features`"
    return Mistake(message, accepted=f"up to {MOST_CATEGORIES:,}", hint=hint, code="too-many-categories")


def _doubles(values: pa.ChunkedArray) -> np.ndarray:
    return as_numpy(values.cast(pa.float64(), safe=False)).astype(np.float64)


def _unfit(column: Column, values: np.ndarray) -> Mistake | None:
    unfit = int((~np.isfinite(values)).sum())
    if not unfit:
        return None
    hint = "drop the column" if unfit == len(values) else "impute it in `features`, or filter these rows"
    message = f"balance: column {column.name!r} is missing or infinite in {unfit:,} rows, and neighbours need numbers"
    return Mistake(message, hint=hint, code="missing-number")


def _codes(column: Any) -> np.ndarray:
    return as_numpy(column.indices).astype(np.int64)


def _classes(label: Column, values: pa.ChunkedArray, names: Sequence[str]) -> np.ndarray:
    """The place of each row's class among the names."""
    coded = pc.dictionary_encode(values).combine_chunks()
    text: Callable[[Any], str] = TEXTS[label.kind].row or value_text if label.kind in TEXTS else value_text
    places = np.array([names.index(text(value)) for value in coded.dictionary.to_pylist()], np.int64)
    return places[_codes(coded)] if len(values) else np.empty(0, np.int64)
