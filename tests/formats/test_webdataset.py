"""WebDataset: bytes of tar as other programs write and read them, samples by their keys, and what is refused."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.errors import ColumnError, SourceError, TilthError
from tilth.formats import read, to_arrow
from tilth.formats.webdataset import KEY, WebDataset, key_and_field, member, members, samples_to_write
from tilth.testing.formats import check_format

SAMPLES = pa.table(
    {
        KEY: [f"a/{i:06d}" for i in range(12)],
        "cls": pa.array([3, None, -1] * 4),
        "seg.png": pa.array([b"\x89PNG", b"", None] * 4, pa.binary()),
        "txt": ["日本 é", "", None] * 4,
        "age": [0.5, None, 1e300] * 4,
        "n": pa.array([2**63 - 1, 0, None] * 4),
        "ok": [True, False, None] * 4,
        "s": ['say "x"', "line\nbreak", None] * 4,
    }
)


def encoded(table: pa.Table) -> bytes:
    file = io.BytesIO()
    WebDataset().encode(table.to_reader(), file)
    return file.getvalue()


def decoded(content: bytes) -> pa.Table:
    return pa.Table.from_batches(list(WebDataset().decode(io.BytesIO(content))))


def by_python(*entries: tuple[str, bytes], kind: int = tarfile.PAX_FORMAT, **fields) -> bytes:
    """A tar file by Python's own library."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def test_a_worked_header():
    """Of a member of one byte: name, mode, owner, size, time, checksum and type at their places; the data, padded."""
    found = member("000000.cls", b"7")
    head = "3030303030302e636c73" + 90 * "00" + "3030303034343400" + 2 * "3030303030303000" + "303030303030303030303100"
    assert found[:157] == bytes.fromhex(head + "303030303030303030303000" + "3031333234340020" + "30")
    assert (found[257:265], found[512:514], len(found)) == (b"ustar\x0000", b"7\0", 1024)


def test_a_file_is_what_pythons_library_reads_and_writes():
    content = encoded(SAMPLES.slice(0, 2))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        names = [m.name.removeprefix("a/00000") for m in tar]
        assert names == ["0.cls", "0.json", "0.seg.png", "0.txt", "1.json", "1.seg.png", "1.txt"]
        assert {(m.mode, m.mtime, m.uid, m.gid) for m in tar.getmembers()} == {(0o444, 0, 0, 0)}
        assert json.load(tar.extractfile("a/000000.json")) == {"age": 0.5, "n": 2**63 - 1, "ok": True, "s": 'say "x"'}
    assert len(content) % 10_240 == 0
    owner = {"uname": "bigdata", "gname": "bigdata"}
    plain = by_python(*((m.name, m.content) for m in members(io.BytesIO(content))), kind=tarfile.USTAR_FORMAT, mode=0o444, **owner)
    differing = {i % 512 for i, (a, b) in enumerate(zip(content, plain, strict=True)) if a != b}
    assert differing <= set(range(148, 156)) | set(range(329, 345))  # the library leaves the numbers of devices out


def test_the_battery(tmp_path):
    check_format(WebDataset(), tmp_path, table=SAMPLES)


@given(
    st.lists(
        st.tuples(st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.text(), st.none() | st.binary()), min_size=1, max_size=6
    )
)
def test_what_is_written_is_read_again(rows):
    table = pa.table({
        "cls": pa.array([r[0] for r in rows], pa.int64()), "txt": pa.array([r[1] for r in rows], pa.string()),
        "x.bin": pa.array([r[2] for r in rows], pa.binary()), "n": range(len(rows)),
    })  # fmt: skip
    found = decoded(encoded(table)).to_pylist()
    assert [{n: row.get(n) for n in table.column_names} for row in found] == table.to_pylist()
    keyed = WebDataset().decode(io.BytesIO(encoded(table)), keys=True)
    assert [key for batch in keyed for key in batch[KEY].to_pylist()] == [f"{i:06d}" for i in range(len(rows))]


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_of_every_kind_of_tar(kind):
    folder = "/".join(["f" * 40] * 3)
    found = decoded(by_python((f"{folder}/é.txt" if kind != tarfile.USTAR_FORMAT else f"{folder}/e.txt", b"x"), kind=kind))
    assert found[KEY].to_pylist()[0].startswith(folder) and found["txt"].to_pylist() == ["x"]


