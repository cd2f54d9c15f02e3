"""Series of a table, whole and with parts replaced by a baseline."""

from __future__ import annotations

import numpy as np
import pytest

import tilth
from tests.engines import duckdb_session
from tests.measures.explain.shops import DATA, DAYS, ROLES, SHOPS, rise
from tilth.errors import RequestError
from tilth.measures.explain.forecasts import AsymmetricShap
from tilth.measures.explain.series import Baseline, series_of


def test_absent_parts_are_those_of_the_baseline():
    baseline = Baseline("mean", "zero", {"a": [5], "b": [5]})
    with duckdb_session() as run:
        columns, series = series_of("m", DATA, ["price"], ["size"], baseline, 2, run, 0)
    (a,) = (one for one in series if one.item == "a")
    assert a.steps == [[1, 4], [2, 5], [3, 6], [7], [8]]  # the covariate is player 0, then come three targets and five prices
    present = np.array([[0] * 9, [1] * 9, [1, 0, 1, 0, 0, 0, 0, 0, 1]], bool)
    rows = a.rows(columns, present).to_pylist()
    mean = 70 / 3
    expected = [
        ([mean] * 3, [0.0] * 5, 5),
        ([10.0, 20.0, 40.0], [1.0, 2.0, 3.0, 4.0, 5.0], 7),
        ([mean, 20.0, mean], [0.0, 0.0, 0.0, 0.0, 5.0], 7),
    ]
    assert rows == [{"shop": "a", "day": DAYS, "sold": sold, "price": price, "size": size} for sold, price, size in expected]
    assert a.matrix(present).tolist() == [[*sold, *price, size] for sold, price, size in expected]


@pytest.mark.parametrize(
    ("roles", "rows", "said"),
    [
        ({"id": "shop", "label": "sold"}, SHOPS, "needs the time of each row"),
        ({"id": ["shop", "city"], "time": "day", "label": "sold"}, SHOPS, "2 id columns"),
        ({"time": "day", "label": "sold"}, SHOPS, "the series has several rows of the same time"),
        (ROLES, SHOPS.slice(8, 2), "item 'b' has no known sold"),
        ({**ROLES, "private": "shop"}, SHOPS.slice(8, 2), "the item has no known sold"),
    ],
)
def test_rows_that_do_not_form_a_series_are_refused(roles, rows, said):
    with pytest.raises(RequestError, match=said):
        tilth.measure(tilth.read(rows, roles=roles), AsymmetricShap(rise))


@pytest.mark.spark
def test_spark_gives_the_same(spark):
    from tilth.engine.spark import Spark

    asked = AsymmetricShap(rise, related=("price",), static=("size",), static_baseline={"a": (5,), "b": (5,)}, local=True)
    here, there = (tilth.measure(DATA, asked, engine=engine).findings for engine in (None, Spark(spark)))
    assert here == there
