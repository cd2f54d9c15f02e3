"""Spark reads tables by JDBC: from Apache Derby, which PySpark brings."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import tilth
from tests.cli.test_secrets import MARKER, assert_hidden
from tests.derby import USER, Derby
from tilth.cli import app
from tilth.engine.dry_run import DryRun
from tilth.engine.spark import Spark, jdbc
from tilth.errors import Gap, MachineError, RequestError, SourceError
from tilth.secrets import AuthenticationFailed, references
from tilth.store.jdbc import JdbcTable

COLUMNS = """id int not null primary key, cents decimal(10, 2), x double, r real, small smallint, big bigint, name varchar(20),
code char(3), text clob, bytes blob, yes boolean, d date, t time, ts timestamp"""
FIRST = """1, 1.25, 0.5, 1.5, 1, 9007199254740993, 'a', 'ab', 'long', cast(X'00ff' as blob), true, date('2024-02-29'), time('12:34:56'),
timestamp('2020-01-31 12:34:56.123456')"""


@pytest.fixture(scope="module")
def derby(spark, tmp_path_factory):
    made = Derby(spark, tmp_path_factory.mktemp("derby") / "shop", "a-password")
    more = ", ".join(f"({i}, {i}.5, cast(null as varchar(20)))" for i in range(2, 41))
    made.execute(
        f"create table orders ({COLUMNS})",
        f"insert into orders values ({FIRST})",
        f"insert into orders (id, cents, name) values {more}",
        'create table "Odd name" ("a b" int)',
    )
    return made


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("SHOP", json.dumps({"username": USER, "password": "a-password"}))


def read(derby, asked="table=orders", secret="env:SHOP", **options):
    return tilth.read(derby.place(asked), engine=Spark(derby.spark), secret=secret, **options)


def rows(data):
    return tilth.write(data).to_pylist()


def test_rows_have_the_kinds_of_the_database(derby):
    (row,) = rows(read(derby, "query=SELECT * FROM orders WHERE id = 1"))
    assert row == {
        "ID": 1,
        "CENTS": Decimal("1.25"),
        "X": 0.5,
        "R": 1.5,
        "SMALL": 1,
        "BIG": 9007199254740993,
        "NAME": "a",
        "CODE": "ab ",
        "TEXT": "long",
        "BYTES": b"\x00\xff",
        "YES": True,
        "D": date(2024, 2, 29),
        "T": datetime(1970, 1, 1, 12, 34, 56),  # Spark's meaning of a time of day
        "TS": datetime(2020, 1, 31, 12, 34, 56, 123456),
    }


def test_names_and_quoted_tables(derby):
    assert read(derby, 'table="Odd name"').names == ("a b",)
    data = read(derby, "query=SELECT id, cents FROM orders WHERE id < 3", names=["n", "price"])
    assert rows(data) == [{"n": 1, "price": Decimal("1.25")}, {"n": 2, "price": Decimal("2.50")}]


def test_parts_are_read_at_the_same_time(derby):
    data = read(derby, "table=orders&partitionColumn=ID&lowerBound=1&upperBound=40&numPartitions=4")
    assert data.source.handle.rdd.getNumPartitions() == 4
    assert sorted(row["ID"] for row in rows(data)) == list(range(1, 41))


def test_rows_are_read_once_and_dropped_with_the_dataset(derby):
    derby.execute("create table gone as select id, name from orders with no data", "insert into gone select id, name from orders")
    data = read(derby, "table=gone")
    derby.execute("drop table gone")
    report = tilth.check(data, 'Rules = [ RowCount = 40, IsComplete "ID", Completeness "NAME" < 0.1 ]')
    assert [report.passed, report.facts.engine, report.facts.source] == [True, "spark", derby.place("table=gone")]
    assert tilth.profile(data).findings
    frame = data.source.handle
    assert frame.storageLevel.useMemory
    del data, report
    gc.collect()
    assert frame in jdbc.left
    Spark(derby.spark).session().close()
    assert not frame.storageLevel.useMemory


def test_a_dry_run_reads_no_rows(derby):
    with DryRun(Spark(derby.spark).session()) as run:
        data = run.jdbc(JdbcTable.of(derby.place("table=orders")), tilth.secrets.Access.of("env:SHOP"))
        assert [scan.title for scan in run.scans] == ["read by JDBC"]
        assert not data.handle.storageLevel.useMemory


def test_commands(derby, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    place = derby.place("table=orders")
    (tmp_path / "flow.yaml").write_text(
        f"""
data:
  read: {place}
  secret: env:SHOP
  tables: {{others: {{read: '{derby.place("query=SELECT id AS other FROM orders")}', secret: env:SHOP}}}}
check: |
  Rules = [ RowCount = 40, ReferentialIntegrity "ID" "others.OTHER" = 1.0 ]
