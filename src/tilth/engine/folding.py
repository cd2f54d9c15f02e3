"""Computes several folds in one scan of Arrow batches, in this process or on the executors of a cluster."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind, Schema
from tilth.engine.arrow import cast, uniform
from tilth.engine.expressions import alias, col, lit
from tilth.engine.expressions import cast as to_kind
from tilth.engine.needs import Fold
from tilth.engine.operations.rows import REFUSED
from tilth.engine.plan import MOST_GROUPS
from tilth.errors import RequestError, TilthError

if TYPE_CHECKING:
    import pyarrow as pa

States: TypeAlias = dict[tuple[Any, ...], Any]
"""Group → state. Without groups the key is the empty tuple, which is absent if there are no rows."""


def fold_select(folds: Sequence[Fold]) -> exp.Select:
    """The columns that the folds read, their conditions and their groups."""
    columns = list(dict.fromkeys(c for f in folds for c in f.columns))
    computed = [alias(tree, name) for tree, name in _names(folds).items()]
    return exp.Select(expressions=[*map(col, columns), *computed] or [alias(lit(1), "\x1fone")])


def _condition(where: Tree) -> Tree:
    return to_kind(where, Kind.BOOLEAN)


def _names(folds: Sequence[Fold]) -> dict[Tree, str]:
    """Condition or group → the name of the column that holds it."""
    trees = dict.fromkeys(tree for f in folds for tree in (*([] if f.where is None else [_condition(f.where)]), *f.by))
    return {tree: f"\x1f{i}" for i, tree in enumerate(trees)}


@dataclass(frozen=True)
class Folding:
    """Folds without expression trees, and for each fold the columns with its condition and its groups."""

    folds: tuple[Fold, ...]
    conditions: tuple[str | None, ...]
    groups: tuple[tuple[str, ...], ...]
    kinds: Schema

    @classmethod
    def of(cls, folds: Sequence[Fold], kinds: Schema) -> Folding:
        """The folding for a table with these columns."""
        names = _names(folds)
        conditions = tuple(None if f.where is None else names[_condition(f.where)] for f in folds)
        return cls(
            tuple(replace(f, where=None, by=()) for f in folds), conditions, tuple(tuple(names[k] for k in f.by) for f in folds), kinds
        )

    def states(self, batches: Iterable[pa.RecordBatch]) -> list[States]:
        """The states of the folds over the rows of the batches."""
        found: list[States] = [{} for _ in self.folds]
        for raw in batches:
            batch = cast(raw, uniform(raw.schema, self.kinds))
            for fold, condition, groups, states in zip(self.folds, self.conditions, self.groups, found, strict=True):
                kept = batch if condition is None else batch.filter(batch[condition])
                for key, part in _parts(kept, groups):
                    states[key] = fold.update(states[key] if key in states else fold.start(), part.select(fold.columns))
                _reject_many(states)
        return found

    def merged(self, a: list[States], b: list[States]) -> list[States]:
        """Merge the states of two parts."""
        for fold, whole, more in zip(self.folds, a, b, strict=True):
            for key, state in more.items():
                whole[key] = fold.merge(whole[key], state) if key in whole else state
            _reject_many(whole)
        return a

    def packed(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Compute the states of one part of the table, as one row. Runs on an executor."""
        import pyarrow as pa

        try:
            states = self.states(batches)
        except TilthError as error:
            raise RuntimeError(f"{REFUSED}{error}") from error
        yield pa.RecordBatch.from_pydict({"states": [pickle.dumps(states)]}, pa.schema([("states", pa.binary())]))

    def unpacked(self, parts: Iterable[bytes]) -> list[States]:
        """Merge the states of all parts of the table."""
        whole: list[States] = [{} for _ in self.folds]
        for part in parts:
            whole = self.merged(whole, pickle.loads(part))  # noqa: S301 -- made by `packed` on this run's own executors
        return whole


def _parts(batch: pa.RecordBatch, groups: Sequence[str]) -> Iterable[tuple[tuple[Any, ...], pa.RecordBatch]]:
    """The rows of each group in a batch."""
    if not groups:
        return [((), batch)] if batch.num_rows else []
    rows: dict[tuple[Any, ...], list[int]] = {}
    for i, key in enumerate(zip(*(batch[g].to_pylist() for g in groups), strict=True)):
        rows.setdefault(key, []).append(i)
    return [(key, batch.take(places)) for key, places in rows.items()]


def _reject_many(states: States) -> None:
    if len(states) > MOST_GROUPS:
        raise RequestError(f"a fold has more than {MOST_GROUPS:,} groups", hint="group by columns of fewer values", code="too-many-groups")
