"""Varints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.formats.varints import joined, packed, read_varints, unpacked, varint, varint_at

WHOLE = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.lists(WHOLE, max_size=4), max_size=5))
def test_integers_are_read_as_they_were_packed(lists):
    values, counts = np.array([v for one in lists for v in one], np.int64), np.array(list(map(len, lists)), np.int64)
    content, sizes = packed(values, counts)
    assert content == b"".join(varint(v % 2**64) for v in values.tolist())
    found, again = unpacked(np.frombuffer(content, np.uint8), sizes)
    assert (found.tolist(), again.tolist()) == (values.tolist(), counts.tolist())


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=9))
def test_lengths_are_read_where_they_are(values):
    content = b"".join(map(varint, values))
    ends = np.cumsum([len(varint(v)) for v in values])
    found, after = read_varints(np.frombuffer(content, np.uint8), np.concatenate([[0], ends[:-1]]))
    assert (found.tolist(), after.tolist()) == (values, ends.tolist())
    assert varint_at(content, 0) == (values[0], ends[0])


def test_ranges_are_joined_and_cut_off_varints_refused():
    data = np.arange(10, dtype=np.uint8)
    assert joined(data, np.array([7, 0, 3]), np.array([2, 0, 1])).tolist() == [7, 8, 3]
    assert joined(data, np.array([7, 0]), np.array([2, 2])).tolist() == [7, 8, 0, 1]
    for act in (
        lambda: unpacked(np.array([0x80], np.uint8), np.array([1])),
        lambda: read_varints(np.full(11, 0x80, np.uint8), np.array([0])),
    ):
        with pytest.raises(IndexError):
            act()
    with pytest.raises(ValueError, match="ten bytes"):
        varint_at(b"\x80" * 11, 0)
