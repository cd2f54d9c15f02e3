"""Facets that are computed of texts: extracted once, before anything is counted."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.measures.bias.axis import Reading
from tilth.measures.bias.request import EVERY, BiasRequest, Facet
from tilth.measures.bias.values import Interval
from tilth.metrics.text.content import content, feature_of


def with_content(data: Dataset, request: BiasRequest, engine: Session, whole: bool = False) -> tuple[Dataset, BiasRequest]:
    """A table with the columns that a request has computed of texts, and the request with their groups, where these are fixed.

    What the request reads is held, in one scan, so that texts are read once; of a `whole` table all columns. Errors: as for `content`.
    """
    asked = (*request.columns, *request.strata, *request.features)
    made = content(asked, engine.schema(data), data.roles)
    if not made:
        return data, request
    wanted = {*data.names, *made} if whole or EVERY in request.strata else {*asked}
    with engine.working_for("features of texts"):
        held = engine.checkpoint(data.change(made).keep(wanted))
    thresholds: dict[str, Reading] = {f.column: "continuous" for f in request.facets if f.column in made and _is_threshold(f)}
    return held, replace(request, facets=tuple(map(_grouped, request.facets)), types={**thresholds, **request.types})


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
