"""What the parts of a split share with the training part: asked of an engine, and counted here in Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.steps.made import dataset, fitted
from tilth.engine.session import Session
from tilth.flow.split_checks import shared_with_training
from tilth.steps.rows.split import Split

PARTS = ("train", "test", "validation")
VALUES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "i": (pa.int64(), [None, 0, 1]),
    "x": (pa.float64(), [None, 0.0, -0.0, 0.5]),
    "t": (pa.timestamp("us"), [None, 0, 1]),
    "d": (pa.decimal128(5, 2), [None, Decimal("0.50"), Decimal(1)]),
    "s": (pa.string(), [None, "", "a"]),
    "l": (pa.list_(pa.int64()), [None, [1], [1, 2]]),
}
ROW = st.fixed_dictionaries({name: st.sampled_from(values) for name, (_, values) in VALUES.items()})
COLUMNS = st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=6, unique=True)


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], type_) for name, (type_, _) in VALUES.items()})


def counted(rows: Sequence[dict[str, Any]], parts: Sequence[str], columns: Sequence[str]) -> dict[str, int]:
    """The rows of each part whose values also occur in the training part; a row without values has no equal."""
    keys = [tuple("0" if row[c] == 0 else repr(row[c]) for c in columns) for row in rows]  # 0.0 equals -0.0
    known = {key for key, part in zip(keys, parts, strict=True) if part == "train" and set(key) != {"None"}}
    return {name: sum(key in known for key, part in zip(keys, parts, strict=True) if part == name) for name in PARTS[1:]}


def asked(rows: Sequence[dict[str, Any]], parts: Sequence[str], columns: Sequence[str], engine: Session) -> dict[str, int]:
    data = dataset(table(rows).append_column("split", pa.array(parts, pa.string())))
    return shared_with_training(data, columns, PARTS[1:], engine)


@given(st.lists(st.tuples(ROW, st.sampled_from(PARTS)), min_size=1, max_size=30), COLUMNS)
def test_rows_that_are_also_in_the_training_part(found, columns):
    rows, parts = zip(*found, strict=True)
    assert asked(rows, parts, columns, duckdb_session()) == counted(rows, parts, columns)


@pytest.mark.spark
def test_rows_that_are_also_in_the_training_part_on_spark(spark):
    from tilth.engine.spark import Spark

    chance = random.Random(7)
    rows = [{name: chance.choice(values) for name, (_, values) in VALUES.items()} for _ in range(200)]
    parts = [chance.choice(PARTS) for _ in rows]
    with Spark(spark).session() as engine:
        for columns in (["i"], ["i", "s"], ["i", "x", "t", "s"], ["l"], ["i", "l"], list(VALUES)):
            assert asked(rows, parts, columns, engine) == counted(rows, parts, columns), columns


@pytest.mark.slow
@given(st.lists(ROW, min_size=1, max_size=20), st.sampled_from(["i", "x", "s", ("i", "s"), ("x", "t")]), st.integers(0, 20))
def test_rows_that_are_kept_together_are_in_one_part(rows, by, seed):
    step = Split((("train", 0.5), ("test", 0.5)), columns=by, seed=seed)
    done = fitted(step, table(rows))
    placed = done.apply(dataset(table(rows)))
    for columns in (c for n in (1, 2, 3) for c in combinations("ixts", n)):
        if step.keeps_together(columns, done.learned):
            assert shared_with_training(placed, columns, ["test"], duckdb_session()) == {"test": 0}


def test_rows_are_kept_together_by_what_places_them():
    rows = table([{name: values[1] for name, (_, values) in VALUES.items()}])

    def kept(step: Split, *columns: str) -> bool:
        return step.keeps_together(columns, fitted(step, rows).learned)

    halves = (("train", 0.5), ("test", 0.5))
    assert kept(Split(halves, columns="i"), "i")
    assert kept(Split(halves, by="group", columns="i"), "i", "s")
    assert kept(Split(halves), "i", "x", "t", "d", "s")
    assert not kept(Split(halves, columns=("i", "s")), "i")
    assert not kept(Split(halves, columns="i", exact=True), "i")
    assert not kept(Split(halves, by="stratified", columns="i"), "i")
    assert not kept(Split(halves, by="ordered", columns="i"), "i")
