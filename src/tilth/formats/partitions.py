"""Columns from folders named `column=value`. Their kinds are inferred from all values, as for text files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from tilth.data import Kind
from tilth.formats.guess import guess

FOLDER = re.compile(r"(?:^|/)[^/=]+=[^/]*/")
NULL = "__HIVE_DEFAULT_PARTITION__"
KINDS = (Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE)  # times stay strings, because writers escape them in different ways


def are_partitioned(paths: Iterable[str]) -> bool:
    """Whether one of the files is in a folder named `column=value`."""
    return any(map(FOLDER.search, paths))


def root_of(paths: Sequence[str]) -> str:
    """The folder that contains the outermost `column=value` folders."""
    return os.path.commonpath([FOLDER.split(path)[0] or "/" for path in paths])


def partition_kinds(paths: Iterable[str], root: str = "") -> dict[str, Kind]:
    """The columns in order, with the first kind that represents all values without loss: `07` stays a string. Without values: string.

    >>> partition_kinds(["t/day=2026-01-01/zip=0123/a.parquet", "t/day=2026-01-02/zip=9876/a.parquet"])
    {'day': <Kind.DATE: 'date'>, 'zip': <Kind.STRING: 'string'>}
    """
    values: dict[str, dict[str, None]] = {}
    for folder in dict.fromkeys(os.path.dirname(path) for path in paths):  # noqa: PTH120 -- thousands of strings
        for part in folder.removeprefix(root).split("/"):
            name, equals, value = part.partition("=")
            if equals:
                values.setdefault(unquote(name), {})[unquote(value)] = None
    return {name: _kind([value for value in of if value != NULL]) for name, of in values.items()}


def _kind(values: Sequence[str]) -> Kind:
    written = bool(values) and all(value and value == value.strip() for value in values)
    return next((kind for kind in guess(values).kinds if kind in KINDS), Kind.STRING) if written else Kind.STRING
