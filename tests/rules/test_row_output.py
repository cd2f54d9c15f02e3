"""What rules say of each row, beside verdicts worked out by hand; and the files of rows."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.engines import duckdb_session
from tests.rules.test_evaluate import SOURCES, TABLE, dataset
from tilth.engine.session import Session, everything
from tilth.errors import MachineError, RequestError
from tilth.rules import parse
from tilth.rules.evaluation import evaluate
from tilth.rules.row_output import ADDED, FAILED_RULES, PASSED_RULES, RESULT, SKIPPED_RULES, row_results

CASES = Path(__file__).with_name("cases")


def cases(file: str) -> list[list[str]]:
    lines = (CASES / file).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def assert_rows(engine: Session) -> None:
    """Every rule is in the list that its letter says, in the order of the ruleset, whatever a row outside `where` is."""
    rules = cases("rows.tsv")
    ruleset, data = parse(f"Rules = [ {', '.join(rule for rule, _ in rules)} ]"), dataset(TABLE)
    results = row_results(data, ruleset, evaluate(data, ruleset, engine, sources=SOURCES).prepared)
    texts = [str(rule) for rule in ruleset.rules]
    assert results.without_rows == tuple(text for text, (_, row) in zip(texts, rules, strict=True) if row == "-----")
    for skips in (False, True):
        held = replace(results, skips=skips)
        lists = {PASSED_RULES: "P" if skips else "P.", FAILED_RULES: "F", SKIPPED_RULES: "-." if skips else "-"}
        found = engine.table(engine.query(held.all_rows(), everything())).to_pylist()
        assert sorted(row["id"] for row in found) == [1, 2, 3, 4, 5]
        for row in found:
            letters = [verdicts[row["id"] - 1] for _, verdicts in rules]
            for column, own in lists.items():
                assert row[column] == [text for text, letter in zip(texts, letters, strict=True) if letter in own], (row["id"], column)
            assert row[RESULT] == "Failed"  # ColumnDataType fails in each row


def test_what_each_rule_says_of_each_row() -> None:
    assert_rows(duckdb_session())


@pytest.mark.spark
def test_what_each_rule_says_of_each_row_on_spark(spark) -> None:
    from tilth.engine.spark import Spark

    assert_rows(Spark(spark).session())


@pytest.mark.slow
def test_composites_in_both_modes() -> None:
    engine = duckdb_session()
    rules = cases("composites.tsv")
    ruleset = parse(f"Rules = [ {', '.join(rule for rule, *_ in rules)} ]")
    column, row = (evaluate(dataset(TABLE), ruleset, engine, sources=SOURCES, composites=mode).findings for mode in ("column", "row"))
    for (rule, in_columns, in_rows, passed, failed), a, b in zip(rules, column, row, strict=True):
        assert a.outcome == in_columns, (rule, a.message)
        assert b.outcome == (in_columns if in_rows == "column" else in_rows), (rule, b.message)
        assert (str(b.payload.rows.get("passed", "-")), str(b.payload.rows.get("failed", "-"))) == (passed, failed), rule
        assert bool(b.payload.warnings) == (in_rows == "column"), rule
        assert len(b.examples) == (int(failed) if failed != "-" and in_rows == "Failed" else len(b.examples)), rule
        assert a.payload.metrics == b.payload.metrics


def test_row_mode_adds_no_scan_where_each_row_is_judged_alone() -> None:
    engine = duckdb_session()
    rules = parse('Rules = [ (ColumnValues "id" > 2) OR (ColumnValues "price" < 25), RowCount > 1 ]')
    evaluate(dataset(TABLE), rules, engine, composites="row")
    assert len(engine.scans) == 1
    with pytest.raises(RequestError, match=r"composites cannot be 'rows'[\s\S]*row"):
        evaluate(dataset(TABLE), rules, engine, composites="rows")


def test_the_rows_of_a_check_are_written_and_counted(tmp_path: Path) -> None:
    rules = 'Rules = [ IsComplete "qty" labels=["of"="stock"], ColumnValues "id" < 5 where "id > 1", RowCount > 3 ]'
    passed, failed, rows = (tmp_path / name for name in ("passed.parquet", "failed.csv", "rows.jsonl"))
    report = tilth.check(TABLE, rules, passed=passed, failed=failed, rows=rows, outside_where="skipped", rule_labels=True)
    assert pq.read_table(passed).to_pylist() == TABLE.to_pylist()[:3]
    assert failed.read_text().splitlines()[1:] == [
        '4,,40.0,,,"IsComplete ""qty"" labels=[""of""=""stock""]"',
        '5,8,60.0,A1,2024-03-05,"ColumnValues ""id"" < 5 where ""id > 1"""',
    ]
    first = tilth.read(rows)
    assert list(first.names) == [*TABLE.column_names, *ADDED]
    more = report.facts.more
    assert (more["rows_passed"], more["rows_failed"], more["rules_without_rows"]) == (3, 2, ["RowCount > 3"])
    assert [s.title for s in report.facts.scans if s.purpose == "rows that pass and fail"] == ["hold rows", "write", "write", "write"]
    for only in ("passed", "failed"):  # one file is written as the rows are read
        report = tilth.check(TABLE, rules, **{only: tmp_path / "only.parquet"})
        assert (report.facts.more["rows_passed"], report.facts.more["rows_failed"]) == (3, 2)
        assert [s.title for s in report.facts.scans if s.purpose == "rows that pass and fail"] == ["write"]


