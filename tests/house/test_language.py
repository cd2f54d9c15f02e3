"""Phrases that a native engineer would not write: "X is no Y", "told that", "ours", "nobody", "strangers"."""

from __future__ import annotations

import re

from tests.house.tree import PACKAGE, ROOT, sources

FOREIGN = re.compile(
    r"(?<!\bthere )\b(is|are) no (?!longer\b|more\b)[a-z]"
    r"|\b(told|tells) (of|that|the)\b|\bof ours\b|\bnobody('s)?\b|\bcannot be had\b|\bstrangers?\b",
    re.IGNORECASE,
)


def test_code_and_pages_use_standard_phrases() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in (*sources(PACKAGE), *sorted((ROOT / "docs").rglob("*.md")))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert not found, "\n".join(["write it in standard terms", *found])
