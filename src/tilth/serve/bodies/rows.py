"""Rows of requests, their media types, and the errors about rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tilth.errors import Mistake, RequestError, listed

Row = Mapping[str, Any]
CSV, JSON, LINES, NPY, PARQUET = "text/csv", "application/json", "application/jsonlines", "application/x-npy", "application/x-parquet"
RECORDIO, TFEXAMPLE = "application/x-recordio-protobuf", "application/x-tfexample"
LINE_TYPES = (LINES, "application/jsonl", "application/x-ndjson")
BY_LINE = (CSV, *LINE_TYPES)
ANSWERED = "predictions"  # the member of a JSON answer with the rows
MOST_VALUES = 2**23  # of a body that may expand: repeated values of Parquet, and zeros of sparse rows


@dataclass(frozen=True)
class Columns:
    """The columns of a request, in the order of values without names. A row may omit the column `label`."""

    names: tuple[str, ...]
    label: str | None = None

    @cached_property
    def orders(self) -> dict[int, tuple[str, ...]]:
        """The columns of a row without names, by number of values: all columns, or all except the label."""
        without = tuple(n for n in self.names if n != self.label)
        return {len(names): names for names in (self.names, without)}

    def named(self, values: Sequence[Any], number: int) -> dict[str, Any]:
        """A row from values in the order of the columns. Errors: `RequestError` for a wrong number of values."""
        return dict(zip(self.order(len(values), number), values, strict=True))

    def sparse(self, values: Sequence[Any], keys: Sequence[int], width: int, number: int) -> dict[str, Any]:
        """A row of `width` values: the given ones at the positions `keys`, zeros elsewhere. Errors: as `named`, and for too many values."""
        names = self.order(width, number)
        reject_large(number, width)
        return dict.fromkeys(names, 0) | {names[key]: value for key, value in zip(keys, values, strict=True)}

    def order(self, width: int, number: int) -> tuple[str, ...]:
        """The columns of a row with `width` values. Errors: `RequestError` for a wrong number of values."""
        if width in self.orders:
            return self.orders[width]
        *_, shortest = self.orders.values()
        accepted = f"{' or '.join(map(str, self.orders))} values: {listed(shortest, most=40)}"
        raise BadRow(number, "", Mistake(f"{width} values are given", accepted=accepted, code="wrong-width"))


@dataclass(frozen=True)
class RowsInColumns(Sequence[Row]):
    """Rows that are held as lists of values, by column."""

    columns: Mapping[str, list[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, i: Any) -> Any:
        return {name: values[i] for name, values in self.columns.items()}

    def __iter__(self) -> Iterator[Row]:
        names = tuple(self.columns)
        return (dict(zip(names, values, strict=True)) for values in self.values_of(names))

    def values_of(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The values of each row in the order of the names."""
        return zip(*(self.columns[name] for name in names), strict=True)


class BadRow(RequestError):
    """An error in one row, counted from 1; `column` is empty if it is not the fault of one column."""

    def __init__(self, row: int, column: str, mistake: Mistake) -> None:
        super().__init__(mistake)
        self.rows = [(row, column, mistake)]


class BadRows(RequestError):
    """Errors in several rows: (row, column, mistake) for each mistake."""

    def __init__(self, rows: Sequence[tuple[int, str, Mistake]]) -> None:
        super().__init__(*(mistake for _, _, mistake in rows))
        self.rows = list(rows)


class NotAcceptable(RequestError):
    """The answer cannot be encoded as the requested media type."""


def reject_large(rows: int, columns: int) -> None:
    """Refuse rows that have too many values, because a small body may expand to many."""
    if rows * max(columns, 1) > MOST_VALUES:
        accepted = f"up to {MOST_VALUES:,} values; send the rows in several requests"
        raise RequestError(f"{rows:,} rows of {columns:,} columns are too many", accepted=accepted, code="too-large")
