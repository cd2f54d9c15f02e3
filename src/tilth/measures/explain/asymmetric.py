"""Asymmetric Shapley values, for players that join in a known order, such as the steps of a time series."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import TypeAlias

import numpy as np

Matrix: TypeAlias = np.ndarray
Game: TypeAlias = Callable[[Matrix], Matrix]
"""A function from coalitions (a row of booleans each) to their worth (a row of numbers each, a column for each output)."""


def asymmetric(game: Game, blocks: Sequence[Sequence[int]], samples: int = 1, seed: int = 0) -> tuple[Matrix, Matrix]:
    """The worth of the empty coalition, and, for each player and output, what the player adds on average when it joins.

    Players of a block join after all players of earlier blocks, in every order, or in `samples` random orders if there are more. The values
    add up to the worth of all players minus that of none. Equal coalitions are evaluated once.

    Source: Frye, Rowat and Feige, Asymmetric Shapley Values, 2020.

    >>> after = lambda z: np.maximum(20 * z[:, 1] - 10 * z[:, 0], 0) + 40 * z[:, 2]
    >>> none, values = asymmetric(lambda z: after(z)[:, None], [[0], [1], [2]])
    >>> none.tolist(), values[:, 0].tolist()
    ([0.0], [0.0, 10.0, 40.0])
    """
    random, players = np.random.default_rng(seed), sum(map(len, blocks))
    here, places, joins = np.zeros(players, bool), dict[bytes, int](), list[tuple[int, int, int, float]]()

    def place(coalition: Matrix) -> int:
        return places.setdefault(coalition.tobytes(), len(places))

    place(here)
    for block in blocks:
        orders = _orders(block, samples, random)
        for order in orders:
            coalition = here.copy()
            for player in order:
                before = place(coalition)
                coalition[player] = True
                joins.append((player, before, place(coalition), 1 / len(orders)))
        here[list(block)] = True
    worth = np.asarray(game(np.frombuffer(b"".join(places), bool).reshape(len(places), players)), float)
    who, before_it, with_it, share = map(np.array, zip(*joins, strict=True))
    values = np.zeros((players, worth.shape[1]))
    np.add.at(values, who, share[:, None] * (worth[with_it] - worth[before_it]))
    return worth[0], values


def _orders(block: Sequence[int], samples: int, random: np.random.Generator) -> list[tuple[int, ...]]:
    """All orders of the players of a block, or `samples` random ones if there are more."""
    if math.factorial(len(block)) <= samples:
        return list(permutations(block))
    return [tuple(random.permutation(block).tolist()) for _ in range(samples)]
