"""Near-duplicate texts: bands of MinHash find candidate pairs, and their runs of five characters decide whether they are alike.

There are two folds: one collects the bands of each distinct text, 128 or 256 bytes; the other the texts that share a band, to compare.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.engine.needs import Fold
from tilth.engine.operations.hashing import BETWEEN, DIGITS, HashString
from tilth.errors import RequestError

LIKE = 0.8  # Jaccard index of the runs of characters of two texts
LEAST = 0.5
RUN = 5  # characters
PERMUTATIONS = 128
MOST_TEXTS = 2_000_000  # distinct ones
MOST_CHARACTERS = 100_000_000  # of texts that share a band
MOST_COMPARED = 20_000_000  # pairs
MOST_GROUPED = 200_000  # texts that are like another one
AT_ONCE = 1_000_000  # characters per batch of hashes
FEWER = "look at fewer rows, or at shorter texts"

Words = np.ndarray  # of unsigned 64-bit integers


def mixed(x: Words) -> Words:
    """Mix the bits of numbers, so that they look random: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Words = x ^ (x >> np.uint64(31))
    return found


_FACTORS = mixed(np.arange(1, PERMUTATIONS + 1, dtype=np.uint64)) | np.uint64(1)
_TERMS = mixed(np.arange(PERMUTATIONS + 1, 2 * PERMUTATIONS + 1, dtype=np.uint64))
_POWERS = mixed(np.arange(1_001, 1_001 + RUN, dtype=np.uint64)) | np.uint64(1)


def plain(text: str) -> str:
    """A text with case folded and blanks normalised."""
    return " ".join(text.casefold().replace("\0", " ").split())


