"""Fitted transformers of scikit-learn as flows: the flow makes what the transformer makes, in the same columns, of rows seen and unseen."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

import tilth
from tilth.errors import RequestError
from tilth.flow import Flow

RANDOM = np.random.default_rng(7)
N = 40
GAPS = np.where(RANDOM.random(N) < 0.2, np.nan, 1.0)
FRAME = pd.DataFrame(
    {
        "x": RANDOM.normal(5, 2, N).round(3),
        "y": RANDOM.exponential(3, N).round(2) + 0.5,
        "n": RANDOM.integers(0, 6, N),
        "gap": RANDOM.normal(-3, 9, N) * GAPS,
        "constant": np.full(N, 2.5),
        "city": RANDOM.choice(["Ulm", "Bonn", "Köln am Rhein", "ulm"], N, p=[0.5, 0.3, 0.1, 0.1]),
        "size": np.where(RANDOM.random(N) < 0.2, None, RANDOM.choice(["S", "M", "L"], N)),
        "yes": RANDOM.random(N) < 0.5,
        "text": RANDOM.choice(["a fair deal", "No deal, a DAY", "the day was fair; fair enough", "über Größe"], N),
    }
)
LATER = FRAME.sample(12, random_state=1).assign(x=lambda f: f.x * 3 - 9, gap=lambda f: -f.gap * 2).reset_index(drop=True)
LABEL = (FRAME["x"] + FRAME["n"] > 7).astype(int)
NUMBERS, ONE = ["x", "y", "n"], ["y"]


def same(fitted: Any, taken: list[str], later: pd.DataFrame = LATER, **options: Any) -> tilth.pipelines.ConvertedPipeline:
    """Asserts that the converted flow makes what the transformer makes, saved and for one row too, and can be fitted anew."""
    made = tilth.convert(fitted, **options)
    flow = made.flow
    assert flow.parts == Flow.parse(str(made)).parts
    for frame in (FRAME[taken], later[taken]):
        theirs = fitted.transform(frame[taken[0]] if isinstance(fitted, CountVectorizer | HashingVectorizer) else frame)
        theirs = theirs.toarray() if hasattr(theirs, "toarray") else np.asarray(theirs)
        table = tilth.write(tilth.apply(flow, frame))
        if theirs.dtype == object:
            assert [c.to_pylist() for c in table.columns] == theirs.T.tolist()
            continue
        mine = np.column_stack([c.cast("float64").to_numpy(zero_copy_only=False) for c in table.columns])
        normal = getattr(fitted, "output_distribution", "") == "normal"  # there 10⁻⁷ − 2⁻⁵² is the smallest share, here 10⁻⁷
        close(mine, theirs.astype(float), 1e-10 if normal else 1e-12)
        for i in (0, len(frame) - 1):
            row = flow.row({c: None if v is None or v != v else v for c, v in frame.iloc[i].to_dict().items()})
            assert list(row) == table.column_names
            close(np.array([math.nan if v is None else float(v) for v in row.values()]), mine[i])
    if hasattr(fitted, "get_feature_names_out"):
        names = fitted.get_feature_names_out() if hasattr(fitted, "feature_names_in_") or len(taken) == 1 else None
        assert names is None or len({n.casefold() for n in names}) < len(names) or list(made.columns) == list(names)
    assert list(made.columns) == table.column_names
    return made


def close(mine: np.ndarray, theirs: np.ndarray, to: float = 1e-12) -> None:
    """Equal to a share of the column's largest number."""
    sizes = np.nanmax(np.abs(np.where(np.isfinite(theirs), theirs, 0)), axis=0, initial=1.0)
    assert (np.isnan(mine) == np.isnan(theirs)).all()
    assert (np.abs(np.nan_to_num(mine - theirs)) <= to * sizes).all(), np.nanmax(np.abs(mine - theirs) / sizes)


