"""Near-duplicate texts: MinHash and bands of it find pairs that may be alike, their runs of five characters say whether they are.

Two folds: of each different text its bands, 128 bytes or 256; then the texts that share a band with another one, in which all are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from tilth.engine.needs import Fold
from tilth.engine.operations.hashing import BETWEEN, HashString
from tilth.errors import RequestError

if TYPE_CHECKING:
    import pyarrow as pa

LIKE = 0.8  # of the runs of characters that two texts have, how many both have
LEAST = 0.5
RUN = 5  # characters
PERMUTATIONS = 128
MOST_TEXTS = 2_000_000  # different ones
MOST_CHARACTERS = 100_000_000  # of those that share a band
MOST_COMPARED = 20_000_000  # pairs
AT_ONCE = 1_000_000  # characters whose hashes are held
FEWER = "look at fewer rows, or at shorter texts"

Words = np.ndarray  # of unsigned integers of 64 bits


def mixed(x: Words) -> Words:
    """Numbers as far from one another as random ones: the last part of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Words = x ^ (x >> np.uint64(31))
    return found


_FACTORS = mixed(np.arange(1, PERMUTATIONS + 1, dtype=np.uint64)) | np.uint64(1)
_TERMS = mixed(np.arange(PERMUTATIONS + 1, 2 * PERMUTATIONS + 1, dtype=np.uint64))
_POWERS = mixed(np.arange(1_001, 1_001 + RUN, dtype=np.uint64)) | np.uint64(1)


def plain(text: str) -> str:
    """A text without differences of case and of blanks."""
    return " ".join(text.casefold().replace("\0", " ").split())


