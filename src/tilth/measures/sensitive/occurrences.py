"""Counts each entity in a column, over batches, in bounded memory."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TypeAlias
from zlib import crc32

import pyarrow as pa

from tilth.data import mask
from tilth.engine.needs import Fold
from tilth.entities.detector import Detector, Judged, Match, apart
from tilth.entities.entity import Entity
from tilth.errors import RequestError
from tilth.regex import Regex

Recogniser: TypeAlias = Callable[[list[str]], Sequence[Sequence[tuple[int, int, str, float]]]]
"""A model of the user's: for each text (start, end, label, score from 0 to 1)."""
BUCKETS = 4096  # hash buckets that count texts: a text in more than 1 % of the rows dominates its bucket
MOST_EXAMPLES = 10
AT_ONCE = 512  # texts per chunk: few enough that the matches are freed before the garbage collector's later generations


@dataclass
class Tally:
    """The counts of an entity in a column: cells where its pattern matches, where its check accepts, and where it is reported.

    `whole`: reported cells that consist of it; `surest`: the highest score, with its rule. `constants`: reported cells that contain it with
    other text, by the hash bucket of the match. `shared`: reported cells where another entity matches at the same place. `allowed`: cells
    that would be reported if their match were not allowed.
    """

    matched: int = 0
    valid: int = 0
    cells: int = 0
    whole: int = 0
    surest: tuple[float, str] = (0.0, "")
    constants: dict[int, int] = field(default_factory=dict)
    examples: dict[int, str] = field(default_factory=dict)
    shared: int = 0
    allowed: int = 0

    def add(self, other: Tally) -> None:
        """Add the tally of other rows."""
        self.matched, self.valid = self.matched + other.matched, self.valid + other.valid
        self.cells, self.whole, self.shared = self.cells + other.cells, self.whole + other.whole, self.shared + other.shared
        self.allowed += other.allowed
        self.surest = max(self.surest, other.surest)
        for bucket, rows in other.constants.items():
            self.constants[bucket] = self.constants.get(bucket, 0) + rows
        self.examples = dict(sorted({**self.examples, **other.examples}.items())[:MOST_EXAMPLES])


State: TypeAlias = dict[str, Tally]
"""Entity → its tally."""


@dataclass(frozen=True)
class Occurrences(Fold):
    """What a detector finds in the strings of one column; equal strings of a batch are inspected once.

    `name` is the column's name in the data. `allow` lists texts, or patterns between slashes, that are not reported. With `examples`, up to
    ten masked texts are kept.
    """

    detector: Detector
    name: str
    allow: tuple[str, ...] = ()
    recogniser: Recogniser | None = None
    examples: bool = False

    def start(self) -> State:
        return {}

    def update(self, state: State, batch: pa.RecordBatch) -> State:
        counted = batch.column(0).drop_null().value_counts()
        texts, rows = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
        for start in range(0, len(texts), AT_ONCE):
            self._look_at(state, texts[start : start + AT_ONCE], rows[start : start + AT_ONCE])
        return state

    def _look_at(self, state: State, texts: list[str], rows: list[int]) -> None:
        """Count the entities in texts; `rows` is the number of rows with each text."""
        least = self.detector.least
        matched: defaultdict[str, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))  # matching texts, and valid ones
        reported: dict[int, list[Judged]] = {}
        allowed = defaultdict[str, set[int]](set)
        found = self.detector.judged(texts, self.name)
        for m in chain(found, self._recognised(texts)) if self.recogniser else found:
            i, start, end, entity, tier, score, _, accepted = m
            if self.allow and self._allowed(texts[i][start:end]):
                if tier and score >= least:
                    allowed[entity.name].add(i)
                continue
            those, valid = matched[entity.name]
            those.add(i)
            if accepted:
                valid.add(i)
            if tier and score >= least:
                if i in reported:
                    reported[i].append(m)
                else:
                    reported[i] = [m]
        for name, (those, valid) in matched.items():
            tally = state.setdefault(name, Tally())
            tally.matched += sum([rows[i] for i in those])
            tally.valid += sum([rows[i] for i in valid])
        for name, those in allowed.items():
            state.setdefault(name, Tally()).allowed += sum([rows[i] for i in those])
        for i, matches in reported.items():
            text, n = texts[i], rows[i]
            if len(matches) == 1:
                _, start, end, entity, _, score, rule, _ = matches[0]
                self._count(state[entity.name], text, n, text[start:end], score, rule)
            else:
                self._count_several(state, text, n, matches)

    def _count_several(self, state: State, text: str, rows: int, matches: Sequence[Judged]) -> None:
        """Count the reported entities of a text with more than one match."""
        kept = apart([Match(*m) for m in matches], ties=True)
        for name in dict.fromkeys([m.entity.name for m in kept]):
            those = [m for m in kept if m.entity.name == name]
            parts = {text[m.start : m.end] for m in those}
            self._count(state[name], text, rows, min(parts), *max((m.score, m.rule) for m in those), differ=len(parts) > 1)
            others = {m[1:3] for m in kept if m.entity.name != name}
            state[name].shared += rows if any(m[1:3] in others for m in those) else 0

    def _count(self, tally: Tally, text: str, rows: int, inside: str, score: float, rule: str, differ: bool = False) -> None:
        """Count a reported entity in a text that `rows` rows have. `differ`: the text has different matches of the entity."""
        best, by = tally.surest
        if score > best or (score == best and rule > by):
            tally.surest = score, rule
        tally.cells += rows
        if len(inside) == len(text) or len(inside) == len(text.strip()):
            tally.whole += rows
        elif not differ:
            bucket = crc32(inside.encode()) % BUCKETS
            tally.constants[bucket] = tally.constants.get(bucket, 0) + rows
        if self.examples:
            tally.add(Tally(examples={crc32(inside.encode()): mask(inside)}))

    def merge(self, a: State, b: State) -> State:
        for entity, tally in b.items():
            if entity in a:
                a[entity].add(tally)
            else:
                a[entity] = tally
        return a

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(Regex.parse(a[1:-1]).compile_python() for a in self.allow if a.startswith("/") and a.endswith("/") and len(a) > 2)

    def _allowed(self, text: str) -> bool:
        return text in self.allow or any(p.search(text) for p in self._patterns)

    def _recognised(self, texts: list[str]) -> Iterator[Match]:
        if self.recogniser is None:
            return
        spans = list(self.recogniser(texts))
        if len(spans) != len(texts):
            message = f"the recogniser returned spans of {len(spans)} texts, and was given {len(texts)}"
            raise RequestError(message, accepted="for each text a list of (start, end, label, score)", code="recogniser")
        for i, (text, several) in enumerate(zip(texts, spans, strict=True)):
            for start, end, label, score in several:
                if not 0 <= start < end <= len(text):
                    message = f"the recogniser returned the place {start} to {end} of a text of {len(text)} characters"
                    raise RequestError(message, accepted="the first character and the one after the last", code="recogniser")
                if score >= self.detector.least:
                    yield Match(i, start, end, Entity(label.upper()), "C", score, "recogniser", True)
