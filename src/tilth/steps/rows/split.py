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

import numpy as np
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Roles, Schema, select
from tilth.engine.expressions import and_, case, coalesce, col, if_else, is_null, le, lit, lt, not_, not_null, number
from tilth.engine.keys import content, key_columns
from tilth.engine.operations.aggregates import DiscreteQuantile
from tilth.engine.operations.hashing import BETWEEN, Fields, HashString, canonical_string, has_string, key_hash, key_string, threshold
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.times import Micros, from_micros
from tilth.engine.statistics import Statistic, count
from tilth.errors import Mistake, RequestError, did_you_mean, listed
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Where
from tilth.metrics.near_duplicates import near_groups
from tilth.steps.rows.chosen import CHOSEN, Choice, checked, conditions, equalities, mistaken
from tilth.steps.rows.near import near_key, unfit_text
from tilth.steps.rows.ranks import cuts
from tilth.steps.step import Asking, Learned, Learning, Selector, Step

SPLIT = "split"  # the column that the step makes
GAP = "gap"  # the part of rows between two parts in time
HASH = "\x1fhash"
WHOLE = "whole table"  # the one stratum of a split that has none
MOST_STRATA = 1_000
MOST_GROUPS = 100_000  # that are placed one by one
ROWS = "row"
FOLD = "fold"  # the column with the fold in which a training row is tested
MOST_FOLDS = 100
BY_FOLDS = {"horizon": "rolling", "step": "rolling", "window": "rolling", "embargo": "blocks"}
UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


