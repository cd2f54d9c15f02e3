"""Prepares words for pictures: cleans, measures and cuts them."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

SIZE = 12  # of letters
_NARROW, _BROAD = frozenset("iljtfrI.,:;!|'()[]{}/\\ -·"), frozenset("mwMW@%—…∞")


def width_of(words: str, size: float = SIZE) -> float:
    """An estimate of the width of the words when drawn, rather too large than too small (for a broad sans serif)."""
    return size * sum(map(_em, words))


@lru_cache(1_000)
def _em(letter: str) -> float:
    if letter in _NARROW:
        return 0.4
    if letter in _BROAD or letter.isupper():
        return 0.78 if letter not in _BROAD else 1.02
    if unicodedata.combining(letter):
        return 0.0
    return 0.64 if ord(letter) < 0x250 else 1.2 if unicodedata.east_asian_width(letter) in "WF" else 0.8


def cut(words: str, room: float, size: float = SIZE) -> str:
    """The words, cut with an ellipsis if they are too wide."""
    if width_of(words, size) <= room:
        return words
    used = width_of("…", size)
    for i, letter in enumerate(words):
        used += width_of(letter, size)
        if used > room:
            return words[:i].rstrip() + "…"
    return words


def clean(words: object) -> str:
    """The words on one line, without characters that XML forbids and without marks that change the text direction."""
    text = str(words)
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


@lru_cache(1_000)
def _shown(letter: str) -> str:
    if letter.isspace():
        return " "
    forbidden = (
        unicodedata.category(letter) in ("Cc", "Cs", "Cn") or letter in "\ufffe\uffff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    return "\ufffd" if forbidden else letter
