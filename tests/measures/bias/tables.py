"""Small tables for the tests of bias: built from counts, measured, and looked up by group and metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory, Roles
from tilth.engine.session import Session
from tilth.measures.bias import BiasRequest, Facet, bias_findings
from tilth.report import Finding


def table_of(data: Any, **roles: Any) -> Dataset:
    """A dataset of an Arrow table, or of columns."""
    table = data if isinstance(data, pa.Table) else pa.table(data)
    return Dataset(Memory(table, tuple(table.column_names), id(table)), Roles.of(**roles))


def rows(names: str, counts: Mapping[tuple[Any, ...], int]) -> pa.Table:
    """A table in which each row of values occurs as often as given."""
    columns = zip(*(values for values, n in counts.items() for _ in range(n)), strict=True)
    return pa.table(dict(zip(names.split(), map(list, columns), strict=True)))


def found(data: Any, engine: Session | None = None, **asked: Any) -> list[Finding]:
    """All findings of a request; `facets` are names or facets."""
    asked = {"bootstrap": 0, **asked}
    facets = [f if isinstance(f, Facet) else Facet(f) for f in asked.pop("facets")]
    positive = asked.pop("positive", ())
    request = BiasRequest(tuple(facets), positive=positive if isinstance(positive, tuple) else (positive,), **asked)
    data = data if isinstance(data, Dataset) else table_of(data)
    return bias_findings(data, request, engine=engine or duckdb_session())


def by_name(findings: Iterable[Finding], side: str) -> dict[str, Finding]:
    """Metric → finding, of one group."""
    return {f.name: f for f in findings if f.kind == "bias" and f.payload.facet_value == side}


def values(findings: Iterable[Finding], side: str) -> dict[str, Any]:
    """Metric → value, of one group."""
    return {name: f.value for name, f in by_name(findings, side).items()}


def warnings(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Code → warning."""
    return {f.name: f for f in findings if f.kind == "warning"}


RUNNING = rows("facet label", {("a", "yes"): 70, ("a", "no"): 30, ("d", "yes"): 20, ("d", "no"): 30})
"""The running example: 100 rows of a and 50 of d."""

PREDICTED = rows(
    "facet label p",
    {
        ("a", "yes", "yes"): 50, ("a", "no", "yes"): 10, ("a", "yes", "no"): 20, ("a", "no", "no"): 20,
        ("d", "yes", "yes"): 10, ("d", "no", "yes"): 5, ("d", "yes", "no"): 10, ("d", "no", "no"): 25,
    },
)  # fmt: skip
"""The running example with predictions: of a 50 true and 10 false positives, 20 false and 20 true negatives; of d 10, 5, 10, 25."""

ADULT = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex "
    "capital_gain capital_loss hours country income"
)  # the columns of adult.names


def adult(path: Path) -> pa.Table:
    """UCI Adult: the file without blanks around values, `?` as null."""
    kinds = dict.fromkeys(["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours"], "BIGINT")
    columns = {n: kinds.get(n, "VARCHAR") for n in ADULT.split()}
    read = duckdb.read_csv(str(path), header=False, names=list(columns), dtype=columns, delimiter=", ", na_values="?")
    return read.to_arrow_table()
