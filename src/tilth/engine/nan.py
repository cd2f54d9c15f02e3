"""Detects NaN once per column, instead of testing every cell for every statistic. Reading turns NaN into null.

A sum is NaN if one of its terms is. So statistics are computed on the stored floats, together with the sum of each column. If a sum is NaN
(also for infinities of both signs), the statistics of that column are computed again on the column as read. The maximum would not do:
DuckDB takes it from footers, which omit NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Dataset
from tilth.engine.expressions import col
from tilth.engine.needs import Need
from tilth.engine.operations.numbers import NanToNull
from tilth.engine.statistics import Statistic


@dataclass(frozen=True)
class Stored:
    """A dataset with stored floats, the statistics to compute on it, and the sum of each float column that they read."""

    data: Dataset
    statistics: tuple[Statistic, ...]
    sums: Mapping[str, Statistic]

    @classmethod
    def of(cls, data: Dataset, needs: Iterable[Need]) -> Stored | None:
        """The statistics among the needs; None if they read no float, or if the dataset has other layers than the decoding."""
        match data.layers:
            case (Change(decode=True) as decode,):
                statistics = tuple(n for n in needs if isinstance(n, Statistic))
                read = set[str]().union(*(s.reads for s in statistics))
                floats = {c: plain_sum(col(c)) for c, tree in decode.columns if isinstance(tree, NanToNull) and c in read}
                rest = tuple((c, tree) for c, tree in decode.columns if c not in floats)
                stored = replace(data, layers=(replace(decode, columns=rest),) if rest else ())
                return cls(stored, tuple(dict.fromkeys((*statistics, *floats.values()))), floats) if floats else None
        return None

    def nan(self, found: Mapping[Any, Any]) -> set[str]:
        """The columns with NaN, by the computed sums."""
        return {c for c, s in self.sums.items() if is_nan(found[s])}


def plain_sum(x: Tree) -> Statistic:
    """The engine's own sum, in any order; NaN if a term is NaN."""
    return Statistic(exp.Sum(this=x))


def is_nan(value: Any) -> bool:
    """Whether a number, or None, is NaN."""
    return bool(value != value)
