"""Whether the rows of a table are in an order that says something, by the first of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from tilth.data import Kind, Roles
from tilth.drafting.sample import Sample
from tilth.drafting.summary import ColumnSummary
from tilth.engine.arrow import as_numpy
from tilth.metrics.contrasts import Numbers
from tilth.metrics.order import classes_ordered, numbers_ordered

FEWEST = 100  # values, of fewer of which nothing is said


def ordered(seen: Sequence[ColumnSummary], roles: Roles, sample: Sample) -> list[str]:
    """The columns in which neighbouring rows are alike, or which rise or fall with the number of the row, of rows as they were found."""
    fit = (s for s in seen if s.name not in (*roles.id, roles.time) and (s.kind is Kind.FLOAT or not s.unique))
    return [s.name for s in fit if _is_ordered(s, sample)]


def _is_ordered(s: ColumnSummary, sample: Sample) -> bool:
    """Whether both a test says so and the effect is not small: of many rows, tiny effects are significant too."""
    tests = numbers_ordered if s.kind.numeric and s.distinct > 2 else classes_ordered
    return any(map(tests, _values(s, sample)))


def _values(s: ColumnSummary, sample: Sample) -> Iterator[Numbers]:
    """The values of a column as numbers, of categories whether they are the commonest; nothing where that cannot be."""
    found = sample.values(s.name).drop_null()
    if len(found) < FEWEST:
        return
    if s.kind.numeric and s.distinct > 2:
        x = as_numpy(found.cast(pa.float64(), safe=False))
        yield x[np.isfinite(x)]
    elif s.top and s.kind in (Kind.STRING, Kind.BOOLEAN, Kind.INTEGER):
        yield np.array([value == s.top[0][0] for value in found.to_pylist()], dtype=np.float64)
