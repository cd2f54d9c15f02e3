"""Cross-validation: each fold of a flow learns from its own training rows, and a run delivers the fold of each training row."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.model_selection import PredefinedSplit

import tilth
from tilth.data import Dataset
from tilth.errors import FlowError, RequestError
from tilth.flow import Flow

N = 120
RNG = np.random.default_rng(3)
TABLE = pa.table(
    {
        "no": range(N),
        "customer": [f"c{i % 24}" for i in range(N)],
        "x": RNG.normal(size=N).round(3),
        "y": np.where(RNG.random(N) < 0.2, "yes", "no"),
    }
)
STEPS = "features: [{scale: x}]\ntraining: [{balance: {with: over}}]"
ROLES = "data: {roles: {id: no, group: customer, label: y}}"


def flow(split: str, more: str = STEPS) -> Flow:
    return Flow.parse(f"{ROLES}\nsplit: {split}\n{more}")


def column(part: Dataset, name: str) -> list[Any]:
    return list(tilth.write(part)[name].to_pylist())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "by"),
    [
        *(("duckdb", by) for by in ("hash", "group", "stratified", "stratified_group")),
        pytest.param("spark", "group", marks=pytest.mark.spark),  # that it makes the same folds by all ways, the cases of steps say
    ],
)
def test_each_fold_learns_from_its_own_training_rows(by: str, engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What is learned are the mean and deviation that numpy gives of these rows; their classes are balanced, the tested ones are not."""
    session = None if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    split = f"{{train: 0.75, test: 0.25, by: {by}, folds: 3}}"
    report = tilth.run(flow(split), tmp_path / "out", data=TABLE, engine=session)
    training = set(tilth.arrays(tmp_path / "out" / "train").ids["no"].tolist())
    x = np.asarray(TABLE["x"])
    tested: list[int] = []
    for fold in tilth.folds(flow(split), TABLE, engine=session):
        test = column(fold.test, "no")
        rest = sorted(training - set(test))
        state = fold.flow.need_learned().features[0].learned["x"]
        assert state["centre"] == pytest.approx(x[rest].mean(), abs=1e-12)
        assert set(column(fold.train, "no")) <= set(rest)
        assert column(fold.test, "x") == pytest.approx((x[test] - x[rest].mean()) / x[rest].std(), abs=1e-9)
        classes = column(fold.train, "y")
        assert classes.count("yes") == classes.count("no")
        tested += test
    assert sorted(tested) == sorted(training)
    found = [(f.payload.rows, f.payload.of) for f in report.of("split") if f.name == "rows tested in a fold"]
    assert [of for _, of in found] == [len(training)] * 3


@pytest.mark.slow
def test_a_run_delivers_the_fold_of_each_training_row(tmp_path: Path) -> None:
    """A column with a role, so no feature, that scikit-learn takes as it is; only the training part has it, and no served row needs it."""
    split = "{train: 0.75, test: 0.25, by: group, folds: 3}"
    tilth.run(flow(split, "features: [{scale: numeric}]"), tmp_path / "out", data=TABLE)
    train, test = (tilth.arrays(tmp_path / "out" / part) for part in ("train", "test"))
    assert train.names == test.names == ("x",)
    assert test.fold is None
    folds = [set(train.ids["no"][tested].tolist()) for _, tested in PredefinedSplit(train.fold).split()]
    assert folds == [set(column(fold.test, "no")) for fold in tilth.folds(flow(split, ""), TABLE)]
    assert list(Flow.load(tmp_path / "out" / "flow.tilth").row({"no": 1, "customer": "c1", "x": 0.5, "y": "no"})) == TABLE.column_names


@pytest.mark.slow
def test_folds_alone_divide_all_rows() -> None:
    found = list(tilth.folds(flow("{folds: 4, by: hash, exact: true}", ""), TABLE))
    assert sorted(n for fold in found for n in column(fold.test, "no")) == list(range(N))
    assert [len(column(fold.test, "no")) for fold in found] == [30] * 4


def test_a_flow_without_folds_has_none() -> None:
    with pytest.raises(RequestError, match="the flow has no folds") as told:
        list(tilth.folds(flow("{train: 0.75, test: 0.25}"), TABLE))
    assert "`folds: 5`" in str(told.value)


def test_a_fold_without_rows_is_refused_at_its_place() -> None:
    with pytest.raises(RequestError, match=r"<flow>:2:1: split: fold \d has no rows to train on or to test \(fold 1: "):
        tilth.run(flow("{train: 0.75, test: 0.25, by: group(y), folds: 4}", ""), data=TABLE)


def test_folds_are_written_like_the_split() -> None:
    split = flow("{folds: 3, by: hash, fold_by: 'group(customer, y)'}", "").split
    assert split is not None
    assert (split.shares, split.fold_by, split.fold_columns) == ((("train", 1.0),), "group", ("customer", "y"))
    with pytest.raises(FlowError, match="`horizon` is for folds that are rolling"):
        flow("{folds: 3, horizon: 7 days}")


@pytest.mark.parametrize("fold_by", ["rolling", "blocks"])
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_folds_in_time_are_the_same_on_every_engine(fold_by: str, engine: str, request: pytest.FixtureRequest) -> None:
    """A day is a row, so the rows of each fold follow from the lengths that are asked for."""
    session = None if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    days = pa.array(np.arange(N)[::-1].copy(), pa.int32()).cast(pa.date32())
    split = f"{{folds: 2, by: time(day), fold_by: {fold_by}, gap: 5 days{', horizon: 20 days' if fold_by == 'rolling' else ''}}}"
    found = [
        [sorted((d - date(1970, 1, 1)).days for d in column(part, "day")) for part in (fold.train, fold.test)]
        for fold in tilth.folds(flow(split, ""), TABLE.append_column("day", days), engine=session)
    ]
    rolling = [[list(range(75)), list(range(80, 100))], [list(range(95)), list(range(100, 120))]]
    blocks = [[list(range(60, 120)), list(range(60))], [list(range(55)), list(range(60, 120))]]
    assert found == (rolling if fold_by == "rolling" else blocks)
