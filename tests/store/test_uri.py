"""Places as they are written."""

import pytest

from tilth.store.uri import is_local, joined, local_path, scheme_of


@pytest.mark.parametrize(
    ("place", "scheme"),
    [("a.csv", "file"), ("S3://b/a", "s3"), ("postgresql://h/d", "postgresql"), ("odd : name://x", "file"), ("", "file")],
)
def test_schemes(place, scheme):
    assert scheme_of(place) == scheme


def test_paths(tmp_path):
    assert (local_path(tmp_path), is_local(tmp_path)) == (str(tmp_path), True)
    assert joined(tmp_path, "/a/b") == "/a/b"
    assert joined("s3://b/p", "train/a.csv") == "s3://b/p/train/a.csv"
