"""Columns that are computed of texts where they are asked for: `body@length_words`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot.expressions import Expression as Tree

from tilth.data import Kind, Roles, Schema
from tilth.data.roles import CONTENT, computed
from tilth.engine.expressions import col
from tilth.engine.python_operation import PythonFunction
from tilth.errors import ColumnError, Gap, Mistake, listed, unknown
from tilth.metrics.text.brought import BROUGHT
from tilth.metrics.text.features import FEATURES, Feature

OF_IMAGES = (
    *("width", "height", "megapixels", "aspect", "orientation", "brightness", "contrast", "saturation", "colourfulness", "sharpness"),
    *("noise", "entropy", "is_grey", "under_exposed", "over_exposed", "dominant_colour", "background", "skin_tone"),
)
"""Features of images, which are not computed yet."""


def content(names: Iterable[str], schema: Schema, roles: Roles) -> dict[str, Tree]:
    """Name → its expression, for those of some names that a table does not have and that name a feature of one of its columns.

    A feature that takes a file is given with it: `body@oov_share:words.txt`. Errors: `ColumnError` for unknown features and columns that
    are not of strings, all at once, and where it is not clear which column is meant; `RequestError` for files that are not of that kind,
    `MissingExtra`; `Gap` for features that are not there yet.
    """
    asked = {name: roles.content(name) for name in names if CONTENT in name and name not in schema}
    gaps = [gap for name, (column, feature) in asked.items() if (gap := _gap(name, column, feature, roles))]
    if gaps:
        raise Gap(*gaps, hint="compute it beforehand, and give it as a column")
    ColumnError.reject(mistake for name, (column, feature) in asked.items() for mistake in _wrong(name, column, feature, schema))
    return {name: _named(feature).of(col(column)) for name, (column, feature) in asked.items()}


def _gap(name: str, column: str, feature: str, roles: Roles) -> str:
    """Why a feature cannot be computed yet; empty if that is not the reason."""
    if column in roles.image or feature in OF_IMAGES:
        return f"{name}: the content of images is not measured yet, only their folders, what their names say, and annotations"
    return ""


def _wrong(name: str, column: str, feature: str, schema: Schema) -> list[Mistake]:
    word, _, file = feature.partition(":")
    wrong = unknown([word], (*FEATURES, *BROUGHT), f"{name}: a text has no feature {{}}", "unknown-feature")
    if word in BROUGHT and not file:
        hint = f"name the file after a colon: {name}:{'words.txt' if word == 'oov_share' else 'model.onnx'}"
        wrong.append(Mistake(f"{name}: {word} takes a file of yours", hint=hint, code="no-file"))
    if word in FEATURES and file:
        wrong.append(Mistake(f"{name}: {word} takes no file", accepted=f"with a file {listed(BROUGHT)}", code="bad-value"))
    wrong += unknown([column], schema.names, f"{name}: there is no column {{}}", "unknown-column")
    if column in schema and schema[column].kind is not Kind.STRING:
        wrong.append(Mistake(f"{name}: column {column!r} is {schema[column]}", accepted="a column of texts", code="wrong-kind"))
    return wrong


def feature_of(name: str) -> Feature | None:
    """The feature that a computed column has; None for another column."""
    feature = computed(name)[1]
    return _named(feature) if CONTENT in name and feature.partition(":")[0] in (FEATURES.keys() | BROUGHT.keys()) else None


def _named(feature: str) -> Feature:
    """A feature by its name, with its file where it takes one, which is read when the feature is asked for."""
    word, _, file = feature.partition(":")
    if word in FEATURES:
        return FEATURES[word]
    kind, says, of_file = BROUGHT[word]
    return Feature(kind, says, lambda x: PythonFunction(of_file(file), (Kind.STRING,), kind, word).of(x))


def meaning(name: str) -> str:
    """What a computed column is, in words; empty for another column.

    >>> meaning("body@length_words"), meaning("@has_url"), meaning("age")
    ('words of body', 'whether the text has a web address: 1 or 0', '')
    """
    feature = feature_of(name)
    return feature.says.format(computed(name)[0] or "the text") if feature else ""
