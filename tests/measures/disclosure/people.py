"""People of whom something may be found out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

import tilth
from tilth.measures.disclosure.measure import DisclosureRisk
from tilth.measures.disclosure.payload import Risk

QUASI, SENSITIVE = ("age", "zip", "sex"), ("diagnosis", "salary")


def people(rows: int = 300, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    table = {
        "age": rng.integers(20, 30, rows),
        "zip": [f"{z:05d}" for z in rng.integers(10_000, 10_004, rows)],
        "sex": rng.choice(["f", "m", None], rows),
        "diagnosis": rng.choice(["a", "b", "c", None], rows, p=[0.6, 0.2, 0.1, 0.1]),
        "salary": rng.integers(1, 6, rows),
    }
    return pa.table(table)


def risk(table: pa.Table, measure: DisclosureRisk) -> tuple[float | None, Risk]:
    (found,) = tilth.measure(tilth.read(table), [measure]).of(Risk)
    return found.value, found.payload