split: {{train: 0.5, test: 0.5, by: hash(ID)}}
features: [{{scale: CENTS}}]
measure: [profile]
"""
    )
    assert app.run(["run", "flow.yaml", "-o", "out", "--engine", "spark"]) == 0, capsys.readouterr().err
    assert app.run(["profile", place, "--secret", "env:SHOP", "--engine", "spark"]) == 0
    (tmp_path / "rules.dqdl").write_text("Rules = [ RowCount > 40 ]")
    assert app.run(["check", place, "rules.dqdl", "--secret", "env:SHOP", "--engine", "spark"]) == 1
    assert app.run(["plan", "flow.yaml", "--engine", "spark"]) == 0
    capsys.readouterr()
    assert app.run(["profile", place, "--secret", "env:SHOP"]) == 2
    assert "add --engine spark" in capsys.readouterr().err


ERRORS = {
    "table=nowhere": (SourceError, "does not exist"),
    "query=SELEC 1": (SourceError, "Syntax error"),
    "query=SELECT 1 / (id - 3) AS q FROM orders": (SourceError, "a value does not fit"),
    "query=SELECT CAST(name AS int) AS q FROM orders": (SourceError, "a value does not fit"),
    "table=orders&driver=org.none.Driver": (RequestError, r"no JDBC driver for jdbc:derby: \(org.none.Driver\)"),
    "table=orders&partitionColumn=NAME&lowerBound=1&upperBound=9&numPartitions=2": (RequestError, "should be numeric, date, or timestamp"),
    "table=orders&partitionColumn=NO&lowerBound=1&upperBound=9&numPartitions=2": (RequestError, "partition column NO not found"),
    "table=orders&partitionColumn=ID&lowerBound=9&upperBound=1&numPartitions=2": (RequestError, "lower bound .* larger than the upper"),
    "table=orders&partitionColumn=ID&lowerBound=a&upperBound=9&numPartitions=2": (RequestError, "cannot be read in parallel"),
}


@pytest.mark.parametrize("asked", ERRORS)
def test_errors(asked, derby):
    kind, says = ERRORS[asked]
    with pytest.raises(kind, match=says) as raised:
        read(derby, asked)
    assert raised.value.__suppress_context__


def test_errors_of_servers(derby, monkeypatch):
    with pytest.raises(MachineError, match=r"cannot be reached: Database .* not found"):
        tilth.read("jdbc:derby:/nowhere/at/all?table=a", engine=Spark(derby.spark), secret="env:SHOP")
    with pytest.raises(RequestError, match="no JDBC driver for jdbc:none:") as lacking:
        tilth.read("jdbc:none://h/db?table=a", engine=Spark(derby.spark))
    assert "--packages" in str(lacking.value)
    with pytest.raises(AuthenticationFailed, match="name a secret"):
        read(derby, secret=None)
    monkeypatch.setattr(jdbc, "is_remote", lambda session: True)
    with pytest.raises(Gap, match="event log"):
        read(derby)


def test_a_password_that_was_changed_is_fetched_again(derby, monkeypatch):
    asked = []

    def kept(self, name, label):  # a secret manager
        asked.append(name)
        return json.dumps({"username": USER, "password": ["an-old-password", "a-password"][len(asked) > 1]})

    monkeypatch.setattr(references.PROVIDERS["command"], "text", kept)
    assert len(rows(read(derby, secret="command:manager"))) == 40
    assert len(asked) == 2
    monkeypatch.setenv("SHOP", json.dumps({"username": USER, "password": "another-password"}))
    with pytest.raises(AuthenticationFailed, match="check env:SHOP") as refused:
        read(derby)
    assert "another-password" not in str(refused.value)


@pytest.mark.spark
@pytest.mark.slow
def test_the_password_is_in_nothing_that_spark_prints_or_logs(tmp_path):
    events = tmp_path / "events"
    events.mkdir()
    logged = {"enabled": "true", "compress": "false", "dir": events.as_uri()}
    settings = " ".join(f"-Dspark.eventLog.{name}={value}" for name, value in logged.items())
    root = Path(__file__).parents[3]
    environment = os.environ | {"SPARK_SUBMIT_OPTS": f"{os.environ['SPARK_SUBMIT_OPTS']} {settings}", "PYTHONPATH": f"{root}/src:{root}"}
    command = [sys.executable, "-m", "tests.engine.spark.marked", str(tmp_path / "derby"), MARKER]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=600, check=False)
    codes = json.loads(done.stdout.splitlines()[-1])
    assert {name: found for name, (found, _) in codes.items()} == {name: right for name, (_, right) in codes.items()}, done.stderr[-3000:]
    written = {path: path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file() and "derby" not in path.parts}
    assert "JDBCRelation" in "".join(text for path, text in written.items() if events in path.parents)
    assert "out" in {path.relative_to(tmp_path).parts[0] for path in written}
    for text in (done.stdout, done.stderr, *written.values()):
        assert_hidden(text)
