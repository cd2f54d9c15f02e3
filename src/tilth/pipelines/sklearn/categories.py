"""Encoders of categories of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from tilth.data import Kind
from tilth.pipelines.plan import Feature, Unsupported, step_of
from tilth.pipelines.sklearn.stage import Stage
from tilth.pipelines.sklearn.values import Features, each, is_missing, plain
from tilth.steps.encode.encode import Encode
from tilth.steps.encode.one_hot import OneHot
from tilth.steps.naming import names_of


def _categories(values: Any) -> tuple[Kind, list[Any], int]:
    """The kind of a column with these categories, those that are not missing, and how many are. Errors: `Unsupported`."""
    there = [plain(v) for v in values if not is_missing(v)]
    if any(isinstance(v, str) and not v.strip() for v in there):
        raise Unsupported("a blank string is one of its categories, which is missing here")
    kinds = {type(v) for v in there}
    if kinds == {float} and all(v.is_integer() for v in there):  # a column of integers with gaps, in pandas
        there, kinds = [int(v) for v in there], {int}
    found = {str: Kind.STRING, bool: Kind.BOOLEAN, int: Kind.INTEGER}.get(next(iter(kinds), str)) if len(kinds) <= 1 else None
    if found is None:
        raise Unsupported("its categories are numbers with decimals, or of several kinds")
    return found, there, len(values) - len(there)


def of_one_hot(s: Stage) -> Features:
    """`encode: {with: one_hot}`."""
    f = s.fitted
    rare = getattr(f, "infrequent_categories_", None) or [None] * len(s.features)
    names: Sequence[list[str] | None] = each(s.names, _widths_of_one_hot(f, rare)) or [None] * len(s.features)
    steps, states, wanted = [], [], []
    notes = [*_category_notes(f), "0 and 1, not a sparse matrix"]
    for i, feature in enumerate(s.features):
        kind, categories, gaps = _categories(f.categories_[i])
        s.plan.read_as([feature], kind)
        dropped = None if f.drop_idx_ is None else f.drop_idx_[i]
        infrequent = [] if rare[i] is None else list(rare[i])
        if infrequent and f.handle_unknown not in ("infrequent_if_exist", "warn"):
            raise Unsupported("its infrequent categories have a column that unknown ones do not have")
        if (infrequent and (dropped is not None or any(map(is_missing, infrequent)))) or gaps > 1:
            raise Unsupported("it treats missing values in two ways, or leaves out a rare category")
        less = {plain(v) for v in infrequent}
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
    """The policy for replacing a value by a number; None if there is none."""
    if is_missing(number):
        return "null"
    return -1 if number == -1 else "slot" if number == slot else None


def of_target_encoder(s: Stage) -> Features:
    """`encode: {with: target}`."""
    f = s.fitted
    several = f.target_type_ == "multiclass"
    classes = len(f.classes_) if several else 1
    means = np.atleast_1d(f.target_mean_).tolist()
    steps, states, wanted = [], [], []
    names = each(s.names, [classes] * len(s.features))
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
