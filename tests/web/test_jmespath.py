"""Paths into JSON documents, beside JMESPath's own where it is installed."""

import pytest

from tilth.errors import RequestError
from tilth.web.jmespath import path

DOCUMENT = {"a": {"b": [1, 2, {"c": 3}]}, "rows": [{"x": 1, "y y": [1, 2]}, {"x": 2, "y y": [3, 4]}], "list": [[1, 2], [3, 4]], "n": None}
PATHS = {
    "a.b[2].c": 3,
    "a.b[-1].c": 3,
    '"a"."b"[0]': 1,
    "rows[*].x": [1, 2],
    'rows[*]."y y"[1]': [2, 4],
    "rows[*].[x, x]": [[1, 1], [2, 2]],
    "list[]": [1, 2, 3, 4],
    "[a.b[0], rows[0].x]": [1, 1],
    "n.x": None,
    "a.b[9]": None,
    "@": DOCUMENT,
}


@pytest.mark.parametrize(("text", "found"), PATHS.items())
def test_what_a_path_finds(text, found):
    assert path(text)(DOCUMENT) == found


def test_a_list_stays_as_long_as_it_is():
    assert path("[*].x")([{"x": 1}, {}]) == [1, None]


@pytest.mark.parametrize("text", ["", "a.", "a[", "a[1", "[a, b", "a b", "length(a)", "a[?x>`1`]", "a..b", "rows[*].", "a]", "1"])
def test_what_is_not_a_path_is_refused(text):
    with pytest.raises(RequestError, match="is not a path"):
        path(text)
