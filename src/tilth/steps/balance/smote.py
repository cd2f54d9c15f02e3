"""smote and its kin: rows of a class are made between its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Dataset, Kind, Memory, Roles, Schema
from tilth.data.origin import DERIVED, ORIGIN, PARENT
from tilth.engine.arrow import from_numpy
from tilth.engine.operations.hashing import has_string
from tilth.errors import Mistake, RequestError
from tilth.metrics.neighbours import Points, nearest
from tilth.steps.balance.method import Method
from tilth.steps.balance.origin import id_column
from tilth.steps.balance.rows import MOST_CELLS, Rows, sampled
from tilth.steps.step import Asking

ROWS_AT_ONCE = 10_000  # that are made: few enough for a processor's cache
AT_ONCE = 2_000_000  # pairs of neighbours per batch of comparisons


class Seeds(NamedTuple):
    """The indices of the rows to start from, the number of new rows for each (None: random), and the candidates for the other end."""

    rows: np.ndarray
    counts: np.ndarray | None
    among: np.ndarray


class Smote(Method):
    """Rows between a row and one of its nearest rows of the class."""

    takes: ClassVar[tuple[str, ...]] = ("ratio", "per_class", "classes", "neighbours", "seed", "origin")
    makes = DERIVED
    of_class = True  # whether neighbours are of the same class

    @property
    def k(self) -> int:
        """How many neighbours a row has."""
        return self.step.neighbours or 5

    def learning(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        before = yield from self.sizes(label)
        after = self.more(before)
        more = {text: after[text] - n for text, n in before.items() if after[text] > n}
        _reject_unmade(before, more, len(schema))
        if not more:
            return {"before": before, "after": before, "rows": b""}
        others = [c.name for c in schema if has_string(c)]
        rows = yield from sampled(label, schema, roles, before, others, tuple(more) if self.of_class else ())
        named = id_column(schema, roles) if self.step.origin or ORIGIN in schema else None
        ids = [c for c in roles.id if c in others]
        made = [self._made(rows, schema, text, n, named) for text, n in more.items()]
        grown = {text: before[text] + len(table) for text, table in zip(more, made, strict=True)}
        return {"before": before, "after": before | grown, "rows": _packed(pa.concat_tables(made).drop_columns(ids))}

    def seeds(self, rows: Rows, points: Points, own: np.ndarray, n: int) -> Seeds:
        """The rows of a class, with the indices `own`, from which `n` rows are made."""
        return Seeds(own, None, own)

    def _made(self, rows: Rows, schema: Schema, text: str, n: int, named: Column | None) -> pa.Table:
        """The rows made for a class, with the columns of the sample except the ids."""
        own = rows.of(text)
        points = rows.points(own)
        seeds = self.seeds(rows, points, own, n)
        n = n if seeds.counts is None else int(seeds.counts.sum())
        first, second = _chance(f"{self.step.seed}|{text}", 2 * n).reshape(2, n)
        chosen = _scaled(first >> np.uint64(32), len(seeds.rows)) if seeds.counts is None else np.repeat(np.arange(len(own)), seeds.counts)
        drawn = np.zeros(len(seeds.rows), bool)
        drawn[chosen] = True
        used, seed = seeds.rows[drawn], (np.cumsum(drawn) - 1)[chosen]
        near, _ = nearest(points, used, seeds.among, self.k)
        base, other = used[seed], near[seed, _scaled(first & np.uint64(2**32 - 1), near.shape[1])]
        share = (second >> np.uint64(11)) / 2.0**53
        share = np.where(rows.classes[other] == rows.classes[base], share, share / 2)
        around = near if rows.numeric else np.column_stack([used, near])
        made: dict[str, Any] = {c: rows.table[c].take(from_numpy(base)) for c in self._copied(rows, schema)}
        numbers = _between(rows.numbers, base, other, share)
        for c, between in zip(rows.numeric, numbers.T, strict=True):
            whole = schema[c].kind is Kind.INTEGER
            made[c] = from_numpy(np.rint(between).astype(np.int64) if whole else between).cast(rows.table[c].type, safe=False)
        for (c, values), codes in zip(rows.categories.items(), rows.codes.T, strict=True):
            made[c] = values.take(from_numpy(_modes(codes[around])[seed]))
        if named is not None:
            names = rows.table[named.name].cast(pa.string())
            names = pc.coalesce(names, rows.table[PARENT]) if PARENT in schema else names
            parents = (names.take(from_numpy(places)) for places in (base, other))
            made |= {ORIGIN: pa.repeat(DERIVED, n), PARENT: pc.binary_join_element_wise(*parents, ", ", null_handling="skip")}
        return pa.table(made)

    def _copied(self, rows: Rows, schema: Schema) -> list[str]:
        """The columns that are copied from the row that a new row starts from."""
        return [c for c in rows.table.column_names if c in schema and c not in rows.numeric and c not in rows.categories]

    def made(self, data: Dataset, schema: Schema, label: Column, state: Mapping[str, Any]) -> Dataset:
        if not state["rows"]:
            return data
        rows = pa.ipc.open_file(pa.py_buffer(state["rows"])).read_all()
        return data.append(Dataset(Memory(rows, tuple(rows.column_names))))


class Borderline1(Smote):
    """SMOTE that starts from rows in danger only: at least half of their nearest rows, but not all, are of other classes."""

    takes: ClassVar[tuple[str, ...]] = (*Smote.takes, "m_neighbours")
    of_class = False

    def seeds(self, rows: Rows, points: Points, own: np.ndarray, n: int) -> Seeds:
        m = self.step.m_neighbours or 10
        others = _others(rows, points, own, m)
        danger = own[(2 * others >= m) & (others < m)]
        self.reject_far(rows, own, len(danger), f"in danger: none has from half to all of its {m} nearest rows in other classes")
        return Seeds(danger, None, own)

    def reject_far(self, rows: Rows, own: np.ndarray, found: int, why: str) -> None:
        """Reject a class without rows near another class."""
        if not found:
            message = f"balance: no row of the class {rows.names[rows.classes[own[0]]]!r} is {why}"
            raise RequestError(message, hint="use `smote`", code="no-neighbour")


class Borderline2(Borderline1):
    """The same with neighbours of any class."""

    def seeds(self, rows: Rows, points: Points, own: np.ndarray, n: int) -> Seeds:
        return super().seeds(rows, points, own, n)._replace(among=np.arange(len(rows.classes)))


class Adasyn(Borderline1):
    """The number of new rows for each row is proportional to the share of its nearest rows that are of other classes."""

    takes: ClassVar[tuple[str, ...]] = Smote.takes

    def seeds(self, rows: Rows, points: Points, own: np.ndarray, n: int) -> Seeds:
        others = _others(rows, points, own, self.k)
        self.reject_far(rows, own, others.sum(), f"near another class: all have {self.k} nearest rows of their own")
        return Seeds(own, np.rint(others / others.sum() * n).astype(np.int64), own)


def _others(rows: Rows, points: Points, own: np.ndarray, k: int) -> np.ndarray:
    """For each row, how many of its k nearest rows are of another class."""
    near, _ = nearest(points, own, np.arange(len(rows.classes)), k)
    found: np.ndarray = (rows.classes[near] != rows.classes[own][:, None]).sum(axis=1)
    return found


def _reject_unmade(sizes: Mapping[str, int], more: Mapping[str, int], columns: int) -> None:
    """Reject classes that cannot be grown. `more`: class → rows to make."""
    mistakes = [
        Mistake(f"balance: the class {text!r} has one row, and no row can be made between one", hint="use `over`", code="one-row")
        for text in more
        if sizes[text] == 1
    ]
    if sum(more.values()) * columns > MOST_CELLS:
        message = f"balance: {sum(more.values()):,} rows of {columns:,} columns would be made"
        mistakes.append(Mistake(message, accepted=f"up to {MOST_CELLS:,} cells", hint="use `over`, or a lower ratio", code="too-many-rows"))
    RequestError.reject(mistakes)


def _chance(seed: str, n: int) -> np.ndarray:
    """Random 64-bit numbers that depend only on the seed."""
    key = int.from_bytes(hashlib.md5(seed.encode(), usedforsecurity=False).digest(), "little")
    return np.random.Philox(key=key).random_raw(n)


def _scaled(random: np.ndarray, n: int) -> np.ndarray:
    """Numbers of 32 bits as whole numbers below n."""
    return (random * np.uint64(n) >> np.uint64(32)).astype(np.int64)


def _between(numbers: np.ndarray, base: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Rows of numbers between two others each, by columns: a few at a time, for whole rows lie together in memory."""
    made = np.empty((len(base), numbers.shape[1]), order="F")
    for start in range(0, len(base), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        first = numbers[base[some]]
        made[some] = first + share[some, None] * (numbers[other[some]] - first)
    return made


def _modes(codes: np.ndarray) -> np.ndarray:
    """The most frequent code of each row, of equally frequent ones the first.

    >>> _modes(np.array([[1, 2, 2], [3, 1, 2]])).tolist()
    [2, 3]
    """
    step = max(1, AT_ONCE // codes.shape[1] ** 2)
    parts = (codes[i : i + step] for i in range(0, len(codes), step))
    first = np.concatenate([(part[:, :, None] == part[:, None, :]).sum(axis=2).argmax(axis=1) for part in parts])
    return np.take_along_axis(codes, first[:, None], axis=1)[:, 0]


def _packed(table: pa.Table) -> bytes:
    """A table as a file of Arrow."""
    sink = BytesIO()  # `getbuffer` does not copy its bytes
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue()
