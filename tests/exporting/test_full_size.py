"""Ten million rows: an export that is killed twenty times gives the same rows, and takes no more memory than one of a million."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.servers import PostgresServer

pytestmark = [pytest.mark.deep, pytest.mark.slow]

MILLION = 1_000_000
ROWS, KILLS = 10 * MILLION, 20
PART = 100_000  # rows
MADE = f"""create unlogged table orders as select i as id, (i::int8 * 7919 % 100003)::int4 as customer, i / 7.0::float8 as amount,
timestamp '2026-01-01' + i * interval '3 seconds' as at, 'c' || i % 40 as country, md5((i % 5000)::text) as note
from generate_series(1, {ROWS}) as i"""
EXPORT = "import json, sys, tilth; tilth.export(json.loads(sys.argv[1]), sys.argv[2])"


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> str:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_server.socket, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in ("drop table if exists orders cascade", MADE, "analyze orders"):
            cursor.execute(statement)
    return postgres_server.socket


def started(database: str, out: Path, rows: int = ROWS) -> subprocess.Popen[bytes]:
    partition = {"by": "id", "parts": rows // PART}
    plan: dict[str, Any] = {"source": f"{database}&table=orders", "where": f"id <= {rows}", "partition": partition}
    return subprocess.Popen([sys.executable, "-c", EXPORT, json.dumps(plan), str(out)])


def peak_of(process: subprocess.Popen[bytes]) -> int:
    """Waits for a process, which must succeed; the most memory that it had."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


def parts_done(out: Path) -> int:
    state = out.with_name(f".{out.name}.unfinished") / "_export.json"
    return sum(part["done"] for part in json.loads(state.read_text())["parts"]) if state.exists() else 0


def contents(out: Path) -> tuple[Any, ...]:
    """The number of rows and of ids, and what does not depend on the order of rows: a sum of their hashes."""
    files = [entry["url"] for entry in json.loads((out / "_copy_manifest.json").read_text())["entries"]]
    query = "SELECT count(*), count(DISTINCT id), sum(hash(r)::hugeint % 1000000007) FROM (SELECT * FROM read_parquet($files)) AS r"
    found = duckdb.execute(query, {"files": files}).fetchone()
    assert found is not None
    return found


def test_ten_million_rows_killed_twenty_times(database: str, tmp_path: Path) -> None:
    first = peak_of(started(database, tmp_path / "first", MILLION))
    whole = peak_of(started(database, tmp_path / "whole"))
    chance, out, peaks, kills = random.Random(5), tmp_path / "killed", [whole], 0
    while kills < KILLS:
        process, more = started(database, out), chance.randrange(3)
        wanted = parts_done(out) + more
        while process.poll() is None and parts_done(out) < wanted:
            time.sleep(0.01)
        time.sleep(chance.random() * (0.2 if more else 0.6))  # without another part: also while it starts
        assert process.poll() is None, "it ended before it was killed"
        process.kill()
        process.wait()
        kills += 1
        assert not out.exists()
    peaks.append(peak_of(started(database, out)))
    assert contents(out) == contents(tmp_path / "whole")
    assert contents(out)[:2] == (ROWS, ROWS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "killed", "whole"]
    assert max(peaks) <= first * 1.1, (peaks, first)
