"""Files of every binary format, cut or with a flipped bit: an error of Tilth's that names the file, or a table, never another exception."""

from __future__ import annotations

import gzip
import random

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.errors import TilthError
from tilth.formats import read, to_arrow
from tilth.formats.codec import Codec
from tilth.formats.format import by_name, formats

TABLE = pa.table({"no": [1, 2, 3], "age": [0.5, 2.0, -1e30], "image": [b"\xff\xd8", b"", b"\x0a\x23\xd7\xce"], "path": ["a", "b", "c"]})
ROLES = {"id": "no", "label": "age"}
COLUMNS = {"image_records": ["no", "age", "image"], "image_list": ["no", "age", "path"], "tfrecord": ["no", "path"], "webdataset": ["path"]}
BINARY = [form.name for form in formats() if isinstance(form, Codec) and form.is_written]


def file_of(form, folder):
    """A file of three rows; the columns that the format holds."""
    table = TABLE.select(COLUMNS.get(form, ["no", "age"]))
    roles = {role: column for role, column in ROLES.items() if column in table.column_names}
    if form in ("npy", "sagemaker_json", "sagemaker_jsonl", "recordio_protobuf", "libsvm"):
        table, roles = pa.table({"x": [0.5, 2.0, -1e30]}), {}
    return tilth.write(tilth.read(table, roles=roles), folder / f"a{by_name(form).suffixes[0]}", format=form)


@pytest.mark.parametrize("form", BINARY)
def test_a_damaged_file_is_refused_or_read(form, tmp_path):
    file, chance = file_of(form, tmp_path), random.Random(7)
    whole, refused = file.read_bytes(), 0
    for cut in range(60):
        content = bytearray(whole)
        at = chance.randrange(len(whole))
        if cut % 2:
            del content[at:]
        else:
            content[at] ^= 1 << chance.randrange(8)
        file.write_bytes(content)
        try:
            for _ in by_name(form).batches(str(file)):
                pass
        except TilthError as error:
            refused += 1
            assert file.name in str(error)
    assert refused > 5


@pytest.mark.parametrize("form", [*BINARY, "csv", "jsonl"])
def test_a_file_in_several_gzip_members_is_read_whole(form, tmp_path):
    file, engine = file_of(form, tmp_path), duckdb_session()
    content = file.read_bytes()
    packed = tmp_path / f"b{file.suffix}.gz"
    packed.write_bytes(gzip.compress(content[:40]) + gzip.compress(b"") + gzip.compress(content[40:]))
    options = {"n_features": 1} if form == "libsvm" else {}
    found = [to_arrow(read(f, engine=engine, format=form, **options), engine) for f in (file, packed)]
    assert found[0].equals(found[1]) and found[0].num_rows == 3
