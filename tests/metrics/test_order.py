"""Whether the order of rows says something: on real data, beside scipy, and in any order."""

from __future__ import annotations

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

from tilth.metrics.order import autocorrelation, bartels, blocks, ranks, runs, trend, von_neumann

Shared = Callable[[str], Path]


def column(name: str, shared_data: Shared) -> Any:
    """A column of the shared data, in the order of its file, without missing values; of `x = v` whether it is v."""
    file, _, rest = name.partition(" ")
    wanted, _, value = rest.partition(" = ")
    path = shared_data(file)
    if file.endswith("sms.tsv"):
        return np.array([line.partition("\t")[0] == value for line in path.read_text().splitlines() if line.strip()])
    given: dict[str, Any] = {"header": None} if wanted.isdigit() else {}
    found = pd.read_csv(path, skipinitialspace=True, **given)[int(wanted) if wanted.isdigit() else wanted].dropna()
    return (found.astype(str) == value).to_numpy() if value else found.to_numpy(dtype=float)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "n", "found"),
    [  # autocorrelation, von Neumann, Bartels, runs, trend: of series the first four see, of two files glued together the last alone
        ("timeseries/airline-passengers.csv Passengers", 144, (0.948, 0.08, -11.7, -10.9, 0.952)),
        ("timeseries/daily-min-temperatures.csv Temp", 3_650, (0.774, 0.45, -46.8, -37.6, 0.017)),
        ("timeseries/pollution.csv pm2.5", 41_757, (0.964, 0.07, -197, -178, -0.032)),
        ("tabular/mpg.csv mpg", 398, (0.741, 0.52, -15.2, -13.5, 0.582)),
        ("tabular/taxis.csv total", 6_433, (0.004, 1.99, -0.5, -0.3, -0.086)),
    ],
)
def test_of_numbers(name: str, n: int, found: tuple[float, ...], shared_data: Shared) -> None:
    x = column(name, shared_data)
    places = (3, 2, 0, 0, 3) if n > 10_000 else (3, 2, 1, 1, 3)
    measured = (autocorrelation(x), von_neumann(x), bartels(x), runs(x)[0], trend(x))
    assert (len(x), tuple(map(round, measured, places))) == (n, found)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "n", "z"),
    [
        ("tabular/penguins.csv species = Adelie", 344, -18.5),  # sorted by species
        ("tabular/mammography.csv 6 = '1'", 11_183, -101.9),  # ten sorted files, one after the other
        ("tabular/adult-train.csv 14 = >50K", 32_561, 0.6),
        ("tabular/titanic.csv survived = 1", 891, -0.7),
        ("text/sms.tsv label = spam", 5_574, 0.1),
    ],
)
def test_of_classes(name: str, n: int, z: float, shared_data: Shared) -> None:
    x = column(name, shared_data)
    assert (len(x), round(runs(x)[0], 1)) == (n, z)


@pytest.mark.shared_data
def test_blocks_see_a_drift_and_no_repetition(shared_data: Shared) -> None:
    assert round(blocks(column("tabular/penguins.csv species = Adelie", shared_data)), 1) == 312.5
    assert round(blocks(column("tabular/mammography.csv 6 = '1'", shared_data)), 1) == 0.0
    assert round(stats.chi2.sf(blocks(column("tabular/adult-train.csv 14 = >50K", shared_data)), 9), 2) == 0.71


NUMBERS = st.lists(st.integers(-5, 5), min_size=4, max_size=40).filter(lambda x: len(set(x)) > 2)


@given(NUMBERS)
def test_ranks_and_trend_are_those_of_scipy(x: list[int]) -> None:
    assert ranks(x).tolist() == stats.rankdata(x).tolist()
    assert trend(x) == pytest.approx(stats.spearmanr(x, range(len(x))).statistic, abs=1e-12)


@given(NUMBERS)
def test_the_ratio_follows_from_the_autocorrelation(x: list[int]) -> None:
    """Σ(xᵢ₊₁ − xᵢ)² = 2 Σ(xᵢ − x̄)² − (x₁ − x̄)² − (xₙ − x̄)² − 2 Σ(xᵢ − x̄)(xᵢ₊₁ − x̄)."""
    away = np.array(x) - np.mean(x)
    ends = (away[0] ** 2 + away[-1] ** 2) / (away @ away)
    assert von_neumann(x) == pytest.approx(2 * (1 - autocorrelation(x)) - ends, abs=1e-9)


def test_the_statistics_are_about_normal_in_any_order() -> None:
    """The deviation of the mean of 400 of them is 0.05, that of their deviation 0.035."""
    rng = np.random.default_rng(1)
    for test in (bartels, lambda x: runs(x)[0]):
        found = [test(rng.permutation(60)) for _ in range(400)]
        assert abs(np.mean(found)) < 0.2
        assert 0.85 < np.std(found) < 1.15


def test_nothing_can_be_said_of_a_constant_column() -> None:
    assert all(map(math.isnan, (autocorrelation([1, 1, 1]), von_neumann([1, 1, 1]), trend([1, 1, 1]), runs([1, 1, 1])[0], bartels([1, 2]))))