def runs(texts: Sequence[str], size: int = RUN) -> tuple[Words, Words]:
    """Hashes of the runs of up to five characters of all texts, and the index of each text's first hash. A shorter text is one run."""
    padded = [t.ljust(size, "\0") for t in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    lengths = np.array([len(t) for t in padded])
    ends = lengths.cumsum()
    n = len(codes) - size + 1
    hashes = np.zeros(n, np.uint64)
    for i, power in enumerate(_POWERS[:size]):
        hashes += codes[i : i + n] * power
    within = np.ones(n, bool)
    within[(ends[:-1, None] - np.arange(1, size)).ravel()] = False
    return mixed(hashes[within]), np.append(0, (lengths - size + 1).cumsum()[:-1])


def bands(texts: Sequence[str], like: float = LIKE) -> Words:
    """The MinHash bands of each non-empty text: two texts with the Jaccard index s share a band with probability 1 − (1 − s^r)^b.

    If `like` is 0.8 or more, r is 8 and b is 16, else r is 4 and b is 32. Broder 1997, "On the resemblance and containment of documents";
    Leskovec, Rajaraman and Ullman 2014, "Mining of Massive Datasets", 3.4.
    """
    of_band = 8 if like >= LIKE else 4
    found = np.zeros((len(texts), PERMUTATIONS // of_band), np.uint64)
    for start, end in stretches(texts):
        hashes, begins = runs(texts[start:end])
        for i in range(PERMUTATIONS):
            least = np.minimum.reduceat(hashes * _FACTORS[i] + _TERMS[i], begins)
            band = found[start:end, i // of_band]
            band[:] = mixed(band ^ least)
    return found


def stretches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first and the last index, exclusive, of parts of about a million characters."""
    start = characters = 0
    for i, text in enumerate(texts):
        characters += len(text) + RUN
        if characters > AT_ONCE or i == len(texts) - 1:
            yield start, i + 1
            start, characters = i + 1, 0


def alike(a: Words, b: Words, like: float) -> bool:
    """Whether |A ∩ B| / |A ∪ B| is at least `like`, for sorted, distinct numbers."""
    if min(len(a), len(b)) < like * max(len(a), len(b)):
        return False
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both >= like * (len(a) + len(b) - both)


def suspects(found: Words) -> np.ndarray:
    """Marks the texts that share a band with another one."""
    marked = np.zeros(len(found), bool)
    for band in found.T:
        _, where, counts = np.unique(band, return_inverse=True, return_counts=True)
        marked |= counts[where] > 1
    return marked


def groups(found: Words, texts: Sequence[str], like: float = LIKE) -> np.ndarray:
    """For each text, the index of the first one in its group. Pairs that share a band and are alike are in one group.

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
    return np.array([first_of(first, i) for i in range(len(texts))], int)


def text_groups(texts: Sequence[str]) -> np.ndarray:
    """For each text, the index of the first one in its group, ignoring case and blanks; a blank text is a group by itself."""
    found = np.arange(len(texts))
    there = np.array([i for i, text in enumerate(texts) if plain(text)], int)
    if len(there):
        shown = [plain(texts[i]) for i in there]
        known = bands(shown)
        alone = suspects(known)
        there, shown = there[alone], [text for text, kept in zip(shown, alone, strict=True) if kept]
        found[there] = there[groups(known[alone], shown)]
    return found


def first_of(first: np.ndarray, i: int) -> int:
    """The first one in the group of i. `first` has for each member an earlier one of its group, or the member itself."""
    while first[i] != i:
        first[i] = first[first[i]]
        i = first[i]
    return int(i)


def _join(members: np.ndarray, texts: Sequence[str], first: np.ndarray, like: float, left: Iterator[int]) -> None:
    """Join the alike ones among texts that share a band; pairs that are already joined are not compared.

    An upper bound of the shared hashes is counted by 16 bits of each hash, for all pairs of a text at once, which leaves few pairs to
    compare.
    """
    of = np.array([first_of(first, i) for i in members])
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
        most = np.add.reduceat(marked[np.concatenate([keys[j] for j in others])], begins, dtype=np.intp)  # upper bound of shared hashes
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
    for start, end in stretches(texts):
        hashes, begins = runs(texts[start:end])
        found += map(np.unique, np.split(hashes, begins[1:]))
    return found


# ── folds over a table ──


def _texts(batch: pa.RecordBatch) -> Iterator[tuple[int, str]]:
    """The hash of each row's texts, as engines compute it, with the texts in `plain` form; rows with only blank texts are left out."""
    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        text = BETWEEN.join("\0" if value is None else value for value in row)
        if found := plain(text):
            yield int(HashString.row(text), 16), found


@dataclass(frozen=True)
class Bands(Fold):
    """The sorted hashes of the distinct texts of some columns, and their bands. Errors: `RequestError` for more than two million texts."""

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


@dataclass(frozen=True)
class Repeated(Fold):
    """The sorted hashes of texts of some columns that several rows have, without rows of blank texts only."""

    def start(self) -> dict[int, bool]:
        return {}

    def update(self, state: dict[int, bool], batch: pa.RecordBatch) -> dict[int, bool]:
        for number, _ in _texts(batch):
            state[number] = number in state
        return state

    def merge(self, a: dict[int, bool], b: dict[int, bool]) -> dict[int, bool]:
        return a | {number: again or number in a for number, again in b.items()}

    def finish(self, state: dict[int, bool]) -> tuple[int, ...]:
        return tuple(sorted(number for number, again in state.items() if again))


Known = tuple[dict[int, str], int]
"""Texts by their hash, and their total number of characters."""


@dataclass(frozen=True)
class Texts(Fold):
    """The texts of some columns with these hashes. Errors: `RequestError` for more than a hundred million characters."""

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


def near_groups(columns: Sequence[str], like: float = LIKE) -> Generator[list[Fold], Mapping[Any, Any], dict[str, str]]:
    """Hash of a text → smallest hash in its group of near-duplicates; texts that have the smallest hash themselves are left out.

    Errors: `RequestError` for more than 200,000 entries.
    """
    asked = Bands(tuple(columns), like)
    numbers, bands = (yield [asked])[asked]
    there = suspects(bands)
    chosen = [number for number, suspect in zip(numbers, there, strict=True) if suspect]
    if not chosen:
        return {}
    texts = Texts(tuple(columns), frozenset(chosen))
    found = (yield [texts])[texts]
    firsts = groups(bands[there], [found[i] for i in chosen], like)
    near = {_digits(chosen[i]): _digits(chosen[first]) for i, first in enumerate(firsts) if i != first}
    if len(near) > MOST_GROUPED:
        hint = "drop equal ones first by `dedupe`, or ask for more likeness"
        message = f"near-duplicates: {len(near):,} texts are like another one"
        raise RequestError(message, accepted=f"up to {MOST_GROUPED:,}", hint=hint, code="too-many-texts")
    return near


def _digits(number: int) -> str:
    return f"{number:0{DIGITS}x}"
