"""Prepared data as arrays for training: the features without id and label, and the sidecar file that says which column is which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tilth import formats
from tilth.data import Dataset, Roles, Schema
from tilth.data.roles import SINGLE
from tilth.data.schema import NUMBERS
from tilth.engine.session import Session
from tilth.errors import ColumnError, Mistake, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

SIDECAR = "_schema.json"  # beside the files of each part that is delivered; names that begin with `_` are not data
VERSION = 1


@dataclass(frozen=True)
class Arrays:
    """Prepared data for training; all parts have the same rows in the same order.

    `X` are the features, `names` their columns; `y` is the label, `weight` the weights and `fold` the folds, None without such a column;
    `ids` are the columns of the role id, by name. As numpy: `X` of floats (rows, features), NaN for null, `y`, `weight` and `fold` of one
    dimension, `ids` a dict. As Arrow: tables `X` and `ids`, columns `y` and `weight`.
    """

    X: Any
    y: Any
    ids: Any
    weight: Any
    names: tuple[str, ...]
    fold: Any = None


def arrays_of(data: Dataset, kind: Literal["numpy", "arrow"], engine: Session) -> Arrays:
    """A dataset as arrays, by its roles: see `tilth.arrays`."""
    roles, schema = data.roles, engine.schema(data)
    names = roles.features(schema)
    ColumnError.reject(
        Mistake(
            f"column {n!r} is {schema[n]}, and features are numbers or booleans",
            hint="encode it in `features`, take it away there (`select: ['!column']`), or give it a role",
            code="wrong-kind",
        )
        for n in names
        if schema[n].kind not in NUMBERS
    )
    table = formats.to_arrow(data, engine)
    single = [None if c is None or c not in data.names else table[c] for c in (roles.label, roles.weight, roles.fold)]
    features, ids = table.select(names), table.select([c for c in roles.id if c in data.names])
    if kind == "arrow":
        return Arrays(features, single[0], ids, single[1], names, single[2])
    y, weight, fold = (None if c is None else c.to_numpy() for c in single)
    return Arrays(_matrix(features), y, {c: ids[c].to_numpy() for c in ids.column_names}, weight, names, fold)


def _matrix(table: pa.Table) -> Any:
    """The columns of a table side by side, as doubles; null is NaN."""
    import numpy as np
    import pyarrow as pa

    made = np.empty((table.num_rows, table.num_columns))
    for i, column in enumerate(table.columns):
        made[:, i] = column.cast(pa.float64(), safe=False).to_numpy()
    return made


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
