"""Finds the person of a row in the texts of that row: the values of its name columns are searched for in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from tilth.entities.names import besides

PERSON_NAME = "PERSON_NAME"  # an entity that no pattern finds
SCORE, RULE = 0.9, "names of the row"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BETWEEN = re.compile(r"[ .,]{1,3}")  # between words of one name
_POSSESSIVE = ("'s", "’s")
_NO_BLANKS = "\u2e80"  # the first character of the scripts that are written without blanks


def mentions(text: str | None, names: Sequence[str | None]) -> list[tuple[int, int]]:
    """The places of names in a text, from left to right, each as its first character and the one after the last; adjacent words are joined.

    A name is found by each of its words with two letters or more, except titles and particles. Only whole words count. If the name has a
    capital letter, the word in the text must have one, too: the month "may" is not the person "May".

    >>> mentions("Ms LEE's son met Ann Lee in may", ["Ann", "Lee"]), mentions("May met ann", ["Dr. May", None])
    ([(3, 6), (17, 24)], [(0, 3)])
    """
    if not text:
        return []
    known = {key: word for name in names if name for key, word in _words(name)}
    lowered = text.lower()
    if not any(key in lowered for key in known):
        return []
    whole: list[tuple[int, int]] = []
    for start, end in sorted(_found(text, known)):
        if whole and _BETWEEN.fullmatch(text, whole[-1][1], start):
            start = whole.pop()[0]
        whole.append((start, end))
    return whole


@lru_cache(1 << 14)
def _words(name: str) -> tuple[tuple[str, str], ...]:
    """The words of a name, in lower case and unchanged; words with a hyphen also in parts. In scripts without blanks a name is one word."""
    words = [w for double in _WORD.findall(name) for w in (double, *double.split("-"))]
    return tuple((w.lower(), w) for w in words if len(w) > 1 and w.lower() not in besides())


def _found(text: str, known: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    for word in known.values():
        if word[0] >= _NO_BLANKS:
            yield from (m.span() for m in re.finditer(re.escape(word), text))
    for m in _WORD.finditer(text):
        start, end = m.span()
        end -= 2 if m.group().lower().endswith(_POSSESSIVE) else 0
        word = known.get(text[start:end].lower(), "")
        if word and word[0] < _NO_BLANKS and (text[start].isupper() or not word[0].isupper()):
            yield start, end
