"""Near-duplicate images: a perceptual hash of each image, and clusters of hashes that differ in few bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tilth.engine.needs import Fold
from tilth.metrics.near_duplicates import first_of

if TYPE_CHECKING:
    import pyarrow as pa

SIDE, LOW = 32, 8  # pixels that are transformed, and the frequencies in each direction that are kept
DIFFERENT = 6  # most bits in which the hashes of two near-duplicates differ
BANDS = DIFFERENT + 1  # if the bits are divided into this many bands, two such hashes are equal in at least one band
ONES = np.array([i.bit_count() for i in range(256)], np.uint8)  # of each byte


def perceptual_hash(brightness: np.ndarray) -> str:
    """The hash of 32 × 32 values of brightness: for each of their 64 lowest frequencies a bit that says whether it is above the median.

    The frequencies come from the discrete cosine transform. The hash has 16 hexadecimal digits. Source: Zauner 2010.

    >>> perceptual_hash(np.arange(32) * np.ones((32, 1))) == perceptual_hash(np.arange(32) * np.ones((32, 1)) + 5)
    True
    """
    waves = np.cos(np.pi / SIDE * np.outer(np.arange(LOW), np.arange(SIDE) + 0.5))
    found = np.round(waves @ brightness @ waves.T, 6).ravel()  # rounded, because plain images have frequencies that are nearly 0
    bits = found > np.median(found[1:])  # the first one is the mean brightness
    return bytes(np.packbits(bits)).hex()


def clusters(hashes: Iterable[str]) -> dict[str, str]:
    """Hash → the least hash of its cluster. Hashes that differ in at most six bits are in one cluster, and so are their own neighbours.

    >>> clusters(["00000000000000ff", "00000000000000fe", "ffffffffffffff00"])
    {'00000000000000fe': '00000000000000fe', '00000000000000ff': '00000000000000fe', 'ffffffffffffff00': 'ffffffffffffff00'}
    """
    known = sorted(set(hashes))
    numbers = np.array([int(h, 16) for h in known], np.uint64)
    first = np.arange(len(known))
    for band in np.array_split(np.arange(64, dtype=np.uint64), BANDS):
        key = (numbers >> band[0]) & np.uint64(2 ** len(band) - 1)
        order = np.argsort(key, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
            for i, one in enumerate(members[:-1], 1):
                others = members[i:]
                bits = ONES[(numbers[others] ^ numbers[one])[:, None].view(np.uint8)].sum(axis=1)
                near = others[bits <= DIFFERENT]
                merged = {first_of(first, k) for k in (one, *near)} if len(near) else set()
                first[list(merged)] = min(merged, default=0)
    return {h: known[first_of(first, i)] for i, h in enumerate(known)}


@dataclass(frozen=True)
class Distinct(Fold):
    """The distinct values of a column, without nulls, sorted."""

    def start(self) -> set[str]:
        return set()

    def update(self, state: set[str], batch: pa.RecordBatch) -> set[str]:
        return state | {v for v in batch.column(0).unique().to_pylist() if v is not None}

    def merge(self, a: set[str], b: set[str]) -> set[str]:
        return a | b

    def finish(self, state: set[str]) -> tuple[str, ...]:
        return tuple(sorted(state))
