"""Exports from a real PostgreSQL: what is taken, and what happens when something fails on the way."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tilth
from tests.encrypted import key
from tests.exporting.conftest import GATED, Wire, rows_in, running
from tilth.cli.app import run
from tilth.engine.spark import Spark
from tilth.errors import DISK_FULL, MachineError, RequestError, SourceError
from tilth.exporting import pull
from tilth.exporting.export import explain
from tilth.store.s3 import Bucket

__all__ = ["key"]

pytestmark = pytest.mark.slow
AGAIN = "are done and kept: run the same again"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(pull, "FIRST_WAIT", 0.02)


def by_id(database, query=GATED):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}) AS rows ORDER BY id")
        return cursor.fetch_arrow_table().to_pylist()


def plan(database, query=GATED, **more):
    return {"source": f"{database}&query={query}", "partition": {"by": "id", "parts": 8}, "connections": 2, **more}


def record(out):
    return json.loads((Path(out) / "_export.json").read_text())


def hidden(out):
    return out.with_name(f".{out.name}.unfinished")


def test_a_table(database, tmp_path):
    out, source = tmp_path / "out", f"{database}&table=public.orders"
    done = tilth.export(source, str(out), connections=2)
    expected = by_id(database, "SELECT * FROM orders")
    assert rows_in(out) == expected
    assert sorted(tilth.write(tilth.read(str(out))).to_pylist(), key=lambda row: row["id"]) == expected
    assert (done.rows, done.files, len(done.state["snapshots"])) == (6000, 1, 1)
    manifest = json.loads((out / "_copy_manifest.json").read_text())
    assert manifest["meta"]["record_count"] == 6000 and manifest["author"]["name"] == "Tilth"
    assert manifest["schema"]["elements"][2] == {"name": "at", "type": {"base": "timestamp without time zone"}}
    assert sorted(p.name for p in out.iterdir()) == ["_copy_manifest.json", "_export.json", "_tilth.json", "part-00000.parquet"]
    assert pq.read_table(out).num_rows == 6000
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    with pytest.warns(UserWarning, match="holds this export already"):
        assert tilth.export(source, str(out)).state == done.state
    (out / "part-00000.parquet").write_bytes(b"x")
    with pytest.raises(SourceError, match=r"part 0 in .* is missing or changed"):
        tilth.export(source, str(out))
    assert tilth.export(source, str(out), force=True, where="id > 5").rows == 5995


def test_a_subset(database, tmp_path):
    source, out = f"{database}&table=orders", tmp_path / "out"
    options = {
        "columns": ["id", "country", "customer"],
        "where": "country in (:countries) and at >= :since",
        "parameters": {"countries": ["c1", "it's"], "since": "2026-01-20"},
        "sample": {"fraction": 0.4, "by": "customer", "seed": 7},
        "partition": {"by": "country", "parts": 3},
    }
    explained = explain(source, **options)
    assert len(explained.parts) == 4 and "it''s" in explained.parts[0][0] and explained.bytes > 0
    done = tilth.export(source, str(out), **options)
    taken = rows_in(out)
    kept = {row["customer"] for row in taken}
    every = by_id(database, "SELECT id, country, customer FROM orders WHERE country = 'c1' AND at >= '2026-01-20'")
    assert taken == [row for row in every if row["customer"] in kept]  # whole customers
    assert 20 < len(kept) < 60 and done.rows == len(taken)


def test_the_first_rows_and_a_share_of_each_stratum(database, tmp_path):
    source = f"{database}&table=orders"
    assert tilth.export(source, str(tmp_path / "first"), sample={"first": 7}).rows == 7
    sample = {"fraction": 0.3, "by": "customer", "seed": 7, "strata": "country"}
    done = tilth.export(
        source, str(tmp_path / "out"), columns=["id", "country", "customer"], sample=sample, partition={"by": "id", "parts": 3}
    )
    taken, every = rows_in(tmp_path / "out"), by_id(database, "SELECT id, country, customer FROM orders")
    assert done.rows == len(taken) and [set(row) for row in taken[:1]] == [{"id", "country", "customer"}]
    for country in {row["country"] for row in every}:
        of, kept = ([row for row in rows if row["country"] == country] for rows in (every, taken))
        customers = {row["customer"] for row in kept}
        assert kept == [row for row in of if row["customer"] in customers]  # all rows of a key that the stratum has
        assert 0.3 * len(of) <= len(kept) <= 0.3 * len(of) + len(of) / 20


def test_nothing_to_take_is_a_file_without_rows(database, tmp_path):
    done = tilth.export(f"{database}&table=orders", str(tmp_path), where="false", partition={"by": "id", "parts": 4})
    assert (done.rows, done.files) == (0, 1)
    assert tilth.read(str(tmp_path)).names == ("id", "customer", "at", "country", "key")


@pytest.mark.parametrize("batch", [4 << 20, 1 << 12])  # bytes: lost before the first batch of a part, and between two
def test_a_lost_connection_is_made_again(batch, database, gated, at_the_gate, execute, tmp_path, monkeypatch):
    monkeypatch.setattr("tilth.store.snapshot.BATCH_BYTES", batch)
    with running(lambda: tilth.export(plan(database), str(tmp_path), count=False)) as done:
        lost = at_the_gate()
        execute(f"select pg_terminate_backend({lost})")
        while at_the_gate() == lost:
            pass
        gated()
    assert rows_in(tmp_path) == by_id(database)
    assert sorted(p["tries"] for p in done[0].state["parts"])[-2:] == [1, 2]
    assert len(done[0].state["snapshots"]) == 1


OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
and pid not in (select pid from pg_locks where locktype = 'advisory' and granted)
"""


