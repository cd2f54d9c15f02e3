"""The manifest of an export, in the format of UNLOAD's `MANIFEST VERBOSE`, which COPY and other readers accept."""

from __future__ import annotations

import json
from typing import Any

from tilth import __version__
from tilth.exporting.state import State


def manifest(state: State, folder: str) -> bytes:
    """The manifest of a finished export with its files in a folder."""
    files = state.files
    entries = [{"url": f"{folder}/{f.name}", "meta": {"content_length": f.bytes, "record_count": f.rows}} for f in files]
    content = {
        "entries": entries,
        "schema": {"elements": [{"name": name, "type": _type(kind)} for name, kind in state.written or state.columns]},
        "meta": {"content_length": sum(f.bytes for f in files), "record_count": sum(f.rows for f in files)},
        "author": {"name": "Tilth", "version": __version__},
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


NAMES = {
    "bool": "boolean",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "float": "real",
    "double": "double precision",
    "date32[day]": "date",
    "binary": "binary varying",
}
"""Arrow type → Redshift's name; all other types are strings."""


def _type(kind: str) -> dict[str, Any]:
    if kind.startswith("decimal128("):
        digits, scale = kind.removeprefix("decimal128(").rstrip(")").split(", ")
        return {"base": "numeric", "precision": int(digits), "scale": int(scale)}
    if kind.startswith("timestamp["):
        return {"base": "timestamp with time zone" if "tz=" in kind else "timestamp without time zone"}
    return {"base": NAMES.get(kind, "character varying")}
