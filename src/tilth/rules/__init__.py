"""DQDL, the language of quality rules: its parser, its conditions, the shelf of rule types, and their evaluation.

The source becomes tokens (`language.tokens`), tokens a tree (`parser` → `syntax`), and the tree is checked against the shelf of rule types
(`validate`, `lints`). All mistakes are found at once. `conditions` and `functions` say what a condition means.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from tilth.errors import Mistake, RulesError
from tilth.rules.language.diagnostics import CODES, Diagnostics, RuleMistake, SourceText, TooMany
from tilth.rules.language.layout import laid_out
from tilth.rules.language.parser import read
from tilth.rules.language.syntax import Analyzer, Composite, Condition, Rule, Ruleset
from tilth.rules.language.targets import outside
from tilth.rules.language.validate import check
from tilth.rules.types import RULE_TYPES

__all__ = ["CODES", "RULE_TYPES", "Analyzer", "Composite", "Condition", "Rule", "RuleMistake", "Ruleset", "formatted", "lint", "parse"]


def parse(text: str, *, file: str | None = None, strict: bool = False) -> Ruleset:
    """The ruleset in a string of DQDL.

    `strict` accepts only what AWS Glue accepts. `file` is the name that messages give. Warnings are in `Ruleset.warnings`. Raises
    `RulesError` with all errors, each with its place.

    >>> ruleset = parse('Rules = [ IsComplete "id", Mean "age" > 18 ]')
    >>> print(ruleset.rules[1])
    Mean "age" > 18
    """
    ruleset, mistakes = _read(text, file, strict)
    errors = [mistake for mistake in mistakes if mistake.severity == "error"]
    RulesError.reject(errors)
    return replace(ruleset, warnings=mistakes, source=SourceText(text, file))


def lint(text: str, *, file: str | None = None, strict: bool = False, target: str | None = None) -> list[Mistake]:
    """All errors and warnings of a ruleset, in the order of its source.

    `target` adds what would not run there: `glue` (the limits of the service), `glue-catalog` or `glue-etl` (its two entry points).

    >>> [mistake.code for mistake in lint('Rules = [ IsComplet "id", Mean "age" = 18 ]')]
    ['E-RULETYPE', 'W-FLOAT-EQ']
    """
    ruleset, mistakes = _read(text, file, strict)
    return [*mistakes, *(outside(ruleset, SourceText(text, file), target) if target else ())]


def formatted(text: str, *, file: str | None = None) -> str:
    """The text of a ruleset in canonical layout, which means the same: a rule on each line, comments and single blank lines kept.

    Errors: `RulesError` as `parse` raises it.

    >>> print(formatted('Rules=[RowCount>3, # enough\\nMean "age"   > 18]'))
    Rules = [
        RowCount > 3,  # enough
        Mean "age" > 18
    ]
    <BLANKLINE>
    """
    return laid_out(text, parse(text, file=file))


def _read(text: str, file: str | None, strict: bool) -> tuple[Ruleset, tuple[RuleMistake, ...]]:
    report = Diagnostics(SourceText(text, file), strict)
    ruleset = read(report)
    with suppress(TooMany):
        check(ruleset, report)
    return ruleset, report.sorted()