def test_all_connections_lost(database, gated, at_the_gate, execute, tmp_path):
    """The snapshot is gone with the connection that held it: as nothing was written meanwhile, the rest is read at another one."""
    with running(lambda: tilth.export(plan(database), str(tmp_path), count=False)) as done:
        at_the_gate()
        execute(OTHERS)
        gated()
    assert rows_in(tmp_path) == by_id(database)
    assert len(done[0].state["snapshots"]) == 2


def killed_after(operations, given, out):
    """Export in this process, which is killed after so many operations on the file system."""
    left = iter(range(operations))

    def counted(operation):
        def call(*args, **kwargs):
            result = operation(*args, **kwargs)
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for name in ("fsync", "mkdir", "rename", "replace", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    tilth.export(given, out)


def test_a_process_that_is_killed_again_and_again(database, gated, tmp_path):
    """The rows are there once, whatever the operation on the file system after which a process ends; and nothing else is left."""
    gated()
    out, chance, kills = tmp_path / "out", random.Random(5), 0
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(
        ["tests.exporting.test_export", "tilth.formats.parquet", "tilth.exporting.export", "adbc_driver_postgresql.dbapi"]
    )
    while True:
        process = processes.Process(target=killed_after, args=(chance.randrange(3, 30), plan(database), str(out)))
        process.start()
        process.join(60)
        if process.exitcode == 0:
            break
        kills += process.exitcode == -signal.SIGKILL
        assert not (out.exists() and hidden(out).exists())
    assert kills >= 4
    assert rows_in(out) == by_id(database)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    names = {f["name"] for p in record(out)["parts"] for f in p["files"]}
    assert {p.name for p in out.iterdir()} == names | {"_tilth.json", "_export.json", "_copy_manifest.json"}


KILLED = "import sys, json, tilth; tilth.export(json.loads(sys.argv[1]), sys.argv[2], count=False)"


def test_a_killed_process_goes_on(database, gated, at_the_gate, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", KILLED, json.dumps(plan(database)), str(out)])
    try:
        at_the_gate()
        with pytest.raises(RequestError, match="another process"):
            tilth.export(plan(database), str(out))
    finally:
        process.kill()
        process.wait()
    kept = {p["number"]: p for p in record(hidden(out))["parts"] if p["done"]}
    assert kept and len(kept) < 9 and not out.exists()  # half of it is not taken for the whole
    gated()
    done = tilth.export(plan(database), str(out))
    assert rows_in(out) == by_id(database)
    assert {p["number"]: p for p in done.state["parts"] if p["number"] in kept} == kept


def stopped(database, out, parts=3, **more):
    """An export that ends with an error after some parts."""

    def progress(text):
        if text.startswith(f"{parts} "):
            raise MachineError("stopped")

    with pytest.raises(MachineError, match=rf"stopped(.|\n)*{AGAIN}"):
        tilth.export(plan(database, connections=1, **more), str(out), progress=progress)


def test_another_plan_is_refused(database, gated, tmp_path):
    gated()
    out = tmp_path / "out"
    stopped(database, out)
    with pytest.raises(RequestError, match=r"partition\.parts was 8, and is 9") as error:
        tilth.export(plan(database) | {"partition": {"by": "id", "parts": 9}, "where": "id > 5"}, str(out))
    assert "where was null" in str(error.value)
    (hidden(out) / "part-00001.parquet").write_bytes(b"")
    with pytest.warns(UserWarning, match="part 1 is read again"):
        done = tilth.export(plan(database) | {"connections": 4}, str(out))  # which is not of what is taken
    assert done.rows == 6000 and rows_in(out) == by_id(database)
    with pytest.raises(RequestError, match="not written by Tilth"):
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "mine.csv").write_text("a")
        tilth.export(plan(database), str(tmp_path / "other"))


def test_a_table_that_is_written_to_meanwhile(database, gated, at_the_gate, execute, tmp_path):
    expected = by_id(database, "select id, id as g, customer, at, country from orders")
    with running(lambda: tilth.export(plan(database), str(tmp_path), count=False)):
        at_the_gate()
        execute("delete from orders where id > 5000", "insert into orders select 9999", "update orders set customer = 5")
        gated()
    assert rows_in(tmp_path) == expected


def test_a_table_that_was_written_to_before_it_goes_on(database, gated, execute, tmp_path):
    gated()
    stopped(database, tmp_path / "out")
    execute("insert into orders select 6001, 1, '2027-01-01', 'c1', 1")
    for _ in range(500):  # the server's counters are a moment late
        if execute("select pg_stat_get_tuples_inserted('orders'::regclass)")[0][0] > 6000:
            break
    with pytest.raises(SourceError, match=r"public.orders was written to since"):
        tilth.export(plan(database), str(tmp_path / "out"))
    done = tilth.export(plan(database), str(tmp_path / "out"), across_snapshots=True)
    assert (done.rows, len(done.state["snapshots"])) == (6001, 2)


def test_a_column_that_disappears(database, execute, tmp_path):
    query, out = "select * from orders", tmp_path / "out"
    stopped(database, out, query=query)
    execute("alter table orders drop column country")
    with pytest.raises(SourceError, match="country was string, and is absent"):
        tilth.export(plan(database, query), str(out))
    with pytest.raises(SourceError, match='column "country" does not exist'):
        tilth.export(f"{database}&table=orders", str(tmp_path / "new"), columns=["id", "country"])


def test_no_permission_and_expired_credentials(database, gated, at_the_gate, execute, tmp_path):
    user, out = f"reader{os.getpid()}", tmp_path / "out"
    execute(f"drop role if exists {user}", f"create role {user} login")
    mine = plan(database.replace("tilth@", f"{user}@"))
    with pytest.raises(SourceError, match=r"permission denied for table orders(.|\n)*GRANT USAGE"):
        tilth.export(mine, str(out))
    execute(f"grant select on orders to {user}")
    with running(lambda: tilth.export(mine, str(out), count=False)) as done:
        at_the_gate()
        execute(f"alter role {user} nologin", f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{user}'")
    assert "is not permitted to log in" in str(done[0]) and AGAIN in str(done[0])
    execute(f"alter role {user} login")
    gated()
    assert tilth.export(mine, str(out)).rows == 6000
    execute(f"revoke all on orders from {user}", f"drop role {user}")


def test_the_network_is_gone(database, gated, at_the_gate, tmp_path):
    with Wire(database, tmp_path) as wire:
        mine, out = plan(f"postgresql://tilth@/postgres?host={tmp_path}&port={wire.port}"), tmp_path / "out"
        with running(lambda: tilth.export(mine, str(out), count=False)) as done:
            at_the_gate()
            wire.cut()
        assert isinstance(done[0], MachineError) and AGAIN in str(done[0])
        gated()
        wire.mend()
        assert tilth.export(mine, str(out)).rows == 6000
    assert rows_in(out) == by_id(database)


def test_a_full_disk(database, gated, tmp_path, monkeypatch):
    gated()
    flush, flushed, out = os.fsync, [], tmp_path / "out"

    def full(file):
        if ".parquet" in str(Path(f"/proc/self/fd/{file}").readlink()):
            flushed.append(file)
            if len(flushed) == 4:
                raise OSError(errno.ENOSPC, "No space left on device")
        flush(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="the disk is full") as error:
        tilth.export(plan(database, connections=1), str(out))
    assert error.value.mistakes[0].code == DISK_FULL and "3 of 9 parts are done" in str(error.value)
    assert [p["done"] for p in record(hidden(out))["parts"]][:4] == [True, True, True, False]
    assert tilth.export(plan(database), str(out)).rows == 6000


def test_too_many_bytes(database, tmp_path):
    with pytest.raises(RequestError, match="bytes would be read"):
        tilth.export(f"{database}&table=orders", str(tmp_path / "out"), limit_bytes=1000)
    with pytest.raises(RequestError, match="more than 250,000 bytes are read"):  # whatever the server expected
        tilth.export(plan(database, "select id, repeat(country, 99) from orders", limit_bytes=250_000), str(tmp_path / "out"))


def test_values_that_do_not_fit(database, tmp_path):
    with pytest.raises(SourceError, match="a value does not fit") as error:
        tilth.export(f"{database}&query=select id, 1 / (id - 5000) as x from orders", str(tmp_path), count=False)
    assert "division" not in str(error.value)


def test_into_s3(database, gated, s3):
    gated()
    stopped(database, s3)
    with pytest.raises(SourceError, match="no object"):
        tilth.read(s3, format="parquet")
    done = tilth.export(plan(database), s3)
    assert [p["tries"] for p in done.state["parts"]] == [1] * 9
    table = tilth.write(tilth.read(s3)).sort_by("id")
    assert table.to_pylist() == by_id(database)
    with pytest.warns(UserWarning, match="holds this export already"):
        assert tilth.export(plan(database), s3).state == done.state
    assert tilth.export(plan(database, where="id < 10"), s3, force=True).rows == 9
    assert tilth.write(tilth.read(s3)).num_rows == 9


def test_row_groups_do_not_grow_with_the_table(database, tmp_path, monkeypatch):
    monkeypatch.setattr(pull, "GROUP_ROWS", 1000)
    tilth.export(f"{database}&query=select * from orders cross join generate_series(1, 10) as n", str(tmp_path))
    footer = pq.read_metadata(tmp_path / "part-00000.parquet")
    assert footer.num_row_groups == 60


def test_under_a_key_nothing_is_readable(database, tmp_path, key):
    out = tmp_path / "out"
    with tilth.protected(key):
        stopped(database, out, query="select id, 'SECRETMARK' || id as g from orders")
    with pytest.raises(RequestError, match="was started under a key"):
        tilth.export(plan(database, "select id, 'SECRETMARK' || id as g from orders"), str(out))
    with tilth.protected(key):
        done = tilth.export(plan(database, "select id, 'SECRETMARK' || id as g from orders"), str(out))
        assert sorted(tilth.write(done.read())["g"].to_pylist()) == sorted(f"SECRETMARK{i}" for i in range(1, 6001))
    assert {p.suffix for p in out.iterdir() if p.name != "_tilth.json"} == {".parquet", ".sealed"}
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"SECRETMARK" in p.read_bytes()]


def test_under_a_key_in_s3(database, s3, key):
    with tilth.protected(key):
        stopped(database, s3, query="select id, 'SECRETMARK' || id as g from orders")
        done = tilth.export(plan(database, "select id, 'SECRETMARK' || id as g from orders"), s3)
        assert [p["tries"] for p in done.state["parts"]] == [1] * 9
        assert tilth.write(done.read()).num_rows == 6000
    bucket = Bucket.of(s3)
    assert not [o["path"] for o in bucket.objects(bucket.key) if b"SECRETMARK" in (bucket.get(o["path"]) or b"")]


def test_what_is_hidden_is_in_no_file(database, tmp_path, capsys, key):
    out, secret = tmp_path / "out", key.removeprefix("file:")
    words = ["export", f"{database}&query=select id, 'mark' || country as who, customer from orders", "-o", str(out), "--json"]
    step = f"- redact: {{columns: [who], with: hash, key: 'file:{secret}', domain: customer}}"
    assert run([*words, "--redact", "{columns: customer, with: drop}", "--plan"]) == 0
    assert json.loads(capsys.readouterr().out)["redact"] == [{"columns": "customer", "with": "drop"}]
    assert run([*words, "--redact", step, "--redact", "{columns: customer, with: drop}"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = tilth.write(tilth.read(out)).to_pylist()
    assert len(rows) == 6000 and set(rows[0]) == {"id", "who"} and len({row["who"] for row in rows}) == 8
    assert told["redact"][0]["key_id"] and told["written"] == [["id", "int32"], ["who", "string"]]
    assert len(json.loads((out / "_copy_manifest.json").read_text())["schema"]["elements"]) == 2
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"markc" in p.read_bytes()]
    assert run([*words, "--redact", "x"]) == 2 and "it is a step" in capsys.readouterr().err


def test_the_command(postgres_server, execute, database, tmp_path, monkeypatch, capsys):
    execute("create role clerk login password 'marked-password'", "grant select on orders to clerk")
    try:
        monkeypatch.setenv("CLERK", '{"username": "clerk", "password": "marked-password"}')
        place, out = f"{postgres_server.local}&table=orders", str(tmp_path / "out")
        words = ["export", place, "--secret", "env:CLERK", "-o", out, "--where", "country in (:c)", "--param", "c=c1", "--param", "c=c2"]
        assert run([*words, "--plan"]) == 0
        assert "country IN ('c1', 'c2')" in capsys.readouterr().out
        assert run([*words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["rows"] == len(by_id(database, "select id from orders where country in ('c1', 'c2')"))
        assert run([*words, "--columns", "id"]) == 2
        assert "columns was null" in capsys.readouterr().err
        monkeypatch.setenv("CLERK", '{"username": "clerk", "password": "marked-passwords"}')
        assert run([*words, "--force"]) == 2
        assert run([*words, "--parts", "3"]) == 2
        told = capsys.readouterr()
        assert "check env:CLERK" in told.err and "--parts needs --partition-by" in told.err
    finally:
        execute("drop owned by clerk", "drop role clerk")
    assert "marked-password" not in told.err + told.out + "".join(p.read_text() for p in tmp_path.rglob("*.json"))


@pytest.mark.spark
def test_the_executors_of_spark_read(database, spark, execute, tmp_path, key):
    """Under a key, at one snapshot, with an error that comes back as it is; what one process began the other goes on with."""
    engine, query = Spark(spark), "select id, customer, country, 100 / (id - {}) as x from orders"
    expected = tilth.write(tilth.read(f"{database}&query={query.format(7000)}")).sort_by("id").to_pylist()
    expected, hide = [row | {"country": row["country"] and "**"} for row in expected], [{"columns": "country", "with": "mask"}]
    with tilth.protected(key, ["spill"]):  # this Spark is not one that encrypts
        with pytest.raises(SourceError, match=rf"a value does not fit(.|\n)*{AGAIN}"):
            tilth.export(plan(database, query.format(4500), redact=hide), str(tmp_path / "new"), engine=engine, count=False)
        stopped(database, tmp_path / "begun", query=query.format(7000), redact=hide)
        for place, more in ((tmp_path / "new", {"force": True}), (tmp_path / "begun", {})):
            done = tilth.export(plan(database, query.format(7000), redact=hide), str(place), engine=engine, **more)
            assert tilth.write(done.read(engine=engine)).sort_by("id").to_pylist() == expected
            assert {p.read_bytes()[:4] for p in place.glob("*.parquet")} == {b"PARE"}
