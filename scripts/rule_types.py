"""Writes the table of rule types into `docs/dqdl.md`, from the shelf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tilth.rules import RULE_TYPES

PAGE = Path(__file__).parents[1] / "docs/dqdl.md"


def table() -> Iterator[str]:
    """The lines of the table."""
    yield "| Type | For instance | Evaluated | Judges rows | `where` | As analyzer |"
    yield "|---|---|---|---|---|---|"
    for row in RULE_TYPES.values():
        evaluated, analyzed = (row.prepare or row.record) is not None, row.analyzer != "no" and (row.prepare or row.record) is not None
        usage = row.usage.partition(", " + row.name)[0]
        marks = " | ".join("yes" if mark else "" for mark in (evaluated and row.row, row.where, analyzed))
        yield f"| {row.name} | `{usage}` | {'yes' if evaluated else 'no: read and checked only'} | {marks} |"


def filled(page: str) -> str:
    """The page with the table between its marks."""
    block = "<!-- rule types -->\n" + "\n".join(table()) + "\n<!-- end -->"
    return re.sub(r"<!-- rule types -->.*?<!-- end -->", lambda _: block, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
