"""A RecordIO file shared out among readers."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.errors import RequestError
from tilth.formats import record_split
from tilth.formats.record_split import byte_range, records_of
from tilth.formats.recordio import MAGIC_BYTES, framed, records

PIECES = st.sampled_from([MAGIC_BYTES, b"\0\0\0\x20", b"\1\0\0\0", b"a", b"abcd", b""])


@given(st.lists(st.lists(PIECES, max_size=6).map(b"".join), max_size=8), st.integers(1, 7))
def test_every_record_has_one_reader(payloads, of):
    """Of payloads that hold the magic number and what looks like a header, too."""
    file = io.BytesIO(b"".join(map(framed, payloads)))
    ranges = [byte_range(file, i, of) for i in range(of)]
    assert (ranges[0][0], ranges[-1][1]) == (0, len(file.getvalue()))
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ranges))
    assert [r for i in range(of) for r in records_of(file, i, of)] == payloads


def test_a_record_that_begins_far_behind_the_end_of_a_range(monkeypatch):
    monkeypatch.setattr(record_split, "CHUNK", 8)
    payloads = [b"x" * 101, b"y" * 3, b"z" * 60]
    file = io.BytesIO(b"".join(map(framed, payloads)))
    assert [list(records_of(file, i, 4)) for i in range(4)] == [payloads[:1], [], payloads[1:], []]
    file.seek(0)
    assert list(records(file)) == payloads
    with pytest.raises(RequestError, match="there is no reader 4 of 4"):
        byte_range(file, 4, 4)
