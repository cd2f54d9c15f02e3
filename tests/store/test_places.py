"""The store of a place, and errors about copies."""

import pytest

from tilth.errors import Mistake, Place, RequestError, SourceError
from tilth.secrets import Access
from tilth.store.places import Copies, Secured, Store, atomic, copies, has_rows, named, reject_foreign, secured, store_of


def test_a_scheme_without_a_store_is_read_by_the_engine_and_not_written():
    assert copies("hdfs://host/a.parquet").path == "hdfs://host/a.parquet"
    with pytest.raises(RequestError, match="there is no store 'hdfs'"), atomic("hdfs://host/a"):
        pass
    with pytest.raises(RequestError, match="accepted: file"):
        reject_foreign("hdfs://host/a")


def test_a_file_uri(tmp_path):
    with atomic(f"file://{tmp_path}/a%20b.txt") as new:
        new.write_text("x")
    assert copies(f"file://{tmp_path}/a%20b.txt").path == f"{tmp_path}/a b.txt"
    assert (tmp_path / "a b.txt").read_text() == "x"


def test_a_store_that_lacks_something_says_so():
    for ask in (Store().copies, Store().rows, lambda p: Store().reject_foreign(p, True), lambda p: Store().atomic(p, True)):
        with pytest.raises(NotImplementedError, match="odd://"):
            ask("odd://x")


def test_errors_about_copies_name_the_place():
    found = Copies("/tmp/copy/bucket/a.csv", "s3://bucket/a.csv", ("/tmp/copy", "s3:/"))
    with pytest.raises(SourceError) as error, named(found):
        raise SourceError(Mistake("/tmp/copy/bucket/a.csv is empty", Place("/tmp/copy/bucket/a.csv", 3)))
    assert str(error.value) == "s3://bucket/a.csv:3: s3://bucket/a.csv is empty"


def test_a_place_with_a_secret_is_the_place():
    access = Access("env:X")
    one, *_ = secured(["postgresql://h/db?table=t"], "env:X")
    assert one == Secured("postgresql://h/db?table=t", access)
    assert (str(one), has_rows(one), store_of(one).access) == (one.place, True, access)
    assert secured("a.csv", None) == "a.csv"
    for place in ("a.csv", "hdfs://host/a.parquet"):
        with pytest.raises(RequestError, match="takes no secret"):
            copies(secured(place, "env:X"))
    with pytest.raises(RequestError, match="must not contain a password") as shown:
        copies("mysql://me:marker-word@h/db")
    assert "marker-word" not in str(shown.value)
    with pytest.raises(RequestError, match="for a table in memory"):
        secured({"a": [1]}, "env:X")
