"""Rows that pass and rows that fail, beside what each rule says of each row when it is worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.engines import duckdb_session
from tests.rules.test_evaluate import SOURCES, TABLE, dataset
from tilth.engine.session import Session, everything
from tilth.errors import RequestError
from tilth.rules import parse
from tilth.rules.evaluation import evaluate
from tilth.rules.row_output import FAILED_RULES, row_results

CASES = {  # rule → the ids of the rows that fail it; None where it judges no rows
    'IsComplete "qty"': {4},
    'Completeness "qty" > 0.5': {4},  # passes, and yet a row fails
    'ColumnValues "qty" > 2': {1, 2, 4},
    'ColumnValues "qty" > 2 where "qty is not null"': {1, 2},
    'ColumnValues "qty" != 2': {1, 2},  # null passes !=
    'ColumnValues "qty" in [2, 4] with threshold > 0.1': {4, 5},
    'ColumnLength "code" = 2': {3, 4},
    'ColumnDataType "code" = "Integer"': {1, 2, 3, 4, 5},
    'IsUnique "qty"': {1, 2},  # null is not a key
    'Uniqueness "code" > 0.1': {1, 5},
    'UniqueValueRatio "code" > 0.1': {1, 5},
    'DuplicateRowCount "qty" < 9': {1, 2},
    'IsUnique "code" where "id > 1"': set(),
    'IsUnique "qty" where "id <> 2"': set(),
    'IsPrimaryKey "qty"': {1, 2, 4},
    'CustomSql "select id from primary where price > 15"': {1},
    'CustomSql "select qty from primary where qty > 2 or qty is null"': {1, 2},
    'ReferentialIntegrity "id" "R.id" > 0.1': {4, 5},
    'ReferentialIntegrity "qty" "R.id" > 0.1': {3, 4, 5},
    'DatasetMatch "R" "id" "price" > 0.1': {3, 4, 5},
    '(IsComplete "qty") AND (ColumnValues "id" < 3)': {3, 4, 5},
    '(IsComplete "qty") OR (ColumnValues "id" < 5)': set(),
    '(ColumnValues "qty" > 2 where "id < 3") OR (ColumnValues "id" < 2)': {2, 3, 4, 5},
    '(ColumnValues "qty" > 2 where "id < 3") AND (ColumnValues "id" > 1)': {1, 2},
    "RowCount > 3": None,
    'Mean "qty" > 3': None,
    '(IsComplete "qty") AND (RowCount > 9)': None,
    'CustomSql "select count(*) from primary" = 5': None,
    'ColumnValues "nope" > 2': None,
}


def failures(engine: Session) -> tuple[dict[int, list[str]], set[int], tuple[str, ...]]:
    """Row → rules that it fails, the rows that pass, the rules that judge no rows."""
    ruleset = parse(f"Rules = [ {', '.join(CASES)} ]")
    data = dataset(TABLE)
    results = row_results(data, ruleset, evaluate(data, ruleset, engine, sources=SOURCES).prepared)
    failed = {row[0]: row[-1].split("; ") for row in engine.peek(results.failed, everything())}
    return failed, {row[0] for row in engine.peek(results.passed, everything())}, results.without_rows


def assert_rows(engine: Session) -> None:
    failed, passed, without = failures(engine)
    assert passed == {1, 2, 3, 4, 5} - set(failed)
    found = {rule: {i for i, rules in failed.items() if str(rule) in rules} for rule in parse(f"Rules = [ {', '.join(CASES)} ]").rules}
    for (rule, rows), expected in zip(found.items(), CASES.values(), strict=True):
        assert rows == (expected or set()), str(rule)
        assert (str(rule) in without) == (expected is None)


def test_the_rows_that_fail_each_rule() -> None:
    assert_rows(duckdb_session())


@pytest.mark.spark
def test_the_rows_that_fail_each_rule_on_spark(spark) -> None:
    from tilth.engine.spark import Spark

    assert_rows(Spark(spark).session())


def test_both_kinds_of_rows_are_written_and_counted(tmp_path: Path) -> None:
    passed, failed = tmp_path / "passed.parquet", tmp_path / "failed.parquet"
    report = tilth.check(TABLE, 'Rules = [ IsComplete "qty", ColumnValues "id" < 5, RowCount > 3 ]', passed=passed, failed=failed)
    assert pq.read_table(passed).schema.names == TABLE.column_names
    assert sorted(pq.read_table(passed)["id"].to_pylist()) == [1, 2, 3]
    rows = {row["id"]: row[FAILED_RULES] for row in pq.read_table(failed).to_pylist()}
    assert rows == {4: 'IsComplete "qty"', 5: 'ColumnValues "id" < 5'}
    more = report.facts.more
    assert (more["rows_passed"], more["rows_failed"], more["rules_without_rows"]) == (3, 2, ["RowCount > 3"])


def test_what_cannot_be_written_is_rejected_before_the_check(tmp_path: Path) -> None:
    source = tmp_path / "data.parquet"
    pq.write_table(TABLE, source)
    with pytest.raises(RequestError, match="would replace"):
        tilth.check(source, "Rules = [ RowCount > 3 ]", failed=source)
    with pytest.raises(RequestError, match="cannot both be written"):
        tilth.check(source, "Rules = [ RowCount > 3 ]", passed=tmp_path / "x.csv", failed=tmp_path / "x.csv")
    taken = pa.table({"id": [1], FAILED_RULES: [""]})
    with pytest.raises(RequestError, match="already"):
        tilth.check(taken, "Rules = [ RowCount > 3 ]", passed=tmp_path / "x.csv")
