"""Fitted transformers of scikit-learn as steps, with the numbers that they have learned.

A Pipeline, a ColumnTransformer and a FeatureUnion are taken apart; each transformer in them becomes the steps that do the same. One that
has no such steps rides along as a step `transform`, which holds it as skops saves it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from tilth.data import Kind
from tilth.engine.user_sql.writing import identifier
from tilth.errors import MissingExtra, RequestError, listed
from tilth.pipelines.plan import Feature, Plan, Unsupported, step_of
from tilth.steps.clean.flag import Flag
from tilth.steps.clean.formula import Formula
from tilth.steps.clean.impute import Impute
from tilth.steps.encode.encode import Encode
from tilth.steps.encode.one_hot import OneHot
from tilth.steps.models import model_of
from tilth.steps.naming import names_of, short
from tilth.steps.predict import Predict
from tilth.steps.scale.discretize import MOST_BINS, MOST_EDGES, Discretize
from tilth.steps.scale.normalize import Normalize
from tilth.steps.scale.power import PowerTransform
from tilth.steps.scale.quantile import MOST as MOST_QUANTILES
from tilth.steps.scale.quantile import QuantileTransform
from tilth.steps.scale.reduce import MOST_TERMS, Reduce
from tilth.steps.scale.scale import Scale
from tilth.steps.text.vectorize import MOST_COLUMNS, Vectorize
from tilth.steps.text.words import WORD
from tilth.steps.transform import Transform

Names = Sequence[str] | None
Features = list[Feature]
Converter = Callable[["Stage"], Features]


class Stage:
    """A transformer, the columns that it takes, and the names that are wanted for those that it makes (None: any)."""

    def __init__(self, plan: Plan, fitted: Any, features: Sequence[Feature], names: Names, path: str, trusted: tuple[str, ...]) -> None:
        self.plan, self.fitted, self.features, self.names, self.path, self.trusted = plan, fitted, list(features), names, path, trusted

    def within(self, name: str, fitted: Any, features: Sequence[Feature], names: Names) -> Features:
        """What a transformer inside of this one becomes."""
        return Stage(self.plan, fitted, features, names, f"{self.path}.{name}" if self.path else name, self.trusted).made()

    @property
    def source(self) -> str:
        """What the steps are made of."""
        kind = type(self.fitted).__name__
        return f"{self.path}, {kind}" if self.path else kind

    def made(self) -> Features:
        """The columns that the transformer makes; its steps are added to the plan."""
        earlier = self.plan.copy()
        convert = CONVERTERS.get(type(self.fitted).__name__) if type(self.fitted).__module__.startswith("sklearn.") else None
        try:
            if convert is None:
                raise Unsupported("no step does the same")
            made = convert(self)
            if self.names is not None and len(made) != len(self.names):
                raise Unsupported(f"it makes {len(made)} columns, and names {len(self.names)}")
            return made
        except Unsupported as why:
            self.plan.restore(earlier)
            return self._ridden_along(str(why))

    def one_by_one(self, make: Any, learned: Sequence[Mapping[str, Any]], *notes: str, names: Names = None) -> Features:
        """Steps that make one column of each."""
        return self.plan.one_by_one(self.source, self.features, self.names if names is None else names, make, learned, *notes)

    def _ridden_along(self, why: str) -> Features:
        """A step `transform` that holds the transformer."""
        if not hasattr(self.fitted, "transform"):
            raise RequestError(f"{self.source}: it does not transform", hint="convert the transformers only", code="not-convertible")
        features = self.plan.owned(self.source, self.features)
        for feature, kind in zip(features, _kinds_taken(self.fitted, len(features)), strict=True):
            if self.plan.kinds.get(feature.name, kind) is None:
                self.plan.read_as([feature], kind)
        names = self.names if self.names is not None else names_out(self.fitted, [f.name for f in features])
        if names is None:
            message = f"{self.source}: {why}, and it does not name what it makes"
            raise RequestError(message, accepted="a transformer with `get_feature_names_out`", code="not-convertible")
        content = dumped(self.fitted, self.trusted, self.source)
        made = [self.plan.made(name) for name in names]
        file = f"{self.path or type(self.fitted).__name__.lower()}.skops".replace(" ", "_")
        self.plan.files[file] = content
        step = Transform(file, tuple(f.name for f in features), self.trusted)
        state = {"columns": [f.name for f in features], "makes": [f.name for f in made], "model": content}
        self.plan.add(step, {"": state}, self.source, f"rides along as it is: {why}", "runs as Python", "learns nothing anew")
        self.plan.gone(features)
        return made


# ── the whole ──


def planned(
    fitted: Any, columns: Sequence[str] | None, kinds: Mapping[str, Kind], trusted: tuple[str, ...]
) -> tuple[Plan, tuple[str, ...]]:
    """The plan of a fitted transformer, and the names of the columns that it makes, in their order.

    Errors: `RequestError` for what is not fitted, does not say its columns, or cannot be converted.
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
    made = Stage(plan, model, features, wanted, "", trusted).made()
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


