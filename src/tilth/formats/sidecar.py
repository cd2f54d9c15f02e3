"""The sidecar: the file next to delivered data that describes its columns."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilth.data import Roles, Schema
from tilth.data.roles import SINGLE
from tilth.errors import SourceError

SIDECAR = "_schema.json"  # names that begin with `_` are not data
VERSION = 1


def sidecar(roles: Roles, schema: Schema) -> str:
    """The columns of delivered data as JSON, with name, kind and roles. A column without a role is a feature."""
    columns = [{"name": c.name, "kind": str(c), "roles": list(roles.of_column(c.name))} for c in schema]
    content = {"format": "tilth-schema", "version": VERSION, "columns": columns, "positive": list(roles.positive)}
    return json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"


def roles_beside(place: Any) -> Roles | None:
    """The roles in the sidecar of a delivered folder; None without a sidecar.

    Errors: `SourceError` for an invalid sidecar.
    """
    path = Path(place, SIDECAR) if isinstance(place, str | os.PathLike) else None
    if path is None or not path.is_file():
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != "tilth-schema" or content["version"] != VERSION:
            raise ValueError
        return Roles.of(**_by_role(content["columns"]), positive=content["positive"])
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path} is not a schema of this version", hint="deliver the data again: tilth run", code="bad-schema") from error


def _by_role(columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Role → its column, or its columns."""
    found: dict[str, Any] = {}
    for column in columns:
        for role in column["roles"]:
            found[role] = column["name"] if role in SINGLE else [*found.get(role, ()), column["name"]]
    return found
