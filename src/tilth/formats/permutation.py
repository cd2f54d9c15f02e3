"""Permutations that depend only on a seed. They are equal on every machine and in every version, and easy to implement elsewhere.

γ = 0x9E3779B97F4A7C15, all arithmetic mod 2⁶⁴; `mix` is the finalizer of SplitMix64:

    key(seed, p₁, p₂ …):   k = mix(seed + γ); for each p: k = mix(k ^ mix(p + γ))
    permutation(seed, p, n): the stable order of i = 0 … n − 1 by mix(key + (i + 1) γ)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

GAMMA, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
SHARDS, SAMPLES, HOSTS, SLOTS, REST = range(5)  # the purpose of a stream of random numbers

Shuffle = Literal["none", "shards", "buffer", "block", "full"]


def mix(z: np.ndarray) -> np.ndarray:
    """Map unsigned 64-bit integers one to one to others."""
    z = z ^ z >> np.uint64(30)
    z = z * np.uint64(0xBF58476D1CE4E5B9)
    z = z ^ z >> np.uint64(27)
    z = z * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = z ^ z >> np.uint64(31)
    return mixed


def _mixed(z: int) -> int:
    return int(mix(np.array([z & MASK], np.uint64))[0])


def key(seed: int, *parts: int) -> int:
    """The key for a seed and a purpose.

    >>> hex(key(42, 0, 0))
    '0xf714e86c945bd8af'
    """
    found = _mixed(seed + GAMMA)
    for part in parts:
        found = _mixed(found ^ _mixed(part + GAMMA))
    return found


def draws(seed: int, parts: Sequence[int], first: int, n: int) -> np.ndarray:
    """The random unsigned 64-bit integers number `first` … `first + n − 1` of a stream.

    >>> int(mix(np.array([1234567 + GAMMA], np.uint64))[0])  # the published one of SplitMix64
    6457827717110365317
    """
    counted = np.arange(first + 1, first + n + 1, dtype=np.uint64)
    return mix(np.uint64(key(seed, *parts)) + counted * np.uint64(GAMMA))


def permutation(seed: int, parts: Sequence[int], n: int) -> np.ndarray:
    """The numbers 0 … n − 1 in random order.

    >>> permutation(42, (0, 0), 10).tolist()
    [3, 5, 9, 1, 2, 7, 6, 0, 4, 8]
    """
    return np.argsort(draws(seed, parts, 0, n), kind="stable")


@dataclass(frozen=True)
class Block:
    """Shards that are read together. `order` is a permutation of the rows kept from the previous block, followed by the rows of the shards.

    The first `emitted` rows are output in this order; the others are kept for the next block.
    """

    shards: tuple[int, ...]
    order: np.ndarray
    emitted: int


def shard_order(shards: int, seed: int, epoch: int, shuffle: Shuffle) -> list[int]:
    """The shards in the order of an epoch."""
    order = np.arange(shards) if shuffle == "none" else permutation(seed, (epoch, SHARDS), shards)
    return [int(i) for i in order]


def blocks(sizes: Sequence[int], seed: int, epoch: int, shuffle: Shuffle, at_once: int = 16, buffer: int = 10_000) -> Iterator[Block]:
    """The order of all rows in an epoch, in blocks of shards. `sizes` are the numbers of rows of the shards.

    `none`: the stored order. `shards`: shards in random order. `block`: also permute the rows of each group of `at_once` shards. `full`:
    also permute all rows. `buffer`: shards in random order, and each new row replaces a random row of a buffer, which is then output.

    >>> [(b.shards, b.order.tolist()) for b in blocks([3, 3, 3, 3], 42, 0, "block", 2)]
    [((3, 1), [4, 2, 0, 3, 1, 5]), ((2, 0), [4, 2, 0, 5, 1, 3])]
    """
    shards = shard_order(len(sizes), seed, epoch, shuffle)
    if shuffle == "buffer":
        yield from _buffered(shards, sizes, seed, epoch, buffer)
        return
    together = {"block": at_once, "full": max(1, len(shards))}.get(shuffle, 1)
    for number, begin in enumerate(range(0, len(shards), together)):
        chosen = tuple(shards[begin : begin + together])
        rows = sum(sizes[i] for i in chosen)
        mixed = shuffle in ("block", "full")
        yield Block(chosen, permutation(seed, (epoch, SAMPLES, number), rows) if mixed else np.arange(rows), rows)


def _buffered(shards: Sequence[int], sizes: Sequence[int], seed: int, epoch: int, buffer: int) -> Iterator[Block]:
    kept, drawn = 0, 0
    for i, shard in enumerate(shards):
        held, out = list(range(kept)), list[int]()
        new = range(kept, kept + sizes[shard])
        filling = min(len(new), buffer - kept)
        held += new[:filling]
        places = draws(seed, (epoch, SLOTS), drawn, len(new) - filling) % np.uint64(buffer)
        drawn += len(new) - filling
        for row, place in zip(new[filling:], places.tolist(), strict=True):
            out.append(held[place])
            held[place] = row
        if i == len(shards) - 1:
            out += [held[j] for j in permutation(seed, (epoch, REST), len(held)).tolist()]
            held = []
        kept = len(held)
        yield Block((shard,), np.array(out + held, np.int64), len(out))
