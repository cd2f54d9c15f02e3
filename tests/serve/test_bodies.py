"""Bodies that are made for SageMaker's algorithms: RecordIO-protobuf, and sparse rows in JSON."""

import gc
import json
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.serve.asking import ask
from tests.serve.conftest import TABLE
from tests.serve.test_app import parquet
from tilth.errors import RequestError
from tilth.formats.recordio import framed
from tilth.formats.recordio_protobuf import Bytes, Tensor, message, record
from tilth.serve.app import Server
from tilth.serve.bodies import DECODERS, ENCODERS, binary, decoded, rows
from tilth.serve.bodies.rows import LINES, NPY, PARQUET, RECORDIO, Columns
from tilth.serve.capture import capture_of
from tilth.serve.media import MediaType
from tilth.serve.pipeline import Pipeline
from tilth.serve.replaying import replayed

JSON = {"content-type": "application/json"}
RECORDS = {"content-type": RECORDIO, "accept": RECORDIO}


@pytest.fixture(scope="session")
def numbers(tmp_path_factory):
    """A flow of x, y and the label z that fills x with 1.5."""
    place = tmp_path_factory.mktemp("numbers") / "xyz.tilth"
    table = pa.table({"x": [1.0, 2.0, None], "y": [4.0, 5.0, 6.0], "z": [0.0, 1.0, 1.0]})
    tilth.fit(tilth.Flow.parse("{data: {roles: {label: z}}, features: [{impute: {columns: x, with: mean}}]}"), table).save(place)
    return place


@pytest.fixture
def asked(client, numbers):
    return partial(client(str(numbers)), "POST", "/invocations")


def dense(*values, kind="<f4"):
    return {"values": Tensor(np.array(values, kind))}


def sparse(keys, values, *shape):
    return {"values": Tensor(np.array(values, "<f4"), np.array(keys, np.int64), shape)}


ROWS = [
    (dense(1.5, -2.0), {"values": Tensor(np.ones(1, "<f4"))}, [1.5, -2]),
    (dense(np.nan, 0.25), {}, [1.5, 0.25]),
    (dense(3, -4, kind="<i4"), {}, [3, -4]),
    (dense(3, -4, 1, kind="<f8"), {}, [3, -4]),  # with the label
    (sparse([1], [4.0], 2), {}, [0, 4]),
    (sparse([2, 0], [1.0, 4.0], 1, 3), {}, [4, 0]),
    (sparse([], [], 2), {}, [0, 0]),
    ({"y": Tensor(np.array([7.0])), "x": Tensor(np.array([8.0])), "other": Tensor(np.zeros(2))}, {}, [8, 7]),
]


def test_records_in_both_directions(asked):
    answer = asked(b"".join(record(features, label) for features, label, _ in ROWS), RECORDS)
    assert answer.headers["content-type"] == RECORDIO
    assert answer.content == b"".join(
        framed(message({}, {n: dense(v)["values"] for n, v in zip("xy", row, strict=True)})) for _, _, row in ROWS
    )
    plain = asked(answer.content, RECORDS | {"accept": "application/json"})  # an answer is a request to a next stage
    assert [[p["x"], p["y"]] for p in plain.json()["predictions"]] == [row for *_, row in ROWS]
    # two features and a label: bytes that SageMaker's own library writes
    made = "0a23d7ce2c0000000a160a0676616c756573120c120a0a080000c03f000000c012120a0676616c756573120812060a040000803f"
    assert asked(bytes.fromhex(made), RECORDS | {"accept": "text/csv"}).text == "1.5,-2.0\n"


SPARSE = [
    ({"values": [4.0], "keys": [1], "shape": [2]}, [0, 4]),
    ({"values": [None, 4], "keys": [0, 2], "shape": [1, 3]}, [1.5, 0]),
    ({"values": [], "shape": [2]}, [0, 0]),
    ({"shape": [2], "keys": []}, [0, 0]),
    ({"values": [1, 2], "shape": [2]}, [1, 2]),
    ({"values": [1, "2"]}, [1, 2]),
    ([1, 2], [1, 2]),
]


