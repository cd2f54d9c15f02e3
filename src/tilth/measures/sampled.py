"""The rows of a table that a profile inspects, all or a sample; and statistics of a column's values in them, by numpy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind
from tilth.engine.arrow import as_numpy, mask_of
from tilth.engine.expressions import add, coalesce, col, double, lit, lt, mul, sub
from tilth.engine.needs import Sample
from tilth.engine.operations.numbers import Finite
from tilth.engine.operations.strings import BLANKS
from tilth.engine.operations.sums import CentralMoment2, DoubleSum
from tilth.engine.session import Session
from tilth.metrics.metric import ratio

ROWS, LEAST, CELLS = 100_000, 5_000, 3_000_000  # a sample's most and least rows, and most cells
FEW = 50  # values of a column with at most this many distinct ones are counted
MOST_GROUPS = 5_000  # most combinations of values of columns that are counted together
ENOUGH = 16  # least combinations of hashed values per row
STEPS = 2.0**26  # parts of a column's range
STRIDES = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)  # φ⁻¹, φ⁻², φ⁻³ with φ⁴ = φ + 1: they spread evenly in 3 dimensions
COMPARABLE = frozenset(
    {Kind.BOOLEAN, Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.STRING, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ, Kind.TIME}
)
COUNTED = COMPARABLE - {Kind.DECIMAL}
"""Kinds whose statistics are computed from the rows themselves if the table is small."""


class Spread(NamedTuple):
    """A column of numbers with its smallest and largest one, and about how many are distinct."""

    column: Column
    low: float
    high: float
    distinct: float


@dataclass(frozen=True)
class Rows:
    """All rows of a table with `of` rows, or a sample."""

    table: pa.Table
    of: int

    @property
    def all_there(self) -> bool:
        """Whether these are all rows."""
        return len(self.table) == self.of

    @cached_property
    def _values(self) -> dict[str, Values]:
        return {}

    def values(self, name: str) -> Values:
        """The values of a column, computed once."""
        if name not in self._values:
            self._values[name] = values_of(self.table[name])
        return self._values[name]

    def known(self, columns: Sequence[Column]) -> list[Column]:
        """The columns that the rows have."""
        names = set(self.table.column_names)
        return [c for c in columns if c.name in names]


def most_rows(columns: int) -> int:
    """The number of rows in a sample of this many columns."""
    return max(min(ROWS, CELLS // max(1, columns)), LEAST)


def sampled_rows(data: Dataset, columns: Sequence[str], rows: int, spreads: Sequence[Spread], session: Session) -> Rows:
    """All rows if they are no more than a sample would have, else a sample.

    Hashing every row would cost more than the rest of the profile. Therefore rows are chosen by a cheap hash of the two or three numeric
    columns with the most distinct values; the hash of all columns is used only if these have too few.
    """
    if not columns:
        return Rows(pa.table({}), 0)
    most = most_rows(len(columns))
    if rows <= most:
        return Rows(all_rows(data, columns, session), rows)
    condition = thinned(spreads, rows, most / rows)
    if condition is not None:
        found = _rows(Sample(tuple(columns), 2 * most, hashed=False).filtered(condition), data, session)
        if most / 2 < len(found) < 2 * most or not session.answers_are_real:
            return Rows(found, rows)
    return Rows(_rows(Sample(tuple(columns), most), data, session), rows)


def all_rows(data: Dataset, columns: Sequence[str], session: Session) -> pa.Table:
    """All rows of some columns."""
    return _rows(Sample(tuple(columns), None, hashed=False), data, session)


def _rows(sample: Sample, data: Dataset, session: Session) -> pa.Table:
    return session.answer(data, [sample])[sample]


def thinned(spreads: Sequence[Spread], rows: int, share: float) -> Tree | None:
    """A condition that about this share of the rows meets, evenly spread; None if the rows have too few distinct numbers.

    A row's place is the fractional part of Σ (x − low) · k; each k has a different ratio to its column's range.
    """
    differ = sorted((s for s in spreads if s.low < s.high), key=lambda s: -round(math.log2(max(s.distinct, 1))))
    chosen = next((differ[:n] for n in (2, 3) if math.prod(s.distinct for s in differ[:n]) >= ENOUGH * rows), None)
    if chosen is None:
        return None
    places = [
        mul(sub(coalesce(_number(s.column), lit(s.low)), lit(s.low)), lit(stride * STEPS / (s.high - s.low)))
        for s, stride in zip(chosen, STRIDES, strict=False)
    ]
    place = places[0]
    for other in places[1:]:
        place = add(place, other)
    return lt(sub(place, exp.Floor(this=place.copy())), lit(share))


def _number(column: Column) -> Tree:
    return Finite.of(col(column.name)) if column.kind is Kind.FLOAT else double(col(column.name))


# ── values ──


@dataclass(frozen=True)
class Values:
    """The distinct values of a column in some rows, with the number of rows of each.

    Numbers and times are sorted. For other kinds, `codes` has the index of each row's value, −1 if missing.
    """

    values: pa.Array | np.ndarray
    rows: np.ndarray
    codes: np.ndarray | None = None

    @property
    def distinct(self) -> int:
        """The number of distinct values."""
        return len(self.rows)

    @cached_property
    def numbers(self) -> np.ndarray:
        """The finite numbers of all rows, as sorted doubles."""
        x = self.values if isinstance(self.values, np.ndarray) else as_numpy(self.values.cast(pa.float64(), safe=False))
        x, finite = x.astype(float), np.isfinite(x)
        found: np.ndarray = np.repeat(x[finite], self.rows[finite])
        return found if self.codes is None else np.sort(found)

    @cached_property
    def filled(self) -> np.ndarray:
        """Marks the strings that are not blank."""
        return as_numpy(pc.binary_length(pc.utf8_trim(self.values, BLANKS))) > 0

    def counts(self, least: int = 1) -> dict[Any, int]:
        """Value → rows, for values with at least `least` rows."""
        kept = self.rows >= least
        values = self.values[kept].tolist() if isinstance(self.values, np.ndarray) else self.values.filter(mask_of(kept)).to_pylist()
        return dict(zip(values, self.rows[kept].tolist(), strict=True))

    def frequent(self, most: int) -> tuple[tuple[Any, int], ...]:
        """The most frequent non-blank strings that several rows have, with their rows; ties by value."""
        last = len(self.rows) - most - 1  # one extra, in case one is blank
        least = max(2, np.partition(self.rows, last)[last] if last >= 0 else 0)
        return tuple(ordered({v: n for v, n in self.counts(least).items() if v.strip()}, most).items())


def values_of(column: pa.ChunkedArray) -> Values:
    """The values of a column, without NaN."""
    is_time = pa.types.is_temporal(column.type)
    if is_time or pa.types.is_float64(column.type) or pa.types.is_int64(column.type):  # sorting is many times as fast as hashing
        there = column.drop_null().combine_chunks()
        plain = there.view(f"int{column.type.bit_width}") if is_time else there
        values, rows = _sorted_counts(as_numpy(plain))
        return Values(pa.Array.from_buffers(column.type, len(values), [None, pa.py_buffer(values)]) if is_time else values, rows)
    chunks = column.dictionary_encode().chunks or [pa.array([], column.type).dictionary_encode()]  # they share one dictionary
    codes = np.concatenate([np.nan_to_num(as_numpy(c.indices), nan=-1).astype(np.int32) for c in chunks])
    values = chunks[-1].dictionary
    return Values(values, np.bincount(codes[codes >= 0], minlength=len(values)), codes)


def _sorted_counts(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct numbers in order, without NaN, and their counts; integers in a small range are counted without sorting."""
    if x.dtype.kind == "i" and len(x) and (span := int(x.max()) - (low := int(x.min()))) < 2 * len(x):
        counts = np.bincount(x - low, minlength=span + 1)
        found = np.flatnonzero(counts)
        return (found + low).astype(x.dtype), counts[found]
    x = np.sort(x[x == x])
    first = starts(x)
    return x[first], np.diff(first, append=len(x))


