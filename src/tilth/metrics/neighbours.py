"""Nearest-neighbour search: exact at every size, independent of the number of threads, in little memory.

Rows are sorted into leaves, as in a k-d tree. Each leaf of query rows is compared with the leaves by matrix products in single precision,
the nearest leaves first, until bounds show that all others are farther away. If all rows are query rows and bounds rule out little, each
pair of leaves is compared once. Only rows that could be among the nearest, allowing for rounding, are compared in double precision, column
by column, so that the result does not depend on how the products are summed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

LEAF = 128  # rows per leaf; the library computes products of such small matrices without threads
MOST_NEIGHBOURS = 100
FIRST = 16  # leaves that are always compared
TRIED = 32  # parts that estimate how many leaves a part has to be compared with
AT_ONCE = 32  # leaves per matrix product: few enough for a processor's cache
TOGETHER = 8 * AT_ONCE  # leaves whose candidate pairs are processed together: few calls, bounded memory
TIED = 8  # more than this multiple of the wanted pairs can only remain because of many nearly equal distances
ROUNDED = 2.0**-23  # twice the relative error of single precision
FAR = 100.0
PAIRS = 1_000_000  # pairs per batch of comparisons in double precision
LEAST, MOST = 1e-35, 1e30  # smaller squares lose digits in single precision; no square is larger


Apart: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A function from codes of two categories of a column to the square of their distance."""


