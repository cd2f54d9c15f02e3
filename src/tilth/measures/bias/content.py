"""Facets that are computed of texts and images: extracted once, before anything is counted."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from tilth.data import Dataset
from tilth.data.roles import CONTENT, computed
from tilth.engine.expressions import col, is_null
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.measures.bias.axis import Reading
from tilth.measures.bias.request import EVERY, BiasRequest, Facet
from tilth.measures.bias.values import Interval
from tilth.metrics.content import content, feature_of
from tilth.metrics.images import features as images
from tilth.metrics.metric import measured
from tilth.report import Finding, warning
from tilth.report.blocks import counted


def with_content(data: Dataset, request: BiasRequest, engine: Session, whole: bool = False) -> tuple[Dataset, BiasRequest]:
    """A table with the columns that a request has computed of texts and images, and the request with their groups, where these are fixed.

    What the request reads is held, in one scan, so that each text and image is read once; of a `whole` table all columns. Errors: as for
    `content`.
    """
    asked = (*request.columns, *request.strata, *request.features)
    made = content(asked, engine.schema(data), data.roles, images.folder_of(data))
    if not made:
        return data, request
    wanted = {*data.names, *made} if whole or EVERY in request.strata else {*asked}
    pictured = [name for name in made if computed(name)[1] in images.FEATURES]
    with engine.working_for(f"features of {'images' if pictured else 'texts'}"):
        held = engine.checkpoint(data.change(made).keep(wanted))
    thresholds: dict[str, Reading] = {f.column: "continuous" for f in request.facets if f.column in made and _is_threshold(f)}
    return held, replace(request, facets=tuple(map(_grouped, request.facets)), types={**thresholds, **request.types})


def broken_images(data: Dataset, request: BiasRequest, engine: Session) -> list[Finding]:
    """The warning that images could not be read, by a feature that every image has, where the request has one."""
    known = [c for c in request.columns if c in data.names and CONTENT in c and computed(c)[1] in images.OF_ALL]
    if not known:
        return []
    need = count(is_null(col(known[0])))
    if not (broken := measured(data, [need], engine)[need]):
        return []
    message = f"{counted(broken, 'image')} cannot be read, or not named, and have no {known[0]}: their rows are left out"
    return [warning("BROKEN_IMAGES", message, (known[0],), "bias")]


def _is_threshold(facet: Facet) -> bool:
    """Whether one number says above which value of its feature rows are d."""
    feature = feature_of(facet.column)
    one = len(facet.values) == 1 and isinstance(facet.values[0], int | float)
    return one and feature is not None and feature.kind.numeric and not feature.flag


def _grouped(facet: Facet) -> Facet:
    """A facet with the groups of its feature."""
    feature = feature_of(facet.column)
    if feature is None or not feature.bounds or facet.bands or facet.values:
        return facet
    edges = (-math.inf, *feature.bounds, math.inf)
    return replace(facet, bands=tuple(Interval(low, high, True, high == math.inf) for low, high in pairwise(edges)))