CASES: dict[str, tuple[Any, list[str]]] = {
    "imputer": (SimpleImputer(), ["gap", "x"]),
    "imputer-median-indicator": (SimpleImputer(strategy="median", add_indicator=True), ["x", "gap"]),
    "imputer-mode": (SimpleImputer(strategy="most_frequent"), ["size"]),
    "imputer-constant": (SimpleImputer(strategy="constant", fill_value=-1.0), ["gap", "x"]),
    "indicator": (MissingIndicator(), ["gap", "x"]),
    "standard": (StandardScaler(), ["gap", "x", "constant"]),
    "standard-mean": (StandardScaler(with_std=False), NUMBERS),
    "standard-width": (StandardScaler(with_mean=False), NUMBERS),
    "standard-nothing": (StandardScaler(with_mean=False, with_std=False), NUMBERS),
    "minmax": (MinMaxScaler((-1, 3)), ["gap", "x", "constant"]),
    "minmax-clip": (MinMaxScaler(clip=True), ["gap", "x"]),
    "maxabs": (MaxAbsScaler(), ["gap", "x"]),
    "robust": (RobustScaler(quantile_range=(10, 80), unit_variance=True), ["gap", "x", "constant"]),
    "robust-width": (RobustScaler(with_centering=False), NUMBERS),
    "power": (PowerTransformer(), ["x", "y", "gap"]),
    "power-box-cox": (PowerTransformer("box-cox"), ["y"]),
    "power-raw": (PowerTransformer(standardize=False), NUMBERS),
    "quantile": (QuantileTransformer(n_quantiles=20), NUMBERS),
    "quantile-normal": (QuantileTransformer(n_quantiles=11, output_distribution="normal"), ["gap", "n"]),
    "bins": (KBinsDiscretizer(4, encode="ordinal", quantile_method="linear"), NUMBERS),
    "bins-one-hot": (KBinsDiscretizer(3, strategy="uniform"), NUMBERS),
    "bins-kmeans": (KBinsDiscretizer([3, 2, 4], strategy="kmeans", encode="ordinal"), NUMBERS),
    "binarizer": (Binarizer(threshold=3.0), NUMBERS),
    "normalizer": (Normalizer(), NUMBERS),
    "normalizer-max": (Normalizer("max"), NUMBERS),
    "variance": (VarianceThreshold(), ["constant", "x", "n"]),
    "pca": (PCA(2), NUMBERS),
    "pca-whiten": (PCA(whiten=True), NUMBERS),
    "svd": (TruncatedSVD(2, algorithm="arpack", random_state=0), NUMBERS),
    "log1p": (FunctionTransformer(np.log1p, feature_names_out="one-to-one"), ["y"]),
    "abs": (FunctionTransformer(np.abs), ["gap"]),
    "identity": (FunctionTransformer(), NUMBERS),
    "one-hot": (OneHotEncoder(handle_unknown="ignore"), ["city", "yes", "n"]),
    "one-hot-missing": (OneHotEncoder(), ["size", "city"]),
    "one-hot-drop": (OneHotEncoder(drop="if_binary", sparse_output=False), ["yes", "city"]),
    "one-hot-first": (OneHotEncoder(drop="first"), ["n", "size"]),
    "one-hot-rare": (OneHotEncoder(min_frequency=8, handle_unknown="infrequent_if_exist"), ["city", "yes"]),
    "one-hot-most": (OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist"), ["city", "n"]),
    "ordinal": (OrdinalEncoder(), ["city", "size", "n"]),
    "ordinal-unknown": (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1), ["size", "city"]),
    "count": (CountVectorizer(ngram_range=(1, 2), stop_words=["the"]), ["text"]),
    "tfidf": (TfidfVectorizer(sublinear_tf=True, max_features=5), ["text"]),
    "hashing": (HashingVectorizer(n_features=16), ["text"]),
    "union": (make_union(StandardScaler(), make_pipeline(MinMaxScaler(), PCA(1)), "passthrough"), NUMBERS),
    "union-drop": (FeatureUnion([("a", "drop"), ("b", MaxAbsScaler())]), NUMBERS),
    "steps": (Pipeline([("nothing", "passthrough"), ("fill", SimpleImputer()), ("scale", StandardScaler())]), ["gap", "x"]),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_a_flow_makes_what_the_transformer_makes(name: str) -> None:
    fitted, columns = CASES[name]
    of_text = isinstance(fitted, CountVectorizer | HashingVectorizer)
    fitted.fit(FRAME["text"] if of_text else FRAME[columns], *([LABEL] if name.startswith("target") else []))
    made = same(fitted, columns, columns=columns)
    assert "rides along" not in str(made)
    anew = tilth.fit(Flow.parse(str(made)), FRAME[columns])
    assert len(anew.need_learned().features) == len(made.items)


@pytest.mark.parametrize("target", ["binary", "multiclass", "continuous"])
def test_a_target_encoder(target: str) -> None:
    label = {"binary": LABEL, "multiclass": FRAME["n"] % 3, "continuous": FRAME["y"]}[target]
    fitted = TargetEncoder(target_type=target, smooth=3.0).fit(FRAME[["city", "size"]], label)
    made = same(fitted, ["city", "size"])
    assert "needs the role `label`" in str(made)
    unseen = made.flow.row({"city": "Trier", "size": "XXL"})
    close(np.array(list(unseen.values())), fitted.transform(pd.DataFrame({"city": ["Trier"], "size": ["XXL"]}))[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_whole_pipeline_with_its_model() -> None:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    both = ColumnTransformer(
        [
            ("number", numbers, ["gap", "x"]),
            ("category", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["size"]),
            ("words", TfidfVectorizer(), "text"),
            ("rest", "passthrough", ["n", "x"]),
            ("again", SimpleImputer(strategy="median"), ["gap"]),  # of what was there before `number` filled it
            ("left", "drop", ["y"]),
        ]
    )
    model = Pipeline([("prepare", both), ("model", LogisticRegression())]).fit(FRAME, LABEL)
    made = tilth.convert(model, trusted=["numpy.dtype"])
    found = tilth.write(tilth.apply(made.flow, LATER), format="pandas")
    assert found["prediction"].tolist() == model.predict(LATER).tolist()
    assert list(made.columns) == list(both.get_feature_names_out())
    close(found[list(made.columns)].to_numpy(float), both.transform(LATER))


REMAINDERS = ["drop", "passthrough", MinMaxScaler()]
OF_NUMBERS = [
    StandardScaler(),
    SimpleImputer(),
    make_pipeline(SimpleImputer(strategy="median"), RobustScaler()),
    "passthrough",
    MaxAbsScaler(),
]
OF_STRINGS = [OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), "drop"]
numbers = st.tuples(st.sampled_from(OF_NUMBERS), st.lists(st.sampled_from(["x", "y", "n", "gap"]), min_size=1, max_size=3, unique=True))
strings = st.tuples(st.sampled_from(OF_STRINGS), st.lists(st.sampled_from(["city", "size"]), min_size=1, max_size=2, unique=True))


@pytest.mark.slow
@given(st.lists(st.one_of(numbers, strings), min_size=1, max_size=4), st.sampled_from(REMAINDERS), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_column_transformer(parts: list[Any], remainder: Any, verbose: bool) -> None:
    used = [c for part, columns in parts for c in columns if part != "drop"]
    verbose = verbose or len(set(used)) < len(used) or remainder != "drop"
    columns = ["gap", "city", "x", "size", "n", "y"]
    named = [(f"p{i}", part, chosen) for i, (part, chosen) in enumerate(parts)]
    named += [("gone", "drop", ["city", "size"])] if remainder != "drop" else []
    fitted = ColumnTransformer(named, remainder=remainder, verbose_feature_names_out=verbose)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit(FRAME[columns])
        if len(fitted.get_feature_names_out()):
            same(fitted, columns)


def test_columns_by_place_mask_slice_and_kind() -> None:
    fitted = ColumnTransformer(
        [
            ("place", StandardScaler(), [1]),
            ("mask", MinMaxScaler(), [True, False, False, False]),
            ("slice", MaxAbsScaler(), slice("n", "gap")),
            ("kind", "passthrough", make_column_selector(dtype_include=float)),
        ]
    ).fit(FRAME[["x", "y", "n", "gap"]])
    same(fitted, ["x", "y", "n", "gap"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_has_no_step_rides_along() -> None:
    fitted = make_pipeline(KNNImputer(), StandardScaler(), KernelPCA(2, kernel="rbf")).fit(FRAME[["gap", "x"]])
    made = same(fitted, ["gap", "x"], trusted=["numpy.dtype", "sklearn.metrics._dist_metrics.EuclideanDistance64"])
    assert [item.step.name for item in made.items] == ["transform", "scale", "transform", "select"]
    assert "rides along as it is: no step does the same" in "".join(made.notes)
    rare = ColumnTransformer([("c", OneHotEncoder(max_categories=2), ["city"]), ("o", OrdinalEncoder(), ["gap"])]).fit(
        FRAME[["city", "gap"]]
    )
    assert "infrequent categories have a column that unknown ones do not have" in "".join(same(rare, ["city", "gap"], FRAME).notes)
    gaps = pd.DataFrame({"g": [1.0, 2.0, None, 2.0]})
    codes = tilth.convert(OrdinalEncoder().fit(gaps))
    assert [codes.flow.row({"g": g})["g"] for g in (1, 2, None)] == [0, 1, None]
    assert "read as integers" in "".join(codes.notes)
    weighed = FeatureUnion([("a", StandardScaler())], transformer_weights={"a": 2.0}).fit(FRAME[NUMBERS])
    assert "it weighs its transformers" in "".join(same(weighed, NUMBERS).notes)
    same(ColumnTransformer([("poly", PolynomialFeatures(), ["x", "y"]), ("x", "passthrough", ["x"])]).fit(FRAME[NUMBERS]), NUMBERS)


def test_a_file_becomes_a_fitted_flow_or_a_flow_file(tmp_path: Path) -> None:
    from skops import io

    fitted = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler()).fit(FRAME[["x", "y"]])
    io.dump(fitted, tmp_path / "p.skops")
    made = tilth.convert(tmp_path / "p.skops")
    made.save(tmp_path / "p.tilth")
    close(
        np.array(list(Flow.load(tmp_path / "p.tilth").row({"x": 2.0, "y": 3.0}).values())),
        fitted.transform(pd.DataFrame({"x": [2.0], "y": [3.0]}))[0],
    )
    made.save(tmp_path / "p.yaml")
    assert (tmp_path / "polynomialfeatures.skops").exists()
    assert Flow.load(tmp_path / "p.yaml").parts == made.flow.parts


def test_kinds_that_a_transformer_does_not_say_are_those_of_the_data(tmp_path: Path) -> None:
    FRAME[["x", "city"]].to_csv(tmp_path / "d.csv", index=False)
    fitted = ColumnTransformer([("x", StandardScaler(), ["x"])], remainder="passthrough").fit(FRAME[["x", "city"]])
    assert tilth.convert(fitted, str(tmp_path / "d.csv")).flow.row({"x": 1.0, "city": "Ulm"})["remainder__city"] == "Ulm"


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "unfitted": (StandardScaler(), {}, r"is not fitted[\s\S]*fit it first"),
    "names": (StandardScaler().fit(FRAME[NUMBERS].to_numpy()), {}, r"without names of columns[\s\S]*--columns"),
    "width": (StandardScaler().fit(FRAME[NUMBERS]), {"columns": ["x"]}, "1 columns are named for a transformer of 3"),
    "model": (LogisticRegression().fit(FRAME[NUMBERS], LABEL), {}, "a LogisticRegression does not transform"),
    "untrusted": (FunctionTransformer(same, feature_names_out="one-to-one").fit(FRAME[ONE]), {}, r"not trust: .*same[\s\S]*--trusted TYPE"),
    "hashes": (HashingVectorizer(), {"columns": ["text"]}, "does not name what it makes"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(name: str) -> None:
    fitted, options, message = WRONG[name]
    with pytest.raises(RequestError, match=message):
        tilth.convert(fitted, **options)


def test_other_things_are_refused() -> None:
    with pytest.raises(RequestError, match=r"type int cannot be converted[\s\S]*scikit-learn"):
        tilth.convert(5)
    with pytest.raises(RequestError, match=r"runs code[\s\S]*skops.io.dump"):
        tilth.convert("model.pkl")
