"""Tilth prepares data for machine learning, checks that it is ready, and applies the same preparation when the model is served.

Each verb takes a path, a table of Arrow, pandas, Polars, DuckDB or Spark, or a `Dataset`:

    tilth.read(source, roles={"id": "no", "label": "paid"})     a lazy table with roles of its columns
    tilth.profile(data)                                         what is in it, column by column
    tilth.init(data)                                            a draft of a flow for it
    tilth.recommend(data)                                       rules in DQDL that hold for it
    tilth.convert("recipe.json")                                a flow from a recipe, a .flow, or a fitted pipeline
    tilth.measure(data, "bias")                                 numbers: a report without verdicts
    tilth.check(data, rules)                                    verdicts of rules in DQDL: a report, true if all passed
    tilth.fit(flow, data)                                       a flow that has learned from the training part
    tilth.apply(fitted, data)                                   the prepared table; `fitted.row({...})` prepares one row
    tilth.write(table or report, place)                         a file, a folder, or a frame: `format="pandas"`
    tilth.run(flow, out)                                        all of these in a row, as the flow file says
    tilth.arrays("out/train")                                   X, y and ids for training
    tilth.stream("out/train", batch=256)                        shards as batches in random order, for any number of workers
    tilth.export("postgresql://…", "out")                       a subset of a database as files
    tilth.folds(flow)                                           cross-validation: a fitted flow and its tables for each fold

A flow is read from a file by `Flow.load` and from a string by `Flow.parse`. An example that runs:

    >>> import pyarrow as pa, tilth
    >>> table = pa.table({"no": [1, 2, 3], "age": [30, None, 50], "paid": ["yes", "no", "yes"]})
    >>> tilth.check(table, 'Rules = [ IsPrimaryKey "no", Completeness "age" > 0.5 ]').passed
    True
    >>> flow = tilth.Flow.parse("{data: {roles: {id: no, label: paid}}, features: [{impute: {columns: age, with: mean}}]}")
    >>> fitted = tilth.fit(flow, table)
    >>> fitted.row({"age": None})["age"], tilth.arrays(tilth.apply(fitted, table)).X.tolist()
    (40.0, [[30.0], [40.0], [50.0]])

Every error is a `TilthError` that says what was found, what would be accepted and what to do next. On the command line: `tilth --help`.

All names are imported lazily: importing the package loads no data library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilth.conversion import convert
    from tilth.data import Dataset, Roles
    from tilth.drafting import init, recommend
    from tilth.engine.duckdb import DuckDB
    from tilth.engine.python_operation import allow_python
    from tilth.engine.spark import Spark
    from tilth.errors import TilthError
    from tilth.exporting.export import export
    from tilth.flow import Flow
    from tilth.metrics.metric import Metric
    from tilth.report import Finding, Report
    from tilth.rules import Rule
    from tilth.steps.step import Step
    from tilth.store.protection import protected
    from tilth.verbs import apply, arrays, check, fit, folds, measure, profile, read, run, stream, write

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(("Dataset", "Roles"), "tilth.data"),
    "Metric": "tilth.metrics.metric",
    "Rule": "tilth.rules",
    "Step": "tilth.steps.step",
    "Flow": "tilth.flow",
    **dict.fromkeys(("Finding", "Report"), "tilth.report"),
    "DuckDB": "tilth.engine.duckdb",
    "Spark": "tilth.engine.spark",
    "allow_python": "tilth.engine.python_operation",
    "protected": "tilth.store.protection",
    "TilthError": "tilth.errors",
    **dict.fromkeys(("init", "recommend"), "tilth.drafting"),
    "convert": "tilth.conversion",
    "export": "tilth.exporting.export",
    **dict.fromkeys(("read", "measure", "profile", "check", "fit", "folds", "apply", "write", "run", "arrays", "stream"), "tilth.verbs"),
}

__all__ = [
    "Dataset",
    "DuckDB",
    "Finding",
    "Flow",
    "Metric",
    "Report",
    "Roles",
    "Rule",
    "Spark",
    "Step",
    "TilthError",
    "allow_python",
    "apply",
    "arrays",
    "check",
    "convert",
    "export",
    "fit",
    "folds",
    "init",
    "measure",
    "profile",
    "protected",
    "read",
    "recommend",
    "run",
    "stream",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tilth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
