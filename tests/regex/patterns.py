"""Patterns of the subset and texts that come near to matching them, drawn by whoever chooses: hypothesis or a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Choose = Callable[[Sequence[Any]], Any]

ATOMS = [
    "a", "b", "c", "é", "ß", "😀", "-", "0", " ", "k", "S", r"\.", r"\\", r"\x41", r"\x{1F600}", r"\n", r"\t", r"\r", "_", "#",
    "&", "~", '"', "'", "/", ".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "[ab]", "[^a]", "[a-c]", "[^a-c\\s]", r"[\w.-]",
    "[0-9A-F]", "[é-😀]", r"[\\\]\[^-]", "(?s:.)", "(?i:k)", "(?i:[^s])", "(?i:é)",
]  # fmt: skip
EDGES = ["^", "$", r"\b", r"\A", r"\z"]
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}", "*?", "+?", "??", "{1,2}?"]
LETTERS = [
    *"aabbccABCkKsS0019 _-.\\'\"/&~#[]^\t\n\r\f\x0b\x00\x1f\x7f\x85",
    "\xa0",
    "é",
    "É",
    "ß",
    "ſ",
    "K",
    "İ",
    "٣",
    "\u2028",
    "😀",
    "👍",
    "e\u0301",
]


def pattern(choose: Choose, depth: int = 3) -> str:
    """A pattern that the parser may still refuse, for a repeat of what can be empty or for its time."""
    flags = choose(["", "", "", "(?i)", "(?s)", "(?is)"]) if depth == 3 else ""
    return flags + "|".join(_sequence(choose, depth) for _ in range(choose([1, 1, 1, 2, 3])))


def _sequence(choose: Choose, depth: int) -> str:
    return "".join(_part(choose, depth) for _ in range(choose([1, 1, 2, 2, 3, 4])))


def _part(choose: Choose, depth: int) -> str:
    kind = choose(["atom"] * 5 + ["edge"] + ["group"] * (3 if depth else 0))
    if kind == "edge":
        return choose(EDGES)
    part = choose(ATOMS) if kind == "atom" else choose(["(", "(", "(?:", "(?:", "(?i:"]) + pattern(choose, depth - 1) + ")"
    return part + (choose(REPEATS) if choose([0, 1]) else "")


def text(choose: Choose, longest: int = 8) -> str:
    """A short text of the characters that the patterns are about."""
    return "".join(choose(LETTERS) for _ in range(choose(range(longest + 1))))