def test_samples_are_grouped_by_key():
    """As the library webdataset groups these names."""
    names = ["a/b.c/000.seg.png", "a/b.c/000.cls", "a/b.c/001.cls", "README", ".x.txt", "__meta__/x.txt", "__meta__"]
    found = decoded(by_python(*((n, b"5") for n in names)))
    assert found.to_pylist() == [{KEY: "a/b.c/000", "seg.png": b"5", "cls": 5}, {KEY: "a/b.c/001", "seg.png": None, "cls": 5}]
    assert key_and_field("a/.x.txt") == ("a/", "x.txt")


def test_json_that_is_not_an_object_and_arrays():
    assert decoded(by_python(("0.json", b"[1]"), ("1.json", b'{"a": 1}'))).to_pydict()["json"] == ["[1]", '{"a": 1}']
    assert decoded(by_python(("0.json", b'{"a": {"b": 1}, "c": [1, 2]}'))).to_pydict() == {KEY: ["0"], "a": ['{"b": 1}'], "c": [[1, 2]]}
    ((name, content),) = next(samples_to_write(pa.record_batch({"v.npy": pa.array([[1.5, 2.0]])}), 7))
    assert name == "000007.v.npy" and np.load(io.BytesIO(content), allow_pickle=False).tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([("../../etc/0.txt", b"")], r"'\.\./\.\./etc/0\.txt', which leads out of its folder"),
        ([("/etc/0.txt", b"")], "leads out of its folder"),
        ([("C:/0.txt", b"")], "leads out of its folder"),
        ([("0.pyd", b"")], "is a pickle"),
        ([("0.data.pickle", b"")], "is a pickle"),
        ([("0.cls", b"cat")], "is not a whole number"),
        ([("0.txt", b"\xff")], "is not UTF-8"),
        ([("0.json", b"{")], "is not JSON"),
        ([("0.txt", b""), ("1.txt", b""), ("0.cls", b"1")], "the member at byte 1,?024 is one of an earlier sample"),
        ([("0.txt", b""), ("0.txt", b"")], "has two members"),
    ],
)
def test_what_is_refused(entries, says):
    with pytest.raises(SourceError, match=says):
        decoded(by_python(*entries, kind=tarfile.USTAR_FORMAT))


def test_links_devices_and_folders_are_skipped():
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
        content = by_python(("0.txt", b""), type=kind, linkname="../../etc/passwd")
        assert list(members(io.BytesIO(content))) == []


@given(st.data())
def test_flipped_bits_of_headers_and_cuts_are_found_with_their_offset(data):
    content = bytearray(encoded(pa.table({"txt": ["a", "b", "c"]})))
    if data.draw(st.booleans()):
        header = data.draw(st.integers(0, 2)) * 1024
        content[header + data.draw(st.integers(0, 511))] ^= 1 << data.draw(st.integers(0, 7))
        expected = f"byte {header:,} "
    else:
        at = data.draw(st.integers(1, 3072))
        del content[at:]
        expected = f"byte {at // 1024 * 1024:,} "
    with pytest.raises(SourceError, match=expected):
        decoded(bytes(content))


@given(st.binary(max_size=600))
def test_any_bytes_are_refused(content):
    with pytest.raises(TilthError):
        decoded(content + b"x" * 600)


@pytest.mark.parametrize(
    ("table", "error", "says"),
    [
        ({"picture": pa.array([b"x"])}, ColumnError, "column 'picture' is binary"),
        ({"x.pyd": pa.array([b"x"])}, ColumnError, "column 'x.pyd' is binary"),
        ({"json": ["{}"], "n": [1]}, ColumnError, "rename it meta.json"),
        ({KEY: ["a.b"], "n": [1]}, SourceError, "'a.b' is not a key"),
        ({KEY: ["../a"], "n": [1]}, SourceError, "'../a' is not a key"),
    ],
)
def test_what_cannot_be_written(table, error, says):
    with pytest.raises(error, match=says):
        encoded(pa.table(table))


def test_shards_number_their_rows_on(tmp_path):
    engine = duckdb_session()
    WebDataset().write(read(pa.table({"txt": list("abcde")}), engine=engine), tmp_path / "train", engine, rows_per_shard=2)
    assert sorted(p.name for p in tmp_path.glob("train/*.tar")) == [f"train-00000{i}.tar" for i in range(3)]
    assert to_arrow(read(tmp_path / "train", engine=engine), engine).to_pydict() == {"txt": list("abcde")}
    again = to_arrow(read(tmp_path / "train", engine=engine, keys=True), engine)
    assert again.to_pydict() == {KEY: [f"{i:06d}" for i in range(5)], "txt": list("abcde")}
