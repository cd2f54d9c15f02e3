"""Whether the order of rows says something: on real data, beside scipy, and in any order."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tilth.metrics.order import autocorrelation, bartels, numbers_ordered, ranks, runs, trend, von_neumann

Shared = Callable[[str], Path]


TABLE = list(csv.DictReader((Path(__file__).parent / "order_table.csv").open()))
"""What is printed of the statistics of columns of the shared data: of series the first four see an order, of files glued together some."""


def column(file: str, name: str, order: str, shared_data: Shared) -> Any:
    """A column of the shared data without missing values; of `x = v` whether it is v.

    In the order of its file, of the column `order` (of equal values the later row first), or in one that numpy draws.
    """
    wanted, _, value = name.partition(" = ")
    path = shared_data(file)
    if file.endswith("sms.tsv"):
        return np.array([line.partition("\t")[0] == value for line in path.read_text().splitlines() if line.strip()])
    given: dict[str, Any] = {"header": None} if wanted.isdigit() else {}
    table = pd.read_csv(path, skipinitialspace=True, **given)
    if order in table:
        table = table[::-1].sort_values(order, kind="stable")
    found = table[int(wanted) if wanted.isdigit() else wanted].dropna()
    x = (found.astype(str) == value).to_numpy() if value else found.to_numpy(dtype=float)
    return np.random.default_rng(0).permutation(x) if order == "permuted" else x


@pytest.mark.shared_data
@pytest.mark.parametrize("row", TABLE, ids=[f"{r['file']} {r['column']} {r['order']}".strip() for r in TABLE])
def test_the_statistics_of_real_columns_to_the_printed_digits(row: dict[str, str], shared_data: Shared) -> None:
    x = column(row["file"], row["column"], row["order"], shared_data)
    tests = {
        "autocorrelation": autocorrelation,
        "von_neumann": von_neumann,
        "bartels": bartels,
        "runs": lambda x: runs(x)[0],
        "trend": trend,
    }
    printed = {name: value for name in tests if (value := row[name])}
    found = {name: f"{tests[name](x) + 0:.{len(value.partition('.')[2])}f}" for name, value in printed.items()}
    assert (len(x), found) == (int(row["n"]), printed)


def test_one_outlier_does_not_hide_similar_neighbours() -> None:
    """It makes up nearly all of the variance, so the autocorrelation is about 0; ranks do not see how large it is."""
    rng = np.random.default_rng(2)
    noise = rng.normal(size=600)
    waves = np.sin(np.arange(600) / 9) + noise / 9
    for x, ordered in ((waves, True), (noise, False)):
        x[77] = 1e6
        assert abs(autocorrelation(x)) < 0.1
        assert abs(trend(x)) < 0.1
        assert numbers_ordered(x) == ordered


NUMBERS = st.lists(st.integers(-5, 5), min_size=4, max_size=40).filter(lambda x: len(set(x)) > 2)


@given(NUMBERS)
def test_ranks_and_trend_are_those_of_scipy(x: list[int]) -> None:
    assert ranks(x).tolist() == stats.rankdata(x).tolist()
    assert trend(x) == pytest.approx(stats.spearmanr(x, range(len(x))).statistic, abs=1e-12)


def test_the_runs_are_about_normal_in_any_order() -> None:
    """The deviation of the mean of 400 of them is 0.05, that of their deviation 0.035."""
    rng = np.random.default_rng(1)
    found = [runs(rng.permutation(60))[0] for _ in range(400)]
    assert abs(np.mean(found)) < 0.2
    assert 0.85 < np.std(found) < 1.15


def test_nothing_can_be_said_of_a_constant_column() -> None:
    same = [1, 1, 1]
    assert all(map(math.isnan, (autocorrelation(same), von_neumann(same), bartels(same), trend(same), runs(same)[0])))
