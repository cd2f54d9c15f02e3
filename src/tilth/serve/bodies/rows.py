"""Rows of requests, what media types they may have, and what is said of a row that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tilth.errors import Mistake, RequestError, listed

Row = Mapping[str, Any]
CSV, JSON, LINES, NPY, PARQUET = "text/csv", "application/json", "application/jsonlines", "application/x-npy", "application/x-parquet"
RECORDIO, TFEXAMPLE = "application/x-recordio-protobuf", "application/x-tfexample"
ANSWERED = "predictions"  # the member of an answer that holds its rows
MOST_VALUES = 2**23  # of the rows of a body whose size does not bound them: repeated ones of Parquet, and zeros of sparse rows


@dataclass(frozen=True)
class Columns:
    """The columns of a request in their order, by which values without names are told apart; `label` may be left out."""

    names: tuple[str, ...]
    label: str | None = None

    @cached_property
    def orders(self) -> dict[int, tuple[str, ...]]:
        """The columns that a row without names may have, by their number: all of them, or all but the label."""
        without = tuple(n for n in self.names if n != self.label)
        return {len(names): names for names in (self.names, without)}

    def named(self, values: Sequence[Any], number: int) -> dict[str, Any]:
        """The row of values in the order of the columns. Errors: `RequestError` for a wrong number of them."""
        return dict(zip(self.order(len(values), number), values, strict=True))

    def sparse(self, values: Sequence[Any], keys: Sequence[int], width: int, number: int) -> dict[str, Any]:
        """The row that has values at some places of its `width`, and zeros elsewhere. Errors: as `named`, and for too many rows."""
        names = self.order(width, number)
        reject_large(number, width)
        return dict.fromkeys(names, 0) | {names[key]: value for key, value in zip(keys, values, strict=True)}

    def order(self, width: int, number: int) -> tuple[str, ...]:
        """The columns of a row of as many values. Errors: `RequestError` for a wrong number of them."""
        if width in self.orders:
            return self.orders[width]
        *_, shortest = self.orders.values()
        accepted = f"{' or '.join(map(str, self.orders))} values: {listed(shortest, most=40)}"
        raise BadRow(number, "", Mistake(f"{width} values are given", accepted=accepted, code="wrong-width"))


class BadRow(RequestError):
    """One row that is wrong, counted from 1; `column` is empty where it is not one column's fault."""

    def __init__(self, row: int, column: str, mistake: Mistake) -> None:
        super().__init__(mistake)
        self.rows = [(row, column, mistake)]


class BadRows(RequestError):
    """Rows that are wrong: (row, column, mistake) for each mistake."""

    def __init__(self, rows: Sequence[tuple[int, str, Mistake]]) -> None:
        super().__init__(*(mistake for _, _, mistake in rows))
        self.rows = list(rows)


class NotAcceptable(RequestError):
    """The answer cannot be of the media type that was asked for."""


def reject_large(rows: int, columns: int) -> None:
    """Refuse rows whose size the size of their body does not bound."""
    if rows * max(columns, 1) > MOST_VALUES:
        accepted = f"up to {MOST_VALUES:,} values; send the rows in several requests"
        raise RequestError(f"{rows:,} rows of {columns:,} columns are too many", accepted=accepted, code="too-large")
