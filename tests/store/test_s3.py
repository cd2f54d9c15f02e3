"""Places in S3, on a real server."""

from __future__ import annotations

import json
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.encrypted import code_of, key
from tests.keyservices import aws, kms
from tilth.errors import MachineError, MissingExtra, RequestError, SourceError
from tilth.protection.audit import audit
from tilth.secrets import AuthenticationFailed
from tilth.store import s3 as module
from tilth.store.atomic import LISTING
from tilth.store.places import atomic, copies, store_of
from tilth.store.protection import protected
from tilth.store.s3 import HEAD, RUN, Bucket

__all__ = ["aws", "key", "kms"]
FLOW = """
data: {read: [READ], roles: {id: id, label: y, positive: "1"}}
check: 'Rules = [ RowCount = 40 ]'
split: {train: 0.5, test: 0.5, by: hash(id)}
features: [{impute: {columns: x, with: mean}}]
"""
TABLE = pa.table({"id": range(40), "x": [float(i) if i % 3 else None for i in range(40)], "y": [i % 2 for i in range(40)]})


def put(place: str, content: bytes) -> None:
    with atomic(place) as new:
        new.write_bytes(content)


def keys(place: str) -> set[str]:
    bucket = Bucket.of(place)
    return {o["path"].removeprefix(f"{bucket.key}/") for o in bucket.objects(bucket.key)}


def rows(place, **options):
    return tilth.write(tilth.read(place, **options)).to_pylist()


def test_an_object_a_prefix_and_a_pattern_are_read(s3):
    for name, content in (("a.csv", b"n\n1\n"), ("b.csv", b"n\n2\n"), ("deep/c.csv", b"n\n3\n"), ("_hidden.csv", b"z\n9\n"), (".h", b"z")):
        put(f"{s3}/in/{name}", content)
    assert rows(f"{s3}/in/a.csv") == [{"n": 1}]
    assert rows(f"{s3}/in") == rows(f"{s3}/in/") == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert rows(f"{s3}/in/*.csv") == [{"n": 1}, {"n": 2}]
    assert rows([f"{s3}/in/b.csv", f"{s3}/in/a.csv"]) == [{"n": 2}, {"n": 1}]
    assert str(tilth.read(f"{s3}/in/a.csv").source) == f"{s3}/in/a.csv"


def test_a_written_table_is_read_again(s3):
    for name in ("t.parquet", "t.jsonl", "folder"):
        assert tilth.write(tilth.read(TABLE), f"{s3}/{name}") == f"{s3}/{name}"
        assert sorted(rows(f"{s3}/{name}"), key=lambda r: r["id"]) == TABLE.to_pylist()


def test_partitions_by_folder(s3, tmp_path):
    for year in ("2023", "2024"):
        pq.write_table(TABLE.slice(0, 2), tmp_path / "t.parquet")
        put(f"{s3}/p/year={year}/t.parquet", (tmp_path / "t.parquet").read_bytes())
    assert [r["year"] for r in rows(f"{s3}/p")] == [2023, 2023, 2024, 2024]


def test_errors_name_the_place_and_no_key(s3, monkeypatch):
    put(f"{s3}/bad.csv", b"a,b\n1,2\n3\n")
    with pytest.raises(SourceError, match=rf"{s3}/bad\.csv:3: the row") as ragged:
        tilth.read(f"{s3}/bad.csv")
    assert "/tmp" not in str(ragged.value)
    with pytest.raises(SourceError, match="there is no object at"):
        tilth.read(f"{s3}/none.csv")
    with pytest.raises(SourceError, match="NoSuchBucket"):
        tilth.read("s3://no-such-bucket-here/a.csv")
    with pytest.raises(RequestError, match="credentials come from the environment"):
        tilth.read("s3://key:secret@bucket/a.csv")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-and-never-shown")
    with pytest.raises(MachineError, match="cannot be reached") as refused:
        tilth.read(f"{s3}/a.csv")
    assert "never-shown" not in str(refused.value)


