"""Prepared data as arrays for training: the features without id and label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilth import formats
from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.errors import RequestError, unknown

FORMATS = ("arrow", "numpy")


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
    RequestError.reject(unknown([kind], FORMATS, "format: there is no {}", "bad-value"))
    from tilth.formats.layout import features_of, matrix

    roles, features = data.roles, features_of(data.roles, engine.schema(data))
    table, names = formats.to_arrow(data, engine), tuple(features.names())
    y, weight, fold = (None if c is None or c not in data.names else table[c] for c in (roles.label, roles.weight, roles.fold))
    ids = [c for c in roles.id if c in data.names]
    if kind == "arrow":
        return Arrays(table.select(features.features), y, table.select(ids), weight, features.features, fold)
    y, weight, fold = (None if c is None else c.to_numpy() for c in (y, weight, fold))
    return Arrays(matrix(table, features, np.dtype(np.float64)), y, {c: table[c].to_numpy() for c in ids}, weight, names, fold)
