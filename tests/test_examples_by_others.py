"""The flows in `examples/` once more: pandas reads the files; scikit-learn, scipy and formulas by hand say what must come out."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
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
from tilth.report import Report

pytestmark = pytest.mark.shared_data

Shared = Callable[[str], Path]
Parts = dict[str, pd.DataFrame]


def flow_of(name: str) -> Flow:
    return Flow.load(ROOT / "examples" / f"{name}.yaml")


FILES = {"adult": "adult-train"}


def table(path: Path, flow: Flow) -> pd.DataFrame:
    """A file as pandas reads it, by what the flow says of names and nulls; without a header quotes are letters like others."""
    names, nulls = flow.reading.options.get("names"), flow.reading.options.get("nulls", ())
    return pd.read_csv(
        path, names=names, keep_default_na=False, na_values=["", *nulls], skipinitialspace=True, quoting=csv.QUOTE_NONE if names else 0
    )


def read(name: str, shared_data: Shared) -> pd.DataFrame:
    """The file as pandas reads it, after what the flow's `rows` do, with a number for each row."""
    raw = table(shared_data(f"tabular/{FILES.get(name, name)}.csv"), flow_of(name))
    if name == "taxis":
        raw = raw.assign(pickup=pd.to_datetime(raw["pickup"]), dropoff=pd.to_datetime(raw["dropoff"]))
        raw = raw[raw["distance"] > 0]
    if flow_of(name).parts.get("rows"):
        raw = raw.drop_duplicates()
    return raw.reset_index(drop=True).rename_axis("row").reset_index()


def prepared(name: str, raw: pd.DataFrame, place: Path, **roles: Any) -> tuple[Report, Parts, Parts]:
    """The report; the parts that are delivered, and their rows as they were, both in the order of the rows' numbers."""
    flow = flow_of(name)
    reading = replace(flow.reading, roles=replace(flow.reading.roles, id=("row",), **roles))
    table = pa.Table.from_pandas(raw, preserve_index=False)
    parts = {part: steps for part, steps in flow.parts.items() if part not in ("rows", "training")}
    report = tilth.run(replace(flow, reading=reading, parts=parts), place, data=tilth.read(table, roles=reading.roles))
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
    names = [f"{c}_{written(v)}" for c, vs in zip(columns, encoder.categories_, strict=True) for v in vs]
    assert sorted(names) == sorted(n for n in made["train"] if n not in rows["train"] and not n.endswith("_missing"))
    expected = {part: pd.DataFrame(encoder.transform(r[columns].astype(str)), index=r.index, columns=names) for part, r in rows.items()}
    same(made, expected, names)


def written(value: str) -> str:
    """A value in the name of its column: letters and digits stay."""
    return re.sub("[^A-Za-z0-9]+", "_", value).strip("_")


def stratified(rows: Parts, label: str, share: float) -> None:
    """Each class is divided by the shares, to within a row."""
    whole = pd.concat(rows.values())[label].value_counts()
    for value, n in whole.items():
        assert abs((rows["train"][label] == value).sum() - n * share) < 1


def rule(report: Report, begins: str) -> float:
    (value,) = (f.value for f in report.of("rule") if f.name.startswith(begins))
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
    """The metrics of a facet's value in the raw table and in each part."""
    same_bias_of(report, rows, f"{facet}={value}", lambda r: r[r[facet].notna()][facet] == value, label, positive)


def same_bias_of(
    report: Report, rows: Mapping[str, pd.DataFrame], group: str, in_d: Callable[[pd.DataFrame], pd.Series], label: str, positive: object
) -> None:
    for part, r in rows.items():
        found = {f.name: f.value for f in report.of("bias") if f.group == group and f.part == part}
        d = in_d(r)
        expected = bias_by_hand(r.loc[d.index], d, label, positive)
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12), (group, part)


@pytest.mark.slow
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


