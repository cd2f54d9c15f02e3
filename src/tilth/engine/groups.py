"""Results per group: as columns, and as a mapping from keys to numbers."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Memory
from tilth.engine.arrow import as_numpy, doubles, from_numpy, integers, mask_of
from tilth.engine.expressions import and_, col, in_, is_null, or_
from tilth.engine.layers import selected, table
from tilth.engine.operations.sums import Exact, Grid, Parts
from tilth.engine.plan import MOST_GROUPS
from tilth.engine.statistics import Statistic
from tilth.errors import RequestError

if TYPE_CHECKING:
    import pyarrow as pa

PLACE, OWN = "\x1fgroup", "\x1fown"  # the column with the index of a group that is computed separately, and the table of these groups
Pairs: TypeAlias = list[tuple[str, str]]
"""For each argument of an aggregate: the columns with the shift and scale of a group's grid."""
STRETCHES = 100  # up to this many runs of rows are sliced, not copied
FEW = 200  # up to this many keys, a filter is added so that few rows are joined


@dataclass(frozen=True, eq=False)
class Keys:
    """The keys of groups."""

    columns: tuple[pa.ChunkedArray, ...]

    @classmethod
    def of(cls, keys: Iterable[tuple[Any, ...]]) -> Keys:
        """Keys from a tuple for each group."""
        import pyarrow as pa

        return cls(tuple(pa.chunked_array([pa.array(column)]) for column in zip(*keys, strict=True)))

    def __len__(self) -> int:
        return len(self.columns[0])

    @cached_property
    def tuples(self) -> list[tuple[Any, ...]]:
        """The keys of each group."""
        return list(zip(*map(plain, self.columns), strict=True))

    def take(self, places: np.ndarray) -> pa.Table:
        """The keys of the groups with these indices, in columns named `key(i)`."""
        import pyarrow as pa

        return pa.table({key(i): column.take(from_numpy(places)) for i, column in enumerate(self.columns)})


@dataclass(frozen=True, eq=False)
class Groups(Mapping[tuple[Any, ...], Any]):
    """A number for each group. The mapping is made on first use."""

    keys_of: Keys
    numbers: pa.ChunkedArray

    @classmethod
    def of(cls, found: Mapping[tuple[Any, ...], Any]) -> Groups:
        """Groups in columns, from a mapping of keys to numbers."""
        if isinstance(found, Groups):
            return found
        import pyarrow as pa

        return cls(Keys.of(found), pa.chunked_array([pa.array(found.values())]))

    @cached_property
    def found(self) -> dict[tuple[Any, ...], Any]:
        """Key → number."""
        return dict(zip(self.keys_of.tuples, plain(self.numbers), strict=True))

    def __getitem__(self, key: tuple[Any, ...]) -> Any:
        return self.found[key]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.keys_of)

    def items(self) -> ItemsView[tuple[Any, ...], Any]:
        return self.found.items()

    def __repr__(self) -> str:
        return repr(self.found)


def key(i: int) -> str:
    """The name of the i-th key in a table of groups."""
    return f"\x1fkey{i}"


