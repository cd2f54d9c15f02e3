"""Group sizes of nearly unique columns, without grouping the rows whose value is certainly unique.

A value is certainly unique if its 64-bit hash is (strings), or if it is in a stretch of integers with as many distinct values as rows. Only
the other rows are grouped, by their values. Setting a bit for each integer takes a sixth of the time of grouping, sorting hashes a third.
On Spark the plain grouping stays: it has no bit strings, and hashes would have to be sent to Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Kind, Memory
from tilth.engine import footers
from tilth.engine.arrow import as_numpy, from_numpy
from tilth.engine.expressions import alias, all_rows, and_, col, columns_of, if_else, in_, lit, not_null, sub
from tilth.engine.layers import grouped, selected, table
from tilth.engine.operations.aggregates import SumOrZero
from tilth.engine.operations.operation import call
from tilth.engine.plan import PlannedScan, plan
from tilth.engine.statistics import Statistic, count_of, distinct, size

if TYPE_CHECKING:
    from tilth.engine.session import Session

FIRST, RARE = 2_000, 1_000  # of the first FIRST rows of a nearly unique column, at most one in RARE repeats a string
FEWEST = 100_000  # rows from which hashing strings pays
BYTES = 16  # bytes per hash while hashes are collected
STRETCH = 1024  # consecutive integers that share one bit string
FEW, MOST_STRETCHES = 8, 10_000  # all rows are grouped if values repeat in more stretches
HASH, OWN = "\x1fhash", "\x1fown"  # the column with hashes that several rows have, and the table of these


@dataclass(frozen=True)
class Sizes:
    """Statistics of the group sizes of a column: of `there` rows with a value, only those in `repeats` are grouped."""

    column: str
    statistics: tuple[Statistic, ...]
    there: int
    repeats: Dataset | None  # the sizes `n` of the groups that may have several rows; None if there are none

    def scan(self, data: Dataset) -> tuple[Dataset, PlannedScan]:
        """The scan that answers, and the dataset it is over, of the sizes of all groups."""
        rows = exp.Table(this=call("range", lit(self.there)), alias=exp.TableAlias(this="rows", columns=[exp.to_identifier("i")]))
        singles = exp.Select(expressions=[alias(lit(1), size().name)]).from_(rows, copy=False)
        if self.repeats is None:
            sizes = data.rows(singles, out=(size().name,))
        else:
            repeated = exp.Subquery(this=selected([SumOrZero.of(size())], table(BELOW)))
            singles = singles.where(exp.LT(this=col("i"), expression=sub(lit(self.there), repeated)), copy=False)
            both = exp.union(selected([size()], table(BELOW)), singles, distinct=False, copy=False)
            sizes = self.repeats.rows(both, out=(size().name,))
        (scan,) = plan(Statistic(s.aggregate) for s in self.statistics)
        return sizes, replace(scan, title=f"values of {self.column}", statistics=self.statistics)


def sized(engine: Session, data: Dataset, statistics: Iterable[Statistic]) -> tuple[list[Sizes], list[Statistic]]:
    """The columns whose statistics need only part of the groups, and the remaining statistics."""
    asked = list(statistics)
    folds: dict[tuple[str, Tree | None], list[Statistic]] = {}
    for s in asked:
        if len(s.per) == 1 and not s.by:
            folds.setdefault((s.per[0], s.where), []).append(s)
    folds = {home: of for home, of in folds.items() if all(columns_of(s.aggregate) <= {size().name} for s in of)}
    found = list(_sizes(engine, data, folds)) if folds and engine.name == "duckdb" else []
    answered = {s for sizes in found for s in sizes.statistics}
    return found, [s for s in asked if s not in answered]


def _sizes(engine: Session, data: Dataset, folds: dict[tuple[str, Tree | None], list[Statistic]]) -> Iterator[Sizes]:
    columns = list(dict.fromkeys(c for c, _ in folds))
    dense = footers.dense(data, columns)
    differ = _strings_that_differ(engine, data, [c for c in columns if c not in dense])
    for (column, where), of in folds.items():
        kept = and_(not_null(col(column)), where)
        if column in dense:
            found = _of_numbers(engine, data, column, kept, dense[column])
        elif column in differ:
            found = _of_strings(engine, data, column, kept)
        else:
            continue
        if found is not None:
            yield Sizes(column, tuple(of), *found)


def _strings_that_differ(engine: Session, data: Dataset, columns: list[str]) -> set[str]:
    """The columns of strings that nearly all differ in the first rows, if there is room for hashes."""
    rows = footers.rows(data) if columns else None
    if rows is None or rows < FEWEST or not engine.has_room(rows * BYTES):
        return set()
    strings = [c.name for c in engine.schema(data, columns) if c.kind is Kind.STRING]
    first = {c: (distinct(col(c)), count_of(col(c))) for c in strings}
    found = engine.sample_statistics(data, (s for pair in first.values() for s in pair), FIRST) if first else {}
    return {c for c, (different, there) in first.items() if found[there] - found[different] <= FIRST // RARE}


def _of_numbers(engine: Session, data: Dataset, column: str, kept: Tree, ends: tuple[int, int]) -> tuple[int, Dataset | None] | None:
    """How many numbers are there, and the groups of those in stretches with repeated ones; None where these are many."""
    low, high = ends
    place = sub(exp.cast(col(column), "bigint"), lit(low))
    stretch = exp.BitwiseRightShift(this=place, expression=lit(STRETCH.bit_length() - 1))
    bit = exp.cast(exp.BitwiseAnd(this=place.copy(), expression=lit(STRETCH - 1)), "int")
    bits = call("bit_count", call("bitstring_agg", bit, lit(0), lit(STRETCH - 1)))
    stretches = selected([alias(stretch, "stretch"), alias(all_rows(), "n"), alias(bits, "bits")], table(BELOW)).where(kept, copy=False)
    repeated = if_else(exp.NEQ(this=col("n"), expression=col("bits")), col("stretch"))
    numbers = exp.Select(expressions=[SumOrZero.of(col("n")), call("list", repeated)])
    of_stretches = data.rows(grouped(stretches, [stretch]), out=("stretch", "n", "bits"))
    rows = engine.rows(of_stretches, numbers, f"where values of {column} repeat")
    if not engine.answers_are_real:
        return None
    ((there, found),) = rows
    where = [s for s in found or () if s is not None]
    if len(where) > min((high - low) // STRETCH // FEW, MOST_STRETCHES):
        return None
    return int(there), _groups(data, column, and_(kept, in_(stretch, where))) if where else None


def _of_strings(engine: Session, data: Dataset, column: str, kept: Tree) -> tuple[int, Dataset | None] | None:
    """The number of strings, and the groups of those whose hash occurs several times; None if these are many."""
    import pyarrow as pa

    title = f"hashes of {column}"
    text = engine.query(data, exp.Select(expressions=[alias(hashed(column), HASH)]).where(kept.copy(), copy=False))
    if not engine.answers_are_real:
        engine.note(title, text)
        return None
    with engine.timed(title, text):
        parts = [as_numpy(batch.column(0)) for batch in engine.batches(text)]
        hashes = np.concatenate([np.empty(0, np.uint64), *parts])
        del parts
        hashes.sort()
        again = hashes[1:][hashes[1:] == hashes[:-1]]
    if len(again) > len(hashes) // FEW:
        return None
    if not len(again):
        return len(hashes), None
    own = pa.table({HASH: from_numpy(np.unique(again))})
    several = exp.In(this=hashed(column), query=exp.Subquery(this=selected([col(HASH)], table(OWN))))
    return len(hashes), _groups(data, column, and_(kept, several), {OWN: Dataset(Memory(own, (HASH,)))})


def hashed(column: str) -> Tree:
    """64 bits that equal strings have in common, and hardly any others."""
    return call("hash", col(column))


def _groups(data: Dataset, column: str, condition: Tree, tables: Mapping[str, Dataset] = MappingProxyType({})) -> Dataset:
    """The size of each group of equal values among some rows."""
    query = selected([alias(all_rows(), size().name)], table(BELOW)).where(condition, copy=False)
    return data.rows(grouped(query, [col(column)]), out=(size().name,), tables=tables)
