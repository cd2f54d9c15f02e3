"""Kernel SHAP, beside the definition of the Shapley value and the package shap."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilth.measures.explain.kernel import BLOCK, budget, coalitions, explain

PEER, WORKED = (json.loads(Path(__file__).with_name(f"{name}.json").read_text("utf-8")) for name in ("shap", "worked"))


def curved(x):
    return np.stack([x[:, 0] * x[:, 1] + np.sin(x[:, 2]) - x[:, 3] ** 2, x[:, 4] * np.exp(x[:, 0] / 4)], axis=1)


def probability(x):
    return (1 / (1 + np.exp(-(x[:, 0] - 2 * x[:, 1] * x[:, 2] + x[:, 4] / 2))))[:, None]


MODELS = {"curved": (curved, "identity"), "probability": (probability, "identity"), "odds": (probability, "logit")}


def alone(width):
    return [[i] for i in range(width)]


@pytest.mark.parametrize("name", MODELS)
def test_values_are_those_of_the_package_shap(name):
    model, link = MODELS[name]
    found = explain(model, np.array(PEER["rows"]), np.array(PEER["baseline"]), alone(5), link=link)
    np.testing.assert_allclose(found.values, PEER[name]["values"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.expected[0], PEER[name]["expected"], rtol=1e-9)


@pytest.mark.parametrize("case", [pytest.param(c, id=c["case"][:20]) for c in WORKED["values"]])
def test_worked_examples(case):
    model = lambda x: eval(case["model"], {"x": x.T})[:, None]  # noqa: E731 -- the formula of the case
    found = explain(model, np.array([case["row"]], float), np.array(case["background"], float), alone(len(case["row"])))
    assert found.values[0, :, 0] == pytest.approx(case["values"])
    assert found.expected == pytest.approx(case["expected"])


def test_weights_and_numbers_of_coalitions():
    """By their sizes 1 to M − 1: (M − 1) / (C(M, s) · s · (M − s)); all of them, or 2M + 2048 by default."""
    for players, weights in WORKED["weights"].items():
        drawn = coalitions(int(players), 2 ** int(players) - 2)
        assert dict(zip(drawn.members.sum(axis=1), drawn.weights, strict=True)) == pytest.approx(dict(enumerate(weights, 1)))
    assert {players: budget(int(players), None) for players in WORKED["coalitions"]} == WORKED["coalitions"]


def by_definition(model, row, background, players):
    """The Shapley values of a row as the mean over orders, by the sizes of the sets before a player."""

    def value(present):
        mixed = background.copy()
        columns = [c for p in present for c in players[p]]
        mixed[:, columns] = row[columns]
        return model(mixed).mean(axis=0)

    n = len(players)
    return np.array(
        [
            sum(
                (value((*before, i)) - value(before)) / (n * math.comb(n - 1, size))
                for size in range(n)
                for before in combinations([j for j in range(n) if j != i], size)
            )
            for i in range(n)
        ]
    )


def drawn_model(random, width):
    inner, outer = random.normal(size=(width, 4)), random.normal(size=(4, 2))
    return lambda x: np.tanh(np.nan_to_num(x) @ inner) @ outer


@settings(max_examples=25)
@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_of_all_coalitions_they_are_the_shapley_values(width, seed):
    random = np.random.default_rng(seed)
    model, rows, background = drawn_model(random, width), random.integers(0, 3, (2, width)) * 1.0, random.integers(0, 3, (2, width)) * 1.0
    players = [p.tolist() for p in np.array_split(random.permutation(width), random.integers(1, width + 1))]
    found = explain(model, rows, background, players)
    assert found.exact
    for values, row in zip(found.values, rows, strict=True):
        np.testing.assert_allclose(values, by_definition(model, row, background, players), atol=1e-9)


@settings(max_examples=25)
@given(st.integers(9, 24), st.integers(0, 2**32 - 1), st.booleans())
def test_of_a_sample_they_add_up_and_who_changes_nothing_has_none(width, seed, null):
    random = np.random.default_rng(seed)
    model, rows, background = drawn_model(random, width), random.normal(size=(3, width)), random.normal(size=(2, width))
    rows[:, 0] = background[:, 0] = np.nan if null else 1.0
    found = explain(model, rows, background, alone(width), samples=4 * width, seed=seed)
    np.testing.assert_allclose(found.expected + found.values.sum(axis=1), found.predicted, atol=1e-9)
    assert not found.values[:, 0].any()
    assert found.coalitions <= 4 * width
    again = explain(model, rows[::-1], background[::-1], alone(width), samples=4 * width, seed=seed)
    np.testing.assert_allclose(again.values[::-1], found.values, atol=1e-9)


def test_more_samples_come_nearer():
    random = np.random.default_rng(0)
    model, rows, background = drawn_model(random, 13), random.normal(size=(4, 13)), random.normal(size=(2, 13))
    exact = explain(model, rows, background, alone(13), samples=2**13)
    errors = [np.abs(explain(model, rows, background, alone(13), samples=n).values - exact.values).max() for n in (30, 300, 3000)]
    assert exact.exact
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


@pytest.mark.parametrize(("players", "samples"), [(3, 6), (4, 14), (7, 126), (12, 500), (30, 2108), (30, 64), (70, 400)])
def test_coalitions_have_the_weights_of_the_kernel(players, samples):
    drawn = coalitions(players, samples)
    sizes = drawn.members.sum(axis=1)
    assert len(np.unique(drawn.members, axis=0)) == len(sizes) <= samples
    assert len(sizes) > 0.9 * samples
    assert drawn.exact == (samples == 2**players - 2)
    whole = sum((players - 1) / (s * (players - s)) for s in range(1, players))
    assert drawn.weights.sum() == pytest.approx(whole)
    of_one = drawn.weights[(sizes == 1) | (sizes == players - 1)]
    assert of_one == pytest.approx(np.full(2 * players, 1 / players))  # (M − 1) / (M · 1 · (M − 1))
    complements = {row.tobytes() for row in ~drawn.members}
    assert complements == {row.tobytes() for row in drawn.members}


def test_pairs_of_players_leave_samples_for_larger_coalitions():
    sizes = coalitions(30, 931).members.sum(axis=1)  # 60 of one player or all but one, 870 of two or all but two
    assert ((sizes > 2) & (sizes < 28)).sum() > 600


def test_a_model_is_given_blocks():
    given_rows = []

    def model(x):
        given_rows.append(len(x))
        return x[:, :1]

    found = explain(model, np.ones((2, 14)), np.zeros((40, 14)), alone(14))
    assert max(given_rows) <= BLOCK
    assert sum(given_rows) == 2 + 40 + 2 * 40 * found.coalitions
    assert 0.99 * budget(14, None) < found.coalitions <= budget(14, None)
