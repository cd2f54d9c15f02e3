"""What tests of encrypted places share: a key, a table, and a look for what was left unencrypted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from tilth.data import Dataset
from tilth.encryption.keyfile import new_key_file
from tilth.engine.duckdb import DuckDB
from tilth.errors import TilthError
from tilth.formats.writing import to_arrow

MARK = "SECRETMARK0123456789abcd"
Look = Callable[[], Sequence[str]]
TABLE = pa.table({"no": list(range(2000)), "x": [i / 7 for i in range(2000)], "s": [f"{MARK}{i % 9}" for i in range(2000)]})


def rows(data: Dataset) -> pa.Table:
    return to_arrow(data, DuckDB().session())


def code_of(error: pytest.ExceptionInfo[TilthError]) -> set[str]:
    return {m.code for m in error.value.mistakes}


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A reference to a key file."""
    new_key_file(tmp_path / "keys" / "tilth.key")
    return f"file:{tmp_path / 'keys' / 'tilth.key'}"


@pytest.fixture
def plaintext(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Files that hold the mark, below the folder of the test and in that for temporary files; also those that a write makes on its way."""
    import tempfile

    from tilth.store import sealed

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    found: list[str] = []

    def look() -> list[str]:
        files = (p for p in tmp_path.rglob("*") if p.is_file() and not p.is_symlink())
        found.extend(p.name for p in files if MARK.encode() in p.read_bytes())
        return found

    finish = sealed._finish

    def finish_and_look(*given: object) -> None:
        look()
        finish(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(sealed, "_finish", finish_and_look)
    return look
