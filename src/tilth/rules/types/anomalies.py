"""DetectAnomalies: whether a metric is where its history lets expect it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tilth.errors import RulesError
from tilth.report import Outcome
from tilth.rules.context import Context, statistic
from tilth.rules.expected import FEWEST, MOST
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Analyzer, Rule
from tilth.rules.observations import limits_of, outside, suggested
from tilth.rules.prepared import PreparedRule, RuleResult, Values, judged
from tilth.rules.types import RULE_TYPES, respelled
from tilth.rules.types.rule_type import BARE_KEY, RuleType


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
        numbers = {name: _number(name, value) for name, value in found.metrics.items()}
        earlier = {name: history(statistic(rule, name), MOST) for name in numbers}
        limits = {name: limits_of(name, of, context.setting.now) for name, of in earlier.items()}
        short = tuple(f"not enough history: {len(earlier[name])} of {FEWEST} values of {name}" for name, of in limits.items() if of is None)
        beyond = {name: of for name, of in limits.items() if of is not None and not of.holds(numbers[name])}
        notes = tuple(outside(name, numbers[name], of, suggested(watched, name, of)) for name, of in beyond.items())
        result = judged(not beyond, numbers, tuple(numbers[name] for name in beyond), notes=notes)
        return replace(result, warnings=(*found.warnings, *short))

    return replace(ready, judge=judge, row=None, scope=None, failing=None, member=None)


def _watched(rule: Rule, context: Context) -> Analyzer:
    """The analyzer of the metric that is watched."""
    name = context.text(rule.parameters[0]).name
    return Analyzer(name if name in RULE_TYPES else respelled(name) or name, rule.parameters[1:])


def _number(name: str, value: object) -> float:
    if not isinstance(value, int | float | Decimal):
        raise RulesError(f"{name} is not a number, so that nothing can be expected of it", hint="watch a numeric column", code="E-TYPE")
    return float(value) if isinstance(value, Decimal) else value


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
