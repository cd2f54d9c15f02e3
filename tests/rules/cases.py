"""Cases as data: `cases/*.txt` hold rulesets, their canonical form, and the expected messages.

    | RowCount > 1 + 2 * 3                     the text; more lines with | belong to it
    = RowCount > 1 + 2 * 3                     the canonical text, of each rule on a line of its own
    ! W-PRECEDENCE 1:12 1 + 2 * 3              what is said: code, line:column, and what is underlined
    S E-SYNTAX 1:1 RowCount                    what is said in strict mode, where that differs; `S -` for nothing
    ~ RowCount > 1                             the canonical text in strict mode, where that differs

A lone `=` stands for the text itself; a case without `=` is rejected.

A blank line ends a case; all other lines are words for the reader. The cases of `documents-*.txt` are whole documents, whose
canonical text is the whole document; all others stand in `Rules = [ … ]`, whose line does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.errors import Mistake
from tilth.report import Finding
from tilth.rules import Ruleset, evaluation, lint, parse

FOLDER = Path(__file__).parent / "cases"


@dataclass
class Case:
    """A text, and what is expected of it."""

    file: str
    line: int
    text: str = ""
    canonical: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    strictly: list[str] = field(default_factory=list)
    canonical_strictly: list[str] = field(default_factory=list)

    @property
    def document(self) -> bool:
        return self.file.startswith("documents")

    @property
    def source(self) -> str:
        return self.text if self.document else f"Rules = [\n{self.text}\n]"

    def expected(self, strict: bool) -> list[str]:
        said = self.strictly or self.said if strict else self.said
        return [one for one in said if one != "-"]

    def accepted(self, strict: bool) -> bool:
        return not any(said.startswith("E-") for said in self.expected(strict))

    def canonical_text(self, strict: bool) -> list[str]:
        lines = self.canonical_strictly or self.canonical if strict else self.canonical
        return self.text.split("\n") if lines == [""] else lines

    def found(self, strict: bool) -> list[str]:
        """What is said of the text, as the case files write it."""
        return [written(mistake, 0 if self.document else 1) for mistake in lint(self.source, strict=strict)]

    def printed(self, strict: bool) -> list[str]:
        """The canonical text."""
        ruleset = parse(self.source, strict=strict)
        printed = str(ruleset) if self.document else "\n".join(rule.full for rule in ruleset.rules)
        return printed.split("\n")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def evaluate(data: Dataset, ruleset: Ruleset, engine: Session, **options: Any) -> list[Finding]:
    """The findings of a ruleset on a table."""
    return list(evaluation.evaluate(data, ruleset, engine, **options).findings)


def written(mistake: Mistake, above: int = 0) -> str:
    place = mistake.place
    assert place and place.line and place.column and place.text is not None
    culprit = place.text[place.column - 1 :][: place.length]
    return f"{mistake.code} {place.line - above}:{place.column} {culprit}".rstrip()


def cases(*names: str) -> Iterator[Case]:
    """The cases of the files whose names begin with one of `names`; of all without one."""
    for path in sorted(FOLDER.glob("*.txt")):
        if not names or path.name.startswith(names):
            yield from read(path)


def read(path: Path) -> Iterator[Case]:
    case: Case | None = None
    for number, line in enumerate([*path.read_text().split("\n"), ""], 1):
        mark, rest = line[:1], line[2:]
        if mark == "|" and case is None:
            case = Case(path.name, number, rest)
        elif mark == "|" and case:
            case.text += f"\n{rest}"
        elif mark in ("=", "!", "S", "~") and case:
            {"=": case.canonical, "!": case.said, "S": case.strictly, "~": case.canonical_strictly}[mark].append(rest)
        elif case and not line:
            yield case
            case = None
