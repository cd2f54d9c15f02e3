"""Sessions of the user's: queries mean what they mean with ours, and the session is afterwards as it was."""

from __future__ import annotations

from contextlib import nullcontext

import pyarrow as pa
import pytest
from py4j.protocol import Py4JNetworkError

import tilth
from tilth.engine.duckdb import DuckDB
from tilth.engine.spark.engine import SparkRun
from tilth.errors import MachineError, RequestError
from tilth.formats import read
from tilth.formats.writing import to_frame

from .. import nasty
from ..test_parity import asked, by_engine, close, differences

HOSTILE = {
    "spark.sql.ansi.enabled": "false",
    "spark.sql.session.timeZone": "America/New_York",
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.groupByOrdinal": "false",
    "spark.sql.orderByOrdinal": "false",
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    "spark.sql.parser.escapedStringLiterals": "true",
    "spark.sql.parser.quotedRegexColumnNames": "true",
    "spark.sql.legacy.timeParserPolicy": "LEGACY",
    "spark.sql.legacy.percentileDiscCalculation": "true",
    "spark.sql.legacy.statisticalAggregate": "true",
    "spark.sql.legacy.literal.pickMinimumPrecision": "false",
}


@pytest.mark.spark
def test_a_session_with_other_settings_gives_the_same_and_keeps_them(spark):
    theirs = spark.newSession()
    for key, value in HOSTILE.items():
        theirs.conf.set(key, value)
    before, active = dict(theirs.conf.getAll), type(spark).getActiveSession()
    engine = tilth.Spark(theirs).session()

    ours, found = by_engine(DuckDB().session()), by_engine(engine)
    assert {f: d for f in nasty.FORMULAS if (d := differences(f, ours[f], found[f])[:3])} == {}
    pairs = zip(asked(DuckDB().session(), nasty.QUERIES), asked(engine, nasty.QUERIES), strict=True)
    assert [(x, a, b) for pair in pairs for x, a, b in zip(nasty.QUERIES, *pair, strict=True) if not close(a, b, x)][:3] == []
    assert (dict(theirs.conf.getAll), theirs.catalog.listTables(), type(spark).getActiveSession()) == (before, [], active)


@pytest.mark.spark
def test_a_frame_goes_into_our_session_and_comes_back_into_its_own(spark):
    theirs = spark.newSession()
    theirs.conf.set("spark.sql.shuffle.partitions", "3")
    frame = theirs.createDataFrame(pa.table({"a": [1, 2, None]}))
    engine = tilth.Spark(theirs).session()
    data = read(frame, engine=engine)
    back = to_frame(data.change({"b": nasty.parse_expression("a * 2", engine.schema(data))}), "spark", engine)
    assert engine.own is not theirs and engine.own.conf.get("spark.sql.shuffle.partitions") == "3"
    assert back.sparkSession is theirs
    assert sorted(map(tuple, back.join(frame, "a").collect())) == [(1, 2), (2, 4)]
    assert tilth.check(frame, 'Rules = [ RowCount = 3, CustomSql "select count(*) from primary where a > 1" = 1 ]').passed


@pytest.mark.spark
def test_planning_compares_no_column_with_all_others(spark):
    """A thousand columns kept Spark's planner busy for half an hour: it must not evaluate a small table, nor infer filters from others."""
    engine = tilth.Spark(spark).session()
    data = read(pa.table({"a": [1, 2], "b": [1, 2]}), engine=engine)
    [[plans]] = engine.own.sql(f"EXPLAIN EXTENDED SELECT b FROM {engine.base(data)[0]} WHERE a = b AND b = 1").collect()
    optimized = plans.split("== Optimized Logical Plan ==")[1]
    assert "LocalRelation" not in optimized and "isnotnull" not in optimized


@pytest.mark.spark
def test_a_session_of_ours_is_its_own(spark):
    engine = tilth.Spark(spark).session()
    assert tilth.Spark(engine.own).own is engine.own is tilth.Spark(spark).own


@pytest.mark.spark
def test_integers_without_a_sign_are_read(spark):
    table = pa.table({"a": pa.array([1, 255], pa.uint8()), "b": pa.array([2**64 - 1, 0], pa.uint64())})
    engine = tilth.Spark(spark).session()
    assert [tuple(map(int, r.values())) for r in to_frame(read(table, engine=engine), "arrow", engine).to_pylist()] == [
        (1, 2**64 - 1),
        (255, 0),
    ]


@pytest.mark.spark
def test_an_unknown_column_in_a_query_over_csv_is_an_error_of_its_rule_alone(spark, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n2\n", "utf-8")
    rules = 'Rules = [ RowCount = 2, CustomSql "select nosuch from primary" = 1 ]'
    report = tilth.check(tmp_path / "a.csv", rules, engine=tilth.Spark(spark))
    assert [str(f.outcome) for f in report.findings] == ["Passed", "Error"]


def test_relative_paths_are_those_of_the_working_directory_of_now(spark, tmp_path, monkeypatch):
    from tilth.engine.spark import Spark

    monkeypatch.chdir(tmp_path)  # Spark was started in another one
    table, engine = pa.table({"n": [1, 2]}), Spark(spark)
    (tmp_path / "years/year=2024").mkdir(parents=True)
    for name in ("a.parquet", "a.csv", "a.jsonl", "years/year=2024/a.parquet"):
        tilth.write(table, name)
    for name in ("a.parquet", "a.csv", "a.jsonl", "years"):
        assert tilth.write(tilth.read(name, engine=engine), engine=engine).num_rows == 2
    for name in ("one.parquet", "folder"):
        tilth.write(tilth.read("a.parquet"), name, engine=engine)
        assert tilth.write(tilth.read(name)).num_rows == 2


@pytest.mark.spark
@pytest.mark.parametrize("remote", ["sc://localhost:1", "local[2]"])
def test_beside_a_session_of_the_other_kind_none_is_opened(spark, remote):
    before = dict(spark.conf.getAll)
    with pytest.raises(RequestError, match="a process has sessions of one kind only"):
        tilth.Spark(remote=remote)
    assert tilth.Spark().given is type(spark).getActiveSession()
    assert dict(spark.conf.getAll) == before


@pytest.mark.parametrize("error", [ConnectionRefusedError(111, "Connection refused"), Py4JNetworkError("no answer")])
def test_a_spark_that_has_ended_is_said_to_have(error):
    def ended(*_: str) -> None:
        raise error

    run = SparkRun.__new__(SparkRun)
    run.progress, run.purpose, run.scans, run.cancelled, run._expired, run._texts = nullcontext, "", [], False, False, []
    run._tag, run._tag_jobs, run._untag_jobs = "t", ended, ended
    with pytest.raises(MachineError, match="Spark has ended"), run.timed("scan", "SELECT 1"):
        pass
    run._tag_jobs = lambda _: None
    with pytest.raises(MachineError, match="Spark has ended"), run.timed("scan", "SELECT 1"), run._translated("SELECT 1"):
        ended()
