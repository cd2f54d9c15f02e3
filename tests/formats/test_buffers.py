"""Files read piece by piece."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from tilth.formats.buffers import filled


@given(st.binary(max_size=40), st.integers(1, 9), st.integers(0, 9), st.integers(0, 5))
def test_pieces_and_what_they_leave_are_the_file(content, size, needed, left):
    file, held, found = io.BytesIO(content), memoryview(b""), b""
    while len(new := filled(file, held, needed, size)) > len(held):
        assert len(new) % size == 0 or file.read(1) == b""
        assert len(new) >= len(held) + needed or file.read(1) == b""
        taken = max(0, len(new) - left)
        found += bytes(new[:taken])
        held = new[taken:]
    assert found + bytes(held) == content
