"""Imputers of scikit-learn, and indicators of missing values."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Any

from tilth.data import Kind
from tilth.pipelines.plan import Unsupported, step_of
from tilth.pipelines.sklearn.stage import Stage
from tilth.pipelines.sklearn.values import Features, is_missing, plain
from tilth.steps.clean.flag import Flag
from tilth.steps.clean.impute import Impute


def of_imputer(s: Stage) -> Features:
    """`impute`, and `flag` for the indicator."""
    fitted = s.fitted
    if not is_missing(fitted.missing_values):
        raise Unsupported(f"missing is {fitted.missing_values!r} to it, not null")
    ways = {"mean": "mean", "median": "median", "most_frequent": "mode", "constant": "constant"}
    if fitted.strategy not in ways:
        raise Unsupported("its strategy is a function")
    fills = [None if is_missing(x) else plain(x) for x in fitted.statistics_]
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
    if not is_missing(s.fitted.missing_values) or s.fitted.sparse is True:
        raise Unsupported("its missing value is not null")
    beside = [s.features[i]._replace(own=False) for i in s.fitted.features_.tolist()]
    names = s.names or [f"missingindicator_{f.name}" for f in beside]
    return s.plan.one_by_one(s.source, beside, names, partial(step_of, Flag, with_="missing"), [{}] * len(beside))
