"""What AWS Glue does not run beyond its grammar: the limits of its service, and what each of its two entry points lacks."""

from __future__ import annotations

from tilth.errors import RequestError, unknown
from tilth.rules.language.diagnostics import Diagnostics, RuleMistake, SourceText, Span
from tilth.rules.language.functions import dynamic
from tilth.rules.language.syntax import Ruleset
from tilth.rules.types import RULE_TYPES

MOST_RULES, MOST_CHARACTERS = 2000, 65_536
TARGETS = ("glue", "glue-catalog", "glue-etl")


def outside(ruleset: Ruleset, source: SourceText, target: str) -> tuple[RuleMistake, ...]:
    """Warnings W-NOT-IN-GLUE for what the target would not run: `glue`, `glue-catalog` or `glue-etl`."""
    if target not in TARGETS:
        raise RequestError(*unknown([target], TARGETS, "unknown target {}", "unknown-target"))
    report = Diagnostics(source)
    _limits(ruleset, report)
    if target == "glue-catalog":
        _catalog(ruleset, report)
    return report.sorted()


def _limits(ruleset: Ruleset, report: Diagnostics) -> None:
    text = report.source.text
    if len(ruleset.rules) > MOST_RULES:
        span = ruleset.rules[MOST_RULES].span
        report.warn("W-NOT-IN-GLUE", span, f"Glue takes {MOST_RULES} rules; these are {len(ruleset.rules)}")
    if len(text) > MOST_CHARACTERS:
        span = Span(MOST_CHARACTERS, MOST_CHARACTERS + 1)
        report.warn("W-NOT-IN-GLUE", span, f"Glue takes {MOST_CHARACTERS} characters; these are {len(text)}")
    odd = next((i for i, c in enumerate(text) if not (" " <= c <= "~" or c in "\t\r\n")), None)
    if odd is not None:
        report.warn("W-NOT-IN-GLUE", Span(odd, odd + 1), f"Glue stores printable ASCII only, not {text[odd]!r}")


def _catalog(ruleset: Ruleset, report: Diagnostics) -> None:
    """The entry point of the Data Catalog has no history, no analyzers and no labels."""
    if ruleset.default_labels:
        report.warn("W-NOT-IN-GLUE", ruleset.default_labels[0].span, "the Data Catalog has no labels")
    for analyzer in ruleset.analyzers[:1]:
        report.warn("W-NOT-IN-GLUE", analyzer.span, "the Data Catalog has no analyzers")
    for rule in ruleset.rules:
        if rule.labels:
            report.warn("W-NOT-IN-GLUE", rule.labels[0].span, "the Data Catalog has no labels")
    for rule in ruleset.leaves:
        if dynamic(rule):
            report.warn("W-NOT-IN-GLUE", rule.span, "the Data Catalog has no history for dynamic rules")
        row = RULE_TYPES.get(rule.type)
        if row and row.kinds == ("path",) and not rule.parameters:
            report.warn("W-NOT-IN-GLUE", rule.span, "in the Data Catalog a file rule needs a path")
