"""Facets computed from texts and images; they are extracted once, before anything is counted."""

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
from tilth.metrics.content import compared, content, feature_of, is_of_image
from tilth.metrics.images import features as images
from tilth.metrics.images.shown import MODEL
from tilth.metrics.metric import measured
from tilth.report import Finding, warning
from tilth.report.blocks import counted


def with_content(data: Dataset, request: BiasRequest, engine: Session, whole: bool = False) -> tuple[Dataset, BiasRequest]:
    """The table with the columns that a request computes from texts and images, and the request with the fixed groups of these features.

    One scan stores the columns that the request reads (with `whole`, all columns), so that each text and image is read once. Errors: as
    for `content`.
    """
    request = replace(request, folder=request.folder or images.folder_of(data))
    asked = (*request.columns, *request.strata, *(request.features if "FT" in request.metrics else ()))
    made = content(asked, engine.schema(data), data.roles, images.folder_of(data))
    if not made:
        return data, request
    made = compared(made, data, engine)
    wanted = {*data.names, *made} if whole or EVERY in request.strata else {*asked}
    pictured = [name for name in made if is_of_image(computed(name)[1])]
    with engine.working_for(f"features of {'images' if pictured else 'texts'}"):
        held = engine.checkpoint(data.change(made).keep(wanted))
    thresholds: dict[str, Reading] = {f.column: "continuous" for f in request.facets if f.column in made and _is_threshold(f)}
    return held, replace(request, facets=tuple(map(_grouped, request.facets)), types={**thresholds, **request.types})


def broken_images(data: Dataset, request: BiasRequest, engine: Session) -> list[Finding]:
    """The warning that images could not be read, found by nulls of a feature that every readable image has, if the request has one."""
    known = [c for c in request.columns if c in data.names and CONTENT in c and (computed(c)[1] in images.OF_ALL or c.endswith(MODEL))]
    known = [c for c in known if is_of_image(computed(c)[1])]
    if not known:
        return []
    need = count(is_null(col(known[0])))
    if not (broken := measured(data, [need], engine)[need]):
        return []
    message = f"{counted(broken, 'image')} cannot be read, or not named, and have no {known[0]}: their rows are left out"
    return [warning("BROKEN_IMAGES", message, (known[0],), "bias")]


def _is_threshold(facet: Facet) -> bool:
    """Whether the facet has one number as the threshold of a numeric feature."""
    feature = feature_of(facet.column)
    one = len(facet.values) == 1 and isinstance(facet.values[0], int | float)
    return one and feature is not None and feature.kind.numeric and not feature.flag


def _grouped(facet: Facet) -> Facet:
    """The facet with the predefined groups of its feature."""
    feature = feature_of(facet.column)
    if feature is None or not feature.bounds or facet.bands or facet.values:
        return facet
    edges = (-math.inf, *feature.bounds, math.inf)
    return replace(facet, bands=tuple(Interval(low, high, True, high == math.inf) for low, high in pairwise(edges)))