def plain(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """The values of a column as Python objects; decimals of scale 0 as integers."""
    import pyarrow as pa

    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        return [None if v is None else int(v) for v in column.to_pylist()]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return list(column.to_pylist())


def groups_of(title: str, found: pa.Table, keys: int) -> list[Groups]:
    """The groups in the result of a query, whose columns are the keys, then a number for each need."""
    if len(found) > MOST_GROUPS:
        raise RequestError(
            f"{title}: there are more than {MOST_GROUPS:,} groups",
            hint="group by columns of fewer values: one of these is probably an identifier",
            code="too-many-groups",
        )
    import pyarrow as pa

    of = Keys(tuple(c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in found.columns[:keys]))
    return [Groups(of, numbers) for numbers in found.columns[keys:]]


def groups_of_sets(title: str, found: pa.Table, sets: Sequence[Sequence[int]]) -> list[Groups]:
    """The groups in the result of a query with several sets of keys, set by set.

    The columns of the result are all keys, then a bit mask of the keys that a group lacks (the highest bit is the first key), then a number
    for each need.
    """
    keys = len({k for places in sets for k in places})
    lacking = as_numpy(found.column(keys))
    answers = list[Groups]()
    for places in sets:
        own = _chosen(found, lacking == sum(2 ** (keys - 1 - k) for k in range(keys) if k not in places))
        answers += groups_of(title, own.select([*places, *range(keys + 1, own.num_columns)]), len(places))
    return answers


def _chosen(table: pa.Table, there: np.ndarray) -> pa.Table:
    """Filter a table; without a copy if the rows form few runs."""
    import pyarrow as pa

    edges = np.flatnonzero(np.diff(there, prepend=False, append=False))
    if len(edges) > 2 * STRETCHES:
        return table.filter(mask_of(there))
    stretches = [table.slice(start, stop - start) for start, stop in edges.reshape(-1, 2).tolist()]
    return pa.concat_tables(stretches) if stretches else table.slice(0, 0)


def parts_of(need: Statistic, aggregate: Exact, found: Any) -> Parts:
    """The parts of an exact aggregate in an engine's result."""
    if not isinstance(found, Groups):
        return Parts.of_rows(aggregate, list(found.values()) if need.by else [found])
    n, *rest = found.numbers.combine_chunks().flatten()
    ends = 2 * aggregate.width
    return Parts.of(aggregate, [as_numpy(n), *map(integers, rest[:-ends]), *map(as_numpy, rest[-ends:])])


def with_numbers(need: Statistic, found: Any, numbers: np.ndarray, there: np.ndarray) -> Any:
    """The same groups with these numbers; null where `there` is false."""
    if isinstance(found, Groups):
        import pyarrow as pa

        return Groups(found.keys_of, pa.chunked_array([doubles(numbers, there)]))
    values = [x if has else None for x, has in zip(numbers.tolist(), there.tolist(), strict=True)]
    return dict(zip(found, values, strict=True)) if need.by else values[0]


class Apart(NamedTuple):
    """Groups that need their own grids: their indices, their keys, and for each argument the grids."""

    places: np.ndarray
    keys: pa.Table
    grids: list[Grid]

    @classmethod
    def of(cls, aggregate: Exact, parts: Parts, found: Any) -> Apart | None:
        """The groups that need their own grids, or None."""
        places, grids = aggregate.apart(parts)
        if not len(places):
            return None
        keys = found.keys_of if isinstance(found, Groups) else Keys.of(found)
        return cls(places, keys.take(places), grids)


def joined(data: Dataset, by: tuple[Tree, ...], columns: Iterable[str], groups: Sequence[Apart]) -> tuple[Dataset, list[Pairs]]:
    """The rows of some groups, with the group's index and grids; and for each of `groups` the columns with shift and scale."""
    import pyarrow as pa

    own = pa.concat_tables([of.keys for of in groups], promote_options="permissive")
    own, firsts = own.append_column(PLACE, from_numpy(np.arange(len(own)))), set(plain(own.column(0)))
    pairs, end = list[Pairs](), 0
    for i, of in enumerate(groups):
        there = np.zeros(len(own), bool)
        there[end : end + len(of.places)] = True
        end += len(of.places)
        pairs.append([(f"\x1fshift{i} {j}", f"\x1fscale{i} {j}") for j in range(len(of.grids))])
        for grid, pair in zip(of.grids, pairs[-1], strict=True):
            for name, numbers in zip(pair, (grid.shift, grid.scale), strict=True):
                values = np.zeros(len(own))
                values[there] = numbers
                own = own.append_column(name, doubles(values, there))
    chosen = [*sorted(columns), *own.column_names[len(by) :]]
    same = and_(*(exp.NullSafeEQ(this=k.copy(), expression=col(key(i))) for i, k in enumerate(by)))
    query = selected(map(col, chosen), table(BELOW)).join(table(OWN), on=same, copy=False)
    if len(firsts) <= FEW and all(isinstance(v, str | int | None) for v in firsts):
        some = [in_(by[0].copy(), known)] if (known := sorted(firsts - {None})) else []
        query = query.where(or_(*some, *([is_null(by[0].copy())] if None in firsts else [])), copy=False)
    return data.rows(query, out=chosen, tables={OWN: Dataset(Memory(own, tuple(own.column_names)))}), pairs
