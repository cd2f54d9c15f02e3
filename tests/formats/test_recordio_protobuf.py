"""RecordIO-protobuf: the message, byte for byte, and tables of it, read by an independent parser."""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.errors import RequestError, SourceError
from tilth.formats import read, to_arrow, write
from tilth.formats import recordio_protobuf as module
from tilth.formats.layout import Layout
from tilth.formats.recordio import MAGIC_BYTES, framed, is_split, records
from tilth.formats.recordio_protobuf import Bytes, RecordIOProtobuf, Tensor, message
from tilth.formats.shards import Manifest
from tilth.testing.formats import check_format

F4, F8, I4 = "<f4", "<f8", "<i4"


def vector(*values, kind=F4):
    return {"values": Tensor(np.array(values, kind))}


def sparse(keys, values, width):
    return {"values": Tensor(np.array(values, F4), np.array(keys, np.int64), (width,))}


# features, label → the file; identical to that of the SageMaker SDK 2.257.7, which reads each back
WORKED = {
    "dense": (
        vector(1.5, -2.0),
        vector(1.0),
        """0a 23 d7 ce 2c 00 00 00 0a 16 0a 06 76 61 6c 75 65 73 12 0c 12 0a 0a 08 00 00 c0 3f 00 00 00 c0
           12 12 0a 06 76 61 6c 75 65 73 12 08 12 06 0a 04 00 00 80 3f""",
    ),
    "sparse": (
        sparse([1, 300, 70000], [1.0, 4.0, 0.5], 100_000),
        vector(0.0),
        """0a 23 d7 ce 3d 00 00 00 0a 27 0a 06 76 61 6c 75 65 73 12 1d 12 1b 0a 0c 00 00 80 3f 00 00 80 40
           00 00 00 3f 12 06 01 ac 02 f0 a2 04 1a 03 a0 8d 06 12 12 0a 06 76 61 6c 75 65 73 12 08 12 06 0a
           04 00 00 00 00 00 00 00""",
    ),
    "empty sparse": (
        sparse([], [], 5),
        None,
        "0a 23 d7 ce 11 00 00 00 0a 0f 0a 06 76 61 6c 75 65 73 12 05 12 03 1a 01 05 00 00 00",
    ),
    "doubles and integers": (
        vector(0.1, kind=F8),
        vector(3, -1, kind=I4),
        """0a 23 d7 ce 33 00 00 00 0a 16 0a 06 76 61 6c 75 65 73 12 0c 1a 0a 0a 08 9a 99 99 99 99 99 b9 3f
           12 19 0a 06 76 61 6c 75 65 73 12 0f 3a 0d 0a 0b 03 ff ff ff ff ff ff ff ff ff 01 00""",
    ),
}
ALL_FIELDS = """0a 0f 0a 03 61 67 65 12 08 12 06 0a 04 00 00 08 42 0a 19 0a 03 69 6d 67 12 12 4a 10 0a 02 ff d8
                12 0a 69 6d 61 67 65 2f 6a 70 65 67 1a 02 75 31 22 02 7b 7d 2a 07 7b 22 6b 22 3a 33 7d"""


@cache
def official():
    """The class of a record, made by protobuf's own library from a description of its own."""
    pytest.importorskip("google.protobuf")
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="record.proto", package="aialgs.data", syntax="proto2")
    labels = {"optional": 1, "repeated": 3}
    kinds = {"float": 2, "double": 1, "int32": 5, "uint64": 4, "bytes": 12, "string": 9}

    def add(parent, name, *fields):
        made = parent.add(name=name)
        for field, number, label, kind in fields:
            new = made.field.add(name=field, number=number, label=labels[label])
            if kind in kinds:
                new.type = kinds[kind]
                new.options.packed = label == "repeated" and kind not in ("bytes", "string")
            else:
                new.type, new.type_name = 11, f".aialgs.data.{kind}"
        return made

    places = (("keys", 2, "repeated", "uint64"), ("shape", 3, "repeated", "uint64"))
    add(file.message_type, "Float32Tensor", ("values", 1, "repeated", "float"), *places)
    add(file.message_type, "Float64Tensor", ("values", 1, "repeated", "double"), *places)
    add(file.message_type, "Int32Tensor", ("values", 1, "repeated", "int32"), *places)
    add(file.message_type, "Bytes", ("value", 1, "repeated", "bytes"), ("content_type", 2, "optional", "string"))
    value = add(
        file.message_type,
        "Value",
        ("float32_tensor", 2, "optional", "Float32Tensor"),
        ("float64_tensor", 3, "optional", "Float64Tensor"),
        ("int32_tensor", 7, "optional", "Int32Tensor"),
        ("bytes", 9, "optional", "Bytes"),
    )
    value.oneof_decl.add(name="value")
    for field in value.field:
        field.oneof_index = 0
    record = add(
        file.message_type,
        "Record",
        ("features", 1, "repeated", "Record.FeaturesEntry"),
        ("label", 2, "repeated", "Record.LabelEntry"),
        ("uid", 3, "optional", "string"),
        ("metadata", 4, "optional", "string"),
        ("configuration", 5, "optional", "string"),
    )
    for entry in ("FeaturesEntry", "LabelEntry"):
        add(record.nested_type, entry, ("key", 1, "optional", "string"), ("value", 2, "optional", "Value")).options.map_entry = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("aialgs.data.Record"))


