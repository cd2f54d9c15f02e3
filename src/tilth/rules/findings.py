"""The payloads of rules and analyzers in a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tilth.errors import Place
from tilth.report.finding import Payload

TREND = 20  # earlier values of a metric in a finding
BASELINE = "baseline"
"""The label of rules that were drafted from data: they hold for it by construction."""


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Why a rule did not pass.

    `rows` counts by `passed`, `failed`, `skipped` and `total`; `broken` are the values that do not meet its condition, None for NULL;
    `notes` are further lines.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    broken: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[int, int] | None:
        """How many rows failed, of how many that were judged. None where rows were not counted."""
        failed, total = self.rows.get("failed"), self.rows.get("total")
        return (failed, total - self.rows.get("skipped", 0)) if failed is not None and total else None


@dataclass(frozen=True)
class Leaf(Reasons):
    """A part of a composite rule with its own verdict."""

    rule: str
    outcome: str


@dataclass(frozen=True)
class RuleVerdict(Reasons, Payload):
    """The verdict of a rule; the finding's name is the rule's canonical form.

    `evaluated` is the rule with operands resolved; `metrics`: name → number; `example_rows`: the number of rows for each of the finding's
    `examples`, if they are values or keys; `leaves`: the parts of a composite; `earlier`: the first metric in earlier checks of a history,
    latest first; `file`, `line` and `column` (from 1): the place of the rule.
    """

    KIND: ClassVar[str] = "rule"
    JUDGES: ClassVar[bool] = True
    evaluated: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    example_rows: tuple[int, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    warnings: tuple[str, ...] = ()
    earlier: tuple[float, ...] = ()
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def drafted(self) -> bool:
        """Whether the rule was drafted from data."""
        return BASELINE in self.labels

    @property
    def rule_place(self) -> Place | None:
        """Where the rule stands."""
        return None if self.line is None else Place(self.file, self.line, self.column)

    def has_label(self, key: str, value: str) -> bool:
        """Whether the rule has this label."""
        return self.labels.get(key) == value

    @property
    def row_count(self) -> int | None:
        """All rows, where the rule counted them."""
        return self.rows.get("total")

    @property
    def example_counts(self) -> tuple[int, ...]:
        """The number of rows for each of the finding's examples."""
        return self.example_rows

    def reasons(self, message: str) -> list[str]:
        """Why the rule did not pass, a line each: how many rows fail, the values that break it, and its notes."""
        from tilth.rules.section import reasons

        return reasons(self) or super().reasons(message)


@dataclass(frozen=True)
class AnalyzerNumbers(Payload):
    """The measurements of an analyzer: name → number or distribution; the finding's name is the analyzer's canonical form."""

    KIND: ClassVar[str] = "analyzer"
    metrics: Mapping[str, Any] = field(default_factory=dict)
