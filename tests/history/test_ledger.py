"""The ledger: order, several writers, and what it refuses."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tilth.errors import MachineError, RequestError, TilthError
from tilth.flow import Flow
from tilth.history import ledger_at
from tilth.history.sqlite import SQLite
from tilth.report import Outcome

ROWS = "Dataset.*.RowCount"


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place with no history yet, in each kind of store."""
    if request.param == "SQLite":
        return str(tmp_path / "h.db")
    from adbc_driver_postgresql import dbapi

    server, schema = request.getfixturevalue("postgres"), f"history_{uuid.uuid4().hex}"
    with dbapi.connect(server, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
    return f"{server}&options=-csearch_path%3D{schema}"


def test_the_latest_value_comes_first_and_datasets_are_apart(place: str) -> None:
    ledger = ledger_at(place)
    for n in (110.0, 90.0, 100.0):
        ledger.append("a", {ROWS: n})
    ledger.append("b", {ROWS: 1.0, "m": math.inf, "nan": math.nan})
    ledger.append("c", {})
    assert ledger.values("a", ROWS) == (100.0, 90.0, 110.0)
    assert ledger.values("a", ROWS, most=2) == (100.0, 90.0)
    assert [ledger.values("b", name) for name in (ROWS, "m", "nan", "none")] == [(1.0,), (math.inf,), (), ()]
    assert ledger.names("b") == [ROWS, "m"]
    assert [(c.dataset, c.number, c.metrics) for c in ledger.checks()] == [("b", 4, 2), ("a", 3, 1), ("a", 2, 1), ("a", 1, 1)]


def test_checks_of_earlier_days_are_told_by_their_time(place: str) -> None:
    ledger, days = ledger_at(place), [datetime(2026, 1, d, tzinfo=UTC) for d in (1, 2, 3)]
    for day, n in zip([days[2], days[0], days[1]], (30.0, 10.0, 20.0), strict=True):
        ledger.append("a", {ROWS: n}, at=day)
    assert ledger.values("a", ROWS) == (30.0, 20.0, 10.0)
    with ledger.reading("a", before=days[2].astimezone(timezone(timedelta(hours=-9)))) as values:
        assert values(ROWS, 5) == [(days[1], 20.0), (days[0], 10.0)]
    assert [(v.number, v.at) for v in ledger.series("a", ROWS)] == [(1, days[2]), (3, days[1]), (2, days[0])]


def test_excluded_checks_and_metrics_are_not_seen_until_they_are_included(place: str) -> None:
    ledger = ledger_at(place)
    for n in (1.0, 2.0, 3.0):
        ledger.append("a", {ROWS: n, "m": -n})
    assert ledger.exclude([2]) == 2
    assert ledger.exclude([3], "m") == 1
    assert (ledger.values("a", ROWS), ledger.values("a", "m")) == ((3.0, 1.0), (-1.0,))
    assert [c.excluded for c in ledger.checks("a")] == [1, 2, 0]
    assert [v.excluded for v in ledger.series("a", "m")] == [True, True, False]
    ledger.exclude([2, 3], excluded=False)
    assert ledger.values("a", "m") == (-3.0, -2.0, -1.0)
    with pytest.raises(RequestError, match="no check 9"):
        ledger.exclude([1, 9])
    with pytest.raises(RequestError, match="no metric 'x' of check 1"):
        ledger.exclude([1], "x")
    assert ledger.values("a", ROWS) == (3.0, 2.0, 1.0)  # neither marked anything


@pytest.mark.slow
def test_several_processes_lose_nothing(place: str) -> None:
    code = "import sys; from tilth.history import ledger_at\nfor i in range(5): ledger_at(sys.argv[1]).append('t', {'m': i, 'n': i})"
    writers = [subprocess.Popen([sys.executable, "-c", code, place]) for _ in range(4)]
    assert [w.wait() for w in writers] == [0] * 4
    ledger = ledger_at(place)
    assert sorted(ledger.values("t", "m")) == sorted([*range(5)] * 4)
    assert ledger.values("t", "m") == ledger.values("t", "n")  # a check is recorded as a whole
    assert [c.number for c in ledger.checks()] == list(range(20, 0, -1))


@pytest.mark.slow
def test_a_database_that_cannot_be_used(postgres: str) -> None:
    with pytest.raises(MachineError, match="cannot be"):
        ledger_at("postgresql://nobody@/nowhere?host=/nowhere")
    with pytest.raises(RequestError, match="must not contain a password"):
        ledger_at("postgresql://me:hidden@host/db")
    with pytest.raises(RequestError, match="must not name a table"):
        ledger_at(f"{postgres}&table=t")


@pytest.mark.parametrize("version", [1, 3])
def test_a_file_of_another_version_is_named_as_such(version: int, tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    SQLite(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(RequestError, match=f"h.db was made by another version of Tilth: its layout is {version}, and this one reads 2"):
        SQLite(path)


@pytest.mark.parametrize("content", [b"not a database, but a text that is long enough to be one" * 20, None])
def test_a_foreign_file_is_rejected_and_left_alone(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    if content is None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE mine (x)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(RequestError, match="not a history"):
        SQLite(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no folder"):
        SQLite(tmp_path / "nowhere" / "h.db")
    with pytest.raises(MachineError):
        SQLite(tmp_path)


def check(rows: int, rules: str, history: Path | None = None) -> tilth.Report:
    return tilth.check(pa.table({"x": list(range(rows))}), f'DataSources = {{ "Primary": "t" }} Rules = [ {rules} ]', history=history)


def test_a_rule_is_judged_by_earlier_checks_and_not_by_its_own(tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    outcomes = [check(n, "RowCount > avg(last(2))", history).findings[0] for n in (100, 90, 94, 93, 100)]
    # over 0, then 100, then (90 + 100) / 2, (94 + 90) / 2, (93 + 94) / 2
    assert [f.outcome is Outcome.PASSED for f in outcomes] == [True, False, False, True, True]
    assert outcomes[2].payload.evaluated == "RowCount > 95.0"
    assert outcomes[1].payload.warnings == ("the history holds 1 of 2 values of Dataset.*.RowCount",)


def test_filters_and_queries_have_histories_of_their_own(tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    rules = 'RowCount = 3 where "x < 3", RowCount = 9, CustomSql "select max(x) from primary" = 8, CustomSql "select 7" = 7'
    check(9, rules, history)
    again = rules.replace("= 3", "= last()").replace("= 9", "= last()").replace("= 8", "= last()").replace("= 7", "= last()")
    assert check(9, again, history).passed


def test_a_check_opens_the_file_as_often_with_many_rules_as_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: opened.append(args) or connect(*args, **options))
    counts = []
    for rules in (1, 20):
        opened.clear()
        check(9, ", ".join(f"RowCount > last() - {i}" for i in range(rules)), tmp_path / "h.db")
        counts.append(len(opened))
    assert counts[0] == counts[1]


def test_without_a_history_a_dynamic_rule_is_an_error() -> None:
    (found,) = check(9, "RowCount > avg(last(5))").findings
    assert found.outcome is Outcome.ERROR
    assert "history" in found.message


def test_a_check_that_did_not_finish_is_not_recorded(tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    data = pa.table({"x": [1], "DataQualityRulesFail": [1]})
    with pytest.raises(RequestError):
        tilth.check(data, "Rules = [ RowCount = 1 ]", history=history, failed=tmp_path / "f.csv")
    assert SQLite(history).values("data", ROWS) == ()


def test_a_run_that_finished_is_recorded(tmp_path: Path) -> None:
    history, data = tmp_path / "h.db", pa.table({"x": [1, 2, 3]})
    flow = Flow.parse("check: Rules = [ RowCount >= last() ]\nfeatures:\n- scale: {columns: x}")
    reports = [tilth.run(flow, data=data.slice(0, n), history=history) for n in (2, 3, 1)]
    assert [r.passed for r in reports] == [True, True, False]
    assert [r.facts.rows for r in reports] == [2, 3, 1]
    (tmp_path / "full").write_text("")
    with pytest.raises(TilthError):
        tilth.run(flow, tmp_path / "full" / "out", data=data, history=history)
    assert SQLite(history).values("data", ROWS) == (1.0, 3.0, 2.0)


def test_a_history_of_a_flow_without_rules_is_an_error(tmp_path: Path) -> None:
    flow = Flow.parse("features:\n- scale: {columns: x}")
    with pytest.raises(RequestError, match="no rules"):
        tilth.run(flow, data=pa.table({"x": [1]}), history=tmp_path / "h.db")


def test_nothing_of_the_data_is_in_the_file(tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    data = tilth.read(pa.table({"salary": [123456789, 1]}), roles={"private": "salary"})
    rules = 'Rules = [ ColumnValues "salary" > 5, RowCount > 0 where "salary <> 55555" ] Analyzers = [ AllStatistics "salary" ]'
    tilth.check(data, rules, history=history)
    recorded = sqlite3.connect(history).execute("SELECT name, value FROM statistic").fetchall()
    assert not [row for row in recorded if row[1] == 123456789.0 or "55555" in row[0]]


def test_tables_in_memory_of_other_sizes_share_a_history(tmp_path: Path) -> None:
    rules, history = "Rules = [ RowCount > last() ]", tmp_path / "h.db"
    assert [tilth.check(pa.table({"x": list(range(n))}), rules, history=history).passed for n in (3, 4, 4)] == [True, True, False]


def test_the_rows_are_a_fact_of_the_check() -> None:
    assert tilth.check(pa.table({"x": [1, 2]}), 'Rules = [ Mean "x" > 1 ]').facts.rows == 2
