"""What counts as missing to a step: null, and for strings blank too. NaN became null when the data was read."""

from __future__ import annotations

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import col, is_null, not_null
from tilth.engine.operations.strings import BlankToNull


def value_of(column: Column) -> Tree:
    """The value of a column; null if it is missing."""
    x = col(column.name)
    return BlankToNull.of(x) if column.kind is Kind.STRING else x


def is_missing(column: Column) -> Tree:
    """Whether a column's cell is missing: true or false, never null."""
    return is_null(value_of(column))


def present(column: Column) -> Tree:
    """Whether a column's cell is there."""
    return not_null(value_of(column))
