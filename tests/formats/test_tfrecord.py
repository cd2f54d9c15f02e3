"""TFRecord: bytes as TensorFlow writes them, and what is said of damaged ones."""

from __future__ import annotations

import gzip
import io
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.errors import ColumnError, SourceError, TilthError
from tilth.formats import read, to_arrow
from tilth.formats import tfrecord as module
from tilth.formats.shards import Manifest
from tilth.formats.tfrecord import TFRecord, checksum, chunks, example, extents, masked, payloads_of, records
from tilth.testing.formats import check_format

pytest.importorskip("fastcrc")
# a record with the payload `hello`, and the Example {label: [1], x: [1.5, -2]}: read by the package tfrecord, checksums by another library
HELLO = bytes.fromhex("0500000000000000eab2043e68656c6c6fbb1f1c19")
EXAMPLE = bytes.fromhex(
    "2500000000000000eabc36f30a230a0e0a056c6162656c12051a030a01010a110a0178120c120a0a080000c03f000000c0b05cd75a"
)  # fmt: skip
TABLE = pa.table(
    {
        "b": pa.array([b"\xff\xd8", b"", None, b"\x00"] * 5, pa.binary()),
        "f": pa.array([0.5, -0.0, None, 3.4e38] * 5, pa.float32()),
        "i": pa.array([0, -1, None, 2**63 - 1, -(2**63)] * 4, pa.int64()),
        "l": pa.array([[1, 2], [], None, [-3]] * 5, pa.list_(pa.int64())),
        "s": pa.array(["日本 é", "", None, "a" * 300] * 5, pa.string()),
    }
)


def encoded(table: pa.Table) -> bytes:
    file = io.BytesIO()
    TFRecord().encode(table.to_reader(), file)
    return file.getvalue()


def decoded(content: bytes, **options) -> pa.Table:
    return pa.Table.from_batches(list(TFRecord().decode(io.BytesIO(content), **options)))


def test_worked_examples():
    assert hex(checksum()(b"123456789")) == "0xe3069283"  # the check value of CRC-32C
    assert [bytes(r) for r in records(io.BytesIO(HELLO))] == [b"hello"]
    assert encoded(pa.table({"x": [[1.5, -2.0]], "label": [1]})) == EXAMPLE
    assert decoded(EXAMPLE).to_pydict() == {"label": [1], "x": [[1.5, -2.0]]}
    assert example(EXAMPLE[12:-4]) == {"label": (3, [1]), "x": (2, [1.5, -2.0])}


def test_the_battery(tmp_path):
    check_format(TFRecord(), tmp_path, table=TABLE)


def test_floats_are_of_32_bits_and_booleans_integers():
    assert decoded(encoded(pa.table({"x": [0.1], "y": [True]}))).to_pydict() == {"x": [float(np.float32(0.1))], "y": [1]}


SCALARS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.binary(): st.binary(max_size=6).map(lambda b: b"\xff" + b),
    pa.string(): st.text(max_size=6),
}


@st.composite
def tables(draw):
    rows, made = draw(st.integers(1, 6)), {}
    for i, kind in enumerate(draw(st.lists(st.sampled_from(list(SCALARS)), min_size=1, max_size=5))):
        listed = draw(st.booleans())
        values = st.lists(SCALARS[kind], max_size=3) if listed else SCALARS[kind]
        column = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        made[f"c{i}"] = pa.array(column, pa.list_(kind) if listed else kind)
    return pa.table(made)


@given(tables())
def test_what_is_written_is_read_again_in_both_ways(table):
    """Side by side and one by one: the same rows, and those that were written."""
    lists = [f.name for f in table.schema if pa.types.is_list(f.type)]
    binary = [f.name for f in table.schema if "binary" in str(f.type)]
    content = encoded(table)
    present = [n for n in table.column_names if table[n].null_count < table.num_rows]  # a feature that no record has is not a column
    found = decoded(content, lists=lists, binary=binary)
    typed = pa.table({n: found[n].cast(table.schema.field(n).type) if _empty(table[n]) else found[n] for n in found.column_names})
    assert found.num_rows == table.num_rows or not present
    assert typed.to_pydict() == {n: table[n].to_pylist() for n in present}
    for _, buffer, starts, lengths in chunks(io.BytesIO(content)):
        slow = {n: module._merged(n, p) for n, p in module._one_by_one(buffer, starts, lengths, 0).items()}
        fast = module.examples(buffer, starts, lengths)
        assert {n: (list(f.rows), list(f.counts), list(f.values)) for n, f in slow.items()} == {
            n: (list(f.rows), list(f.counts), list(f.values)) for n, f in fast.items()
        }


def _empty(column: pa.ChunkedArray) -> bool:
    """Whether a column of lists has no value, by which its kind would be known."""
    return pa.types.is_list(column.type) and not any(v for v in column.to_pylist() if v)


