"""DetectAnomalies: whether a metric is where its history lets expect it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tilth.errors import RulesError
from tilth.report import Outcome
from tilth.rules.context import Context, statistic
from tilth.rules.expected import FEWEST, MOST, Expected, expected
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Analyzer, Rule
from tilth.rules.prepared import PreparedRule, RuleResult, Values, judged
from tilth.rules.types import RULE_TYPES, respelled
from tilth.rules.types.rule_type import BARE_KEY, RuleType

SHARE, COUNT = (0.0, 1.0), (0.0, math.inf)
DOMAINS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("Completeness", "Uniqueness", "UniqueValueRatio"), SHARE),
    **dict.fromkeys(("RowCount", "ColumnCount", "DistinctValuesCount", "MinimumLength", "MaximumLength"), COUNT),
    **dict.fromkeys(("StandardDeviation", "Entropy"), COUNT),
    "ColumnCorrelation": (-1.0, 1.0),
}
SUGGESTED = {"Minimum": "{} > {}", "MinimumLength": "{} > {}", "Maximum": "{} < {}", "MaximumLength": "{} < {}"}
"""How a rule on one end of a column's values or lengths is written; all others are a range."""


def _detect(rule: Rule, context: Context) -> PreparedRule:
    """Every number of the metric is within the limits that its earlier values give."""
    watched = _watched(rule, context)
    history = context.known_history(rule, str(watched))
    row = RULE_TYPES[watched.type]
    make = row.record or row.prepare
    assert make is not None  # noqa: S101 -- what can be watched is evaluated
    ready = make(watched, context)

    def judge(values: Values) -> RuleResult:
        found = ready.judge(values)
        if found.outcome is not Outcome.PASSED or not found.metrics:
            return found
        earlier = {name: [of for of in history(statistic(rule, name), MOST) if math.isfinite(of[1])] for name in found.metrics}
        known = {name: _expected(name, of, context.setting.now) for name, of in earlier.items() if len(of) >= FEWEST}
        short = tuple(f"not enough history: {len(of)} of {FEWEST} values of {name}" for name, of in earlier.items() if name not in known)
        numbers = {name: _number(name, found.metrics[name]) for name in found.metrics}
        outside = [name for name, limits in known.items() if not limits.holds(numbers[name])]
        notes = tuple(_outside(name, numbers[name], known[name], watched) for name in outside)
        result = judged(not outside, numbers, tuple(numbers[name] for name in outside), notes=notes)
        return replace(result, warnings=(*found.warnings, *short))

    return replace(ready, judge=judge, row=None, scope=None, failing=None, member=None)


def _expected(name: str, earlier: Sequence[tuple[datetime, float]], at: datetime) -> Expected:
    return expected([value for _, value in earlier], _domain(name), [time for time, _ in earlier], at)


def _watched(rule: Rule, context: Context) -> Analyzer:
    """The analyzer of the metric that is watched."""
    name = context.text(rule.parameters[0]).name
    return Analyzer(name if name in RULE_TYPES else respelled(name) or name, rule.parameters[1:])


def _number(name: str, value: object) -> float:
    if not isinstance(value, int | float | Decimal):
        raise RulesError(f"{name} is not a number, so that nothing can be expected of it", hint="watch a numeric column", code="E-TYPE")
    return float(value) if isinstance(value, Decimal) else value


def _domain(name: str) -> tuple[float, float]:
    return DOMAINS.get(name.rpartition(".")[2], (-math.inf, math.inf))


def _outside(name: str, value: float, limits: Expected, watched: Analyzer) -> str:
    low, high = limits.bounds
    last = name.rpartition(".")[2]
    rule = SUGGESTED.get(last, "{} between {} and {}").format(watched, *((high,) if last.startswith("Maximum") else (low, high)))
    seen = [f"a trend of {limits.trend:+.3g} a check"] if limits.trend else []
    seen += [f"a season of {limits.season}"] if limits.season else []
    by = f" by {' and '.join(seen)}" if seen else ""
    between = f"expected {limits.value:.6g}{by}, {limits.low:.6g} to {limits.high:.6g}"
    return f"{name} is outside the expected range: {value:.6g}, {between} ({rule})"


def _lint_watched(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    """The metric that is watched takes its own number of parameters."""
    name = respelled(parameters[0] or "") if parameters else None
    watched = RULE_TYPES[name] if name else None
    if watched and watched.watchable and not watched.form(len(parameters) - 1):
        counts = " or ".join(form.count for form in watched.forms)
        message = f"{watched.name} takes {counts}, not {len(parameters) - 1}"
        report.error("E-ARITY", rule.parameters[-1].span, message, accepted=f'DetectAnomalies "{watched.name}" …')


DETECT_ANOMALIES = RuleType(
    "DetectAnomalies", BARE_KEY, ("metric", "inner"), 'DetectAnomalies "Mean" "column"', prepare=_detect, lint=_lint_watched,
)  # fmt: skip
