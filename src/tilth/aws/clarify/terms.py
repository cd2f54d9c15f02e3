"""How terms of texts are related to the label: the block that Tilth adds to Clarify's result file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilth.measures.bias.terms import Term
from tilth.report import Finding


def terms_json(found: Sequence[Finding[Term]]) -> dict[str, Any]:
    """The findings of the measure `terms` as the block `terms`: for each column of texts its identity terms, and its words."""
    made: dict[str, Any] = {}
    for f in found:
        of = made.setdefault(f.subject[0], {"label_value": f.payload.outcome, "identity_terms": [], "words": []})
        of["words" if f.payload.lift is None else "identity_terms"].append(_term(f))
    return made


def _term(f: Finding[Term]) -> dict[str, Any]:
    p = f.payload
    counts = {"documents": p.documents, "favourable": p.favourable, "share": p.share}
    if p.lift is None:
        return {"term": p.term, **counts, "z": f.value, "log_odds": p.log_odds}
    lift = {"lift": p.lift, "lift_interval": [p.lift_low, p.lift_high]}
    return {"term": p.term, "groups": list(p.groups), **counts, "pmi": f.value, "interval": [f.low, f.high], **lift}