def names_out(fitted: Any, names: Names) -> list[str] | None:
    """What `get_feature_names_out` says; None where it says nothing."""
    with suppress(AttributeError, ValueError, TypeError):
        return list(map(str, fitted.get_feature_names_out() if names is None else fitted.get_feature_names_out(names)))
    with suppress(AttributeError, ValueError, TypeError):
        return list(map(str, fitted.get_feature_names_out()))
    return None


def dumped(fitted: Any, trusted: tuple[str, ...], source: str) -> bytes:
    """A fitted object as skops saves it. Errors: `MissingExtra`; `RequestError` for types that are not trusted, or cannot be saved."""
    try:
        from skops import io
    except ImportError as error:
        raise MissingExtra.named("models", "a transformer that rides along") from error
    try:
        content = bytes(io.dumps(fitted))
    except Exception as error:  # whatever skops makes of an object that it does not know
        message = f"{source}: skops cannot save it: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        raise RequestError(message, hint="leave it out, and do the same by steps", code="not-convertible") from error
    if untrusted := sorted(set(io.get_untrusted_types(data=content)) - set(trusted)):
        hint = f"if you trust them, name them: `trusted={untrusted!r}`, or --trusted TYPE"
        raise RequestError(f"{source}: it holds types that skops does not trust: {listed(untrusted)}", hint=hint, code="untrusted-model")
    model_of("skops", content, trusted)
    return content


# ── those that hold others ──


def of_pipeline(s: Stage) -> Features:
    """One after the other."""
    stages = [(name, step) for name, step in s.fitted.steps if step is not None and step != "passthrough"]
    features = s.features
    for i, (name, step) in enumerate(stages):
        features = s.within(name, step, features, s.names if i == len(stages) - 1 else None)
    return features


def of_column_transformer(s: Stage) -> Features:
    """Each of some columns."""
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
    """Each of all columns, side by side."""
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


# ── missing values ──


def of_imputer(s: Stage) -> Features:
    """`impute`, and `flag` for the indicator."""
    fitted = s.fitted
    if not _is_missing(fitted.missing_values):
        raise Unsupported(f"missing is {fitted.missing_values!r} to it, not null")
    ways = {"mean": "mean", "median": "median", "most_frequent": "mode", "constant": "constant"}
    if fitted.strategy not in ways:
        raise Unsupported("its strategy is a function")
    fills = [None if _is_missing(x) else _plain(x) for x in fitted.statistics_]
    kept = [i for i, fill in enumerate(fills) if fill is not None]
    if not all(isinstance(fills[i], float | str) for i in kept):
        raise Unsupported("it fills with values that are neither numbers nor strings")
    s.plan.read_as(
        [s.features[i] for i in kept], *(Kind.STRING if isinstance(fills[i], str) else Kind.FLOAT for i in kept)
    ) if kept else None
    flagged: Features = []
    if fitted.add_indicator:
        places = fitted.indicator_.features_.tolist()
        names = s.names[len(kept) :] if s.names is not None else [f"missingindicator_{s.features[i].name}" for i in places]
        beside = [s.features[i]._replace(own=False) for i in places]
        flagged = s.plan.one_by_one(s.source, beside, names, partial(step_of, Flag, with_="missing"), [{}] * len(places))
    made: Features = []
    wanted = s.names[: len(kept)] if s.names is not None else None
    for _, group in groupby(range(len(kept)), key=lambda k: fills[kept[k]] if fitted.strategy == "constant" else ""):
        of = list(group)
        value: Any = fills[kept[of[0]]] if fitted.strategy == "constant" else None
        make = partial(step_of, Impute, with_=ways[fitted.strategy], value=value)
        features, own = [s.features[kept[k]] for k in of], None if wanted is None else [wanted[k] for k in of]
        learned = [{"fill": fills[kept[k]]} for k in of]
        made += s.plan.one_by_one(s.source, features, own, make, learned, "blank strings are missing, too")
    return made + flagged


