"""Kernel SHAP: the Shapley values of a model's features for single rows, from predictions for coalitions of features."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np

Matrix: TypeAlias = np.ndarray
Model: TypeAlias = Callable[[Matrix], Matrix]
"""A function from a matrix with a row per row of the data to numbers, with a column per output."""
Link: TypeAlias = Literal["identity", "logit"]
BLOCK = 2**16  # most rows per call of a model
ROUNDED = 1e-13  # values below this share of the largest one are rounding errors, and set to 0
EDGE = 1e-15  # probabilities are clipped to this distance from 0 and 1 before the logit
ROUNDS = 4  # of drawing; later rounds replace coalitions that were drawn before


@dataclass(frozen=True, eq=False)
class Coalitions:
    """Sets of players, a row of booleans each, and their weights in the regression; `exact`: all coalitions are included."""

    members: Matrix
    weights: Matrix
    exact: bool


@dataclass(frozen=True, eq=False)
class Explained:
    """`values` by row, player and output; the `expected` value over the background and the `predicted` value, by row and output.

    `method`: `kernel`, from predictions for `coalitions`; `trees`, from the trees of the model.
    """

    values: Matrix
    expected: Matrix
    predicted: Matrix
    coalitions: int
    exact: bool
    method: Literal["kernel", "trees"] = "kernel"


def budget(players: int, samples: int | None) -> int:
    """The number of coalitions for a row: as requested, by default 2 · players + 2048; never more than exist.

    >>> budget(3, None), budget(30, None), budget(30, 500)
    (6, 2108, 500)
    """
    every: int = 2**players - 2
    return min(samples or 2 * players + 2048, every)


@lru_cache(maxsize=64)
def coalitions(players: int, samples: int, seed: int = 0) -> Coalitions:
    """Up to `samples` coalitions, except the empty one and the one of all players, with the weights of the Shapley kernel.

    A coalition S of M players has the weight (M − 1) / (C(M, |S|) · |S| · (M − |S|)). Sizes are processed in pairs: 1 with M − 1, 2 with
    M − 2 and so on. All coalitions of a pair are taken if random drawing would be expected to draw at least that many of them; otherwise
    too few would be left for the other sizes. The rest are random coalitions, each with its complement, which share the weight of the
    other sizes by their frequency.

    Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, 2017; for the complements, Covert and Lee, Improving
    KernelSHAP, 2021.

    >>> coalitions(3, 6).weights.tolist() == [1 / 3] * 6
    True
    """
    members, weights, left = list[Matrix](), list[Matrix](), samples
    size, largest = 1, players // 2
    while size <= largest and (samples == 2**players - 2 or _complete(players, size, left)):
        of_size = _all_of(players, size)
        both = of_size if 2 * size == players else np.concatenate([of_size, ~of_size])
        members.append(both)
        weights.append(np.full(len(both), _mass(players, size) / math.comb(players, size)))
        size, left = size + 1, left - len(both)
    if size <= largest and left > 1:
        drawn, often = _drawn(players, range(size, largest + 1), left, seed)
        rest = sum(_mass(players, s) for s in range(size, players - size + 1))
        members.append(drawn)
        weights.append(often / often.sum() * rest)
    return Coalitions(np.concatenate(members), np.concatenate(weights), size > largest)


def _mass(players: int, size: int) -> float:
    """The total weight of all coalitions of a size."""
    return (players - 1) / (size * (players - size))


def _complete(players: int, size: int, left: int) -> bool:
    """Whether to take all coalitions of a size and their complements: if drawing at random would be expected to draw at least that many.

    Coalitions of a single player are taken if there are enough samples for them.
    """
    count = math.comb(players, size) * (1 if 2 * size == players else 2)
    rest = sum(_mass(players, s) for s in range(size, players - size + 1))
    drawn = left * _mass(players, size) * (1 if 2 * size == players else 2) / rest
    return count <= (left if size == 1 else drawn)


def _all_of(players: int, size: int) -> Matrix:
    """All coalitions of a size."""
    chosen = np.array(list(combinations(range(players), size)))
    found = np.zeros((len(chosen), players), bool)
    np.put_along_axis(found, chosen, True, axis=1)
    return found


def _drawn(players: int, sizes: Sequence[int], wanted: int, seed: int) -> tuple[Matrix, Matrix]:
    """About `wanted` distinct coalitions with their complements, and how often each was drawn.

    The number for each size follows from the weights, not from chance.
    """
    random = np.random.default_rng(seed)
    bounds = np.cumsum([_mass(players, s) * (1 if 2 * s == players else 2) for s in sizes])
    found, packed = np.zeros((0, players), bool), np.zeros((0, 0))
    for _ in range(ROUNDS):
        n = (wanted - len(packed)) // 2
        if n < 1:
            break
        at = (np.arange(n) + random.random()) / n * bounds[-1]
        size = np.array(sizes)[np.minimum(np.searchsorted(bounds, at), len(sizes) - 1)]
        rank = random.random((n, players)).argsort(axis=1).argsort(axis=1)
        new = rank < size[:, None]
        found = np.concatenate([found, new, ~new])
        packed, first, often = np.unique(np.packbits(found, axis=1), axis=0, return_index=True, return_counts=True)
    return found[first], often.astype(float)


def explain(
    model: Model,
    rows: Matrix,
    background: Matrix,
    players: Sequence[Sequence[int]],
    *,
    samples: int | None = None,
    link: Link = "identity",
    seed: int = 0,
) -> Explained:
    """The Shapley values of the players for each row, from predictions for mixtures of the row with background rows.

    The value of a coalition is the mean prediction over the background, or the logit of the mean. The values of the players add up to the
    value of all players minus that of none, the expected value. A player is a set of column indices, and players do not overlap; columns
    without a player always keep the row's value. A player with the same columns in the whole background has the value 0 and is left out.
    Null is NaN.

    >>> linear = lambda x: (x @ [2.0, -3.0, 0.5])[:, None]
    >>> found = explain(linear, np.array([[1.0, 2, 4]]), np.array([[0.0, 1, 0], [2, 1, 2]]), [[0], [1], [2]])
    >>> (found.values[0, :, 0].round(9) + 0.0).tolist(), found.expected.tolist(), found.exact
    ([0.0, -3.0, 1.5], [[-0.5]], True)
    """
    predicted = linked(asked(model, rows), link)
    fixed = ~np.isin(np.arange(rows.shape[1]), [column for player in players for column in player])
    if fixed.any():
        expected = linked(_valued(model, rows, background, fixed[None])[:, 0], link)
    else:
        expected = np.broadcast_to(linked(asked(model, background).mean(axis=0), link), predicted.shape)
    values = np.zeros((len(rows), len(players), predicted.shape[1]))
    varying = np.stack([differs(rows[:, list(p)], background[:, list(p)]) for p in players], axis=1)
    most, exact = 0, True
    for pattern in np.unique(varying, axis=0):
        mine, active = np.flatnonzero((varying == pattern).all(axis=1)), np.flatnonzero(pattern)
        gained = predicted[mine] - expected[mine]
        if len(active) < 2:
            values[np.ix_(mine, active)] = gained[:, None]
            continue
        drawn = coalitions(len(active), budget(len(active), samples), seed)
        columns = np.tile(fixed, (len(drawn.weights), 1))
        for i, player in enumerate(active.tolist()):
            columns[:, list(players[player])] = drawn.members[:, i, None]
        found = linked(_valued(model, rows[mine], background, columns), link) - expected[mine, None]
        values[np.ix_(mine, active)] = solved(drawn, found, gained)
        most, exact = max(most, len(drawn.weights)), exact and drawn.exact
    return Explained(values, expected, predicted, most, exact)


@dataclass(frozen=True, eq=False)
class Game:
    """The coalitions for a row with its own players: `members` has no players, all players, and then the `drawn` coalitions."""

    members: Matrix
    drawn: Coalitions | None

    @classmethod
    def of(cls, players: int, samples: int | None, seed: int) -> Game:
        """The game for a number of players; with fewer than two, nothing is drawn."""
        drawn = coalitions(players, budget(players, samples), seed) if players > 1 else None
        ends = np.repeat([[False], [True]], players, axis=1)
        return cls(np.concatenate([ends, *([drawn.members] if drawn else [])]), drawn)

    @property
    def exact(self) -> bool:
        """Whether it has all coalitions."""
        return self.drawn is None or self.drawn.exact

    def solved(self, found: Matrix) -> Matrix:
        """The values by player and output, from the values by coalition and output."""
        gained = found[1:2] - found[0]
        if self.drawn is None:
            return np.repeat(gained, self.members.shape[1], axis=0)
        values: Matrix = solved(self.drawn, found[None, 2:] - found[0], gained)[0]
        return values


def in_groups(sizes: Sequence[int]) -> Iterator[list[int]]:
    """The indices of items in groups of at most `BLOCK` rows, from the rows of each item.

    >>> list(in_groups([40_000, 30_000, 20_000, 70_000]))
    [[0], [1, 2], [3]]
    """
    group, rows = list[int](), 0
    for i, size in enumerate(sizes):
        if group and rows + size > BLOCK:
            yield group
            group, rows = [], 0
        group.append(i)
        rows += size
    if group:
        yield group


def asked(model: Model, rows: Matrix) -> Matrix:
    """The model's predictions for rows, computed in blocks."""
    return np.concatenate([np.asarray(model(rows[i : i + BLOCK]), float) for i in range(0, len(rows), BLOCK)])


