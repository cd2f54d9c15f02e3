"""Columns computed from texts and images on request, such as `body@length_words`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.data.roles import CONTENT, computed
from tilth.engine.expressions import col
from tilth.engine.operations.lookups import lookup
from tilth.engine.python_operation import PythonFunction
from tilth.engine.session import Session
from tilth.errors import ColumnError, MissingExtra, Mistake, listed, unknown
from tilth.metrics.images import features as images
from tilth.metrics.images.hashes import Distinct, clusters
from tilth.metrics.images.shown import MODEL, SHOWN, OfAnnotations, OfDetector
from tilth.metrics.images.skin import BOX, LIGHT, TONES, OfRegions
from tilth.metrics.text.brought import BROUGHT
from tilth.metrics.text.corpus import CORPUS
from tilth.metrics.text.features import FEATURES, Feature

ALSO = {"upper_share": "capitals_share"}
"""Names of facets → the feature. In the step `featurize`, `upper_share` is the share of A–Z among all characters."""
OF_IMAGES = images.FEATURES.keys() | TONES.keys() | SHOWN.keys()


def content(names: Iterable[str], schema: Schema, roles: Roles, folder: str = "") -> dict[str, Tree]:
    """Name → its expression, for names that are not columns of the table but features of one, such as `body@length_words`.

    A feature that takes a file has it in its name, `body@oov_share:words.txt`; one of objects in images has the member with their boxes,
    `source-ref@skin_tone:people`. Paths of images are relative to `folder`. Errors:
    `ColumnError` for unknown features, for columns that are not strings, all at once, and for an ambiguous column; `RequestError` for unfit
    files; `MissingExtra`.
    """
    asked = {name: roles.content(name) for name in names if CONTENT in name and name not in schema}
    ColumnError.reject(mistake for name, (column, feature) in asked.items() for mistake in _wrong(name, column, feature, schema, roles))
    if any(is_of_image(feature) for _, feature in asked.values()) and not all(map(find_spec, ("PIL", "skimage"))):
        raise MissingExtra.named("images", "the content of images")
    return {name: _named(feature, folder).of(col(column)) for name, (column, feature) in asked.items()}


def compared(made: Mapping[str, Tree], data: Dataset, engine: Session) -> dict[str, Tree]:
    """The expressions of `content` for a table, with those of features that compare its rows: clusters of images, and `CORPUS`."""
    found = dict(made)
    for name in made:
        column, feature = data.roles.content(name)
        if feature in CORPUS:
            found[name] = CORPUS[feature][-1](engine.schema(data)[column], data, engine)
        if feature == images.CLUSTER:
            table = data.change({name: made[name]}).keep([name])
            hashes = engine.answer(table, [need := Distinct((name,))])[need]
            of = clusters(hashes)
            found[name] = lookup(made[name].copy(), list(of), list(of.values())) if of else made[name]
    return found


def _wrong(name: str, column: str, feature: str, schema: Schema, roles: Roles) -> list[Mistake]:
    word, _, file = feature.partition(":")
    image = column in roles.image or (column not in roles.text and is_of_image(feature))
    known = (*images.FEATURES, *TONES, *SHOWN) if image else (*FEATURES, *{**CORPUS, **BROUGHT})
    wrong = unknown([word], known, f"{name}: {'an image' if image else 'a text'} has no feature {{}}", "unknown-feature")
    if word in BROUGHT and not file and word not in CORPUS:
        hint = f"name the file after a colon: {name}:{'words.txt' if word == 'oov_share' else 'model.onnx'}"
        wrong.append(Mistake(f"{name}: {word} takes a file of yours", hint=hint, code="no-file"))
    if word in TONES:
        there = [n for n in BOX if f"{file}.{n}" in schema]
        if len(there) < len(BOX):
            hint = "read an augmented manifest with a row for each object, objects='people', and name that member after a colon"
            message, accepted = f"{name}: {word} takes people who are marked in images", f"{name.partition(':')[0]}:people"
            wrong.append(Mistake(message, accepted=accepted, hint=hint, code="no-objects"))
    elif word in SHOWN:
        if not file.endswith(MODEL) and not {file, f"{file}-metadata"} <= {*schema.names}:
            message = f"{name}: {word} takes annotations or a detector of yours"
            head = name.partition(":")[0]
            accepted = f"{head}:boxes, for a member of an augmented manifest with its metadata, or {head}:model{MODEL}"
            wrong.append(Mistake(message, accepted=accepted, code="no-objects"))
    elif word not in BROUGHT and file:
        wrong.append(Mistake(f"{name}: {word} takes no file", accepted=f"with a file {listed(BROUGHT)}", code="bad-value"))
    wrong += unknown([column], schema.names, f"{name}: there is no column {{}}", "unknown-column")
    if column in schema and schema[column].kind is not Kind.STRING:
        accepted = "a column of paths of images" if image else "a column of texts"
        wrong.append(Mistake(f"{name}: column {column!r} is {schema[column]}", accepted=accepted, code="wrong-kind"))
    return wrong


def is_of_image(feature: str) -> bool:
    """Whether a feature, with what it takes, is one of images."""
    return feature.partition(":")[0] in OF_IMAGES


def feature_of(name: str) -> Feature | None:
    """The feature of a computed column; None for another column."""
    feature = computed(name)[1]
    known = FEATURES.keys() | CORPUS.keys() | BROUGHT.keys() | OF_IMAGES
    return _named(feature) if CONTENT in name and feature.partition(":")[0] in known else None


def _named(feature: str, folder: str = "") -> Feature:
    """A feature by its name, with its file if it takes one; the file is read when the expression is made."""
    word, _, file = feature.partition(":")
    if (known := ALSO.get(word, word)) in FEATURES:
        return FEATURES[known]
    if feature in CORPUS:
        kind, says, flag, _ = CORPUS[word]
        return Feature(kind, says, lambda x: x, flag)
    if word in images.FEATURES:
        kind, says, flag = images.FEATURES[word]
        return Feature(kind, says, PythonFunction(images.OfImages(word, folder), (Kind.STRING,), kind, word).of, flag)
    if word in TONES:
        tone, said = TONES[word]
        kinds = (Kind.STRING, Kind.STRING, *(Kind.FLOAT for _ in BOX[1:]))
        of_regions = PythonFunction(OfRegions(word, folder), kinds, tone, word)
        return Feature(tone, f"{said}{LIGHT}", lambda x: of_regions.of(x, *(col(f"{file}.{n}") for n in BOX)))
    if word in SHOWN:
        kind, says = SHOWN[word]
        if file.endswith(MODEL):
            return Feature(kind, says, lambda x: PythonFunction(OfDetector.of(word, file, folder), (Kind.STRING,), kind, word).of(x))
        marked = PythonFunction(OfAnnotations(word), (Kind.STRING, Kind.STRING), kind, word)
        return Feature(kind, says, lambda _: marked.of(col(file), col(f"{file}-metadata")))
    kind, says, of_file = BROUGHT[word]
    return Feature(kind, says, lambda x: PythonFunction(of_file(file), (Kind.STRING,), kind, word).of(x))


def meaning(name: str) -> str:
    """The meaning of a computed column, in words; empty for another column.

    >>> meaning("body@length_words"), meaning("@has_url"), meaning("age")
    ('words of body', 'whether the text has a web address: 1 or 0', '')
    """
    (column, feature), found = computed(name), feature_of(name)
    return found.says.format(column or f"the {'image' if is_of_image(feature) else 'text'}") if found else ""
