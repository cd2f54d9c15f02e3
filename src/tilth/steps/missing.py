"""What counts as missing to a step: null, and for texts blank too. NaN became null when the data was read."""

from __future__ import annotations

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import coalesce, col, eq, is_null, lit, not_
from tilth.engine.operations import Trim


def is_missing(column: Column) -> Tree:
    """Whether a column's cell is missing: true or false, never null."""
    x = col(column.name)
    return eq(coalesce(Trim.of(x), lit("")), lit("")) if column.kind is Kind.TEXT else is_null(x)


def present(column: Column) -> Tree:
    """Whether a column's cell is there."""
    return not_(is_missing(column))
