"""split: every row gets the name of its part, in a new column `split`."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Roles, Schema, select
from tilth.engine.expressions import and_, case, coalesce, col, if_else, is_null, le, lit, lt, number
from tilth.engine.keys import content, key_columns
from tilth.engine.operations.aggregates import DiscreteQuantile
from tilth.engine.operations.hashing import has_string, key_hash, key_string, threshold
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.times import Micros, from_micros
from tilth.engine.statistics import Statistic
from tilth.errors import Mistake, RequestError, did_you_mean, listed
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Where
from tilth.steps.rows.ranks import cuts
from tilth.steps.step import Asking, Learned, Learning, Selector, Step

SPLIT = "split"  # the column that the step makes
GAP = "gap"  # the part of rows between two parts in time
HASH = "\x1fhash"
WHOLE = "whole table"  # the one stratum of a split that has none
MOST_STRATA = 1_000
UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


@dataclass(frozen=True)
class Split(Step):
    """Each row is assigned to a part, named in the new column `split`. Every row is: none is lost for a null.

    | `by` | a row's part | shares are of |
    |---|---|---|
    | `hash` | by the hash of its key and the seed; stays the same however the data grows | keys, as chance has it |
    | `group` | the same, by the group that it belongs to: groups are never divided | groups, as chance has it |
    | `stratified` | by the order of the hashes within its stratum | rows of each stratum, to one row |
    | `time` | the earlier rows first, cut between two times | rows, to one time |
    | `ordered` | the smaller values first, cut between two values | rows, to one value |

    The hash is the same on every engine (`engine.operations.hashing`). Its key are the columns of the role `id`, else all columns, so
    that equal rows stay together. A row whose key is wholly null is its own key; null in a stratum is a stratum of its own; a row
    without a time or value goes to the first part. Equal times, values and keys are never divided, so a part may be larger or
    smaller than wanted by as many rows.

    A flow that splits by chance (`hash` without a key of its own, or `stratified`) rows that are in order of time is refused, unless
    `anyway` says otherwise.

    Errors: shares that do not add up to 1; no column to split by; more than 1,000 strata; a column `split` that is there already;
    a part without rows.

    >>> print(Split((("train", 0.8), ("test", 0.2)), by="group", columns="customer"))
    split(shares={'train': 0.8, 'test': 0.2}, by='group', columns='customer')
    """

    name = "split"
    parts = frozenset({"split"})

    shares: tuple[tuple[str, float], ...]
    """Name → share of each part; the shares add up to 1. The parts come in this order."""
    by: Literal["hash", "group", "stratified", "time", "ordered"] = "hash"
    """How rows are assigned."""
    columns: Selector = ()
    """The key, the group, the strata, the time or the column that orders. Default: the role id (or all columns), group, label or time."""
    seed: int = 0
    """Another seed is another split."""
    exact: bool = False
    """`by: hash` with shares exact to one row; then rows that are added may move others from part to part."""
    gap: str = ""
    """`by: time`: rows so soon after the end of a part belong to none but to `gap`. Such as `7 days`, `12 hours`."""
    allow_empty: bool = False
    """Whether a part other than train may have no rows. By default a flow that leaves one without rows is refused."""
    anyway: bool = False
    """Splits rows by chance even if they are in an order of time. By default a flow that does so is refused."""

    def __post_init__(self) -> None:
        pairs = self.shares.items() if isinstance(self.shares, Mapping) else self.shares
        object.__setattr__(self, "shares", tuple((str(name), share) for name, share in pairs))
        RequestError.reject(self._mistakes())

    def _mistakes(self) -> Iterable[Mistake]:
        names = [name for name, _ in self.shares]
        if len(names) < 2:
            yield Mistake("split: a split has two parts or more", hint="such as {train: 0.8, test: 0.2}", code="bad-shares")
        if len({n.casefold() for n in names}) < len(names):
            yield Mistake("split: two parts have the same name", code="bad-shares")
        for name, share in self.shares:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", name) or name == GAP:
                accepted = "up to 100 letters, digits, _ and -, but not `gap`"
                yield Mistake(f"split: a part cannot be called {name[:100]!r}", accepted=accepted, code="bad-name")
            if not 0 < share < 1:
                yield Mistake(f"split: part {name!r} has the share {share}", accepted="a share above 0 and below 1", code="bad-shares")
        total = math.fsum(share for _, share in self.shares)
        if abs(total - 1) > 1e-9:
            yield Mistake(f"split: the shares add up to {total:.10g}", accepted="shares that add up to 1", code="bad-shares")
        if self.gap and self.by != "time":
            yield Mistake("split: `gap` is for a split by time", code="bad-gap")
        elif self.gap and _duration(self.gap) is None:
            accepted, hint = f"a number and a unit: {listed(UNITS)}", did_you_mean(self.gap.split()[-1].rstrip("s"), UNITS)
            yield Mistake(f"split: {self.gap!r} is not a duration", accepted=accepted, hint=hint, code="bad-gap")
        if self.exact and self.by != "hash":
            yield Mistake("split: `exact` is for a split by hash", code="bad-exact")

    def parameters(self) -> dict[str, Any]:
        found = super().parameters()
        return {"shares": dict(self.shares), **{k: v for k, v in found.items() if k != "shares"}}

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        if SPLIT in {n.casefold() for n in schema.names}:
            raise RequestError(f"split: there is a column {SPLIT!r} already", hint="rename or drop it", code="name-clash")
        columns = self._columns(schema, roles)
        state: dict[str, Any] = {"columns": [c.name for c in columns]}
        match self.by:
            case "time" | "ordered":
                state["cuts"] = yield from self._values(columns[0])
            case _:
                state |= {"key": [c.name for c in key_columns(schema, roles)], "content": [c.name for c in content(schema)]}
                if self.by == "stratified" or self.exact:
                    state["cuts"] = yield from self._places(schema, state)
                else:  # where no key is null, rows need no key of their own: their text costs as much as the rest
                    lost = Where(RowCount(), and_(*(is_null(col(c.name)) for c in columns)))
                    found = yield [lost]
                    state["content"] = state["content"] if found[lost] else []
        return {"": state}

    def _columns(self, schema: Schema, roles: Roles) -> tuple[Column, ...]:
        """The columns to split by, refused where they cannot be."""
        if self.columns:
            found = tuple(schema[c] for c in select(self.columns, schema, roles))
        else:
            role = {"hash": roles.id, "group": roles.group, "stratified": (roles.label,), "time": (roles.time,), "ordered": ()}[self.by]
            found = tuple(schema[c] for c in role if c is not None)
        if not found and self.by == "hash":
            return key_columns(schema, roles)
        if not found:
            hint = f"name it: `by: {self.by}(COLUMN)`" + (", or give a column the role" if self.by != "ordered" else "")
            raise RequestError(f"split: there is no column to split by ({self.by})", hint=hint, code="no-column")
        if self.by in ("time", "ordered") and len(found) > 1:
            raise RequestError(f"split: by {self.by} takes one column, not {len(found)}", code="too-many-columns")
        RequestError.reject(self.unfit(found, self._refusal))
        return found

    def _refusal(self, column: Column) -> str:
        match self.by:
            case "time" if not column.kind.temporal:
                return "is not a time: only dates and times are (cast it first, or use `by: ordered`)"
            case "ordered" if not (column.kind.temporal or column.kind.numeric):
                return "has no order to split by: only numbers and times have"
            case "hash" | "group" | "stratified" if not has_string(column):
                return "cannot be a key: its values have no text that all engines agree on"
        return ""

    def _values(self, column: Column) -> Asking[list[Any]]:
        """The last value of each part but the last."""
        sortable = Micros.of(col(column.name)) if column.kind.temporal else number(column)
        asked = [Statistic(DiscreteQuantile.of(sortable, lit(share))) for share in self._cumulated()[:-1]]
        found = yield asked
        values = [found[q] for q in asked]
        if None in values:
            raise RequestError(f"split: column {column.name!r} has no value to split by", code="all-null")
        return [from_micros(int(v), column.kind) for v in values] if column.kind.temporal else values

    def _places(self, schema: Schema, state: Mapping[str, Any]) -> Asking[dict[str, list[str]]]:
        """Stratum → the hash at which each part but the first begins."""
        sizes, found = yield from cuts(self._stratum(schema, state), self._hash(schema, state), self._wanted)
        return {stratum: [cut.hash for cut in found[stratum]] for stratum in sorted(sizes)}

    def _wanted(self, sizes: Mapping[str, int]) -> dict[str, list[int]]:
        if len(sizes) > MOST_STRATA:
            raise RequestError(
                f"split: there are {len(sizes):,} strata",
                accepted=f"up to {MOST_STRATA:,}",
                hint="stratify by columns of fewer values",
                code="too-many-strata",
            )
        shares = [share for _, share in self.shares]
        return {stratum: list(accumulate(apportioned(n, shares)))[:-1] for stratum, n in sizes.items()}

    def _cumulated(self) -> list[float]:
        return [float(x) for x in accumulate(Decimal(repr(share)) for _, share in self.shares)]  # as they are written: 0.7 and 0.2 are 0.9

    def writes_rows_out(self, schema: Schema, learned: Learned) -> bool:
        """Whether rows are placed by the text of all their columns: dear enough that later scans had better find them placed."""
        return self.by not in ("time", "ordered") and set(self._key(learned[""])) >= {c.name for c in content(schema)}

    def keeps_together(self, columns: Collection[str], learned: Learned) -> bool:
        """Whether rows that are equal in some columns, not all of them null, are always in one part: these columns alone place them."""
        state = learned[""]
        placing = set(state["columns"])
        return "content" in state and "cuts" not in state and (placing == set(columns) or (placing < set(columns) and not state["content"]))

    def _key(self, state: Mapping[str, Any]) -> Sequence[str]:
        """The columns whose text is hashed."""
        found: Sequence[str] = state["key"] if self.by == "stratified" else state["columns"]
        return found

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        if self.by in ("time", "ordered"):
            data = data.change({SPLIT: self._by_value(schema[state["columns"][0]], state["cuts"])})
        else:
            data = data.change({HASH: self._hash(schema, state)})
            data = data.change({SPLIT: self._by_hash(schema, state), HASH: None})
        return data if data.roles.split else replace(data, roles=replace(data.roles, split=SPLIT))

    def _by_value(self, column: Column, ends: Sequence[Any]) -> Tree:
        x = col(column.name) if column.kind.temporal else number(column)
        branches = [(is_null(x), lit(self.shares[0][0]))]
        for i, ((name, _), end) in enumerate(zip(self.shares, ends, strict=False)):
            branches += [(le(x, lit(ends[i - 1] + _duration(self.gap))), lit(GAP))] if self.gap and i else []
            branches.append((le(x, lit(end)), lit(name)))
        branches += [(le(x, lit(ends[-1] + _duration(self.gap))), lit(GAP))] if self.gap else []
        return case(*branches, otherwise=lit(self.shares[-1][0]))

    def _by_hash(self, schema: Schema, state: Mapping[str, Any]) -> Tree:
        starts: list[Tree] = [lit(threshold(share)) for share in self._cumulated()[:-1]]
        known: Mapping[str, Sequence[str]] = state.get("cuts", {})
        if self.by == "stratified" and known:  # a stratum that was not met when the split was learned is divided by chance
            stratum = self._stratum(schema, state)
            learned = [lookup(stratum, list(known), [begins[i] for begins in known.values()]) for i in range(len(starts))]
            starts = [coalesce(place, chance) for place, chance in zip(learned, starts, strict=True)]
        elif WHOLE in known:
            starts = [lit(begin) for begin in known[WHOLE]]
        names = [name for name, _ in self.shares]
        return case(*((lt(col(HASH), t), lit(n)) for n, t in zip(names, starts, strict=False)), otherwise=lit(names[-1]))

    def _stratum(self, schema: Schema, state: Mapping[str, Any]) -> Tree:
        return key_string(schema[c] for c in state["columns"]) if self.by == "stratified" else lit(WHOLE)

    def _hash(self, schema: Schema, state: Mapping[str, Any]) -> Tree:
        """A row's hash: of its key, or of all of it where the key is wholly null."""
        key = [schema[c] for c in self._key(state)]
        own = [schema[c] for c in state["content"]]
        hashed = key_hash(key, self.seed)
        none = and_(*(is_null(col(c.name)) for c in key))
        return hashed if set(own) <= set(key) else if_else(none, key_hash(own, self.seed), hashed)


def apportioned(n: int, shares: Sequence[float]) -> list[int]:
    """n rows in parts by their shares: rounded down, and what is left goes to the largest remainders (of equal ones, the larger share).

    >>> apportioned(10, [0.75, 0.25]), apportioned(1, [0.8, 0.2])
    ([8, 2], [1, 0])
    """
    exact = [n * share for share in shares]
    sizes = [math.floor(x + 1e-9) for x in exact]
    order = sorted(range(len(shares)), key=lambda i: (sizes[i] - exact[i], -shares[i], i))
    for i in order[: n - sum(sizes)]:
        sizes[i] += 1
    return sizes


def _duration(text: str) -> timedelta | None:
    """`7 days` as a duration; None for what is none."""
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+?)s?\s*", text)
    return timedelta(seconds=float(match[1]) * UNITS[match[2]]) if match and match[2] in UNITS else None