def of_indicator(s: Stage) -> Features:
    """`flag`."""
    if not _is_missing(s.fitted.missing_values) or s.fitted.sparse is True:
        raise Unsupported("missing is another value than null to it")
    beside = [s.features[i]._replace(own=False) for i in s.fitted.features_.tolist()]
    names = s.names or [f"missingindicator_{f.name}" for f in beside]
    return s.plan.one_by_one(s.source, beside, names, partial(step_of, Flag, with_="missing"), [{}] * len(beside))


# ── numbers ──


def of_standard_scaler(s: Stage) -> Features:
    """`scale`."""
    f = s.fitted
    if not (f.with_mean or f.with_std):
        return s.features
    s.plan.read_as(s.features, Kind.FLOAT)
    learned = _widths(len(s.features), f.mean_ if f.with_mean else None, f.scale_ if f.with_std else None)
    return s.one_by_one(partial(step_of, Scale, center=bool(f.with_mean), scale=bool(f.with_std)), learned)


def of_robust_scaler(s: Stage) -> Features:
    """`scale: {with: robust}`."""
    f = s.fitted
    if not (f.with_centering or f.with_scaling):
        return s.features
    s.plan.read_as(s.features, Kind.FLOAT)
    learned = _widths(len(s.features), f.center_ if f.with_centering else None, f.scale_ if f.with_scaling else None)
    low, high = (float(q) / 100 for q in f.quantile_range)
    notes = ["learned anew, its widths are not those of a normal distribution (`unit_variance`)"] if f.unit_variance else []
    way: dict[str, Any] = {"center": bool(f.with_centering), "scale": bool(f.with_scaling), "quantiles": (low, high)}
    return s.one_by_one(partial(step_of, Scale, with_="robust", **way), learned, *notes)


def _widths(count: int, centres: Any, widths: Any) -> list[dict[str, float]]:
    return [
        {"centre": float(centres[i]) if centres is not None else 0.0, "width": float(widths[i]) if widths is not None else 1.0}
        for i in range(count)
    ]


def of_min_max_scaler(s: Stage) -> Features:
    """`scale: {with: minmax}`."""
    f = s.fitted
    s.plan.read_as(s.features, Kind.FLOAT)
    low, high = map(float, f.feature_range)
    learned = [{"centre": float(c), "width": float(1 / w), "shift": low} for c, w in zip(f.data_min_, f.scale_, strict=True)]
    return s.one_by_one(partial(step_of, Scale, with_="minmax", low=low, high=high, clip=bool(f.clip)), learned)


def of_max_abs_scaler(s: Stage) -> Features:
    """`scale: {with: maxabs}`."""
    if getattr(s.fitted, "clip", False):
        raise Unsupported("it clips")
    s.plan.read_as(s.features, Kind.FLOAT)
    return s.one_by_one(partial(step_of, Scale, with_="maxabs"), _widths(len(s.features), None, s.fitted.scale_))


FURTHEST = 1e6  # where a power is asked what it makes, to find mean and deviation by which its results are standardized


def of_power_transformer(s: Stage) -> Features:
    """`power`, and `scale`."""
    f = s.fitted
    s.plan.read_as(s.features, Kind.FLOAT)
    way = {"yeo-johnson": "yeo_johnson", "box-cox": "box_cox"}[f.method]
    powers = [0.0 if abs(x) < np.spacing(1.0) else float(x) for x in f.lambdas_]
    learned = [{"lambda": x} for x in powers]
    notes = ("λ is found to six decimals, if it is learned anew",)
    if not f.standardize:
        return s.one_by_one(partial(step_of, PowerTransform, with_=way), learned, *notes)
    moments = _moments(f, way, powers)
    features = s.one_by_one(partial(step_of, PowerTransform, with_=way), learned, *notes)
    return s.plan.one_by_one(s.source, features, [f.name for f in features], partial(step_of, Scale), moments)


