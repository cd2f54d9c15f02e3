"""The flows in `examples/` once more: pandas reads the files; scikit-learn, scipy and formulas by hand say what must come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

import tilth
from tests.house.tree import ROOT
from tilth.flow import Flow
from tilth.report import FindingKind, Report

pytestmark = pytest.mark.shared_data

Shared = Callable[[str], Path]
Parts = dict[str, pd.DataFrame]


def flow_of(name: str) -> Flow:
    return Flow.load(ROOT / "examples" / f"{name}.yaml")


def read(name: str, shared_data: Shared) -> pd.DataFrame:
    """The file as pandas reads it, after what the flow's `rows` do, with a number for each row."""
    names = {"german": flow_of("german").reading.options["names"], "mammography": flow_of("mammography").reading.options["names"]}
    raw = pd.read_csv(
        shared_data(f"tabular/{name}.csv"), names=names.get(name), keep_default_na=False, na_values=[""], quoting=3 if name in names else 0
    )
    if name == "taxis":
        raw = raw.assign(pickup=pd.to_datetime(raw["pickup"]), dropoff=pd.to_datetime(raw["dropoff"]))
        raw = raw[raw["distance"] > 0]
    if flow_of(name).rows:
        raw = raw.drop_duplicates()
    return raw.reset_index(drop=True).rename_axis("row").reset_index()


def prepared(name: str, raw: pd.DataFrame, place: Path) -> tuple[Report, Parts, Parts]:
    """The report; the parts that are delivered, and their rows as they were, both in the order of the rows' numbers."""
    flow = flow_of(name)
    reading = replace(flow.reading, roles=replace(flow.reading.roles, id=("row",)))
    table = pa.Table.from_pandas(raw, preserve_index=False)
    report = tilth.run(replace(flow, reading=reading, rows=(), training=()), place, data=tilth.read(table, roles=reading.roles))
    made = {part: tilth.write(tilth.read(place / part), format="pandas").set_index("row").sort_index() for part in ("train", "test")}
    return report, made, {part: raw.set_index("row").loc[frame.index] for part, frame in made.items()}


def same(made: Parts, expected: Mapping[str, pd.DataFrame], columns: list[str]) -> None:
    for part, frame in made.items():
        np.testing.assert_allclose(frame[columns].to_numpy(float), expected[part][columns].to_numpy(float), rtol=1e-9, atol=1e-12)


def by(transformer: Any, rows: Parts, columns: list[str], names: list[str] | None = None) -> Parts:
    """What a transformer that has learned on the training rows makes of each part."""
    fitted = transformer.fit(rows["train"][columns])
    return {part: pd.DataFrame(fitted.transform(r[columns]), index=r.index, columns=names or columns) for part, r in rows.items()}


def one_hot(made: Parts, rows: Parts, columns: list[str]) -> None:
    """Each value that the training rows have is a column of its own, and there is no other."""
    encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(rows["train"][columns].astype(str))
    names = [f"{c}_{v}" for c, vs in zip(columns, encoder.categories_, strict=True) for v in vs]
    assert sorted(names) == sorted(n for n in made["train"] if n.rpartition("_")[0] in columns)
    expected = {part: pd.DataFrame(encoder.transform(r[columns].astype(str)), index=r.index, columns=names) for part, r in rows.items()}
    same(made, expected, names)


def stratified(rows: Parts, label: str, share: float) -> None:
    """Each class is divided by the shares, to within a row."""
    whole = pd.concat(rows.values())[label].value_counts()
    for value, n in whole.items():
        assert abs((rows["train"][label] == value).sum() - n * share) < 1


def rule(report: Report, begins: str) -> float:
    (value,) = (f.value for f in report.of(FindingKind.RULE) if f.name.startswith(begins))
    return float(value)


def bias_by_hand(rows: pd.DataFrame, in_d: pd.Series, label: str, positive: object) -> dict[str, float]:
    """The metrics of a group d against all others, from the shares of the outcomes; formulas of the Clarify documentation."""
    good = rows[label] == positive
    q_a, q_d, n_d, n_a = good[~in_d].mean(), good[in_d].mean(), in_d.sum(), (~in_d).sum()
    a, d = np.array([1 - q_a, q_a]), np.array([1 - q_d, q_d])
    m = (a + d) / 2
    return {
        "CI": (n_a - n_d) / (n_a + n_d),
        "DPL": q_a - q_d,
        "KL": stats.entropy(a, d),
        "JS": (stats.entropy(a, m) + stats.entropy(d, m)) / 2,
        "LP": np.linalg.norm(a - d),
        "TVD": np.abs(a - d).sum() / 2,
        "KS": np.abs(a - d).max(),
    }


