"""Perceptual hashes of images, and clusters of near-duplicates."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dctn

from tilth.metrics.images.hashes import DIFFERENT, Distinct, clusters, perceptual_hash
from tilth.testing.needs import check_need

RANDOM = np.random.default_rng(3)
NOISE = RANDOM.integers(0, 256, (32, 32)).astype(float)


def test_the_hash_is_that_of_the_cosine_transform_of_scipy():
    low = dctn(NOISE)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    assert perceptual_hash(NOISE) == f"{int(''.join('01'[int(b)] for b in bits), 2):016x}"


def test_light_and_little_noise_change_few_bits_and_another_image_many():
    def different(other):
        return (int(perceptual_hash(NOISE), 16) ^ int(perceptual_hash(other), 16)).bit_count()

    assert different(NOISE * 0.9 + 10) == 0
    assert different(NOISE + RANDOM.normal(0, 2, NOISE.shape)) <= DIFFERENT
    assert different(NOISE.T) > DIFFERENT


def test_plain_images_have_the_same_hash():
    assert perceptual_hash(np.full((32, 32), 7.0)) == perceptual_hash(np.full((32, 32), 200.1)) == "8000000000000000"


@given(st.lists(st.integers(0, 2**64 - 1), max_size=12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 63)), max_size=40))
def test_clusters_are_those_of_all_pairs(numbers, flipped):
    """Each pair compared, as often as there are hashes."""
    numbers += [numbers[i % len(numbers)] ^ (1 << bit) for i, bit in flipped if numbers]
    hashes = sorted({f"{n:016x}" for n in numbers})
    first = {h: h for h in hashes}
    for _ in hashes:
        for a in hashes:
            near = [first[b] for b in hashes if (int(a, 16) ^ int(b, 16)).bit_count() <= DIFFERENT]
            first[a] = min(near)
    assert clusters(hashes) == first


def test_the_need_keeps_its_laws():
    check_need(Distinct(("hash",)), pa.table({"hash": ["b", None, "a", "b"] * 5}))


@pytest.mark.spark
def test_the_need_on_spark(spark):
    from tilth.engine.spark import Spark

    check_need(Distinct(("hash",)), pa.table({"hash": ["b", None, "a", "b"]}), (Spark(spark).session(),))