def test_sparse_rows_in_json(asked):
    lines = "".join(json.dumps({"data": {"features": feature}}) + "\n" for feature, _ in SPARSE).encode()
    for body, kind in ((lines, "application/jsonlines"), (b"[" + b",".join(lines.splitlines()) + b"]", "application/json")):
        found = asked(body, {"content-type": kind}).json()["predictions"]
        assert [[p["x"], p["y"]] for p in found] == [row for _, row in SPARSE]


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        ({"values": [1], "keys": [1]}, "bad-instance"),
        ({"values": [1], "keys": [2], "shape": [2]}, "bad-instance"),
        ({"values": [1, 2], "keys": [1], "shape": [2]}, "bad-instance"),
        ({"values": [1], "keys": [True], "shape": [2]}, "bad-instance"),
        ({"values": ["a"], "keys": [1], "shape": [2]}, "bad-instance"),
        ({"values": [], "shape": [2**62] * 50_000}, "bad-instance"),
        ({"values": [], "shape": [int("9" * 4000)] * 9}, "bad-instance"),
        ({"value": [1]}, "wrong-width"),
        ({"values": [1], "keys": [2**40], "shape": [2**50]}, "wrong-width"),
        ({"values": [1], "keys": [0], "shape": [4]}, "wrong-width"),
    ],
)
def test_sparse_rows_in_json_that_are_refused(asked, feature, code):
    answer = asked(json.dumps([[1, 2], {"data": {"features": feature}}]).encode(), JSON)
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["errors"][0]["row"] == 2


WRONG = {
    "another width": (record(dense(1.0)), "wrong-width"),
    "a huge shape": (record(sparse([2**40], [1.0], 2**50)), "wrong-width"),
    "a shape of many numbers": (record(sparse([], [], *[2**62] * 100_000)), "bad-recordio"),
    "a key outside": (record(sparse([2], [1.0], 2)), "bad-recordio"),
    "bytes": (record({"x": Bytes(b"abc"), "y": Tensor(np.zeros(1))}), "bad-recordio"),
    "a sparse column": (record({"x": Tensor(np.zeros(0), np.zeros(0), (2**50,))}), "bad-recordio"),
    "no features": (record({}), "bad-recordio"),
    "not a message": (framed(b"\x0b"), "bad-recordio"),
    "cut off": (record(dense(1.0, 2.0))[:-1], "bad-recordio"),
    "not records": (b"1,2\n3,4", "bad-recordio"),
    "nothing": (b"", "no-rows"),
}


@pytest.mark.parametrize("name", WRONG)
def test_records_that_are_refused(asked, name):
    body, code = WRONG[name]
    good = record(dense(1.0, 2.0)) if body else b""
    answer = asked(good + body, RECORDS)
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)
    assert not body or answer.json()["error"]["errors"][0]["row"] == 2


def test_small_bodies_cannot_stand_for_tables_of_any_size(monkeypatch):
    monkeypatch.setattr(rows, "MOST_VALUES", 1000)
    wide, one = Columns(tuple(f"c{i}" for i in range(100))), record(sparse([], [], 100))
    zeros = pa.table({"c0": np.zeros(1001), "other": np.zeros(1001)})
    assert len(decoded(one * 10, MediaType(RECORDIO), wide)) == len(decoded(parquet(zeros[:10]), MediaType(PARQUET), wide)) == 10
    line = b'{"data": {"features": {"values": [], "shape": [100]}}}\n'
    unknown = parquet(zeros.select(["other"]))
    for body, kind in ((one * 11, RECORDIO), (parquet(zeros), PARQUET), (unknown, PARQUET), (line * 11, LINES)):
        with pytest.raises(RequestError, match="are too many"):
            decoded(body, MediaType(kind), wide)


