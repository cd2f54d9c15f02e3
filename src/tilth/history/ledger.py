"""The ledger: the metrics of earlier checks, which rules such as `RowCount > avg(last(5))` use.

One row per metric of a finished check: the dataset's key, the metric's name, the time in UTC, the check's number and the value. It contains
no rows of the data, no values of private columns and no query text (metrics of a query or a filter have a digest of it in their name). Rows
are added and never changed, except for a mark that excludes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from tilth.errors import RequestError

MOST = 10_000
COLUMNS = (
    "dataset TEXT NOT NULL, name TEXT NOT NULL, check_number BIGINT NOT NULL, at TEXT NOT NULL, value DOUBLE PRECISION NOT NULL, "
    "excluded INTEGER NOT NULL DEFAULT 0"
)


class Connection(Protocol):
    """An open ledger. Statements have `?` for values."""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement returns."""

    def each(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of values."""


@dataclass(frozen=True)
class Recorded:
    """A recorded check, with its number of metrics and the number of excluded ones."""

    dataset: str
    number: int
    at: datetime
    metrics: int
    excluded: int


@dataclass(frozen=True)
class Value:
    """The value of a metric in a check."""

    number: int
    at: datetime
    value: float
    excluded: bool


class Ledger(ABC):
    """Metrics over time. Several processes may read and write it at once; recording a check is atomic."""

    TABLE = "statistic"

    @abstractmethod
    def open(self, writing: bool = False) -> AbstractContextManager[Connection]:
        """Open the ledger for a block, which is one transaction; with `writing`, other writers wait. Errors: `MachineError`."""

    def values(self, dataset: str, name: str, most: int = MOST) -> tuple[float, ...]:
        """The recorded values of a metric that are not excluded, the latest first, at most `most`. Empty if there is none."""
        with self.reading(dataset) as earlier:
            return tuple(value for _, value in earlier(name, most))

    @contextmanager
    def reading(self, dataset: str, before: datetime | None = None) -> Iterator[Callable[[str, int], list[tuple[datetime, float]]]]:
        """Open the ledger once to read many metrics: a function that gives the values of a metric, as `values` does, with their times.

        With `before`, only values recorded before that time.
        """
        until, moment = ("", ()) if before is None else (" AND at < ?", (_written(before),))
        query = f"SELECT at, value FROM {self.TABLE} WHERE dataset = ? AND name = ? AND excluded = 0{until}"
        query += " ORDER BY at DESC, check_number DESC LIMIT ?"
        with self.open() as connection:
            yield lambda name, most: [
                (datetime.fromisoformat(at), value) for at, value in connection.rows(query, (dataset, name, *moment, most))
            ]

    def series(self, dataset: str, name: str, most: int = MOST) -> list[Value]:
        """The recorded values of a metric with their checks, the latest first, including excluded ones."""
        query = f"SELECT check_number, at, value, excluded FROM {self.TABLE} WHERE dataset = ? AND name = ?"
        with self.open() as connection:
            found = connection.rows(f"{query} ORDER BY at DESC, check_number DESC LIMIT ?", (dataset, name, most))
        return [Value(number, datetime.fromisoformat(at), value, bool(excluded)) for number, at, value, excluded in found]

    def names(self, dataset: str) -> list[str]:
        """The metrics of a dataset."""
        with self.open() as connection:
            query = f"SELECT DISTINCT name FROM {self.TABLE} WHERE dataset = ? ORDER BY name"
            return [name for (name,) in connection.rows(query, (dataset,))]

    def checks(self, dataset: str | None = None, most: int = MOST) -> list[Recorded]:
        """The recorded checks of one dataset or of all, the latest first."""
        which, values = ("", ()) if dataset is None else ("WHERE dataset = ? ", (dataset,))
        query = f"SELECT dataset, check_number, at, count(*), sum(excluded) FROM {self.TABLE} {which}GROUP BY dataset, check_number, at"
        with self.open() as connection:
            found = connection.rows(f"{query} ORDER BY at DESC, check_number DESC LIMIT ?", (*values, most))
        return [Recorded(of, number, datetime.fromisoformat(at), metrics, int(left)) for of, number, at, metrics, left in found]

    def append(self, dataset: str, values: Mapping[str, float], at: datetime | None = None) -> None:
        """Record the metrics of a finished check. NaN is left out. Errors: `MachineError`."""
        with self.open(writing=True) as connection:
            when = _written(at or datetime.now(UTC))  # after other writers have finished, so that later numbers have no earlier time
            ((number,),) = connection.rows(f"SELECT coalesce(max(check_number), 0) + 1 FROM {self.TABLE}")
            rows = [(dataset, name, number, when, value) for name, value in values.items() if value == value]
            if rows:
                connection.each(f"INSERT INTO {self.TABLE} (dataset, name, check_number, at, value) VALUES (?, ?, ?, ?, ?)", rows)

    def exclude(self, numbers: Iterable[int], name: str | None = None, *, excluded: bool = True) -> int:
        """Mark whole checks, or one metric of each, so that rules ignore them; or remove the mark. Return the number of marked values.

        Errors: `RequestError` for a check without recorded values, or without a value of that name.
        """
        which, names = ("", ()) if name is None else (" AND name = ?", (name,))
        statement = f"UPDATE {self.TABLE} SET excluded = ? WHERE check_number = ?{which} RETURNING name"
        with self.open(writing=True) as connection:
            marked = {number: len(connection.rows(statement, (int(excluded), number, *names))) for number in numbers}
            lacking = [number for number, values in marked.items() if not values]
            if lacking:
                what = f"check {lacking[0]}" if name is None else f"metric {name!r} of check {lacking[0]}"
                raise RequestError(f"there is no {what} in the history", hint="`tilth history` lists them", code="unknown-check")
        return sum(marked.values())


def _written(at: datetime) -> str:
    """A time as text, in UTC to the second; such texts sort in order of time. A time without a zone is read as UTC."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
