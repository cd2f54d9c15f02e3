"""The shelf of rule types and analyzers: one row each, one file per family. To add a type, add a row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilth.shelf import Shelf

if TYPE_CHECKING:
    from tilth.rules.types.rule_type import RuleType

_FAMILIES = (
    ("columns", "RowCount"),
    ("keys", "DuplicateRowCount"),
    ("schema", "ColumnCount ColumnExists ColumnNamesMatchPattern"),
    ("columns", "Completeness IsComplete"),
    ("keys", "Uniqueness IsUnique UniqueValueRatio DistinctValuesCount IsPrimaryKey Entropy"),
    ("columns", "Mean Sum StandardDeviation Variance ColumnCorrelation Range InterquartileRange Skewness Kurtosis ZerosCount"),
    ("values", "ColumnLength ColumnValues ColumnDataType DataFreshness"),
    ("sql", "CustomSql"),
    ("relations", "ReferentialIntegrity DatasetMatch SchemaMatch RowCountMatch AggregateMatch"),
    ("anomalies", "DetectAnomalies"),
    ("files", "FileFreshness FileSize FileMatch FileUniqueness"),
    ("profiles", "AllStatistics Distribution"),
)
"""Modules of this folder with their rule types, in the order in which pages list them. In the module, `RowCount` is called `ROW_COUNT`."""


def _home(family: str, name: str) -> str:
    return f"tilth.rules.types.{family}:{re.sub('(?<!^)(?=[A-Z])', '_', name).upper()}"


RULE_TYPES: Shelf[RuleType] = Shelf(
    "rule type", "rule_types", {name: _home(family, name) for family, names in _FAMILIES for name in names.split()}
)
"""Every type by its name. Another package adds its own through the entry-point group `tilth.rule_types`."""


def respelled(name: str) -> str | None:
    """The type whose name equals `name` except for case.

    >>> respelled("isComplete")
    'IsComplete'
    """
    folded = name.casefold()
    return next((known for known in RULE_TYPES if known.casefold() == folded), None)
