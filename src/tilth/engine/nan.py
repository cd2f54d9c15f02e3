"""NaN, which reading makes null: looked for once in a column, not in each of its cells for every number.

A sum is NaN where one of its numbers is. So statistics are asked of the floats as they are stored, together with the sum of each; where it
is NaN, as it is of both infinities, too, those of the column are asked again of the column as it is read. The largest value would not do:
DuckDB takes it from footers, and these leave NaN out.
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
    """A dataset whose floats are as they are stored, the statistics that are asked of it, and the sum of each of their floats."""

    data: Dataset
    statistics: tuple[Statistic, ...]
    sums: Mapping[str, Statistic]

    @classmethod
    def of(cls, data: Dataset, needs: Iterable[Need]) -> Stored | None:
        """Those among the needs; None where they read no float, or more than the decoding is between the rows and them."""
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
        """The columns that have NaN, from what was found."""
        return {c for c, s in self.sums.items() if is_nan(found[s])}


def plain_sum(x: Tree) -> Statistic:
    """The sum as the engine adds up: in any order, and NaN if a number is."""
    return Statistic(exp.Sum(this=x))


def is_nan(value: Any) -> bool:
    """Whether a number that may be missing is NaN."""
    return bool(value != value)
