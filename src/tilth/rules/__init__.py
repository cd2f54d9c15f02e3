"""DQDL, the language of quality rules: its syntax tree, its parser, the conditions, and the catalogue of rule types.

A text becomes tokens (`tokens`), tokens a tree (`parser` → `syntax`), and the tree is checked against the catalogue (`check`,
`lints`). All mistakes are found at once. What a condition means stands in `conditions` and `functions`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tilth.errors import Mistake, RulesError
from tilth.rules.language.diagnostics import CODES, Diagnostics, RuleMistake, Source, TooMany
from tilth.rules.language.parser import read
from tilth.rules.language.syntax import Analyzer, Composite, Condition, Rule, Ruleset
from tilth.rules.language.targets import outside_glue
from tilth.rules.language.validate import check
from tilth.rules.types.catalogue import CATALOGUE, RuleType

if TYPE_CHECKING:
    from tilth.data import Dataset
    from tilth.engine.engine import Engine
    from tilth.report import Finding

__all__ = [
    "CATALOGUE",
    "CODES",
    "Analyzer",
    "Composite",
    "Condition",
    "Rule",
    "RuleMistake",
    "RuleType",
    "Ruleset",
    "evaluate",
    "lint",
    "parse",
]


def evaluate(data: Dataset, ruleset: Ruleset, engine: Engine, **options: Any) -> list[Finding]:
    """A finding for every rule and analyzer, as `evaluation.evaluate`; what evaluates is loaded when it is first used."""
    from tilth.rules.evaluate import evaluate as judge

    return judge(data, ruleset, engine, **options)


def parse(text: str, *, file: str | None = None, strict: bool = False) -> Ruleset:
    """The ruleset that a text says.

    `strict` accepts only what AWS Glue accepts. `file` is the name that messages give. Warnings are in `Ruleset.warnings`. Raises
    `RulesError` with all errors, each with its place.

    >>> ruleset = parse('Rules = [ IsComplete "id", Mean "age" > 18 ]')
    >>> print(ruleset.rules[1])
    Mean "age" > 18
    """
    ruleset, mistakes = _read(text, file, strict)
    errors = [mistake for mistake in mistakes if mistake.severity == "error"]
    if errors:
        raise RulesError(*errors)
    return replace(ruleset, warnings=mistakes)


def lint(text: str, *, file: str | None = None, strict: bool = False, target: str | None = None) -> list[Mistake]:
    """Everything that is wrong with a text, errors and warnings, in the order of the text.

    `target` adds what would not run there: `glue` (its limits), `glue-catalog` or `glue-etl` (one of its two entry points).

    >>> [mistake.code for mistake in lint('Rules = [ IsComplet "id", Mean "age" = 18 ]')]
    ['E-RULETYPE', 'W-FLOAT-EQ']
    """
    ruleset, mistakes = _read(text, file, strict)
    return [*mistakes, *(outside_glue(ruleset, Source(text, file), target) if target else ())]


def _read(text: str, file: str | None, strict: bool) -> tuple[Ruleset, tuple[RuleMistake, ...]]:
    report = Diagnostics(Source(text, file), strict)
    ruleset = read(report)
    with suppress(TooMany):
        check(ruleset, report)
    return ruleset, report.sorted()
