"""The governance report: a model card for people, with the evidence that it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tilth.aws.model_card.evidence import Evidence
from tilth.aws.model_card.schema import AdditionalInformation, BusinessDetails, IntendedUses, ModelCard, Overview, TrainingDetails
from tilth.measures.bias.payload import BiasNumber
from tilth.report.blocks import Cell, Page, Section, Words, code, counted, exact, table
from tilth.report.charts import number
from tilth.report.page import page

MISSING = "not provided"
BEFORE_AFTER = {"DPL": "labels", "DPPL": "predicted labels"}
SAID = (
    ("Model", "model_overview", Overview),
    ("Intended uses", "intended_uses", IntendedUses),
    ("Business", "business_details", BusinessDetails),
    ("Training", "training_details", TrainingDetails),
    ("Limits and considerations", "additional_information", AdditionalInformation),
)
SIGNED = ("reviewed by", "date", "decision", "reasons", "signature")


def governance_json(card: ModelCard, evidence: Evidence) -> str:
    """What `governance_page` shows, for programs: the card, what it lacks, the gap before and after, all findings, and the files."""
    said = card.model_dump(mode="json", exclude_none=True)
    findings = evidence.whole.to_dict()["findings"]
    content = {
        "format": 1,
        "title": _title(said, evidence),
        "model_card": said,
        "not_provided": [f"{key}.{name}" for _, key, model in SAID for name in model.model_fields if name not in said.get(key, {})],
        "before_after": [
            {"part": part, "group": group, "labels": of["DPL"], "predicted_labels": of["DPPL"], "wider": abs(of["DPPL"]) > abs(of["DPL"])}
            for (part, group), of in _gaps(evidence).items()
        ],
        "open": [f["name"] for f in findings if f["outcome"] in ("Failed", "Error")],
        "findings": findings,
        "approval": dict.fromkeys(SIGNED),
        "evidence": [vars(f) for f in evidence.files],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _title(said: Mapping[str, Any], evidence: Evidence) -> str:
    return f"Governance report: {said.get('model_overview', {}).get('model_name', evidence.flow.name)}"


def governance_page(card: ModelCard, evidence: Evidence) -> Page:
    """What the card says, the findings of all reports, what is left open, and the files that prove it."""
    said = card.model_dump(mode="json", exclude_none=True)
    laid_out = page(evidence.whole)
    found = (s for s in laid_out.sections if s.key != "plan")  # the queries are in the report of the run
    sections = (*_first(said), *_fairness(evidence), *found, *_last(said, evidence))
    return replace(laid_out, title=_title(said, evidence), sections=sections, unfolded=frozenset(s.key for s in sections))


def _first(said: Mapping[str, Any]) -> Iterator[Section]:
    """Who made the model, what for, and how."""
    for title, member, model in SAID[:-1]:
        yield _said(title, member, said.get(member, {}), list(model.model_fields))


def _said(title: str, key: str, given: Mapping[str, Any], fields: list[str]) -> Section:
    """The members of a section; those without a value are not provided, which is said."""
    rows = [(field.replace("_", " "), _words(given[field]) if field in given else Cell(MISSING, "unknown")) for field in fields]
    missing = sum(field not in given for field in fields)
    lead = f"{counted(missing, 'item')} not provided." if missing else "All items are provided."
    return Section(key, title, (table(title, ("item", "what the card says"), rows),), lead=lead)


def _words(value: Any) -> str:
    """A value of a card in one cell."""
    match value:
        case Mapping():
            return "; ".join(f"{k.replace('_', ' ')}: {_words(v)}" for k, v in value.items())
        case list():
            return ", ".join(map(_words, value))
    return str(value)


def _fairness(evidence: Evidence) -> Iterator[Section]:
    """Labels and predicted labels side by side: whether the model widens or narrows the gap."""
    if not (both := _gaps(evidence)):
        return
    rows = [(code(group), code(part) if part else "", exact(of["DPL"]), exact(of["DPPL"]), _gap(of)) for (part, group), of in both.items()]
    heads = ("group", "data", "labels (DPL)", "predicted labels (DPPL)", "the gap")
    lead = f"{counted(sum(abs(of['DPPL']) > abs(of['DPL']) for of in both.values()), 'gap')} of {len(both)} wider in the predictions."
    yield Section(
        "before_after",
        "Bias before and after training",
        (table("The share of favourable outcomes of the others, less that of the group", heads, rows, heads[2:4]),),
        lead=lead,
    )


def _gaps(evidence: Evidence) -> dict[tuple[str, str], dict[str, float]]:
    """Part and group → DPL and DPPL, where both were measured."""
    gaps: dict[tuple[str, str], dict[str, float]] = {}
    for f in evidence.whole.of(BiasNumber):
        if f.name in BEFORE_AFTER and not f.payload.block and isinstance(f.value, int | float):
            gaps.setdefault((f.part, f.group), {})[f.name] = f.value
    return {key: of for key, of in gaps.items() if len(of) == len(BEFORE_AFTER)}


def _gap(of: Mapping[str, float]) -> Cell:
    change = abs(of["DPPL"]) - abs(of["DPL"])
    points = f"{abs(change) * 100:.1f} percentage points"
    return Cell("as wide" if not change else f"{points} wider" if change > 0 else f"{points} narrower", "bad" if change > 0 else "")


def _last(said: Mapping[str, Any], evidence: Evidence) -> Iterator[Section]:
    """Limits, the decision, and the files."""
    title, key, model = SAID[-1]
    yield _said(title, key, said.get(key, {}), list(model.model_fields))
    words = Words("To be filled in by whoever decides about the model; this report does not decide.")
    yield Section("approval", "Approval", (words, table("Approval", ("item", "entry"), [(item, MISSING) for item in SIGNED])))
    rows = [(code(f.name), number(f.bytes), code(f.sha256)) for f in evidence.files]
    lead = "Files that this report was made of. A file with another hash is another file."
    yield Section("evidence", "Evidence", (table("Evidence", ("file", "bytes", "SHA-256"), rows, ["bytes"]),), lead=lead)
