"""The default table of the batteries, and tables derived from a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

import pyarrow as pa

from tilth.testing.laws import backwards, nulls

PRICES = ("1.50", "-0.25", "0.00", "2.50", "2.50", "", "9.99", "1.50", "7.00", "7.00", "0.10", "3.33")


@cache
def sample_table() -> pa.Table:
    """Twelve rows with a column of each kind, with nulls, NaN, infinities, blanks and strings that must be quoted."""
    columns = {
        "number": pa.array([0.5, -1.5, None, 0.1, math.nan, 3.0, 3.0, -0.0, math.inf, -math.inf, 1e-300, 38.5816], pa.float64()),
        "whole": pa.array([1, 2, 2, None, -7, 2**53 + 1, 0, 5, 5, 5, None, 9], pa.int64()),
        "price": pa.array([Decimal(p) if p else None for p in PRICES]),
        "word": pa.array(["a", "b", "", " ", None, "it's", 'say "x"', "日本", "A", "a", "a", "b"], pa.string()),
        "flag": pa.array([True, False, None, True, True, False, True, True, None, False, True, False], pa.bool_()),
        "day": pa.array([date(2024, 1, d % 9 + 1) if d % 5 else None for d in range(12)], pa.date32()),
        "moment": pa.array([datetime(2024, 1, 1, d, 0, 0, d) if d % 4 else None for d in range(12)], pa.timestamp("us")),
        "zoned": pa.array([datetime(2024, 1, 1 + d % 3, tzinfo=UTC) for d in range(12)], pa.timestamp("us", "UTC")),
        "label": pa.array(["no"] * 9 + ["yes"] * 3, pa.string()),
        "id": pa.array(range(12), pa.int64()),
    }
    return pa.table(columns)


class Tables:
    """A table and the tables derived from it, made once for all steps, because an engine caches the tables that it has read."""

    def __init__(self, table: pa.Table) -> None:
        self.whole = table
        self._made: dict[Hashable, pa.Table] = {}

    @cached_property
    def backwards(self) -> pa.Table:
        return backwards(self.whole)

    @cached_property
    def empty(self) -> pa.Table:
        return self.whole.slice(0, 0)

    @cached_property
    def alone(self) -> Mapping[int, pa.Table]:
        """The first and the third row; in the sample table, one has values and the other nulls."""
        return {i: self.whole.slice(i, 1) for i in range(0, min(3, self.whole.num_rows), 2)}

    @cached_property
    def unseen(self) -> pa.Table:
        return filled(filled(self.whole, pa.types.is_string, "never seen"), pa.types.is_integer, 10**15)

    @cached_property
    def variants(self) -> list[tuple[str, pa.Table]]:
        table = self.whole
        return [
            ("no rows", self.empty),
            *(("one row", row) for row in self.alone.values()),
            ("nulls only", nulls(table, 3)),
            ("one value", table.take([0] * table.num_rows)),
            ("infinities", filled(table, pa.types.is_floating, math.inf)),
            ("another column", table.append_column("another", pa.array(range(table.num_rows)))),
        ]

    def without(self, column: str) -> pa.Table:
        return self._once((column,), lambda: self.whole.drop_columns([column]))

    def renamed(self, names: Mapping[str, str]) -> pa.Table:
        return self._once((*names.items(),), lambda: self.whole.rename_columns([names.get(c, c) for c in self.whole.column_names]))

    def without_rows(self, table: pa.Table) -> pa.Table:
        """A table without rows, with the columns of one of these tables."""
        return self._once(id(table), lambda: table.slice(0, 0))

    def _once(self, key: Hashable, make: Callable[[], pa.Table]) -> pa.Table:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


@cache
def sample() -> Tables:
    """The sample table and its derived tables, shared by all steps."""
    return Tables(sample_table())


def filled(table: pa.Table, wanted: Callable[[pa.DataType], bool], value: Any) -> pa.Table:
    """The table with the same value in all columns of the wanted types."""
    for i, field in enumerate(table.schema):
        if wanted(field.type):
            table = table.set_column(i, field, pa.array([value] * table.num_rows, field.type))
    return table
