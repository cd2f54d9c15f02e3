"""The hash MurmurHash3 of many strings at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

ONE, TWO = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)


def murmur3(texts: pa.Array) -> np.ndarray:
    """The 32-bit MurmurHash3, with the seed 0, of the UTF-8 of each string, as signed integers. No string is null.

    Source: Appleby 2011, MurmurHash3_x86_32, which is in the public domain.

    >>> murmur3(pa.array(["", "hello"])).tolist()
    [0, 613153351]
    """
    _, ends, data = texts.buffers()
    offsets = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    read = np.concatenate([np.frombuffer(data or b"", np.uint8), np.zeros(4, np.uint8)]).astype(np.uint32)
    starts, lengths = offsets[:-1], np.diff(offsets)
    found = np.zeros(len(texts), np.uint32)
    for at in range(0, int(lengths.max(initial=0)) - 3, 4):
        whole = np.flatnonzero(lengths >= at + 4)
        mixed = _rotated(found[whole] ^ _scrambled(_block(read, starts[whole] + at, 4)), 13)
        found[whole] = mixed * np.uint32(5) + np.uint32(0xE6546B64)
    for rest in (1, 2, 3):
        left = np.flatnonzero(lengths % 4 == rest)
        found[left] ^= _scrambled(_block(read, starts[left] + lengths[left] - rest, rest))
    found ^= lengths.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        found = (found ^ (found >> np.uint32(shift))) * np.uint32(factor)
    return (found ^ (found >> np.uint32(16))).view(np.int32)


def _block(read: np.ndarray, starts: np.ndarray, size: int) -> np.ndarray:
    """Up to four bytes from each start on as one number, the first byte the lowest."""
    block: np.ndarray = read[starts]
    for i in range(1, size):
        block |= read[starts + i] << np.uint32(8 * i)
    return block


def _scrambled(block: np.ndarray) -> np.ndarray:
    scrambled: np.ndarray = _rotated(block * ONE, 15) * TWO
    return scrambled


def _rotated(x: np.ndarray, bits: int) -> np.ndarray:
    rotated: np.ndarray = (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))
    return rotated
