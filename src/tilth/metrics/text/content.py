"""Columns that are computed of texts where they are asked for: `body@length_words`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot.expressions import Expression as Tree

from tilth.data import Kind, Roles, Schema
from tilth.data.roles import CONTENT
from tilth.engine.expressions import col
from tilth.errors import ColumnError, Gap, Mistake, unknown
from tilth.metrics.text.features import FEATURES, Feature

NEEDS_MORE: Mapping[str, str] = {
    "language": "a detector of languages",
    "language_confidence": "a detector of languages",
    "oov_share": "a list of frequent words",
    "sentiment": "a model or a lexicon",
    "toxicity": "a model or a lexicon",
    "topic": "embeddings",
}
"""Feature that Tilth does not compute → what it takes."""

OF_IMAGES = (
    *("width", "height", "megapixels", "aspect", "orientation", "brightness", "contrast", "saturation", "colourfulness", "sharpness"),
    *("noise", "entropy", "is_grey", "under_exposed", "over_exposed", "dominant_colour", "background", "skin_tone"),
)
"""Features of images, which are not computed yet."""


def content(names: Iterable[str], schema: Schema, roles: Roles) -> dict[str, Tree]:
    """Name → its expression, for those of some names that a table does not have and that name a feature of one of its columns.

    Errors: `ColumnError` for unknown features and columns that are not of strings, all at once, and where it is not clear which column is
    meant; `Gap` for features that are not there yet.
    """
    asked = {name: roles.content(name) for name in names if CONTENT in name and name not in schema}
    gaps = [gap for name, (column, feature) in asked.items() if (gap := _gap(name, column, feature, roles))]
    if gaps:
        raise Gap(*gaps, hint="compute it beforehand, and give it as a column")
    ColumnError.reject(mistake for name, (column, feature) in asked.items() for mistake in _wrong(name, column, feature, schema))
    return {name: FEATURES[feature].of(col(column)) for name, (column, feature) in asked.items()}


def _gap(name: str, column: str, feature: str, roles: Roles) -> str:
    """Why a feature cannot be computed yet; empty if that is not the reason."""
    if column in roles.image or feature in OF_IMAGES:
        return f"{name}: the content of images is not measured yet, only their folders, what their names say, and annotations"
    return f"{name}: {feature} takes {NEEDS_MORE[feature]}, which is not part of Tilth" if feature in NEEDS_MORE else ""


def _wrong(name: str, column: str, feature: str, schema: Schema) -> list[Mistake]:
    wrong = unknown([feature], FEATURES, f"{name}: a text has no feature {{}}", "unknown-feature")
    wrong += unknown([column], schema.names, f"{name}: there is no column {{}}", "unknown-column")
    if column in schema and schema[column].kind is not Kind.STRING:
        wrong.append(Mistake(f"{name}: column {column!r} is {schema[column]}", accepted="a column of texts", code="wrong-kind"))
    return wrong


def feature_of(name: str) -> Feature | None:
    """The feature that a computed column has; None for another column."""
    _, at, feature = name.rpartition(CONTENT)
    return FEATURES.get(feature) if at else None


def meaning(name: str) -> str:
    """What a computed column is, in words; empty for another column.

    >>> meaning("body@length_words"), meaning("@has_url"), meaning("age")
    ('words of body', 'whether the text has a web address: 1 or 0', '')
    """
    feature, column = feature_of(name), name.rpartition(CONTENT)[0]
    return feature.says.format(column or "the text") if feature else ""
