"""Answers in a file: kept for a rerun, and gone once a run has succeeded."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tilth.errors import RequestError
from tilth.measures.endpoint.kept import Kept, kept_beside


def test_several_threads_keep_answers_that_are_found_again(tmp_path):
    path = str(tmp_path / "deep" / "x.answers")
    kept = Kept(path)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: kept.keep(b"%d" % i, b"answer %d" % i), range(40)))
    again = Kept(path)
    assert [again.find(b"%d" % i) for i in range(41)] == [*(b"answer %d" % i for i in range(40)), None]


def test_they_are_removed_only_where_nothing_fails(tmp_path):
    assert [path for place in (None, "s3://bucket/out") for path in [kept_beside(place).__enter__()]] == ["", ""]
    with suppress(KeyError), kept_beside(tmp_path / "out") as path:
        Kept(path)
        raise KeyError
    assert (tmp_path / "out.answers").exists()
    with kept_beside(f"{tmp_path}/out/") as path:
        assert path == str(tmp_path / "out.answers")
    assert not (tmp_path / "out.answers").exists()
    (tmp_path / "out.answers").write_text("of the user's")
    with kept_beside(tmp_path / "out"):
        pass
    assert (tmp_path / "out.answers").exists()


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "x").write_text("not a database, but long enough to look like one " * 9)
    with pytest.raises(RequestError, match="does not hold answers"):
        Kept(str(tmp_path / "x"))
