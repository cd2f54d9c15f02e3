"""SARIF: only what its schema knows, at the rule's place in the ruleset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tests.report.samples import REPORTS
from tilth.report import Report
from tilth.report.sarif import to_sarif

# what the schema of SARIF 2.1.0 says of objects: the properties that are required, and some that are allowed; others are forbidden
KNOWN = {
    "sarif": ({"version", "runs"}, {"$schema", "inlineExternalProperties", "properties"}),
    "run": ({"tool"}, {"results", "columnKind", "automationDetails", "artifacts", "invocations", "properties"}),
    "tool": ({"driver"}, {"extensions", "properties"}),
    "driver": ({"name"}, {"rules", "version", "semanticVersion", "informationUri", "properties"}),
    "rule": ({"id"}, {"name", "shortDescription", "fullDescription", "help", "helpUri", "defaultConfiguration", "properties"}),
    "result": ({"message"}, {"ruleId", "ruleIndex", "level", "kind", "locations", "partialFingerprints", "fingerprints", "properties"}),
    "location": (set(), {"id", "physicalLocation", "logicalLocations", "message", "properties"}),
    "physicalLocation": ({"artifactLocation"}, {"region", "contextRegion", "properties"}),
    "region": (set(), {"startLine", "startColumn", "endLine", "endColumn", "snippet", "properties"}),
    "logicalLocation": (set(), {"name", "fullyQualifiedName", "kind", "index", "properties"}),
}


def fits(what: str, found: dict[str, Any]) -> dict[str, Any]:
    required, optional = KNOWN[what]
    assert required <= found.keys() <= required | optional, (what, found.keys())
    return found


def run_of(report: Report) -> dict[str, Any]:
    log = fits("sarif", json.loads(to_sarif(report), parse_constant=pytest.fail))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [fits("rule", rule)["id"] for rule in fits("driver", fits("tool", fits("run", run)["tool"])["driver"])["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert fits("result", result)["ruleId"] == rules[result["ruleIndex"]]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        assert all(isinstance(print_, str) for print_ in result["partialFingerprints"].values())
        for location in result.get("locations", ()):
            for place in fits("location", location).get("logicalLocations", ()):
                fits("logicalLocation", place)
            if "physicalLocation" in location:
                region = fits("region", fits("physicalLocation", location["physicalLocation"])["region"])
                assert min(region["startLine"], region["startColumn"]) >= 1
    return run


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_what_the_schema_accepts(name: str) -> None:
    assert len(run_of(REPORTS[name])["results"]) == len(REPORTS[name].failures())


def test_a_result_is_where_its_rule_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my rules.dqdl").write_text(
        'Rules = [\n  RowCount > 0,\n  IsComplete "é", (RowCount > 9) AND (IsUnique "é"), Mean "no" > 1\n]\n', "utf-8"
    )
    first, second = (run_of(tilth.check(pa.table({"é": [1, None]}), "my rules.dqdl"))["results"] for _ in range(2))
    places = [r["locations"][0]["physicalLocation"] for r in first]
    assert {p["artifactLocation"]["uri"] for p in places} == {"my%20rules.dqdl"}
    assert [(p["region"]["startLine"], p["region"]["startColumn"]) for p in places] == [(3, 3), (3, 20), (3, 54)]
    assert first[0]["message"]["text"] == 'IsComplete "é": 1 of 2 rows fails (50 %).'
    assert "could not be evaluated: Column no does not exist in the dataset" in first[2]["message"]["text"]
    assert [r["partialFingerprints"] for r in first] == [r["partialFingerprints"] for r in second]
    (in_text,) = run_of(tilth.check(pa.table({"a": [None]}), 'Rules = [ IsComplete "a" ]'))["results"]
    assert in_text["locations"] == [{"logicalLocations": [{"name": "a", "kind": "column"}]}]  # a ruleset without a file has no place
