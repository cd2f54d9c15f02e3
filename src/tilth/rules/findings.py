"""The payloads of rules and analyzers in a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tilth.report.finding import Payload


@dataclass(frozen=True)
class Leaf:
    """A part of a composite rule with its own verdict."""

    rule: str
    outcome: str
    message: str = ""


@dataclass(frozen=True)
class RuleVerdict(Payload):
    """The verdict of a rule; the finding's name is the rule's canonical form.

    `evaluated` is the rule with operands resolved; `metrics` name → number; `rows` counts by `passed`, `failed`, `skipped` and `total`;
    `example_rows` says how many rows each of the finding's `examples` is of, where they are values or keys; `leaves` are the parts of a
    composite.
    """

    KIND: ClassVar[str] = "rule"
    JUDGES: ClassVar[bool] = True
    evaluated: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    example_rows: tuple[int, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def row_count(self) -> int | None:
        """All rows, where the rule counted them."""
        return self.rows.get("total")

    @property
    def example_counts(self) -> tuple[int, ...]:
        """How many rows each of the finding's examples is of."""
        return self.example_rows

    @property
    def failing(self) -> tuple[int, int] | None:
        """How many rows failed, of how many that were judged. None where rows were not counted."""
        failed, total = self.rows.get("failed"), self.rows.get("total")
        return (failed, total - self.rows.get("skipped", 0)) if failed is not None and total else None

    def reasons(self, message: str) -> list[str]:
        """Why the rule did not pass: how many rows fail, then the message without what it repeats."""
        from tilth.rules.section import reasons

        return reasons(self, message)


@dataclass(frozen=True)
class AnalyzerNumbers(Payload):
    """What an analyzer measured: name → number or distribution; the finding's name is the analyzer's canonical form."""

    KIND: ClassVar[str] = "analyzer"
    metrics: Mapping[str, Any] = field(default_factory=dict)