@dataclass(frozen=True)
class Split(Step):
    """Assigns each row to a part, named in the new column `split`. A row with nulls is assigned, too.

    | `by` | a row's part | shares are of |
    |---|---|---|
    | `hash` | by the hash of its key and the seed; stays the same when data is added | keys, approximately |
    | `group` | the same, by its group: groups are never divided | groups, approximately |
    | `stratified` | by the order of the hashes within its stratum | rows of each stratum, to one row |
    | `stratified_group` | the part in which its group brings labels nearest to the shares; groups stay whole | each label, approximately |
    | `time` | the earlier rows first, cut between two times | rows, to one time |
    | `ordered` | the smaller values first, cut between two values | rows, to one value |
    | `rule` | the part with a true condition (written instead of a share); `rest` if none is true | – |
    | `given` | the part with the value of the column (values are written instead of a share): for a split made elsewhere | – |

    The hash is the same on every engine (`engine.operations.hashing`). The key is the columns of the role `id`, or else all columns, so
    that equal rows stay together. A row with an all-null key is its own key; null is a stratum of its own; a row without a time or value
    goes to the first part. Rows with equal times, values or keys stay together, so a part may be larger or smaller than its share by that
    many rows. `stratified_group` places one group after another, those with the most uneven labels first, in the part that lacks most of
    its labels (smallest Σ (rows − wanted)² over parts and labels).

    With `rule` and `given`, each row must be in exactly one part; otherwise the error gives the number of rows in none or in two. A
    condition on a null is neither true nor false, so it does not select the row.

    A random split (`hash` without a key of its own, or `stratified`) of rows in order of time is rejected, unless you write `anyway: true`.

    Errors: shares that do not add up to 1; rows in no part, or in two; no column to split by; more than 1,000 strata; a column `split` that
    exists already; a part without rows.

    >>> print(Split((("train", 0.8), ("test", 0.2)), by="group", columns="customer"))
    split(shares={'train': 0.8, 'test': 0.2}, by='group', columns='customer')
    """

    name = "split"
    parts = frozenset({"split"})

    shares: tuple[tuple[str, Choice], ...]
    """Name → share of each part; the shares add up to 1. The parts come in this order. With `rule` a condition, with `given` values."""
    by: Literal["hash", "group", "stratified", "stratified_group", "time", "ordered", "rule", "given"] = "hash"
    """How to assign rows."""
    columns: Selector = ()
    """The columns of the key, group, strata, time, order or given split. Default: the role id (or all columns), group, label, time or
    split."""
    seed: int = 0
    """Another seed gives another split."""
    exact: bool = False
    """`by: hash`: shares are exact to one row; then added rows may move others to another part."""
    gap: str = ""
    """`by: time`: rows within this distance after the end of a part belong to `gap` instead of a part, such as `7 days`, `12 hours`, `100
    rows`."""
    together: Literal["", "duplicates", "near_duplicates"] = ""
    """`duplicates` keeps rows together that are equal except for id and label; `near_duplicates` keeps rows with nearly the same text
    together, as in `dedupe: {near: 0.8}`; within their stratum, if there are strata."""
    texts: Selector = ()
    """`near_duplicates`: the text columns to compare. Default: the role text."""
    bins: int = 0
    """`by: stratified`: the number of bins, with about equally many rows, for numeric columns. Default: each value is a stratum."""
    allow_empty: bool = False
    """Whether a part other than train may have no rows. By default, this is an error."""
    anyway: bool = False
    """Whether to split at random even if the rows are in order of time. By default, this is an error."""
    folds: int = 0
    """The number of folds for cross-validation into which the training part is divided; a column `fold` says which fold tests a row."""
    fold_by: Literal["", "hash", "group", "stratified", "stratified_group", "rolling", "blocks"] = ""
    """How to make folds. Default: as `by`, and `rolling` for `time`. `rolling` tests on rows after the training rows; with `blocks`, each
    fold tests a block of time."""
    fold_columns: Selector = ()
    """The columns for the folds. Default: the columns of the split."""
    horizon: str = ""
    """`rolling`: the length of the tested part of a fold: `7 days`, `100 rows`. Default: the number of rows in each of `folds` + 1
    equal parts."""
    step: str = ""
    """`rolling`: the distance from one fold to the next. Default: the horizon."""
    window: str = ""
    """`rolling`: how far back the training rows of a fold go, such as `90 days`, `1000 rows`. Default: to the first row."""
    embargo: str = ""
    """`blocks`: rows within this distance after the tested block are not trained on, and neither are rows within `gap` before it."""

    def __post_init__(self) -> None:
        pairs = self.shares.items() if isinstance(self.shares, Mapping) else self.shares
        pairs = pairs or ((("train", 1.0),) if self.folds else ())  # folds alone: all rows are trained on
        listed_ = ((str(name), tuple(share) if isinstance(share, list) else share) for name, share in pairs)
        object.__setattr__(self, "shares", tuple(listed_))
        super().__post_init__()

    def mistakes(self) -> Iterable[Mistake]:
        names = [name for name, _ in self.shares]
        if len(names) < 2 and not self.folds:
            yield Mistake("split: a split has two parts or more", hint="such as {train: 0.8, test: 0.2}", code="bad-shares")
        if len({n.casefold() for n in names}) < len(names):
            yield Mistake("split: two parts have the same name", code="bad-shares")
        for name in names:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", name) or name == GAP:
                accepted = "up to 100 letters, digits, _ and -, but not `gap`"
                yield Mistake(f"split: a part cannot be called {name[:100]!r}", accepted=accepted, code="bad-name")
        yield from mistaken(self.by, self.shares) if self.by in CHOSEN else self._mistakes_of_shares()
        for word in ("gap", "horizon", "step", "window", "embargo"):
            given = getattr(self, word)
            if given and Span.of(given) is None:
                hint = did_you_mean(given.split()[-1].rstrip("s"), (*UNITS, ROWS))
                accepted = f"a number and a unit: {listed((*UNITS, ROWS))}"
                yield Mistake(
                    f"split: `{word}`: {given!r} is neither a duration nor a number of rows", accepted=accepted, hint=hint, code="bad-gap"
                )
        if self.exact and self.by != "hash":
            yield Mistake("split: `exact` is for a split by hash", code="bad-exact")
        if self.together and self.by not in ("hash", "stratified"):
            yield Mistake(f"split: `together` is for a split by hash or stratified, not by {self.by}", code="bad-together")
        if self.texts and self.together != "near_duplicates":
            yield Mistake("split: `texts` is for near-duplicates", hint="add `together: near_duplicates`", code="bad-together")
        if self.bins and (self.by != "stratified" or self.bins < 2):
            yield Mistake("split: `bins` is for a split that is stratified", accepted="2 bins or more", code="bad-bins")
        yield from self._mistakes_of_folds()

    def _mistakes_of_shares(self) -> Iterable[Mistake]:
        for name, share in self.shares:
            if not isinstance(share, int | float) or not (0 < share < 1 or (share == 1 and self.folds)):
                yield Mistake(f"split: part {name!r} has the share {share}", accepted="a share above 0 and below 1", code="bad-shares")
        total = math.fsum(self._numbers)
        if abs(total - 1) > 1e-9:
            yield Mistake(f"split: the shares add up to {total:.10g}", accepted="shares that add up to 1", code="bad-shares")

    def _mistakes_of_folds(self) -> Iterable[Mistake]:
        by = self.folded_by
        if self.gap and self.by != "time" and by not in ("rolling", "blocks"):
            yield Mistake("split: `gap` is for a split, or folds, by time", code="bad-gap")
        if self.folds and not 2 <= self.folds <= MOST_FOLDS:
            yield Mistake(f"split: {self.folds} folds", accepted=f"2 to {MOST_FOLDS} folds", code="bad-folds")
        if not self.folds and (words := [w for w in ("fold_by", "fold_columns", *BY_FOLDS) if getattr(self, w)]):
            yield Mistake(f"split: `{words[0]}` is for folds", hint="say how many: `folds: 5`", code="bad-folds")
        if self.folds and self.by in ("ordered", *CHOSEN) and not self.fold_by:
            yield Mistake(
                f"split: a split by {'order' if self.by == 'ordered' else self.by} says nothing of folds",
                hint="say `fold_by: hash` or another",
                code="bad-folds",
            )
        for word, of in BY_FOLDS.items():
            if self.folds and getattr(self, word) and by != of:
                yield Mistake(f"split: `{word}` is for folds that are {of}, not {by}", hint=f"add `fold_by: {of}`", code="bad-folds")
        spans = [span for w in ("horizon", "step") if (span := Span.of(getattr(self, w)))]
        if len({span.rows is None for span in spans}) > 1:
            yield Mistake("split: `horizon` and `step` are both durations, or both numbers of rows", code="bad-folds")

    @property
    def folded_by(self) -> str:
        """How the training part is divided into folds; empty without folds."""
        return "" if not self.folds else self.fold_by or ("rolling" if self.by == "time" else self.by)

    def parameters(self) -> dict[str, Any]:
        found = super().parameters()
        return {"shares": dict(self.shares), **{k: v for k, v in found.items() if k != "shares"}}

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        given = self.by == "given" and (select(self.columns, schema, roles) if self.columns else (roles.split,)) == (SPLIT,)
        for made in (SPLIT, FOLD) if self.folds else (SPLIT,):
            if made in {n.casefold() for n in schema.names} and not (given and made == SPLIT):
                hint = "rename or drop it" + ("; if it has the parts: `by: given(split)`" if made == SPLIT else "")
                raise RequestError(f"split: there is a column {made!r} already", hint=hint, code="name-clash")
        columns = () if self.by == "rule" else self._columns(schema, roles)
        if self.by in CHOSEN:
            return {"": {"columns": (yield from checked(self.by, self._chosen(schema, columns), len(self.shares), roles))}}
        state: dict[str, Any] = {"columns": [c.name for c in columns]}
        match self.by:
            case "time" | "ordered":
                state["cuts"], state["gaps"] = yield from self._values(columns[0])
            case _:
                state |= {"key": [c.name for c in key_columns(schema, roles)], "content": [c.name for c in content(schema)]}
                if self.together == "near_duplicates":
                    columns, state = yield from self._near(schema, roles, columns, state)
                elif self.together:
                    state["key"] = [c for c in state["content"] if c not in (*roles.id, roles.label)] or state["key"]
                    state["columns"] = state["columns"] if self.by == "stratified" else state["key"]
                if self.by == "stratified" or self.exact:
                    state["bins"] = yield from self._edges(columns)
                    state["cuts"], state["few"] = yield from self._places(schema, state)
                else:  # where no key is null, rows need no key of their own: their text costs as much as the rest
                    lost = Where(RowCount(), and_(*(is_null(col(c.name)) for c in columns)))
                    found = yield [lost]
                    state["content"] = state["content"] if found[lost] else []
                if self.by == "stratified_group":
                    state["groups"] = yield from self._placed(schema, roles, columns)
        return {"": state}

    def _chosen(self, schema: Schema, columns: tuple[Column, ...]) -> dict[str, Tree]:
        """Part → condition for a row to be in it, for all parts except that of the rest."""
        return conditions(self.shares, schema) if self.by == "rule" else equalities(self.shares, columns[0])

    def _near(
        self, schema: Schema, roles: Roles, columns: tuple[Column, ...], state: dict[str, Any]
    ) -> Asking[tuple[tuple[Column, ...], dict[str, Any]]]:
        """The columns to split by and the state, with texts as the key."""
        names = select(self.texts, schema, roles) if self.texts else roles.text
        if not names:
            hint = "name it: `texts: COLUMN`, or give it the role text"
            raise RequestError("split: there is no column of texts to compare", hint=hint, code="no-column")
        texts = tuple(map(schema.__getitem__, names))
        RequestError.reject(self.unfit(texts, unfit_text))
        near = yield from near_groups(names)
        by = columns if self.by == "stratified" else texts
        return by, state | {"key": list(names), "columns": [c.name for c in by], "near": near}

    def _columns(self, schema: Schema, roles: Roles) -> tuple[Column, ...]:
        """The columns to split by. Errors: `RequestError` if they are unsuitable."""
        if self.columns:
            found = tuple(schema[c] for c in select(self.columns, schema, roles))
        else:
            role = {
                "hash": roles.id,
                "group": roles.group,
                "stratified_group": roles.group,
                "stratified": (roles.label,),
                "time": (roles.time,),
                "given": (roles.split,),
            }
            found = tuple(schema[c] for c in role.get(self.by, ()) if c is not None and c in schema)
        if not found and self.by == "hash":
            return key_columns(schema, roles)
        if not found:
            hint = f"name it: `by: {self.by}(COLUMN)`" + (", or give a column the role" if self.by != "ordered" else "")
            raise RequestError(f"split: there is no column to split by ({self.by})", hint=hint, code="no-column")
        if self.by in ("time", "ordered", "given") and len(found) > 1:
            raise RequestError(f"split: by {self.by} takes one column, not {len(found)}", code="too-many-columns")
        RequestError.reject(self.unfit(found, self._refusal))
        return found

    def _refusal(self, column: Column) -> str:
        match self.by:
            case "time" if not column.kind.temporal:
                return "is not a time: only dates and times are (cast it first, or use `by: ordered`)"
            case "ordered" if not (column.kind.temporal or column.kind.numeric):
                return "has no order to split by: only numbers and times have"
            case "hash" | "group" | "stratified" | "stratified_group" | "given" if not has_string(column):
                return "cannot be a key: its values have no text that all engines agree on"
        return ""

    def _edges(self, columns: Iterable[Column]) -> Asking[dict[str, list[Any]]]:
        """Column of numbers → the last value of each of its bins but the last."""
        shares = [i / self.bins for i in range(1, self.bins)] if self.bins else []
        asked = {c.name: [Statistic(DiscreteQuantile.of(number(c), lit(s))) for s in shares] for c in columns if c.kind.numeric and shares}
        found = yield [q for of in asked.values() for q in of]
        return {name: sorted({found[q] for q in of} - {None}) for name, of in asked.items()}

    def _values(self, column: Column) -> Asking[tuple[list[Any], list[Any]]]:
        """The last value of each part but the last, and of the gap behind it, if there is one."""
        sortable = Micros.of(col(column.name)) if column.kind.temporal else number(column)
        asked = [Statistic(DiscreteQuantile.of(sortable, lit(share))) for share in self._cumulated()[:-1]]
        found = yield asked
        values = [found[q] for q in asked]
        if None in values:
            raise RequestError(f"split: column {column.name!r} has no value to split by", code="all-null")
        ends = [from_micros(int(v), column.kind) for v in values] if column.kind.temporal else values
        gap = Span.of(self.gap)
        if gap is None or self.by != "time" or not ends:
            return ends, []
        if gap.rows is None:
            return ends, [end + gap.duration for end in ends]
        before = {v: count(le(sortable, lit(v))) for v in values}
        every = count(not_null(col(column.name)))
        found = yield [*before.values(), every]
        last = {v: Statistic(DiscreteQuantile.of(sortable, lit(place(found[n] + gap.rows, found[every])))) for v, n in before.items()}
        found = yield list(last.values())
        return ends, [from_micros(int(found[last[v]]), column.kind) for v in values]

    def _places(self, schema: Schema, state: Mapping[str, Any]) -> Asking[tuple[dict[str, list[str]], dict[str, int]]]:
        """Stratum → the hash at which each part but the first begins; and of how many strata with fewer rows than parts, and their rows."""
        sizes, found = yield from cuts(self._stratum(schema, state), self.row_hash(schema, state), self._wanted)
        few = [n for stratum, n in sizes.items() if stratum != WHOLE and n < len(self.shares)]
        return {stratum: [cut.hash for cut in found[stratum]] for stratum in sorted(sizes)}, {"strata": len(few), "rows": sum(few)}

    def _placed(self, schema: Schema, roles: Roles, columns: Sequence[Column]) -> Asking[dict[str, int]]:
        """Group → the number of its part."""
        if roles.label is None or not has_string(schema[roles.label]):
            raise RequestError("split: there is no label to stratify groups by", hint="give a column the role label", code="no-column")
        asked = count(not_(and_(*(is_null(col(c.name)) for c in columns)))).grouped(key_string(columns), key_string([schema[roles.label]]))
        rows: Mapping[tuple[str, str], int] = {key: n for key, n in (yield [asked])[asked].items() if n}
        groups, labels = ({k: i for i, k in enumerate(sorted({key[j] for key in rows}))} for j in (0, 1))
        if len(groups) > MOST_GROUPS:
            message, hint = f"split: there are {len(groups):,} groups", "split by group, which divides any number of them"
            raise RequestError(message, accepted=f"up to {MOST_GROUPS:,}", hint=hint, code="too-many-groups")
        counts = np.zeros((len(groups), len(labels)))
        for (group, label), n in rows.items():
            counts[groups[group], labels[label]] = n
        hashes = [HashString.row(BETWEEN.join((self.salt, group))) for group in groups]
        return dict(zip(groups, nearest(counts, self._numbers, hashes), strict=True))

    def _wanted(self, sizes: Mapping[str, int]) -> dict[str, list[int]]:
        if len(sizes) > MOST_STRATA:
            raise RequestError(
                f"split: there are {len(sizes):,} strata",
                accepted=f"up to {MOST_STRATA:,}",
                hint="stratify by columns of fewer values",
                code="too-many-strata",
            )
        return {stratum: list(accumulate(apportioned(n, self._numbers)))[:-1] for stratum, n in sizes.items()}

    @property
    def _numbers(self) -> list[float]:
        """The shares, if they are not conditions or values."""
        return [share for _, share in self.shares if isinstance(share, int | float)]

    def _cumulated(self) -> list[float]:
        return [float(x) for x in accumulate(Decimal(repr(share)) for share in self._numbers)]  # as decimals: 0.7 and 0.2 are 0.9

    def writes_rows_out(self, schema: Schema, learned: Learned) -> bool:
        """Whether rows are placed by the text of all their columns: dear enough that later scans had better find them placed."""
        return self.by not in ("time", "ordered", *CHOSEN) and set(self._key(learned[""])) >= {c.name for c in content(schema)}

    def keeps_together(self, columns: Collection[str], learned: Learned) -> bool:
        """Whether rows that are equal in some columns, not all of them null, are always in one part: these columns alone place them."""
        state = learned[""]
        placing = set(state["columns"])
        return "content" in state and "cuts" not in state and (placing == set(columns) or (placing < set(columns) and not state["content"]))

    def _key(self, state: Mapping[str, Any]) -> Sequence[str]:
        """The columns that are hashed as strings."""
        found: Sequence[str] = state["key"] if self.by == "stratified" else state["columns"]
        return found

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        if self.by in CHOSEN:
            inside = self._chosen(schema, tuple(map(schema.__getitem__, state["columns"])))
            rest = next((lit(name) for name, _ in self.shares if name not in inside), None)
            data = data.change({SPLIT: case(*((condition, lit(name)) for name, condition in inside.items()), otherwise=rest)})
            if self.by == "given" and not data.roles.split and state["columns"] != [SPLIT]:
                return replace(data, roles=replace(data.roles, split=state["columns"][0]))  # it is not for a model to learn from
        elif self.by in ("time", "ordered"):
            data = data.change({SPLIT: self._by_value(schema[state["columns"][0]], state["cuts"], state["gaps"])})
        else:
            data = data.change({HASH: self.row_hash(schema, state)})
            data = data.change({SPLIT: self.by_hash(schema, state, [name for name, _ in self.shares]), HASH: None})
        return data if data.roles.split else replace(data, roles=replace(data.roles, split=SPLIT))

    def _by_value(self, column: Column, ends: Sequence[Any], gaps: Sequence[Any]) -> Tree:
        x = col(column.name) if column.kind.temporal else number(column)
        branches = [(is_null(x), lit(self.shares[0][0]))]
        for i, ((name, _), end) in enumerate(zip(self.shares, ends, strict=False)):
            branches += [(le(x, lit(gaps[i - 1])), lit(GAP))] if gaps and i else []
            branches.append((le(x, lit(end)), lit(name)))
        branches += [(le(x, lit(gaps[-1])), lit(GAP))] if gaps else []
        return case(*branches, otherwise=lit(self.shares[-1][0]))

    def by_hash(self, schema: Schema, state: Mapping[str, Any], names: Sequence[Any]) -> Tree:
        """The part of a row by its hash, which is in a temporary column; `names` are the parts."""
        starts: list[Tree] = [lit(threshold(share)) for share in self._cumulated()[:-1]]
        known: Mapping[str, Sequence[str]] = state.get("cuts", {})
        if self.by == "stratified" and known:  # a stratum that was not met when the split was learned is divided by chance
            stratum = self._stratum(schema, state)
            learned = [lookup(stratum, list(known), [begins[i] for begins in known.values()]) for i in range(len(starts))]
            starts = [coalesce(place, chance) for place, chance in zip(learned, starts, strict=True)]
        elif WHOLE in known:
            starts = [lit(begin) for begin in known[WHOLE]]
        if not starts:
            return lit(names[0])
        if groups := state.get("groups"):  # one that was not met when the split was learned is placed by chance
            met = lookup(key_string(schema[c] for c in state["columns"]), list(groups), [names[part] for part in groups.values()])
            return coalesce(met, self._by_place(starts, names))
        return self._by_place(starts, names)

    def _by_place(self, starts: Sequence[Tree], names: Sequence[Any]) -> Tree:
        """The part of a row by its hash, which is in a temporary column, and the hash at which each part except the first begins."""
        return case(*((lt(col(HASH), t), lit(n)) for n, t in zip(names, starts, strict=False)), otherwise=lit(names[-1]))

    def _stratum(self, schema: Schema, state: Mapping[str, Any]) -> Tree:
        if self.by != "stratified":
            return lit(WHOLE)
        if not state["bins"]:
            return key_string(schema[c] for c in state["columns"])
        texts = {c: canonical_string(schema[c]) for c in state["columns"]}
        return Fields.of(*(_bin(schema[c], state["bins"][c]) if c in state["bins"] else text for c, text in texts.items()))

    def row_hash(self, schema: Schema, state: Mapping[str, Any]) -> Tree:
        """A row's hash: of its key, or of all of it where the key is wholly null."""
        key = [schema[c] for c in self._key(state)]
        own = [schema[c] for c in state["content"]]
        hashed = key_hash(key, self.salt)
        if "near" in state:
            hashed = HashString.of(Fields.of(lit(self.salt), near_key(key, state["near"])))
        none = and_(*(is_null(col(c.name)) for c in key))
        return hashed if set(own) <= set(key) else if_else(none, key_hash(own, self.salt), hashed)

    @property
    def salt(self) -> str:
        """The text that is hashed with each key."""
        return str(self.seed)

    def shown(self, learned: Learned) -> Learned:
        kept = {k: v for k, v in learned[""].items() if v or k not in ("gaps", "bins", "few")}
        return {"": kept | {k: len(kept[k]) for k in ("groups", "near") if k in kept}}


