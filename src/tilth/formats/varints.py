"""Protobuf messages: reading of fields, and reading and writing of many varints at once.

A varint has seven bits per byte, the lowest first, and the high bit is set in every byte except the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

LONGEST = 10  # bytes of a 64-bit integer


@lru_cache(4096)
def varint(value: int) -> bytes:
    """A nonnegative integer as a varint.

    >>> varint(300).hex()
    'ac02'
    """
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def varint_at(message: Any, at: int) -> tuple[int, int]:
    """The varint at a position, and the position after it. Errors: IndexError if it is cut off, ValueError if it is too long."""
    value = 0
    for i in range(LONGEST):
        byte = message[at + i]
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at + i + 1
    raise ValueError("a varint has more than ten bytes")


def fields(message: Any, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, wire type, and start and end of the content of each field of a message. Errors: ValueError, IndexError."""
    while at < end:
        tag, at = varint_at(message, at)
        wire = tag & 7
        if wire == 2:
            size, at = varint_at(message, at)
        elif wire == 0:
            size = varint_at(message, at)[1] - at
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"there is no wire type {wire}")
        if at + size > end:
            raise ValueError("a field ends beyond its message")
        yield tag >> 3, wire, at, at + size
        at += size


def read_varints(data: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The varints at many positions, as lengths, and the positions after them. Errors: IndexError beyond the end."""
    byte = data[at]
    value = (byte & 0x7F).astype(np.int64)
    after = at + 1
    more = np.flatnonzero(byte >= 0x80)
    for i in range(1, LONGEST):
        if not more.size:
            return value, after
        byte = data[after[more]]
        value[more] |= (byte & 0x7F).astype(np.int64) << 7 * i
        after[more] += 1
        more = more[byte >= 0x80]
    raise IndexError("a varint has more than ten bytes")


def joined(data: np.ndarray, at: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The concatenated bytes of ranges."""
    if sizes.size and (sizes == sizes[0]).all():
        if (at + sizes[0] > data.size).any():
            raise IndexError("a range ends beyond the bytes")
        return np.ascontiguousarray(data[at[:, None] + np.arange(sizes[0])]).reshape(-1)
    begins = np.cumsum(sizes) - sizes
    found: np.ndarray = data[np.repeat(at - begins, sizes) + np.arange(sizes.sum())]
    return found


def unpacked(data: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Decode varints that fill consecutive ranges of these sizes: signed 64-bit integers, and their count per range. Errors: IndexError."""
    last = data < 0x80
    stops = np.flatnonzero(last)
    ends = np.cumsum(sizes)
    if data.size and not last[ends[sizes > 0] - 1].all():
        raise IndexError("a varint is cut off")
    counts = np.diff(np.searchsorted(stops, np.concatenate([[0], ends])))
    begins = np.concatenate([[0], stops[:-1] + 1]) if stops.size else stops
    lengths = stops - begins + 1
    if lengths.size and lengths.max() > LONGEST:
        raise IndexError("a varint has more than ten bytes")
    values = np.zeros(stops.size, np.uint64)
    for i in range(int(lengths.max()) if lengths.size else 0):
        those = np.flatnonzero(lengths > i)
        values[those] |= (data[begins[those] + i] & 0x7F).astype(np.uint64) << np.uint64(7 * i)
    return values.view(np.int64), counts


def packed(values: np.ndarray, counts: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Encode signed 64-bit integers as varints: the bytes, and the size of each range, which has `counts` integers."""
    whole = values.astype(np.int64).view(np.uint64)
    lengths = np.ones(whole.size, np.int64)
    for i in range(1, LONGEST):
        lengths += whole >> np.uint64(7 * i) != 0
    ends = np.cumsum(lengths)
    begins = ends - lengths
    made = np.empty(int(ends[-1]) if ends.size else 0, np.uint8)
    for i in range(int(lengths.max()) if lengths.size else 0):
        those = np.flatnonzero(lengths > i)
        more = (lengths[those] > i + 1).astype(np.uint8) << 7
        made[begins[those] + i] = (whole[those] >> np.uint64(7 * i)).astype(np.uint8) & 0x7F | more
    edges = np.concatenate([[0], ends])[np.concatenate([[0], np.cumsum(counts)])]
    return made.tobytes(), np.diff(edges)