@pytest.mark.slow
def test_the_rows_of_a_report_are_read_once_its_session_is_closed() -> None:
    rules = """Rules = [ IsUnique "code", ReferentialIntegrity "id" "R.id" > 0.9, RowCount > 3,
        CustomSql "select p.id from primary p join R on p.id = R.id where p.price > 15" ]"""
    report = tilth.check(TABLE, rules, sources=SOURCES)
    unique, reference, count, query = (f.name for f in report.findings)
    failed = {row["id"]: row[FAILED_RULES] for row in tilth.write(report.failed_rows()).to_pylist()}
    assert failed == {1: [unique, query], 4: [reference, query], 5: [unique, reference, query]}
    assert tilth.write(report.passed_rows()).sort_by("id").equals(TABLE.slice(1, 2))
    assert {row["id"] for row in tilth.write(report.failed_rows("Ref")).to_pylist()} == {4, 5}
    assert len(tilth.write(report.failed_rows(limit=2))) == 2
    for rule, words in ((count, "judges no rows"), ("Mean", f"has no rule 'Mean'[\\s\\S]*{count}")):
        with pytest.raises(RequestError, match=words):
            report.failed_rows(rule)
    with pytest.raises(RequestError, match="has no rows"):
        pickle.loads(pickle.dumps(report)).failed_rows()
    with pytest.raises(RequestError, match=f"has a column {FAILED_RULES} already"):
        tilth.check(report.failed_rows(), rules, sources=SOURCES).failed_rows()


def test_a_list_is_one_string_only_in_a_format_without_lists(tmp_path: Path) -> None:
    rules = 'Rules = [ IsComplete "qty", ColumnValues "id" < 4 ]'
    for name in ("rows.parquet", "rows.csv"):
        tilth.check(TABLE, rules, failed=tmp_path / name)
    assert pq.read_table(tmp_path / "rows.parquet")[FAILED_RULES].to_pylist() == [
        ['IsComplete "qty"', 'ColumnValues "id" < 4'],
        ['ColumnValues "id" < 4'],
    ]
    assert (tmp_path / "rows.csv").read_text().splitlines()[1].endswith('"IsComplete ""qty""; ColumnValues ""id"" < 4"')


def test_either_all_files_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise MachineError("the disk is full")

    monkeypatch.setattr("tilth.formats.csv.Csv.export", full)
    with pytest.raises(MachineError, match="full"):
        tilth.check(TABLE, 'Rules = [ IsComplete "qty" ]', passed=tmp_path / "a" / "p.parquet", failed=tmp_path / "f.csv")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_rejected_before_the_check(tmp_path: Path) -> None:
    source = tmp_path / "data.parquet"
    pq.write_table(TABLE, source)
    rules = "Rules = [ RowCount > 3 ]"
    with pytest.raises(RequestError, match="would replace"):
        tilth.check(source, rules, failed=source)
    with pytest.raises(RequestError, match="cannot be written to the same place"):
        tilth.check(source, rules, passed=tmp_path / "x.csv", failed=tmp_path / "x.csv")
    with pytest.raises(RequestError, match="no format has this suffix"):
        tilth.check(source, rules, rows=tmp_path / "x.xlsx")
    with pytest.raises(RequestError, match="cannot be 'left'"):
        tilth.check(source, rules, rows=tmp_path / "x.csv", outside_where="left")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="already"):
        tilth.check(pa.table({"id": [1], FAILED_RULES: [""]}), rules, failed=tmp_path / "x.csv")
