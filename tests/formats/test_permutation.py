"""Permutations: the published vectors, and what every kind of shuffle keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.formats.permutation import GAMMA, blocks, draws, key, mix, permutation


def samples(sizes, seed, epoch, shuffle, at_once=16, buffer=10_000):
    """The rows of all shards, numbered on from shard to shard, in the order of an epoch."""
    starts, kept, found = np.concatenate([[0], np.cumsum(sizes)]), np.zeros(0, int), []
    for block in blocks(sizes, seed, epoch, shuffle, at_once, buffer):
        every = np.concatenate([kept, *(np.arange(starts[i], starts[i + 1]) for i in block.shards)]).astype(int)[block.order]
        found += every[: block.emitted].tolist()
        kept = every[block.emitted :]
    assert not kept.size
    return found


def test_vectors():
    """SplitMix64 as published for seed 1234567, and permutations made by another implementation of the same rule."""
    counted = np.uint64(1234567) + np.arange(1, 4, dtype=np.uint64) * np.uint64(GAMMA)
    assert mix(counted).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert (hex(key(42, 0, 0)), hex(key(42, 1, 0))) == ("0xf714e86c945bd8af", "0xb6961716dbf653a5")
    assert permutation(42, (0, 0), 10).tolist() == [3, 5, 9, 1, 2, 7, 6, 0, 4, 8]
    assert permutation(42, (1, 0), 10).tolist() == [6, 5, 3, 9, 2, 1, 0, 8, 7, 4]
    assert permutation(0, (0, 0), 10).tolist() == [6, 7, 1, 2, 9, 0, 5, 8, 3, 4]
    assert samples([3] * 4, 42, 0, "block", 2) == [4, 11, 9, 3, 10, 5, 1, 8, 6, 2, 7, 0]
    assert samples([3] * 4, 42, 1, "block", 2) == [10, 9, 11, 6, 8, 7, 5, 0, 2, 4, 3, 1]
    assert [b.shards for e in (0, 1) for b in blocks([3] * 4, 42, e, "block", 2)] == [(3, 1), (2, 0), (3, 2), (1, 0)]
    assert draws(7, (1,), 5, 3).tolist() == draws(7, (1,), 0, 8)[5:].tolist()


@pytest.mark.parametrize("shuffle", ["none", "shards", "buffer", "block", "full"])
@given(sizes=st.lists(st.integers(0, 9), max_size=9), seed=st.integers(0, 2**64), epoch=st.integers(0, 5), size=st.integers(1, 6))
def test_every_row_comes_out_once(shuffle, sizes, seed, epoch, size):
    found = samples(sizes, seed, epoch, shuffle, size, size)
    assert sorted(found) == list(range(sum(sizes)))
    assert found == samples(sizes, seed, epoch, shuffle, size, size)
    if shuffle == "none":
        assert found == sorted(found)
    if shuffle == "buffer":  # no row comes out more than the buffer, less one, before its turn
        order = samples(sizes, seed, epoch, "shards")
        assert all(order.index(row) - place < size for place, row in enumerate(found))


def test_how_well_a_buffer_shuffles():
    """The rank correlation of the order with a buffer of a hundredth, a tenth and half of the rows."""
    n = 20_000
    for part, expected in ((100, 0.9994), (10, 0.948), (2, 0.36)):  # as measured with another implementation
        found = samples([n], 0, 0, "buffer", buffer=n // part)
        assert np.corrcoef(np.arange(n), found)[0, 1] == pytest.approx(expected, abs=0.012)
