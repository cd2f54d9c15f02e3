"""Asymmetric Shapley values of small games, beside the mean over every order that is allowed."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.measures.explain.asymmetric import asymmetric

GAMES = st.integers(1, 5).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(-100, 100, width=32), min_size=2**n, max_size=2**n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
    )
)


def worth_of(table):
    """The game of a table: what each coalition is worth, by its players as the digits of a binary number; and minus twice that."""
    return lambda there: np.outer(np.array(table)[there @ (1 << np.arange(there.shape[1]))], [1.0, -2.0])


def blocks_of(numbers):
    return [block for b in range(3) if (block := [i for i, n in enumerate(numbers) if n == b])]


def enumerated(table, blocks):
    """The mean of what each player adds, over all orders of all players that keep the order of the blocks."""
    players = sum(map(len, blocks))
    orders = [sum(parts, ()) for parts in product(*map(permutations, blocks))]
    found = np.zeros(players)
    for order in orders:
        there = 0
        for player in order:
            found[player] += table[there | 1 << player] - table[there]
            there |= 1 << player
    return found / len(orders)


@given(GAMES)
def test_they_are_the_mean_over_all_orders_that_keep_the_blocks(game):
    table, numbers = game
    blocks = blocks_of(numbers)
    none, values = asymmetric(worth_of(table), blocks, samples=120)
    assert none.tolist() == [table[0], -2 * table[0]]
    assert values[:, 0] == pytest.approx(enumerated(table, blocks), abs=1e-9)
    assert values[:, 1] == pytest.approx(-2 * values[:, 0])


@given(GAMES, st.integers(1, 4), st.integers(0, 3))
def test_sampled_ones_add_up_to_what_all_players_are_worth(game, samples, seed):
    table, numbers = game
    none, values = asymmetric(worth_of(table), blocks_of(numbers), samples, seed)
    assert none[0] + values[:, 0].sum() == pytest.approx(table[-1], abs=1e-9)


def test_equal_coalitions_are_asked_about_once():
    asked = []
    asymmetric(lambda there: asked.append(there) or there.sum(axis=1, keepdims=True), [[0, 1, 2], [3]], samples=6)
    ((coalitions),) = asked
    assert len(coalitions) == len(np.unique(coalitions, axis=0)) == 2**3 + 1
