"""Fitted transformers of scikit-learn as steps, with the numbers that they have learned.

A Pipeline, a ColumnTransformer and a FeatureUnion are decomposed, and each of their transformers becomes equivalent steps. A transformer
without equivalent steps becomes a step `transform`, which contains it as saved by skops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tilth.data import Kind
from tilth.errors import RequestError
from tilth.pipelines.plan import Feature, Plan, Unsupported
from tilth.pipelines.sklearn.categories import of_one_hot, of_ordinal, of_target_encoder
from tilth.pipelines.sklearn.missing import of_imputer, of_indicator
from tilth.pipelines.sklearn.numbers import (
    of_binarizer,
    of_components,
    of_discretizer,
    of_function,
    of_max_abs_scaler,
    of_min_max_scaler,
    of_normalizer,
    of_power_transformer,
    of_quantile_transformer,
    of_robust_scaler,
    of_standard_scaler,
    of_variance_threshold,
)
from tilth.pipelines.sklearn.stage import Converter, Stage, dumped, names_out
from tilth.pipelines.sklearn.texts import of_words
from tilth.pipelines.sklearn.values import Features
from tilth.steps.predict import Predict

# ── the whole ──


def planned(
    fitted: Any, columns: Sequence[str] | None, kinds: Mapping[str, Kind], trusted: tuple[str, ...]
) -> tuple[Plan, tuple[str, ...]]:
    """The plan for a fitted transformer, and the names of its output columns, in order.

    Errors: `RequestError` if it is not fitted, does not name its columns, or cannot be converted.
    """
    _reject_unfitted(fitted)
    given = list(map(str, getattr(fitted, "feature_names_in_", ())))
    width = getattr(fitted, "n_features_in_", 0)
    if not (names := list(columns or given)):
        hint = "name them: `columns=[…]`, or --columns; or fit it on a frame with named columns"
        raise RequestError(f"the {type(fitted).__name__} was fitted without names of columns", hint=hint, code="no-names")
    if width and len(names) != width:
        raise RequestError(f"{len(names)} columns are named for a transformer of {width}", code="no-names")
    plan = Plan({name: kinds.get(name) for name in names})
    model: Any = fitted
    last: tuple[str, Any] | None = None
    if type(fitted).__name__ == "Pipeline" and not hasattr(fitted.steps[-1][1], "transform") and hasattr(fitted.steps[-1][1], "predict"):
        model, last = fitted[:-1] if len(fitted.steps) > 1 else None, fitted.steps[-1]
    if model is None or (last is None and not hasattr(model, "transform")):
        what = type(fitted).__name__
        hint = "a model alone is for the step `predict`"
        raise RequestError(
            f"a {what} does not transform", accepted="a transformer, or a Pipeline of some", hint=hint, code="not-convertible"
        )
    features = [Feature(name, own=True) for name in names]
    wanted = names_out(model, None if given else names)
    made = Stage(plan, model, features, wanted, "", trusted, CONVERTERS).made()
    kept = plan.used | {feature.name for feature in made}
    plan.kinds = {name: kind or Kind.FLOAT for name, kind in plan.kinds.items() if kind or name in kept}
    finals = plan.finish("the columns that it makes", made, wanted or [f.name for f in made])
    if last is not None:
        _add_prediction(plan, last[0], last[1], finals, trusted)
    return plan, finals


def _add_prediction(plan: Plan, name: str, model: Any, columns: tuple[str, ...], trusted: tuple[str, ...]) -> None:
    """The step of the model at the end of a Pipeline."""
    source = f"{name}, {type(model).__name__}"
    content = dumped(model, trusted, source)
    plan.files[f"{name}.skops"] = content
    step = Predict(f"{name}.skops", columns, trusted, column=plan.fresh("prediction"))
    plan.add(step, {"": {"columns": list(columns), "model": content}}, source, "the model as it is: it is not trained anew")


def _reject_unfitted(fitted: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(fitted)
    except (NotFittedError, TypeError) as error:
        raise RequestError(
            f"the {type(fitted).__name__} is not fitted", hint="fit it first: its numbers are converted", code="not-fitted"
        ) from error


# ── those that hold others ──


def of_pipeline(s: Stage) -> Features:
    """The transformers of a Pipeline, one after the other."""
    stages = [(name, step) for name, step in s.fitted.steps if step is not None and step != "passthrough"]
    features = s.features
    for i, (name, step) in enumerate(stages):
        features = s.within(name, step, features, s.names if i == len(stages) - 1 else None)
    return features


def of_column_transformer(s: Stage) -> Features:
    """The transformers of a ColumnTransformer, each for some of the columns."""
    known = list(map(str, getattr(s.fitted, "feature_names_in_", ())))
    parts = [(name, part, _positions(columns, known, len(s.features))) for name, part, columns in s.fitted.transformers_]
    parts = [(name, part, places) for name, part, places in parts if not (isinstance(part, str) and part == "drop") and places]
    if getattr(s.fitted, "transformer_weights", None):
        raise Unsupported("it weighs its transformers")
    uses = [sum(i in places for _, _, places in parts) for i in range(len(s.features))]
    made: Features = []
    for name, part, places in parts:
        features = [f if uses[i] == 1 else f._replace(own=False) for i, f in ((i, s.features[i]) for i in places)]
        names = s.names[s.fitted.output_indices_[name]] if s.names is not None else None
        made += features if isinstance(part, str) else s.within(name, part, features, names)
    return made


def _positions(columns: Any, known: Sequence[str], width: int) -> list[int]:
    """The places of the columns that a part of a ColumnTransformer takes."""
    if isinstance(columns, slice):
        ends = [known.index(x) if isinstance(x, str) else x for x in (columns.start, columns.stop)]
        stop = ends[1] + 1 if isinstance(columns.stop, str) else ends[1]  # a slice of names includes its end
        return list(range(width))[ends[0] : stop : columns.step]
    several = np.atleast_1d(np.asarray(columns, dtype=object)).tolist()
    if several and all(isinstance(x, bool | np.bool_) for x in several):
        return [i for i, chosen in enumerate(several) if chosen]
    return [known.index(x) if isinstance(x, str) else int(x) % width for x in several]


def of_union(s: Stage) -> Features:
    """The transformers of a FeatureUnion, each for all columns; their outputs are next to each other."""
    if s.fitted.transformer_weights:
        raise Unsupported("it weighs its transformers")
    parts = [(name, part) for name, part in s.fitted.transformer_list if part is not None and part != "drop"]
    features = s.features if len(parts) == 1 else [f._replace(own=False) for f in s.features]
    made: Features = []
    for name, part in parts:
        own = names_out(part, [f.name for f in features]) if s.names is not None else None
        names = s.names[len(made) : len(made) + len(own)] if s.names is not None and own is not None else None
        made += features if isinstance(part, str) else s.within(name, part, features, names)
    return made


CONVERTERS: Mapping[str, Converter] = {
    "Pipeline": of_pipeline,
    "ColumnTransformer": of_column_transformer,
    "FeatureUnion": of_union,
    "SimpleImputer": of_imputer,
    "MissingIndicator": of_indicator,
    "StandardScaler": of_standard_scaler,
    "RobustScaler": of_robust_scaler,
    "MinMaxScaler": of_min_max_scaler,
    "MaxAbsScaler": of_max_abs_scaler,
    "PowerTransformer": of_power_transformer,
    "QuantileTransformer": of_quantile_transformer,
    "KBinsDiscretizer": of_discretizer,
    "Binarizer": of_binarizer,
    "Normalizer": of_normalizer,
    "VarianceThreshold": of_variance_threshold,
    "PCA": of_components,
    "TruncatedSVD": of_components,
    "FunctionTransformer": of_function,
    "OneHotEncoder": of_one_hot,
    "OrdinalEncoder": of_ordinal,
    "TargetEncoder": of_target_encoder,
    "CountVectorizer": of_words,
    "TfidfVectorizer": of_words,
    "HashingVectorizer": of_words,
}
