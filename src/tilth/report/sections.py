"""The shelf of report sections: for each kind of finding its payload and its section, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from tilth.report.blocks import Section
from tilth.report.finding import Finding, Other, P, Payload
from tilth.shelf import Shelf


@dataclass(frozen=True)
class ReportSection(Generic[P]):
    """How findings of one kind are read from JSON and shown: the class of their payload, and the function that makes their section."""

    payload: type[P]
    section: Callable[[Sequence[Finding[P]]], Section | None]


SECTIONS: Shelf[ReportSection[Any]] = Shelf(
    "report section",
    "sections",
    {
        "rule": "tilth.rules.section:RULES",
        "what_if": "tilth.rules.what_if:WHAT_IF",
        "case": "tilth.rules.case_verdicts:CASES",
        "condition": "tilth.measures.conditions:CONDITIONS",
        "warning": "tilth.report.warnings:WARNINGS",
        "insight": "tilth.measures.insights.section:INSIGHT",
        "insights": "tilth.measures.insights.measure:INSIGHTS",
        "power": "tilth.measures.insights.power:POWER",
        "model": "tilth.measures.insights.quick_model:MODEL",
        "sensitive": "tilth.measures.sensitive.section:SENSITIVE",
        "scan": "tilth.measures.sensitive.section:SCAN",
        "bias": "tilth.measures.bias.section:BIAS",
        "strata": "tilth.measures.bias.strata:STRATA",
        "term": "tilth.measures.bias.terms_section:TERMS",
        "difference": "tilth.aws.clarify.comparison:DIFFERENCES",
        "bias_counts": "tilth.measures.bias.counts:COUNTS",
        "performance": "tilth.measures.bias.performance:PERFORMANCE",
        "disclosure": "tilth.measures.disclosure.payload:DISCLOSURE",
        "balance": "tilth.measures.balance:BALANCE",
        "column": "tilth.measures.profile_section:COLUMNS",
        "table": "tilth.measures.table_profile:TABLE",
        "repeated": "tilth.measures.insights.repeated:REPEATED",
        "anomaly": "tilth.measures.insights.anomalies:ANOMALY",
        "feature": "tilth.measures.associations:FEATURE",
        "associations": "tilth.measures.associations:ASSOCIATIONS",
        "collinearity": "tilth.measures.insights.collinearity:COLLINEARITY",
        "trend": "tilth.measures.trend:TREND",
        "step": "tilth.flow.step_changes:STEPS",
        "split": "tilth.flow.split_checks:SPLIT_SECTION",
        "shards": "tilth.flow.shard_mixing:SHARDS",
        "importance": "tilth.measures.importance:IMPORTANCE",
        "bias_variance": "tilth.measures.bias_variance.section:BIAS_VARIANCE",
        "shap": "tilth.measures.explain.section:SHAP",
        "shap_unit": "tilth.measures.explain.section:UNITS",
        "shap_text": "tilth.measures.explain.section:TEXTS",
        "image_shap": "tilth.measures.explain.images.findings:IMAGES",
        "pdp": "tilth.measures.explain.pdp:PDP",
        "shap_values": "tilth.measures.explain.local:LOCAL",
        "asymmetric_shap": "tilth.measures.explain.forecast_findings:FORECASTS",
        "asymmetric_shap_values": "tilth.measures.explain.forecast_findings:ITEMS",
        "change": "tilth.measures.changes:CHANGES",
        "metric": "tilth.report.numbers:NUMBERS",
        "analyzer": "tilth.rules.section:ANALYZERS",
        "observation": "tilth.rules.observations:OBSERVATIONS",
    },
)
"""In order of importance to the reader. Sections of other packages come last; kinds without a section are shown as plain numbers."""


def sections_of(findings: Sequence[Finding]) -> list[Section]:
    """The sections of findings, in the order of the shelf. Only entries of present kinds are imported."""
    by_kind: dict[str, list[Finding]] = {}
    for f in findings:
        by_kind.setdefault(f.kind if f.kind in SECTIONS else Payload.KIND, []).append(f)
    return [section for kind in SECTIONS if kind in by_kind and (section := SECTIONS[kind].section(by_kind[kind])) is not None]


def payload_from_json(kind: str, details: Mapping[str, Any]) -> Payload:
    """The payload of a kind. If it is not on the shelf, the payload is kept as read."""
    return SECTIONS[kind].payload.from_json(details) if kind in SECTIONS else Other(kind, details)
