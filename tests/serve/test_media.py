"""Content types and `Accept`, as real clients write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.serve.media import chosen, media_type

OFFERED = ("application/json", "text/csv", "application/jsonlines")

TYPES = [
    ("text/csv", "text/csv", {}),
    ("text/csv; charset=utf-8", "text/csv", {"charset": "utf-8"}),
    ("TEXT/CSV ;CharSet=UTF-8;header=present", "text/csv", {"charset": "UTF-8", "header": "present"}),
    ('application/json; profile="a;b\\"c"', "application/json", {"profile": 'a;b"c'}),
    ("application/json;", "application/json", {}),
    ("text/csv; label_size=0; x=1; x=2", "text/csv", {"label_size": "0", "x": "1"}),
]


@pytest.mark.parametrize(("header", "name", "parameters"), TYPES)
def test_a_content_type(header, name, parameters):
    found = media_type(header)
    assert (found.name, found.parameters) == (name, parameters)


@pytest.mark.parametrize(
    "header", ["", "csv", "text/", "text/csv charset=utf-8", 'text/csv; charset="utf-8', "text/csv; =x", "text/csv, text/csv"]
)
def test_a_malformed_content_type(header):
    assert media_type(header) is None


ACCEPTS = [
    ("", "text/csv"),
    ("*/*", "text/csv"),
    ("application/json", "application/json"),
    ("application/json; charset=utf-8", "application/json"),
    ("text/html, application/xhtml+xml, */*;q=0.8", "text/csv"),
    ("text/csv;q=0.1, application/jsonlines;q=0.3", "application/jsonlines"),
    ("*/*;q=0.5, text/csv;q=0", "application/json"),
    ("application/*, text/csv;q=0.9", "application/json"),
    ("text/csv;q=0", None),
    ("image/png", None),
    ("application/json;q=high", None),
    ("nonsense, text/csv", "text/csv"),
]


@pytest.mark.parametrize(("header", "media"), ACCEPTS)
def test_what_a_client_accepts(header, media):
    assert chosen(header, OFFERED, "text/csv") == media


@given(st.text(max_size=60))
def test_any_header_is_read(header):
    media_type(header)
    assert chosen(header, OFFERED, "text/csv") in (None, *OFFERED)
