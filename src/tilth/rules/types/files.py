"""Rule types on files. This version reads and checks them; it does not evaluate them."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.syntax import Rule
from tilth.rules.types.rule_type import GLUE, NUMBER, Form, RuleType


def _lint_checksums(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    if rule.condition and rule.condition.operator == "matches":
        report.warn("W-UNJUDGED", rule.condition.span, "checksums are listed, not matched", accepted='in ["checksum"]')


PATH = ("path",)
CHOICE = ("recentFiles", "uriRegex", "filterOrder")
CONTENT = (*CHOICE, "matchFileName", "hashAlgorithm")

FILE_FRESHNESS = RuleType(
    "FileFreshness", (Form(0, 1, ("date",)),), PATH, 'FileFreshness "path" > (now() - 24 hours)',
    threshold=GLUE, tags=(*CHOICE, "timeZone", "failFast"),
)  # fmt: skip
FILE_SIZE = RuleType(
    "FileSize", (Form(0, 1, ("size", "number")),), PATH, 'FileSize "path" between 1 KB and 2 GB',
    threshold=GLUE, tags=(*CHOICE, "failFast"),
)  # fmt: skip
FILE_MATCH = RuleType(
    "FileMatch", (Form(0, 1, ("string",)), Form(2, 2, bare=True)), PATH, 'FileMatch "path" "path", FileMatch "path" in ["checksum"]',
    tags=CONTENT, lint=_lint_checksums,
)  # fmt: skip
FILE_UNIQUENESS = RuleType("FileUniqueness", (Form(0, 1, NUMBER),), PATH, 'FileUniqueness "path" = 1.0', tags=CONTENT)
