"""What the strings of a column may be: personal data, or days and times as people write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from tilth.engine.operations.timeformats import formats_of

LOOKED_AT = 500  # different values of a column
ENOUGH = 0.95  # of the values; with fewer they are not of one form
FORMATS = 2  # of the times in one column

PRIVATE = {  # what they are → pattern, and the smallest share of matching values; the first that is reached counts
    "e-mail addresses": (r"[^@\s]+@[^@\s]+\.[A-Za-z]+", 0.5),
    "phone numbers": (
        r"\+[0-9][0-9 ()./-]{7,18}|\(?0[0-9]{1,4}\)?[ /][0-9][0-9 -]{4,12}|(?:1[ -])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}",
        0.5,
    ),
    "numbers like an IBAN": (r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9 ]{7,26}", 0.5),
    "addresses inside strings": (r"[^@]*\w@[A-Za-z0-9][^@]*", 0.01),
}
ISO = re.compile("%Y-%m-%d([T ]%H:%M(:%S(\\.%f)?)?(%z)?)?")  # what `parse` reads without a format


def private_values(strings: Sequence[str]) -> str:
    """What personal data some values of a column are, if any."""
    some = strings[:LOOKED_AT]
    fits = {what: sum(re.fullmatch(p, v.strip()) is not None for v in some) for what, (p, _) in PRIVATE.items()}
    return next((what for what, (_, share) in PRIVATE.items() if fits[what] and fits[what] >= share * len(some)), "")


def day_formats_of(text: str) -> list[str]:
    """The formats that a day or time may be written in.

    >>> day_formats_of("31/12/2012"), day_formats_of("12.5")
    (['%d/%m/%Y'], [])
    """
    return [f for f in formats_of(text.strip()) if _is_day(f)]


def day_formats(fits: Mapping[str, Sequence[str]]) -> list[str]:
    """The one or two formats that nearly all values have, of value → the formats that it may have; none if there are no such."""
    found: list[str] = []
    for _ in range(FORMATS):
        left = Counter(f for formats in fits.values() if not set(formats) & set(found) for f in formats)
        found += [f for f, _ in left.most_common(1)]
    read = sum(bool(set(formats) & set(found)) for formats in fits.values())
    return found if read and read >= ENOUGH * len(fits) else []


def _is_day(text: str) -> bool:
    """Whether a format is one that people write days in: with a month, with a day where the year is short, without other letters."""
    letters = set(re.findall("%([a-zA-Z])", text))
    return bool(letters & {*"mbB"}) and ("Y" in letters or "d" in letters) and not re.search(r"(?<!%)[A-SU-Ya-z]", text)