def _moments(f: Any, way: str, powers: Sequence[float]) -> list[dict[str, float]]:
    """Mean and deviation by which results are standardized, which are private there: from what it makes of two values of each column.

    They are far apart, so that no digits are lost: (y − mean) / deviation for a y that is 0, and for one that is large.
    """
    zero = 0.0 if way == "yeo_johnson" else 1.0
    far = [(FURTHEST if x >= 1 else -FURTHEST) if way == "yeo_johnson" else (FURTHEST if x >= 0 else 1 / FURTHEST) for x in powers]
    asked = np.array([[zero] * len(powers), far])
    names = getattr(f, "feature_names_in_", None)
    if names is not None:
        import pandas as pd

        given: Any = pd.DataFrame(asked, columns=names)
    else:
        given = asked
    (at_zero, at_far) = np.asarray(f.transform(given), dtype=float)
    found = []
    for x, power, low, high in zip(far, powers, at_zero.tolist(), at_far.tolist(), strict=True):
        width = (_raised(x, way, power) / (high - low)) if high != low else math.nan
        found.append({"centre": -low * width + 0.0, "width": width})
    return found


def _raised(x: float, way: str, power: float) -> float:
    if way == "box_cox":
        return math.log(x) if power == 0 else (x**power - 1) / power
    if x >= 0:
        return math.log1p(x) if power == 0 else ((x + 1) ** power - 1) / power
    return -math.log1p(-x) if power == 2 else -((1 - x) ** (2 - power) - 1) / (2 - power)


def of_quantile_transformer(s: Stage) -> Features:
    """`quantile`."""
    f = s.fitted
    if f.n_quantiles_ > MOST_QUANTILES or f.n_quantiles_ < 2:
        raise Unsupported(f"it has {f.n_quantiles_:,} quantiles, and a step has 2 to {MOST_QUANTILES:,}")
    s.plan.read_as(s.features, Kind.FLOAT)
    learned = []
    for values in f.quantiles_.T:
        pairs = zip((values + 0.0).tolist(), f.references_.tolist(), strict=True)
        line = [(x, [p for _, p in at]) for x, at in groupby(pairs, key=lambda pair: pair[0])]
        learned.append({"values": [x for x, _ in line], "first": [p[0] for _, p in line], "last": [p[-1] for _, p in line]})
    given = {"n_quantiles": int(f.n_quantiles_), "output_distribution": f.output_distribution}
    return s.one_by_one(partial(step_of, QuantileTransform, **given), learned)


def of_discretizer(s: Stage) -> Features:
    """`discretize`, and `encode` where bins are one-hot."""
    f = s.fitted
    s.plan.read_as(s.features, Kind.FLOAT)
    inner = [list(map(float, edges[1:-1])) for edges in f.bin_edges_]
    if any(len(edges) > MOST_EDGES for edges in inner):
        raise Unsupported(f"it has more than {MOST_EDGES:,} bins")
    notes = ("learned anew, its quantiles are those between two values",) if f.strategy == "quantile" else ()
    made: Features = []
    ordinal = f.encode == "ordinal"
    for i, (feature, edges) in enumerate(zip(s.features, inner, strict=True)):
        wanted = [s.names[i]] if ordinal and s.names is not None else None
        bins = int(f.n_bins if np.ndim(f.n_bins) == 0 else f.n_bins[i])
        learnable = f.strategy in ("quantile", "uniform") and 2 <= bins <= MOST_BINS
        given = {"with_": f.strategy, "bins": bins} if learnable else {"with_": "edges", "edges": tuple(edges)}
        if not edges and not learnable:
            raise Unsupported("a column has one bin")
        made += s.plan.one_by_one(s.source, [feature], wanted, partial(step_of, Discretize, **given), [{"edges": edges}], *notes)
    if ordinal:
        return made
    categories = [list(range(int(n))) for n in f.n_bins_]
    names = _each(s.names, [len(c) for c in categories]) or [names_of(m.name, c) for m, c in zip(made, categories, strict=True)]
    steps = [Encode("", unseen="zeros", missing="zeros", categories=tuple(c)) for c in categories]
    states = [lambda fresh, c=c: {"categories": c, "names": fresh} for c in categories]
    return s.plan.encoded(s.source, made, names, steps, states)


