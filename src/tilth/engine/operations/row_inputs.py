"""Converts the values of served rows, which come from Python, JSON, numpy or pandas.

A value is treated as a column of such values is when a flow is applied to a table: it is read as the column's kind if possible, NaN, `NA`
and `NaT` are null, and a value of an unsuitable type is rejected. On an engine, a typed column needs no conversion.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.engine.operations.operation import Operation

PLAIN = frozenset({str, int, bool, NoneType})  # Python's own, which never mean null: nearly all values
NOTHING = ("NAType", "NaTType")  # null values of pandas other than NaN


def pythons(x: Any) -> Any:
    """A value of numpy or pandas as a Python value; NaN, `NA` and `NaT` as None. Any other value is returned unchanged.

    >>> import numpy as np
    >>> pythons(np.int64(3)), pythons(np.datetime64("2024-02-29T12:30:00.5", "ns")), pythons(float("nan"))
    (3, datetime.datetime(2024, 2, 29, 12, 30, 0, 500000), None)
    """
    kind = type(x)
    if kind in PLAIN:
        return x
    if kind.__name__ in NOTHING:
        return None
    if kind.__module__ == "numpy" and getattr(x, "ndim", 1) == 0:
        if kind.__name__ != "datetime64":
            return pythons(x.item())
        made = (x if x.dtype.name == "datetime64[D]" else x.astype("datetime64[us]")).item()  # of nanoseconds numpy would make an integer
        return None if isinstance(made, int) else made  # as it does of a time beyond Python's own
    if isinstance(x, datetime) and kind is not datetime and hasattr(x, "to_pydatetime"):
        return x.to_pydatetime(warn=False)
    if isinstance(x, Decimal):
        return None if x.is_nan() else x
    return None if isinstance(x, float) and x != x else x


def unfit(x: Any, note: str = "") -> TypeError:
    """The error for a value whose type does not fit its column's kind. It names the type, never the value."""
    return TypeError(f"a value of type {type(x).__name__}{note}")


def as_string(x: Any) -> str | None:
    """A string, also from an integer or boolean. Floats are rejected, as in tables, because engines write them differently."""
    if isinstance(x, str):
        return str(x)
    x = pythons(x)
    if x is None or isinstance(x, str):
        return x
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, int):
        return str(x)
    raise unfit(x)


class Served(Operation):
    """A value of a row that is served; on an engine a typed column is already what it is."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return x


class ServedString(Served):
    """A string, possibly empty, also from an integer or boolean."""

    identity_if = "{x}.__class__ is str"
    row = staticmethod(as_string)


class ServedValue(Served):
    """A value of a kind that has no string, such as a time of day: only what means null becomes null."""

    row = staticmethod(pythons)


class ServedNested(Served):
    """A struct or map; a single value is refused."""

    @staticmethod
    def row(x: Any) -> Any:
        x = pythons(x)
        if isinstance(x, str | bytes | int | float | Decimal | date | time):
            raise unfit(x)
        return x


class ServedList(ServedNested):
    """A list; a mapping is refused, too."""

    @staticmethod
    def row(x: Any) -> Any:
        if isinstance(x, Mapping):
            raise unfit(x)
        return ServedNested.row(x)
