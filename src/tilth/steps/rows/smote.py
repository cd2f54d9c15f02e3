"""Rows of a class made between its rows: SMOTE, and SMOTE-NC where some columns are categories."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from statistics import mode
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.data import Column, Kind, Schema
from tilth.engine.arrow import arrow_type
from tilth.errors import Mistake, RequestError

MOST_ROWS = 10_000  # of a class, among which neighbours are looked for: their distances are compared in pairs
MOST_MADE = 1_000_000
MOST_NEIGHBOURS = 100
CHUNK = 256  # rows whose distances to all others are held at once


def reject_unmade(schema: Schema, columns: Sequence[str], label: str, sizes: Mapping[str, int], more: Mapping[str, int]) -> None:
    """Reject a table without numbers, and classes that cannot be grown by making rows. `more`: class → rows to make."""
    mistakes = [
        Mistake(f"balance: the class {text!r} has one row, and no row can be made between one", hint="use `over`", code="one-row")
        for text in more
        if sizes[text] == 1
    ]
    if not any(_is_number(schema[c], label) for c in columns):
        mistakes.append(Mistake("balance: smote needs a numeric column", hint="encode the others first, or use `over`", code="no-number"))
    if sum(more.values()) > MOST_MADE:
        message = f"balance: smote would make {sum(more.values()):,} rows"
        mistakes.append(Mistake(message, accepted=f"up to {MOST_MADE:,}", hint="use `over`, or a lower ratio", code="too-many-rows"))
    RequestError.reject(mistakes if more else ())


def made_rows(schema: Schema, label: str, rows: Mapping[str, Sequence[Any]], n: int, k: int, seed: str) -> pa.Table:
    """`n` rows made between the rows of one class, of which `rows` holds the columns."""
    numbers = {c: _numbers(schema[c], values) for c, values in rows.items() if _is_number(schema[c], label)}
    categories = [c for c in rows if c != label and schema[c].kind.categorical]
    near = neighbours(np.stack(list(numbers.values()), axis=1), _codes([rows[c] for c in categories], len(rows[label])), k)
    chance = np.frombuffer(b"".join(hashlib.md5(f"{seed}|{i}".encode(), usedforsecurity=False).digest() for i in range(n)), dtype="<u4")
    first, second, third, _ = chance.reshape(n, 4).astype(np.uint64).T
    base = (first * np.uint64(len(near)) >> np.uint64(32)).astype(np.int64)
    other = near[base, (second * np.uint64(near.shape[1]) >> np.uint64(32)).astype(np.int64)]
    share = third / 2.0**32
    made: dict[str, pa.Array] = {}
    for name, values in rows.items():
        to = arrow_type(schema[name].kind) or pa.array(values).type
        if name in numbers:
            x = numbers[name]
            between = x[base] + share * (x[other] - x[base])
            made[name] = pa.array(np.rint(between).astype(np.int64) if schema[name].kind is Kind.INTEGER else between).cast(to, safe=False)
        else:
            chosen = [mode(values[j] for j in around) for around in near] if name in categories else values
            made[name] = pa.array([chosen[i] for i in base], to)
    return pa.table(made)


def neighbours(numbers: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    """For each row the places of its k nearest other rows, the nearest first, equally near ones in their order.

    >>> import numpy as np
    >>> neighbours(np.array([[0.0], [1.0], [3.0]]), np.empty((3, 0), int), 1).tolist()
    [[1], [0], [1]]
    """
    n = len(numbers)
    differing = float(np.median(numbers.std(axis=0))) ** 2 if codes.shape[1] else 0.0
    found = []
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        squares = np.zeros((len(numbers[part]), n))
        for x in numbers.T:
            squares += (x[part, None] - x) ** 2
        for c in codes.T:
            squares += differing * (c[part, None] != c)
        squares[np.arange(len(squares)), np.arange(start, start + len(squares))] = np.inf
        found.append(np.argsort(squares, axis=1, kind="stable")[:, : min(k, n - 1)])
    return np.concatenate(found)


def _is_number(column: Column, label: str) -> bool:
    return column.kind.numeric and column.name != label


def _numbers(column: Column, values: Sequence[Any]) -> np.ndarray:
    if None in values:
        message = f"balance: smote needs numbers, and column {column.name!r} has none in some rows"
        raise RequestError(message, hint="impute it first", code="missing-number")
    return np.array(values, dtype=np.float64)


def _codes(columns: Sequence[Sequence[Any]], rows: int) -> np.ndarray:
    """Categories as whole numbers, a column for each."""
    places = [{value: i for i, value in enumerate(dict.fromkeys(values))} for values in columns]
    coded = [[place[value] for value in values] for place, values in zip(places, columns, strict=True)]
    return np.array(coded, dtype=np.int64).reshape(len(columns), rows).T