def _each(names: Names, counts: Sequence[int]) -> list[list[str]] | None:
    """Names in groups of so many."""
    if names is None:
        return None
    ends = np.cumsum([0, *counts]).tolist()
    return [list(names[a:b]) for a, b in pairwise(ends)]


def of_binarizer(s: Stage) -> Features:
    """`discretize` with one edge."""
    s.plan.read_as(s.features, Kind.FLOAT)
    edge = float(s.fitted.threshold)
    make = partial(step_of, Discretize, with_="edges", edges=(edge,), closed="right")
    return s.one_by_one(make, [{"edges": [edge]}] * len(s.features))


def of_normalizer(s: Stage) -> Features:
    """`normalize`."""
    s.plan.read_as(s.features, Kind.FLOAT)
    features = s.plan.owned(s.source, s.features)
    columns = tuple(f.name for f in features)
    s.plan.add(Normalize(columns, with_=s.fitted.norm), {"": {"columns": list(columns)}}, s.source)
    return features


def of_variance_threshold(s: Stage) -> Features:
    """`reduce: {with: variance}`."""
    s.plan.read_as(s.features, Kind.FLOAT)
    features = s.plan.owned(s.source, s.features)
    stay = s.fitted.get_support().tolist()
    gone = [f.name for f, kept in zip(features, stay, strict=True) if not kept]
    step = Reduce(tuple(f.name for f in features), with_="variance", threshold=float(s.fitted.threshold))
    s.plan.add(step, {"": {"drop": gone}}, s.source)
    s.plan.gone(Feature(name) for name in gone)
    left = [f._replace(lasting=False) for f, kept in zip(features, stay, strict=True) if kept]
    s.plan.there |= {f.name: False for f in left}
    return left


def of_components(s: Stage) -> Features:
    """`reduce: {with: pca}` or `svd`."""
    f = s.fitted
    way: Any = "pca" if type(f).__name__ == "PCA" else "svd"
    axes = f.components_ / np.sqrt(f.explained_variance_)[:, None] if getattr(f, "whiten", False) else f.components_
    if axes.size > MOST_TERMS:
        raise Unsupported(f"it has more than {MOST_TERMS:,} products for each row")
    s.plan.read_as(s.features, Kind.FLOAT)
    begin = way
    while any(f"{begin}{i}".casefold() in s.plan.taken for i in range(1, len(axes) + 1)):
        begin = f"{begin}_"
    made = [s.plan.made(f"{begin}{i}") for i in range(1, len(axes) + 1)]
    columns = tuple(feature.name for feature in s.features)
    centres = f.mean_.tolist() if way == "pca" else [0.0] * len(columns)
    state = {"columns": list(columns), "centres": centres, "axes": axes.ravel().tolist(), "explained": f.explained_variance_ratio_.tolist()}
    prefix = begin if begin != way else ""
    owned = all(feature.own for feature in s.features)
    step = Reduce(columns, with_=way, n_components=len(axes), prefix=prefix, keep=not owned)
    s.plan.gone(s.features if owned else ())
    notes = ["learned anew, the largest number of an axis is positive"]
    notes += ["learned anew, components are not of one variance (`whiten`)"] if getattr(f, "whiten", False) else []
    s.plan.add(step, {"": state}, s.source, *notes)
    return made


POWERS = {"log": "log", "log1p": "log1p", "sqrt": "sqrt", "square": "square"}
FORMULAS = {"abs": "abs({})", "absolute": "abs({})", "exp": "exp({})", "log10": "log10({})", "log2": "log2({})", "negative": "-({})"}


def of_function(s: Stage) -> Features:
    """`power`, or `formula`, for functions of numpy; nothing where there is none."""
    f = s.fitted
    if f.func is None:
        return s.features
    name = getattr(f.func, "__name__", "")
    if f.kw_args or getattr(np, name, None) is not f.func or name not in POWERS | FORMULAS:
        raise Unsupported("its function is not one of numpy that a step has")
    s.plan.read_as(s.features, Kind.FLOAT)
    notes = ("null where there it is infinite or not a number",) if name.startswith(("log", "sqrt")) else ()
    if name in POWERS:
        return s.one_by_one(partial(step_of, PowerTransform, with_=POWERS[name]), [{}] * len(s.features), *notes)
    made = s.plan.named(s.features, s.names)
    for feature, new in zip(s.features, made, strict=True):
        s.plan.add(Formula(new, FORMULAS[name].format(identifier(feature.name))), {"": {}}, s.source, *notes)
    return [Feature(new, True, f.lasting) for f, new in zip(s.features, made, strict=True)]


