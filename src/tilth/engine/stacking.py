"""Answers the same statistics of many columns by one grouped query.

Planning an aggregate takes an engine longer than computing it over few rows. So if rows are few and columns many, columns of one type with
the same statistics are unpivoted into a table of two columns, the index of the column and its value, and one query groups by the index.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from tilth.data import BELOW, Dataset, Schema
from tilth.engine.expressions import col, renamed
from tilth.engine.layers import table
from tilth.engine.needs import Need
from tilth.engine.operations.rows import Stacked
from tilth.engine.statistics import Statistic

FEWEST = 10  # columns that are worth stacking
MOST_ROWS = 10_000  # tables with more rows are not stacked
MOST_CELLS = 1_000_000  # of a stack
MOST_COLUMNS = 500  # of a query: DuckDB allows a thousand subqueries, and each column may contain one


@dataclass(frozen=True)
class Stack:
    """Columns of one type, the statistics of their stack, and the statistics of single columns that these answer."""

    columns: tuple[str, ...]
    asked: Mapping[Need, Mapping[str, Statistic]]

    def of(self, data: Dataset) -> Dataset:
        """The stacked columns of a table."""
        select = exp.Select(expressions=[Stacked.of(*map(col, self.columns))]).from_(table(BELOW), copy=False)
        return data.rows(select, out=(Stacked.PLACE, Stacked.VALUE))

    def answers(self, found: Mapping[Need, Any]) -> dict[Need, Any]:
        """The statistics of single columns, from the results of the stack."""
        answers = dict[Need, Any]()
        for of_all, groups in found.items():
            of_place: dict[int, dict[tuple[Any, ...], Any]] = {}
            for (place, *key), value in groups.items():
                of_place.setdefault(place, {})[tuple(key)] = value
            for place, column in enumerate(self.columns):
                s, own = self.asked[of_all].get(column), of_place.get(place, {})
                if s is not None:
                    answers[s] = own if s.by else own.get((), s.of_nothing)
        return answers


def stacked(
    statistics: Iterable[Statistic], schema: Callable[[Iterable[str]], Schema], rows_up_to: Callable[[int], int]
) -> tuple[list[Stack], list[Statistic]]:
    """The stacks that answer statistics, and the remaining statistics. Schema and rows are requested only if columns are many."""
    asked, alike = list(statistics), dict[Hashable, dict[str, Statistic]]()
    if len(set[str]().union(*(s.reads for s in asked))) < FEWEST:
        return [], asked
    for s in asked:
        if len(s.reads) == 1:
            asks = s.aggregate if s.per else _shape(s.aggregate)
            alike.setdefault((asks, bool(s.per), _shape(s.where), _shape(list(s.by))), {})[next(iter(s.reads))] = s
    alike = {shape: of_column for shape, of_column in alike.items() if len(of_column) >= FEWEST}
    count = rows_up_to(MOST_ROWS + 1) if alike else 0
    if not 0 < count <= MOST_ROWS:
        return [], asked
    columns = list(dict.fromkeys(c for of_column in alike.values() for c in of_column))
    types = {c.name: c.type for part in _parts(columns, MOST_COLUMNS) for c in schema(part)}
    stacks = list(_stacks(alike.values(), types, min(MOST_COLUMNS, MOST_CELLS // count)))
    answered = {s for stack in stacks for of_column in stack.asked.values() for s in of_column.values()}
    return stacks, [s for s in asked if s not in answered]


def _stacks(alike: Iterable[Mapping[str, Statistic]], types: Mapping[str, str], most: int) -> Iterator[Stack]:
    """Stacks of a bounded number of columns: one scan answers each."""
    of_scan = dict[Hashable, dict[Need, dict[str, Statistic]]]()
    for of_column in alike:
        of_type = dict[str, dict[str, Statistic]]()
        for column, s in of_column.items():
            of_type.setdefault(types[column], {})[column] = s
        for type_, part in of_type.items():
            if len(part) >= FEWEST:
                form = _of_stack(*next(iter(part.items())))
                of_scan.setdefault((type_, form.by, form.per, form.where if form.per else None), {})[form] = part
    for asked in of_scan.values():
        columns = list(dict.fromkeys(c for part in asked.values() for c in part))
        yield from (Stack(tuple(part), asked) for part in _parts(columns, most))


def _parts(columns: Sequence[str], most: int) -> list[Sequence[str]]:
    return [columns[i : i + most] for i in range(0, len(columns), most)]


def _shape(value: Any) -> Hashable:
    """A tree as nested tuples that do not distinguish columns."""
    if isinstance(value, exp.Column):
        return exp.Column
    if isinstance(value, exp.Expr):
        return (type(value), *((name, _shape(v)) for name, v in value.args.items()))
    return tuple(map(_shape, value)) if isinstance(value, list) else value


def _of_stack(column: str, s: Statistic) -> Statistic:
    """The statistic of the stack that answers a statistic of one column."""
    by = (col(Stacked.PLACE), *(renamed(k, column, Stacked.VALUE) for k in s.by))
    where = s.where and renamed(s.where, column, Stacked.VALUE)
    if s.per:
        return replace(s, per=(Stacked.VALUE,), where=where, by=by)
    return replace(s, aggregate=renamed(s.aggregate, column, Stacked.VALUE), where=where, by=by)
