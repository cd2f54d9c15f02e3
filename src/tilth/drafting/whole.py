"""What only the whole table can say of a column: its missing values, its range, its distinct values; and how many rows are copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from tilth.data import Dataset, Kind, Roles
from tilth.data.names import names_id
from tilth.drafting.sample import Sample
from tilth.drafting.summary import COUNTED, LONGEST_KEY, MANY, NEARLY_ALL, ColumnSummary
from tilth.engine.expressions import and_, col, is_null, lit, not_null
from tilth.engine.operations.aggregates import SumOrZero
from tilth.engine.operations.numbers import Finite
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count, count_of, distinct, highest, lowest, over_groups, size
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured
from tilth.steps.missing import present

MOST_CELLS = 20_000_000  # duplicates are only counted in tables up to this size
NOT_COMPARED = frozenset({Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER})


def of_whole(seen: Sequence[ColumnSummary], data: Dataset, engine: Session) -> list[ColumnSummary]:
    """The columns by all rows: one scan, one for each column of few values, and one for those that may be unique."""
    asked = {s.name: _statistics(s) for s in seen}
    rows = count()
    answer = engine.answer(data, [rows, *(statistic for of in asked.values() for statistic in of.values())])
    found = [_with(s, answer[rows], {what: answer[statistic] for what, statistic in asked[s.name].items()}) for s in seen]
    few = {s.name: Frequencies((s.name,)) for s in found if s.kind in COUNTED and s.distinct <= 2 * MANY}  # an estimate
    tables = measured(data, few.values(), engine) if few else {}
    keys = {s.name: distinct(col(s.name)) for s in found if _may_be_unique(s)}
    exact = engine.answer(data, keys.values()) if keys else {}
    return [_counted(s, tables[few[s.name]]) if s.name in few else _exactly(s, exact[keys[s.name]]) if s.name in keys else s for s in found]


def _statistics(s: ColumnSummary) -> dict[str, Statistic]:
    x = col(s.name)
    asked = {"present": count(present(s.column))}
    if s.kind in COUNTED and s.kind is not Kind.NULL:
        asked["distinct"] = Statistic(exp.ApproxDistinct(this=x.copy()))
    if s.kind.numeric or s.kind.temporal:
        ends = Finite.of(x) if s.kind is Kind.FLOAT else x
        asked |= {"low": lowest(ends), "high": highest(ends)}
    if s.kind is Kind.FLOAT:
        asked["infinite"] = count(and_(not_null(x), is_null(Finite.of(x.copy()))))
    if s.kind is Kind.STRING:
        asked["there"] = count_of(x)
        length = exp.Length(this=x.copy())
        asked |= {"shortest": lowest(length), "longest": highest(length)}
    return asked


def _with(s: ColumnSummary, rows: int, found: Mapping[str, Any]) -> ColumnSummary:
    numbers: dict[str, Any] = {what: found[what] or 0 for what in ("distinct", "infinite", "shortest", "longest") if what in found}
    ends: dict[str, Any] = {end: found[end] for end in ("low", "high") if end in found}
    blank = found.get("there", found["present"]) - found["present"]
    return replace(s, rows=rows, missing=rows - found["present"], blank=blank, exact=False, top=(), **numbers, **ends)


def _may_be_unique(s: ColumnSummary) -> bool:
    """Whether a column may be an id: it is named like one, is a short string, or its numbers are consecutive."""
    may = (
        names_id(s.name)
        or (s.kind is Kind.STRING and s.longest <= LONGEST_KEY)
        or (s.kind is Kind.INTEGER and s.high - s.low == s.rows - 1)
    )
    return may and s.full and s.distinct > NEARLY_ALL * s.rows


def _counted(s: ColumnSummary, table: Mapping[tuple[Any, ...], int]) -> ColumnSummary:
    counts = {value: n for (value,), n in table.items() if value is not None and not (isinstance(value, str) and not value.strip())}
    top = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0]))) if len(counts) <= MANY else ()
    return replace(s, distinct=len(counts), exact=True, top=tuple(top))


def _exactly(s: ColumnSummary, found: int) -> ColumnSummary:
    return replace(s, distinct=found, exact=True)


def copies_of(seen: Sequence[ColumnSummary], roles: Roles, sample: Sample, data: Dataset, engine: Session) -> int:
    """The rows that equal an earlier row, apart from ids; not computed for a large table."""
    content = [s.name for s in seen if s.kind not in NOT_COMPARED and not (s.name in roles.id and s.unique)]
    if not content or any(s.unique for s in seen if s.name in content):
        return 0
    if sample.complete:
        return seen[0].rows - len(sample.rows.select(content).group_by(content).aggregate([]))
    if seen[0].rows * len(seen) > MOST_CELLS:
        return 0
    repeated = over_groups(SumOrZero.of(exp.Sub(this=size(), expression=lit(1))), tuple(content))
    return int(engine.answer(data, [repeated])[repeated])