def encoded(table, label="label", sparse_lists=False, **options):
    features = tuple(n for n in table.column_names if n != label)
    layout = Layout(label if label in table.column_names else None, None, features, (1,) * len(features), sparse=sparse_lists)
    file = io.BytesIO()
    facts = RecordIOProtobuf().encode(table.to_reader(), file, layout=layout, **options)
    return file.getvalue(), facts


def decoded(content, **options):
    return pa.Table.from_batches(RecordIOProtobuf().decode(io.BytesIO(content), **options))


@pytest.mark.parametrize("name", WORKED)
def test_worked_examples(name):
    features, label, file = WORKED[name]
    assert framed(message(features, label)) == bytes.fromhex(file)


def test_all_fields_in_the_order_of_their_numbers():
    features = {"img": Bytes(b"\xff\xd8", "image/jpeg"), "age": Tensor(np.array([34.0], F4))}
    made = message(features, configuration='{"k":3}', metadata="{}", uid="u1")
    assert made == bytes.fromhex(ALL_FIELDS)
    assert decoded(framed(made)).to_pylist() == [
        {"age": 34.0, "img": b"\xff\xd8", "uid": "u1", "metadata": "{}", "configuration": '{"k":3}'}
    ]


EMPTY = pa.array([[]], pa.list_(pa.float32()))


def test_worked_examples_of_tables_both_ways():
    for name, table, options in [
        ("dense", {"label": [1.0], "f0": [1.5], "f1": [-2.0]}, {}),
        ("sparse", {"label": [0.0], "keys": [[1, 300, 70000]], "values": [[1.0, 4.0, 0.5]]}, {"sparse_lists": True, "n_features": 100_000}),
        (
            "empty sparse",
            {"keys": pa.array([[]], pa.list_(pa.int64())), "values": pa.array([[]], pa.list_(pa.float32()))},
            {"sparse_lists": True, "n_features": 5},
        ),
    ]:
        expected = bytes.fromhex(WORKED[name][2])
        assert encoded(pa.table(table), **options)[0] == expected
        assert decoded(expected, lists="keys" in table).to_pydict() == pa.table(table).to_pydict()
    assert decoded(bytes.fromhex(WORKED["doubles and integers"][2])).to_pydict() == {"label_0": [3], "label_1": [-1], "f0": [0.1]}
    assert decoded(bytes.fromhex(WORKED["empty sparse"][2])).to_pydict() == {f"f{i}": [0.0] for i in range(5)}


floats = st.one_of(st.sampled_from([0.0, 0.0, -1804698880.0, 1.5]), st.floats(width=32, allow_nan=False))  # the magic number as a float
tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(floats, min_size=width + 1, max_size=width + 1), min_size=1, max_size=8))