@pytest.mark.slow
def test_an_unreachable_server_is_the_machine_s_fault(monkeypatch):
    for name, value in (("ENDPOINT_URL", "http://127.0.0.1:9"), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(MachineError, match="cannot be reached"):
        tilth.read("s3://bucket/a.csv")


def run(s3: str, tmp_path: Path, **options):
    pq.write_table(TABLE, tmp_path / "t.parquet")
    put(f"{s3}/in/t.parquet", (tmp_path / "t.parquet").read_bytes())
    flow = tmp_path / "f.yaml"
    flow.write_text(FLOW.replace("READ", f"'{s3}/in/t.parquet'"))
    return tilth.run(flow, f"{s3}/out", **options)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_a_flow_is_read_delivered_and_applied(s3, tmp_path, engine, request):
    spark = {"engine": tilth_spark(request)} if engine == "spark" else {}
    assert run(s3, tmp_path, **spark).passed
    train, test = rows(f"{s3}/out/train"), rows(f"{s3}/out/test")
    assert sorted(r["id"] for r in train + test) == list(range(40))
    fitted = tilth.Flow.load(f"{s3}/out/f.tilth")
    tilth.write(tilth.apply(fitted, f"{s3}/in/t.parquet", **spark), f"{s3}/all.parquet", **spark)
    assert all(r["x"] is not None for r in rows(f"{s3}/all.parquet"))
    assert b"<html" in Path(copies(f"{s3}/out/report.html").path).read_bytes()


def tilth_spark(request):
    from tilth.engine.spark import Spark

    return Spark(request.getfixturevalue("spark"))


def test_a_delivery_is_atomic(s3, monkeypatch):
    from obstore.store import S3Store

    def deliver(text: str) -> None:
        with atomic(f"{s3}/out", folder=True) as new:
            (new / "a.csv").write_text(f"n\n{text}\n")
            (new / "b.csv").write_text(f"n\n{text}\n")

    def runs() -> set[str]:
        return {name.split("/")[0] for name in keys(f"{s3}/out")} - {LISTING}

    deliver("1")
    (first,) = runs()
    put_one, manifest = S3Store.put, f"{s3.rpartition('/')[2]}/out/{LISTING}"
    for fails_at in ("b.csv", LISTING):

        def put(self, key, source, fails_at=fails_at):
            if key.endswith(fails_at):
                raise MachineError("the network is gone")
            put_one(self, key, source)

        monkeypatch.setattr(S3Store, "put", put)
        with pytest.raises(MachineError, match="the network is gone"):
            deliver("2")
        assert rows(f"{s3}/out") == [{"n": 1}, {"n": 1}]
    monkeypatch.setattr(S3Store, "put", put_one)
    deliver("3")
    assert rows(f"{s3}/out") == [{"n": 3}, {"n": 3}]
    assert json.loads(Bucket.of(s3).get(manifest))["files"] == ["a.csv", "b.csv"]
    assert len(runs()) == 4 and all(map(RUN.fullmatch, runs()))
    assert rows(f"{s3}/out/{first}") == [{"n": 1}, {"n": 1}]  # one who still reads the first run
    monkeypatch.setattr(module, "KEPT", timedelta(0))
    deliver("4")
    assert len(runs()) == 1 and first not in runs()
    assert len(keys(f"{s3}/out")) == 3


def test_foreign_files_are_not_replaced(s3):
    put(f"{s3}/out/theirs.txt", b"mine")
    with pytest.raises(RequestError, match=r"not written by Tilth: theirs\.txt"), atomic(f"{s3}/out", folder=True):
        pass
    with pytest.raises(RequestError, match="is a prefix of other objects"), atomic(f"{s3}/out"):
        pass
    with pytest.raises(RequestError, match="would replace"):
        from tilth.store.local import reject_own_input

        reject_own_input(f"{s3}/out", [f"{s3}/out/theirs.txt"])


def test_a_failure_leaves_nothing(s3):
    with pytest.raises(ZeroDivisionError), atomic(f"{s3}/new", folder=True) as new:
        (new / "half").write_text("half")
        raise ZeroDivisionError
    assert keys(f"{s3}/new") == set()
    assert not new.exists()


def test_objects_of_a_prefix_are_those_of_the_last_delivery(s3):
    store = module.S3()
    for content in (b"first", b"second"):
        with atomic(f"{s3}/out", folder=True) as folder:
            (folder / "a.csv").write_bytes(content)
    found = store.objects(f"{s3}/out/")
    assert [(o.name, o.bytes) for o in found] == [("a.csv", 6)]
    assert store.part(found[0]) == b"second"
    assert store.part(found[0], 1, 4) == b"eco"
    file = store.find(found[0].place)
    assert file
    assert (file.name, file.version) == ("a.csv", found[0].version)
    assert store.find(f"{s3}/nothing") is None
    put(found[0].place, b"third")
    with pytest.raises(SourceError, match="is not the file of 6 bytes"):
        store.part(found[0], 0, 3)


@pytest.mark.slow
def test_a_secret_is_an_access_key(s3, s3_server, monkeypatch):
    put(f"{s3}/a.csv", b"n\n1\n")
    given = {"AccessKeyId": "tests-id", "SecretAccessKey": "never-shown", "region": "us-east-1", "endpoint": s3_server["AWS_ENDPOINT_URL"]}
    for name in s3_server:
        monkeypatch.delenv(name)
    monkeypatch.setenv("S3_KEY", json.dumps(given))
    assert rows(f"{s3}/a.csv", secret="env:S3_KEY") == [{"n": 1}]
    for value, error, says in (
        ({**given, "SecretAccessKey": "marker-key-marker"}, AuthenticationFailed, "check env:S3_KEY"),
        ({"AccessKeyId": "tests-id", "key": "marker-key-marker"}, RequestError, "is not an access key"),
        ("marker-key-marker", RequestError, "is not an access key"),
    ):
        monkeypatch.setenv("S3_KEY", value if isinstance(value, str) else json.dumps(value))
        with pytest.raises(error, match=says) as raised:
            rows(f"{s3}/a.csv", secret="env:S3_KEY")
        assert "marker-key-marker" not in str(raised.value)


@pytest.mark.slow
def test_s3_is_told_the_key_in_kms(kms, monkeypatch, tmp_path):
    put_with = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404 if self.command == "HEAD" else 200)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")

        do_HEAD = do_GET

        def do_PUT(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            put_with.append({k: v for k, v in self.headers.items() if k.startswith("x-amz-server-side")})
            self.send_response(200)
            self.send_header("ETag", "e")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "https://kms.eu-west-1.amazonaws.com")
    with tilth.protected("aws-kms:alias/tilth"):
        put("s3://bucket/notes.txt", b"x")
    put("s3://bucket/notes.txt", b"x")
    server.shutdown()
    server.server_close()
    arn = kms.describe_key(KeyId="alias/tilth")["KeyMetadata"]["Arn"]
    assert put_with == [{"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": arn}, {}]


