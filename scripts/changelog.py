"""Joins the notes in `changelog.d/` into a section of the changelog.

scripts/changelog.py            prints the section
scripts/changelog.py 0.2.0      writes it to CHANGELOG.md under that version and removes the notes
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTES = ROOT / "changelog.d"
CHANGELOG = ROOT / "CHANGELOG.md"
KINDS = {"added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}


def notes(kind: str) -> list[Path]:
    """The notes of one kind, in order of their names."""
    return sorted(NOTES.glob(f"*.{kind}.md"))


def section(title: str) -> str:
    """All notes under `title`, by kind. A note is one item of a list, or a list already."""
    lines = [f"## {title}"]
    for kind, heading in KINDS.items():
        if found := notes(kind):
            lines += ["", f"### {heading}", "", *(item(path.read_text().strip()) for path in found)]
    return "\n".join(lines) + "\n"


def item(text: str) -> str:
    """A note as an item of a list, its further lines indented; a note that is a list stays as it is."""
    return text if text.startswith("- ") else f"- {'  '.join(text.splitlines(keepends=True))}"


def release(version: str) -> None:
    """Puts the section above the last release's and removes the notes."""
    head, mark, older = CHANGELOG.read_text().partition("\n## ")
    today = datetime.datetime.now(datetime.UTC).date()
    CHANGELOG.write_text(f"{head.rstrip()}\n\n{section(f'{version} ({today})')}{mark}{older}")
    for path in (path for kind in KINDS for path in notes(kind)):
        path.unlink()


if __name__ == "__main__":
    if sys.argv[1:]:
        release(sys.argv[1])
    else:
        print(section("Unreleased"))
