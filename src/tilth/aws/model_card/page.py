"""The governance report: a model card for people, with the evidence that it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tilth.aws.model_card.evidence import Evidence
from tilth.aws.model_card.lineage import lineage, lineage_json
from tilth.aws.model_card.profiles import PROFILES, by_headings, section
from tilth.aws.model_card.schema import AdditionalInformation, BusinessDetails, IntendedUses, ModelCard, Overview, TrainingDetails
from tilth.errors import joined
from tilth.measures.bias.payload import BiasNumber
from tilth.report.blocks import Cell, Page, Section, Words, code, counted, exact, table
from tilth.report.charts import number
from tilth.report.finding import Finding
from tilth.report.page import note_of, page

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


def governance_json(card: ModelCard, evidence: Evidence, profile: str | None = None) -> str:
    """What `governance_page` shows, for programs: the card, what it lacks, the gap before and after, all findings, and the files."""
    said = card.model_dump(mode="json", exclude_none=True)
    findings = evidence.whole.to_dict()["findings"]
    content = {
        "format": 1,
        "title": _title(said, evidence),
        "model_card": said,
        "not_provided": [f"{key}.{name}" for _, key, model in SAID for name in model.model_fields if name not in said.get(key, {})],
        "lineage": lineage_json(evidence),
        "before_after": [
            {"part": part, "group": group, "labels": gap.labels, "predicted_labels": gap.predicted, "wider": gap.wider, "sure": gap.sure}
            for (part, group), gap in _gaps(evidence).items()
        ],
        **({"profile": {"name": profile, "headings": by_headings(PROFILES[profile], said, evidence)}} if profile else {}),
        "open": [f["name"] for f in findings if f["outcome"] in ("Failed", "Error")],
        "findings": findings,
        "approval": dict.fromkeys(SIGNED),
        "evidence": [vars(f) for f in evidence.files],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _title(said: Mapping[str, Any], evidence: Evidence) -> str:
    name = evidence.flow.name if evidence.flow is not None else evidence.first.title
    return f"Governance report: {said.get('model_overview', {}).get('model_name', name)}"


def governance_page(card: ModelCard, evidence: Evidence, profile: str | None = None) -> Page:
    """The content of the card, the findings of all reports, missing members, and the files of the evidence."""
    said = card.model_dump(mode="json", exclude_none=True)
    laid_out = page(evidence.whole)
    found = (s for s in laid_out.sections if s.key != "plan")  # the queries are in the report of the run
    ordered = [section(PROFILES[profile], said, evidence)] if profile else []
    sections = (*ordered, *_first(said), lineage(evidence), *_fairness(evidence), *found, *_last(said, evidence))
    run, *others = evidence.reports
    more = f"Numbers for {joined(map(code, others))} come from further reports." if others else ""
    note = f"{note_of(evidence.reports[run])} {more}".strip()
    return replace(laid_out, title=_title(said, evidence), note=note, sections=sections, unfolded=frozenset(s.key for s in sections))


def _first(said: Mapping[str, Any]) -> Iterator[Section]:
    """Who made the model, what for, and how."""
    for title, member, model in SAID[:-1]:
        yield _said(title, member, said.get(member, {}), list(model.model_fields))


def _said(title: str, key: str, given: Mapping[str, Any], fields: list[str]) -> Section:
    """The members of a section; members without a value are shown as not provided."""
    rows = [(field.replace("_", " "), _words(given[field]) if field in given else Cell(MISSING, "unknown")) for field in fields]
    missing = sum(field not in given for field in fields)
    lead = f"{counted(missing, 'item')} not provided." if missing else "All items are provided."
    return Section(key, title, (table(title, ("item", "what the card says"), rows),), lead=lead)


def _words(value: Any) -> str:
    """A value of a card in one cell."""
    match value:
        case Mapping():
            return "; ".join(_words(v) if isinstance(v, Mapping) else f"{k.replace('_', ' ')}: {_words(v)}" for k, v in value.items())
        case list():
            return ", ".join(map(_words, value))
    return str(value)


def _fairness(evidence: Evidence) -> Iterator[Section]:
    """Labels and predicted labels side by side: whether the model widens or narrows the gap."""
    if not (both := _gaps(evidence)):
        return
    rows = [(code(group), code(part) if part else "", exact(of.labels), exact(of.predicted), of.cell) for (part, group), of in both.items()]
    heads = ("group", "data", "labels (DPL)", "predicted labels (DPPL)", "the gap")
    more, less = (sum(of.sure and of.wider is wide for of in both.values()) for wide in (True, False))
    lead = f"Of {counted(len(both), 'gap')}, {more} are wider in the predictions and {less} narrower; the others may be as wide."
    yield Section(
        "before_after",
        "Bias before and after training",
        (table("The share of favourable outcomes of the others, less that of the group", heads, rows, heads[2:4]),),
        lead=lead,
    )


@dataclass(frozen=True)
class _Gap:
    """The difference of a group in labels, and in predictions; `sure` that these differ: each is outside the interval of the other."""

    labels: float
    predicted: float
    sure: bool

    @classmethod
    def of(cls, dpl: Finding[BiasNumber], dppl: Finding[BiasNumber]) -> _Gap:
        held = [low <= other.value <= high for f, other in ((dpl, dppl), (dppl, dpl)) for low, high in [(f.low, f.high)] if low is not None]
        return cls(dpl.value, dppl.value, bool(held) and not any(held))

    @property
    def wider(self) -> bool:
        return abs(self.predicted) > abs(self.labels)

    @property
    def cell(self) -> Cell:
        points = f"{abs(abs(self.predicted) - abs(self.labels)) * 100:.1f} percentage points {'wider' if self.wider else 'narrower'}"
        return Cell(points if self.sure else f"{points} (perhaps by chance)", "bad" if self.wider and self.sure else "")


def _gaps(evidence: Evidence) -> dict[tuple[str, str], _Gap]:
    """Part and group → the gap, where labels and predictions were measured; of two groups that are compared with each other one."""
    found: dict[tuple[str, str], dict[str, Finding[BiasNumber]]] = {}
    seen = set[tuple[str, str, str]]()
    for f in evidence.whole.of(BiasNumber):
        asked = f.name in BEFORE_AFTER and not f.payload.block and isinstance(f.value, int | float)
        if asked and (f.part, f.payload.facet, f.payload.facet_value) not in seen:
            found.setdefault((f.part, f.group), {})[f.name] = f
            seen.add((f.part, f.payload.facet, f.payload.other or ""))
    return {key: _Gap.of(of["DPL"], of["DPPL"]) for key, of in found.items() if len(of) == len(BEFORE_AFTER)}


def _last(said: Mapping[str, Any], evidence: Evidence) -> Iterator[Section]:
    """Limits, the decision, and the files."""
    title, key, model = SAID[-1]
    yield _said(title, key, said.get(key, {}), list(model.model_fields))
    words = Words("To be filled in by whoever decides about the model; this report does not decide.")
    yield Section("approval", "Approval", (words, table("Approval", ("item", "entry"), [(item, MISSING) for item in SIGNED])))
    rows = [(code(f.name), number(f.bytes), code(f.sha256)) for f in evidence.files]
    lead = "Files that this report was made of. A file with another hash is another file."
    yield Section("evidence", "Evidence", (table("Evidence", ("file", "bytes", "SHA-256"), rows, ["bytes"]),), lead=lead)