def same_bias(report: Report, rows: Mapping[str, pd.DataFrame], facet: str, value: str, label: str, positive: object) -> None:
    for part, r in rows.items():
        found = {f.name: f.value for f in report.of(FindingKind.BIAS) if f.group == f"{facet}={value}" and f.part == part}
        expected = bias_by_hand(r, r[facet] == value, label, positive)
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_titanic(shared_data: Shared, tmp_path: Path) -> None:
    raw = read("titanic", shared_data)
    report, made, rows = prepared("titanic", raw, tmp_path / "out")
    assert rule(report, 'Completeness "age"') == raw["age"].notna().mean()
    assert rule(report, 'Completeness "deck"') == raw["deck"].notna().mean()
    stratified(rows, "survived", 0.8)
    ages, ports = by(SimpleImputer(strategy="median"), rows, ["age"]), by(SimpleImputer(strategy="most_frequent"), rows, ["embarked"])
    same(made, {p: r[["age"]].isna().set_axis(["age_missing"], axis=1) for p, r in rows.items()}, ["age_missing"])
    rows = {p: r.assign(age=ages[p]["age"], embarked=ports[p]["embarked"]) for p, r in rows.items()}
    numbers = ["age", "fare", "sibsp", "parch"]
    same(made, by(RobustScaler(), rows, numbers), numbers)
    one_hot(made, rows, ["sex", "embarked", "pclass"])
    same_bias(report, {"raw": raw, **rows}, "sex", "female", "survived", 1)
    same_bias(report, {"raw": raw, **rows}, "class", "Third", "survived", 1)


def test_german(shared_data: Shared, tmp_path: Path) -> None:
    raw = read("german", shared_data)
    report, made, rows = prepared("german", raw, tmp_path / "out")
    stratified(rows, "risk", 0.7)
    numbers = [c for c in raw.select_dtypes("number") if c not in ("risk", "row")]
    same(made, by(MinMaxScaler(), rows, numbers), numbers)
    one_hot(made, rows, [c for c in raw if c not in (*numbers, "risk", "row")])
    same_bias(report, {"raw": raw, **rows}, "foreign_worker", "A202", "risk", 1)


def test_mammography(shared_data: Shared, tmp_path: Path) -> None:
    raw = read("mammography", shared_data)
    report, made, rows = prepared("mammography", raw, tmp_path / "out")
    assert rule(report, 'Entropy "malignant"') == pytest.approx(stats.entropy(raw["malignant"].value_counts()), rel=1e-12)
    stratified(rows, "malignant", 0.75)
    numbers = ["area", "grey", "gradient", "noise", "contrast", "shape"]
    same(made, by(StandardScaler(), rows, numbers), numbers)
    whole = tilth.run(replace(flow_of("mammography"), measure=()), data=shared_data("tabular/mammography.csv"))
    (dedupe,) = (f for f in whole.of(FindingKind.STEP) if f.name == "dedupe")
    assert dedupe.details["rows_out"] == len(raw)
    (balance,) = (f for f in whole.of(FindingKind.STEP) if f.name == "balance")
    few = (rows["train"]["malignant"] == "'1'").sum()  # as many in each run: a share of the class, whatever rows it is of
    assert balance.details["rows_out"] == few + round(few / 0.2)


def test_taxis(shared_data: Shared, tmp_path: Path) -> None:
    raw = read("taxis", shared_data)
    report, made, rows = prepared("taxis", raw, tmp_path / "out")
    r = stats.pearsonr(raw["distance"], raw["fare"]).statistic
    assert rule(report, 'ColumnCorrelation "distance" "fare"') == pytest.approx(r, rel=1e-9)
    assert rows["train"]["pickup"].max() < rows["test"]["pickup"].min()
    assert len(rows["train"]) == pytest.approx(0.8 * len(raw), abs=2)
    numbers = ["distance", "fare", "tolls"]
    same(made, by(RobustScaler(), rows, numbers), numbers)
    filled = by(SimpleImputer(strategy="most_frequent"), rows, ["payment", "pickup_borough", "dropoff_borough"])
    same(made, {p: (f == "cash").rename(columns={"payment": "payment_cash"}) for p, f in filled.items()}, ["payment_cash"])
