"""Finding sensitive data in texts: what could be one is matched, validated, and judged by what is written around it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from tilth.entities.entity import Entity
from tilth.entities.listing import ALL, chosen
from tilth.entities.words import AROUND, NEGATIVE, near, speaks_of
from tilth.errors import RequestError

SENSITIVITY = {"low": 0.6, "high": 0.1}
SCORES = {"A": (0.85, 0.99), "B": (0.6, 0.9), "C": (0.1, 0.6)}  # alone, and with a word or a column's name that speaks of it
PENALTY = 0.3  # of a word that speaks of another kind of number
MOST_SHAPES = 100_000
FEW_DIGITS = 12  # that a text must have, at most, to be looked at
_HEAD, _WIDE = 40, 320  # characters before the first digit, and after an anchor, in which a match can be
_SHAPE = str.maketrans({**dict.fromkeys("0123456789", "9"), **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "A")})
_STRETCH = re.compile(r"[0-9]\S*(?: \(?(?:[A-Za-z]{1,4} )?[^\s0-9]{0,12}[0-9]\S*)*(?: [A-Za-z]{1,4}\b)?")
_FRONT = re.compile(r"(?:(?<!\S)[A-Za-z]{1,4} )?\S*\Z")


class Span(NamedTuple):
    """A place in a text: its first character and the one after its last, which entity is there, how surely (0 to 1), its tier and the rule.

    The rule is the validator, with `+column`, `+context` or `-context` where a name or words around it changed the score.
    """

    start: int
    end: int
    entity: str
    score: float
    tier: str
    rule: str


class Match(NamedTuple):
    """A match of an entity's pattern in one of several texts; the tier is empty where its check refused it.

    `valid`: whether the check accepted it as surely as it can, whatever is written around it.
    """

    text: int
    start: int
    end: int
    entity: Entity
    tier: str
    score: float
    rule: str
    valid: bool


@dataclass(frozen=True)
class Detector:
    """Finds entities in texts.

    `entities` are names of the catalogue or entities of one's own; by default all of no country and those of the `countries`, ISO codes
    or `all`. With `all` a national number is reported only where a word near it or the column's name speaks of it, because the check
    digits of some country accept most numbers. `sensitivity` is `low` (a score of at least 0.6), `high` (0.1), or the least score.

    A match whose check digit is right scores 0.85 (tier A), one of the right structure 0.6 (B), one of the pattern only 0.1 (C); with a
    context word within 30 characters, or a column's name that speaks of it, 0.99, 0.9 and 0.6. A word such as *order* directly before it
    takes 0.3 off.

    Errors: `RequestError` for unknown entities, countries and sensitivities.

    >>> Detector(countries=("US",)).spans(["Mail ann@example.org or call (415) 555-2671."])[0][1]
    Span(start=29, end=43, entity='PHONE_NUMBER', score=0.9, tier='B', rule='phone_number+context')
    """

    entities: tuple[str | Entity, ...] | None = None
    countries: tuple[str, ...] = ()
    sensitivity: str | float = "low"
    _shapes: dict[str, tuple[Entity, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.rules, self.least  # noqa: B018 -- a wrong request is an error now

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to another process: the request, from which the rest is made again."""
        return {"entities": self.entities, "countries": self.countries, "sensitivity": self.sensitivity, "_shapes": {}}

    @cached_property
    def rules(self) -> tuple[Entity, ...]:
        """The entities that are looked for, in the order that decides between equals."""
        return chosen(self.entities, self.countries)

    @cached_property
    def least(self) -> float:
        """The least score that is reported."""
        given = self.sensitivity
        score = SENSITIVITY.get(given.lower()) if isinstance(given, str) else float(given)
        if score is None or not 0 <= score <= 1:
            raise RequestError(f"the sensitivity is {given!r}", accepted="low, high, or a number from 0 to 1", code="sensitivity")
        return score

    def spans(self, texts: Sequence[str | None], column: str | None = None) -> list[list[Span]]:
        """For each text what is found in it, from left to right, without overlaps: of several the longest, then the surest.

        `column` is the name of the column that the texts are of. Null has nothing in it.

        >>> Detector(("CREDIT_CARD",)).spans(["card 4111 1111 1111 1111", None])
        [[Span(start=5, end=24, entity='CREDIT_CARD', score=0.99, tier='A', rule='card_number+context')], []]
        """
        found: list[list[Span]] = [[] for _ in texts]
        for i, matches in self.resolved(texts, column):
            found[i] = [Span(m.start, m.end, m.entity.name, m.score, m.tier, m.rule) for m in matches]
        return found

    def resolved(self, texts: Sequence[str | None], column: str | None = None) -> Iterator[tuple[int, list[Match]]]:
        """The places of texts with matches that are reported, and these."""
        by_text: dict[int, list[Match]] = {}
        for m in self.matches(texts, column):
            if m.tier and m.score >= self.least:
                by_text.setdefault(m.text, []).append(m)
        for i, matches in by_text.items():
            yield i, matches if len(matches) == 1 else self._apart(matches)

    def needed(self) -> str:
        """A pattern, for any engine, that is found in every text in which something can be."""
        digits = [max(e.digits, 1) for e in self.rules if e.pattern and not e.anchors]
        parts = [*map(re.escape, self._anchored), *(["[0-9][^0-9]*" * min(*digits, FEW_DIGITS)] if digits else [])]
        return "|".join(parts)

    def _apart(self, matches: list[Match]) -> list[Match]:
        """Those of the matches of one text that stay."""
        order = {rule: i for i, rule in enumerate(self.rules)}
        kept: list[Match] = []
        for m in sorted(matches, key=lambda m: (m.start - m.end, m.tier, -m.score, order[m.entity], m.start)):
            if all(m.end <= other.start or other.end <= m.start for other in kept):
                kept.append(m)
        return sorted(kept, key=lambda m: m.start)

    def matches(self, texts: Sequence[str | None], column: str | None = None) -> Iterator[Match]:
        """Every match of every pattern, also those that a check refuses and those that overlap."""
        blob = "\n".join(t or "" for t in texts)
        starts = [0, *accumulate(len(t or "") + 1 for t in texts)]
        row = 0
        for start, end, entities in self._stretches(blob):
            for entity in entities:
                for a, b, tier in _found(entity, blob, start, end):
                    row = row if starts[row] <= a < starts[row + 1] else bisect_right(starts, a) - 1
                    low, high = starts[row], starts[row + 1] - 1
                    if b <= high:
                        yield self._judged(entity, tier, blob, a, b, low, high, row, column)

    def _stretches(self, blob: str) -> Iterator[tuple[int, int, Sequence[Entity]]]:
        """Stretches of the texts in which there can be matches, with the entities that they can be of."""
        for anchor, entities in self._anchored.items():
            at = blob.find(anchor)
            while at >= 0:
                start, end = max(at - 64, 0), at + _WIDE
                while 0 <= (at := blob.find(anchor, at + 1)) - 64 < end:
                    end = at + _WIDE
                yield start, end, entities
        if not self._with_digits:
            return
        shapes = self._shapes
        for m in _STRETCH.finditer(blob):
            first, end = m.span()
            start = _FRONT.search(blob, max(first - _HEAD, 0), first).start()  # type: ignore[union-attr]  # it can match nothing
            shape = blob[start:end].translate(_SHAPE)
            entities_of = shapes.get(shape)
            if entities_of is None:
                if len(shapes) >= MOST_SHAPES:
                    shapes.clear()
                entities_of = shapes[shape] = tuple(e for e in self._with_digits if e.shape.search(shape))
            if entities_of:
                yield start, end, entities_of

    @cached_property
    def _anchored(self) -> dict[str, list[Entity]]:
        found: dict[str, list[Entity]] = {}
        for e in self.rules:
            for anchor in e.anchors:
                found.setdefault(anchor, []).append(e)
        return found

    @cached_property
    def _with_digits(self) -> list[Entity]:
        """Entities whose matches have a digit."""
        return [e for e in self.rules if e.pattern and not e.anchors]

    def _judged(
        self, entity: Entity, tier: str, blob: str, start: int, end: int, low: int, high: int, row: int, column: str | None
    ) -> Match:
        """A match with its score."""
        if not tier:
            return Match(row, start - low, end - low, entity, "", 0.0, entity.validator, False)
        words, by = near(entity.kind, entity.words), ""
        if column is not None and speaks_of(column, entity.kind, entity.columns):
            by = "+column"
        elif words is not None and (
            words.search(blob, max(start - AROUND, low), start) or words.search(blob, end, min(end + AROUND, high))
        ):
            by = "+context"
        valid = tier in ("A", entity.tier)
        tier = "C" if not by and (entity.needs_context or (entity.country and ALL in self.countries)) else tier
        score = SCORES[tier][bool(by)]
        if NEGATIVE.search(blob, max(start - AROUND, low), start):
            score, by = round(score - PENALTY, 2), f"{by}-context"
        return Match(row, start - low, end - low, entity, tier, score, entity.validator + by, valid)


def _found(entity: Entity, blob: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """The matches of an entity in a stretch, each with its tier; it is empty where its check refuses it.

    What is refused is tried again without its last words, as a pattern may take in what stands behind a number.
    """
    search, spaced, stop = entity.search, " " in entity.pattern, end
    while m := search(blob, start, stop):
        a, b = m.span()
        tier = "" if _continued(blob, a - 1, -1) or _continued(blob, b, 1) else entity.tier_of(m.group())
        if not tier and spaced and (cut := m.group().rfind(" ")) > 0:
            stop = a + cut
            continue
        yield a, b, tier
        start, stop = b if tier else a + 1, end


def _continued(blob: str, at: int, step: int) -> bool:
    """Whether a longer number goes on at a place: a mark and a digit behind it, or a letter that patterns do not see as one."""
    if not 0 <= at < len(blob):
        return False
    c = blob[at]
    if c in ".-/,":
        return 0 <= at + step < len(blob) and blob[at + step] in "0123456789"
    return "\x7f" < c < "\u2e80" and c.isalnum()  # scripts of East Asia write no spaces
