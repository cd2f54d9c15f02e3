"""shuffle."""

import hashlib
import random

import pyarrow as pa
import pytest

from tests.steps.made import dataset, fitted, made
from tilth.data import Dataset, Memory, Roles
from tilth.engine.duckdb import DuckDB
from tilth.engine.session import everything
from tilth.errors import RequestError
from tilth.steps.fitting import fit
from tilth.steps.rows.shuffle import Shuffle

KEYS = list(range(100))


def test_the_order_is_that_of_the_hashes():
    expected = sorted(KEYS, key=lambda k: hashlib.md5(f"7\x1f{k}".encode()).hexdigest()[:15])
    assert made(Shuffle(seed=7), {"k": KEYS, "x": [0.5] * 100}, Roles.of(id="k"))["k"] == expected


def test_another_seed_is_another_order():
    orders = {tuple(made(Shuffle(seed=s), {"k": KEYS})["k"]) for s in range(3)}
    assert len(orders) == 3
    assert all(sorted(o) == KEYS for o in orders)


def test_the_order_of_the_rows_before_changes_nothing():
    rows = [(k, x) for k in (1, 1, 1, 2, None, None) for x in ("a", "b", None)]
    for seed in range(3):
        mixed = random.Random(seed).sample(rows, len(rows))
        table = {"k": [k for k, _ in mixed], "x": [x for _, x in mixed]}
        assert made(Shuffle(), table, Roles.of(id="k")) == made(
            Shuffle(), {"k": [k for k, _ in rows], "x": [x for _, x in rows]}, Roles.of(id="k")
        )


def test_the_order_is_meant():
    found = fitted(Shuffle(), {"k": KEYS})
    assert found.apply(dataset({"k": KEYS})).ordered


@pytest.mark.slow
def test_threads_change_nothing():
    table = pa.table({"k": range(200_000)})
    orders = []
    for threads in (1, 4):
        engine = DuckDB(threads=threads).session()
        _, data = fit([Shuffle()], Dataset(Memory(table, ("k",))), engine)
        orders.append(pa.Table.from_batches(engine.batches(engine.query(data, everything())))["k"])
    assert orders[0].equals(orders[1])


def test_rows_in_order_of_time_are_not_shuffled_by_default():
    roles = Roles.of(time="t")
    with pytest.raises(RequestError, match="their order carries meaning") as error:
        made(Shuffle(), {"t": [1, 2]}, roles)
    assert "anyway: true" in str(error.value)
    assert Shuffle().refused(roles)
    assert len(made(Shuffle(anyway=True), {"t": [1, 2]}, roles)["t"]) == 2


def test_blocks_are_shuffled_and_the_rows_in_them_are_not():
    chance, roles = random.Random(2), Roles.of(time="t")
    rows = [(day, hour) for day in ["mon", "tue", "wed", "thu", None] for hour in range(6)]
    orders = []
    for seed in range(3):
        mixed = chance.sample(rows, len(rows))
        found = made(Shuffle(blocks="day", seed=seed), {"day": [d for d, _ in mixed], "t": [t for _, t in mixed]}, roles)
        days = list(dict.fromkeys(found["day"]))
        assert list(zip(found["day"], found["t"], strict=True)) == [(day, hour) for day in days for hour in range(6)]
        expected = sorted(["mon", "tue", "wed", "thu", None], key=lambda d: hashlib.md5(f"{seed}\x1f{d or chr(0)}".encode()).hexdigest())
        assert days == expected
        orders.append(days)
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Shuffle(blocks="day"), "no column that says the order of the rows of a block"),
        (Shuffle(order="t"), "`order` is for the rows of `blocks`"),
        (Shuffle(blocks="l", order="t"), "'l' .* cannot be a block"),
    ],
)
def test_blocks_without_an_order_are_refused(step, message):
    with pytest.raises(RequestError, match=message):
        made(step, {"day": ["a"], "t": [1], "l": [[1]]})
