"""Suites of Great Expectations: JSON of 0.x (`expectation_type`) and of 1.x (`type`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tilth.rulesets.check import Check, Converter
from tilth.rulesets.expectations import notes_of, rules_of
from tilth.rulesets.writing import Unsupported


def _recognises(given: Any) -> bool:
    return isinstance(given, dict) and isinstance(given.get("expectations"), list)


def _checks(given: Any) -> Iterator[Check]:
    for i, expectation in enumerate(given["expectations"]):
        expectation = expectation if isinstance(expectation, dict) else {}
        name = str(expectation.get("type", expectation.get("expectation_type", "an expectation without a type")))
        kwargs = expectation.get("kwargs")
        column = kwargs.get("column") if isinstance(kwargs, dict) else None
        source = f"expectation {i + 1}, {name}{f' of {column}' if column else ''}"
        yield Check(source, partial(_rules, name, kwargs if isinstance(kwargs, dict) else {}), notes=notes_of(name))


def _rules(name: str, kwargs: Mapping[str, Any]) -> list[str]:
    if any(isinstance(v, dict) and "$PARAMETER" in v for v in kwargs.values()):
        raise Unsupported("the value of a parameter is known only when the suite runs")
    kwargs = dict(kwargs)
    condition, language = kwargs.pop("row_condition", None), kwargs.pop("condition_parser", None)
    if condition and (language != "spark" or not isinstance(condition, str)):
        raise Unsupported(f"its condition on rows is not SQL: {condition}")
    return rules_of(name, kwargs, condition or "")


CONVERTER = Converter("a suite of Great Expectations", "expectation", _recognises, _checks)
