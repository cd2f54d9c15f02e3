"""sample: some of the rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Roles, Schema
from tilth.engine.expressions import alias, col, eq, le, lit, lt
from tilth.engine.keys import content, key_columns
from tilth.engine.layers import filtered, table
from tilth.engine.operations.hashing import has_string, key_hash, key_string
from tilth.engine.operations.lookups import lookup
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError
from tilth.steps.rows.ranks import cuts
from tilth.steps.rows.sort import order_columns, ordering
from tilth.steps.rows.split import MOST_STRATA, WHOLE, apportioned
from tilth.steps.step import Asking, Learned, Learning, Selector, Step

PLACE = "\x1fplace"


@dataclass(frozen=True)
class Sample(Step):
    """Keeps some of the rows: `n`, or a `fraction` of them, rounded to a whole number (halves up); all if there are fewer.

    By default the sample is random: it has the rows with the smallest hashes of the seed and the row's key (the role id, or else all
    columns), which are the same on every engine. With `order`, it has the first rows in the order of these columns; ties are ordered by the
    other columns. With `stratify`, each stratum gets its share of the rows, by the largest remainder; null is a stratum of its own.

    The rows of a random sample are in no particular order: `sort` them afterwards.

    Elsewhere: pandas' `sample(n)` and `sample(frac=…)`, or `sort_values(order).head(n)`; scikit-learn's `train_test_split(stratify=…)`.

    Errors: neither or both of `n` and `fraction`; more than 1,000 strata.

    >>> print(Sample(fraction=0.1, stratify="label"))
    sample(fraction=0.1, stratify='label')
    """

    name = "sample"
    parts = frozenset({"rows", "training"})

    n: int = 0
    """How many rows."""
    fraction: float = 0.0
    """The share of rows to keep: above 0, at most 1."""
    order: Selector = ()
    """The columns that order the rows; the first rows are kept. Default: a random sample."""
    descending: bool = False
    """`order`: whether the rows with the largest values are first."""
    stratify: Selector = ()
    """The columns of the strata. Default: the table is one."""
    seed: int = 0
    """Another seed chooses other rows."""

    def mistakes(self) -> Iterator[Mistake]:
        if not ((self.n >= 1 and self.fraction == 0) or (self.n == 0 and 0 < self.fraction <= 1)):
            message = f"sample: `n` is {self.n} and `fraction` is {self.fraction:g}"
            accepted = "one of the two: `n` of 1 or more, or a `fraction` above 0, at most 1"
            yield Mistake(message, accepted=accepted, code="bad-value")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        chosen = self.chosen(self.stratify, schema, roles, "no column is selected for the strata") if self.stratify else ()
        strata = [schema[c] for c in chosen]
        unfit = "cannot be a stratum: its values have no text that all engines agree on"
        RequestError.reject(self.unfit(strata, lambda c: "" if has_string(c) else unfit))
        state: dict[str, Any] = {"columns": [c.name for c in strata]}
        if self.order:
            state["order"] = order_columns(self, self.order, schema, roles)
            counted = count().grouped(self._stratum(schema, state))
            found = (yield [counted])[counted]
            return {"": state | {"rows": self._wanted({stratum: n for (stratum,), n in sorted(found.items())})}}
        state["key"] = [c.name for c in key_columns(schema, roles)]
        state |= yield from self._chosen(schema, state)
        return {"": state}

    def _chosen(self, schema: Schema, state: Mapping[str, Any]) -> Asking[dict[str, Any]]:
        """The rows of each stratum, the hash at which they end, and how many of those that have it are still among them."""
        wanted: dict[str, int] = {}

        def places(sizes: Mapping[str, int]) -> Mapping[str, list[int]]:
            wanted.update(self._wanted(sizes))
            return {stratum: [n] for stratum, n in wanted.items()}

        _, found = yield from cuts(self._stratum(schema, state), self._hash(schema, state), places)
        below, ties = ({s: getattr(found[s][0], word) for s in wanted} for word in ("hash", "ties"))
        return {"rows": wanted, "below": below, "ties": ties}

    def _wanted(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """The rows of each stratum."""
        if len(sizes) > MOST_STRATA:
            hint = "stratify by columns of fewer values"
            raise RequestError(
                f"sample: there are {len(sizes):,} strata", accepted=f"up to {MOST_STRATA:,}", hint=hint, code="too-many-strata"
            )
        rows = sum(sizes.values())
        n = min(self.n or math.floor(self.fraction * rows + 0.5), rows)
        return dict(zip(sizes, apportioned(n, [size / rows for size in sizes.values()]), strict=True))

    def _stratum(self, schema: Schema, state: Mapping[str, Any]) -> Tree:
        return key_string(schema[c] for c in state["columns"]) if state["columns"] else lit(WHOLE)

    def _hash(self, schema: Schema, state: Mapping[str, Any]) -> Tree:
        return key_hash((schema[c] for c in state["key"]), self.seed)

    def shown(self, learned: Learned) -> Learned:
        return {"": {"rows": sum(learned[""]["rows"].values())}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        stratum = self._stratum(schema, state)
        if self.order:
            order = ordering(schema, state["order"], state["order"] if self.descending else ())
            first = exp.Select(expressions=[exp.Star()], order=order)
            if not state["columns"]:
                return data.rows(first.from_(table(BELOW)).limit(sum(state["rows"].values())), ordered=True)
            numbered = self._numbered(data, le(col(PLACE), _of(stratum, state["rows"])), stratum, order)
            return data.rows(first.from_(numbered.subquery("first")), ordered=True)
        hashed, below = self._hash(schema, state), _of(stratum, state["below"])
        if not any(state["ties"].values()):
            return filtered(data, lt(hashed, below))
        ahead = exp.Select(expressions=[col(c) for c in data.names]).from_(table(BELOW)).where(lt(hashed, below))
        order = exp.Order(expressions=[exp.Ordered(this=col(c.name), nulls_first=True) for c in content(schema)])
        tied = self._numbered(data, le(col(PLACE), _of(stratum, state["ties"])), stratum, order, eq(hashed, below))
        return data.rows(exp.union(ahead, tied, distinct=False), out=data.names)

    def _numbered(self, data: Dataset, which: Tree, stratum: Tree, order: exp.Order, where: Tree | None = None) -> exp.Select:
        """Number the rows within their stratum, and keep rows with a number that meets the condition `which`."""
        place = exp.Window(this=exp.RowNumber(), partition_by=[stratum.copy()], order=order.copy())
        numbered = exp.Select(expressions=[exp.Star(), alias(place, PLACE)]).from_(table(BELOW))
        numbered = numbered if where is None else numbered.where(where)
        return exp.Select(expressions=[col(c) for c in data.names]).from_(numbered.subquery("numbered")).where(which)


def _of(stratum: Tree, values: Mapping[str, Any]) -> Tree:
    """The stratum of a row; null without strata."""
    if not values:
        return lit(None)
    if list(values) == [WHOLE]:
        return lit(values[WHOLE])
    return lookup(stratum, list(values), list(values.values()))
