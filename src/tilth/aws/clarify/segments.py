"""Segments of the data: all metrics are computed for each segment, and for the remaining rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.aws.clarify.shape import Name, Segment
from tilth.data import Column, Kind, Schema
from tilth.engine.expressions import and_, coalesce, col, eq, lit, not_, or_, text
from tilth.errors import ColumnError, Mistake
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.request import BiasRequest
from tilth.measures.bias.values import Interval, Value, boolean_of, number_of, text_of
from tilth.report import Finding

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


def read_as_in(findings: Iterable[Finding[BiasNumber]], request: BiasRequest) -> BiasRequest:
    """The request for a segment of a table with these findings: a number is a threshold or a value in both, with the same upper bound.

    Whether an integer column is continuous, and up to which number, depends on the rows; of few rows, the age 40 would be the ages above
    40, which the same row of the whole table is not about.
    """
    values: set[str] = set()
    above: dict[tuple[str, float], str] = {}
    for p in (f.payload for f in findings):
        label = p.label or p.prediction or ""
        for column, read, value in ((p.facet, p.facet_read, p.facet_value), (label, p.label_read, p.label_value or "")):
            values |= {column} if read == "value" else set()
            if read == "threshold" and (interval := Interval.parsed(value)):
                above[column, interval.low] = value

    def bounded(column: str | None, given: tuple[Value, ...]) -> tuple[Value, ...]:
        found = above.get((column or "", number_of(given[0]) or 0.0)) if len(given) == 1 else None
        return given if found is None else (found,)

    facets = tuple(replace(f, values=bounded(f.column, f.values)) for f in request.facets)
    positive = bounded(request.label or request.prediction, request.positive)
    return replace(request, facets=facets, positive=positive, types={**dict.fromkeys(values, "categorical"), **request.types})


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
