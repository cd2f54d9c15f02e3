"""tomek, enn, nearmiss: rows are left out for what their neighbours are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tilth.data import Column, Dataset, Roles, Schema
from tilth.engine.expressions import col, is_null
from tilth.engine.keys import sample_key
from tilth.engine.layers import filtered
from tilth.engine.operations.hashing import key_hash
from tilth.engine.operations.lookups import lookup
from tilth.metrics.neighbours import Points, farthest, nearest
from tilth.steps.balance.method import Method, Sizes
from tilth.steps.balance.rows import HASH, Rows, features, sampled
from tilth.steps.step import Asking


class Cleaning(Method):
    """Removes rows by their neighbours. Rows that are equal in features, label and id are removed or kept together."""

    takes: ClassVar[tuple[str, ...]] = ("classes", "origin")

    @property
    def k(self) -> int:
        """How many neighbours a row has."""
        return self.step.neighbours or 3

    def learning(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        before = yield from self.sizes(label)
        rows = yield from sampled(label, schema, roles, before, hashed=True)
        out = np.zeros(len(rows.classes), bool)
        out[self.unwanted(rows, rows.points(), before)] = True
        hashes = rows.table[HASH].to_numpy()
        left = np.unique(hashes[out])
        sizes = np.bincount(rows.classes[~np.isin(hashes, left)], minlength=len(before))
        key = sample_key(schema, roles, [*(c.name for c in features(schema, roles, label)), label.name])
        after = dict(zip(before, sizes.tolist(), strict=True))
        return {"before": before, "after": after, "key": [c.name for c in key], "hashes": left.tolist()}

    @abstractmethod
    def unwanted(self, rows: Rows, points: Points, sizes: Sizes) -> np.ndarray:
        """The places of the rows that are left out."""

    def made(self, data: Dataset, schema: Schema, label: Column, state: Mapping[str, Any]) -> Dataset:
        if not state["hashes"]:
            return data
        data = data.change({HASH: key_hash((schema[c] for c in state["key"]), 0)})
        return filtered(data, is_null(lookup(col(HASH), state["hashes"]))).change({HASH: None})


class Tomek(Cleaning):
    """Without rows of Tomek links."""

    def unwanted(self, rows: Rows, points: Points, sizes: Sizes) -> np.ndarray:
        everything = np.arange(len(rows.classes))
        near, _ = nearest(points, everything, everything, 1)
        other = near[:, 0]
        linked = (rows.classes[other] != rows.classes) & (other[other] == everything)
        out: np.ndarray = everything[linked & np.isin(rows.classes, _places(rows, self.chosen(sizes, "not minority")))]
        return out


class Enn(Cleaning):
    """Removes rows whose nearest rows are of other classes."""

    takes: ClassVar[tuple[str, ...]] = (*Cleaning.takes, "neighbours", "kind")

    def unwanted(self, rows: Rows, points: Points, sizes: Sizes) -> np.ndarray:
        everything = np.arange(len(rows.classes))
        asked = everything[np.isin(rows.classes, _places(rows, self.chosen(sizes, "not minority")))]
        near, _ = nearest(points, asked, everything, self.k)
        classes, own = rows.classes[near], rows.classes[asked]
        votes = np.stack([(classes == c).sum(axis=1) for c in range(len(rows.names))], axis=1)
        others = (classes != own[:, None]).any(axis=1) if self.step.kind == "all" else votes.argmax(axis=1) != own
        out: np.ndarray = asked[others]
        return out


class NearMiss1(Cleaning):
    """Rows with the smallest mean distance to their nearest rows of the smallest class."""

    takes: ClassVar[tuple[str, ...]] = (*Cleaning.takes, "ratio", "per_class", "neighbours")

    def unwanted(self, rows: Rows, points: Points, sizes: Sizes) -> np.ndarray:
        least = rows.of(min(sizes, key=sizes.__getitem__))
        wanted = self.fewer(sizes)
        return np.concatenate(
            [np.empty(0, np.int64), *(self.over(rows.of(c), n, points, least) for c, n in wanted.items() if n < sizes[c])]
        )

    def over(self, own: np.ndarray, n: int, points: Points, least: np.ndarray) -> np.ndarray:
        """The rows to remove from a class with the indices `own`, so that `n` stay; `least` are the indices of the smallest class."""
        _, squares = nearest(points, own, least, self.k)
        out: np.ndarray = own[_ranked(squares)[n:]]
        return out


class NearMiss2(NearMiss1):
    """The same with the farthest rows of the smallest class."""

    def over(self, own: np.ndarray, n: int, points: Points, least: np.ndarray) -> np.ndarray:
        out: np.ndarray = own[_ranked(farthest(points, own, least, self.k))[n:]]
        return out


class NearMiss3(NearMiss1):
    """The rows with the largest mean distance among the nearest rows of each row of the smallest class."""

    takes: ClassVar[tuple[str, ...]] = (*NearMiss1.takes, "m_neighbours")

    def over(self, own: np.ndarray, n: int, points: Points, least: np.ndarray) -> np.ndarray:
        near, _ = nearest(points, least, own, self.step.m_neighbours or 3)
        chosen = np.unique(near)
        _, squares = nearest(points, chosen, least, self.k)
        return np.setdiff1d(own, chosen[_ranked(squares, -1)[:n]])


def _ranked(squares: np.ndarray, sign: int = 1) -> np.ndarray:
    """The order of rows by the sum of their distances; ties keep their order. A `sign` of −1 puts the largest first."""
    return np.argsort(sign * np.sqrt(squares).sum(axis=1), kind="stable")


def _places(rows: Rows, names: list[str]) -> list[int]:
    return [rows.names.index(name) for name in names]
