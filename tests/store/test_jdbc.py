"""JDBC is refused, without what its URL may hold."""

from __future__ import annotations

import pytest

import tilth


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("jdbc:postgresql://h/db?user=me&password=marker-word", "read it as postgresql://host/db"),
        ("jdbc:sqlserver://h;password=marker-word", "partitionColumn"),
        ("jdbc:oracle:thin:me/marker-word@h:1521:db", "jdbc:oracle: are not read"),
    ],
)
def test_jdbc_is_a_gap(place, says):
    for secret in (None, "env:X"):
        with pytest.raises(NotImplementedError, match=says) as raised:
            tilth.read(place, secret=secret)
        assert "marker-word" not in str(raised.value)