def test_parts_of_an_encrypted_delivery_are_read_with_the_keys_of_the_whole(s3, key, monkeypatch):
    put(f"{s3}/in.csv", b"id,x,y\n" + b"".join(b"%d,%d,%d\n" % (i, i, i % 2) for i in range(40)))
    with protected(key):
        tilth.run(tilth.Flow.parse(FLOW.replace("READ", f"{s3}/in.csv")), f"{s3}/out")
        parts = [rows(f"{s3}/out/{part}") for part in ("train", "test")]
        assert sorted(row["id"] for part in parts for row in part) == list(range(40))
        assert rows(f"{s3}/out/t*n/*.parquet") == parts[0]
        (run,) = {name.split("/")[0] for name in keys(f"{s3}/out")} - {LISTING}
        assert rows(f"{s3}/out/{run}/train") == parts[0]
        looked, asked = Bucket.delivery, []
        monkeypatch.setattr(Bucket, "delivery", lambda self, key: (asked.append(key), looked(self, key))[1])
        rows(f"{s3}/out/test/")
        assert len(asked) == 1
    put(f"{s3}/out/plain.bin", bytes(HEAD) + b"SECRET")
    few = store_of(f"{s3}/out").everything(f"{s3}/out", whole=False)
    (plain,) = audit(Path(few.path)).plaintext
    copied = Path(few.path) / "plain.bin"
    assert plain.path == "plain.bin" and copied.stat().st_size == HEAD + len(b"SECRET") and b"SECRET" not in copied.read_bytes()
    with pytest.raises(SourceError) as error:
        rows(f"{s3}/out/train")
    assert code_of(error) == {"needs-key"}


def test_flow_and_rules_beside_the_data(s3):
    put(f"{s3}/job/rules.dqdl", b'Rules = [ RowCount = 40, IsUnique "id" ]')
    put(f"{s3}/job/flow.yaml", FLOW.replace("READ", "t.csv").replace("'Rules = [ RowCount = 40 ]'", "rules.dqdl").encode())
    put(f"{s3}/job/t.csv", b"id,x,y\n" + b"".join(b"%d,%d,%d\n" % (i, i, i % 2) for i in range(40)))
    assert len(tilth.check(f"{s3}/job/t.csv", f"{s3}/job/rules.dqdl").findings) == 2
    assert tilth.run(f"{s3}/job/flow.yaml", f"{s3}/out")
    assert tilth.Flow.load(f"{s3}/out/flow.tilth").name == "flow"
    with pytest.raises(SourceError, match="there is no object at"):
        tilth.check(TABLE, f"{s3}/none.dqdl")


@pytest.mark.parametrize("use", [lambda: tilth.read("s3://bucket/table.parquet"), lambda: tilth.write(TABLE, "s3://bucket/new.csv")])
def test_without_obstore(use, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(MissingExtra, match=r"tilth\[s3\]"):
        use()
