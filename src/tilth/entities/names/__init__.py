"""Recognises names of persons by lists of the most frequent first names and surnames of the United States.

Source: United States Census Bureau, *Frequently Occurring Names and Surnames* (1990), which is in the public domain.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?\.?")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,'’-]){1,59}")
BESIDES = "mr mrs ms miss dr prof jr sr ii iii phd md van von der den de da di del la le el al bin ben y e herr frau"
"""Titles, and particles of surnames, which are not looked up."""


@cache
def besides() -> frozenset[str]:
    """Titles and particles."""
    return frozenset(BESIDES.split())


@cache
def known(which: str) -> frozenset[str]:
    """The names of a list, `first` or `last`, in lower case."""
    lines = (Path(__file__).parent / f"{which}.txt").read_text("utf-8").split("\n", 1)
    return frozenset(lines[1].split())


def is_name(text: str) -> str:
    """Whether a string is the name of a person: `full`, with a first name and a surname, `first`, `last`, or empty.

    >>> is_name("Mary Jane Watson"), is_name("Dr. Smith"), is_name("Lee, Ann"), is_name("LINDA"), is_name("parcel late"), is_name("x 7")
    ('full', 'last', 'full', 'first', '', '')
    """
    if not _NAME.fullmatch(text):
        return ""
    words = [w.rstrip(".") for w in _TOKEN.findall(text)]
    names = [w for w in words if w.lower() not in besides() and len(w) > 1]
    if not 1 <= len(names) <= 4 or not all(w[0].isupper() for w in names):
        return ""
    first, last = ([w.lower() in known(which) for w in names] for which in ("first", "last"))
    if len(names) == 1:
        return "first" if first[0] else "last" if last[0] else ""
    return "full" if (first[0] or first[-1]) and sum(a or b for a, b in zip(first, last, strict=True)) * 2 > len(names) else ""
