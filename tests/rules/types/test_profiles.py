"""AllStatistics and Distribution: what they record, beside numpy and pandas."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.rules.cases import evaluate
from tilth.data import Dataset, Memory, Roles
from tilth.report import Outcome
from tilth.rules import parse

CHANCE = np.random.default_rng(5)
WORDS = pd.Series([*"abbcccddd", None] * 60)
TABLE = pa.table(
    {
        "x": [*CHANCE.lognormal(0, 1, 598), None, math.inf],
        "n": CHANCE.integers(-3, 4, 600),
        "word": WORDS,
        "same": [7] * 600,
        "flag": [i % 3 == 0 for i in range(600)],
        "day": [dt.date(2024, 3, 1 + i % 25) for i in range(600)],
        "at": pa.array([dt.datetime(2024, 3, 1, i % 24, 0, 0, i) for i in range(600)], pa.timestamp("us", "UTC")),
        "list": [[1]] * 600,
    }
)
DATA = Dataset(Memory(TABLE, tuple(TABLE.column_names)))


def recorded(text: str, data: Dataset = DATA, engine=None):
    return [f.payload.metrics for f in evaluate(data, parse(f"Analyzers = [ {text} ]"), engine or duckdb_session())]


def test_bins_are_those_of_numpy_and_cost_one_scan_more():
    engine = duckdb_session()
    found = recorded('Distribution "x" with bins = 12, Distribution "n", Distribution "same", Mean "n"', engine=engine)
    x, n = (np.array(TABLE[c].drop_null(), float) for c in ("x", "n"))
    for metrics, values, bins in zip(found, (x[np.isfinite(x)], n), (12, 20), strict=False):
        ((name, told),) = metrics.items()
        assert told["BinEdges"] == pytest.approx(np.linspace(values.min(), values.max(), bins + 1).tolist(), rel=1e-12)
        assert told["Count"] == np.histogram(values, told["BinEdges"])[0].tolist()
        assert name.endswith(".Distribution")
    assert found[2] == {"Column.same.Distribution": {"BinEdges": [7.0, 7.0], "Count": [600], "DataType": "integer"}}
    assert [s.title for s in engine.scans] == ["row aggregates", "row aggregates"]


@pytest.mark.slow
def test_bins_are_kept_until_three_checks_have_too_much_outside(tmp_path):
    usual, far = pa.table({"n": range(101)}), pa.table({"n": range(-10, 91)})  # of 101 values, 10 are below
    empty = pa.table({"n": pa.array([], pa.int64())})
    tables = [usual, far, far, usual, empty, far, far, far, far, far]
    for rebin, last in (("true", (-10.0, 90.0)), ("false", (0.0, 100.0))):
        rules = f'DataSources = {{"Primary": "n"}} Analyzers = [ Distribution "n" with bins = 4 with rebin = {rebin} ]'
        reports = [tilth.check(table, rules, history=tmp_path / f"{rebin}.db") for table in tables]
        found = [report.findings[0].payload.metrics.get("Column.n.Distribution") for report in reports]
        edges = [told and (told["BinEdges"][0], told["BinEdges"][-1]) for told in found]
        assert edges == [(0.0, 100.0)] * 4 + [None] + [(0.0, 100.0)] * 3 + [last] * 2
        assert found[1]["Count"] == np.histogram(np.clip(far["n"], 0, 100), 4, (0, 100))[0].tolist() == [35, 25, 25, 16]
        assert [len(report.facts.scans) for report in reports[:3]] == [2, 1, 1]
        messages = [report.findings[0].message for report in reports]
        assert [bool(message) for message in messages] == [False, True, True, False, False, True, True, True, *[rebin == "false"] * 2]
        assert messages[1].startswith("9.9 % of the values of 'n' are outside the bins of earlier checks, more than 5 %: ")


def test_other_columns_have_their_most_frequent_values_ties_by_value():
    words, flags, days = recorded('Distribution "word" with bins = 3, Distribution "flag", Distribution "day"')
    assert words == {"Column.word.Distribution": {"BinEdges": ["c", "d", "b"], "Count": [180, 180, 120], "DataType": "string"}}
    assert flags["Column.flag.Distribution"] == {"BinEdges": [False, True], "Count": [400, 200], "DataType": "boolean"}
    assert days["Column.day.Distribution"]["BinEdges"] == [f"2024-03-{d:02}" for d in range(1, 21)]


def test_the_first_and_last_day_are_seconds_that_a_history_can_take():
    (found,) = evaluate(DATA, parse('Analyzers = [ ColumnValues "day" ]'), duckdb_session())
    assert found.payload.metrics["Column.day.Minimum"] == dt.datetime(2024, 3, 1, tzinfo=dt.UTC).timestamp()
    assert found.message == "Column.day.Minimum is 2024-03-01\nColumn.day.Maximum is 2024-03-25"


def test_all_columns_are_those_that_have_values_to_show():
    private = Dataset(DATA.source, Roles.of(private="word"))
    all_columns, named = evaluate(private, parse('Analyzers = [ Distribution AllColumns, Distribution "word" ]'), duckdb_session())
    assert [name.split(".")[1] for name in all_columns.payload.metrics] == ["x", "n", "same", "flag", "day", "at"]
    assert named.outcome is Outcome.ERROR and "private" in named.message
    assert recorded('Distribution "x"', Dataset(Memory(TABLE.slice(598, 1), ("x",)))) == [{}]  # no value


def test_all_statistics_are_of_the_table_and_of_each_kind_of_column():
    (of_all,) = recorded("AllStatistics AllColumns")
    assert (of_all["Dataset.*.RowCount"], of_all["Dataset.*.ColumnCount"]) == (600, 8)
    assert of_all["Column.n.Mean"] == pytest.approx(np.mean(TABLE["n"].to_numpy()), rel=1e-12)
    assert [name.rpartition(".")[2] for name in of_all if name.startswith("Column.word.")] == [
        "Completeness",
        "Uniqueness",
        "DistinctValuesCount",
        "MinimumLength",
        "MaximumLength",
        "Entropy",
    ]
    assert [name for name in of_all if name.startswith("Column.list.")] == ["Column.list.Completeness"]


def test_a_report_draws_a_distribution(tmp_path):
    report = tilth.check(TABLE, 'Analyzers = [ Distribution "n", Distribution "word" ]')
    page = tilth.write(report, tmp_path / "report.html").read_text("utf-8")
    assert "<title>Column.n.Distribution: 600 rows, −3 to 3</title>" in page
    assert "<title>Column.word.Distribution: 180 rows of c</title>" in page


@pytest.mark.spark
def test_both_engines_record_the_same(spark):
    asked = 'Distribution AllColumns, AllStatistics AllColumns, ColumnValues "day", ColumnValues "at"'
    for ours, theirs in zip(recorded(asked), recorded(asked, engine=tilth.Spark(spark).session()), strict=True):
        assert list(ours) == list(theirs)
        for name, value in ours.items():
            assert theirs[name] == (value if isinstance(value, dict) else pytest.approx(value, rel=1e-9, nan_ok=True)), name