@pytest.mark.slow
@given(tables, st.booleans(), st.sampled_from(["float32", "float64"]), st.sampled_from(["avoid", "split", "raw"]))
@settings(max_examples=60)
def test_tables_are_read_back_by_us_and_by_protobuf(rows, as_sparse, dtype, on_magic):
    table = pa.table({n: [r[i] for r in rows] for i, n in enumerate(["label", *(f"f{i}" for i in range(len(rows[0]) - 1))])})
    content, facts = encoded(table, sparse=as_sparse, dtype=dtype, on_magic=on_magic)
    assert decoded(content).to_pylist() == table.to_pylist()
    payloads = list(records(io.BytesIO(content)))
    for payload, row in zip(payloads, rows, strict=True):
        record = official().FromString(payload)
        tensor, label = (getattr(of["values"], f"{dtype}_tensor") for of in (record.features, record.label))
        assert list(label.values) == row[:1]
        if as_sparse:
            assert (list(tensor.shape), list(tensor.keys)) == ([len(row) - 1], [i for i, v in enumerate(row[1:]) if v])
            assert list(tensor.values) == [v for v in row[1:] if v]
        else:
            assert list(tensor.values) == row[1:]
        plain = message({"values": Tensor(np.array(row[1:], dtype))}, {"values": Tensor(np.array(row[:1], dtype))})
        assert as_sparse or payload.endswith(plain)
    assert facts["split"] == (sum(map(is_split, payloads)) if on_magic != "raw" else 0)


MAGIC_FLOAT = -1804698880.0  # whose bytes are the magic number


def test_the_magic_number_is_moved_from_multiples_of_four_bytes():
    payload = message(vector(MAGIC_FLOAT))
    assert is_split(payload) and not any(is_split(shift + payload) for shift in module.SHIFTS)
    assert all(official().FromString(shift + payload).features == official().FromString(payload).features for shift in module.SHIFTS)
    table = pa.table({"f0": [1.0, MAGIC_FLOAT, MAGIC_FLOAT, 2.0], "f1": [3.0, 4.0, MAGIC_FLOAT, 5.0]})
    plain = [message(vector(*row.values())) for row in table.to_pylist()]
    for on_magic, facts, payloads in [
        ("avoid", {"shifted": 2, "split": 0}, [p if i in (0, 3) else module.SHIFTS[0] + p for i, p in enumerate(plain)]),
        ("split", {"shifted": 0, "split": 2}, plain),
        ("raw", {"shifted": 0, "split": 0}, plain),
    ]:
        content, found = encoded(table, on_magic=on_magic)
        assert (found, list(records(io.BytesIO(content)))) == (facts, payloads)
        assert content.count(MAGIC_BYTES) == {"avoid": 7, "split": 7, "raw": 7}[on_magic]
        assert decoded(content).to_pydict() == table.to_pydict()
    with pytest.raises(RequestError, match="holds the magic number"):
        encoded(table, on_magic="error")


def parts(content):
    """Flag, word and payload of each part of a file, and what follows its header."""
    at = 0
    while at < len(content):
        (word,) = struct.unpack_from("<I", content, at + 4)
        length = word & (1 << 29) - 1
        yield word >> 29, content[at + 8 : at + 8 + word], content[at + 8 : at + 8 + length]
        at += 8 + length + -length % 4


def read_by(program, content):
    """The records that programs find which read split ones in three ways."""
    if program == "the SDK":  # takes the flag for a part of the length, and so what follows for one record
        return [rest for flag, rest, _ in parts(content) if flag < 2]
    found, between = [], MAGIC_BYTES if program == "MXNet" else b""  # ml-io and PipeModeDataset leave the magic number out
    for flag, _, payload in parts(content):
        found = [*found, payload] if flag < 2 else [*found[:-1], found[-1] + between + payload]
    return found


@pytest.mark.parametrize("program", ["MXNet", "the SDK", "ml-io"])
def test_every_program_reads_what_is_written_by_default(program):
    table = pa.table({"f0": [1.0, MAGIC_FLOAT, 2.0], "f1": [3.0, 4.0, MAGIC_FLOAT]})
    rows = [list(row.values()) for row in table.to_pylist()]
    default, split = encoded(table)[0], encoded(table, on_magic="split")[0]
    said = [official().FromString(r).features["values"].float32_tensor.values for r in read_by(program, default)]
    assert [list(values) for values in said] == rows
    plain = [message(vector(*row)) for row in rows]
    assert (read_by(program, split) == plain) is (program == "MXNet")