# ── categories ──


def _categories(values: Any) -> tuple[Kind, list[Any], int]:
    """The kind of a column with these categories, those that are not missing, and how many are. Errors: `Unsupported`."""
    there = [_plain(v) for v in values if not _is_missing(v)]
    if any(isinstance(v, str) and not v.strip() for v in there):
        raise Unsupported("a blank string is one of its categories, which is missing here")
    kinds = {type(v) for v in there}
    if kinds == {float} and all(v.is_integer() for v in there):  # a column of integers with gaps, in pandas
        there, kinds = [int(v) for v in there], {int}
    found = {str: Kind.STRING, bool: Kind.BOOLEAN, int: Kind.INTEGER}.get(next(iter(kinds), str)) if len(kinds) <= 1 else None
    if found is None:
        raise Unsupported("its categories are numbers with decimals, or of several kinds")
    return found, there, len(values) - len(there)


def _kinds_taken(fitted: Any, count: int) -> list[Kind]:
    """The kinds of the columns that a transformer takes, as far as what it has learned says them; else numbers."""
    if hasattr(fitted, "vocabulary_") or isinstance(getattr(fitted, "token_pattern", None), str):
        return [Kind.STRING] * count
    values = getattr(fitted, "categories_", None) or [[x] for x in getattr(fitted, "statistics_", ())]
    found = [Kind.STRING if any(isinstance(v, str) for v in of) else Kind.FLOAT for of in values]
    return found if len(found) == count else [Kind.FLOAT] * count


def of_one_hot(s: Stage) -> Features:
    """`encode: {with: one_hot}`."""
    f = s.fitted
    rare = getattr(f, "infrequent_categories_", None) or [None] * len(s.features)
    names: Sequence[list[str] | None] = _each(s.names, _widths_of_one_hot(f, rare)) or [None] * len(s.features)
    steps, states, wanted = [], [], []
    notes = [*_category_notes(f), "0 and 1, not a sparse matrix"]
    for i, feature in enumerate(s.features):
        kind, categories, gaps = _categories(f.categories_[i])
        s.plan.read_as([feature], kind)
        dropped = None if f.drop_idx_ is None else f.drop_idx_[i]
        infrequent = [] if rare[i] is None else list(rare[i])
        if infrequent and f.handle_unknown not in ("infrequent_if_exist", "warn"):
            raise Unsupported("its infrequent categories have a column that unknown ones do not have")
        if (infrequent and (dropped is not None or any(map(_is_missing, infrequent)))) or gaps > 1:
            raise Unsupported("it treats missing values in two ways, or leaves out a rare category")
        less = {_plain(v) for v in infrequent}
        frequent = [c for c in categories if c not in less]
        slots = [*(["missing"] * gaps), *(["other"] if infrequent else [])]
        shown = names[i] or [*names_of(feature.name, frequent), *(f"{feature.name}_{slot}" for slot in slots)]
        given = iter(shown if names[i] is not None or dropped is None else [n for k, n in enumerate(shown) if k != dropped])
        columns = [None if dropped is not None and k == dropped else next(given) for k in range(len(frequent))]
        missing = next(given) if gaps and dropped != len(frequent) else None
        other = next(given) if infrequent else None
        unseen = {"error": "error", "ignore": "zeros"}.get(f.handle_unknown, "slot" if infrequent else "zeros")
        steps.append(_encode(f, frequent, unseen, "slot" if missing else "zeros" if gaps or unseen != "error" else "error"))
        wanted.append([*columns, *([missing] if missing else []), *([other] if other else [])])

        def state(
            fresh: list[str | None], columns: Any = columns, missing: Any = missing, other: Any = other, frequent: Any = frequent
        ) -> Any:
            rest = iter(fresh[len(columns) :])
            slots = {"missing": next(rest) if missing else None, "unseen": next(rest) if other else None}
            return {"categories": frequent, "names": fresh[: len(columns)], **{k: v for k, v in slots.items() if v}}

        states.append(state)
    return s.plan.encoded(s.source, s.features, wanted, steps, states, *notes)


