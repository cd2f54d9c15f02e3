"""The section of sensitive data, and the steps that it proposes."""

from __future__ import annotations

from tilth.measures.sensitive.section import proposed
from tilth.measures.sensitive.verdicts import SensitiveColumn, SensitiveType
from tilth.report import Finding


def test_what_only_a_name_speaks_of_is_not_hidden() -> None:
    def found(name: str, *types: SensitiveType) -> Finding[SensitiveColumn]:
        return Finding(name, (name,), payload=SensitiveColumn(types))

    lines = proposed(
        [
            found("religion", SensitiveType("RELIGION", "suspected", hint=True)),
            found("mail", SensitiveType("EMAIL", "sensitive", 9, 0.9, whole=True)),
            found("a b", SensitiveType("CREDIT_CARD", "present", 1, 0.01)),
            found("note", SensitiveType("EMAIL", "sensitive", 9, 0.9)),
        ]
    )
    assert lines == [
        "- redact: {columns: [mail], with: hash, key: KEY, normalise: casefold}",
        '- redact: {columns: ["a b"], find: [CREDIT_CARD], with: replace}',
        "- redact: {columns: [note], find: [EMAIL], with: replace}",
    ]
