r"""Lookaheads at the beginning of a pattern for whole strings, and lookbehinds at its end, as patterns of their own.

RE2 has no lookaround. At an end of the string, it is a search of its own: `(?!.*test)[a-z.]+` matches a string if `[a-z.]+` matches it as a
whole and `^.*test` is not found. Every engine can search, in the time it takes for any other pattern. Other lookaround is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tilth.regex.parser import Parser

BEGINNING = re.compile(r"((?:\(\?[is]+\))*)\^?")  # flags for the whole pattern, and where a string begins anyway
ENDING = re.compile(r"(?:\$|\\z)?\Z")
TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|.", re.DOTALL)  # brackets in escapes and classes open no group


class Search(NamedTuple):
    """A pattern to search for in the string, and whether it must not be found."""

    pattern: str
    negative: bool


def parted(pattern: str) -> tuple[str, tuple[Search, ...]]:
    r"""The pattern without lookaround at its ends, and a search for each; the pattern itself if there is none, or if it has alternatives.

    >>> rest, searches = parted(r"^(?=.*\d)(?!.*test)[a-z\d]{8,}(?<!00)$")
    >>> rest
    '[a-z\\d]{8,}$'
    >>> [(search.pattern, search.negative) for search in searches]
    [('^(?:.*\\d)', False), ('^(?:.*test)', True), ('(?:00)$', True)]
    >>> parted("(?i)(?!x).+")
    ('(?i).+', (Search(pattern='(?i)^(?:x)', negative=True),))
    >>> parted("(?=a)b|c")
    ('(?=a)b|c', ())
    """
    beginning, ending = BEGINNING.match(pattern), ENDING.search(pattern)
    assert beginning is not None and ending is not None  # noqa: S101 -- both match the empty string
    flags, low, high, found = beginning[1], beginning.end(), ending.start(), list[Search]()
    groups = [group for group in _groups(pattern) if group[0] >= low]
    for start, end in groups:
        if start == low and pattern.startswith(("(?=", "(?!"), start):
            found.append(Search(f"{flags}^(?:{pattern[start + 3 : end - 1]})", pattern[start + 2] == "!"))
            low = end
    behind = list[Search]()
    for start, end in reversed(groups):
        if end == high > low and pattern.startswith(("(?<=", "(?<!"), start):
            behind.append(Search(f"{flags}(?:{pattern[start + 4 : end - 1]})$", pattern[start + 3] == "!"))
            high = start
    rest = f"{flags}{pattern[low:high]}{ending[0]}"
    searches = (*found, *reversed(behind))
    return (rest, searches) if searches and not Parser(rest).is_alternation else (pattern, ())


def _groups(pattern: str) -> Iterator[tuple[int, int]]:
    """The start and the end of each group that is in no other group."""
    depth, start = 0, 0
    for token in TOKEN.finditer(pattern):
        if token[0] == "(":
            start, depth = start if depth else token.start(), depth + 1
        elif token[0] == ")":
            depth -= 1
            if depth == 0:
                yield start, token.end()
