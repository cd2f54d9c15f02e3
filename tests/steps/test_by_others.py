"""Steps on real data, each beside another implementation: scikit-learn, pandas, or the definition written out with `hashlib`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler
from sklearn.utils.class_weight import compute_class_weight

import tilth
from tests.engines import duckdb_session
from tilth.data import Roles
from tilth.steps.balance.balance import Balance
from tilth.steps.clean.cast import Cast
from tilth.steps.clean.formula import Formula
from tilth.steps.clean.impute import Impute
from tilth.steps.clean.null_if import NullIf
from tilth.steps.clean.select import Select
from tilth.steps.encode.encode import Encode
from tilth.steps.fitting import fit
from tilth.steps.rows.dedupe import Dedupe
from tilth.steps.rows.filter import Filter
from tilth.steps.rows.shuffle import Shuffle
from tilth.steps.rows.split import Split
from tilth.steps.scale.scale import Scale
from tilth.steps.step import Step

pytestmark = pytest.mark.shared_data

Shared = Callable[[str], Path]
Rows = pd.DataFrame
ENGINE = duckdb_session()


@pytest.fixture(scope="module")
def titanic(shared_data: Shared) -> Rows:
    rows = pd.read_csv(shared_data("tabular/titanic.csv"), keep_default_na=False, na_values=[""])
    return rows.rename_axis("row").reset_index()


@pytest.fixture(scope="module")
def taxis(shared_data: Shared) -> Rows:
    dates = {"parse_dates": ["pickup", "dropoff"], "date_format": "ISO8601"}
    return pd.read_csv(shared_data("tabular/taxis.csv"), keep_default_na=False, na_values=[""], **dates).rename_axis("row").reset_index()


def made(step: Step, rows: Rows, later: Rows | None = None, **roles: Any) -> Rows:
    """What a step that learned from some rows makes of them, or of later ones; in the order of the numbers of the rows."""
    (fitted,), data = fit([step], dataset(rows, roles), ENGINE)
    data = data if later is None else fitted.apply(dataset(later, roles))
    return tilth.write(data, format="pandas").sort_values("row", kind="stable").reset_index(drop=True)


def dataset(rows: Rows, roles: dict[str, Any]) -> Any:
    return tilth.read(pa.Table.from_pandas(rows, preserve_index=False), roles=Roles.of(**{"id": "row", **roles}))


def halves(rows: Rows) -> tuple[Rows, Rows]:
    """Rows to learn from, and later ones, among which are values that the first have not."""
    return rows.iloc[: len(rows) // 2].reset_index(drop=True), rows.iloc[len(rows) // 2 :].reset_index(drop=True)


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=1e-9, atol=1e-12)


def md5(seed: int, *key: Any) -> str:
    """The hash of a row's key: the first 15 digits of the MD5 of the seed and the key's texts, a US character between them."""
    return hashlib.md5("\x1f".join(map(str, (seed, *key))).encode(), usedforsecurity=False).hexdigest()[:15]


# ── learned of some rows, applied to others ──


@pytest.mark.parametrize(
    ("step", "transformer"),
    [
        (Scale("fare"), StandardScaler()),
        (Scale("fare", with_="minmax"), MinMaxScaler()),
        (Scale("fare", with_="minmax", low=-1.0, high=2.0), MinMaxScaler((-1, 2))),
        (Scale("fare", with_="minmax", clip=True), MinMaxScaler(clip=True)),
        (Scale("fare", with_="robust"), RobustScaler()),
        (Scale("fare", with_="maxabs"), MaxAbsScaler()),
        (Scale("age"), StandardScaler()),  # with gaps, which stay
        (Scale("age", with_="robust"), RobustScaler()),
        (Impute("age", with_="mean"), SimpleImputer(strategy="mean")),
        (Impute("age", with_="median"), SimpleImputer(strategy="median")),
        (Impute("age", with_="mode"), SimpleImputer(strategy="most_frequent")),
        (Impute("age", with_="constant", value=-1.0), SimpleImputer(strategy="constant", fill_value=-1)),
    ],
    ids=str,
)
def test_numbers(step: Any, transformer: Any, titanic: Rows) -> None:
    first, later = halves(titanic)
    column = [step.columns]
    same(made(step, first, later)[column], transformer.fit(first[column]).transform(later[column]))


def test_a_deviation_as_estimated(titanic: Rows) -> None:
    first, later = halves(titanic)
    same(made(Scale("fare", ddof=1), first, later)["fare"], (later["fare"] - first["fare"].mean()) / first["fare"].std(ddof=1))


def test_strings_are_filled_and_gaps_are_marked(titanic: Rows) -> None:
    first, later = halves(titanic)
    for way, other in (("mode", SimpleImputer(strategy="most_frequent")), ("constant", SimpleImputer(strategy="constant", fill_value="?"))):
        step = Impute(["deck"], with_=way, value="?" if way == "constant" else None, indicator=True)
        found = made(step, first, later)
        learned = other.fit(first[["deck"]].astype(object))
        assert list(found["deck"]) == list(learned.transform(later[["deck"]].astype(object))[:, 0])
        same(found["deck_missing"], MissingIndicator().fit(first[["deck"]]).transform(later[["deck"]])[:, 0])


@pytest.mark.parametrize(("unseen", "missing"), [(-1, -1), ("slot", "slot"), ("null", "null"), (-1, "slot"), ("slot", "null")])
def test_ordinal_numbers_by_policy(unseen: Any, missing: Any, titanic: Rows) -> None:
    """Learned where the deck is none of two, so that those are unseen."""
    first, later = titanic[~titanic["deck"].isin(["A", "G"])], titanic
    counts = first["deck"].value_counts()
    order = sorted(counts.index, key=lambda v: (-counts[v], v))
    slot = len(order)
    number = {-1: -1.0, "null": np.nan, "slot": float(slot)}
    empty = number[missing] if missing != "slot" else float(slot + (unseen == "slot"))
    other = OrdinalEncoder(categories=[order], handle_unknown="use_encoded_value", unknown_value=-9, encoded_missing_value=-9)
    expected = other.fit(first[["deck"]].dropna()).transform(later[["deck"]].fillna("?"))[:, 0]
    expected = np.where(later["deck"].isna(), empty, np.where(expected == -9, number[unseen], expected))
    same(made(Encode("deck", with_="ordinal", unseen=unseen, missing=missing), first, later)["deck"], expected)


@pytest.mark.parametrize(
    ("step", "other"),
    [
        (Encode("deck"), OneHotEncoder(handle_unknown="ignore")),
        (Encode("deck", order="value"), OneHotEncoder(handle_unknown="ignore")),
        (Encode("deck", order="value", drop="first"), OneHotEncoder(handle_unknown="ignore", drop="first")),
        (Encode("sex", order="value", drop="binary"), OneHotEncoder(handle_unknown="ignore", drop="if_binary")),
        (Encode("deck", min_frequency=30), OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=30)),
        (Encode("deck", min_frequency=0.2), OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.2)),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning")
def test_one_hot_columns(step: Any, other: OneHotEncoder, titanic: Rows) -> None:
    column = step.columns
    first, later = titanic[~titanic[column].isin(["A", "G"]) & titanic[column].notna()], titanic
    learned = other.set_params(sparse_output=False).fit(first[[column]].to_numpy())
    there = later[column].notna().to_numpy()  # a missing value is not a category: all zeros, where scikit-learn may count it as rare
    expected = learned.transform(later[[column]].fillna("?").to_numpy()) * there[:, None]
    names = [name.replace("x0", column).replace("_infrequent_sklearn", "_other") for name in learned.get_feature_names_out()]
    found = made(step, first, later)
    assert sorted(names) == sorted(c for c in found if c.startswith(f"{column}_"))
    same(found[names], expected)


def test_one_hot_slots_and_the_most_frequent(titanic: Rows) -> None:
    first, later = titanic[~titanic["deck"].isin(["A", "G"])], titanic
    found = made(Encode("deck", max_categories=3, unseen="slot", missing="slot"), first, later)
    top = sorted(first["deck"].value_counts().items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    expected = {f"deck_{v}": later["deck"] == v for v, _ in top}
    expected |= {"deck_missing": later["deck"].isna(), "deck_other": later["deck"].notna() & ~later["deck"].isin([v for v, _ in top])}
    same(found[list(expected)], pd.DataFrame(expected))
    assert len([c for c in found if c.startswith("deck_")]) == 5


# ── without learning ──


def test_columns_and_rows_are_chosen(titanic: Rows) -> None:
    assert list(made(Select(["numeric", "!fare", "who"]), titanic)) == ["row", "survived", "pclass", "age", "sibsp", "parch", "who"]
    found = made(Filter("age >= 18 and (sex = 'female' or fare > 50)"), titanic)
    expected = titanic[(titanic["age"] >= 18) & ((titanic["sex"] == "female") | (titanic["fare"] > 50))]
    assert list(found["row"]) == list(expected["row"])
    found = made(Filter("age >= 18", unknown="keep"), titanic)
    assert list(found["row"]) == list(titanic[(titanic["age"] >= 18) | titanic["age"].isna()]["row"])


@pytest.mark.slow
def test_values_are_cast(titanic: Rows, taxis: Rows) -> None:
    same(made(Cast("fare", to="integer"), titanic)["fare"], np.trunc(titanic["fare"]))
    same(made(Cast("alive", to="boolean"), titanic)["alive"], titanic["alive"] == "yes")
    assert list(made(Cast("pclass", to="string"), titanic)["pclass"]) == list(titanic["pclass"].astype(str))
    assert list(pd.to_datetime(made(Cast("pickup", to="date"), taxis)["pickup"])) == list(taxis["pickup"].dt.normalize())
    texts = taxis.assign(total=[f" {x} " if i % 3 else "none" for i, x in enumerate(taxis["total"])])
    found = made(Cast("total", to="float", keep_invalid=True), texts)
    same(found["total"], pd.to_numeric(texts["total"], errors="coerce"))
    assert found["total_typecast_error"].notna().sum() == (texts["total"] == "none").sum()


def test_values_that_mean_null(titanic: Rows) -> None:
    found = made(NullIf(["embark_town", "pclass"], values=("queenstown ", 2)), titanic)
    assert list(found["embark_town"].isna()) == list(titanic["embark_town"].isna() | (titanic["embark_town"] == "Queenstown"))
    same(found["pclass"], titanic["pclass"].where(titanic["pclass"] != 2))
    same(made(NullIf("age", below=1, above=60), titanic)["age"], titanic["age"].where(titanic["age"].between(1, 60)))


def test_formulas(titanic: Rows, taxis: Rows) -> None:
    found = made(Formula("each", "fare / (sibsp + parch + 1) + coalesce(age, 0) * 2"), titanic)
    same(found["each"], titanic["fare"] / (titanic["sibsp"] + titanic["parch"] + 1) + titanic["age"].fillna(0) * 2)
    found = made(Formula("of", "case when deck is null then lower(embark_town) else upper(concat(deck, sex)) end"), titanic)
    expected = (titanic["deck"] + titanic["sex"]).str.upper().where(titanic["deck"].notna(), titanic["embark_town"].str.lower())
    assert found["of"].fillna("").tolist() == expected.fillna("").tolist()
    same(made(Formula("rate", "tip / (total - tip)"), taxis)["rate"], (taxis["tip"] / (taxis["total"] - taxis["tip"])))
    same(made(Formula("h", "hour(pickup)"), taxis)["h"], taxis["pickup"].dt.hour)


@pytest.mark.parametrize("keep", ["first", "last"])
def test_of_rows_with_the_same_key_one_stays(keep: Any, titanic: Rows, taxis: Rows) -> None:
    order = taxis.sort_values(["pickup", "row"], na_position="last")
    expected = order[~order.duplicated(["payment", "pickup_zone"], keep=keep) | order[["payment", "pickup_zone"]].isna().all(axis=1)]
    found = made(Dedupe(["payment", "pickup_zone"], order="pickup", keep=keep), taxis)
    assert list(found["row"]) == sorted(expected["row"])
    whole = made(Dedupe(), titanic.drop(columns="row").assign(row=titanic["row"] // 891))
    assert len(whole) == len(titanic.drop(columns="row").drop_duplicates())


# ── chance is a hash ──


def test_a_split_by_hash_is_that_of_the_keys(titanic: Rows) -> None:
    """A row is in the part in whose share of all hashes its own falls."""
    found = made(Split({"train": 0.5, "valid": 0.25, "test": 0.25}, seed=3), titanic)
    place = [int(md5(3, row), 16) / 16**15 for row in titanic["row"]]
    assert list(found["split"]) == ["train" if p < 0.5 else "valid" if p < 0.75 else "test" for p in place]


def test_groups_are_not_divided(taxis: Rows) -> None:
    rows = taxis[taxis["pickup_zone"].notna()].reset_index(drop=True)
    found = made(Split({"train": 0.75, "test": 0.25}, by="group", columns=("pickup_zone",), seed=1), rows)
    assert list(found["split"]) == ["train" if int(md5(1, zone), 16) / 16**15 < 0.75 else "test" for zone in rows["pickup_zone"]]


@pytest.mark.parametrize("columns", [("survived",), ("pclass", "sex"), ("deck",)])
def test_strata_are_divided_in_the_order_of_the_hashes(columns: tuple[str, ...], titanic: Rows) -> None:
    """The first 70 % of each stratum, null a stratum of its own; halves of a row go to the larger remainder."""
    found = made(Split({"train": 0.7, "test": 0.3}, by="stratified", columns=columns, seed=5), titanic)
    expected = pd.Series("test", index=titanic.index)
    for _, stratum in titanic.groupby(list(columns), dropna=False):
        order = sorted(stratum.index, key=lambda i: md5(5, titanic["row"][i]))
        exact = len(order) * 0.7
        more = exact % 1 >= 0.5 - 1e-9  # the remainder of train is the larger, or as large as that of test
        expected[order[: math.floor(exact + 1e-9) + (more and exact % 1 < 1 - 1e-9)]] = "train"
    assert list(found["split"]) == list(expected)


def test_a_split_by_time_or_value_cuts_the_sorted_rows(titanic: Rows, taxis: Rows) -> None:
    for by, rows, column in (("time", taxis, "pickup"), ("ordered", titanic, "fare")):
        found = made(Split({"train": 0.6, "valid": 0.2, "test": 0.2}, by=by, columns=(column,)), rows)
        ordered = rows[column].sort_values().to_list()
        ends = [ordered[math.ceil(share * len(ordered) - 1e-9) - 1] for share in (0.6, 0.8)]  # the smallest value with so many at or below
        assert list(found["split"]) == ["train" if x <= ends[0] else "valid" if x <= ends[1] else "test" for x in rows[column]]


def test_the_order_of_shuffled_rows_is_that_of_their_hashes(titanic: Rows) -> None:
    _, data = fit([Shuffle(seed=11)], dataset(titanic, {}), ENGINE)
    assert list(tilth.write(data, format="pandas")["row"]) == sorted(titanic["row"], key=lambda row: md5(11, row))


@pytest.mark.slow
@pytest.mark.parametrize("label", ["survived", "class"])
def test_rows_are_repeated_or_left_out_in_the_order_of_their_hashes(label: str, titanic: Rows) -> None:
    sizes = titanic[label].value_counts()
    over, under = (made(Balance(way, seed=2), titanic, label=label) for way in ("over", "under"))
    for value, rows in titanic.groupby(label)["row"]:
        order = sorted(rows, key=lambda row: md5(2, row))
        copies, more = divmod(sizes.max(), len(rows))
        assert sorted(over[over[label] == value]["row"]) == sorted(order * copies + order[:more])
        assert sorted(under[under[label] == value]["row"]) == sorted(order[: sizes.min()])


def test_weights_of_classes(titanic: Rows) -> None:
    found = made(Balance("weights"), titanic, label="class")
    classes = np.unique(titanic["class"])
    weights = dict(zip(classes, compute_class_weight("balanced", classes=classes, y=titanic["class"]), strict=True))
    same(found["weight"], titanic["class"].map(weights))
    assert found["weight"].sum() == pytest.approx(len(titanic), rel=1e-12)


def test_the_steps_are_tried_here_or_in_a_test_of_their_own() -> None:
    from tilth.steps import STEPS

    tried = {Balance, Cast, Dedupe, Encode, Filter, Formula, Impute, NullIf, Scale, Select, Shuffle, Split}
    elsewhere = {path.stem.removeprefix("test_") for path in Path(__file__).parent.rglob("test_*.py")}
    files = {name: where.partition(":")[0].rpartition(".")[2] for name, where in STEPS.built_in.items()}
    assert {name for name, file in files.items() if file not in elsewhere} - {step.name for step in tried} == set()
