"""Finds sensitive data in texts: candidates are matched by patterns, validated, and scored by the words around them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias, TypeVar

from tilth.entities.candidates import Candidates
from tilth.entities.entity import Entity
from tilth.entities.listing import ALL, chosen
from tilth.entities.words import AROUND, NEGATIVE, NEGATIVE_WORDS, Around, speaks_of
from tilth.errors import RequestError

SENSITIVITY = {"low": 0.6, "high": 0.1}
SCORES = {"A": (0.85, 0.99), "B": (0.6, 0.9), "C": (0.1, 0.6)}  # scores without and with a context word or a matching column name
PENALTY = 0.3  # for a word before the match that means another kind of number
FEW_DIGITS = 12  # the prefilter of texts never requires more digits than this


class Span(NamedTuple):
    """A finding in a text: its first character and the one after its last, the entity, the score (0 to 1), the tier and the rule.

    The rule is the validator, with `+column`, `+context` or `-context` if the column name or words around it changed the score.
    """

    start: int
    end: int
    entity: str
    score: float
    tier: str
    rule: str


class Match(NamedTuple):
    """A match of an entity's pattern in one of several texts; the tier is empty if the check rejected it.

    `valid`: whether the check gave the best tier that it can give; the words around the match do not matter.
    """

    text: int
    start: int
    end: int
    entity: Entity
    tier: str
    score: float
    rule: str
    valid: bool


Judged: TypeAlias = tuple[int, int, int, Entity, str, float, str, bool]
"""The fields of `Match` as a plain tuple, which is faster for many matches."""
M = TypeVar("M", Match, Span)


@dataclass(frozen=True)
class Detector:
    """Finds entities in texts.

    `entities` are names from the catalogue or custom entities; by default all international ones and those of the `countries`, which are
    ISO codes or `all`. With `all`, national numbers are reported only with a context word or a matching column name, because most numbers
    pass the check digits of some country. `sensitivity` is `low` (a score of at least 0.6), `high` (0.1), or the least score.

    A match with a valid check digit scores 0.85 (tier A), one with a valid structure 0.6 (B), one that only matches the pattern 0.1 (C).
    With a context word within 30 characters, or a matching column name, these are 0.99, 0.9 and 0.6. A word such as *order* directly before
    the match subtracts 0.3.

    Errors: `RequestError` for unknown entities, countries and sensitivities.

    >>> Detector(countries=("US",)).spans(["Mail ann@example.org or call (415) 555-2671."])[0][1]
    Span(start=29, end=43, entity='PHONE_NUMBER', score=0.9, tier='B', rule='phone_number+context')
    """

    entities: tuple[str | Entity, ...] | None = None
    countries: tuple[str, ...] = ()
    sensitivity: str | float = "low"

    def __post_init__(self) -> None:
        self.rules, self.least  # noqa: B018 -- reports a wrong request now

    def __getstate__(self) -> dict[str, Any]:
        """Pickle only the request; the other process computes the rest again."""
        return {"entities": self.entities, "countries": self.countries, "sensitivity": self.sensitivity}

    @cached_property
    def rules(self) -> tuple[Entity, ...]:
        """The entities to search for, in the order of precedence between equal matches."""
        return chosen(self.entities, self.countries)

    @cached_property
    def _everywhere(self) -> bool:
        return ALL in self.countries

    @cached_property
    def least(self) -> float:
        """The least score that is reported."""
        given = self.sensitivity
        score = SENSITIVITY.get(given.lower()) if isinstance(given, str) else float(given)
        if score is None or not 0 <= score <= 1:
            raise RequestError(f"the sensitivity is {given!r}", accepted="low, high, or a number from 0 to 1", code="sensitivity")
        return score

    def spans(self, texts: Sequence[str | None], column: str | None = None) -> list[list[Span]]:
        """The findings of each text, from left to right, without overlaps (see `apart`).

        `column` is the name of the column that holds the texts. Null has no findings.

        >>> Detector(("CREDIT_CARD",)).spans(["card 4111 1111 1111 1111", None])
        [[Span(start=5, end=24, entity='CREDIT_CARD', score=0.99, tier='A', rule='card_number+context')], []]
        """
        by_text: dict[int, list[Match]] = {}
        for m in self.matches(texts, column):
            if m.tier and m.score >= self.least:
                by_text.setdefault(m.text, []).append(m)
        found: list[list[Span]] = [[] for _ in texts]
        for i, matches in by_text.items():
            found[i] = [Span(m.start, m.end, m.entity.name, m.score, m.tier, m.rule) for m in apart(matches)]
        return found

    def needed(self) -> str:
        """A pattern, for any engine, that is found in every text that can contain a match."""
        digits = [max(e.digits, 1) for e in self.rules if e.pattern and not e.anchors and not e.anywhere]
        anchors = dict.fromkeys(anchor for anchor, _ in self._candidates.anchored)
        parts = [
            *map(re.escape, anchors),
            *(e.regex.duckdb for e in self._candidates.anywhere),
            *(["[0-9][^0-9]*" * min(*digits, FEW_DIGITS)] if digits else []),
        ]
        return "|".join(parts)

    def matches(self, texts: Sequence[str | None], column: str | None = None) -> Iterator[Match]:
        """The matches of every pattern, including overlapping ones, and one match for each number that a check rejects."""
        return map(Match._make, self.judged(texts, column))

    def judged(self, texts: Sequence[str | None], column: str | None = None) -> Iterator[Judged]:
        """The matches as plain tuples, for counting."""
        blob = "\n".join([t or "" for t in texts])
        starts = [0, *accumulate([len(t or "") + 1 for t in texts])]
        around = Around(blob)
        words_before, words_behind, unspoken = around.before, around.behind, NEGATIVE_WORDS.isdisjoint
        said = frozenset(e.name for e in self.rules if column is not None and speaks_of(column, e.kind, e.columns))
        for entity, start, end, tier in self._candidates.found(blob, starts):
            row = bisect_right(starts, start) - 1
            low = starts[row]
            if not tier:
                yield row, start - low, end - low, entity, "", 0.0, "", False
                continue
            valid = tier == "A" or tier == entity.tier
            before = words_before(start, low) if start > low else ()
            by = ""
            if said and entity.name in said:
                by = "+column"
            elif (in_words := entity.context.in_words)(before) or in_words(words_behind(end, starts[row + 1] - 1)):
                by = "+context"
            elif entity.needs_context or (entity.country and self._everywhere):
                tier = "C"
            score = SCORES[tier][1 if by else 0]
            if not unspoken(before) and NEGATIVE.search(blob, max(start - AROUND, low), start):
                score, by = round(score - PENALTY, 2), f"{by}-context"
            yield row, start - low, end - low, entity, tier, score, entity.validator + by if by else entity.validator, valid

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self.rules)


def apart(matches: Sequence[M], ties: bool = False) -> list[M]:
    """Remove overlaps from the matches of one text: the longest is kept, then the one with the better tier and score, from left to right.

    With `ties`, all matches at the same place are kept, because the whole column decides between them.
    """
    kept: list[M] = []
    places: list[tuple[int, int]] = []  # of the kept matches, from left to right
    for m in sorted(matches, key=lambda m: (m.start - m.end, m.tier, -m.score)):
        place = (m.start, m.end)
        i = bisect_left(places, place)
        if places[i : i + 1] == [place]:
            kept += [m] if ties else []
        elif (not i or places[i - 1][1] <= m.start) and (i == len(places) or m.end <= places[i][0]):
            places.insert(i, place)
            kept.append(m)
    return sorted(kept, key=lambda m: m.start)
