"""Files read piece by piece, each piece with what the one before has left: without a second copy, which would take as long as reading."""

from __future__ import annotations

from typing import IO, Any, cast

import numpy as np

READ = 1 << 21  # bytes that are read at once where nothing is held: much larger pieces fall out of the caches of a processor


def filled(file: IO[bytes], rest: memoryview, size: int = READ) -> memoryview:
    """What is left of the piece before and up to `size` bytes more, at least one unless the file ends there.

    >>> import io
    >>> file = io.BytesIO(b"hello")
    >>> first = filled(file, memoryview(b""), 4)
    >>> bytes(first), bytes(filled(file, first[3:], 4)), bytes(filled(file, first[:0], 4))
    (b'hell', b'lo', b'')
    """
    room = memoryview(cast("Any", np.empty(len(rest) + size, np.uint8)))  # not zeroed
    room[: len(rest)] = rest
    read: int = cast("Any", file).readinto(room[len(rest) :])
    return room[: len(rest) + read]
