"""The nearest rows of rows: exact at every size, the same whatever the threads, in little memory.

Rows are sorted into leaves, as in a k-d tree. Each leaf of rows whose neighbours are asked is compared with the others by matrix
products in single precision, the nearest leaves first, until their bounds show that all the rest is farther away. Only rows that could
be among the nearest, rounding allowed for, are compared in double precision, column by column: the answer shows nothing of how the product
was added up.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

LEAF, PART = 64, 128  # rows that are looked at, and asked for: the products of so small matrices need no threads of their library
MOST_NEIGHBOURS = 100
FIRST = 16  # leaves that are looked at before any is left out
AT_ONCE = 16  # leaves that a leaf is compared with at once
ROUNDED = 2.0**-23  # twice the relative error of a number in single precision
FAR = 100.0
PAIRS = 1_000_000  # of rows that are compared in double precision at once
LEAST, MOST = 1e-35, 1e30  # squares below lose digits in single precision; none is above


Apart: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""The squares of the distances between categories of a column, which are given as whole numbers."""


@dataclass(frozen=True, eq=False)
class Points:
    """Rows between which there are distances.

    The square of a distance is Σ (aᵢ − bᵢ)² over `numbers`, which has a row for each row, and what `apart` gives for the categories: in
    `codes` these are whole numbers from 0, with a column for each column.
    """

    numbers: np.ndarray
    codes: np.ndarray
    apart: tuple[Apart, ...] = ()

    def squares(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The squares of the distances between the rows at the places `a` and those at `b`."""
        found = np.zeros(len(a))
        for x in self.numbers.T:
            found += (x[a] - x[b]) ** 2
        for apart, codes in zip(self.apart, self.codes.T, strict=True):
            found += apart(codes[a], codes[b])
        return found


def nearest(points: Points, of: np.ndarray, among: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """For each row at the places `of` its k nearest other rows of those at `among`, and the squares of their distances.

    The nearest come first, equally near ones by their place. There are fewer than k where `among` has fewer.

    >>> import numpy as np
    >>> rows = np.arange(3)
    >>> places, squares = nearest(Points(np.array([[0.0], [1.0], [3.0]]), np.empty((3, 0), int)), rows, rows, 2)
    >>> places.tolist(), squares.tolist()
    ([[1, 2], [0, 2], [1, 0]], [[1.0, 9.0], [1.0, 4.0], [4.0, 9.0]])
    """
    k = max(0, min(k, len(among) - bool(np.isin(of, among).any())))
    places, squares = np.zeros((len(of), k), np.int64), np.zeros((len(of), k))
    if k and len(of):
        at = np.zeros(len(points.numbers), np.int64)
        at[of] = np.arange(len(of))
        leaves, parts = _Leaves.of(points, among), _parts(points.numbers, of, PART)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for part, (found, apart) in zip(parts, pool.map(partial(_around, points, leaves, k), parts), strict=True):
                places[at[part]], squares[at[part]] = found, apart
    return places, squares


def _parts(numbers: np.ndarray, places: np.ndarray, size: int) -> list[np.ndarray]:
    """The places in parts of this size, but for one: each time halved in the column in which they are spread most widely."""
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
    """Rows in leaves: their places (−1 where a leaf is not full), numbers and codes, and the bounds of each leaf.

    Numbers are around 0, and divided by a power of two so that their squares are numbers in single precision. `single` has them in
    single precision, and the sum of their squares.
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
    def of(cls, points: Points, among: np.ndarray) -> _Leaves:
        middle = np.median(points.numbers[among], axis=0)
        power = 2.0 ** int(np.frexp(np.abs(points.numbers - middle).max(initial=0.0))[1])
        parts = _parts(points.numbers, among, LEAF)
        places = np.full((len(parts), LEAF), -1)
        for row, part in zip(places, parts, strict=True):
            row[: len(part)] = part
        rows = np.where(places < 0, places[:, :1], places)
        numbers = (points.numbers[rows] - middle) / power
        single = _with_squares(numbers, places)
        return cls(middle, power, places, numbers, single, points.codes[rows], numbers.min(axis=1), numbers.max(axis=1))


def _with_squares(numbers: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows with the sum of their squares, and 1, in single precision."""
    squares = np.where(places < 0, MOST, np.einsum("ijk,ijk->ij", numbers, numbers))
    return np.concatenate([numbers, squares[..., None], np.ones((*squares.shape, 1))], axis=2).astype(np.float32)


def _around(points: Points, leaves: _Leaves, k: int, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows, and the squares of their distances, of the rows at some places that are near each other."""
    near = _Near(points, leaves, part)
    order = np.argsort(near.bounds, kind="stable")
    most = np.full(len(part), MOST, np.float32)  # a square above it is not one of the k smallest
    found: list[np.ndarray] = [np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)]
    done = 0
    while done < len(order) and near.bounds[order[done]] <= most.max():
        end = min(len(order), max(FIRST, 4 * done))
        parts, limit = [found], most if done else np.zeros_like(most)
        for start in range(done, end, AT_ONCE):
            some = order[start : min(start + AT_ONCE, end)]
            over = near.squares_over(limit, some)
            if not start and len(over) > k:
                some_least = over.reshape(len(some), -1).min(axis=0).reshape(-1, len(part)) if k < LEAF // 2 else over
                most = near.safe(np.partition(some_least, k, axis=0)[k])  # one more than k: each row is its own nearest
            hits = np.flatnonzero(over <= (0 if done else most))
            at, row = np.divmod(hits, len(part))
            parts.append([row, leaves.places[some].reshape(-1)[at], over.reshape(-1)[hits] + limit[row]])
        rows, others, values = (np.concatenate(same) for same in zip(*parts, strict=True))
        kept = (others >= 0) & (others != part[rows])
        rows, others, values = rows[kept], others[kept], values[kept]
        by = np.argsort(values)
        by = by[np.argsort(rows[by].astype(np.int16), kind="stable")]
        rows, others, values = rows[by], others[by], values[by]
        first, many = np.searchsorted(rows, np.arange(len(part))), np.bincount(rows, minlength=len(part)) >= k
        most[many] = np.minimum(most, near.safe(values[np.minimum(first + k - 1, len(rows) - 1)]))[many]
        kept = values <= most[rows]
        found, done = [x[kept] for x in (rows, others, values)], end
    rows, others, _ = found
    squares = points.squares(part[rows], others)
    by = np.lexsort((others, squares, rows))
    chosen = by[np.searchsorted(rows, np.arange(len(part)))[:, None] + np.arange(k)]
    return others[chosen], squares[chosen]


class _Near:
    """Some rows that are near each other, and what their distances from leaves are computed by, in single precision."""

    def __init__(self, points: Points, leaves: _Leaves, part: np.ndarray) -> None:
        own = (points.numbers[part] - leaves.middle) / leaves.power
        low, high = own.min(axis=0), own.max(axis=0)
        self.bounds = (np.maximum(0.0, np.maximum(leaves.low - high, low - leaves.high)) ** 2).sum(axis=1)  # to each leaf, squared
        self.leaves, self.centre = leaves, (low + high) / 2
        norms, far = ((own - self.centre) ** 2).sum(axis=1), (own * own).sum(axis=1)
        self.moved = far.max() > FAR * norms.max()  # then distances would be lost in the rounding of what is far from 0
        if self.moved:
            own, far = own - self.centre, norms
        self.norms = far.astype(np.float32)
        self.times = np.concatenate([-2 * own, np.ones((len(part), 2))], axis=1).T.astype(np.float32, order="C")
        codes = zip(points.apart, points.codes.T, points.codes[part].T, strict=True)
        self.apart = [(apart(np.arange(c.max() + 1)[:, None], mine) / leaves.power**2).astype(np.float32) for apart, c, mine in codes]
        self.rounding = ROUNDED * (own.shape[1] + len(self.apart) + 8)
        self.slack = 16 * self.rounding * far + LEAST

    def squares_over(self, limit: np.ndarray, some: np.ndarray) -> np.ndarray:
        """The squares of the distances between the rows of some leaves, one under another, and those of the part, side by side.

        From those of each row of the part its limit is taken.
        """
        leaves = self.leaves
        numbers = _with_squares(leaves.numbers[some] - self.centre, leaves.places[some]) if self.moved else leaves.single[some]
        self.times[-1] = self.norms - limit
        found: np.ndarray = numbers @ self.times
        for i, table in enumerate(self.apart):
            found += table[leaves.codes[some, :, i]]
        return found.reshape((-1, len(self.norms)))

    def safe(self, squares: np.ndarray) -> np.ndarray:
        """Limits that no exact square up to these in single precision is above, once it is computed in single precision, too.

        A row is r from the origin, and one at a distance of √s from it at most r + √s: no term of the sum is larger than that squared.
        """
        limits: np.ndarray = (np.maximum(squares, 0) + self.slack) * (1 + 8 * self.rounding)
        return limits.astype(np.float32)


def farthest(points: Points, of: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    """For each row at the places `of` the squares of the distances of its k farthest rows of those at `among`, the farthest last."""
    k, size = min(k, len(among)), max(1, PAIRS // max(1, len(among)))
    found = np.zeros((len(of), k))
    for start in range(0, len(of), size):
        part = of[start : start + size]
        squares = points.squares(np.repeat(part, len(among)), np.tile(among, len(part))).reshape(len(part), len(among))
        found[start : start + size] = np.sort(np.partition(squares, len(among) - k, axis=1)[:, len(among) - k :], axis=1)
    return found
