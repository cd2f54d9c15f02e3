"""The fewest scans that answer everything that is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Layer
from tilth.engine.expressions import alias, all_rows, and_, col, not_null, or_
from tilth.engine.query import grouped, select_from
from tilth.engine.statistics import Statistic


@dataclass(frozen=True)
class Scan:
    """One pass over a table: the query (its FROM is added when it runs) and the statistics it answers, in its order.

    `fold` is the query over the groups that the pass makes, where the statistics are folds over groups.
    """

    title: str
    statistics: tuple[Statistic, ...]
    query: exp.Select
    fold: exp.Select | None = None

    @property
    def keys(self) -> int:
        """How many keys stand in front of the numbers in each row of the answer."""
        return len(self.statistics[0].by)

    def select(self, base: str, names: tuple[str, ...], layers: Sequence[Layer]) -> exp.Select:
        """The whole query, over the layers on top of the table `base`."""
        query = select_from(base, names, layers, self.query)
        return query if self.fold is None else self.fold.copy().from_(query.subquery("g"), copy=False)


def plan(statistics: Iterable[Statistic]) -> tuple[Scan, ...]:
    """The scans for these statistics.

    All row aggregates with the same `by` share one scan, whatever their filters; so do all folds over the groups of the
    same columns with the same filter. Equal statistics are asked once.
    """
    shared: dict[tuple[object, ...], list[Statistic]] = {}
    for s in dict.fromkeys(statistics):
        shared.setdefault((s.by, s.per, s.where if s.per else None), []).append(s)
    return tuple(_folds(asked) if asked[0].per else _aggregates(asked) for asked in shared.values())


def _aggregates(asked: list[Statistic]) -> Scan:
    by = asked[0].by
    keys = [alias(k, f"b{i}") for i, k in enumerate(by)]
    query = exp.Select(expressions=[*keys, *_numbered(_filtered(s) for s in asked)])
    title = f"row aggregates by {_names(by)}" if by else "row aggregates"
    return Scan(title, tuple(asked), grouped(query, by))


def _folds(asked: list[Statistic]) -> Scan:
    by, per, where = asked[0].by, asked[0].per, asked[0].where
    keys = [*by, *(col(c) for c in per)]
    names = [*(f"b{i}" for i in range(len(by))), *(f"k{i}" for i in range(len(per)))]
    groups = exp.Select(expressions=[*(alias(k, n) for k, n in zip(keys, names, strict=True)), alias(all_rows(), "n")])
    groups.where(and_(or_(*(not_null(col(c)) for c in per)), where), copy=False)
    outer = [col(f"b{i}") for i in range(len(by))]
    fold = exp.Select(expressions=[*(k.copy() for k in outer), *_numbered(s.aggregate for s in asked)])
    title = f"groups of {', '.join(per)}" + (f" by {_names(by)}" if by else "") + (f" where {where.sql()}" if where is not None else "")
    return Scan(title, tuple(asked), grouped(groups, keys), grouped(fold, outer))


def _numbered(numbers: Iterable[Tree]) -> list[Tree]:
    return [alias(number, f"m{i}") for i, number in enumerate(numbers)]


def _filtered(s: Statistic) -> Tree:
    return s.aggregate if s.where is None else exp.Filter(this=s.aggregate.copy(), expression=exp.Where(this=s.where.copy()))


def _names(keys: Iterable[Tree]) -> str:
    return ", ".join(k.name if isinstance(k, exp.Column) else k.sql() for k in keys)