def test_where_no_shift_helps_a_record_is_split():
    facts = {"shifted": 0, "split": 0}
    payload = b"".join(bytes(i) + MAGIC_BYTES + bytes(-i % 4) for i in range(4))  # at each offset from a multiple of four
    assert module._without_magic(payload, "avoid", facts) == framed(payload) and facts == {"shifted": 0, "split": 1}


def field(number, content, wire=2):
    return bytes([number << 3 | wire]) + (bytes([len(content)]) if wire == 2 else b"") + content


def entry(key, value, first=1):
    parts = [field(1, key), field(2, value)]
    return b"".join(parts if first == 1 else parts[::-1])


def single(*numbers):
    return b"".join(field(1, np.array([n], F4).tobytes(), 5) for n in numbers)


@pytest.mark.parametrize(
    ("payload", "row"),
    [
        (field(1, entry(b"values", field(2, single(1.5, 2.0)))), {"f0": 1.5, "f1": 2.0}),  # not packed
        (field(1, entry(b"values", field(2, field(1, bytes(4)) + single(2.0)))), {"f0": 0.0, "f1": 2.0}),  # both
        (field(1, entry(b"values", field(7, field(1, b"\x03", 0) + field(1, b"\xff" * 9 + b"\x01", 0)))), {"f0": 3, "f1": -1}),
        (field(2, entry(b"values", field(2, single(1.0)), 2)) + field(1, entry(b"x", field(2, single(2.0)), 2)), {"label": 1.0, "x": 2.0}),
        (field(1, entry(b"x", field(2, single(9.0)))) + field(1, entry(b"x", field(2, single(2.0)))), {"x": 2.0}),  # the last wins
        (field(9, b"abc") + field(10, b"\x01", 0) + field(1, field(9, b"z") + entry(b"x", field(2, single(2.0)))), {"x": 2.0}),
        (
            field(1, entry(b"values", field(2, single(4.0) + field(2, b"\x02", 0) + field(3, b"\x01\x03")))),
            {"f0": 0.0, "f1": 0.0, "f2": 4.0},
        ),
        (field(2, entry(b"a", field(2, single(1.0)))) + field(1, entry(b"x", field(2, single(2.0)))), {"label_a": 1.0, "x": 2.0}),
    ],
)
def test_what_other_writers_may_do_is_read(payload, row):
    assert official().FromString(payload) is not None
    assert decoded(framed(payload) * 3).to_pylist() == [row] * 3


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"\x0a\x05abc", "a field ends beyond its message"),
        (b"\x0b", "there is no wire type 3"),
        (field(1, entry(b"values", field(2, field(1, b"abc")))), "the bytes of its numbers are cut off"),
        (field(1, entry(b"values", field(2, field(1, bytes(4)) + field(2, b"\x01")))), "there are keys and no shape"),
        (field(1, entry(b"values", field(2, field(2, b"\x01") + field(3, b"\x05")))), "there are 1 keys and 0 values"),
        (field(1, entry(b"values", field(2, field(1, bytes(4)) + field(2, b"\x05") + field(3, b"\x05")))), "a key is outside the shape"),
        (field(1, entry(b"\xff", field(2, single(1.0)))), "codec can't decode"),
    ],
)
def test_damage_is_named_with_its_offset(payload, says):
    with pytest.raises(SourceError, match=rf"the record at byte 16 is not .*{says}.*\[bad-message\]"):
        decoded(framed(b"") + framed(b"") + framed(payload))


def test_records_that_are_not_like_the_first_are_named():
    first = framed(message(vector(1.0, 2.0), vector(1.0)))
    for other, says in [
        (message(vector(1.0), vector(1.0)), r"feature 'values' has 1 numbers \(float32\), there 2 numbers"),
        (message(vector(1.0, 2.0), vector(1, kind=I4)), r"label 'values' has 1 numbers \(int32\), there 1 numbers \(float32\)"),
        (message({**vector(1.0, 2.0), "x": Bytes(b"")}), "feature 'x' has bytes, there it is missing"),
    ]:
        with pytest.raises(SourceError, match=rf"the record at byte {len(first)} is not like the first: {says}"):
            decoded(first + framed(other))
    assert decoded(first + framed(message(vector(3.0, 4.0)))).to_pydict() == {"label": [1.0, None], "f0": [1.0, 3.0], "f1": [2.0, 4.0]}


