"""Transforms that learn from a column: missing values, outliers, scales, categories and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilth.aws.conversion.conditions import literal
from tilth.aws.conversion.data_wrangler.transform import VECTOR, Operators, Transform, snake
from tilth.aws.conversion.made import Made, NotConverted, column_step


def of_fill(t: Transform) -> Iterator[Made]:
    """A constant for missing values."""
    text = t.text("fill_value")
    number = literal(text)
    value = text if number.startswith("'") else t.number("fill_value")
    yield t.on_columns("impute", with_="constant", value=value)


def of_impute(t: Transform) -> Iterator[Made]:
    """A learned value for missing ones."""
    numeric = t.text("column_type", "Numeric") == "Numeric"
    inner = t.block("numeric_parameters" if numeric else "categorical_parameters")
    t = inner if inner.given else t
    how = (
        t.word("strategy", {"MEAN": "mean", "APPROXIMATE MEDIAN": "median", "MEDIAN": "median"}, "Approximate Median")
        if numeric
        else "mode"
    )
    yield t.on_columns("impute", *(["the exact median"] if how == "median" else []), with_=how)


def of_indicator(t: Transform) -> Iterator[Made]:
    """A column that flags missing values."""
    into = t.text("output_column", f"{t.column}_indicator")
    yield column_step("flag", [t.column], into, ["1 and 0, not true and false"])


OUTLIERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Standard deviation numeric outliers": ("z_score", ()),
    "Robust standard deviation numeric outliers": (
        "robust_z",
        ("by the median absolute deviation; there by the deviation of the inner half, which cuts about 13 % of a normal column",),
    ),
    "Quantile numeric outliers": ("quantile", ()),
    "Min-max numeric outliers": ("range", ()),
}
"""Label → the way of the step `outliers`, and what differs."""


def of_outliers(t: Transform) -> Iterator[Made]:
    """Improbable numbers."""
    way, notes = OUTLIERS[t.label]
    action = t.word("fix_method", {"CLIP": None, "REMOVE": "drop", "INVALIDATE": "null"}, "Clip")
    bounds: dict[str, Any] = {}
    if way == "z_score":
        bounds = {"times": t.number("standard_deviations", 4)}
    elif way == "robust_z":
        t.has("lower_quantile"), t.has("upper_quantile")
        bounds = {"times": t.number("standard_deviations", 4)}
    elif way == "quantile":
        bounds = {"low": t.number("lower_quantile", 0.01), "high": t.number("upper_quantile", 0.99)}
    else:
        bounds = {"low": t.number("lower_threshold"), "high": t.number("upper_threshold")}
    if action == "drop":
        yield column_step("outliers", t.columns, notes=notes, with_=way, action=action, **bounds)
    else:
        yield t.on_columns("outliers", *notes, with_=way, action=action, **bounds)


def of_rare(t: Transform) -> Iterator[Made]:
    """Rare categories as one."""
    absolute, share, most = t.number("absolute_threshold", 10), t.number("fraction_threshold", 0.005), t.number("max_common_categories", 0)
    note = f"a category stays from {absolute + 1:g} rows on; there it must also have more than {share:g} of the rows"
    given = {"min_frequency": int(absolute) + 1, "max_categories": int(most) or None, "value": t.text("replacement_string", "Other")}
    yield t.on_columns("group_rare", note, missing="group", **given)


SCALERS = {"Standard scaler": "standard", "Robust scaler": "robust", "Min-max scaler": "minmax", "Max absolute scaler": "maxabs"}


def of_scale(t: Transform) -> Iterator[Made]:
    """Numbers on a common range."""
    label = t.text("scaler")
    if label not in SCALERS:
        raise NotConverted(f"the scaler {label[:40]!r} has no counterpart")
    t = t.block(f"{snake(label)}_parameters")
    way, more = SCALERS[label], dict[str, Any]()
    if way in ("standard", "robust"):
        center, scale = t.flag("center"), t.flag("scale", True)
        if not (center or scale):
            raise NotConverted("it neither centres nor scales numbers")
        more = {"ddof": 1} if way == "standard" else {}
        more |= {**({} if center else {"center": False}), **({} if scale else {"scale": False})}
        if way == "robust" and (ends := (t.number("lower_quantile", 0.25), t.number("upper_quantile", 0.75))) != (0.25, 0.75):
            more["quantiles"] = list(ends)
    elif way == "minmax":
        more = {"low": float(t.number("min", 0)), "high": float(t.number("max", 1))}
        more = {} if more == {"low": 0.0, "high": 1.0} else more
    yield t.on_columns("scale", with_=way, **more)


def of_one_hot(t: Transform) -> Iterator[Made]:
    """A column for each category."""
    policy = t.text("invalid_handling_strategy", "Skip")
    if t.flag("input_already_ordinal_encoded") or t.flag("is_already_ordinal_encoded"):
        raise NotConverted("its column is ordinal already")
    notes = [VECTOR] if t.text("output_style", "Vector") == "Vector" else []
    more: dict[str, Any] = {"Keep": {"missing": "slot"}, "Error": {"unseen": "error", "missing": "error"}}.get(policy, {})
    notes += ["rows with other values stay, as zeros"] if policy == "Skip" else []
    if t.flag("drop_last", True):
        more, notes = {**more, "drop": "first"}, [*notes, "without the first category's column; there without the last one's"]
    yield t.on_columns("encode", *notes, **more)


def of_ordinal(t: Transform) -> Iterator[Made]:
    """The place of a category among them."""
    policy = t.text("invalid_handling_strategy", "Replace with NaN")
    words = {"Keep": "slot", "Error": "error", "Replace with NaN": "null"}
    notes = [] if policy in words else ["rows with other values stay, as null"]
    word = words.get(policy, "null")
    yield t.on_columns("encode", *notes, with_="ordinal", unseen=word, missing=word)


def of_similarity(t: Transform) -> Iterator[Made]:
    """How similar a string is to others."""
    t.has("output_style")
    most = int(t.number("target_dimension", 30))
    yield t.on_columns("encode", "similarities to the most frequent categories; there hashes", with_="similarity", max_categories=most)


def of_statistics(t: Transform) -> Iterator[Made]:
    """Counts and shares of the characters of a text."""
    yield Made(
        "featurize", {"columns": t.column, "into": "{column}"}, frozenset([t.column]), frozenset(), ("more shares, under other names",)
    )


def of_words(t: Transform) -> Iterator[Made]:
    """Counts of words."""
    inner = t.block("tokenizer_custom_parameters" if t.text("tokenizer", "Standard") == "Custom" else "tokenizer_standard_parameters")
    if inner.text("pattern", "\\s+") != "\\s+" or not inner.flag("gaps", True):
        raise NotConverted("its words are found by a pattern of its own: replace it by blanks, and write `vectorize`")
    notes = ["words are runs of two or more letters, digits and _; there whatever stands between blanks", VECTOR]
    case: dict[str, Any] = {} if inner.flag("lowercase_before_tokenization", True) else {"lowercase": False}
    t.has("output_format"), t.has("apply_idf_no_parameters")
    into, idf = t.text("output_column", f"{t.column}_features"), t.text("apply_idf", "No") == "Yes"
    if t.text("vectorizer", "Count vectorizer").lower() == "hashing":
        if idf:
            raise NotConverted("it weighs hashes by how rare they are: write `vectorize` with `tfidf`, whose columns are words")
        size = int(t.block("vectorizer_hashing_parameters").number("number_of_features", 262_144))
        notes.append("other hashes, half of them counted as -1")
        yield column_step("vectorize", [t.column], into, notes, with_="hashing", n_features=size, norm="none", **case)
        return
    counts = t.block("vectorizer_count_vectorizer_parameters")
    if counts.flag("binarize_count") or counts.number("minimum_term_frequency", 1) != 1:
        raise NotConverted("it leaves out how often a word occurs in a text, which `vectorize` counts")
    least, most = counts.number("minimum_document_frequency", 1), counts.number("maximum_document_frequency", 1)
    given: dict[str, Any] = {"max_features": int(counts.number("maximum_vocabulary_size", 10_000)), "max_df": None if most == 1 else most}
    if idf:
        rare = t.block("apply_idf_yes_parameters").number("minimum_document_frequency", 1)
        given |= {"with_": "tfidf", "norm": "none"}
        least, notes = max(least, rare), [*notes, "weights are 1 larger"]
    yield column_step("vectorize", [t.column], into, notes, min_df=None if least == 1 else least, **given, **case)


OPERATORS: Operators = {
    ("handle_missing", "Fill missing"): of_fill,
    ("handle_missing", "Impute"): of_impute,
    ("handle_missing", "Add indicator for missing"): of_indicator,
    **{("handle_outliers", label): of_outliers for label in OUTLIERS},
    **{("handle_outliers", label): of_rare for label in ("Replace rare", "Replace rare values")},
    ("process_numeric", "Scale values"): of_scale,
    ("encode_categorical", "One-hot encode"): of_one_hot,
    ("encode_categorical", "Ordinal encode"): of_ordinal,
    ("encode_categorical", "Similarity encode"): of_similarity,
    ("featurize_text", "Character statistics"): of_statistics,
    ("featurize_text", "Vectorize"): of_words,
}