@dataclass(frozen=True, eq=False)
class Points:
    """Rows with a distance.

    The square of a distance is Σ (aᵢ − bᵢ)² over the columns of `numbers`, plus the squares from `apart` for the columns of `codes`, which
    are whole numbers from 0.
    """

    numbers: np.ndarray
    codes: np.ndarray
    apart: tuple[Apart, ...] = ()

    def squares(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The squares of the distances between the rows with the indices `a` and those with the indices `b`."""
        found = np.zeros(len(a))
        for x in self.numbers.T:
            found += (x[a] - x[b]) ** 2
        for apart, codes in zip(self.apart, self.codes.T, strict=True):
            found += apart(codes[a], codes[b])
        return found


def nearest(points: Points, of: np.ndarray, among: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """For each row with an index in `of`, its k nearest other rows with indices in `among`, and the squares of their distances.

    The nearest come first, equally near ones by index. There are fewer than k if `among` has fewer.

    >>> import numpy as np
    >>> rows = np.arange(3)
    >>> places, squares = nearest(Points(np.array([[0.0], [1.0], [3.0]]), np.empty((3, 0), int)), rows, rows, 2)
    >>> places.tolist(), squares.tolist()
    ([[1, 2], [0, 2], [1, 0]], [[1.0, 9.0], [1.0, 4.0], [4.0, 9.0]])
    """
    k = max(0, min(k, len(among) - bool(np.isin(of, among).any())))
    if not k or not len(of):
        return np.zeros((len(of), k), np.int64), np.zeros((len(of), k))
    each = 2 * len(of) >= len(among) and bool(np.isin(of, among).all())
    asked = among if each else of
    found, squares = _Search(points, asked, among, k, each).found()
    at = np.zeros(len(points.numbers), np.int64)
    at[np.sort(asked)] = k * np.arange(len(asked))
    chosen = at[of][:, None] + np.arange(k)
    return found[chosen], squares[chosen]


def _parts(numbers: np.ndarray, places: np.ndarray, size: int) -> list[np.ndarray]:
    """Split the indices into parts of this size (one may be smaller), by halving along the column with the widest range."""
    parts = -(-len(places) // size)
    if parts <= 1:
        return [places]
    half, order = parts // 2 * size, np.arange(len(places))
    if numbers.shape[1]:
        some = numbers[places]
        order = np.argpartition(some[:, np.argmax(some.max(axis=0) - some.min(axis=0))], half)
    return [*_parts(numbers, places[order[:half]], size), *_parts(numbers, places[order[half:]], size)]


@dataclass(frozen=True, eq=False)
class _Leaves:
    """Rows in shuffled leaves: their indices (−1 fills up a leaf), numbers and codes, and the bounds of each leaf.

    Numbers are centred at 0 and divided by a power of two, so that their squares fit single precision. `single` has them in single
    precision, with the sum of their squares.
    """

    middle: np.ndarray
    power: float
    places: np.ndarray
    numbers: np.ndarray
    single: np.ndarray
    codes: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, points: Points, parts: Sequence[np.ndarray]) -> _Leaves:
        middle = np.median(points.numbers[np.concatenate(parts)], axis=0)
        power = 2.0 ** int(np.frexp(np.abs(points.numbers - middle).max(initial=0.0))[1])
        places = np.full((len(parts), LEAF), -1)
        for leaf, part in zip(np.random.default_rng(0).permutation(len(parts)), parts, strict=True):
            places[leaf, : len(part)] = part
        rows = np.where(places < 0, places[:, :1], places)
        numbers = (points.numbers[rows] - middle) / power
        single = _with_squares(numbers, places)
        return cls(middle, power, places, numbers, single, points.codes[rows], numbers.min(axis=1), numbers.max(axis=1))

    @property
    def parts(self) -> list[np.ndarray]:
        """The indices of the rows of each leaf."""
        return [leaf[leaf >= 0] for leaf in self.places]


def _with_squares(numbers: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Append the sum of squares, and 1, to the numbers, in single precision."""
    squares = np.where(places < 0, MOST, np.einsum("ijk,ijk->ij", numbers, numbers))
    return np.concatenate([numbers, squares[..., None], np.ones((*squares.shape, 1))], axis=2).astype(np.float32)


class _Pairs(NamedTuple):
    """Pairs of rows, by their indices, with a lower and an upper bound of the square of their distance."""

    rows: np.ndarray
    others: np.ndarray
    least: np.ndarray
    most: np.ndarray

    def kept(self, which: np.ndarray) -> _Pairs:
        return _Pairs(*(x[which] for x in self))


def _joined(parts: Iterable[_Pairs]) -> _Pairs:
    return _Pairs(*(np.concatenate(same) for same in zip(_NONE, *parts, strict=True)))


_NONE = _Pairs(*(np.empty(0, kind) for kind in (np.int64, np.int64, np.float32, np.float32)))


class _Search:
    """The search for the k nearest rows. `each`: all rows are query rows, and each pair is compared once."""

    def __init__(self, points: Points, of: np.ndarray, among: np.ndarray, k: int, each: bool) -> None:
        self.points, self.k, self.each = points, k, each
        self.leaves = _Leaves.of(points, _parts(points.numbers, among, LEAF))
        self.parts = self.leaves.parts if each else _parts(points.numbers, of, LEAF)
        self.wanted = k * len(of)
        self.limits = np.full(len(points.numbers), MOST, np.float32)  # an upper bound of the k smallest squares of each row
        self.widest = np.zeros(len(self.leaves.places), np.float32)  # the largest limit in each leaf

    def found(self) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows of each row and their squares, row after row by index."""
        pairs, new, at_once = _NONE, [_NONE], 8 * (os.cpu_count() or 1)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            # comparing each pair once pays off only if most pairs of leaves are compared
            self.each = self.each and self._share(pool, self.parts[:: 1 + len(self.parts) // TRIED]) > 1 / 2
            if self.each and self._share(pool, self.parts) > 1 / 2:
                self._sort()
            for start in range(0, len(self.parts), at_once):
                if self.each:
                    self.widest = self.limits[self.leaves.places].max(axis=1)
                new += pool.map(self._near, range(start, min(start + at_once, len(self.parts))))
                if sum(len(some.rows) for some in new) > self.wanted + PAIRS:
                    pairs, new = self._nearest(_joined([pairs, *new])), []
        pairs = self._nearest(_joined([pairs, *new]))
        _, others, squares = self._exact(pairs)
        return others, squares

    def _share(self, pool: ThreadPoolExecutor, parts: Sequence[np.ndarray]) -> float:
        """Find limits for some parts; returns the share of leaves that may have some of their nearest rows."""
        return sum(pool.map(self._looked_at, parts)) / len(parts) / len(self.leaves.places)

    def _looked_at(self, part: np.ndarray) -> int:
        near = _Near(self.points, self.leaves, part)
        self._limit(near, part)
        return int((near.bounds <= self.limits[part].max()).sum())

    def _sort(self) -> None:
        """Sort the rows into new leaves by their limits. For data for which leaves of near rows rule out few comparisons."""
        rows = np.concatenate(self.parts)
        rows = rows[np.argsort(self.limits[rows])]
        self.leaves = _Leaves.of(self.points, [rows[start : start + LEAF] for start in range(0, len(rows), LEAF)])
        self.parts = self.leaves.parts

    def _limit(self, near: _Near, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find limits for a part in its nearest leaves; returns these leaves, and the squares in them."""
        some = np.argsort(near.bounds, kind="stable")[:FIRST]
        squares = near.squares(some)
        least = squares.min(axis=0) if self.k < LEAF // 2 else squares.reshape(-1, len(part))
        if len(least) > self.k:
            self.limits[part] = near.most(np.partition(least, self.k, axis=0)[self.k])  # one extra, because a row is its own nearest
        return some, squares

    def _near(self, place: int) -> _Pairs:
        """The candidate pairs between a part and all leaves; with `each`, its own and later leaves, in both directions."""
        part = self.parts[place]
        near = _Near(self.points, self.leaves, part)
        rest = np.arange(place if self.each else 0, len(self.leaves.places))
        own, back, done = _NONE, _NONE, 0
        if not self.each:
            some, squares = self._limit(near, part)
            own = self._nearest(self._pairs(near, part, some, place, [self._hits(near, part, some, squares)])[0])
            rest, done = np.delete(rest, some), len(some)
        rest = rest[near.bounds[rest] <= np.maximum(self.limits[part].max(), self.widest[rest])]
        rest = rest[np.argsort(near.bounds[rest], kind="stable")]
        while len(rest := rest[near.bounds[rest] <= np.maximum(self.limits[part].max(), self.widest[rest])]):
            chosen, rest = np.split(rest, [max(FIRST, 3 * done)])
            found = [self._compared(near, part, some, place) for some in _cut(np.sort(chosen), TOGETHER)]
            own = self._nearest(_joined([own, *(pairs for pairs, _ in found)]))
            back = _joined([back, *(pairs for _, pairs in found)])
            back = self._nearest(back) if len(back.rows) > PAIRS else back
            done += len(chosen)
        return _joined([own, back])

    def _compared(self, near: _Near, part: np.ndarray, some: np.ndarray, place: int) -> tuple[_Pairs, _Pairs]:
        """The pairs between a part and some leaves that may be among the nearest pairs of the part, and of the leaves."""
        return self._pairs(near, part, some, place, [self._hits(near, part, few, near.squares(few)) for few in _cut(some, AT_ONCE)])

    def _hits(self, near: _Near, part: np.ndarray, some: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The indices, in the products of a part and some leaves, of pairs that may be among the nearest, and their squares."""
        limits = np.maximum(self.limits[part].max(), self.widest[some])[:, None, None] if self.each else self.limits[part]
        hits = np.flatnonzero(squares <= near.most(limits))
        return hits, squares.reshape(-1)[hits]

    def _pairs(
        self, near: _Near, part: np.ndarray, some: np.ndarray, place: int, found: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[_Pairs, _Pairs]:
        """The pairs of hits (from `AT_ONCE` leaves each) that may be among the nearest pairs of the part, and of the leaves."""
        hits = np.concatenate([hits + i * AT_ONCE * LEAF * len(part) for i, (hits, _) in enumerate(found)])
        at = hits // len(part)  # ten times as fast as divmod
        row = hits - at * len(part)
        pairs = near.pairs(part[row], self.leaves.places[some].reshape(-1)[at], np.concatenate([squares for _, squares in found]), row)
        others = (pairs.others >= 0) & (pairs.rows != pairs.others)
        own = pairs.kept(others & (pairs.least <= self.limits[pairs.rows]))
        if not self.each:
            return own, _NONE
        others &= some[at // LEAF] != place
        rows, others, least, most = pairs.kept(others & (pairs.least <= self.limits[pairs.others]))
        return own, _Pairs(others, rows, least, most)

    def _nearest(self, pairs: _Pairs) -> _Pairs:
        """Lower the limits of rows by these pairs; returns the pairs that may still be among the nearest."""
        order = np.argsort(pairs.rows.astype(np.uint64) << np.uint64(32) | pairs.most.view(np.uint32))
        rows, starts, counts = _groups(pairs.rows[order])
        many = counts >= self.k
        limits = pairs.most[order[starts[many] + self.k - 1]]
        self.limits[rows[many]] = np.minimum(self.limits[rows[many]], limits)
        kept = pairs.kept(pairs.least <= self.limits[pairs.rows])
        return kept if len(kept.rows) <= TIED * self.k * len(rows) else self._untied(kept)

    def _untied(self, pairs: _Pairs) -> _Pairs:
        """Keep the k nearest of each row, by exact squares."""
        rows, others, squares = self._exact(pairs)
        squares /= self.leaves.power**2
        return _Pairs(rows, others, *((squares * x).astype(np.float32) for x in (1 - ROUNDED, 1 + ROUNDED)))

    def _exact(self, pairs: _Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The k nearest pairs of each row, with exact squares, ordered by row, square and other row."""
        rows, others = pairs.rows, pairs.others
        squares = self.points.squares(rows, others)
        order = _sorted(rows, squares, others)
        rows, others, squares = rows[order], others[order], squares[order]
        _, starts, counts = _groups(rows)
        kept = np.arange(len(rows)) - np.repeat(starts, counts) < self.k
        return rows[kept], others[kept], squares[kept]


def _sorted(rows: np.ndarray, squares: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The order of pairs by row, square and other row.

    Integers from rows and single-precision squares sort five times as fast; pairs with equal integers are sorted once more.
    """
    with np.errstate(over="ignore"):
        keys = rows.astype(np.uint64) << np.uint64(32) | squares.astype(np.float32).view(np.uint32)
    order = np.argsort(keys)
    keys = keys[order]
    same = keys[1:] == keys[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    some = order[tied]
    order[tied] = some[np.lexsort((others[some], squares[some], rows[some]))]
    return order


def _cut(places: np.ndarray, size: int) -> Iterable[np.ndarray]:
    """Consecutive parts of this size."""
    return (places[start : start + size] for start in range(0, len(places), size))


def _groups(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct values of sorted numbers, the start of each, and its count."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return rows[starts], starts, np.diff(starts, append=len(rows))


class _Near:
    """Rows near each other, prepared for computing their distances from leaves in single precision."""

    def __init__(self, points: Points, leaves: _Leaves, part: np.ndarray) -> None:
        own = (points.numbers[part] - leaves.middle) / leaves.power
        low, high = own.min(axis=0), own.max(axis=0)
        self.bounds = (np.maximum(0.0, np.maximum(leaves.low - high, low - leaves.high)) ** 2).sum(axis=1)  # squared, for each leaf
        self.leaves, self.centre = leaves, (low + high) / 2
        norms, far = ((own - self.centre) ** 2).sum(axis=1), (own * own).sum(axis=1)
        self.moved = far.max() > FAR * norms.max()  # far from 0, rounding would hide the distances
        if self.moved:
            own, far = own - self.centre, norms
        self.times = np.concatenate([-2 * own, np.ones((len(part), 1)), far[:, None]], axis=1).T.astype(np.float32, order="C")
        codes = zip(points.apart, points.codes.T, points.codes[part].T, strict=True)
        self.apart = [(apart(np.arange(c.max() + 1)[:, None], mine) / leaves.power**2).astype(np.float32) for apart, c, mine in codes]
        self.rounding = np.float32(8 * ROUNDED * (own.shape[1] + len(self.apart) + 8))
        self.slack = (2 * self.rounding * far + LEAST).astype(np.float32)

    def squares(self, some: np.ndarray) -> np.ndarray:
        """The squares of the distances: the rows of some leaves down, the rows of the part across."""
        leaves = self.leaves
        if self.moved:
            numbers = _with_squares(leaves.numbers[some] - self.centre, leaves.places[some])
        else:  # consecutive leaves need no copy
            numbers = leaves.single[some[0] : some[-1] + 1] if (np.diff(some) == 1).all() else leaves.single[some]
        found: np.ndarray = numbers @ self.times
        for i, table in enumerate(self.apart):
            found += table[leaves.codes[some, :, i]]
        return found

    def most(self, squares: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
        """An upper bound of exact squares from single-precision ones, and vice versa; `of` are the rows of the part, by index.

        For a row at distance r from the origin, another one at distance √s from it is at most r + √s from the origin: no term of the sum is
        larger than the square of that.
        """
        slack = self.slack.max() if of is None else self.slack[of]
        most: np.ndarray = (np.maximum(squares, 0) + slack) * (1 + self.rounding)
        return most

    def pairs(self, rows: np.ndarray, others: np.ndarray, squares: np.ndarray, of: np.ndarray) -> _Pairs:
        """Pairs with bounds from squares in single precision; `of` are the rows of the part, by index."""
        return _Pairs(rows, others, squares * (1 - self.rounding) - self.slack[of], self.most(squares, of))


def farthest(points: Points, of: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    """For each row with an index in `of`, the squares of the distances to its k farthest rows in `among`, the farthest last."""
    k, size = min(k, len(among)), max(1, PAIRS // max(1, len(among)))
    found = np.zeros((len(of), k))
    for start in range(0, len(of), size):
        part = of[start : start + size]
        squares = points.squares(np.repeat(part, len(among)), np.tile(among, len(part))).reshape(len(part), len(among))
        found[start : start + size] = np.sort(np.partition(squares, len(among) - k, axis=1)[:, len(among) - k :], axis=1)
    return found
