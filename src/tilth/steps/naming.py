"""Names of the columns that a step makes of a column's values."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST = 63  # bytes of a name: what PostgreSQL keeps of one, and others keep more
TAIL = 8  # hexadecimal digits of the hash that keeps names distinct


def names_of(column: str, values: Sequence[Any], taken: Iterable[str] = ()) -> list[str]:
    """A name `column_value` for each of several distinct values.

    Characters of the value other than ASCII letters and digits become `_`. If the result is empty, equal for two values (ignoring case), or
    `taken`, a hash of the value is appended. Names have at most 63 bytes; the end of a longer one is replaced by a hash.

    >>> names_of("colour", ["red", "dark red", "dark-red", True])
    ['colour_red', 'colour_dark_red_00e62420', 'colour_dark_red_7a596ad6', 'colour_true']
    """
    slugs = [re.sub(r"[^A-Za-z0-9]+", "_", value_text(v)).strip("_") for v in values]
    plain = [short(f"{column}_{s}") for s in slugs]
    uses = Counter(name.casefold() for name in [*plain, *taken])
    return [
        name if s and uses[name.casefold()] == 1 else short(f"{column}_{s}", tail(v))
        for name, s, v in zip(plain, slugs, values, strict=True)
    ]


def tail(value: Any) -> str:
    """A short hash of a value."""
    return hashlib.md5(value_text(value).encode(), usedforsecurity=False).hexdigest()[:TAIL]


def short(name: str, ending: str = "") -> str:
    """A name with an ending, of 63 bytes at most: the end of a longer one is a hash of all of it.

    >>> short("a" * 100)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_36a92cc9'
    """
    whole = f"{name.rstrip('_')}_{ending}" if ending else name
    if len(whole.encode()) <= LONGEST:
        return whole
    end = f"_{tail(whole)}"
    return name.encode()[: LONGEST - len(end)].decode(errors="ignore").rstrip("_") + end


def value_text(value: Any) -> str:
    """A value as a string, as engines write it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
