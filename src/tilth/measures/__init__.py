"""Measures of a table, without verdicts. `MEASURES` is the shelf, in running order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.shelf import Shelf

if TYPE_CHECKING:
    from tilth.measures.measure import Measure

MEASURES: Shelf[type[Measure]] = Shelf(
    "measure",
    "measures",
    {
        "profile": "tilth.measures.profile:Profile",
        "balance": "tilth.measures.balance:Balance",
        "bias": "tilth.measures.bias.measure:Bias",
        "terms": "tilth.measures.bias.terms:Terms",
        "insights": "tilth.measures.insights.measure:Insights",
        "importance": "tilth.measures.importance:Importance",
        "bias_variance": "tilth.measures.bias_variance.measure:BiasVarianceOfLearner",
        "shap": "tilth.measures.explain.shap:Shap",
        "pdp": "tilth.measures.explain.pdp:Pdp",
        "asymmetric_shap": "tilth.measures.explain.forecasts:AsymmetricShap",
        "image_shap": "tilth.measures.explain.images.image_shap:ImageShap",
        "disclosure_risk": "tilth.measures.disclosure.measure:DisclosureRisk",
        "sensitive": "tilth.measures.sensitive.measure:Sensitive",
        "metrics": "tilth.measures.measure:NamedMetrics",
    },
)