def test_examples_of_other_writers():
    """Unpacked values, features in any order, unknown fields, and no feature at all."""
    entry = b"\x0a\x01i\x12\x06\x1a\x04\x08\x01\x08\x02"  # int64_list with two unpacked values
    floats = b"\x0a\x01f\x12\x07\x12\x05\x0d" + struct.pack("<f", 1.5)
    first = (
        b"\x0a" + bytes([len(entry) + len(floats) + 4]) + b"\x0a" + bytes([len(floats)]) + floats + b"\x0a" + bytes([len(entry)]) + entry
    )
    assert example(first) == {"f": (2, [1.5]), "i": (3, [1, 2])}
    assert example(first + b"\x10\x05") == example(first)
    assert example(b"") == {}
    content = b"".join(framed(p) for p in (first, b"", b"\x0a\x00"))
    assert decoded(content).to_pydict() == {"f": [1.5, None, None], "i": [[1, 2], None, None]}


def framed(payload: bytes) -> bytes:
    head, crc = struct.pack("<Q", len(payload)), checksum()
    return head + struct.pack("<I", masked(crc(head))) + payload + struct.pack("<I", masked(crc(payload)))


@given(st.data())
def test_every_flipped_bit_and_every_cut_is_found_with_its_offset(data):
    content = bytearray(EXAMPLE * 3)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        at = data.draw(st.integers(1, len(content) - 1).filter(lambda n: n % len(EXAMPLE)))
        del content[at:]
    begin = at // len(EXAMPLE) * len(EXAMPLE)
    with pytest.raises(SourceError, match=f"the record at byte {begin} cannot be read"):
        decoded(bytes(content))
    if len(content) < 3 * len(EXAMPLE) or at - begin < 12:  # the index is made of the lengths alone
        with pytest.raises(SourceError, match=f"the record at byte {begin} cannot be read"):
            list(extents(io.BytesIO(content)))


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_records_are_counted_by_their_lengths_and_the_index_is_beside_a_file(compression, tmp_path):
    engine, form = duckdb_session(), TFRecord()
    form.write(read(TABLE, engine=engine), tmp_path / "out", engine, rows_per_shard=12, compression=compression)
    manifest = Manifest.beside(tmp_path / "out")
    assert [form.count(str(tmp_path / "out" / s.path)) for s in manifest.shards] == [12, 8]
    if compression != "none":
        assert not list((tmp_path / "out").glob("*.tfindex"))
        return
    assert [s.facts for s in manifest.shards] == [{"index": "out-000000.tfindex"}, {"index": "out-000001.tfindex"}]
    content = (tmp_path / "out" / "out-000001.tfrecord").read_bytes()
    index = [tuple(map(int, line.split())) for line in (tmp_path / "out" / "out-000001.tfindex").read_text().splitlines()]
    assert index == [*extents(io.BytesIO(content))] and sum(size for _, size in index) == len(content)
    assert [content[at + 12 : at + size - 4] for at, size in index] == [bytes(r) for r in records(io.BytesIO(content))]


@given(st.binary(max_size=40))
def test_any_bytes_with_a_right_checksum_are_read_or_refused(payload):
    try:
        decoded(framed(payload))
    except TilthError as error:
        assert "byte 0" in str(error) or "UTF-8" in str(error) or "kind" in str(error)


def test_records_in_small_chunks(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 50)
    assert decoded(EXAMPLE * 20).to_pydict() == {"label": [1] * 20, "x": [[1.5, -2.0]] * 20}
    other = encoded(pa.table({"label": [[1, 2]], "x": [[1.5]]}))
    with pytest.raises(SourceError, match=r"lists=\['label'\]"):
        decoded(EXAMPLE * 3 + other)
    text = encoded(pa.table({"b": ["a" * 60]}))
    with pytest.raises(SourceError, match=r"binary=\['b'\]"):
        decoded(text + encoded(pa.table({"b": [b"\xff" * 60]})))
    with pytest.raises(SourceError, match="have the feature 'label', which none before has"):
        decoded(text + EXAMPLE)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array([1], pa.timestamp("us")), "column 'c' is timestamp"),
        (pa.array([[1, None]]), "lists with null"),
        (pa.array([1e300]), "beyond 3.4e38"),
    ],
)
def test_what_an_example_cannot_hold(column, says):
    with pytest.raises(ColumnError, match=says):
        list(payloads_of(pa.record_batch({"c": column})))


def test_without_checks_and_compressed(tmp_path):
    engine = duckdb_session()
    flipped = bytearray(EXAMPLE)
    flipped[-1] ^= 1
    (tmp_path / "a.tfrecord").write_bytes(flipped)
    assert to_arrow(read(tmp_path / "a.tfrecord", engine=engine, check=False), engine).num_rows == 1
    (tmp_path / "b.tfrecord.gz").write_bytes(gzip.compress(EXAMPLE) + gzip.compress(EXAMPLE * 2))  # a file of several members
    assert to_arrow(read(tmp_path / "b.tfrecord.gz", engine=engine), engine)["label"].to_pylist() == [1, 1, 1]
    for compression in ("gzip", "zstd"):
        TFRecord().write(read(TABLE, engine=engine), tmp_path / "out", engine, compression=compression, rows_per_shard=8)
        again = to_arrow(read(tmp_path / "out", engine=engine, binary=("b",)), engine)
        assert again["s"].to_pylist() == TABLE["s"].to_pylist()
