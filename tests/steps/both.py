"""A step on both engines: what it learns and what it gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from sqlglot import exp

from tilth.engine.session import Session
from tilth.steps.fitting import fit
from tilth.steps.step import Step
from tilth.testing.steps import CLOSE, ROLES, close, dataset, difference, rows_of, same_rows, sample_table

ROUNDED = (
    "power",
    "quantile",
)  # Java's powers and logarithms differ from C's in the last digit, and what is left after a subtraction in more


def differences(step: Step, duck: Session, cluster: Session) -> Iterator[str]:
    """What differs between DuckDB and Spark on the sample table."""
    table = sample_table()
    zoned = table["moment"].cast(pa.timestamp("us", "UTC"))  # Spark reads naive timestamps as timestamptz
    data = dataset(table.set_column(6, "moment", zoned), ROLES)
    (found,), made = fit([step], data, duck)
    (again,), _ = fit([step], data, cluster)
    if not close(found.learned, again.learned):
        yield f"{step} learns {again.learned}, not {found.learned}"
    ours, theirs = rows_of(made, duck), rows_of(found.apply(data, exp.true()), cluster)
    if made.ordered and [row[-1] for row in ours] != [row[-1] for row in theirs]:
        yield f"{step}: another order"
    if not (_near(ours, theirs, made.names.index("id")) if step.name in ROUNDED else same_rows(ours, theirs)):
        yield f"{step}: {difference(ours, theirs)}"


def _near(a: list[Any], b: list[Any], key: int) -> bool:
    """Whether two lists hold the same rows by their key, floats to the last digits."""
    pairs = zip(*(sorted(rows, key=lambda row: row[key]) for rows in (a, b)), strict=True)
    return all(x == y or (isinstance(x, float) and math.isclose(x, y, rel_tol=CLOSE)) for one in pairs for x, y in zip(*one, strict=True))
