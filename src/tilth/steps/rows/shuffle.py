"""shuffle: the rows in an order that a seed decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Roles, Schema, select
from tilth.engine.expressions import col
from tilth.engine.keys import NO_ORDER, content, key_columns
from tilth.engine.layers import table
from tilth.engine.operations.hashing import has_string, key_hash
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import RowCount
from tilth.metrics.keys import DistinctKeys
from tilth.metrics.metric import Metric
from tilth.steps.rows.sort import order_or_time
from tilth.steps.step import Learned, Learning, Selector, Step


@dataclass(frozen=True)
class Shuffle(Step):
    """Puts the rows in a random order determined by a seed: the same on every engine, whatever the number of threads or partitions.

    Rows are ordered by the hash of the seed and their key (the role id, or else all columns); ties are ordered by the key and then by the
    other columns. Shuffling is safe only if any order is as likely as any other. So a table with a column of the role time, or with rows
    found to be in order of time, is rejected unless you write `anyway: true`.

    With `blocks`, rows with equal values in these columns, such as the day or the session, stay together in the order of `order`, and the
    blocks are shuffled. Use this if the order of blocks does not matter but the order of rows within a block does; nothing is rejected
    then.

    >>> print(Shuffle(seed=7))
    shuffle(seed=7)
    """

    name = "shuffle"
    parts = frozenset({"rows", "training"})

    blocks: Selector = ()
    """The columns that identify the block of a row. Default: every row is shuffled on its own."""
    order: Selector = ()
    """`blocks`: the columns that order the rows of a block. Default: the role time."""
    seed: int = 0
    """Another seed gives another order."""
    anyway: bool = False
    """Whether to shuffle rows even if their order carries meaning."""

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        if self.order and not self.blocks:
            return (Mistake("shuffle: `order` is for the rows of `blocks`", hint="name the columns of blocks", code="bad-value"),)
        if self.anyway or self.blocks or roles.time is None:
            return ()
        message = f"shuffle: the rows have a time ({roles.time!r}), so their order carries meaning, and shuffling would lose it"
        return (Mistake(message, hint="leave the step out, or write `anyway: true`", code="order-carries-meaning"),)

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        RequestError.reject(self.refused(roles))
        if self.blocks:
            yield ()
            return {"": self._of_blocks(schema, roles)}
        key = [c.name for c in key_columns(schema, roles)]
        if key == [c.name for c in content(schema)]:
            yield ()
            return {"": {"key": key, "unique": True}}
        asked: tuple[Metric, Metric] = (RowCount(), DistinctKeys(tuple(key)))
        found = yield asked
        return {"": {"key": key, "unique": found[asked[0]] == found[asked[1]]}}

    def _of_blocks(self, schema: Schema, roles: Roles) -> dict[str, Any]:
        blocks, order = select(self.blocks, schema, roles), order_or_time(self, self.order, schema, roles)
        unfit = "cannot be a block: its values have no text that all engines agree on"
        RequestError.reject(self.unfit(map(schema.__getitem__, blocks), lambda c: "" if has_string(c) else unfit))
        if not blocks or not order:
            what, hint = ("blocks", "`blocks: COLUMN`") if not blocks else ("the rows of a block", "`order: COLUMN`, or the role time")
            raise RequestError(f"shuffle: there is no column that says the order of {what}", hint=f"name it: {hint}", code="no-order")
        return {"key": list(blocks), "order": order, "unique": False}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        key, unique, within = learned[""]["key"], learned[""]["unique"], learned[""].get("order", [])
        others = [] if unique else [c.name for c in schema if c.name not in key and c.kind not in NO_ORDER]
        order: list[Tree] = [key_hash((schema[c] for c in key), self.seed), *(col(c) for c in dict.fromkeys((*key, *within, *others)))]
        ordered = exp.Order(expressions=[exp.Ordered(this=x, nulls_first=True) for x in order])
        return data.rows(exp.Select(expressions=[exp.Star()], order=ordered).from_(table(BELOW)), ordered=True)
