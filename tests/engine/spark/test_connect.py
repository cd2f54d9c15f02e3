"""Spark Connect, in processes of their own: the results are DuckDB's, the user's session stays as it is, and the process ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import lacking
from tests.house.tree import ROOT, SRC

from ..connected import NOBODY, SECONDS

pytestmark = [pytest.mark.spark, pytest.mark.xdist_group("processes")]  # its Spark is another than that of the run

LIMIT = 400  # seconds for all of it; a quiet machine takes less than 60


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, s3_server: dict[str, str]) -> dict[str, Any]:
    """What a process with Spark Connect found, its exit code, and what it left on standard error."""
    command = [sys.executable, "-m", "tests.engine.connected", str(tmp_path_factory.mktemp("connect"))]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | s3_server | {"PYTHONPATH": str(SRC), "TILTH_TEST_PLACE": "s3://tests/connect"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, left = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"the process with Spark Connect had not ended after {LIMIT} s:\n{process.communicate()[1][-5000:]}", pytrace=False)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        pytest.fail(f"the process with Spark Connect broke off, with code {process.returncode}:\n{left[-5000:]}", pytrace=False)
    facts: dict[str, Any] = json.loads(lines[0])
    if "no Spark" in facts:
        lacking(f"no Spark: {facts['no Spark']}")
    return facts | {"code": process.returncode, "left": left}


def test_the_process_ends(found):
    assert found["code"] == 0, f"{SECONDS} s after its last line the process still waited:\n{found['left'][-3000:]}"


def test_formulas_and_queries_mean_what_they_mean_with_duckdb(found):
    assert found["differences"] == []


def test_rules_and_a_fitted_flow_give_what_duckdb_gives(found):
    connect, duckdb, alike = found["verdicts"]
    assert alike, (connect, duckdb)
    assert [outcome for _, outcome, _ in duckdb] == ["Passed", "Passed", "Failed", "Passed", "Passed", "Passed"]  # 29 of 200 are null
    handed, written, by_duckdb = found["columns"]
    assert handed == written == by_duckdb
    assert found["rows are those of DuckDB"] == [True, True]


def test_a_server_is_sent_parquet_of_s3_and_refused_the_rest(found):
    assert found["rows of S3"] and found["delivered to S3"]
    assert found["CSV in S3"]["kind"] == "Gap" and "places that it sees itself" in found["CSV in S3"]["words"]


def test_the_users_session_stays_as_it_is(found):
    before, after = found["before and after"]
    assert before == after
    assert before[1] == ["theirs"] and before[2]
    assert found["global views"] == 2  # of the table and the frame that was handed back, which need them
    assert found["still cached"] and found["belongs to the user"] and found["the one that is there"]
    assert found["a frame on a view of the user's"]["kind"] == "none"


def test_errors_are_those_of_tilth_and_nothing_is_logged(found):
    assert (
        found["ragged"]["kind"] == "SourceError"
        and "ragged.csv:3: the row that begins on this line has 3 fields" in found["ragged"]["words"]
    )
    assert found["refused"]["kind"] == "MachineError" and "TABLE_OR_VIEW_NOT_FOUND" in found["refused"]["words"]
    assert found["logged"] == []


@pytest.mark.parametrize("when", ["nobody", "nobody beside"])
def test_a_server_that_is_not_there_is_reported(found, when):
    error = found[when]
    assert (error["kind"], error["code"]) == ("MachineError", 3)
    assert error["words"].startswith(f"the Spark Connect server {NOBODY} cannot be used: failed to connect")
