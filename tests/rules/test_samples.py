"""Sample rules of each type, all in one ruleset over one table."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tests.rules.cases import FOLDER, evaluate
from tilth.data import Dataset, Memory
from tilth.rules import parse

NOW = datetime(2024, 3, 4, 12)
N = 6
COLUMNS = {
    "order_id": range(1, N + 1),
    "line_no": [1, 1, 2, 1, 1, 1],
    "status": ["ok"] * N,
    "email": ["a@x", "b@x", "c@x", "d@x", None, "a@x"],
    "state": ["NEW", "PAID", "SHIPPED", "SHIPPED", "NEW", "PAID"],
    "ship_date": [None, None, date(2024, 3, 1), date(2024, 3, 2), None, None],
    "order_date": [date(2024, 3, 1), date(2024, 2, 28), *[date(2024, 3, 1)] * 3, date(2024, 1, 1)],
    "updated_at": [datetime(2024, 3, 4, 6)] * N,
    "coupon": ["NONE", "NONE", "A", "B", "B", "C"],
    "sku": ["s1", "s1", "s2", "s3", "s4", "s5"],
    "channel": ["web", "web", "web", "shop", "shop", "app"],
    "height": range(N),
    "weight": range(1, 2 * N, 2),
    "temperature": [10, 20, 30, 40, 50, 71],
    "latency_ms": [100, 150, 200, 250, 300, 1000],
    "income": range(N),
    "residual": range(N),
    "stock": [0, 0, 5, 7, 0, 9],
    "discontinued": [False, False, False, False, True, False],
    "zip": ["01234", "1234", "10001", "10002", "10003", "10004"],
    "code": ["A1", "A1", "", "B2", None, "A1"],
    "comment": list("abcdef"),
    "discount": [0.1, 0.2, 0.9, 0.3, 0.4, 0.5],
    "tier": ["tin", "tin", "gold", "tin", "tin", "tin"],
    "flag": ["red", "blue", "red", "blue", "red", "blue"],
    "qty": range(1, N + 1),
    "unit_price": [10.0] * N,
    "amount": [10.0 * n for n in range(1, N + 1)],
    "cust": [1, 2, 3, 1, 2, 9],
    "cust_id": [1, 2, 3, 1, 2, 3],
    **{f"more_{i}": [0] * N for i in range(3)},
}


def dataset(columns: dict[str, list[object]]) -> Dataset:
    table = pa.table({name: list(values) for name, values in columns.items()})
    return Dataset(Memory(table, tuple(table.column_names), id(table)))


SOURCES = {
    "customers": dataset({"id": [1, 2, 3]}),
    "orders_old": dataset(COLUMNS),
    "ledger": dataset({"amount": [200.0, 10.0]}),
    "staging": dataset({"n": [0] * 5}),
}


def earlier(metric: str, most: int) -> list[tuple[datetime, float]]:
    """A history in which every metric was always 1."""
    return [(NOW, 1.0)] * most


def test_each_sample_is_parsed_and_judged(tmp_path: Path) -> None:
    for name, text, at in (("in/a.csv", "1", NOW.replace(hour=9)), ("in/b.csv", "2", datetime(2024, 2, 1)), ("copy/a.csv", "1", NOW)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (at.replace(tzinfo=UTC).timestamp(),) * 2)
    text = (FOLDER / "samples.tsv").read_text("utf-8").replace("DIR", str(tmp_path)).replace("SHA256", hashlib.sha256(b"1").hexdigest())
    cases = [line.split("\t") for line in text.splitlines()[1:]]
    ruleset = parse(f"Rules = [ {', '.join(rule for rule, *_ in cases)} ]")
    found = evaluate(dataset(COLUMNS), ruleset, duckdb_session(), sources=SOURCES, history=earlier, now=NOW, observe=False)
    assert [(rule, str(f.outcome)) for (rule, *_), f in zip(cases, found, strict=True)] == [(rule, outcome) for rule, outcome, *_ in cases]
    for (rule, _, *value), f in zip(cases, found, strict=True):
        if value:
            assert next(iter(f.payload.metrics.values())) == pytest.approx(float(value[0])), rule
