"""The battery on every rule type that is evaluated, and what it finds wrong with types that break a law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from tests.rules.cases import evaluate
from tilth.data import Dataset, Memory
from tilth.engine.duckdb import DuckDB
from tilth.rules import RULE_TYPES, parse
from tilth.rules.context import Context
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import PreparedRule
from tilth.rules.types.rule_type import RuleType
from tilth.testing.rule_types import check_rule_type
from tilth.testing.steps import sample_table

OTHER = pa.table({"id": [1, 2, 3, 9], "number": [41717.25, 0.5, None, 7.0]})
SOURCES = {"other": Dataset(Memory(OTHER, ("id", "number"), id(OTHER)))}
HERE = Path(__file__).parent.as_posix()
RULES = {
    "RowCount": ["RowCount = 12", "RowCount between 1 and 3"],
    "DuplicateRowCount": ['DuplicateRowCount "whole" "flag" = 0', "DuplicateRowCount = 0"],
    "ColumnCount": ["ColumnCount = 10"],
    "ColumnExists": ['ColumnExists "id"'],
    "ColumnNamesMatchPattern": ['ColumnNamesMatchPattern "[a-z].*"'],
    "Completeness": ['Completeness "number" > 0.9'],
    "IsComplete": ['IsComplete "word"'],
    "Uniqueness": ['Uniqueness "word" "flag" > 0.1', 'Uniqueness "word" = 1'],
    "IsUnique": ['IsUnique "word"', 'IsUnique "id"'],
    "UniqueValueRatio": ['UniqueValueRatio "whole" > 0.9'],
    "DistinctValuesCount": ['DistinctValuesCount "day" < 3'],
    "IsPrimaryKey": ['IsPrimaryKey "id"', 'IsPrimaryKey "word" "whole"'],
    "Entropy": ['Entropy "word" > 0.5'],
    "Mean": ['Mean "number" > 1'],
    "Sum": ['Sum "number" > 1'],
    "StandardDeviation": ['StandardDeviation "number" < 1'],
    "Variance": ['Variance "whole" < 1'],
    "ColumnCorrelation": ['ColumnCorrelation "number" "whole" > 0.9'],
    "Range": ['Range "number" > 1'],
    "InterquartileRange": ['InterquartileRange "whole" > 1'],
    "Skewness": ['Skewness "number" > 1'],
    "Kurtosis": ['Kurtosis "number" > 1'],
    "ZerosCount": ['ZerosCount "whole" = 0'],
    "ColumnLength": ['ColumnLength "word" between 0 and 20', 'ColumnLength "word" > 3 with threshold > 0.1'],
    "ColumnValues": [
        'ColumnValues "number" between 0 and 100',
        'ColumnValues "number" < 50000 where "id > 2"',
        'ColumnValues "word" in ["b", "A1"] with threshold > 0.2',
        'ColumnValues "word" matches "[a-z]"',
        'ColumnValues "day" >= "2024-02-28"',
        'ColumnValues "number" != NULL',
    ],
    "ColumnDataType": ['ColumnDataType "word" = "Integer"', 'ColumnDataType "number" = "Double"'],
    "DataFreshness": ['DataFreshness "day" > 24 hours', 'DataFreshness "word" <= 1 days with threshold >= 0'],
    "CustomSql": ['CustomSql "select count(*) from primary where flag" = 4', 'CustomSql "select id from primary where whole > 2"'],
    "ReferentialIntegrity": ['ReferentialIntegrity "id" "other.id" > 0.5', 'ReferentialIntegrity "number,id" "other.{number,id}" = 1'],
    "DatasetMatch": ['DatasetMatch "other" "id" "number" > 0.1'],
    "SchemaMatch": ['SchemaMatch "other" = 1', 'SchemaMatch "primary" = 1'],
    "RowCountMatch": ['RowCountMatch "other" = 2'],
    "AggregateMatch": ['AggregateMatch "sum(number)" "avg(other.number)" > 1'],
    "DetectAnomalies": ['DetectAnomalies "Mean" "number"', 'DetectAnomalies "ColumnLength" "word"'],
    "FileFreshness": [f'FileFreshness "{HERE}" < now()'],
    "FileSize": [f'FileSize "{HERE}" > 1 KB with recentFiles = 1'],
    "FileMatch": [f'FileMatch "{HERE}" "{HERE}"', f'FileMatch "{HERE}" != "0" with hashAlgorithm = "MD5"'],
    "FileUniqueness": [f'FileUniqueness "{HERE}" = 1'],
}


def test_every_type_that_is_evaluated_is_tried() -> None:
    assert set(RULES) == {name for name, row in RULE_TYPES.items() if row.prepare}


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_the_battery(name: str) -> None:
    check_rule_type(RULE_TYPES[name], RULES[name], sources=SOURCES)


@pytest.mark.spark
def test_both_engines(spark) -> None:
    from tilth.engine.spark import Spark

    check_rule_type(RULE_TYPES["CustomSql"], RULES["CustomSql"][:2], Spark(spark).session(), SOURCES)


def _wrong(rule: Rule, context: Context) -> PreparedRule:
    """Completeness whose `row` is the contrary of its verdict."""
    prepare = RULE_TYPES["IsComplete"].prepare
    assert prepare
    ready = prepare(rule, context)
    return replace(ready, row=ready.failing and ready.failing().rows)


def test_a_type_whose_rows_contradict_its_verdict_is_found() -> None:
    wrong = replace(RULE_TYPES["IsComplete"], name="Wrong", usage='Wrong "a"', prepare=_wrong)
    with pytest.raises(AssertionError, match="as many rows fail as the verdict counts"):
        check_rule_type(wrong, ['Wrong "word"'])


def test_a_type_that_fails_stops_nothing() -> None:
    def broken(rule: Rule, context: Context) -> PreparedRule:
        raise ZeroDivisionError("a mistake in a package")

    table = sample_table()
    data = Dataset(Memory(table, tuple(table.column_names), id(table)))
    with RULE_TYPES.lent("Broken", RuleType("Broken", RULE_TYPES["RowCount"].forms, (), "Broken > 1", prepare=broken)):
        found = evaluate(data, parse("Rules = [ Broken > 1, RowCount = 12 ]"), DuckDB().session())
    assert [str(f.outcome) for f in found] == ["Error", "Passed"]
    assert found[0].message == "Broken cannot be evaluated: ZeroDivisionError: a mistake in a package"
