"""sample."""

import hashlib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.rows.sample import Sample

KEYS = list(range(100))
BY_KEY = Roles.of(id="k")


def hashed(key, seed=0):
    return hashlib.md5(f"{seed}\x1f{key}".encode()).hexdigest()[:15]


def test_chance_takes_the_rows_with_the_smallest_hashes():
    expected = sorted(sorted(KEYS, key=lambda k: hashed(k, 7))[:30])
    assert sorted(made(Sample(30, seed=7), {"k": KEYS, "x": [0.5] * 100}, BY_KEY)["k"]) == expected
    assert sorted(made(Sample(fraction=0.3, seed=7), {"k": KEYS, "x": [0.5] * 100}, BY_KEY)["k"]) == expected


def test_of_rows_that_are_equal_no_more_are_taken_than_asked_for():
    assert made(Sample(3), {"x": [1] * 10}) == {"x": [1] * 3}
    found = made(Sample(4, stratify="s"), {"s": ["a"] * 6 + ["b"] * 2, "x": [1] * 8})
    assert sorted(found["s"]) == ["a", "a", "a", "b"]


@given(rows=st.lists(st.tuples(st.sampled_from([0.5, 1.5, None]), st.integers(0, 3)), min_size=1, max_size=8), n=st.integers(1, 9))
def test_the_first_in_an_order_are_those_of_pandas(rows, n):
    frame = pd.DataFrame(rows, columns=["x", "y"]).astype({"x": float})
    expected = frame.sort_values(["x", "y"]).head(n)["y"].tolist()
    assert made(Sample(n, order="x"), {"x": [x for x, _ in rows], "y": [y for _, y in rows]} | {"z": [1.0] * len(rows)})["y"] == expected


def test_the_latest_rows():
    assert made(Sample(2, order="t", descending=True), {"t": [1, 3, None, 2]})["t"] == [3, 2]
    assert fitted(Sample(2, order="t"), {"t": [1, 3]}).apply(dataset({"t": [1, 3]})).ordered


def test_strata_keep_their_shares():
    table = {"k": KEYS, "s": ["a"] * 70 + [None] * 20 + ["b"] * 10}
    for step in (Sample(10, stratify="s"), Sample(fraction=0.1, stratify="s"), Sample(10, stratify="s", order="k")):
        found = made(step, table, BY_KEY)["s"]
        assert (found.count("a"), found.count(None), found.count("b")) == (7, 2, 1)


def test_all_rows_where_there_are_fewer():
    assert sorted(made(Sample(9), {"k": [1, 2]})["k"]) == [1, 2]
    assert made(Sample(9), {"k": []})["k"] == []
    assert made(Sample(fraction=0.1), {"k": [1, 2]})["k"] == []


@pytest.mark.parametrize("wrong", [{}, {"n": -1}, {"n": 1, "fraction": 0.5}, {"fraction": 1.5}, {"fraction": -0.1}])
def test_a_size_is_needed(wrong):
    with pytest.raises(RequestError, match="one of the two"):
        Sample(**wrong)


def test_what_it_refuses():
    with pytest.raises(RequestError, match=r"there are 1,001 strata") as error:
        made(Sample(5, stratify="k"), {"k": list(range(1001))})
    assert "up to 1,000" in str(error.value)
    with pytest.raises(RequestError, match="cannot be a stratum"):
        made(Sample(5, stratify="k"), {"k": [[1]], "x": [1]})
