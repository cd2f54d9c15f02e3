"""What is asked of a database."""

from __future__ import annotations

import pytest

from tilth.errors import RequestError, SourceError
from tilth.store.query import asked_of, file_of, quoted


def test_a_table_or_a_query():
    uri, options, query = asked_of("redshift://me@h:5440/db?query=SELECT 1;&sslmode=verify-ca", "")
    assert (uri.hostname, uri.port, options, query) == ("h", 5440, {"sslmode": "verify-ca"}, "SELECT 1")
    assert asked_of("redshift://h/db?table=a.b", "")[2] == 'SELECT * FROM "a"."b"'
    assert (quoted('"a.b"'), quoted("a.b")) == ('"a.b"', '"a"."b"')


@pytest.mark.parametrize(
    "place",
    ["redshift://h/db", "redshift://h/db?table=a&query=b", "redshift://me:marker@h/db?table=a", "redshift://h/db?table=a&password=marker"],
)
def test_what_is_not_one(place):
    with pytest.raises(RequestError) as raised:
        asked_of(place, "redshift://host/db")
    assert "marker" not in str(raised.value)


def test_files(tmp_path, monkeypatch):
    path = tmp_path / "a shop.db"
    path.touch()
    assert file_of(f"sqlite://{tmp_path}/a%20shop.db?table=t") == (str(path), 'SELECT * FROM "t"')
    with pytest.raises(SourceError, match="there is no file"):
        file_of(f"sqlite://{tmp_path}/other.db?table=t")
    monkeypatch.chdir(tmp_path)
    path.rename("shop.db")
    with pytest.raises(SourceError, match=r"did you mean sqlite://shop\.db"):
        file_of("sqlite:///shop.db?table=t")
    with pytest.raises(RequestError, match="no option 'mode'"):
        file_of(f"sqlite://{path}?table=t&mode=rw")
