"""dedupe: of rows with the same key one stays, or the others are flagged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from tilth.data import BELOW, Dataset, Kind, Roles, Schema, select
from tilth.engine.expressions import alias, and_, col, eq, if_else, is_null, lit, or_
from tilth.engine.keys import NO_ORDER
from tilth.engine.layers import table
from tilth.errors import Mistake, RequestError
from tilth.metrics.near_duplicates import LEAST, near_groups
from tilth.steps.rows.near import near_key, unfit_text
from tilth.steps.rows.sort import order_or_time
from tilth.steps.step import Learned, Learning, Selector, Step

PLACE = "\x1fplace"
NEAR = "\x1fnear"
NO_KEY = frozenset({Kind.MAP, Kind.OTHER})


@dataclass(frozen=True)
class Dedupe(Step):
    """One row for each key: the first (or last) in a stated order.

    Without `on`, the key is the whole row. Rows are ordered by the columns in `order`, or else by the role time. Ties are ordered by the
    other columns, from left to right, so every engine keeps the same row. Nulls come last. Null equals null in a key, but if all columns of
    a key are null, the row always stays: rows without a key are not duplicates.

    With `near`, rows with nearly the same text are duplicates, too: ignoring case and blanks, the runs of five characters that both texts
    have are at least this share of those that either has (their Jaccard index). A chain of such pairs is one group. MinHash finds the
    pairs: 94.7 % of those with a similarity of 0.8, 99.99 % of those with 0.9.

    With `flag`, all rows stay, and a new column is 1 in rows that would be dropped, otherwise 0. The column is not available when serving,
    because the part `rows` is not applied then.

    Elsewhere: pandas' `drop_duplicates(on, keep=…)`, and `duplicated(on, keep=…)` for `flag`, once rows are sorted by `order`; pandas
    treats rows with an all-null key as duplicates.

    Errors: a key or an order of values that cannot be compared; a name for `flag` that exists; `near` for columns that do not hold strings,
    for more than two million different texts, or for more than 200,000 texts that resemble another one.

    >>> print(Dedupe("id", order="updated", keep="last"))
    dedupe(on='id', keep='last', order='updated')
    """

    name = "dedupe"
    parts = frozenset({"rows", "training"})
    learns = False
    shorthand = "on"

    on: Selector = ()
    """The columns of the key. Default: all columns."""
    keep: Literal["first", "last"] = "first"
    """Which of the rows with the same key stays."""
    order: Selector = ()
    """The columns that order the rows with the same key. Default: the role time."""
    near: float = 0.0
    """The similarity from which texts count as duplicates, 0.5 to 1; `on` is then the role text by default. Default: equal texts only."""
    flag: str = ""
    """A new column that marks duplicates; then all rows stay. Default: none."""

    def __post_init__(self) -> None:
        if self.flag:
            object.__setattr__(self, "parts", frozenset({"rows"}))
            object.__setattr__(self, "makes_rows", True)  # one row alone cannot be compared with others
        super().__post_init__()

    def mistakes(self) -> Iterator[Mistake]:
        if self.near and not LEAST <= self.near <= 1:
            yield Mistake(f"dedupe: `near` is {self.near:g}", accepted=f"{LEAST} to 1", code="bad-value")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        key = select(self.on, schema, roles) if self.on else roles.text if self.near else schema.names
        if not key and self.near:
            hint = "name it: `on: COLUMN`, or give it the role text"
            raise RequestError("dedupe: there is no column of texts to compare", hint=hint, code="no-column")
        if not key:
            raise RequestError("dedupe: no column is selected for the key", code="nothing-selected")
        if self.flag.casefold() in map(str.casefold, schema.names):
            raise RequestError(f"dedupe: there is a column {self.flag!r} already", hint="choose another name for `flag`", code="name-clash")
        unfit = "cannot be a key: its values cannot be compared"
        RequestError.reject(self.unfit(map(schema.__getitem__, key), lambda c: unfit if c.kind in NO_KEY else ""))
        if not self.near:
            return {"": {"key": list(key), "order": self._order(key, schema, roles)}}
        RequestError.reject(self.unfit(map(schema.__getitem__, key), unfit_text))
        near = yield from near_groups(key, self.near)
        return {"": {"key": list(key), "order": self._order((), schema, roles), "near": near}}

    def _order(self, key: Iterable[str], schema: Schema, roles: Roles) -> list[str]:
        by = order_or_time(self, self.order, schema, roles)
        others = [c.name for c in schema if c.kind not in NO_ORDER]
        return [c for c in dict.fromkeys((*by, *others)) if c not in set(key)]

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        key, order, names = learned[""]["key"], learned[""]["order"], list(map(col, data.names))
        if not order:  # rows with the same key are equal in all that can be compared
            order = key[:1]
        same = key
        if self.near:
            same, data = [NEAR], data.change({NEAR: near_key(map(schema.__getitem__, key), learned[""]["near"])})
        window = exp.Window(
            this=exp.RowNumber(),
            partition_by=[col(c) for c in same],
            order=exp.Order(expressions=[exp.Ordered(this=col(c), desc=self.keep == "last", nulls_first=False) for c in order]),
        )
        numbered = exp.Select(expressions=[exp.Star(), alias(window, PLACE)]).from_(table(BELOW))
        none = and_(*(is_null(col(c)) for c in key)) if self.on or self.near else None
        stays, out = or_(eq(col(PLACE), lit(1)), none), [c.name for c in names]
        if self.flag:
            flagged = exp.Select(expressions=[*names, alias(if_else(stays, lit(0), lit(1)), self.flag)])
            return data.rows(flagged.from_(numbered.subquery("numbered")), out=(*out, self.flag))
        return data.rows(exp.Select(expressions=names).from_(numbered.subquery("numbered")).where(stays, copy=False), out=out)

    def shown(self, learned: Learned) -> Learned:
        state = learned[""]
        return {"": {**state, "near": len(state["near"])}} if "near" in state else learned
