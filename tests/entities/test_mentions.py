"""Names of a row's person in its texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.entities.mentions import mentions


@pytest.mark.parametrize(
    ("text", "names", "found"),
    [
        ("Ann Lee called", ("Lee, Ann",), ["Ann Lee"]),
        ("Dr. Lee's letter, ANN’S letter", ("Dr. Ann Lee", None), ["Lee", "ANN"]),
        ("Anna and Leeds", ("Ann", "Lee"), []),  # whole words
        ("in may, May said", ("May",), ["May"]),
        ("in may: May said", ("may",), ["may", "May"]),  # a column in lower case
        ("Ms Smith-Jones, Ms Jones", ("Smith-Jones",), ["Smith-Jones", "Jones"]),
        ("to O'Brien", ("Conan O'Brien",), ["O'Brien"]),
        ("Mr van Dyk", ("Jan van Dyk",), ["Dyk"]),
        ("联系王伟先生", ("王伟",), ["王伟"]),
        ("A said", ("A",), []),
        ("", ("Ann",), []),
        (None, ("Ann",), []),
        ("Ann", (None, ""), []),
    ],
)
def test_words_of_names_are_found(text: str | None, names: tuple[str | None, ...], found: list[str]) -> None:
    assert [(text or "")[a:b] for a, b in mentions(text, names)] == found


@given(st.text(), st.lists(st.text(max_size=8) | st.none(), max_size=3))
def test_places_are_apart_and_in_the_text(text: str, names: list[str | None]) -> None:
    ends = [0, *(x for place in mentions(f"{text} {names[0] if names else ''}", names) for x in place)]
    assert ends == sorted(ends) and ends[-1] <= len(text) + 9
