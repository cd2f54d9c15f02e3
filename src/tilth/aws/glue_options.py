"""The options of Glue's data quality transform: those that judge, as keyword arguments of `tilth.check`, and those that publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tilth.errors import did_you_mean, joined, warn

AGGREGATED = "publishAggregatedMetrics.status"
OPTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {  # key → value → arguments; the first value is the default; any value if none
    "compositeRuleEvaluation.method": {"COLUMN": {"composites": "column"}, "ROW": {"composites": "row"}},
    "rowLevelConfiguration.filteredRowLabel": {"PASSED": {"outside_where": "passed"}, "SKIPPED": {"outside_where": "skipped"}},
    "rowLevelConfiguration.ruleWithLabels": {"DISABLED": {"rule_labels": False}, "ENABLED": {"rule_labels": True}},
    AGGREGATED: {"DISABLED": {}, "ENABLED": {}},  # counted wherever rows are parted
    "performanceTuning.caching": {"CACHE_NOTHING": {}, "CACHE_INPUT": {}},  # the planner decides
    "observations.scope": {"ALL": {}, "NONE": {"observe": False}},
    "dataQualityResultsPublishing.strategy": {},  # nothing is sent to AWS
}
PUBLISHING = ("dataQualityEvaluationContext", "resultsS3Prefix", "enableDataQualityCloudWatchMetrics", "enableDataQualityResultsPublishing")
SPELLINGS = {"ruleEvaluation.scope": "compositeRuleEvaluation.method"}  # on one page of AWS


def check_options(additional_options: Mapping[str, str]) -> dict[str, Any]:
    """The keyword arguments of `tilth.check` that mean the same as `additional_options` of a Glue job. Upper and lower case are the same.

    As in Glue, an unknown key or value is ignored; a warning names the nearest one. `performanceTuning.caching`,
    `dataQualityResultsPublishing.strategy` and `publishAggregatedMetrics.status` have no effect.
    Source: AWS Glue, EvaluateDataQuality.

    >>> check_options({"compositeRuleEvaluation.method": "ROW", "rowLevelConfiguration.filteredRowLabel": "skipped"})
    {'composites': 'row', 'outside_where': 'skipped'}
    """
    found: dict[str, Any] = {}
    for given, value in additional_options.items():
        key = SPELLINGS.get(given, given)
        if key not in OPTIONS:
            _ignore("additional", given, OPTIONS)
        elif OPTIONS[key] and str(value).upper() not in OPTIONS[key]:
            warn(f"{given} is {value!r}, it is ignored; accepted are {joined(OPTIONS[key], 'or')}")
        else:
            found |= OPTIONS[key].get(str(value).upper(), {})
    return found


def counts_rows(additional_options: Mapping[str, str]) -> bool:
    """Whether a job's options ask for the counts of rows that pass and fail."""
    return str(additional_options.get(AGGREGATED, "")).upper() == "ENABLED"


def publishing(publishing_options: Mapping[str, Any]) -> tuple[str, str]:
    """The context of the results, and the place to write them to (may be empty); warns about each key unknown to Glue.

    >>> publishing({"dataQualityEvaluationContext": "orders", "enableDataQualityCloudWatchMetrics": True})
    ('orders', '')
    """
    for given in publishing_options:
        if given not in PUBLISHING:
            _ignore("publishing", given, PUBLISHING)
    context, prefix = (publishing_options.get(key) for key in PUBLISHING[:2])
    return context or "default_context", prefix or ""


def _ignore(kind: str, given: str, known: Iterable[str]) -> None:
    warn(f"Glue has no {kind} option {given!r}, it is ignored; {did_you_mean(given, known) or f'known are {joined(known)}'}")