@pytest.mark.slow
@given(st.data())
@settings(max_examples=100)
def test_a_flipped_bit_is_refused_or_changes_numbers(data):
    table = pa.table({"label": [1.0, 0.0], "f0": [0.5, 0.0], "f1": [0.0, 2.0]})
    content = bytearray(encoded(table, sparse=data.draw(st.booleans()))[0])
    with pytest.raises(SourceError, match="the record at byte"):
        decoded(bytes(content[: -data.draw(st.integers(1, 40))]))
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    try:
        found = decoded(bytes(content))
    except SourceError as error:
        assert "record" in str(error)
    else:
        assert found.num_rows == 2


def test_a_missing_value_is_nan_and_null_again(tmp_path):
    engine = duckdb_session()
    write(read(pa.table({"f0": [1.5, None]}), engine=engine), tmp_path / "a.pbr", engine=engine)
    assert to_arrow(read(tmp_path / "a.pbr", engine=engine), engine).to_pydict() == {"f0": [1.5, None]}


def test_a_folder_keeps_the_names_of_columns(tmp_path):
    engine = duckdb_session()
    table = {"no": [7, 8], "age": [0.5, 2.0], "paid": [1, 0], "visits": [2**24 + 1, 3]}
    data = read(pa.table(table), roles={"label": "paid", "id": "no"}, engine=engine)
    with pytest.warns(UserWarning, match="integers of 'visits' are rounded to float32"):
        write(data, tmp_path / "train", format="recordio_protobuf", sparse=True, engine=engine)
    manifest = Manifest.beside(tmp_path / "train")
    assert (manifest.contents.names(), manifest.contents.n_features) == (["paid", "age", "visits"], 2)
    assert (manifest.contents.media_type, manifest.shards[0].facts) == ("application/x-recordio-protobuf", {"shifted": 0, "split": 0})
    assert RecordIOProtobuf().count(str(tmp_path / "train" / manifest.shards[0].path)) == 2
    found = to_arrow(read(tmp_path / "train", engine=engine), engine)
    assert found.to_pydict() == {"paid": [1.0, 0.0], "age": [0.5, 2.0], "visits": [2.0**24, 3.0]}


def test_wide_rows_are_lists(tmp_path):
    engine = duckdb_session()
    table = pa.table({"y": [1.0, 0.0, 1.0], "keys": [[3, 1], [], [99_999]], "values": [[0.5, 2.0], [], [1.0]]})
    data = read(table, roles={"label": "y"}, engine=engine)
    write(data, tmp_path / "wide", format="recordio_protobuf", n_features=100_000, engine=engine)
    expected = {"y": [1.0, 0.0, 1.0], "keys": [[1, 3], [], [99_999]], "values": [[2.0, 0.5], [], [1.0]]}
    assert to_arrow(read(tmp_path / "wide", engine=engine), engine).to_pydict() == expected
    content = next((tmp_path / "wide").glob("*.pbr")).read_bytes()
    with pytest.raises(SourceError, match="the rows have 100,000 features, and a table up to 10,000 columns"):
        decoded(content)
    with pytest.raises(SourceError, match="the rows are not sparse, so they cannot be read as lists"):
        decoded(encoded(pa.table({"f0": [1.0]}))[0], lists=True)
    for options, says in [
        ({}, "the rows are sparse, and their width is not known"),
        ({"n_features": 9}, "column 'keys' has numbers outside 0 to 8"),
        ({"dtype": "float16"}, "dtype: 'float16' is not known"),
        ({"on_magic": "hide"}, "on_magic: 'hide' is not known"),
    ]:
        with pytest.raises(RequestError, match=says):
            write(data, tmp_path / "x.pbr", engine=engine, **options)


def test_files_are_read_in_batches(monkeypatch):
    monkeypatch.setattr(module, "BATCH_RECORDS", 2)
    content, _ = encoded(pa.table({"f0": [1.0, 2.0, 3.0]}))
    assert [b.num_rows for b in RecordIOProtobuf().decode(io.BytesIO(content))] == [2, 1]


def test_the_battery(tmp_path):
    table = pa.table({"f0": pa.array([0.5, None, -0.0], pa.float32()), "f1": pa.array([1e30, 2, 3], pa.float32())})
    check_format(RecordIOProtobuf(), tmp_path, table=table)
