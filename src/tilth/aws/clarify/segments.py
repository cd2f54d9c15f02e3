"""Segments of the data: all metrics are computed for each segment, and for the remaining rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.aws.clarify.shape import Name, Segment
from tilth.data import Column, Kind, Schema
from tilth.engine.expressions import and_, coalesce, col, eq, lit, not_, or_, text
from tilth.errors import ColumnError, Mistake
from tilth.measures.bias.values import Interval, boolean_of, number_of, text_of

REST = "__default__"


def segments(config: Sequence[Segment], schema: Schema) -> Iterator[tuple[str, str, Tree]]:
    """Name of each segment configuration → its segments (name, condition); the last segment is all other rows.

    Errors: `ColumnError` with every unknown column.
    """
    wrong: list[Mistake] = []
    found = [_column(s.name_or_index, i, schema, wrong) for i, s in enumerate(config)]
    ColumnError.reject(wrong)
    for segment, column in zip(config, found, strict=True):
        conditions = [coalesce(or_(*(_holds(column, v) for v in values)), lit(False)) for values in segment.segments]
        names = [",".join(text_of(v) for v in values) for values in segment.segments]
        names = [*(segment.display_aliases or names), REST][: len(names) + 1]
        rest = and_(*(not_(c.copy()) for c in conditions))
        for name, condition in zip(names, [*conditions, rest], strict=True):
            yield segment.config_name or column.name, name, condition


def _column(key: Name, i: int, schema: Schema, wrong: list[Mistake]) -> Column:
    name = schema.names[key] if isinstance(key, int) and 0 <= key < len(schema.names) else key
    if name in schema:
        return schema[str(name)]
    message = f"segment_config[{i}].name_or_index: there is no column {key!r}"
    wrong.append(Mistake(message, accepted=", ".join(schema.names), code="unknown-column"))
    return Column("", Kind.OTHER)


def _holds(column: Column, value: Any) -> Tree:
    """The condition that a column has a value, or a number inside an interval."""
    x, interval, number = col(column.name), Interval.parsed(value), number_of(value)
    if column.kind.numeric:
        return interval.holds(x) if interval is not None else eq(x, lit(number)) if number is not None else lit(False)
    if column.kind is Kind.BOOLEAN:
        known = boolean_of(value)
        return eq(x, lit(known)) if known is not None else lit(False)
    return eq(text(x) if column.kind is not Kind.STRING else x, lit(text_of(value)))
