"""Where mistakes stand, and that all of them are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house.tree import ROOT
from tilth.rules import CODES
from tilth.rules.language.diagnostics import MOST_ERRORS, Diagnostics, SourceText, Span, TooMany

TEXT = "ab\r\ncd\n\nefg"


@pytest.mark.parametrize(
    ("span", "line", "column", "length"),
    [((0, 2), 1, 1, 2), ((1, 6), 1, 2, 1), ((4, 6), 2, 1, 2), ((7, 7), 3, 1, 1), ((8, 11), 4, 1, 3), ((11, 11), 4, 4, 1)],
)
def test_places(span: tuple[int, int], line: int, column: int, length: int) -> None:
    place = SourceText(TEXT).place(Span(*span))
    assert (place.line, place.column) == (line, column)
    assert place.length == length
    assert place.text == ["ab", "cd", "", "efg"][line - 1]


@given(st.text(alphabet="ab\n\r", max_size=30), st.data())
def test_a_place_finds_its_character(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    place = SourceText(text).place(Span(at, at + 1))
    assert place.line
    assert place.column
    assert sum(len(line) + 1 for line in text.split("\n")[: place.line - 1]) + place.column - 1 == at


def test_in_strict_mode_an_extension_is_an_error() -> None:
    report = Diagnostics(SourceText("abc"), strict=True)
    report.extension("W-SPELLING", Span(0, 1), "so not", strictly="E-RULETYPE")
    assert [(one.code, one.severity) for one in report.sorted()] == [("E-RULETYPE", "error")]


def test_mistakes_come_in_the_order_of_the_source() -> None:
    report = Diagnostics(SourceText("abc"))
    report.error("E-SYNTAX", Span(2, 3), "late")
    report.warn("W-UNUSED", Span(0, 1), "early")
    assert [one.message for one in report.sorted()] == ["early", "late"]


def test_there_is_an_end() -> None:
    report = Diagnostics(SourceText("abc"))
    with pytest.raises(TooMany):
        for _ in range(MOST_ERRORS + 1):
            report.error("E-SYNTAX", Span(0, 1), "again")
    assert len(report.sorted()) == MOST_ERRORS + 1


def test_guesses_are_few() -> None:
    report = Diagnostics(SourceText(""))
    assert report.near("Meen", ["Mean", "Sum"]) == "did you mean 'Mean'?"
    assert report.near("Meen", ["Sum"]) == ""
    assert [bool(report.near(f"Mean{i}", ["Mean"])) for i in range(110)] == [True] * 98 + [False] * 12


def test_a_long_line_is_shown_around_the_culprit() -> None:
    text = "x" * 500 + "HERE" + "y" * 500
    line, marks = SourceText(text).place(Span(500, 504)).underlined().split("\n")
    assert len(line) < 170
    assert line[marks.index("^") :][: marks.count("^")] == "HERE"


def test_the_manual_lists_every_code() -> None:
    page = (ROOT / "docs" / "dqdl.md").read_text()
    assert [f"| `{code}` | {meaning} |" for code, meaning in CODES.items() if f"| `{code}` | {meaning} |" not in page] == []
