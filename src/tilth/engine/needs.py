"""What a dataset can be asked: needs of four closed kinds, all hashable values, answered by `engine.answer(data, needs)`.

| need | for | runs as |
|---|---|---|
| `Statistic` | counts, sums, extremes, moments, quantiles, folds over groups of equal values | SQL aggregates, as few scans as possible |
| `Relation` | what two tables say of each other | one joined query per other table, set of keys and filter |
| `Sample` | what needs rows | a bounded Arrow table, the same on every engine |
| `Fold` | what SQL cannot say: sketches, vocabularies, covariances | Arrow batches streamed through Python, states of parts merged |

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
    """Something that a dataset can be asked. A frozen, hashable value.

    `where` keeps rows (a condition that is null keeps none). `by` gives one answer for each group of rows: a dict from a tuple of keys
    to the answer.
    """

    where: Tree | None = field(default=None, kw_only=True)
    by: tuple[Tree, ...] = field(default=(), kw_only=True)

    @property
    @abstractmethod
    def reads(self) -> set[str]:
        """The table's columns that it reads."""

    @property
    def of_nothing(self) -> Any:
        """The answer over no rows, where it is not null."""
        return None

    def filtered(self, condition: Tree | None) -> Self:
        """The same of fewer rows."""
        if condition is None:
            return self
        return replace(self, where=condition if self.where is None else and_(self.where, condition))

    def grouped(self, *keys: Tree) -> Self:
        """The same for each group of rows."""
        return replace(self, by=(*self.by, *keys))

    def merge(self, a: Any, b: Any) -> Any:
        """The answer of the whole from the answers of two parts. `Gap` where the kind has no such law."""
        raise Gap(f"{type(self).__name__} of parts does not give that of the whole", hint="measure the whole again")

    def of_copies(self, value: Any, n: int) -> Any:
        """The answer over `n` equal values, where it reads one column of numbers. `Gap` where the kind has no such law."""
        raise Gap(f"{type(self).__name__} of equal values has no law")

    def _around(self) -> set[str]:
        """The columns that the filter and the groups read."""
        return columns_of(self.where).union(*(columns_of(k) for k in self.by))


def of_nothing(aggregate: Tree) -> int | None:
    """The value of an aggregate over no rows: 0 for a count, null for the rest."""
    return 0 if isinstance(aggregate, exp.Count | CountIf | SumOrZero) else None


@dataclass(frozen=True)
class Sample(Need):
    """Rows of the table as an Arrow table: the `rows` rows with the smallest hash, in the order of the hash; fewer where it has fewer.

    The hash is that of the `seed` and the row's values: those of the role `id` and the sampled columns where there is an id, else of all
    columns; so the rows and their order are the same on every engine, and equal rows are chosen together. Types are those of the
    columns' kinds (int64, double, string …). Cannot be grouped.

    Without `hashed` they are the rows that are found first, in any order: for a table or a filter that has at most `rows`. Where `rows` is
    None they are all rows, for which an engine does less than where it has to count them. With `key` a last column of that name has the
    hash, which finds these rows again (`keys.sample_key`).
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
    """A state that Arrow batches of some columns are taken into, one after the other: for what SQL cannot say.

    A subclass is a frozen dataclass of its parameters behind `columns`. Batches have those columns, in that order, with the types of
    their kinds (int64, double, string …), and are never empty. There may be any number of them, of any size, of rows in any order, and
    parts of a table may be folded apart and merged: the answer must not depend on it. All folds of one call share one pass; memory is
    bounded if the state is. On Spark the fold is sent to the executors, where its module must be installed, and its states come back
    pickled.

    Laws (`testing.check_need`): parts merge to the whole; the order of rows and batches changes nothing; both engines give the same.
    """

    columns: tuple[str, ...]

    @abstractmethod
    def start(self) -> Any:
        """The state over no rows, made anew."""

    @abstractmethod
    def update(self, state: Any, batch: pa.RecordBatch) -> Any:
        """The state with the rows of a batch; the state that is given may be changed."""

    @abstractmethod
    def merge(self, a: Any, b: Any) -> Any:
        """The state of two parts together; either may be changed."""

    def finish(self, state: Any) -> Any:
        """The answer, from the state of all rows: the state itself, unless a fold says otherwise."""
        return state

    @property
    def reads(self) -> set[str]:
        return set(self.columns) | self._around()

    @property
    def of_nothing(self) -> Any:
        return self.finish(self.start())


class Here(Operation):
    """In the fold of a relation: an aggregate over the rows of this table that share a key (`size()` of a fold over groups)."""


class There(Operation):
    """In the fold of a relation: an aggregate over the rows of the other table that have the key; null where none has."""


here, there = Here.of, There.of


def rows_here() -> Tree:
    """The number of this table's rows that share a key."""
    return here(all_rows())


def rows_there() -> Tree:
    """The number of the other table's rows that have the key; null where none has."""
    return there(all_rows())


def matched() -> Tree:
    """Whether the other table has the key: true or false, never null."""
    return not_null(rows_there())


@dataclass(frozen=True)
class Relation(Need):
    """A number of this table beside another: an aggregate over the different keys of this table, each with what the other has of it.

    `keys` are pairs of columns (here, there). Both tables are grouped by their keys, and this table's groups are joined with the
    other's: a key of this table that the other lacks, or that has a null in it, stays and is unmatched; keys that only the other has
    are left out. `fold` is the aggregate over these groups. In it `rows_here()` and `rows_there()` are the sizes of both groups,
    `here(aggregate)` and `there(aggregate)` any aggregate of each side's rows, `matched()` says whether there are rows there. Without
    keys each table is one group. `where` and `by` speak of this table's columns.

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
        """The other table's columns that it reads."""
        return {b for _, b in self.keys} | self._aggregated(There)

    @property
    def of_nothing(self) -> Any:
        return of_nothing(self.fold)

    def _aggregated(self, side: type[Operation]) -> set[str]:
        return set[str]().union(*(columns_of(node) for node in self.fold.find_all(side)))
