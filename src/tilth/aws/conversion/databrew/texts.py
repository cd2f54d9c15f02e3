"""Actions on parts of strings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tilth.aws.conversion.databrew.action import Action, Actions
from tilth.aws.conversion.made import Made, NotConverted
from tilth.engine.user_sql.writing import identifier, string_literal


def of_extract(a: Action) -> Iterator[Made]:
    """Characters of a string."""
    first, last = int(a.number("startPosition")), int(a.number("endPosition"))
    if not 1 <= first <= last:
        raise NotConverted("its positions do not begin at 1 and rise")
    expression = f"substring({identifier(a.column)}, {first}, {last - first + 1})"
    yield a.formula(a.target, expression, [a.column], f"characters {first} to {last}, the first one is 1: compare")


def of_split(a: Action) -> Iterator[Made]:
    """The parts of a string between delimiters."""
    if a.flag("includeInSplit"):
        raise NotConverted("its columns keep the delimiter")
    separator, parts = string_literal(a.text("pattern")), int(a.number("limit", 1)) + 1
    for n in range(1, parts + 1):
        note = ("what follows a further delimiter is not part of it",) if n == parts else ()
        yield a.formula(f"{a.column}_{n}", f"split_part({identifier(a.column)}, {separator}, {n})", [a.column], *note)


REMOVED = {
    "collapseConsecutiveWhitespace": ("\\s+", " "),
    "removeAllWhitespace": ("\\s+", ""),
    "removeLeadingAndTrailingWhitespace": ("^\\s+|\\s+$", ""),
    "removeAllPunctuation": ("[!-/:-@\\[-`{-~]", ""),
    "removeLeadingAndTrailingPunctuation": ("^[!-/:-@\\[-`{-~]+|[!-/:-@\\[-`{-~]+$", ""),
    "removeAllQuotes": ("['\"]", ""),
    "removeLeadingAndTrailingQuotes": ("^['\"]+|['\"]+$", ""),
    "removeLetters": ("[A-Za-z]", ""),
    "removeNumbers": ("[0-9]", ""),
    "removeSpecialCharacters": ("[^A-Za-z0-9\\s]", ""),
}
"""Parameter of REMOVE_COMBINED → the pattern that is replaced, and by what."""


def of_remove(a: Action) -> Iterator[Made]:
    """Characters that are taken away."""
    expression = identifier(a.column)
    for name, (pattern, by) in REMOVED.items():
        if a.flag(name):
            expression = f"regexp_replace({expression}, {string_literal(pattern)}, {string_literal(by)})"
    if a.flag("removeCustomCharacters"):
        characters = re.sub(r"([\\\]\[^-])", r"\\\1", a.text("customCharacters"))
        expression = f"regexp_replace({expression}, {string_literal(f'[{characters}]')}, '')"
    if a.flag("removeCustomValue"):
        expression = f"replace({expression}, {string_literal(a.text('customValue'))}, '')"
    yield a.formula(a.column, expression, [a.column], "letters are A–Z and a–z, punctuation is that of ASCII")


ACTIONS: Actions = {
    **dict.fromkeys(("EXTRACT_BETWEEN_POSITIONS", "SUBSTRING"), of_extract),
    "SPLIT_COLUMN_SINGLE_DELIMITER": of_split,
    "REMOVE_COMBINED": of_remove,
}
