"""Exact Shapley values of models that are sums of trees, from the trees themselves instead of predictions for coalitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, TypeAlias

import numpy as np

from tilth.measures.explain.kernel import ROUNDED, Explained, Link, Matrix, Model, asked, linked

Step: TypeAlias = tuple[int, float, bool, bool]
"""A split on the way to a leaf: its column, its threshold, whether the way is that of values up to it, and whether it is that of null."""
Leaf: TypeAlias = tuple[tuple[Step, ...], np.ndarray]
"""The splits on the way from the root to a leaf, and a number for each output."""
Split: TypeAlias = tuple[int, float, bool, Any, Any]
"""A node: its column and threshold, whether null goes to the lower side, the child of values up to the threshold, and the other one."""
MOST_LEAVES = 100_000  # of a model; of trees with more, predictions for coalitions take less time
CHECKED = 100  # rows, and rows of the background, whose predictions are compared with the trees
CLOSE = 1e-5  # by how much the sum of the trees may differ from predictions, as a share of the largest; some libraries add 32-bit floats


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees whose sum, up to a constant, may be what a model predicts. `single`: they compare values as 32-bit floats."""

    trees: Sequence[Sequence[Leaf]]
    single: bool

    @property
    def leaves(self) -> int:
        """The number of leaves."""
        return sum(map(len, self.trees))

    def explained(self, model: Model, rows: Matrix, background: Matrix, players: Sequence[Sequence[int]], link: Link) -> Explained | None:
        """The same as `kernel.explain` gives of all coalitions; None if the predictions are not the sum of the trees.

        The probabilities of boosted trees are not a sum of them; their logits are. As the logit of a mean is not the mean of the logits,
        these are explained only over a background of one row.
        """
        if link == "logit" and len(background) > 1:
            return None
        player = np.full(rows.shape[1], -1)
        for i, columns in enumerate(players):
            player[list(columns)] = i
        ways = [_Ways(tree, player, self.single) for tree in self.trees]
        predicted, some = linked(asked(model, rows), link), np.concatenate([rows[:CHECKED], background[:CHECKED]])
        said, sums = linked(asked(model, some), link), sum((of.sums(some) for of in ways), np.zeros(1))
        if sums.shape != said.shape or np.ptp(said - sums, axis=0).max() > CLOSE * np.abs(said).max():
            return None
        values = np.zeros((len(rows), len(players), said.shape[1]))
        for of in ways:
            of.add_values(values, rows, background)
        values[np.abs(values) < ROUNDED * np.abs(said).max()] = 0.0
        return Explained(values, predicted - values.sum(axis=1), predicted, 0, exact=True, method="trees")


class _Ways:
    """The ways to the leaves of a tree: for each leaf and player with a split on its way, whether the player's values lead to the leaf."""

    def __init__(self, tree: Sequence[Leaf], player: Matrix, single: bool) -> None:
        """`player`: of each column; −1 for columns without one."""
        steps = sorted((leaf, player[column], column, *rest) for leaf, (way, _) in enumerate(tree) for column, *rest in way)
        leaf, who, self.column, self.threshold, self.is_low, self.is_null = map(np.array, zip(*steps, strict=True))
        self.starts = np.flatnonzero(np.diff(leaf * (player.max() + 2) + who, prepend=-2))
        self.leaf, self.player = leaf[self.starts], who[self.starts]
        self.first = np.flatnonzero(np.diff(self.leaf, prepend=-1))
        self.values, self.single = np.stack([v for _, v in tree]), single
        sizes = np.arange(max(np.bincount(self.leaf)) + 1)
        self.shares = np.array([[1 / (n * comb(n + m, n)) if n else 0.0 for m in sizes.tolist()] for n in sizes.tolist()])

    def lead(self, x: Matrix) -> Matrix:
        """By row, leaf and player, whether all values of the player pass the splits on the way to the leaf."""
        found = x[:, self.column]
        found = found.astype(np.float32) if self.single else found
        passed = np.where(np.isnan(found), self.is_null, (found <= self.threshold) == self.is_low)
        led: Matrix = np.logical_and.reduceat(passed, self.starts, axis=1)
        return led

    def sums(self, x: Matrix) -> Matrix:
        """The number of the leaf that each row reaches, for each output."""
        found: Matrix = np.logical_and.reduceat(self.lead(x), self.first, axis=1) @ self.values
        return found

    def add_values(self, total: Matrix, rows: Matrix, background: Matrix) -> None:
        """Add the Shapley values of the tree, by row, player and output.

        With the values of a coalition taken from a row x and the others from a background row b, a leaf is reached if the coalition has
        all n players of which only the values of x lead there, none of the m of which only those of b do, and there is no player of which
        neither do. In this game with the leaf's number v, each of the n has the value v · (n − 1)! · m! / (n + m)!, each of the m
        −v · n! · (m − 1)! / (n + m)!, and the others have 0. The values are means over the background and sums over leaves and trees.

        Source: Lundberg and others, From local explanations to global understanding with explainable AI for trees, 2020.
        """
        of_background = self.lead(background)
        for i in range(len(rows)):
            (mine,) = self.lead(rows[i : i + 1])
            theirs = np.where(self.player < 0, mine, of_background)
            reached = np.logical_and.reduceat(mine | theirs, self.first, axis=1)
            at, pair = np.divmod(np.flatnonzero((mine ^ theirs) & reached[:, self.leaf]), len(self.leaf))
            game, is_mine = at * len(self.values) + self.leaf[pair], mine[pair]
            n, m = (np.bincount(game[chosen], minlength=reached.size)[game] for chosen in (is_mine, ~is_mine))
            share = np.where(is_mine, self.shares[n, m], -self.shares[m, n]) / len(theirs)
            for output, values in enumerate(self.values.T):
                total[i, :, output] += np.bincount(self.player[pair], share * values[self.leaf[pair]], total.shape[1])