def repeated(rows, kind):
    """A column of one string in each row, which a file stores once."""
    strings = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, "int32")), ["a" * 1000])
    offsets = pa.array(range(rows + 1), pa.int32())
    match kind:
        case "string":
            return strings
        case "list":
            return pa.ListArray.from_arrays(offsets, strings).cast(pa.list_(pa.string()))
        case "struct":
            return pa.StructArray.from_arrays([strings], ["x"]).cast(pa.struct({"x": pa.string()}))
        case "map":
            return pa.MapArray.from_arrays(offsets, strings, strings).cast(pa.map_(pa.string(), pa.string()))
        case "binary":
            return pa.array([b"a" * 1000] * rows, pa.binary(1000))
    return pa.FixedSizeListArray.from_arrays(strings, 1).cast(pa.list_(pa.string(), 1))


@pytest.mark.parametrize("kind", ["string", "list", "struct", "map", "binary", "fixed list"])
def test_a_string_is_not_repeated_without_end(monkeypatch, kind):
    """Neither over many rows nor in a single one; the rows of a table that fits are those that were written."""
    monkeypatch.setattr(binary, "LARGEST_TABLE", 100_000)
    column, read = Columns(("c0",)), MediaType(PARQUET)
    one = pa.table({"c0": repeated(40, kind)})
    assert decoded(parquet(one), read, column) == one.to_pylist()
    for bomb in (pa.table({"c0": repeated(200, kind)}), pa.table({"c0": pa.ListArray.from_arrays([0, 200], repeated(200, kind))})):
        assert len(parquet(bomb)) < 10_000
        with pytest.raises(RequestError, match="bytes, unpacked"):
            decoded(parquet(bomb), read, column)


def test_strings_are_not_labels_of_records(client):
    answer = client("people.tilth", "model.skops")("POST", "/invocations", b'{"age": 30, "job": "cook"}', {**JSON, "accept": RECORDIO})
    assert (answer.status, answer.json()["error"]["code"]) == (406, "not-acceptable")
    for media in (RECORDIO, NPY):
        with pytest.raises(RequestError, match="not of numbers alone"):
            ENCODERS[media]([{"x": None}, {"x": "3"}], ["x"])  # digits, too
    rows = [{"x": [1.0, None], "y": 1e300, "z": True}]
    (found,) = DECODERS[RECORDIO](ENCODERS[RECORDIO](rows, list("xyz")), MediaType(RECORDIO), Columns(("x",)))
    assert found == {"x": [1.0, None], "y": float("inf"), "z": 1.0}


def test_captured_binary_requests_are_replayed(served, tmp_path):
    """With a private column; the answers are rounded to 32 bits."""
    pipeline = Pipeline.of(str(served / "people.tilth"), str(served / "number.skops"))
    capture = capture_of(pipeline, str(tmp_path), "people")
    for accept in (RECORDIO, "application/json"):
        headers = {"content-type": PARQUET, "accept": accept}
        assert ask(Server(pipeline, captured=capture), "POST", "/invocations", parquet(TABLE), headers).status == 200
    capture.close()
    (file,) = tmp_path.rglob("*.jsonl")
    assert "@mail.invalid" not in json.loads(file.read_text().splitlines()[0])["captureData"]["endpointInput"]["data"]
    found = replayed(str(file), pipeline)
    assert (found.requests, found.rows, found.differences) == (2, 80, ())


def test_a_table_leaves_no_cycles_of_references():
    body, columns = parquet(pa.table({"age": [38, None], "job": ["cook", "clerk"]})), Columns(("age", "job"))
    kind = MediaType(PARQUET)
    decoded(body, kind, columns)
    gc.collect()
    decoded(body, kind, columns)
    assert gc.collect() == 0  # they would hold the bodies of thousands of requests until the collector runs
