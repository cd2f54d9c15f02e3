"""Prepared data as arrays for training: the features without id and label, and the sidecar file that says which column is which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tilth import formats
from tilth.data import Dataset, Roles, Schema
from tilth.data.roles import SINGLE
from tilth.engine.session import Session
from tilth.errors import SourceError

SIDECAR = "_schema.json"  # beside the files of each part that is delivered; names that begin with `_` are not data
VERSION = 1


@dataclass(frozen=True)
class Arrays:
    """Prepared data for training; all parts have the same rows in the same order.

    `X` are the features, `names` theirs: of columns, or `embedding[0]` … of the numbers of a list of a fixed size. `y` is the label,
    `weight` the weights and `fold` the folds, None without such a column; `ids` are the columns of the role id, by name. As numpy: `X` of
    floats (rows, features), NaN for null, `y`, `weight` and `fold` of one dimension, `ids` a dict. As Arrow: tables `X` and `ids`, columns
    `y` and `weight`.
    """

    X: Any
    y: Any
    ids: Any
    weight: Any
    names: tuple[str, ...]
    fold: Any = None


def arrays_of(data: Dataset, kind: Literal["numpy", "arrow"], engine: Session) -> Arrays:
    """A dataset as arrays, by its roles: see `tilth.arrays`."""
    import numpy as np

    from tilth.formats.layout import features_of, matrix

    roles, features = data.roles, features_of(data.roles, engine.schema(data))
    table, names = formats.to_arrow(data, engine), tuple(features.names())
    y, weight, fold = (None if c is None or c not in data.names else table[c] for c in (roles.label, roles.weight, roles.fold))
    ids = [c for c in roles.id if c in data.names]
    if kind == "arrow":
        return Arrays(table.select(features.features), y, table.select(ids), weight, features.features, fold)
    y, weight, fold = (None if c is None else c.to_numpy() for c in (y, weight, fold))
    return Arrays(matrix(table, features, np.dtype(np.float64)), y, {c: table[c].to_numpy() for c in ids}, weight, names, fold)


# ── the sidecar ──


def sidecar(roles: Roles, schema: Schema) -> str:
    """The columns of delivered data as JSON: name, kind and roles of each; a column without a role is a feature."""
    columns = [{"name": c.name, "kind": str(c), "roles": list(roles.of_column(c.name))} for c in schema]
    content = {"format": "tilth-schema", "version": VERSION, "columns": columns, "positive": list(roles.positive)}
    return json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"


def roles_beside(folder: Path) -> Roles | None:
    """The roles that the sidecar of a delivered folder gives its columns; None without one.

    Errors: `SourceError` for a sidecar that is not one.
    """
    path = folder / SIDECAR
    if not path.is_file():
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