def apportioned(n: int, shares: Sequence[float]) -> list[int]:
    """Divide n rows by shares: rounded down; the rest goes to the largest remainders (of equal ones, to the larger share).

    >>> apportioned(10, [0.75, 0.25]), apportioned(1, [0.8, 0.2])
    ([8, 2], [1, 0])
    """
    exact = [n * share for share in shares]
    sizes = [math.floor(x + 1e-9) for x in exact]
    order = sorted(range(len(shares)), key=lambda i: (sizes[i] - exact[i], -shares[i], i))
    for i in order[: n - sum(sizes)]:
        sizes[i] += 1
    return sizes


def nearest(counts: np.ndarray, shares: Sequence[float], ties: Sequence[str]) -> list[int]:
    """Assign groups (rows of `counts`, with a column per label) to parts so that the labels of each part come near its share.

    Groups with the most uneven labels come first; ties are ordered by `ties`. Each group goes to the part that minimizes Σ (rows − wanted)²
    over parts and labels, that is, the part with the largest Σ (wanted − rows) · counts of the group.

    >>> nearest(np.array([[4, 0], [0, 4], [2, 0], [0, 2]]), [0.67, 0.33], "abcd")
    [0, 0, 1, 1]
    """
    found = [0] * len(counts)
    lacking = np.outer(shares, counts.sum(axis=0))
    for i in sorted(range(len(counts)), key=lambda i: (-counts[i].std(), ties[i])):
        found[i] = part = int(np.argmax(lacking @ counts[i]))
        lacking[part] -= counts[i]
    return found


