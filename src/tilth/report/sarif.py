"""The report as SARIF 2.1.0, for code review: a result for each rule that did not pass, at its place in the ruleset.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tilth.errors import Place
from tilth.report.blocks import plain
from tilth.report.finding import Finding, Outcome
from tilth.report.report import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(report: Report) -> str:
    """SARIF: every verdict is a rule of the tool, and each that is not Passed a result of the level `error`.

    A result is located where its rule stands in the ruleset, and by the columns it is about. It has the same fingerprint in every run.

    >>> json.loads(to_sarif(Report("check")))["runs"][0]["results"]
    []
    """
    rules = list(dict.fromkeys(f.name for f in report.verdicts))
    numbers = {name: i for i, name in enumerate(rules)}
    driver: dict[str, Any] = {"name": "Tilth", "rules": [{"id": name, "shortDescription": {"text": name}} for name in rules]}
    if version := report.facts.versions.get("tilth"):
        driver["version"] = version
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"tilth/{report.title}/"},
        "results": [_result(f, numbers[f.name]) for f in report.failures()],
    }
    text = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()


def _result(finding: Finding, number: int) -> dict[str, Any]:
    reasons = [plain(line) for line in finding.payload.reasons(finding.message)] or [str(finding.outcome or Outcome.ERROR)]
    unjudged = "" if finding.outcome is Outcome.FAILED else "could not be evaluated: "
    identity = f"{finding.name}\n{finding.part}"
    result: dict[str, Any] = {
        "ruleId": finding.name,
        "ruleIndex": number,
        "level": "error",
        "message": {"text": f"{finding.name}: {unjudged}{' '.join(reasons)}"},
        "partialFingerprints": {"tilthRule/v1": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()},
    }
    location: dict[str, Any] = _physical(finding.payload.rule_place)
    if finding.subject:
        location["logicalLocations"] = [{"name": column, "kind": "column"} for column in finding.subject]
    return result | ({"locations": [location]} if location else {})


def _physical(place: Place | None) -> dict[str, Any]:
    """The place of a rule in a file; empty if the ruleset was given as a string."""
    if place is None or place.file is None or place.line is None:
        return {}
    path = Path(place.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    region = {"startLine": place.line, "startColumn": place.column or 1}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
