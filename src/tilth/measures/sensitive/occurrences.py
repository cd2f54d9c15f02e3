"""How often each entity is in a column, counted over batches in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from zlib import crc32

from tilth.data import mask
from tilth.engine.needs import Fold
from tilth.entities.detector import Detector, Match
from tilth.errors import RequestError

if TYPE_CHECKING:
    import pyarrow as pa

Recogniser: TypeAlias = Callable[[list[str]], Sequence[Sequence[tuple[int, int, str, float]]]]
"""A model of the user's: for each text (start, end, label, score from 0 to 1)."""
BUCKETS = 4096  # in which texts are counted: a text that is in more than a hundredth of the rows stands out of its bucket
MOST_EXAMPLES = 10


class Occurrence(NamedTuple):
    """What was found in one text of one entity."""

    entity: str
    start: int
    end: int
    score: float
    rule: str
    valid: bool
    reported: bool


@dataclass
class Tally:
    """An entity in a column: the cells in which its pattern matches, in which its check accepts, and in which it is reported.

    `whole`: those reported in which it is the whole cell; `score` and `rule` are the surest. `constants`: reported cells of which it is a
    part, by the bucket of its text.
    """

    matched: int = 0
    valid: int = 0
    cells: int = 0
    whole: int = 0
    surest: tuple[float, str] = (0.0, "")
    constants: Counter[int] = field(default_factory=Counter)
    examples: dict[int, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take the tally of other rows in."""
        self.matched, self.valid = self.matched + other.matched, self.valid + other.valid
        self.cells, self.whole = self.cells + other.cells, self.whole + other.whole
        self.surest = max(self.surest, other.surest)
        self.constants.update(other.constants)
        self.examples = dict(sorted({**self.examples, **other.examples}.items())[:MOST_EXAMPLES])


State: TypeAlias = dict[str, Tally]
"""Entity → its tally."""


@dataclass(frozen=True)
class Occurrences(Fold):
    """What a detector finds in the strings of one column; equal strings of a batch are looked at once.

    `name` is the column's name in the data. `allow` are texts that are not reported, or patterns between slashes. With `examples` up to
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
        encoded = batch.column(0).drop_null().dictionary_encode()
        if not len(encoded):
            return state
        texts = encoded.dictionary.to_pylist()
        rows = Counter(encoded.indices.to_pylist())
        found: dict[int, list[Occurrence]] = {}
        for m in self.detector.matches(texts, self.name):
            if not self.allow or not self._allowed(texts[m.text][m.start : m.end]):
                found.setdefault(m.text, []).append(_occurrence(m, self.detector.least))
        for i, more in self._recognised(texts):
            found.setdefault(i, []).extend(more)
        for i, occurrences in found.items():
            self._count(state, texts[i], rows[i], occurrences)
        return state

    def merge(self, a: State, b: State) -> State:
        for entity, tally in b.items():
            if entity in a:
                a[entity].add(tally)
            else:
                a[entity] = tally
        return a

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        from tilth.regex import Regex

        return tuple(Regex.parse(a[1:-1]).compile_python() for a in self.allow if a.startswith("/") and a.endswith("/") and len(a) > 2)

    def _allowed(self, text: str) -> bool:
        return text in self.allow or any(p.search(text) for p in self._patterns)

    def _recognised(self, texts: list[str]) -> Iterator[tuple[int, list[Occurrence]]]:
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
                if score >= self.detector.least and not self._allowed(text[start:end]):
                    yield i, [Occurrence(label.upper(), start, end, score, "recogniser", True, True)]

    def _count(self, state: State, text: str, rows: int, occurrences: list[Occurrence]) -> None:
        """Count the entities of one text, which so many rows have."""
        kept = _longest([o for o in occurrences if o.reported]) if len(occurrences) > 1 else [o for o in occurrences if o.reported]
        for entity, several in _by_entity(occurrences):
            tally = state.setdefault(entity, Tally())
            tally.matched += rows
            tally.valid += rows if any(o.valid for o in several) else 0
        for entity, several in _by_entity(kept):
            texts, tally = {text[o.start : o.end] for o in several}, state[entity]
            inside = min(texts)
            tally.cells += rows
            tally.surest = max(tally.surest, max((o.score, o.rule) for o in several))
            if len(inside) == len(text.strip()):
                tally.whole += rows
            elif len(texts) == 1:
                tally.constants[crc32(inside.encode("utf-8", "surrogatepass")) % BUCKETS] += rows
            if self.examples:
                tally.add(Tally(examples={crc32(inside.encode("utf-8", "surrogatepass")): mask(inside)}))


def _occurrence(m: Match, least: float) -> Occurrence:
    return Occurrence(m.entity.name, m.start, m.end, m.score, m.rule, m.valid, bool(m.tier) and m.score >= least)


def _longest(found: list[Occurrence]) -> list[Occurrence]:
    """Those that overlap no longer one; of the same place all, because the whole column decides between them."""
    kept: list[Occurrence] = []
    for o in sorted(found, key=lambda o: (o.start - o.end, -o.score)):
        if all(o.end <= k.start or k.end <= o.start or (o.start, o.end) == (k.start, k.end) for k in kept):
            kept.append(o)
    return kept


def _by_entity(found: list[Occurrence]) -> Iterator[tuple[str, list[Occurrence]]]:
    if len(found) == 1:
        yield found[0].entity, found
        return
    by_name: dict[str, list[Occurrence]] = {}
    for o in found:
        by_name.setdefault(o.entity, []).append(o)
    yield from by_name.items()
