"""Detects strings that are personal data, or days and times as people write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from tilth.engine.operations.timeformats import formats_of

LOOKED_AT = 500  # most distinct values of a column that are inspected
ENOUGH = 0.95  # least share of values in the formats
FORMATS = 2  # most time formats in one column

PRIVATE = {  # kind of data → pattern, and the least share of matching values; the first match counts
    "e-mail addresses": (r"[^@\s]+@[^@\s]+\.[A-Za-z]+", 0.5),
    "phone numbers": (
        r"\+[0-9][0-9 ()./-]{7,18}|\(?0[0-9]{1,4}\)?[ /][0-9][0-9 -]{4,12}|(?:1[ -])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}",
        0.5,
    ),
    "numbers like an IBAN": (r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9 ]{7,26}", 0.5),
    "addresses inside strings": (r"[^@]*\w@[A-Za-z0-9][^@]*", 0.01),
}
ISO = re.compile("%Y-%m-%d([T ]%H:%M(:%S(\\.%f)?)?(%z)?)?")  # the formats that `parse` reads by default


def private_values(strings: Sequence[str]) -> str:
    """The kind of personal data in some values of a column; empty if none."""
    some = strings[:LOOKED_AT]
    fits = {what: sum(re.fullmatch(p, v.strip()) is not None for v in some) for what, (p, _) in PRIVATE.items()}
    return next((what for what, (_, share) in PRIVATE.items() if fits[what] and fits[what] >= share * len(some)), "")


def day_formats_of(text: str) -> list[str]:
    """The possible formats of a day or time.

    >>> day_formats_of("31/12/2012"), day_formats_of("12.5")
    (['%d/%m/%Y'], [])
    """
    return [f for f in formats_of(text.strip()) if _is_day(f)]


def day_formats(fits: Mapping[str, Sequence[str]]) -> list[str]:
    """The one or two formats of nearly all values, from value → its possible formats; empty if there are none."""
    found: list[str] = []
    for _ in range(FORMATS):
        left = Counter(f for formats in fits.values() if not set(formats) & set(found) for f in formats)
        found += [f for f, _ in left.most_common(1)]
    read = sum(bool(set(formats) & set(found)) for formats in fits.values())
    return found if read and read >= ENOUGH * len(fits) else []


def _is_day(text: str) -> bool:
    """Whether people write days in a format: it has a month, a day if the year is short, and no other letters."""
    letters = set(re.findall("%([a-zA-Z])", text))
    return bool(letters & {*"mbB"}) and ("Y" in letters or "d" in letters) and not re.search(r"(?<!%)[A-SU-Ya-z]", text)
