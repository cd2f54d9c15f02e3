"""Lexicons of groups of people, with the terms that name them. Each language has a text file that can be read and edited."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

FIRST_PERSON = ("i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves")
SECOND_PERSON = ("you", "your", "yours", "yourself", "yourselves", "u", "ur")


@cache
def lexicon() -> Mapping[str, tuple[str, ...]]:
    """Group → its terms.

    >>> lexicon()["nonbinary"][:2]
    ('nonbinary', 'non-binary')
    """
    text = files(__package__).joinpath("lexicons/en.txt").read_text("utf-8")
    lines = (line.partition(":") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {group: tuple(term.strip() for term in terms.split(",")) for group, _, terms in lines}


@cache
def any_of(terms: tuple[str, ...]) -> str:
    r"""The RE2 pattern for any of the terms as whole words, ignoring case.

    >>> any_of(("gay", "same sex"))
    '(?i)\\b(?:gay|same\\W+sex)\\b'
    """
    words = (r"\W+".join(map(re.escape, term.split())) for term in terms)
    return rf"(?i)\b(?:{'|'.join(words)})\b"
