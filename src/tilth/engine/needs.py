"""What can be computed from a dataset: needs of four kinds, all hashable values, answered by `engine.answer(data, needs)`.

| need | for | runs as |
|---|---|---|
| `Statistic` | counts, sums, extremes, moments, quantiles, folds over groups of equal values | SQL aggregates, as few scans as possible |
| `Relation` | comparisons of two tables | one joined query per other table, set of keys and filter |
| `Sample` | rows | a bounded Arrow table, the same on every engine |
| `Fold` | what SQL cannot express: sketches, vocabularies, covariances | Arrow batches streamed through Python, states of parts merged |

Equal needs are answered once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset
from tilth.engine.expressions import all_rows, and_, columns_of, not_null
from tilth.engine.operations.aggregates import CountIf, SumOrZero
from tilth.engine.operations.operation import Operation
from tilth.errors import Gap

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Need(ABC):
    """A question about a dataset. A frozen, hashable value.

    `where` filters rows; a row for which it is null is left out. With `by` there is one answer for each group of rows: a mapping from a
    tuple of keys to the answer.
    """

    where: Tree | None = field(default=None, kw_only=True)
    by: tuple[Tree, ...] = field(default=(), kw_only=True)

    @property
    @abstractmethod
    def reads(self) -> set[str]:
        """The columns of the table that it reads."""

    @property
    def of_nothing(self) -> Any:
        """The answer over no rows, if it is not null."""
        return None

    def filtered(self, condition: Tree | None) -> Self:
        """The same need with a further filter."""
        if condition is None:
            return self
        return replace(self, where=condition if self.where is None else and_(self.where, condition))

    def grouped(self, *keys: Tree) -> Self:
        """The same need for each group of rows."""
        return replace(self, by=(*self.by, *keys))

    def merge(self, a: Any, b: Any) -> Any:
        """The answer for a table from the answers for two parts of it. `Gap` if the need cannot be merged."""
        raise Gap(f"{type(self).__name__} of parts does not give that of the whole", hint="measure the whole again")

    def of_copies(self, value: Any, n: int) -> Any:
        """The answer over `n` equal values, for a need that reads one numeric column. `Gap` if there is no formula."""
        raise Gap(f"{type(self).__name__} of equal values has no law")

    def _around(self) -> set[str]:
        """The columns that the filter and the groups read."""
        return columns_of(self.where).union(*(columns_of(k) for k in self.by))


def of_nothing(aggregate: Tree) -> int | None:
    """The value of an aggregate over no rows: 0 for a count, null for the rest."""
    return 0 if isinstance(aggregate, exp.Count | CountIf | SumOrZero) else None


@dataclass(frozen=True)
class Sample(Need):
    """Rows of the table as an Arrow table: the `rows` rows with the smallest hash, in the order of the hash, or all if there are fewer.

    The hash covers the `seed` and values of the row: the role `id` and the sampled columns, or without an id all columns. So the rows and
    their order are the same on every engine, and equal rows are chosen together. Types are those of the columns' kinds (int64, double,
    string …). Cannot be grouped.

    Without `hashed`, the rows are those found first, in any order; use it if there are at most `rows` rows. If `rows` is None, the sample
    has all rows, without the cost of a limit. With `key`, a last column of that name has the hash, which identifies these rows
    (`keys.sample_key`).
    """

    columns: tuple[str, ...]
    rows: int | None
    seed: int = 0
    hashed: bool = True
    key: str = ""

    @property
    def reads(self) -> set[str]:
        return set(self.columns) | self._around()

    def grouped(self, *keys: Tree) -> Self:
        raise Gap("a sample cannot be taken of each group at once", hint="filter it for one group after the other")


@dataclass(frozen=True)
class Fold(Need):
    """A state that is updated with one Arrow batch after another, for what SQL cannot express.

    A subclass is a frozen dataclass with its parameters after `columns`. Batches have these columns in this order, with the types of their
    kinds (int64, double, string …), and are never empty. Their number, sizes and order are arbitrary, and parts of a table may be folded
    separately and merged; the answer must not depend on that. All folds of one call share one scan. Memory is bounded if the state is. On
    Spark the fold is sent to the executors, where its module must be installed, and its states are returned pickled.

    Laws (`testing.check_need`): parts merge to the whole; the order of rows and batches changes nothing; both engines give the same.
    """

    columns: tuple[str, ...]

    @abstractmethod
    def start(self) -> Any:
        """A new state, for no rows."""

    @abstractmethod
    def update(self, state: Any, batch: pa.RecordBatch) -> Any:
        """The state with the rows of a batch added; the given state may be modified."""

    @abstractmethod
    def merge(self, a: Any, b: Any) -> Any:
        """The merged state of two parts; either may be modified."""

    def finish(self, state: Any) -> Any:
        """The answer, from the state of all rows; by default the state itself."""
        return state

    @property
    def reads(self) -> set[str]:
        return set(self.columns) | self._around()

    @property
    def of_nothing(self) -> Any:
        return self.finish(self.start())


class Here(Operation):
    """In the fold of a relation: an aggregate over the rows of this table with the same key."""


class There(Operation):
    """In the fold of a relation: an aggregate over the rows of the other table with that key; null if there are none."""


here, there = Here.of, There.of


def rows_here() -> Tree:
    """The number of rows of this table with a key."""
    return here(all_rows())


def rows_there() -> Tree:
    """The number of rows of the other table with the key; null if there are none."""
    return there(all_rows())


def matched() -> Tree:
    """Whether the other table has the key: true or false, never null."""
    return not_null(rows_there())


@dataclass(frozen=True)
class Relation(Need):
    """A comparison of this table with another: an aggregate over the distinct keys of this table, each joined with the other table's group.

    `keys` are pairs of columns (here, there). Both tables are grouped by their keys, and the groups of this table are left-joined with
    those of the other. A key that the other table lacks, or that contains a null, stays unmatched. `fold` is the aggregate over the joined
    groups. In it, `rows_here()` and `rows_there()` are the sizes of both groups, `here(aggregate)` and `there(aggregate)` are aggregates
    over the rows of a group on one side, and `matched()` tells whether the other table has the key. Without keys, each table is one group.
    `where` and `by` refer to columns of this table.

    Errors: `ColumnError` for a column that either table lacks, `RequestError` for keys whose kinds cannot be compared.

    >>> import pyarrow as pa
    >>> from tilth.data import Dataset, Memory
    >>> from tilth.engine.duckdb import DuckDB
    >>> from tilth.engine.expressions import if_else
    >>> orders, states = pa.table({"state": ["CA", "NY", "NY", "TX", None]}), pa.table({"id": ["CA", "NY", "NY", "FL"]})
    >>> known = Dataset(Memory(states, ("id",)))
    >>> found = Relation(known, (("state", "id"),), SumOrZero.of(if_else(matched(), rows_here())))
    >>> DuckDB().session().answer(Dataset(Memory(orders, ("state",))), [found])[found]
    3
    """

    other: Dataset
    keys: tuple[tuple[str, str], ...]
    fold: Tree

    @property
    def reads(self) -> set[str]:
        return {a for a, _ in self.keys} | self._aggregated(Here) | self._around()

    @property
    def reads_there(self) -> set[str]:
        """The columns of the other table that it reads."""
        return {b for _, b in self.keys} | self._aggregated(There)

    @property
    def of_nothing(self) -> Any:
        return of_nothing(self.fold)

    def _aggregated(self, side: type[Operation]) -> set[str]:
        return set[str]().union(*(columns_of(node) for node in self.fold.find_all(side)))
