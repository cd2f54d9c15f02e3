"""Parquet: files, folders, patterns, and folders partitioned by a column (`year=2024/…`)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from tilth.data import Dataset, Files
from tilth.engine.session import Session
from tilth.errors import Mistake, SourceError
from tilth.formats.format import Format
from tilth.store.local import files

MAGIC = b"PAR1"
# fastest of the settings tried on 20 million rows; a larger dictionary costs DuckDB more than it saves
WRITE_OPTIONS: dict[str, dict[str, Any]] = {"duckdb": {"row_group_size": 122_880, "dictionary_size_limit": 3_000}, "spark": {}}
PART = re.compile(r"(?:^|/)[^/=]+=[^/]*/")


class Parquet(Format):
    """Parquet files. Columns of several files are matched by name; a column that a file lacks is null in its rows."""

    name = "parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".parq", ".pq")
    options: ClassVar[tuple[str, ...]] = ("hive",)

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, hive: bool | None = None, **_: Any) -> Files:
        """`hive`: whether folders named `column=value` are columns; by default if there are such folders."""
        paths = files(given, self.suffixes)
        reject_broken(paths)
        partitioned = any(PART.search(p) for p in paths) if hive is None else hive
        root = os.path.commonpath([PART.split(p)[0] or "/" for p in paths]) if partitioned and "://" not in paths[0] else ""
        options = (("hive", partitioned), *((("names", tuple(names)),) if names else ()), *((("root", root),) if root else ()))
        source = Files(self.name, paths, (), options)
        return replace(source, columns=engine.source_schema(source).names)

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **_: Any) -> int:
        return engine.export(data, to, "parquet", folder=folder, options=WRITE_OPTIONS[engine.name])


def reject_broken(paths: Sequence[str]) -> None:
    """Reject files that are not Parquet or are truncated, all at once."""
    broken = [m for p in paths if "://" not in p and (m := _broken(p))]
    if broken:
        raise SourceError(*broken)


def _broken(path: str) -> Mistake | None:
    with Path(path).open("rb") as file:
        head = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        tail = file.read(8)
    if head != MAGIC:
        return Mistake(f"{path} is not a Parquet file: it does not begin with PAR1", hint="give its format", code="not-parquet")
    footer = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or footer + 12 > size:
        return Mistake(
            f"{path} is a truncated Parquet file: its footer is missing",
            hint=f"copy it again; it has {size:,} bytes here",
            code="half-parquet",
        )
    return None
