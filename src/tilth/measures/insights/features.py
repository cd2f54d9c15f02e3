"""The rows for insights, a bounded sample in an order independent of the table's; and its columns as numbers for models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Kind, Roles
from tilth.engine.arrow import as_numpy, from_numpy, mask_of
from tilth.engine.operations.strings import BLANKS
from tilth.measures.sampled import COMPARABLE, Rows

FEW = 20  # an integer label with at most this many distinct values is one of classes
MOST_CLASSES = 20  # beyond, the rarer classes are merged into one
OTHERS = "(others)"
FOLDS = 5
NO_FEATURE = ("label", "prediction", "split", "weight")  # roles of columns that are not features

Problem: TypeAlias = Literal["classification", "regression"]


@dataclass(frozen=True)
class Feature:
    """A column of the sample as doubles, with NaN for missing and infinite values; strings are codes of their sorted `names`."""

    column: Column
    x: np.ndarray
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def is_category(self) -> bool:
        """Whether the numbers are codes of strings."""
        return self.column.kind is Kind.STRING

    @cached_property
    def missing(self) -> np.ndarray:
        """Whether each value is missing."""
        found: np.ndarray = np.isnan(self.x)
        return found

    @cached_property
    def distinct(self) -> int:
        """The number of distinct values."""
        return len(self.names) if self.is_category else len(np.unique(self.x[~self.missing]))


@dataclass(frozen=True)
class Target:
    """The label `y` of the labelled rows, as indices of classes in `names` or as numbers; `known` marks these rows in the sample.

    If there are more than 20 classes, the rarer ones are merged. `positive` is the index of the class that a model should find: the
    favourable one, otherwise the rarest. `group` and `time` are the values for the labelled rows, if the roles name such columns.
    """

    name: str
    problem: Problem
    known: np.ndarray
    y: np.ndarray
    names: tuple[str, ...] = ()
    positive: int = 0
    group: np.ndarray | None = None
    time: np.ndarray | None = None

    @property
    def is_class(self) -> bool:
        """Whether the label has classes."""
        return self.problem == "classification"

    @cached_property
    def counts(self) -> np.ndarray:
        """The rows of each class."""
        return np.bincount(self.y.astype(int), minlength=len(self.names))

    @property
    def can_be_learned(self) -> bool:
        """Whether there are enough rows: at least 20, with two classes of five rows each, or two distinct numbers."""
        if len(self.y) < 4 * FOLDS:
            return False
        return int((self.counts >= FOLDS).sum()) > 1 if self.is_class else bool(self.y.min() < self.y.max())

    def turns(self, of: int = FOLDS, by_chance: bool = False) -> np.ndarray:
        """Deal the rows out into `of` folds: whole groups, otherwise the rows of each class, otherwise all rows, in the sample's order."""
        if self.group is not None and not by_chance:
            _, first, place = np.unique(self.group, return_index=True, return_inverse=True)
            turns: np.ndarray = np.argsort(np.argsort(first))[place] % of
            return turns
        if not self.is_class:
            return np.arange(len(self.y)) % of
        order = np.argsort(self.y, kind="stable")
        found = np.empty(len(self.y), int)
        found[order] = np.arange(len(order)) % of
        return found

    @cached_property
    def fold(self) -> np.ndarray:
        """The fold of each row, 0 to 4."""
        return self.turns()

    @cached_property
    def held(self) -> tuple[np.ndarray, str]:
        """The mask of the rows, about a fifth, that score a model; and how they are chosen."""
        return self.held_out()

    def held_out(self, turns: int = 1, of: int = FOLDS) -> tuple[np.ndarray, str]:
        """The mask of a share of the rows, `turns / of`, and how they are chosen: the latest rows (`time`), a share of the groups
        (`group`), or by `chance`, also if one of the parts would have a single label otherwise."""
        ways: dict[str, np.ndarray] = {}
        if self.time is not None and not np.isnan(self.time).all():
            ways["time"] = self.time > np.nanquantile(self.time, 1 - turns / of)
        if self.group is not None:
            ways["group"] = self.turns(of) < turns
        way = next((way for way, mask in ways.items() if self._can_part(mask, ~mask)), "chance")
        return ways.get(way, self.turns(of, by_chance=True) < turns), way

    def _can_part(self, *parts: np.ndarray) -> bool:
        """Whether each part has more than one label."""
        return all(len(np.unique(self.y[part])) > 1 for part in parts)

    @cached_property
    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Masks of training and judging rows for each of five folds: by time, trained on all rows before; else by turns."""
        if self.time is not None and not np.isnan(self.time).all():
            ends = np.nanquantile(self.time, np.arange(1, FOLDS + 1) / (FOLDS + 1))
            block = np.searchsorted(ends, np.nan_to_num(self.time, nan=-np.inf))
            later = [(block < k, block == k) for k in range(1, FOLDS + 1)]
            if self._can_part(*(part for fold in later for part in fold)):
                return later
        turns = self.fold if self.group is None or self.fold.any() else self.turns(by_chance=True)  # one group cannot take turns
        return [(turns != k, turns == k) for k in range(turns.max() + 1)]


def labelled(drawn: Rows, label: Column) -> Rows:
    """The labelled rows; all rows if none has a label."""
    missing = feature_of(label, drawn.table[label.name]).missing if label.kind in COMPARABLE else None
    if missing is None or missing.all() or not missing.any():
        return drawn
    return Rows(drawn.table.filter(mask_of(~missing)), drawn.of)


def looked_at(drawn: Rows, most: int, seed: int) -> pa.Table:
    """At most `most` of the rows, chosen and ordered by the seed, independent of their previous order.

    They are sorted first; equal rows are interchangeable.
    """
    if not drawn.table.num_columns:
        return drawn.table
    order = pc.sort_indices(drawn.table, [(name, "ascending") for name in drawn.table.column_names])
    shuffled = np.random.default_rng(seed).permutation(len(order))[:most]
    return drawn.table.take(order.take(from_numpy(shuffled)))


def features_of(columns: Iterable[Column], rows: pa.Table, roles: Roles) -> list[Feature]:
    """The comparable columns as features, except label, predictions, split and weight."""
    named = roles.named()
    leave = {c for role in NO_FEATURE for c in named.get(role, ())}
    return [feature_of(c, rows[c.name]) for c in columns if c.name not in leave and c.kind in COMPARABLE]


def feature_of(column: Column, values: pa.ChunkedArray) -> Feature:
    """A column as a feature; blank strings are missing."""
    if column.kind is Kind.STRING:
        known = pc.if_else(pc.equal(pc.utf8_trim(values, BLANKS), ""), pa.scalar(None, pa.string()), values).combine_chunks()
        names = pc.unique(known).drop_null().sort()
        codes = pc.index_in(known, names)
        return Feature(column, as_numpy(codes).astype(float), tuple(names.to_pylist()))
    whole = {Kind.DATE: pa.int32(), Kind.TIMESTAMP: pa.int64(), Kind.TIMESTAMP_TZ: pa.int64(), Kind.BOOLEAN: pa.uint8()}
    whole[Kind.TIME] = pa.int32() if pa.types.is_time32(values.type) else pa.int64()
    x = as_numpy((values if column.kind.numeric else values.cast(whole[column.kind])).cast(pa.float64(), safe=False))
    return Feature(column, np.where(np.isfinite(x), x, np.nan))


def problem_of(kind: Kind, distinct: int, whole: bool) -> Problem:
    """The kind of problem: classification for strings, booleans, few distinct integers and two distinct numbers; else regression.

    >>> problem_of(Kind.INTEGER, 3, True), problem_of(Kind.FLOAT, 80, False), problem_of(Kind.FLOAT, 2, True)
    ('classification', 'regression', 'classification')
    """
    few = distinct <= (FEW if whole else 2)
    return "classification" if few or not (kind.numeric or kind.temporal) else "regression"


def target_of(column: Column, rows: pa.Table, roles: Roles, problem: str = "", columns: Sequence[Column] = ()) -> Target:
    """The label in the sample; its values decide the kind of problem unless `problem` is given.

    `columns` are the sample's columns, including groups and time.
    """
    feature = feature_of(column, rows[column.name])
    known = ~feature.missing
    y = feature.x[known]
    values, codes = np.unique(y, return_inverse=True)
    asked: Any = problem or problem_of(column.kind, len(values), column.kind is Kind.INTEGER)
    group, time = _group(columns, rows, roles, known), _time(columns, rows, roles, known)
    if asked == "regression":
        return Target(column.name, "regression", known, y, group=group, time=time)
    names = [feature.names[int(v)] for v in values] if feature.is_category else [_named(v, column.kind) for v in values]
    codes, names = _merged(codes, names)
    counts = np.bincount(codes, minlength=len(names))
    rarest = min(range(len(names)), key=lambda i: (counts[i], names[i]), default=0)
    favourable = {str(p).casefold() for p in roles.positive}
    positive = next((i for i, name in enumerate(names) if name.casefold() in favourable), rarest)
    return Target(column.name, "classification", known, codes.astype(float), tuple(names), positive, group, time)


def _group(columns: Sequence[Column], rows: pa.Table, roles: Roles, known: np.ndarray) -> np.ndarray | None:
    """The group of each labelled row, by the role; rows without a value are one group."""
    of = [feature_of(c, rows[c.name]).x[known] for c in columns if c.name in roles.group and c.kind in COMPARABLE]
    if not of:
        return None
    found: np.ndarray = np.unique(np.nan_to_num(np.column_stack(of), nan=np.inf), axis=0, return_inverse=True)[1].reshape(-1)
    return found


def _time(columns: Sequence[Column], rows: pa.Table, roles: Roles, known: np.ndarray) -> np.ndarray | None:
    """The time of each labelled row, by the role."""
    return next((feature_of(c, rows[c.name]).x[known] for c in columns if c.name == roles.time and c.kind is not Kind.STRING), None)


def _named(value: float, kind: Kind) -> str:
    """The name of a class that is a number or a boolean."""
    if kind is Kind.BOOLEAN:
        return "true" if value else "false"
    return str(int(value)) if value == int(value) else str(value)


def _merged(codes: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Merge the rarer of too many classes into one, the last."""
    if len(names) <= MOST_CLASSES:
        return codes, list(names)
    counts = np.bincount(codes)
    kept = sorted(sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))[: MOST_CLASSES - 1])
    place = np.full(len(names), len(kept))
    place[kept] = range(len(kept))
    return place[codes], [*(names[i] for i in kept), OTHERS]