def place(rank: int, of: int) -> float:
    """The share that a discrete quantile takes to the value of this rank, from 1, whatever is lost by dividing; beyond, to the last."""
    return (min(rank, of) - 0.5) / max(of, 1)


def _bin(column: Column, edges: Sequence[Any]) -> Tree:
    """The bin of a number as a string; null for null."""
    x = number(column)
    return case((is_null(x), lit(None)), *((le(x, lit(edge)), lit(str(i))) for i, edge in enumerate(edges)), otherwise=lit(str(len(edges))))


@dataclass(frozen=True)
class Span:
    """A duration, or a number of rows."""

    duration: timedelta = timedelta(0)
    rows: int | None = None

    @classmethod
    def of(cls, text: str) -> Span | None:
        """Parse `7 days` or `100 rows`; None for anything else.

        >>> Span.of("2 days"), Span.of("100 rows"), Span.of("soon")
        (Span(duration=datetime.timedelta(days=2), rows=None), Span(duration=datetime.timedelta(0), rows=100), None)
        """
        match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+?)s?\s*", text)
        if match and match[2] == ROWS and match[1].isdigit():
            return cls(rows=int(match[1]))
        return cls(timedelta(seconds=float(match[1]) * UNITS[match[2]])) if match and match[2] in UNITS else None
