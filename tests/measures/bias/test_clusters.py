"""Intervals of clusters: rows that are copies say nothing new, and the error is that of the clusters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.errors import TilthError

RANDOM = np.random.default_rng(1)
N = 120
SEX = np.where(RANDOM.random(N) < 0.4, "f", "m")
ROWS = {
    "sex": SEX,
    "paid": (RANDOM.random(N) < np.where(SEX == "f", 0.35, 0.6)).astype(int),
    "said": (RANDOM.random(N) < 0.5).astype(int),
    "site": np.where(RANDOM.random(N) < 0.7, "a", "b"),
    "person": np.arange(N),
}
ROLES = {"facet": "sex", "label": "paid", "positive": 1, "prediction": "said", "group": "site"}


def measured(rows, **options):
    report = tilth.measure(tilth.read(pa.table(rows), roles=ROLES), "bias", bootstrap=200, **options)
    return {(f.name, f.group): f for f in report.of("bias")}


def copied(times):
    return {name: np.repeat(values, times) for name, values in ROWS.items()}


def test_copies_of_rows_change_no_interval_of_clusters():
    """A cluster of copies weighs as its row does, so the draws are those of the rows."""
    plain, clustered, naive = measured(ROWS), measured(copied(4), clusters="person"), measured(copied(4))
    for key, f in plain.items():
        if f.low is not None and f.payload.method == "bootstrap":
            assert (clustered[key].low, clustered[key].high) == pytest.approx((f.low, f.high)), key
    dpl = "DPL", "sex=f"
    assert plain[dpl].low < naive[dpl].low < naive[dpl].high < plain[dpl].high  # copies that count as rows narrow it
    assert clustered[dpl].payload.method == "cluster bootstrap"
    assert {f.payload.p_value for f in clustered.values()} == {None}


def test_the_standard_error_is_that_of_the_clusters():
    """Of clusters of 10 that share label and sex: about 10 times the variance of rows."""
    people = RANDOM.integers(0, 40, 400)
    of = {"sex": np.where(np.arange(40) % 2 == 0, "f", "m"), "paid": (RANDOM.random(40) < 0.5).astype(int)}
    rows = {name: values[people] for name, values in of.items()} | {"said": people % 2, "site": ["a"] * 400, "person": people}
    f = measured(rows, clusters="person")["DPL", "sex=f"]
    draws = []
    for _ in range(400):  # by hand: people are drawn, and their rows with them
        drawn = np.concatenate([np.flatnonzero(people == p) for p in RANDOM.integers(0, 40, 40)])
        sex, paid = rows["sex"][drawn], rows["paid"][drawn]
        draws.append(paid[sex == "m"].mean() - paid[sex == "f"].mean())
    low, high = np.percentile(draws, [2.5, 97.5])
    assert (f.low, f.high) == pytest.approx((low, high), abs=0.08)


def test_weights_of_clusters_are_summed():
    weighted = {**copied(2), "w": np.tile([0.5, 1.5], N)}
    roles = {**ROLES, "weight": "w"}
    found = tilth.measure(tilth.read(pa.table(weighted), roles=roles), "bias", bootstrap=200, clusters="person").of("bias")
    plain = measured(ROWS)
    for f in found:
        if f.name in ("DPL", "CI", "DI", "CDDL") and not f.payload.block:  # each person weighs 2
            assert (f.low, f.high) == pytest.approx((plain[f.name, f.group].low, plain[f.name, f.group].high)), f.name


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"clusters": "nobody"}, "no column 'nobody'"),
        ({"clusters": "gaps"}, "60 rows have no 'gaps'"),
        ({"clusters": "person", "counts": True}, "table of counts does not hold them"),
        ({"clusters": "person", "bootstrap": 0}, "no closed forms for clusters"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, says):
    rows = {**ROWS, "gaps": [None if i % 2 else i for i in range(N)]}
    with pytest.raises(TilthError, match=says):
        tilth.measure(tilth.read(pa.table(rows), roles=ROLES), "bias", **options)


def test_too_many_clusters_are_refused(monkeypatch):
    monkeypatch.setattr("tilth.measures.bias.clusters.MOST", 100)
    with pytest.raises(TilthError, match="'person' has 120 values"):
        measured(ROWS, clusters="person")
    monkeypatch.setattr("tilth.measures.bias.clusters.MOST", 200)
    monkeypatch.setattr("tilth.measures.bias.clusters.MOST_NUMBERS", 100)
    with pytest.raises(TilthError, match="too many to draw from"):
        measured(ROWS, clusters="person")