def _widths_of_one_hot(f: Any, rare: Sequence[Any]) -> list[int]:
    """How many columns each column becomes."""
    counts = []
    for i, categories in enumerate(f.categories_):
        infrequent = 0 if rare[i] is None else len(rare[i])
        dropped = f.drop_idx_ is not None and f.drop_idx_[i] is not None
        counts.append(len(categories) - infrequent + (infrequent > 0) - dropped)
    return counts


def _category_notes(f: Any) -> list[str]:
    given = ["its categories are those of the training part, if they are learned anew"] if not isinstance(f.categories, str) else []
    floats = any(np.issubdtype(np.asarray(values).dtype, np.floating) for values in f.categories_)
    return [*given, *(["its columns of numbers are read as integers"] if floats else [])]


def _encode(f: Any, categories: Sequence[Any], unseen: Any, missing: Any) -> Encode:
    """The step for one column of a OneHotEncoder."""
    drop: Any = {"first": "first", "if_binary": "binary"}.get(f.drop if isinstance(f.drop, str) else "")
    limits: dict[str, Any] = {}
    if unseen == "slot":
        limits = {"max_categories": f.max_categories and max(f.max_categories - 1, 1), "min_frequency": f.min_frequency}
    most = len(categories) if len(categories) > OneHot.most else None
    return Encode("", unseen=unseen, missing=missing, order="value", drop=drop, most=most, **limits)


def of_ordinal(s: Stage) -> Features:
    """`encode: {with: ordinal}`."""
    f = s.fitted
    if any(rare is not None for rare in getattr(f, "infrequent_categories_", None) or []):
        raise Unsupported("it has infrequent categories")
    policies, learned, notes = [], [], _category_notes(f)
    for feature, values in zip(s.features, f.categories_, strict=True):
        kind, categories, gaps = _categories(values)
        s.plan.read_as([feature], kind)
        unseen = "error" if f.handle_unknown == "error" else _written(f.unknown_value, len(values))
        missing = _written(f.encoded_missing_value, -9) if gaps else unseen
        if gaps > 1 or unseen is None or missing is None or (not gaps and unseen == "slot"):
            raise Unsupported("unknown or missing values become a number that a step does not write")
        policies.append((unseen, missing))
        learned.append({"categories": categories})
    names, made = s.plan.named(s.features, s.names), dict[str, Feature]()
    for unseen, missing in dict.fromkeys(policies):
        places = [i for i, p in enumerate(policies) if p == (unseen, missing)]
        make = partial(step_of, Encode, with_="ordinal", unseen=unseen, missing=missing, order="value")
        found = s.plan.each(
            s.source, [s.features[i] for i in places], [names[i] for i in places], make, [learned[i] for i in places], *notes
        )
        made |= {feature.name: feature for feature in found}
    return [made[name] for name in names]


def _written(number: Any, slot: int) -> Any:
    """The policy by which a value becomes a number; None where there is none."""
    if _is_missing(number):
        return "null"
    return -1 if number == -1 else "slot" if number == slot else None


