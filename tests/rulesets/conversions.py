"""What tests of all converters share: verdicts of what was converted, and the tables of docs/convert.md."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import tilth
from tilth.report import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "convert.md"


def verdicts_on(frame: Any, conversion: Any, **sources: Any) -> list[bool]:
    """Whether each of the converted checks passes: all of its rules do."""
    findings = iter(tilth.check(frame, conversion.ruleset, sources=sources).findings)
    return [all(f.outcome is Outcome.PASSED for f in [*islice(findings, len(item.rules))]) for item in conversion.items]


def reject_other_table(product: str, made: Iterable[tuple[str, list[str]]]) -> None:
    """The table under the heading of a product has these names, each with the rules of its first case."""
    first: dict[str, list[str]] = {}
    for name, rules in made:
        first.setdefault(name, rules)
    table = "".join(f"| `{name}` | {'<br>'.join(f'`{rule}`' for rule in rules)} |\n" for name, rules in first.items())
    section = PAGE.read_text("utf-8").partition(f"### {product}\n")[2].partition("|---|---|\n")[2]
    assert section.split("\n\n")[0].strip() == table.strip()
