"""A table of unique keys that is stored in a fitted flow, and in which rows look up values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind
from tilth.engine.expressions import and_, cast, col, if_else, not_null
from tilth.engine.needs import Sample
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.hashing import key_string
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.times import FromMicros, Micros
from tilth.errors import RequestError, listed
from tilth.metrics.columns import RowCount
from tilth.steps.step import Asking, Elsewhere, Table

KEY = "\x1fkey of a row"  # not the name that a lookup itself uses
MOST_CELLS = 1_000_000


def kept(step: str, name: str, other: Table, keys: Sequence[str], chosen: Mapping[str, str]) -> Asking[dict[str, Any]]:
    """What a step keeps of the table `name`: the rows' keys as strings, in order, and the kind and values of each chosen column.

    `chosen`: a column's name there → its name here. Rows with a null in their key are left out. Errors: `RequestError` for a table of
    more than a million cells, or with an infinite number.
    """
    rows = Elsewhere(other.data, RowCount())
    n = (yield [rows])[rows]
    if n * (len(chosen) + 1) > MOST_CELLS:
        message = f"{step}: the table {name!r} has {n:,} rows and {len(chosen)} columns to join, too many to keep in a fitted flow"
        hint = "choose fewer `columns`; or join it in `rows`, without `lookup`"
        raise RequestError(message, accepted=f"up to {MOST_CELLS:,} cells, the key being one of a row", hint=hint, code="too-large")
    known = and_(*(not_null(col(c)) for c in keys))
    columns = [other.schema[c] for c in chosen]
    made = {KEY: key_string(other.schema[c] for c in keys)} | {c.name: Micros.of(col(c.name)) for c in columns if c.kind.temporal}
    sample = Elsewhere(other.data.change(made), Sample((KEY, *chosen), max(n, 1), hashed=False).filtered(known))
    found = (yield [sample])[sample].sort_by(KEY).to_pydict()
    infinite = [there for there in chosen if any(isinstance(x, float) and math.isinf(x) for x in found[there])]
    if infinite:
        message = f"{step}: the table {name!r} has infinite numbers ({listed(infinite)}), which a fitted flow cannot keep"
        raise RequestError(message, hint="choose other `columns`, or mend the table", code="bad-value")
    return {
        "keys": found[KEY],
        "names": list(chosen.values()),
        "kinds": [str(c.kind) for c in columns],
        "values": [found[c] for c in chosen],
    }


def looked_up(data: Dataset, keys: Sequence[Column], state: Mapping[str, Any], indicator: str) -> Dataset:
    """The table with the columns of a lookup table, and whether a row's key is in it."""
    known = and_(*(not_null(col(c.name)) for c in keys))
    columns = zip(state["names"], state["kinds"], state["values"], strict=True)
    made = {name: _value(state["keys"], values, Kind(kind)) for name, kind, values in columns}
    if indicator:
        made[indicator] = not_null(lookup(col(KEY), state["keys"]))
    return data.change({KEY: if_else(known, key_string(keys))}).change({**made, KEY: None})


def _value(keys: Sequence[str], values: Sequence[Any], kind: Kind) -> Tree:
    given = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
    if not given:
        return cast(exp.Null(), kind)
    found = lookup(col(KEY), list(given), list(given.values()))
    if not kind.temporal:
        return found
    time = FromMicros.of(found)
    return time if kind is Kind.TIMESTAMP else CONVERSIONS[Kind.TIMESTAMP, kind](time)
