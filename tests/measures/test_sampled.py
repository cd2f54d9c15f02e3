"""The rows that a profile looks at, and the values in them."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.data import Column, Kind
from tilth.measures.sampled import Spread, most_rows, packs, quantiles_of, sampled_rows, thinned, values_of
from tilth.testing.laws import in_memory

N = 20_000


def spread(name, x):
    return Spread(Column(name, Kind.FLOAT, "DOUBLE"), float(x.min()), float(x.max()), float(len(np.unique(x))))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_rows_are_chosen_evenly_whatever_their_order(share):
    random = np.random.default_rng(3)
    x, y = np.arange(N, dtype=float), random.lognormal(0, 2, N)
    spreads = [spread("x", x), spread("y", y)]
    engine = duckdb_session()
    condition = thinned(spreads, N, share)

    def chosen(order):
        data = in_memory(pa.table({"x": x[order], "y": y[order]}))
        found = sampled_rows(data.rows(select_where(condition)), ["x", "y"], 1, [], engine).table
        return set(found["x"].to_pylist())

    found = chosen(np.arange(N))
    assert found == chosen(random.permutation(N))
    assert len(found) == pytest.approx(share * N, abs=4 * np.sqrt(share * (1 - share) * N))  # 4 standard deviations of a binomial count
    parts, _ = np.histogram(list(found), 10, (0, N))
    assert parts.min() > 0.5 * parts.max()  # from all parts of the table


def select_where(condition):
    from sqlglot import exp

    from tilth.data import BELOW
    from tilth.engine.layers import table

    return exp.Select(expressions=[exp.Star()]).from_(table(BELOW)).where(condition)


def test_too_few_numbers_choose_no_rows():
    few = np.arange(N) % 7.0
    assert thinned([spread("x", few), spread("y", few)], N, 0.1) is None
    assert thinned([], N, 0.1) is None


def test_a_sample_has_fewer_rows_where_columns_are_many():
    assert (most_rows(0), most_rows(20), most_rows(300), most_rows(5000)) == (100_000, 100_000, 10_000, 5_000)


def test_nan_and_infinity_are_no_values():
    x = pa.chunked_array([[1.0, None, float("nan")], [float("inf"), 1.0]])
    assert values_of(x).counts() == {1.0: 2, float("inf"): 1}
    assert values_of(x).numbers.tolist() == [1.0, 1.0]
    assert quantiles_of(values_of(x).numbers, {"half": 0.5}) == {"half": 1.0}
    assert quantiles_of(np.array([]), {"half": 0.5}) == {}


def test_a_value_of_each_kind_is_counted_whatever_the_chunks():
    strings = pa.chunked_array([["b", None], ["a", "b"]])
    assert (values_of(strings).counts(), values_of(strings).codes.tolist()) == ({"b": 2, "a": 1}, [0, -1, 1, 0])
    assert values_of(pa.chunked_array([], pa.string())).distinct == 0
    days = pa.chunked_array([[dt.date(2024, 1, 2), None], [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]])
    assert list(values_of(days).counts().items()) == [(dt.date(2024, 1, 1), 1), (dt.date(2024, 1, 2), 2)]
    prices = pa.chunked_array([[Decimal("2.50"), None, Decimal("1.25"), Decimal("2.50")]])
    assert values_of(prices).numbers.tolist() == [1.25, 2.5, 2.5]


def test_columns_are_counted_together_while_their_combinations_are_few():
    assert list(packs({"a": 3, "b": 20, "c": 4}, 12)) == [["a", "c"], ["b"]]
    assert list(packs({}, 12)) == []


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30))
def test_quantiles_are_those_of_numpy(values):
    asked = {"least": 0.0, "low": 0.05, "half": 0.5, "high": 0.95, "most": 1.0}
    assert list(quantiles_of(np.sort(values), asked).values()) == np.quantile(values, list(asked.values())).tolist()