def linked(predicted: Matrix, link: Link) -> Matrix:
    """Predictions, or the logarithms of their odds."""
    if link == "identity":
        return predicted
    p = np.clip(predicted, EDGE, 1 - EDGE)
    odds: Matrix = np.log(p) - np.log1p(-p)
    return odds


def differs(rows: Matrix, background: Matrix) -> Matrix:
    """Whether each row differs from some background row in any of the columns."""
    other = (rows[:, None, :] != background[None]) & ~(np.isnan(rows[:, None, :]) & np.isnan(background[None]))
    found: Matrix = other.any(axis=(1, 2))
    return found


def _valued(model: Model, rows: Matrix, background: Matrix, columns: Matrix) -> Matrix:
    """The mean prediction by row, coalition and output; `columns` marks the columns that a coalition takes from the row."""
    n, width = len(rows) * len(columns), max(1, BLOCK // len(background))
    means = []
    for i in range(0, n, width):
        row, coalition = np.divmod(np.arange(i, min(i + width, n)), len(columns))
        mixed = np.where(columns[coalition][:, None], rows[row][:, None], background[None])
        predicted = np.asarray(model(mixed.reshape(-1, rows.shape[1])), float)
        means.append(predicted.reshape(len(row), len(background), -1).mean(axis=1))
    found: Matrix = np.concatenate(means).reshape(len(rows), len(columns), -1)
    return found


def solved(drawn: Coalitions, found: Matrix, gained: Matrix) -> Matrix:
    """The values by row, player and output: the weighted least-squares fit to the coalitions that adds up to `gained`."""
    z = drawn.members.astype(float)
    weighted = z.T * drawn.weights
    inverse = np.linalg.inv(weighted @ z)
    fitted = np.einsum("pc,rco->rpo", inverse @ weighted, found, optimize=True)
    share = inverse.sum(axis=1) / inverse.sum()
    values: Matrix = fitted + share[:, None] * (gained - fitted.sum(axis=1))[:, None]
    values[np.abs(values) < ROUNDED * np.abs(found).max()] = 0.0
    return values
