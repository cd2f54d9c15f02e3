"""Transformers of numbers of scikit-learn: scales, powers, bins, components, functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from tilth.data import Kind
from tilth.engine.user_sql.writing import identifier
from tilth.pipelines.plan import Feature, Unsupported, step_of
from tilth.pipelines.sklearn.stage import Stage
from tilth.pipelines.sklearn.values import Features, each
from tilth.steps.clean.formula import Formula
from tilth.steps.encode.encode import Encode
from tilth.steps.naming import names_of
from tilth.steps.scale.discretize import MOST_BINS, MOST_EDGES, Discretize
from tilth.steps.scale.normalize import Normalize
from tilth.steps.scale.power import PowerTransform
from tilth.steps.scale.quantile import MOST as MOST_QUANTILES
from tilth.steps.scale.quantile import QuantileTransform
from tilth.steps.scale.reduce import MOST_TERMS, Reduce
from tilth.steps.scale.scale import Scale


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


FURTHEST = 1e6  # the large value at which a power transform is evaluated, to find its standardization


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
    """Mean and deviation of the standardization, which are private in scikit-learn; computed from its results for two values per column.

    The results are (y − mean) / deviation. One y is 0 and the other large, so that no digits are lost.
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
    names = each(s.names, [len(c) for c in categories]) or [names_of(m.name, c) for m, c in zip(made, categories, strict=True)]
    steps = [Encode("", unseen="zeros", missing="zeros", categories=tuple(c)) for c in categories]
    states = [lambda fresh, c=c: {"categories": c, "names": fresh} for c in categories]
    return s.plan.encoded(s.source, made, names, steps, states)


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
    """The step `power` or `formula` for a function of numpy; None if there is none."""
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
