"""Orders the evidence by the requirements of a law, a supervisor or a standard, and tells what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tilth.aws.model_card.evidence import Evidence
from tilth.report.blocks import Section, Words, counted, table

ABSENT = "not part of this report"
NOTE = "This order is Tilth's reading of the text and not legal advice: people judge whether an item is enough, and which apply."
DATA = {"data and preparation": "training_details", "lineage": "lineage", "checks of the data": "rule", "the split": "split"}
PERFORMANCE = {"performance of predictions": "performance", "underfitting and overfitting": "bias_variance"}
EXPLAINED = {"what moves the predictions": "shap", "what the model relies on": "importance", "dependence on features": "pdp"}
RISK = {"risk rating": "intended_uses.risk_rating", "reasons for it": "intended_uses.explanations_for_risk_rating"}
PURPOSE = {"purpose": "intended_uses.purpose_of_model", "intended uses": "intended_uses.intended_uses"}
OWNER = {"owner": "model_overview.model_owner", "version": "model_overview.model_version"}
BIAS = {"bias": "bias"}
LIMITS = {
    "ethical considerations": "additional_information.ethical_considerations",
    "caveats": "additional_information.caveats_and_recommendations",
    "what affects the model": "intended_uses.factors_affecting_model_efficiency",
}
DECISION, MONITORING = {"the decision about the model": ""}, {"monitoring in use": ""}


@dataclass(frozen=True)
class Profile:
    """A text that requires evidence: its title, its version, and heading → the evidence for it.

    Evidence is a member of the card, a kind of finding, or `lineage`; an empty string means that no report of Tilth has it.
    """

    title: str
    state: str
    headings: Mapping[str, Mapping[str, str]]


PROFILES = {
    "eu-ai-act": Profile(
        "EU AI Act: technical documentation (Article 11 and Annex IV)",
        "Regulation (EU) 2024/1689, as of November 2026",
        {
            "1 General description": {"description": "model_overview.model_description", **OWNER, **PURPOSE},
            "2 Elements and development; data governance (Article 10)": {**DATA, **BIAS},
            "3 Monitoring, functioning and control (Articles 13 to 15)": {**PERFORMANCE, **EXPLAINED, **LIMITS, "human oversight": ""},
            "4 Appropriateness of the metrics": PERFORMANCE,
            "5 Risk management (Article 9)": {**RISK, **LIMITS},
            "6 Changes over the life cycle": {"changes since the last version": ""},
            "7 Standards applied": {"standards": ""},
            "8 Declaration of conformity": {"declaration": ""},
            "9 Post-market monitoring (Article 72)": MONITORING,
        },
    ),
    "sr-26-2": Profile(
        "US banking: model risk management (SR 26-2, OCC Bulletin 2026-13)",
        "April 2026",
        {
            "Inventory": {"name": "model_overview.model_name", **OWNER, **PURPOSE, **RISK},
            "Development evidence": {**DATA, "algorithm": "model_overview.algorithm_type"},
            "Independent validation": {**PERFORMANCE, **BIAS, **EXPLAINED, **DECISION},
            "Outcome analysis": PERFORMANCE,
            "Ongoing monitoring": MONITORING,
            "Change control": {"changes since the last version": ""},
        },
    ),
    "nist": Profile(
        "NIST AI Risk Management Framework",
        "version 1.0, January 2023",
        {
            "Govern": {**OWNER, **RISK, **DECISION},
            "Map": {**PURPOSE, "stakeholders": "business_details.business_stakeholders", **LIMITS},
            "Measure": {**DATA, **PERFORMANCE, **BIAS, **EXPLAINED},
            "Manage": {"decision": "", **MONITORING},
        },
    ),
}
"""The texts by the names that `--profile` takes."""


def by_headings(profile: Profile, said: Mapping[str, Any], evidence: Evidence) -> list[dict[str, Any]]:
    """For each heading the items that the report has, those that it lacks, and those that no such report has."""
    kinds = {"lineage", *(f.kind for f in evidence.whole.findings)}

    def there(key: str) -> bool:
        section, _, member = key.partition(".")
        return member in said.get(section, {}) if member else key in kinds or bool(said.get(key))

    return [
        {
            "heading": heading,
            "provided": [item for item, key in items.items() if key and there(key)],
            "not_provided": [item for item, key in items.items() if key and not there(key)],
            "elsewhere": [item for item, key in items.items() if not key],
        }
        for heading, items in profile.headings.items()
    ]


def section(profile: Profile, said: Mapping[str, Any], evidence: Evidence) -> Section:
    """The headings of a text, and what of each is in the report."""
    found = by_headings(profile, said, evidence)
    rows = [(of["heading"], *map(", ".join, (of["provided"], of["not_provided"], of["elsewhere"]))) for of in found]
    heads = ("heading", "in this report", "not provided", ABSENT)
    missing = sum(len(of["not_provided"]) for of in found)
    lead = f"{profile.state}. Not provided of what such a report can hold: {counted(missing, 'item') if missing else 'nothing'}."
    return Section("profile", profile.title, (Words(NOTE), table(profile.title, heads, rows)), lead=lead)