# ── the trees of a model ──


def trees_of(model: Any, outputs: Sequence[int], width: int) -> Trees | None:
    """The trees of a model of scikit-learn, XGBoost or LightGBM, with numbers for some of its `width` outputs.

    None for other models, for trees with splits by category or with zero as null, and for more than 100,000 leaves.
    """
    library = type(model).__module__.partition(".")[0]
    if library not in READERS:
        return None
    trees, leaves = list[list[Leaf]](), 0
    try:
        for tree in READERS[library](model, width):
            trees.append([(way, values[list(outputs)]) for way, values in tree])
            if (leaves := leaves + len(trees[-1])) > MOST_LEAVES:
                return None
    except (AttributeError, KeyError, TypeError, ValueError):  # the model has no trees, or some that are not of numbers
        return None
    trees = [tree for tree in trees if len(tree) > 1]
    return Trees(trees, single=library != "lightgbm") if trees else None


def _leaves(root: Any, split: Callable[[Any], Split | None], values: Callable[[Any], np.ndarray]) -> Iterator[Leaf]:
    """The leaves below a node. `split` is None for a leaf, which has `values`."""
    left: list[tuple[Any, tuple[Step, ...]]] = [(root, ())]
    while left:
        node, way = left.pop()
        if (found := split(node)) is None:
            yield way, values(node)
        else:
            column, threshold, null_is_low, low, high = found
            left += [(low, (*way, (column, threshold, True, null_is_low))), (high, (*way, (column, threshold, False, not null_is_low)))]


def _of_output(value: float, output: int, width: int) -> np.ndarray:
    """The number of a leaf for one output; of two classes, boosted trees have only the score of the second."""
    found = np.zeros(width)
    found[output if width != 2 else 1] = value
    return found


def _numbers(key: str, output: int, width: int) -> Callable[[Any], np.ndarray]:
    """The numbers of a leaf in a document of JSON."""
    return lambda node: _of_output(node[key], output, width)


def _sklearn(model: Any, width: int) -> Iterator[Iterator[Leaf]]:
    """A tree, the mean of a forest, or the sum of boosted trees, which have a column for each output."""
    estimators = np.array([model] if hasattr(model, "tree_") else model.estimators_, dtype=object)
    boosted = estimators.ndim == 2
    for at, estimator in np.ndenumerate(estimators):
        t = estimator.tree_

        def split(node: int, t: Any = t) -> Split | None:
            left, right = int(t.children_left[node]), int(t.children_right[node])
            return (
                None if left == right else (int(t.feature[node]), float(t.threshold[node]), bool(t.missing_go_to_left[node]), left, right)
            )

        def values(node: int, t: Any = t, at: Any = at) -> np.ndarray:
            if boosted:
                return _of_output(model.learning_rate * t.value[node, 0, 0], at[1], width)
            found = t.value[node, 0] / t.value[node, 0].sum() if t.value.shape[2] > 1 else t.value[node, :, 0]
            return np.asarray(found / estimators.size)

        yield _leaves(0, split, values)


def _xgboost(model: Any, width: int) -> Iterator[Iterator[Leaf]]:
    names = model.feature_names

    def split(node: Any) -> Split | None:
        if "leaf" in node:
            return None
        column = names.index(node["split"]) if names else int(node["split"][1:])
        below = float(np.nextafter(np.float32(node["split_condition"]), np.float32(-np.inf)))  # it goes there below the threshold
        children = {child["nodeid"]: child for child in node["children"]}
        return column, below, node["missing"] == node["yes"], children[node["yes"]], children[node["no"]]

    for i, tree in enumerate(model.get_dump(dump_format="json")):
        yield _leaves(json.loads(tree), split, _numbers("leaf", i % width, width))


def _lightgbm(model: Any, width: int) -> Iterator[Iterator[Leaf]]:
    def split(node: Any) -> Split | None:
        if "leaf_value" in node:
            return None
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise ValueError(node["decision_type"])
        null_is_low = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0  # otherwise null is read as 0
        return node["split_feature"], node["threshold"], null_is_low, node["left_child"], node["right_child"]

    for i, tree in enumerate(model.dump_model()["tree_info"]):
        yield _leaves(tree["tree_structure"], split, _numbers("leaf_value", i % width, width))


READERS = {"sklearn": _sklearn, "xgboost": _xgboost, "lightgbm": _lightgbm}
