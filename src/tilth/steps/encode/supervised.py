"""The base of encoders that learn from the label: targets, and out-of-fold numbers for the training rows.

The number of a category contains information on the label of each of its rows, so a model trained on it would see part of what it is to
predict. Therefore training rows are divided into folds by the hash of their key, and each row gets the number learned from the other folds.
All other rows get the number learned from all training rows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Roles, Schema
from tilth.engine.arrow import as_numpy
from tilth.engine.expressions import add, col, if_else, in_, lit, mul
from tilth.engine.groups import Groups, plain
from tilth.engine.keys import content
from tilth.engine.needs import Need
from tilth.engine.operations.hashing import HashBucket, has_string, key_string
from tilth.engine.operations.lookups import at_place, lookup
from tilth.engine.operations.numbers import Finite
from tilth.engine.plan import MOST_GROUPS
from tilth.engine.statistics import Statistic, central_moment, count_of, total
from tilth.errors import Mistake, RequestError
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Where
from tilth.steps.encode.encoder import Levels
from tilth.steps.labels import label_column
from tilth.steps.missing import present, value_of
from tilth.steps.naming import names_of
from tilth.steps.step import Asking, Learned, Learning, reject_clashes

FOLD = "\x1ffold"
MOST_CLASSES = 100
MOST_FOLDS = 20
FAR = 2  # times the categories that are allowed: estimates are within a few percent


@dataclass(frozen=True)
class Target:
    """A target of the encoding: the share of the class `value`, or the mean of the label if it is None."""

    number: Tree
    value: Any = None


class Counted(NamedTuple):
    """Rows with a label, their sum, and Σ(y − mean)² if that was asked: one for each level and fold.

    Levels are the categories, and a last one for missing.
    """

    rows: np.ndarray
    sums: np.ndarray
    moments: np.ndarray | None = None

    def without(self, fold: int) -> Counted:
        """The numbers of all other folds."""
        moments = None if self.moments is None else np.delete(self.moments, fold, axis=1)
        return Counted(np.delete(self.rows, fold, axis=1), np.delete(self.sums, fold, axis=1), moments)

    def merged(self) -> Counted:
        """The numbers of all folds together."""
        rows, sums = self.rows.sum(axis=1), self.sums.sum(axis=1)
        if self.moments is None:
            return Counted(rows, sums)
        apart = np.divide(self.sums, self.rows, out=np.zeros(self.sums.shape), where=self.rows > 0)
        whole = np.divide(sums, rows, out=np.zeros(sums.shape), where=rows > 0)
        return Counted(rows, sums, (self.moments + self.rows * (apart - whole[:, None]) ** 2).sum(axis=1))


class Supervised(Levels):
    """An encoder that describes a category by the label of its training rows."""

    takes = (*Levels.takes, "label", "smooth", "folds", "seed")
    most = 100_000

    def mistakes(self) -> Iterator[Mistake]:
        yield from super().mistakes()
        if not 2 <= self.step.folds <= MOST_FOLDS:
            yield Mistake("encode: `folds` must be from 2 to 20", code="bad-value")
        if isinstance(self.step.smooth, int | float) and not 0 <= self.step.smooth <= 1e15:
            yield Mistake("encode: `smooth` must be 0 or more", code="bad-value")

    @property
    def spread(self) -> bool:
        """Whether numbers depend on the variance of the label within a category, which needs another scan."""
        return False

    @abstractmethod
    def numbers(self, counted: Counted) -> tuple[np.ndarray, float]:
        """The number of each level and of an unseen value, from the rows, sums and moments of the levels."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        """The generator with which the step learns."""
        step = self.step
        label, key = label_column(step.name, step.label, schema, roles), fold_key(schema, roles)
        yield from step.empty_rejected(schema, roles)
        chosen = step.selected(schema, roles)
        if label in chosen:
            raise RequestError(f"encode: {label.name!r} is the label itself", hint="leave it out of `columns`", code="label-as-feature")
        yield from self._few(chosen)
        targets = yield from self.targets(label, roles)
        fold = HashBucket.of(key_string(key, f"folds {step.seed}"), lit(step.folds))
        asked = {
            c.name: [[s.grouped(value_of(c), fold) for s in _statistics(t)[: 3 if self.spread else 2]] for t in targets] for c in chosen
        }
        found = yield [need for of in asked.values() for needs in of for need in needs]
        about = {"label": label.name, "key": [c.name for c in key]}
        learned = {c.name: about | self._state(c, targets, [[found[n] for n in needs] for needs in asked[c.name]]) for c in chosen}
        reject_clashes(step.name, schema, {c.name: step.changes(c, learned[c.name]) for c in chosen})
        return learned

    def _few(self, chosen: Sequence[Column]) -> Asking[None]:
        """Reject columns of far too many categories before any of these is counted."""
        asked = {c: Statistic(exp.ApproxDistinct(this=value_of(c))) for c in chosen}
        found = yield list(asked.values())
        for c, need in asked.items():
            if found[need] > FAR * self.limit:
                self.refuse_many(c)

    @property
    def limit(self) -> int:
        return min(super().limit, MOST_GROUPS // self.step.folds - 1)

    def targets(self, label: Column, roles: Roles) -> Asking[list[Target]]:
        """The targets: the mean of a number, the share of the positive class, or the share of each of more than two classes."""
        positive = roles.positive if label.name == roles.label else ()
        if positive:
            return [share_of(label, *positive)]
        if label.kind.numeric:
            return [Target(Finite.of(col(label.name)))]
        asked = Where(TopValues(label.name, MOST_CLASSES + 1), present(label))
        classes = sorted(value for value, _ in (yield [asked])[asked])
        if not 2 <= len(classes) <= MOST_CLASSES:
            message = f"encode: the label {label.name!r} has {len(classes) if len(classes) < 2 else f'more than {MOST_CLASSES}'} classes"
            raise RequestError(message, accepted=f"2 to {MOST_CLASSES} classes in the training part, or a number", code="classes")
        return [share_of(label, c) for c in (classes if len(classes) > 2 else classes[1:])]

    def _state(self, column: Column, targets: Sequence[Target], found: Sequence[Sequence[Mapping[Any, Any]]]) -> dict[str, Any]:
        groups = [list(map(Groups.of, of)) for of in found]
        keys = {k: k.columns[0].combine_chunks().dictionary_encode() for k in dict.fromkeys(of.keys_of for each in groups for of in each)}
        different = next(iter(keys.values())).dictionary
        categories = different.take(pc.array_sort_indices(different))
        self.reject_many(column, categories)
        cells = {of: (_places(values, categories), as_numpy(of.columns[1].cast(pa.int64()))) for of, values in keys.items()}
        counted = [Counted(*(self._table(len(categories), cells[of.keys_of], of) for of in each)) for each in groups]
        out = self.step.out(column.name)
        names = [out] if len(targets) == 1 else names_of(out, [t.value for t in targets])
        whole = [self.numbers(c.merged()) for c in counted]
        folds = [[self._out_of_fold(c, k) for k in range(self.step.folds)] for c in counted]
        return {
            "categories": plain(categories),
            "names": names,
            "values": [numbers[:-1].tolist() for numbers, _ in whole],
            "missing": [float(numbers[-1]) for numbers, _ in whole],
            "unseen": [unseen for _, unseen in whole],
            "folds": [[numbers.tolist() for numbers, _ in of] for of in folds],
            "unseen_folds": [[unseen for _, unseen in of] for of in folds],
        }

    def _table(self, categories: int, cells: tuple[np.ndarray, np.ndarray], found: Groups) -> np.ndarray:
        """A number per category (and missing values) and fold; 0 if a fold lacks the category."""
        table = np.zeros((categories + 1, self.step.folds))
        table[cells] = np.nan_to_num(as_numpy(found.numbers), posinf=np.inf, neginf=-np.inf)
        return table

    def _out_of_fold(self, counted: Counted, fold: int) -> tuple[np.ndarray, float]:
        """The numbers learned from the other folds, or from all rows if there is only one fold."""
        others = counted.without(fold)
        return self.numbers((others if others.rows.any() else counted).merged())

    def state(self, column: Column) -> Mapping[str, Any]:
        lists = dict.fromkeys(("values", "unseen_folds"), list[list[float]]) | {"folds": list[list[list[float]]]}
        names = dict.fromkeys(("key", "names"), list[str]) | dict.fromkeys(("missing", "unseen"), list[float])
        return {"label": str, "categories": list.__class_getitem__(column.kind.python)} | lists | names

    def shown(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values learned from all rows: name → number for each category, and for missing and unseen values."""
        values = dict(zip(state["names"], state["values"], strict=True))
        rest = {word: state[word] if len(values) > 1 else state[word][0] for word in ("missing", "unseen")}
        return {"label": state["label"], "categories": state["categories"], **values, **rest}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        found = zip(learned["values"], learned["missing"], learned["unseen"], strict=True)
        return self._named(column, learned, [self.number(column, learned["categories"], *numbers) for numbers in found])

    def _named(self, column: Column, learned: Mapping[str, Any], trees: list[Tree]) -> Mapping[str, Tree | None]:
        return {column.name: trees[0]} if len(trees) == 1 else {column.name: None, **dict(zip(learned["names"], trees, strict=True))}

    def for_training(self, column: Column, learned: Mapping[str, Any], training: Tree) -> Mapping[str, Tree | None]:
        """The same, in rows for training with the number of their fold."""
        folds, fold, categories = list(range(self.step.folds)), col(FOLD), learned["categories"]
        place = add(mul(fold, lit(len(categories))), lookup(col(column.name), categories)) if categories else lit(None)
        apart = [
            self.number_of(
                column,
                at_place(place, [x for numbers in of for x in numbers[:-1]]) if categories else lit(None),
                lookup(fold, folds, [numbers[-1] for numbers in of]),
                lookup(fold, folds, unseen),
            )
            for of, unseen in zip(learned["folds"], learned["unseen_folds"], strict=True)
        ]
        whole = [tree for tree in self.change(column, **learned).values() if tree is not None]
        return self._named(column, learned, [if_else(training, *both) for both in zip(apart, whole, strict=True)])

    def fold(self, schema: Schema, learned: Learned) -> Tree:
        """The fold of a row."""
        key = next(iter(learned.values()))["key"]
        return HashBucket.of(key_string((schema[c] for c in key), f"folds {self.step.seed}"), lit(self.step.folds))


def _places(values: pa.DictionaryArray, categories: pa.Array) -> np.ndarray:
    """The place of each value among the categories; after them for a missing one."""
    places = np.append(as_numpy(pc.index_in(values.dictionary, value_set=categories)), len(categories))
    found: np.ndarray = places[np.nan_to_num(as_numpy(values.indices), nan=len(places) - 1).astype(np.int64)].astype(np.int64)
    return found


def fold_key(schema: Schema, roles: Roles) -> tuple[Column, ...]:
    """The columns that determine the fold of a row: its group, else its id, else all columns."""
    for names in (roles.group, roles.id):
        if found := tuple(schema[c] for c in names if c in schema and has_string(schema[c])):
            return found
    return content(schema)


def share_of(label: Column, *values: Any) -> Target:
    """The share of one of the classes, or of several together."""
    hit = if_else(in_(col(label.name), values), lit(1.0), lit(0.0))
    return Target(if_else(present(label), hit), values[0])


def _statistics(target: Target) -> tuple[Need, ...]:
    return count_of(target.number), total(target.number), central_moment(target.number)
