"""murmur3: scikit-learn's hashes."""

import pyarrow as pa
import pytest
from sklearn.utils.murmurhash import murmurhash3_32

from tilth.steps.text.murmur3 import murmur3


@pytest.mark.parametrize("texts", [[], [""], ["a", "ab", "abc", "abcd", "日本 x", "x" * 101, ""]])
def test_the_hash_is_that_of_scikit_learn(texts):
    hashes = murmur3(pa.array(["skipped", *texts], pa.string()).slice(1))
    assert hashes.tolist() == [murmurhash3_32(text, seed=0) for text in texts]
