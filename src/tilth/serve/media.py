"""Media types of requests and answers, and what a client accepts (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 -- a token of the grammar
TYPE = re.compile(rf"\s*({TOKEN}/{TOKEN})\s*(?=;|$)")
PARAMETER = re.compile(rf"\s*;\s*(?:({TOKEN})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|({TOKEN})))?\s*(?=;|$)")
RANGES = re.compile(r"((?:[^,\"]|\"(?:[^\"\\]|\\.)*\")+)")


@dataclass(frozen=True)
class MediaType:
    """A media type and its parameters. The type and the names of parameters are in lower case."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    def covers(self, name: str) -> bool:
        """Whether this range, such as `text/*`, includes a media type."""
        return self.name in (name, "*/*", f"{name.partition('/')[0]}/*")

    @property
    def specific(self) -> int:
        """How specific it is: 0 for `*/*`, 1 for `text/*`, 2 for one type."""
        return 2 - self.name.count("*")

    @property
    def quality(self) -> float:
        """The weight `q` of a range that a client accepts: 1 if absent, 0 if it is not a number."""
        try:
            return min(1.0, max(0.0, float(self.parameters.get("q", "1"))))
        except ValueError:
            return 0.0


@lru_cache(64)  # clients send the same header again
def media_type(header: str) -> MediaType | None:
    """The media type in a header; None if it is malformed.

    >>> media_type('Text/CSV; Charset="utf-8";header=present')
    MediaType(name='text/csv', parameters={'charset': 'utf-8', 'header': 'present'})
    """
    start = TYPE.match(header)
    if start is None:
        return None
    parameters, at = dict[str, str](), start.end()
    while at < len(header):
        found = PARAMETER.match(header, at)
        if found is None:
            return None
        name, quoted, plain = found.groups()
        if name:
            parameters.setdefault(name.lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
    return MediaType(start[1].lower(), parameters)


@lru_cache(64)
def chosen(accept: str, offered: tuple[str, ...], default: str) -> str | None:
    """The media type of the answer: the best offered type that the client accepts, or None.

    `accept` is the header, empty if absent. Among equally good types the default wins, then the first offered. Malformed parts of the
    header are ignored.

    >>> chosen("text/csv;q=0.5, application/json", ("text/csv", "application/json"), "text/csv")
    'application/json'
    >>> chosen("text/*", ("application/json", "text/csv"), "application/json"), chosen("image/png", ("text/csv",), "text/csv")
    ('text/csv', None)
    """
    if not accept.strip():
        return default
    ranges = [m for part in RANGES.findall(accept) if (m := media_type(part)) is not None]

    def quality(name: str) -> float:
        best = max((m for m in ranges if m.covers(name)), key=lambda m: m.specific, default=None)
        return 0.0 if best is None else best.quality

    best = max([default, *offered], key=quality)  # of equal ones the first
    return best if quality(best) > 0 else None
