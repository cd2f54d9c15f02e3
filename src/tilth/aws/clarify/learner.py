"""`tilth.bias_variance` of a Clarify configuration: whether a learner underfits or overfits the data, and its part of `analysis.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tilth.data import Dataset, Roles
from tilth.engine.session import Session
from tilth.flow.parameters import model_of, written
from tilth.measures.bias import BiasRequest
from tilth.measures.bias_variance.measure import BiasVarianceOfLearner
from tilth.measures.bias_variance.payload import BiasVariance
from tilth.report import Finding
from tilth.validation import validated

KEY = ("tilth", "bias_variance")
SAME = ("loss", "replicates", "sampling", "mean_loss", "bias", "unbiased_variance", "biased_variance")


def learner_of(given: Mapping[str, Any]) -> BiasVarianceOfLearner:
    """The measure with the parameters that are given. Errors: `RequestError` with the key path of every mistake."""
    model = validated(model_of(BiasVarianceOfLearner), given, KEY)
    return BiasVarianceOfLearner(**{f.name: getattr(model, f.name) for f in written(BiasVarianceOfLearner)})


def learned(measure: BiasVarianceOfLearner, data: Dataset, request: BiasRequest, engine: Session) -> list[Finding]:
    """The findings of a learner of the label from the features that a configuration has."""
    facets = dict.fromkeys(f.column for f in request.facets)
    aside = [c for c in facets if c not in request.features]  # such as facets in a separate dataset
    table = data.keep((*request.features, *aside, request.label or ""))
    roles = Roles.of(label=request.label, positive=request.positive, facet=[*facets], id=aside)
    with engine.working_for(measure.name):
        return measure.measure(replace(table, roles=roles), table, engine)[0]


def bias_variance_json(found: Sequence[Finding[BiasVariance]]) -> dict[str, Any]:
    """The findings of all rows and of groups as the block `bias_variance` of the result file."""
    whole, *groups = found
    p = whole.payload
    made = _parts(p) | {"shares": {"bias": 1 - whole.value, "variance": whole.value}, "intervals": p.intervals}
    made |= {"learner": p.learner, "label": p.label, "train_rows": p.train_rows, "test_rows": p.test_rows}
    made |= {k: getattr(p, k) for k in ("train_loss", "unseen_loss", "naive_loss", "reference_loss", "noise")}
    made |= {"learning_curve": p.learning_curve, "law": p.law}
    made |= {"varied": p.varied, "validation_curve": p.validation_curve} if p.varied else {}
    made["by_facet"] = {f.group: _parts(f.payload) | {"rows": f.payload.test_rows} | _words(f) for f in groups}
    return made | _words(whole)


def _parts(p: BiasVariance) -> dict[str, Any]:
    made: dict[str, Any] = {k: getattr(p, k) for k in SAME} | {
        "variance": p.random if p.loss != "0-1" else p.unbiased_variance - p.biased_variance
    }
    if p.loss == "0-1":
        made["kohavi_wolpert"] = {"bias": p.systematic, "variance": p.random, "corrected_bias": p.corrected}
    return made


def _words(f: Finding[BiasVariance]) -> dict[str, Any]:
    return {"finding": f.message, "evidence": f.payload.evidence, "advice": f.payload.advice}
