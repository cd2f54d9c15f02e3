"""What watches metrics over time, and the analyzers that record many of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Rule
from tilth.rules.types import RULE_TYPES, respelled
from tilth.rules.types.rule_type import BARE_KEY, RuleType


def _lint_watched(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    """The metric that is watched takes its own number of parameters."""
    name = respelled(parameters[0] or "") if parameters else None
    watched = RULE_TYPES[name] if name else None
    if watched and watched.watchable and not watched.form(len(parameters) - 1):
        counts = " or ".join(form.count for form in watched.forms)
        message = f"{watched.name} takes {counts}, not {len(parameters) - 1}"
        report.error("E-ARITY", rule.parameters[-1].span, message, accepted=f'DetectAnomalies "{watched.name}" …')


DETECT_ANOMALIES = RuleType("DetectAnomalies", BARE_KEY, ("metric", "inner"), 'DetectAnomalies "Mean" "column"', lint=_lint_watched)
