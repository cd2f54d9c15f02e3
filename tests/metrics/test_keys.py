"""Metrics of how often values occur, against counts made by Python's Counter."""

from __future__ import annotations

import math
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.metrics.keys import DistinctValues, DuplicateRows, Entropy, Frequencies, MostFrequent, Uniqueness, UniqueValueRatio
from tilth.metrics.metric import measured

ENGINE = duckdb_session()
ROWS = st.lists(st.tuples(st.none() | st.sampled_from("abcd"), st.none() | st.integers(0, 3)), max_size=25)


def values(rows, *metrics):
    made = pa.table({"s": pa.array([r[0] for r in rows], pa.string()), "i": pa.array([r[1] for r in rows], pa.int64())})
    found = measured(Dataset(Memory(made, ("s", "i"), id(made))), metrics, ENGINE)
    return [found[m] for m in metrics]


@given(ROWS)
def test_one_column(rows):
    groups = Counter(r[0] for r in rows if r[0] is not None)
    n, nulls = sum(groups.values()), any(r[0] is None for r in rows)
    once = sum(c == 1 for c in groups.values())
    unique, ratio, distinct, entropy, most = values(
        rows, Uniqueness(("s",)), UniqueValueRatio("s"), DistinctValues("s"), Entropy("s"), MostFrequent("s")
    )
    assert unique == (once / n if n else None)
    assert ratio == (once / len(groups) if groups else None)
    assert distinct == len(groups) + nulls
    assert entropy == (pytest.approx(-sum(c / n * math.log(c / n) for c in groups.values()), abs=1e-12) if n else None)
    assert most == (min(groups, key=lambda k: (-groups[k], k)) if groups else None)


@given(ROWS)
def test_several_columns_null_is_a_value_in_a_key_that_is_null_in_part(rows):
    groups = Counter(r for r in rows if r != (None, None))
    n = sum(groups.values())
    unique, duplicates = values(rows, Uniqueness(("s", "i")), DuplicateRows(("s", "i")))
    assert unique == (sum(c == 1 for c in groups.values()) / n if n else None)
    assert duplicates == sum(c for c in groups.values() if c > 1)


@given(ROWS)
def test_frequencies_count_null_too_and_have_one_order(rows):
    (found,) = values(rows, Frequencies(("s", "i")))
    wanted = Counter(rows)
    assert list(found) == sorted(wanted, key=lambda k: (-wanted[k], k[0] is None, k[0] or "", k[1] is None, k[1] or 0))
    assert found == dict(wanted)


def test_the_order_of_rows_changes_no_digit_of_entropy():
    values = [i * i // 97 % 5000 for i in range(200_000)]
    counts = Counter(values).values()
    expected = math.log(len(values)) - math.fsum(n * math.log(n) for n in counts) / len(values)
    for order in (values, values[::-1]):
        data = Dataset(Memory(pa.table({"x": order}), ("x",), id(order)))
        assert measured(data, [Entropy("x")], ENGINE)[Entropy("x")] == expected
