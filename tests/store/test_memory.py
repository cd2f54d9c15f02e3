"""What an engine needs as a file is in memory while a key is in force."""

from __future__ import annotations

from pathlib import Path

import tilth
from tests.encrypted import MARK, TABLE, Look, key, plaintext
from tilth.engine.duckdb import DuckDB
from tilth.formats.writing import to_arrow
from tilth.store.protection import protected

__all__ = ["key", "plaintext"]


def test_copies_of_texts_and_of_decoded_rows_are_not_on_a_disk(key: str, plaintext: Look, tmp_path: Path) -> None:
    """A CSV file in another encoding, and one of a format that Python decodes: both are copied before an engine reads them."""
    source = tmp_path.parent / "source"
    source.mkdir(exist_ok=True)
    (source / "a.csv").write_bytes(f"s\n{MARK}é\n".encode("latin-1"))
    tilth.write(tilth.read(TABLE), source / "b.tfrecord")
    with protected(key), DuckDB().session() as run:
        a, b = (tilth.read(p, engine=run, **more) for p, more in ((source / "a.csv", {"encoding": "latin-1"}), (source / "b.tfrecord", {})))
        assert to_arrow(a, run).num_rows == 1 and to_arrow(b, run).num_rows == 2000
        assert not plaintext()
