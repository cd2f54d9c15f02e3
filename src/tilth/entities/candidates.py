"""Finds the places in texts where entities can match: around anchors, and in stretches with digits.

In the shape of a stretch, each digit is 9 and each letter A. Most patterns treat all digits alike and all letters alike, so the shape alone
decides where they match. The places are computed once for each shape and reused for all stretches that have it.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from tilth.entities.entity import Entity
from tilth.entities.validators import Tier

MOST_SHAPES = 100_000
HEAD = 40  # characters before the first digit in which a match can begin
Place: TypeAlias = tuple[int, int]
Plan: TypeAlias = tuple[tuple[Entity, "tuple[Place, ...] | None"], ...]
"""The entities that a stretch of a given shape can contain, each with the places to try, or None if the pattern must be searched for."""

Found: TypeAlias = tuple[Entity, int, int, Tier]
"""A match in texts joined by line ends: entity, first character, the one after the last, and the tier, empty if the check rejects it."""

_SHAPE = bytes.maketrans((string.digits + string.ascii_letters + "\t\r\f\v").encode(), b"9" * 10 + b"A" * 52 + b"\n" * 4)
_MARKS, _DIGITS, _BLANKS = frozenset(".-/,"), frozenset(string.digits), frozenset(" \n")
_STRETCH = r"9\S*(?: \(?(?:A{1,4} )?[^\s9]{0,12}9\S*)*"
_WORD_BEHIND = r"(?: A{1,4}\b)?"
_WORD_BEFORE = re.compile(r"(?<!\S)A{1,4} \Z")


class Candidates:
    """Finds the matches of the patterns of entities, both those that the checks accept and those that they reject."""

    def __init__(self, rules: Sequence[Entity]) -> None:
        self.anchored = [(anchor, e) for e in rules for anchor in e.anchors]
        self.anywhere = [e for e in rules if e.anywhere]
        self._numbers = [e for e in rules if e.pattern and not e.anchors and not e.anywhere]
        self._led = any(" " in part.split(r"\d")[0] for e in self._numbers for part in e.pattern.split("|"))
        self._stretch = re.compile(_STRETCH + (_WORD_BEHIND if any(e.ends_in_letters for e in self._numbers) else ""))
        self._plans: dict[str, Plan] = {}

    def found(self, blob: str, starts: Sequence[int]) -> list[Found]:
        """Find all matches. For a number that the check of an entity rejects, there is one match.

        `starts` are the positions at which the texts begin, and the position at which one more text would begin.
        """
        found = [f for anchor, entity in self.anchored for f in _anchored(entity, anchor, blob, starts)]
        for entity in self.anywhere:
            for low, high in pairwise(starts):
                found += _tried(entity, _places(entity, blob, low, high - 1), blob)
        if self._numbers:
            self._find_numbers(blob, found)
        return found

    def _find_numbers(self, blob: str, found: list[Found]) -> None:
        """Add the matches in stretches with digits. The loop runs for each number in the data, so it avoids calls."""
        shape = blob.encode("ascii", "replace").translate(_SHAPE).decode("ascii")
        plans, led = self._plans, self._led
        for m in self._stretch.finditer(shape):
            start, end = m.span()
            head = 0
            if shape[start - 1 : start] not in _BLANKS:
                first, head = start, start - HEAD if start > HEAD else 0
                line = shape.rfind("\n", head, first) + 1
                start = shape.rfind(" ", line or head, first) + 1 or line
            if not start and head:
                start, key = head, f"?{shape[head:end]}"
            else:
                if led and shape[start - 1 : start] == " " and (word := _WORD_BEFORE.search(shape, max(start - 6, 0), start)):
                    start = word.start()
                key = shape[start:end]
            plan = plans.get(key)
            if plan is None:
                if len(plans) >= MOST_SHAPES:
                    plans.clear()
                plan = plans[key] = tuple(self._planned(key))
            for entity, places in plan:
                if places is None:
                    found += _tried(entity, _places(entity, blob, start, end), blob)
                    continue
                last, tier_of = 0, entity.tier_of
                for a, b in places:
                    if a >= last and (tier := tier_of(blob[start + a : start + b])):
                        found.append((entity, start + a, start + b, tier))
                        last = b
                if not last:
                    found.append((entity, start, end, ""))

    def _planned(self, shape: str) -> Iterator[tuple[Entity, tuple[Place, ...] | None]]:
        for e in self._numbers:
            if "?" in shape or not e.by_shape:
                if e.shape.search(shape):
                    yield e, None
            elif places := [(a, b) for a, b in _places(e, shape, 0, len(shape)) if e.fits is None or e.fits(shape[a:b])]:
                yield e, tuple((a, b) for a, b in places if not _continued(shape, a, b))


def _places(entity: Entity, text: str, start: int, end: int) -> Iterator[Place]:
    """The places at which the pattern matches, from left to right, each followed by shorter matches that end at an earlier blank."""
    spaced = " " in entity.pattern
    while m := entity.search(text, start, end):
        a, b = m.span()
        yield a, b
        while spaced and (b := text.rfind(" ", a + 1, b)) > 0 and (m := entity.match(text, a, b)):
            b = m.end()
            yield a, b
        start = a + 1


def _tried(entity: Entity, places: Iterable[Place], blob: str) -> Iterator[Found]:
    """The places at which the check accepts the match; if there is none, the first place as a rejected match."""
    first, last = None, -1
    for a, b in places:
        first = first or (a, b)
        if a >= last and not _continued(blob, a, b) and (tier := entity.tier_of(blob[a:b])):
            yield entity, a, b, tier
            last = b
    if first and last < 0:
        yield entity, *first, ""


def _anchored(entity: Entity, anchor: str, blob: str, starts: Sequence[int]) -> Iterator[Found]:
    """The matches around an anchor: they begin in the same word as the anchor, and end within the reach of the entity, in the same text."""
    at, last, row = blob.find(anchor), 0, 0
    search, reach, ascii_only = entity.search, entity.reach, blob.isascii()
    while at >= 0:
        start = max(last, at - reach)
        start = blob.rfind(" ", start, at) + 1 or start
        start = blob.rfind("\n", start, at) + 1 or start
        row = bisect_right(starts, at, row)
        m = search(blob, start, min(at + reach, starts[row] - 1))
        if m is not None and m.start() <= at < m.end():
            a, b = m.span()
            part_of_a_word = not ascii_only and (_letter(blob[a - 1 : a]) or _letter(blob[b : b + 1]))
            yield entity, a, b, "" if part_of_a_word else entity.tier_of(m.group())
            at, last = b - 1, b
        at = blob.find(anchor, at + 1)


def _continued(blob: str, start: int, end: int) -> bool:
    """Whether a place is part of something longer: a mark and a digit, or a letter outside of ASCII, is directly before or behind it."""
    before, behind = blob[start - 1 : start], blob[end : end + 1]
    if before in _MARKS and start > 1 and blob[start - 2] in _DIGITS:
        return True
    if behind in _MARKS and blob[end + 1 : end + 2] in _DIGITS:
        return True
    return _letter(before) or _letter(behind)


def _letter(c: str) -> bool:
    return "\x7f" < c < "\u2e80" and c.isalnum()  # East Asian scripts write no spaces