def runs(texts: Sequence[str]) -> tuple[Words, Words]:
    """Hashes of the runs of five characters of each text, and where those of each text begin. A shorter text is one run."""
    padded = [t.ljust(RUN, "\0") for t in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    lengths = np.array([len(t) for t in padded])
    ends = lengths.cumsum()
    n = len(codes) - RUN + 1
    hashes = np.zeros(n, np.uint64)
    for i, power in enumerate(_POWERS):
        hashes += codes[i : i + n] * power
    within = np.ones(n, bool)
    within[(ends[:-1, None] - np.arange(1, RUN)).ravel()] = False
    return mixed(hashes[within]), np.append(0, (lengths - RUN + 1).cumsum()[:-1])


def bands(texts: Sequence[str], like: float = LIKE) -> Words:
    """The MinHash bands of each text (not empty): two texts share a band with probability 1 − (1 − s^r)^b, s their Jaccard index.

    r is 8 from 0.8 on, b 16; below r is 4, b 32. Broder 1997, "On the resemblance and containment of documents"; Leskovec, Rajaraman and
    Ullman 2014, "Mining of Massive Datasets", 3.4.
    """
    of_band = 8 if like >= LIKE else 4
    found = np.zeros((len(texts), PERMUTATIONS // of_band), np.uint64)
    for start, end in _stretches(texts):
        hashes, begins = runs(texts[start:end])
        for i in range(PERMUTATIONS):
            least = np.minimum.reduceat(hashes * _FACTORS[i] + _TERMS[i], begins)
            band = found[start:end, i // of_band]
            band[:] = mixed(band ^ least)
    return found


def _stretches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = characters = 0
    for i, text in enumerate(texts):
        characters += len(text) + RUN
        if characters > AT_ONCE or i == len(texts) - 1:
            yield start, i + 1
            start, characters = i + 1, 0


def alike(a: Words, b: Words, like: float) -> bool:
    """Whether |A ∩ B| / |A ∪ B| of sorted, different numbers is at least that."""
    if min(len(a), len(b)) < like * max(len(a), len(b)):
        return False
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both >= like * (len(a) + len(b) - both)


def suspects(found: Words) -> np.ndarray:
    """Which texts share a band with another one."""
    marked = np.zeros(len(found), bool)
    for band in found.T:
        _, where, counts = np.unique(band, return_inverse=True, return_counts=True)
        marked |= counts[where] > 1
    return marked


def groups(found: Words, texts: Sequence[str], like: float = LIKE) -> np.ndarray:
    """For each text the place of the first one in its group. Pairs that share a band and are that much alike are in one group.

    Errors: `RequestError` for more than 20 million pairs to compare.

    >>> texts = ["Win a prize, call now on 0800 555", "Win a prize, call now on 0800 556", "See you at seven"]
    >>> groups(bands(texts), texts).tolist()
    [0, 0, 2]
    """
    first, left = np.arange(len(texts)), iter(range(MOST_COMPARED))
    for band in found.T:
        order = np.argsort(band, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(band[order])) + 1):
            if len(members) > 1:
                _join(members, texts, first, like, left)
    return np.array([_first(first, i) for i in range(len(texts))], int)


def text_groups(texts: Sequence[str]) -> np.ndarray:
    """For each text the place of the first one in its group, whatever its case and blanks; a blank text is a group of its own."""
    found = np.arange(len(texts))
    there = np.array([i for i, text in enumerate(texts) if plain(text)], int)
    if len(there):
        shown = [plain(texts[i]) for i in there]
        known = bands(shown)
        alone = suspects(known)
        there, shown = there[alone], [text for text, kept in zip(shown, alone, strict=True) if kept]
        found[there] = there[groups(known[alone], shown)]
    return found


def _first(first: np.ndarray, i: int) -> int:
    while first[i] != i:
        first[i] = first[first[i]]
        i = first[i]
    return int(i)


def _join(members: np.ndarray, texts: Sequence[str], first: np.ndarray, like: float, left: Iterator[int]) -> None:
    """Join those of the texts that share a band which are alike; pairs that are joined already are not compared.

    How many hashes two texts share at most is counted by 16 bits of each, for all pairs of a text at once; few are then left to compare.
    """
    of = np.array([_first(first, i) for i in members])
    if (of == of[0]).all():
        return
    hashes = _different([texts[i] for i in members])
    sizes, keys = np.array([len(h) for h in hashes]), [h.astype(np.uint16) for h in hashes]
    marked = np.zeros(1 << 16, np.uint8)
    for i in range(len(members) - 1):
        others = i + 1 + np.flatnonzero(of[i + 1 :] != of[i])
        if len(list(islice(left, len(others)))) < len(others):
            raise RequestError("near-duplicates: too many texts are somewhat alike to compare all pairs", hint=FEWER, code="too-many-pairs")
        if not len(others):
            continue
        marked[keys[i]] = 1
        begins = np.append(0, sizes[others].cumsum()[:-1])
        most = np.add.reduceat(marked[np.concatenate([keys[j] for j in others])], begins, dtype=np.intp)  # that both can have
        marked[keys[i]] = 0
        perhaps = others[most >= like * (sizes[i] + sizes[others] - most)]
        joined = [of[i], *(of[j] for j in perhaps if alike(hashes[i], hashes[j], like))]
        if len(joined) > 1:
            first[joined] = min(joined)
            of[np.isin(of, joined)] = min(joined)
            if (of == of[0]).all():
                return


def _different(texts: Sequence[str]) -> list[Words]:
    """The distinct hashes of the runs of each text, sorted."""
    found: list[Words] = []
    for start, end in _stretches(texts):
        hashes, begins = runs(texts[start:end])
        found += map(np.unique, np.split(hashes, begins[1:]))
    return found


# ── of a table ──


def _texts(batch: pa.RecordBatch) -> Iterator[tuple[int, str]]:
    """The hash of each row's texts, as the engines have it, and these as `plain` has them; of a row whose texts are blank neither."""
    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        text = BETWEEN.join("\0" if value is None else value for value in row)
        if found := plain(text):
            yield int(HashString.row(text), 16), found


@dataclass(frozen=True)
class Bands(Fold):
    """The hash of each different text of some columns, in order, and its bands. Errors: `RequestError` for more than two million texts."""

    like: float = LIKE

    def start(self) -> dict[int, bytes]:
        return {}

    def update(self, state: dict[int, bytes], batch: pa.RecordBatch) -> dict[int, bytes]:
        new = {number: text for number, text in _texts(batch) if number not in state}
        return self.merge(state, dict(zip(new, map(bytes, bands(list(new.values()), self.like)), strict=True)))

    def merge(self, a: dict[int, bytes], b: dict[int, bytes]) -> dict[int, bytes]:
        a |= b
        if len(a) > MOST_TEXTS:
            raise RequestError(f"near-duplicates: more than {MOST_TEXTS:,} different texts", hint=FEWER, code="too-many-texts")
        return a

    def finish(self, state: dict[int, bytes]) -> tuple[tuple[int, ...], Words]:
        numbers = tuple(sorted(state))
        found = np.frombuffer(b"".join(state[i] for i in numbers), np.uint64)
        return numbers, found.reshape(len(numbers), -1) if numbers else found.reshape(0, 1)


Known = tuple[dict[int, str], int]
"""Texts by their hash, and how many characters they have together."""


@dataclass(frozen=True)
class Texts(Fold):
    """The texts of some columns that have these hashes. Errors: `RequestError` for more than a hundred million characters."""

    numbers: frozenset[int] = frozenset()

    def start(self) -> Known:
        return {}, 0

    def update(self, state: Known, batch: pa.RecordBatch) -> Known:
        found = {number: text for number, text in _texts(batch) if number in self.numbers}
        return self.merge(state, (found, 0))

    def merge(self, a: Known, b: Known) -> Known:
        new = {number: text for number, text in b[0].items() if number not in a[0]}
        characters = a[1] + sum(map(len, new.values()))
        if characters > MOST_CHARACTERS:
            message = f"near-duplicates: more than {MOST_CHARACTERS:,} characters of texts that may be alike"
            raise RequestError(message, hint=FEWER, code="too-many-texts")
        a[0].update(new)
        return a[0], characters

    def finish(self, state: Known) -> dict[int, str]:
        return state[0]
