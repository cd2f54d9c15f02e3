"""Damage that is planted in data, to see which rules notice it: expressions that change one column of a table.

Which rows are damaged depends on their values alone, so that it is the same in every run and on every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Schema
from tilth.engine.expressions import add, case, cast, col, concat, if_else, lit, lt, mul, not_, number
from tilth.engine.layers import filtered
from tilth.engine.operations.hashing import HashBucket, has_string, key_hash, key_string, threshold
from tilth.engine.operations.timewriting import AddTime

BUCKET = "\x1fbucket"  # the column with a number from 0 to 99 by the hash of a row's values
BUCKETS = 100
SOME, HALF = 10, 50  # of a hundred rows
NEW = "(new value)"
WHOLE = 2.0**53  # integers below it are doubles without loss
LATER = 30  # days


@dataclass(frozen=True)
class Damage:
    """A kind of damage to a column: its name, a description, and the changed value.

    `make` takes the column, another column of its kind, and the standard deviation of its numbers. It gives None if it does not apply.
    """

    name: str
    words: str
    make: Callable[[Column, Column | None, float | None], Tree | None]


def _in_some(value: Tree, column: Column) -> Tree:
    return if_else(lt(col(BUCKET), lit(SOME)), value, col(column.name))


def _string(change: Callable[[Column], Tree]) -> Callable[[Column, Column | None, float | None], Tree | None]:
    return lambda column, other, deviation: change(column) if column.kind is Kind.STRING else None


def _as_number(column: Column, x: Tree) -> Tree:
    """A computed number as a value of the column: rounded up for integers; the old value if it would not fit."""
    if column.kind is not Kind.INTEGER:
        return x
    return case((lt(exp.Abs(this=x), lit(WHOLE)), cast(exp.Ceil(this=x.copy()), Kind.INTEGER)), otherwise=col(column.name))


def _larger(column: Column, other: Column | None, deviation: float | None) -> Tree | None:
    return _as_number(column, mul(number(column), lit(1.1))) if column.kind.numeric else None


def _further(column: Column, other: Column | None, deviation: float | None) -> Tree | None:
    return _as_number(column, add(number(column), lit(3 * deviation))) if column.kind.numeric and deviation else None


def _later(column: Column, other: Column | None, deviation: float | None) -> Tree | None:
    if not column.kind.temporal:
        return None
    moved = AddTime.of(cast(col(column.name), Kind.TIMESTAMP), lit(LATER), lit("day"))
    return moved if column.kind is Kind.TIMESTAMP else cast(moved, column.kind)


DAMAGES: tuple[Damage, ...] = (
    Damage("null", "a tenth of the rows lose their value", lambda column, other, deviation: _in_some(exp.Null(), column)),
    Damage("other", "another column's values", lambda column, other, deviation: None if other is None else col(other.name)),
    Damage("× 1.1", "numbers a tenth larger", _larger),
    Damage("+ 3 σ", "numbers three standard deviations larger", _further),
    Damage("+ 30 d", "times thirty days later", _later),
    Damage("new", f"a tenth of the strings become {NEW!r}", _string(lambda column: _in_some(lit(NEW), column))),
    Damage("empty", "a tenth of the strings become empty", _string(lambda column: _in_some(lit(""), column))),
    Damage("blank", "a tenth of the strings become a blank", _string(lambda column: _in_some(lit(" "), column))),
    Damage("padded", "a blank after each string", _string(lambda column: concat(col(column.name), lit(" ")))),
    Damage("not", "true and false exchanged", lambda column, *_: not_(col(column.name)) if column.kind is Kind.BOOLEAN else None),
)
"""All kinds of damage, in the order in which they are shown."""


def with_buckets(data: Dataset, schema: Schema) -> Dataset:
    """The table with a column of numbers from 0 to 99 that select the rows to damage."""
    return data.change({BUCKET: HashBucket.of(key_string(filter(has_string, schema)), lit(BUCKETS))})


def sampled(data: Dataset, schema: Schema, share: float) -> Dataset:
    """About a share of the rows, chosen by their hash."""
    return filtered(data, lt(key_hash(filter(has_string, schema), "what if"), lit(threshold(share))))


def damaged(data: Dataset, changes: Mapping[str, Tree]) -> Dataset:
    """A table `with_buckets`, its columns changed, without the column of buckets."""
    return data.change({**changes, BUCKET: None})


def half(data: Dataset) -> Dataset:
    """The rows of the lower half of the buckets."""
    return damaged(filtered(data, lt(col(BUCKET), lit(HALF))), {})


def twice(data: Dataset) -> Dataset:
    """Each row of the table two times."""
    once = damaged(data, {})
    return once.append(once)


def others_of(schema: Schema) -> dict[str, Column]:
    """For each column the next one of its kind, the first after the last; none for the only one of a kind."""
    found: dict[str, Column] = {}
    for kind in dict.fromkeys(c.kind for c in schema):
        alike = [c for c in schema if c.kind is kind]
        if len(alike) > 1:
            found |= {c.name: other for c, other in zip(alike, [*alike[1:], alike[0]], strict=True)}
    return found


def changed(column: str, tree: Tree) -> Tree:
    """Whether a damage changes a row's value."""
    return not_(exp.NullSafeEQ(this=tree.copy(), expression=col(column)))