def of_target_encoder(s: Stage) -> Features:
    """`encode: {with: target}`."""
    f = s.fitted
    several = f.target_type_ == "multiclass"
    classes = len(f.classes_) if several else 1
    means = np.atleast_1d(f.target_mean_).tolist()
    steps, states, wanted = [], [], []
    names = _each(s.names, [classes] * len(s.features))
    folds = int(f.cv) if isinstance(f.cv, int) and 2 <= f.cv <= 20 else 5
    for i, feature in enumerate(s.features):
        kind, categories, gaps = _categories(f.categories_[i])
        if gaps > 1:
            raise Unsupported("it treats missing values in two ways")
        s.plan.read_as([feature], kind)
        values = [f.encodings_[i * classes + k].tolist() for k in range(classes)]
        known = len(categories)
        state = {
            "label": "", "key": [], "categories": categories, "values": [v[:known] for v in values],
            "missing": [v[known] if gaps else mean for v, mean in zip(values, means, strict=True)], "unseen": means,
            "folds": [], "unseen_folds": [],
        }  # fmt: skip
        steps.append(Encode("", with_="target", smooth=f.smooth if f.smooth == "auto" else float(f.smooth), folds=folds))
        states.append(state)
        wanted.append(names[i] if names else [f"{feature.name}_{c}" for c in f.classes_] if several else [feature.name])
    notes = ("learned anew, it needs the role `label`", "numbers out of fold are not part of the fitted encoder")
    if several:
        functions = [lambda fresh, state=state: {**state, "names": fresh} for state in states]
        return s.plan.encoded(s.source, s.features, wanted, steps, functions, *notes)
    made = s.plan.named(s.features, [w[0] for w in wanted])
    features: Features = []
    for feature, name, step, state in zip(s.features, made, steps, states, strict=True):
        make = partial(step_of, Encode, with_="target", smooth=step.smooth, folds=step.folds)
        features += s.plan.each(s.source, [feature], [name], make, [{**state, "names": [name]}], *notes)
    return features


# ── texts ──


def of_words(s: Stage) -> Features:
    """`vectorize`."""
    f = s.fitted
    kind = type(f).__name__
    usual = {"analyzer": "word", "token_pattern": r"(?u)\b\w\w+\b", "strip_accents": None, "preprocessor": None, "tokenizer": None}
    other = [name for name, value in usual.items() if getattr(f, name) != value] + (["binary"] if f.binary else [])
    if other or WORD.pattern != r"\b\w\w+\b":
        raise Unsupported(f"it finds words in a way of its own ({listed(other)})")
    (feature,) = s.features
    s.plan.read_as([feature], Kind.STRING)
    stops = tuple(sorted(w for w in f.get_stop_words() or () if not f.lowercase or w == w.lower()))
    given: dict[str, Any] = {"lowercase": bool(f.lowercase), "ngram_range": tuple(f.ngram_range), "stop_words": stops}
    if kind == "HashingVectorizer":
        return _of_hashes(s, feature, given)
    words = [word for word, _ in sorted(f.vocabulary_.items(), key=lambda pair: pair[1])]
    if len(words) > MOST_COLUMNS:
        raise Unsupported(f"it has more than {MOST_COLUMNS:,} words")
    limits = {
        "max_features": min(f.max_features or MOST_COLUMNS, MOST_COLUMNS),
        "min_df": f.min_df,
        "max_df": f.max_df if f.max_df != 1.0 else None,
    }
    notes = []
    if kind == "TfidfVectorizer":
        given |= {"with_": "tfidf", "sublinear_tf": bool(f.sublinear_tf), "norm": f.norm or "none"}
        notes = [] if f.use_idf and f.smooth_idf else ["learned anew, weights are those of `smooth_idf`"]
    idf = {"idf": (f.idf_.tolist() if f.use_idf else [1.0] * len(words))} if kind == "TfidfVectorizer" else {}
    names = list(s.names) if s.names is not None else names_of(feature.name, words)
    made = [s.plan.made(name, lasting=False) for name in names]
    into = s.plan.beginning(feature, names)
    step = Vectorize((feature.name,), into=into, **given, **limits)
    s.plan.gone(() if into else [feature])
    state = {"words": words, "names": [m.name for m in made], **idf}
    s.plan.add(step, {feature.name: state}, s.source, *notes, "runs as Python")
    return made


def _of_hashes(s: Stage, feature: Feature, given: Mapping[str, Any]) -> Features:
    f = s.fitted
    if f.n_features > MOST_COLUMNS or not f.alternate_sign:
        raise Unsupported(f"it makes {f.n_features:,} columns, or counts without signs")
    out = f"{s.path or feature.name}_hash"
    step = Vectorize((feature.name,), with_="hashing", n_features=int(f.n_features), norm=f.norm or "none", into=out, **given)
    s.plan.add(step, {feature.name: {}}, s.source, "runs as Python")
    return [s.plan.made(short(f"{out}_{i}")) for i in range(f.n_features)]


# ── values ──


def _is_missing(value: Any) -> bool:
    """Whether a value is None, NaN or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and math.isnan(value)


def _plain(value: Any) -> Any:
    """A value of numpy as Python's."""
    return value.item() if isinstance(value, np.generic) else value


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
