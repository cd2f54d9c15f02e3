"""What DuckDB spills while a key is in force: right, and unreadable."""

from __future__ import annotations

import errno
import gc
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from tests.encrypted import code_of, key
from tilth.engine.duckdb import DuckDB
from tilth.engine.duckdb.engine import DuckDBRun
from tilth.engine.duckdb.spill import SECTOR, file_system
from tilth.errors import MachineError
from tilth.protection.markers import Markers, forms_in
from tilth.store.protection import protected

__all__ = ["key"]

MARKERS = Markers("SECRETMARK0123456789ABCD", 123_456_789_012_345)
ROWS, MEMORY = 1_000_000, "60MiB"
HELD = f"CREATE TEMP TABLE held AS SELECT i, md5(i::VARCHAR) || '{MARKERS.text}' || md5((i + 1)::VARCHAR) AS s FROM range({ROWS}) AS t(i)"
SORTED = "SELECT min(s), max(s), sum(r * i) FROM (SELECT i, s, row_number() OVER (ORDER BY s) AS r FROM held)"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Any]:
    yield file_system()
    assert not list(tmp_path.iterdir())


def test_a_file_is_read_as_it_was_written(file: Any, tmp_path: Path) -> None:
    """At any places and in any pieces, beside an array of bytes."""
    chance, size = Random(3), 5 * SECTOR
    place = f"tilthspill://{tmp_path}/a.tmp"
    opened, expected = file.open(place, "rb+"), bytearray(size)
    for _ in range(60):
        start = chance.choice((chance.randrange(size), chance.randrange(5) * SECTOR))
        data = chance.randbytes(min(chance.choice((8, 100, SECTOR, 2 * SECTOR)), size - start))
        expected[start : start + len(data)] = data
        assert opened.seek(start) == start and opened.write(memoryview(data)) == len(data) and opened.tell() == start + len(data)
        start = chance.randrange(size)
        opened.seek(start)
        assert opened.read(SECTOR + 7) == bytes(expected[start : start + SECTOR + 7]).ljust(SECTOR + 7, b"\0")
    opened.close()
    assert (
        file.isfile(place) and file.exists(place) and file.isdir(str(tmp_path)) and file.ls(str(tmp_path), False) == [f"{tmp_path}/a.tmp"]
    )
    again = file.open(place, "rb+")
    again.seek(0)
    assert again.read(size) == expected
    emptied = file.open(place, "wb")
    assert emptied.read(3) == bytes(3)
    file.rm(place)


def test_each_thread_has_its_own_place(file: Any, tmp_path: Path) -> None:
    place = f"tilthspill://{tmp_path}/a.tmp"
    opened = file.open(place, "rb+")
    opened.write(b"a" * SECTOR + b"b" * SECTOR)
    opened.seek(0)
    other = threading.Thread(target=opened.seek, args=(SECTOR,))
    other.start()
    other.join()
    assert opened.read(1) == b"a"
    file.rm(place)


@pytest.fixture
def threads_that_take_turns_often() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("threads_that_take_turns_often")
def test_sessions_of_several_threads_are_confined_at_the_same_time(key: str) -> None:
    def confined(engine: DuckDB, together: threading.Barrier) -> str:
        with engine.session() as run:
            together.wait()
            run.confine()
            return str(run.run("SELECT current_setting('temp_directory')")[0][0])

    with protected(key), ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            engine, together = DuckDB(), threading.Barrier(4)
            running = [pool.submit(copy_context().run, confined, engine, together) for _ in range(4)]
            (place,) = {r.result() for r in running}
            assert place.startswith("tilthspill://")


@pytest.mark.slow
def test_files_are_closed_with_the_session(key: str) -> None:
    def spill() -> int:
        with protected(key), DuckDB(memory_limit=MEMORY, threads=2).session() as run:
            assert in_little_memory(run)
        gc.collect()  # closes what other tests left
        return len(list(Path("/dev/fd").iterdir()))

    assert spill() == spill()


def spilled(run: DuckDBRun) -> list[Path]:
    return [p for p in Path(run._scratch.name).iterdir() if p.stat().st_size]


def in_little_memory(run: DuckDBRun) -> list[Path]:
    """Hold more rows than fit into the memory; the files with what was spilled."""
    run.confine()
    run.run(HELD)
    return spilled(run)


@pytest.mark.slow
def test_what_is_spilled_is_encrypted_and_the_result_the_same(key: str) -> None:
    with protected(key, ["spill"]), DuckDB(memory_limit=MEMORY, threads=2).session() as plain:
        assert any(forms_in(p, MARKERS) for p in in_little_memory(plain))
        expected = plain.run(SORTED)
    with protected(key), DuckDB(memory_limit=MEMORY, threads=2).session() as run:
        files = in_little_memory(run)
        assert sum(p.stat().st_size for p in files) > 1 << 20
        assert run.run(SORTED) == expected
        assert not any(forms_in(p, MARKERS) for p in {*files, *spilled(run)})
    assert not any(p.exists() for p in files)


@pytest.mark.slow
def test_what_was_changed_on_the_disk_is_not_read(key: str) -> None:
    with protected(key), DuckDB(memory_limit=MEMORY, threads=2).session() as run:
        for path in in_little_memory(run):
            path.write_bytes(bytes(path.stat().st_size))
        with pytest.raises(MachineError, match="a file with spilled data was changed"):
            run.run(SORTED)


@pytest.mark.slow
def test_a_full_disk_is_said(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with protected(key), DuckDB(memory_limit=MEMORY, threads=2).session() as run:
        run.confine()
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(MachineError) as error:
            run.run(HELD)
        assert code_of(error) == {"disk-full"}


@pytest.mark.slow
def test_a_connection_that_has_spilled_can_be_used(tmp_path: Path) -> None:
    """DuckDB lets no connection change its folder afterwards."""
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": 2, "temp_directory": str(tmp_path)})
    connection.execute(HELD)
    assert list(tmp_path.iterdir())
    with DuckDB(connection=connection).session() as run:
        assert run.run("SELECT count(*) FROM held") == [(ROWS,)]
        assert run.run("SELECT current_setting('temp_directory')") == [(str(tmp_path),)]
    connection.close()
