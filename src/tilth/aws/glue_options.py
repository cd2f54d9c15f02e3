"""The additional options of Glue's evaluation transform as keyword arguments of `tilth.check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilth.errors import did_you_mean, joined, warn

OPTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {  # key → value → arguments; the first value is the default
    "compositeRuleEvaluation.method": {"COLUMN": {"composites": "column"}, "ROW": {"composites": "row"}},
    "rowLevelConfiguration.filteredRowLabel": {"PASSED": {"outside_where": "passed"}, "SKIPPED": {"outside_where": "skipped"}},
    "rowLevelConfiguration.ruleWithLabels": {"DISABLED": {"rule_labels": False}, "ENABLED": {"rule_labels": True}},
    "publishAggregatedMetrics.status": {"DISABLED": {}, "ENABLED": {}},  # counted wherever rows are parted
    "performanceTuning.caching": {"CACHE_NOTHING": {}, "CACHE_INPUT": {}},  # the planner decides
}
SPELLINGS = {"ruleEvaluation.scope": "compositeRuleEvaluation.method"}  # on one page of AWS


def check_options(additional_options: Mapping[str, str]) -> dict[str, Any]:
    """The keyword arguments of `tilth.check` that mean the same as `additional_options` of a Glue job, whose case does not matter.

    As Glue ignores a key or value that it does not know, so does this, with a warning and the nearest one. Without effect are
    `performanceTuning.caching` and `publishAggregatedMetrics.status`. Source: AWS Glue, EvaluateDataQuality.

    >>> check_options({"compositeRuleEvaluation.method": "ROW", "rowLevelConfiguration.filteredRowLabel": "skipped"})
    {'composites': 'row', 'outside_where': 'skipped'}
    """
    found: dict[str, Any] = {}
    for given, value in additional_options.items():
        key = SPELLINGS.get(given, given)
        if key not in OPTIONS:
            warn(
                f"Glue has no additional option {given!r}, it is ignored; {did_you_mean(given, OPTIONS) or f'known are {joined(OPTIONS)}'}"
            )
        elif value.upper() not in OPTIONS[key]:
            warn(f"{given} is {value!r}, it is ignored; accepted are {joined(OPTIONS[key], 'or')}")
        else:
            found |= OPTIONS[key][value.upper()]
    return found
