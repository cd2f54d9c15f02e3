"""shuffle: the rows in an order that a seed decides."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Roles, Schema
from tilth.engine.expressions import col
from tilth.engine.keys import NO_ORDER, content, key_columns
from tilth.engine.layers import table
from tilth.engine.operations.hashing import key_hash
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import RowCount
from tilth.metrics.keys import DistinctKeys
from tilth.metrics.metric import Metric
from tilth.steps.step import Learned, Learning, Step


@dataclass(frozen=True)
class Shuffle(Step):
    """The rows in an order that a seed decides: the same on every engine, whatever the number of threads or partitions.

    Rows are ordered by the hash of the seed and their key (the role id, else all columns), rows of one hash by their key, rows of
    one key by their other columns; rows that are equal in all of them are interchangeable. Shuffling loses nothing only if every order is
    as likely as any other, so a table with a column of the role time, or whose rows are found to be in order of time, is refused unless
    `anyway` says otherwise.

    >>> print(Shuffle(seed=7))
    shuffle(seed=7)
    """

    name = "shuffle"
    parts = frozenset({"rows", "training"})

    seed: int = 0
    """Another seed is another order."""
    anyway: bool = False
    """Shuffles rows even if their order carries meaning."""

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        if self.anyway or roles.time is None:
            return ()
        message = f"shuffle: the rows have a time ({roles.time!r}), so their order carries meaning, and shuffling would lose it"
        return (Mistake(message, hint="leave the step out, or say `anyway: true`", code="order-carries-meaning"),)

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        RequestError.reject(self.refused(roles))
        key = [c.name for c in key_columns(schema, roles)]
        if key == [c.name for c in content(schema)]:
            yield ()
            return {"": {"key": key, "unique": True}}
        asked: tuple[Metric, Metric] = (RowCount(), DistinctKeys(tuple(key)))
        found = yield asked
        return {"": {"key": key, "unique": found[asked[0]] == found[asked[1]]}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        key, unique = learned[""]["key"], learned[""]["unique"]
        others = [] if unique else [c.name for c in schema if c.name not in key and c.kind not in NO_ORDER]
        order: list[Tree] = [key_hash((schema[c] for c in key), self.seed), *(col(c) for c in (*key, *others))]
        ordered = exp.Order(expressions=[exp.Ordered(this=x, nulls_first=True) for x in order])
        return data.rows(exp.Select(expressions=[exp.Star()], order=ordered).from_(table(BELOW)), ordered=True)