NUMBERS = ["age", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
TEXTS = ["workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country"]
GAPS = dict.fromkeys(["workclass", "occupation", "native_country"], "unknown")


@pytest.fixture(scope="module")
def adult(shared_data: Shared, tmp_path_factory: pytest.TempPathFactory) -> Adult:
    raw, place = read("adult", shared_data), tmp_path_factory.mktemp("adult")
    return Adult(place, raw, *prepared("adult", raw, place / "out"))


@dataclass
class Adult:
    """What the flow for Adult makes, run once for several tests."""

    place: Path
    raw: pd.DataFrame
    report: Report
    made: Parts
    rows: Parts


@pytest.mark.slow
def test_adult(adult: Adult) -> None:
    assert sum(map(len, adult.made.values())) == len(adult.raw) == 32_561
    stratified(adult.rows, "income", 0.8)
    for facet in ("sex", "race"):
        for value in adult.raw[facet].unique():
            same_bias(adult.report, {"raw": adult.raw, **adult.rows}, facet, value, "income", ">50K")
    rows = {p: r.fillna(GAPS) for p, r in adult.rows.items()}
    same(adult.made, by(StandardScaler(), rows, NUMBERS), NUMBERS)
    one_hot(adult.made, rows, TEXTS)
    assert "fnlwgt" not in adult.made["train"]


@pytest.mark.slow
def test_what_adult_has_learned_of_its_training_rows(adult: Adult) -> None:
    impute, scale, encode = (fitted_step(adult.place / "out/adult.tilth", name) for name in ("impute", "scale", "encode"))
    assert impute == {c: {"fill": fill} for c, fill in GAPS.items()}
    train = adult.rows["train"].fillna(GAPS)
    assert sorted(scale) == sorted(NUMBERS)
    for c, learned in scale.items():
        assert (learned["centre"], learned["width"]) == pytest.approx((train[c].mean(), train[c].std(ddof=0)), rel=1e-12), c
    assert sorted(encode) == sorted(TEXTS)
    for c, learned in encode.items():
        assert learned["categories"] == list(train.groupby(c).size().sort_index().sort_values(ascending=False, kind="stable").index), c


@pytest.mark.slow
def test_rows_that_adult_has_not_seen_are_served_as_others_transform_them(adult: Adult, shared_data: Shared) -> None:
    """The file that UCI keeps for tests: 16,281 rows, each label with a full stop that the training file has not."""
    flow = Flow.load(adult.place / "out/adult.tilth")
    later = table(shared_data("tabular/adult-test.csv"), flow_of("adult")).rename_axis("row").reset_index()
    assert len(later) == 16_281
    made = tilth.write(tilth.apply(flow, pa.Table.from_pandas(later, preserve_index=False)), format="pandas")
    assert list(made["row"]) == list(later["row"])
    both = {"train": adult.rows["train"].fillna(GAPS), "later": later.fillna(GAPS)}
    same({"later": made}, by(StandardScaler(), both, NUMBERS), NUMBERS)
    encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(both["train"][TEXTS])
    names = [f"{c}_{written(v)}" for c, vs in zip(TEXTS, encoder.categories_, strict=True) for v in vs]
    np.testing.assert_array_equal(made[names].to_numpy(float), encoder.transform(both["later"][TEXTS]))


@pytest.mark.slow
@pytest.mark.parametrize(("facet", "group"), [("sex", "occupation"), ("race", "education"), ("sex", "age")])
def test_disparity_within_strata(facet: str, group: str, adult: Adult) -> None:
    """CDDL, formula of the Clarify documentation; 1,843 rows have no occupation and are in no stratum."""
    for rows in (adult.raw, *adult.rows.values()):
        roles = {"label": "income", "positive": ">50K", "facet": facet, "group": group}
        report = tilth.measure(tilth.read(rows[[facet, group, "income"]], roles=roles), "bias", bootstrap=0)
        found = {f.payload.facet_value: f for f in report.of("bias") if f.name == "CDDL"}
        known = rows.dropna(subset=[facet, group])
        assert {f.payload.n_excluded for f in found.values()} == {len(rows) - len(known)}
        for value in rows[facet].unique():
            expected = disparity_by_hand(known[facet] == value, known["income"] == ">50K", known[group])
            assert found[value].value == pytest.approx(expected, rel=1e-9, abs=1e-12), (facet, value)


def disparity_by_hand(d: pd.Series, good: pd.Series, stratum: pd.Series) -> float:
    """The mean over strata of d's share of the refusals less its share of the acceptances, weighted by rows."""
    counts = pd.crosstab(stratum, [d, good]).reindex(columns=pd.MultiIndex.from_product([[False, True]] * 2), fill_value=0)
    refused = (counts[True, False] / (counts[True, False] + counts[False, False])).fillna(0)
    accepted = (counts[True, True] / (counts[True, True] + counts[False, True])).fillna(0)
    return float(np.average(refused - accepted, weights=counts.sum(axis=1)))


def fitted_step(place: Path, name: str) -> dict[str, Any]:
    """What the step of a name has learned in a fitted flow."""
    (found,) = (f for f in Flow.load(place).need_learned().features if f.step.name == name)
    return {column: dict(state) for column, state in found.learned.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adult", "german", "mammography", "taxis", "titanic"])
def test_a_file_is_read_as_pandas_reads_it(name: str, shared_data: Shared) -> None:
    """Every cell: numbers as numbers, blanks after commas gone, null tokens null."""
    path, flow = shared_data(f"tabular/{FILES.get(name, name)}.csv"), flow_of(name)
    found, expected = tilth.write(tilth.read(path, **flow.reading.options), format="pandas"), table(path, flow)
    if name == "taxis":
        expected = expected.assign(pickup=pd.to_datetime(expected["pickup"]), dropoff=pd.to_datetime(expected["dropoff"]))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.slow
def test_german(shared_data: Shared, tmp_path: Path) -> None:
    raw = read("german", shared_data)
    report, made, rows = prepared("german", raw, tmp_path / "out", facet=("age", "foreign_worker", "status_sex"))
    stratified(rows, "risk", 0.7)
    numbers = [c for c in raw.select_dtypes("number") if c not in ("risk", "row")]
    same(made, by(MinMaxScaler(), rows, numbers), numbers)
    one_hot(made, rows, [c for c in raw if c not in (*numbers, "risk", "row")])
    same_bias(report, {"raw": raw, **rows}, "foreign_worker", "A202", "risk", 1)
    for value in raw["status_sex"].unique():
        same_bias(report, {"raw": raw, **rows}, "status_sex", value, "risk", 1)
    edges = [math.ceil(q) for q in np.percentile(raw["age"], [0, 25, 50, 75, 100])]  # of the raw table, for the parts too
    for low, high in pairwise(edges):
        last = high == edges[-1]
        group = f"age=[{low}, {high}{']' if last else ')'}"
        inside = partial(pd.Series.between, left=low, right=high, inclusive="both" if last else "left")
        same_bias_of(report, {"raw": raw, **rows}, group, lambda r, inside=inside: inside(r["age"]), "risk", 1)


@pytest.mark.slow
def test_a_loan_is_good_above_a_threshold(shared_data: Shared) -> None:
    """A label on a line: positive is what lies above; the label itself is compared by scipy's distances."""
    raw = read("german", shared_data)
    roles = {"label": "amount", "positive": 2_500, "facet": ["foreign_worker", "status_sex", "age"], "group": "purpose"}
    report = tilth.measure(tilth.read(raw[["amount", "foreign_worker", "status_sex", "age", "purpose"]], roles=roles), "bias", part="raw")
    good = raw.assign(amount=raw["amount"] > 2_500)
    for facet in ("foreign_worker", "status_sex"):
        for value in raw[facet].unique():
            same_bias(report, {"raw": good}, facet, value, "amount", True)
            d = raw[facet] == value
            found = {f.name: f for f in report.of("bias") if f.group == f"{facet}={value}"}
            assert found["continuous_ks"].value == pytest.approx(stats.ks_2samp(raw["amount"][d], raw["amount"][~d]).statistic, rel=1e-9)
            expected = stats.wasserstein_distance(raw["amount"][d], raw["amount"][~d])
            assert found["wasserstein"].value == pytest.approx(expected, rel=1e-9)
            assert found["CDDL"].value == pytest.approx(disparity_by_hand(d, good["amount"], raw["purpose"]), rel=1e-9, abs=1e-12)
            assert found["DPL"].payload.label_value == f"(2500, {raw['amount'].max()}]"


@pytest.mark.slow
def test_mammography(shared_data: Shared, tmp_path: Path) -> None:
    raw = read("mammography", shared_data)
    report, made, rows = prepared("mammography", raw, tmp_path / "out")
    assert rule(report, 'Entropy "malignant"') == pytest.approx(stats.entropy(raw["malignant"].value_counts()), rel=1e-12)
    stratified(rows, "malignant", 0.75)
    numbers = ["area", "grey", "gradient", "noise", "contrast", "shape"]
    same(made, by(StandardScaler(), rows, numbers), numbers)
    whole = tilth.run(replace(flow_of("mammography"), measure=()), data=shared_data("tabular/mammography.csv"))
    (dedupe,) = (f for f in whole.of("step") if f.name == "dedupe")
    assert dedupe.payload.rows_out == len(raw)
    (balance,) = (f for f in whole.of("step") if f.name == "balance")
    few = (rows["train"]["malignant"] == "'1'").sum()  # as many in each run: a share of the class, whatever rows it is of
    assert balance.payload.rows_out == few + round(few / 0.2)


@pytest.mark.slow
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
