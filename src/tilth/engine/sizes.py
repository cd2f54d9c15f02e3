"""Group sizes of nearly unique columns, without grouping the rows whose value is certainly unique.

The scan of the row aggregates also sets a bit for each integer of a column, or collects 64-bit hashes of its strings. If there are as many
bits, or different hashes, as values, then no value repeats, and no other scan is needed. Otherwise one more scan reads this column:
integers are sorted, and the strings whose hash repeats are grouped. A bit for each integer takes a sixth of the time of grouping, sorting a
third. On Spark the plain grouping stays: it has no bit strings, and hashes would have to be sent to Python.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Kind, Memory
from tilth.engine import footers
from tilth.engine.arrow import as_numpy, from_numpy
from tilth.engine.expressions import alias, all_rows, and_, col, columns_of, if_else, lit, not_null, sub
from tilth.engine.layers import grouped, selected, table
from tilth.engine.operations.operation import call
from tilth.engine.plan import MOST_NAMES, PlannedScan, plan
from tilth.engine.statistics import Statistic, count, count_of, distinct, size
from tilth.errors import listed

if TYPE_CHECKING:
    from tilth.engine.needs import Need
    from tilth.engine.session import Session

FIRST, RARE = 2_000, 1_000  # of the first FIRST rows of a nearly unique column, at most one in RARE repeats a string
FEWEST = 100_000  # rows from which hashing strings pays
FEW = 8  # all rows are grouped if more than one value in FEW has a hash that repeats
BYTES = 24  # memory per number or hash that is collected
COPIES = 16  # bit strings of a column: one per thread
HASH, OWN = "\x1fhash", "\x1fown"  # the column with hashes that repeat, and the table of these


@dataclass(frozen=True)
class Key(ABC):
    """A nearly unique column, and statistics of the sizes of its groups among the rows `kept`, of `rows` rows."""

    column: str
    kept: Tree
    statistics: tuple[Statistic, ...]
    rows: int

    @property
    @abstractmethod
    def proof(self) -> tuple[Statistic, ...]:
        """The row aggregates that show whether values repeat."""

    @property
    @abstractmethod
    def memory(self) -> int:
        """How many bytes these need."""

    @abstractmethod
    def sizes(self, engine: Session, data: Dataset, answers: Mapping[Need, Any]) -> tuple[int, np.ndarray] | None:
        """The number of values, and by a scan the sizes of the groups of several rows; None if plain grouping is better."""

    @abstractmethod
    def rest(self, engine: Session, data: Dataset, own: Dataset) -> str:
        """The query of this scan. `own`: the hashes that repeat."""


@dataclass(frozen=True)
class Numbers(Key):
    """A column of integers from `low` to `high`."""

    low: int
    high: int

    @property
    def proof(self) -> tuple[Statistic, ...]:
        place = if_else(self.kept, sub(exp.cast(col(self.column), "bigint"), lit(self.low)))
        bits = call("bitstring_agg", place, lit(0), exp.cast(lit(self.high - self.low), "bigint"))
        return count(self.kept), Statistic(call("bit_count", bits))

    @property
    def memory(self) -> int:
        return COPIES * ((self.high - self.low) // 8 + 1)

    def sizes(self, engine: Session, data: Dataset, answers: Mapping[Need, Any]) -> tuple[int, np.ndarray] | None:
        there, bits = (answers[s] or 0 for s in self.proof)
        if there == bits:
            return there, np.empty(0, np.int64)
        if not engine.has_room(self.rows * BYTES):
            return None
        values = _numbers(engine, self.column, self.rest(engine, data, data))
        _, more = np.unique(_repeated(values), return_counts=True)
        return there, more + 1

    def rest(self, engine: Session, data: Dataset, own: Dataset) -> str:
        return engine.query(data, exp.Select(expressions=[col(self.column)]).where(self.kept.copy(), copy=False))


@dataclass(frozen=True)
class Strings(Key):
    """A column of strings."""

    @property
    def proof(self) -> tuple[Statistic, ...]:
        return (Statistic(call("list", hashed(self.column)), where=self.kept),)

    @property
    def memory(self) -> int:
        return self.rows * BYTES

    def sizes(self, engine: Session, data: Dataset, answers: Mapping[Need, Any]) -> tuple[int, np.ndarray] | None:
        hashes = np.array(as_numpy(answers[self.proof[0]]))
        again = np.unique(_repeated(hashes))
        if len(again) > len(hashes) // FEW:
            return None
        if not len(again):
            return len(hashes), np.empty(0, np.int64)
        own = _table(HASH, again)
        several = _numbers(engine, self.column, self.rest(engine, data, own))
        engine.release(own)
        return len(hashes), several

    def rest(self, engine: Session, data: Dataset, own: Dataset) -> str:
        several = exp.In(this=hashed(self.column), query=exp.Subquery(this=selected([col(HASH)], table(OWN))))
        query = selected([alias(all_rows(), size().name)], table(BELOW)).where(and_(self.kept, several), copy=False)
        groups = data.rows(grouped(query, [col(self.column)]), out=(size().name,), tables={OWN: own})
        return engine.query(groups, exp.Select(expressions=[size()]))


@dataclass(frozen=True)
class Keys:
    """Nearly unique columns, and the answers that show whether their values repeat."""

    keys: tuple[Key, ...]
    found: dict[Need, Any] = field(default_factory=dict, hash=False)

    @property
    def proofs(self) -> tuple[Statistic, ...]:
        """The row aggregates that show whether values repeat."""
        return tuple(s for key in self.keys for s in key.proof)

    @property
    def hashes(self) -> set[Need]:
        """Those whose answer is a list of hashes."""
        return {s for key in self.keys if isinstance(key, Strings) for s in key.proof}

    def title(self, scan: PlannedScan) -> str:
        """What a scan does, in words."""
        several = [k for k in self.keys if not set(k.proof).isdisjoint(scan.statistics)]
        made = {what: [k.column for k in several if isinstance(k, kind)] for what, kind in (("bits", Numbers), ("hashes", Strings))}
        return ", ".join([scan.title, *(f"{what} of {listed(dict.fromkeys(of), MOST_NAMES)}" for what, of in made.items() if of)])

    def answers(self, found: Mapping[Need, Any]) -> dict[Need, Any]:
        """The answers of a scan without the hashes; those that show whether values repeat are kept here."""
        self.found.update({s: found[s] for s in self.proofs if s in found})
        return {need: answer for need, answer in found.items() if need not in self.hashes}

    def folds(self, engine: Session, data: Dataset) -> Iterator[tuple[Key, dict[Need, Any] | None]]:
        """The statistics of each column, after the scans of the row aggregates; None if plain grouping is better."""
        for key in self.keys:
            if not engine.answers_are_real:
                engine.note(f"values of {key.column}, if some repeat", key.rest(engine, data, _table(HASH, np.empty(0, np.uint64))))
                yield key, {}
                continue
            sizes = key.sizes(engine, data, self.found)
            for s in key.proof:
                self.found.pop(s, None)
            yield key, None if sizes is None else _folded(engine, key, *sizes)


def keys_of(engine: Session, data: Dataset, statistics: Iterable[Statistic]) -> tuple[Keys, list[Statistic]]:
    """The nearly unique columns whose group sizes are asked for, and the remaining statistics."""
    asked = list(statistics)
    folds: dict[tuple[str, Tree | None], list[Statistic]] = {}
    for s in asked:
        if len(s.per) == 1 and not s.by:
            folds.setdefault((s.per[0], s.where), []).append(s)
    folds = {home: of for home, of in folds.items() if all(columns_of(s.aggregate) <= {size().name} for s in of)}
    rows = footers.rows(data) if folds and engine.name == "duckdb" else None
    found = [] if rows is None else _with_room(engine, _nearly_unique(engine, data, folds, rows))
    answered = {s for key in found for s in key.statistics}
    return Keys(tuple(found)), [s for s in asked if s not in answered]


def _with_room(engine: Session, keys: Iterable[Key]) -> list[Key]:
    """The first of the columns whose bits and hashes have room together."""
    found, memory = list[Key](), 0
    for key in keys:
        if engine.has_room(memory + key.memory):
            memory += key.memory
            found.append(key)
    return found


def _nearly_unique(engine: Session, data: Dataset, folds: Mapping[tuple[str, Tree | None], list[Statistic]], rows: int) -> Iterator[Key]:
    columns = list(dict.fromkeys(c for c, _ in folds))
    dense = footers.dense(data, columns)
    others = [c for c in columns if c not in dense] if rows >= FEWEST else []
    differ = _strings_that_differ(engine, data, others) if others else set()
    for (column, where), of in folds.items():
        kept = and_(not_null(col(column)), where)
        if column in dense:
            yield Numbers(column, kept, tuple(of), rows, *dense[column])
        elif column in differ:
            yield Strings(column, kept, tuple(of), rows)


def _strings_that_differ(engine: Session, data: Dataset, columns: list[str]) -> set[str]:
    """The columns of strings that nearly all differ in the first rows."""
    strings = [c.name for c in engine.schema(data, columns) if c.kind is Kind.STRING]
    first = {c: (distinct(col(c)), count_of(col(c))) for c in strings}
    found = engine.sample_statistics(data, (s for pair in first.values() for s in pair), FIRST) if first else {}
    return {c for c, (different, there) in first.items() if found[there] - found[different] <= FIRST // RARE}


def hashed(column: str) -> Tree:
    """64 bits that equal strings have in common, and hardly any others."""
    return call("hash", col(column))


def _folded(engine: Session, key: Key, there: int, several: np.ndarray) -> dict[Need, Any]:
    """The statistics of a column, from the sizes of its groups of several rows. Reads no row of the dataset."""
    sizes = _table(size().name, several)
    rows = exp.Table(this=call("range", lit(there - int(several.sum()))), alias=exp.TableAlias(this="rows"))
    singles = exp.Select(expressions=[alias(exp.cast(lit(1), "bigint"), size().name)]).from_(rows, copy=False)
    both = exp.union(selected([size()], table(BELOW)), singles, distinct=False, copy=False)
    (scan,) = plan(Statistic(s.aggregate) for s in key.statistics)
    (answers,) = engine.run(engine.written(scan.select(*engine.base(sizes.rows(both, out=(size().name,))))))
    engine.release(sizes)
    return dict(zip(key.statistics, answers, strict=True))


def _numbers(engine: Session, column: str, text: str) -> np.ndarray:
    """The only column of a scan of values of a column."""
    with engine.timed(f"values of {column}", text):
        return np.concatenate([np.empty(0, np.int64), *(as_numpy(batch.column(0)) for batch in engine.batches(text))])


def _repeated(values: np.ndarray) -> np.ndarray:
    """Sort values, and return each as often as it occurs after the first time."""
    values.sort()
    repeated: np.ndarray = values[1:][values[1:] == values[:-1]]
    return repeated


def _table(name: str, numbers: np.ndarray) -> Dataset:
    """A table in memory with one column."""
    import pyarrow as pa

    return Dataset(Memory(pa.table({name: from_numpy(numbers)}), (name,)))