def starts(x: np.ndarray) -> np.ndarray:
    """The index of the first of each run of equal sorted values. numpy's `unique` would load masked arrays, which takes longer."""
    new = np.ones(len(x), bool)
    new[1:] = x[1:] != x[:-1]
    return np.flatnonzero(new)


def quantiles_of(x: np.ndarray, asked: Mapping[str, float]) -> dict[str, float]:
    """The interpolated quantiles of sorted numbers (Hyndman and Fan 1996, type 7); empty without numbers."""
    if not len(x):
        return {}
    at = np.array(list(asked.values())) * (len(x) - 1)
    below = at.astype(int)
    part, low, high = at - below, x[below], x[np.ceil(at).astype(int)]
    found = np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))  # as numpy rounds
    return dict(zip(asked, found.tolist(), strict=True))


def counted(column: Column, rows: pa.ChunkedArray, values: Values) -> dict[str, Any]:
    """The statistics that an aggregating scan would compute, from all rows of a table; for the kinds in `COUNTED`."""
    present = len(rows) - rows.null_count
    if column.kind is Kind.STRING:
        return {"present": present, **_of_strings(values)}
    if column.kind.temporal:
        ends = pc.min_max(rows).as_py()
        return {"present": present, "minimum": ends["min"], "maximum": ends["max"]}
    if column.kind not in (Kind.INTEGER, Kind.FLOAT):
        return {"present": present}
    x = values.numbers
    found = {"mean": ratio(DoubleSum.of_array(x), len(x)), "deviation": None}
    if len(x):
        found["deviation"] = math.sqrt((CentralMoment2.of_array(x) or 0.0) / len(x))
    if column.kind is Kind.FLOAT:
        found |= {"present": int(values.rows.sum()), "finite": len(x)}  # the values exclude NaN
        return found | {"minimum": float(x[0]) if len(x) else None, "maximum": float(x[-1]) if len(x) else None}
    ends = (int(values.values[0]), int(values.values[-1])) if present else (None, None)  # sorted
    return found | {"present": present, "minimum": ends[0], "maximum": ends[1]}


def numbers_of_strings(counts: Mapping[str, int]) -> dict[str, Any]:
    """The same numbers for a column of strings, from the number of rows of each value."""
    values = Values(pa.array(list(counts), pa.string()), np.array(list(counts.values()), np.int64))
    return {"present": int(values.rows.sum()), **_of_strings(values)}


def _of_strings(values: Values) -> dict[str, Any]:
    """The number of strings that are not blank, and the lengths of all."""
    lengths = as_numpy(pc.utf8_length(values.values)).astype(np.int64)
    mean = ratio(int((lengths * values.rows).sum()), int(values.rows.sum()))
    of_all = None if mean is None else {"min": int(lengths.min()), "max": int(lengths.max()), "mean": mean}
    return {"filled": int(values.rows[values.filled].sum()), "lengths": of_all}


def ordered(counts: Mapping[Any, int], most: int) -> dict[Any, int]:
    """The `most` most frequent values with their rows, the most frequent first; ties by value."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most])


def packs(sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Groups of columns to count together, by their numbers of values, so that a group has at most `most` combinations."""
    pack, groups = list[str](), 1
    for name in sorted(sizes, key=lambda name: sizes[name]):
        if pack and groups * sizes[name] > most:
            yield pack
            pack, groups = [], 1
        pack, groups = [*pack, name], groups * sizes[name]
    if pack:
        yield pack
