"""Tilth makes data ready for machine learning, proves that it is, and carries the same preparation in front of the model.

The nouns and verbs are imported from here, lazily: importing the package loads no data library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilth.data import Dataset, Roles
    from tilth.drafting import init
    from tilth.engine.duckdb import DuckDB
    from tilth.engine.python_operation import allow_python
    from tilth.engine.spark import Spark
    from tilth.errors import TilthError
    from tilth.flow import Flow
    from tilth.metrics.metric import Metric
    from tilth.report import Finding, Report
    from tilth.rules import Rule
    from tilth.steps.step import Step
    from tilth.verbs import apply, arrays, check, fit, measure, profile, read, run, write

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
    "TilthError": "tilth.errors",
    "init": "tilth.drafting",
    **dict.fromkeys(("read", "measure", "profile", "check", "fit", "apply", "write", "run", "arrays"), "tilth.verbs"),
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
    "fit",
    "init",
    "measure",
    "profile",
    "read",
    "run",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tilth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
