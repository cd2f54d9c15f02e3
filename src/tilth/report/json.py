"""The report as JSON, complete and versioned, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tilth.errors import Mistake, Place, RequestError
from tilth.report.finding import Finding, jsonable
from tilth.report.report import FORMAT, Report
from tilth.report.sections import payload_from_json
from tilth.validation import mistakes_of

_INFINITE = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
_NUMBERS = ("value", "low", "high")  # fields in which strings such as "Infinity" mean numbers


def to_json(report: Report, indent: int | None = 2) -> str:
    """The whole report as JSON, by the schema of `report_schema`.

    Every field of every finding is present, even if it is null; the payload, under `details`, has only the fields with a value.
    Infinities and NaN are the strings `"Infinity"`, `"-Infinity"` and `"NaN"`; types that JSON lacks (dates, decimals) are strings.
    `indent` None gives one line.

    >>> to_json(Report("measure", (Finding("Mean", value=float("inf")),)), indent=None)[:70]
    '{"format": 1, "title": "measure", "passed": true, "findings": [{"kind"'
    """
    content = {
        "format": FORMAT,
        "title": report.title,
        "passed": report.passed,
        "findings": [f.to_json() for f in report.findings],
        "facts": jsonable(report.facts),
    }
    text = json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate cannot be encoded; it is escaped


def from_json(text: str | bytes) -> Report:
    """The report that `to_json` wrote; `to_json` of it gives the same string.

    Unknown fields are ignored. Types that JSON lacks stay strings.

    Errors: `RequestError` for invalid JSON, JSON that is not a report, or a newer format, with every mistake and its path.

    >>> from_json(to_json(Report("check"))).title
    'check'
    """
    content = _parsed(text)
    wrong: list[Mistake] = []
    if isinstance(content["findings"], list):
        content["findings"] = [_finding(i, f, wrong) if isinstance(f, dict) else f for i, f in enumerate(content["findings"])]
    try:
        report = _adapter().validate_python(content)
    except ValidationError as error:
        wrong += [mistake for _, mistake in mistakes_of(error, content)]
    RequestError.reject(wrong)
    return report


def finding_from_json(written: Mapping[str, Any]) -> Finding:
    """The finding that `Finding.to_json` wrote, such as one of the baseline in a fitted flow.

    Errors: `RequestError` with every mistake and its path.

    >>> finding_from_json(Finding("Mean", ("age",), 40.0).to_json()).value
    40.0
    """
    return from_json(json.dumps({"format": FORMAT, "title": "", "findings": [written]})).findings[0]


def _finding(i: int, written: dict[str, Any], wrong: list[Mistake]) -> dict[str, Any]:
    """The fields of a finding, with the payload in place of its kind and details."""
    kind, details = written.get("kind"), written.get("details") or {}
    if not isinstance(kind, str) or not isinstance(details, dict):
        wrong.append(Mistake(f"findings[{i}]: a finding has a kind, and its details are an object", code="report-field"))
        return _numbers(written)
    try:
        return _numbers(written) | {"payload": payload_from_json(kind, details)}
    except ValidationError as error:
        wrong += [mistake for _, mistake in mistakes_of(error, details, within=("findings", i, "details"))]
        return _numbers(written)


def _parsed(text: str | bytes) -> dict[str, Any]:
    """The outermost object, of a known format."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        place = Place("report.json", error.lineno, error.colno)
        raise RequestError(f"invalid JSON: {error.msg}", place=place, code="invalid-json") from None
    except (ValueError, RecursionError) as error:  # invalid UTF-8, a number of a million digits, too deep nesting
        raise RequestError(f"invalid JSON: {error}", code="invalid-json") from None
    if not isinstance(content, dict) or "findings" not in content:
        hint = "a report is what `tilth check -o report.json` writes"
        raise RequestError("this is not a report: it has no findings", hint=hint, code="not-report")
    version = content.get("format")
    if version != FORMAT:
        hint = "it was written by a newer Tilth; install that one" if isinstance(version, int) and version > FORMAT else ""
        raise RequestError(f"the report has the format {version!r}", accepted=str(FORMAT), hint=hint, code="report-format")
    return content


def _numbers(finding: dict[str, Any]) -> dict[str, Any]:
    """Infinities in number fields, as numbers again."""
    words = {name: finding.get(name) for name in _NUMBERS}
    return finding | {name: _INFINITE[word] for name, word in words.items() if isinstance(word, str) and word in _INFINITE}


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


# ── the schema ───────────────────────────────────────────────────────────────────────────────────────────────────


def report_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `to_json` writes, generated from the classes.

    >>> report_schema()["required"]
    ['format', 'title', 'passed', 'findings', 'facts']
    """
    made = _described(_adapter().json_schema(mode="serialization"))
    kinds = made.pop("$defs")
    kinds["Number"] = {"description": "A number; infinities and NaN as strings.", "anyOf": [{"type": "number"}, {"enum": list(_INFINITE)}]}
    del kinds["Finding"]["properties"]["payload"]
    kinds["Finding"]["properties"] |= {"kind": {"type": "string"}, "details": {"type": "object", "description": "What the kind adds."}}
    for name in ("Finding", "Facts", "Scan"):
        kinds[name]["required"] = list(kinds[name]["properties"])
    first = {
        "format": {"const": FORMAT, "description": "The version of the format."},
        "title": {"type": "string"},
        "passed": {"type": "boolean", "description": "Whether no rule failed or could not be evaluated."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report",
        "description": made["description"],
        "type": "object",
        "properties": {**first, "findings": made["properties"]["findings"], "facts": made["properties"]["facts"]},
        "required": [*first, "findings", "facts"],
        "$defs": dict(sorted(kinds.items())),
    }


def _described(schema: Any) -> Any:
    """Descriptions cut to their first paragraph, without defaults (all fields are written) and generated titles."""
    if isinstance(schema, list):
        return [_described(s) for s in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {k: v for k, v in schema.items() if k != "default" and not (k == "title" and isinstance(v, str))}
    if kept == {"type": "number"}:
        return {"$ref": "#/$defs/Number"}
    made = {k: _described(v) for k, v in kept.items()}
    if isinstance(made.get("description"), str):
        made["description"] = " ".join(made["description"].split("\n\n")[0].split())
    return made
