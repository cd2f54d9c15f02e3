"""The shelf of rule types and analyzers: one row each, one file per family. To add a type, add a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.shelf import Shelf

if TYPE_CHECKING:
    from tilth.rules.types.rule_type import RuleType

_HOME = "tilth.rules.types"
RULE_TYPES: Shelf[RuleType] = Shelf(
    "rule type",
    "rule_types",
    {
        "RowCount": f"{_HOME}.columns:ROW_COUNT",
        "DuplicateRowCount": f"{_HOME}.keys:DUPLICATE_ROW_COUNT",
        "ColumnCount": f"{_HOME}.schema:COLUMN_COUNT",
        "ColumnExists": f"{_HOME}.schema:COLUMN_EXISTS",
        "ColumnNamesMatchPattern": f"{_HOME}.schema:COLUMN_NAMES_MATCH_PATTERN",
        "Completeness": f"{_HOME}.columns:COMPLETENESS",
        "IsComplete": f"{_HOME}.columns:IS_COMPLETE",
        "Uniqueness": f"{_HOME}.keys:UNIQUENESS",
        "IsUnique": f"{_HOME}.keys:IS_UNIQUE",
        "UniqueValueRatio": f"{_HOME}.keys:UNIQUE_VALUE_RATIO",
        "DistinctValuesCount": f"{_HOME}.keys:DISTINCT_VALUES_COUNT",
        "IsPrimaryKey": f"{_HOME}.keys:IS_PRIMARY_KEY",
        "Entropy": f"{_HOME}.keys:ENTROPY",
        "Mean": f"{_HOME}.columns:MEAN",
        "Sum": f"{_HOME}.columns:SUM",
        "StandardDeviation": f"{_HOME}.columns:STANDARD_DEVIATION",
        "Variance": f"{_HOME}.columns:VARIANCE",
        "ColumnCorrelation": f"{_HOME}.columns:COLUMN_CORRELATION",
        "Range": f"{_HOME}.columns:RANGE",
        "InterquartileRange": f"{_HOME}.columns:INTERQUARTILE_RANGE",
        "Skewness": f"{_HOME}.columns:SKEWNESS",
        "Kurtosis": f"{_HOME}.columns:KURTOSIS",
        "ZerosCount": f"{_HOME}.columns:ZEROS_COUNT",
        "ColumnLength": f"{_HOME}.values:COLUMN_LENGTH",
        "ColumnValues": f"{_HOME}.values:COLUMN_VALUES",
        "ColumnDataType": f"{_HOME}.values:COLUMN_DATA_TYPE",
        "DataFreshness": f"{_HOME}.values:DATA_FRESHNESS",
        "CustomSql": f"{_HOME}.sql:CUSTOM_SQL",
        "ReferentialIntegrity": f"{_HOME}.relations:REFERENTIAL_INTEGRITY",
        "DatasetMatch": f"{_HOME}.relations:DATASET_MATCH",
        "SchemaMatch": f"{_HOME}.relations:SCHEMA_MATCH",
        "RowCountMatch": f"{_HOME}.relations:ROW_COUNT_MATCH",
        "AggregateMatch": f"{_HOME}.relations:AGGREGATE_MATCH",
        "DetectAnomalies": f"{_HOME}.anomalies:DETECT_ANOMALIES",
        "FileFreshness": f"{_HOME}.files:FILE_FRESHNESS",
        "FileSize": f"{_HOME}.files:FILE_SIZE",
        "FileMatch": f"{_HOME}.files:FILE_MATCH",
        "FileUniqueness": f"{_HOME}.files:FILE_UNIQUENESS",
        "AllStatistics": f"{_HOME}.anomalies:ALL_STATISTICS",
        "Distribution": f"{_HOME}.anomalies:DISTRIBUTION",
    },
)
"""Every type by its name. Another package adds its own through the entry-point group `tilth.rule_types`."""


def respelled(name: str) -> str | None:
    """The type whose name differs from `name` only in case.

    >>> respelled("isComplete")
    'IsComplete'
    """
    folded = name.casefold()
    return next((known for known in RULE_TYPES if known.casefold() == folded), None)
