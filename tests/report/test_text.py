"""Text: readable in any width, the same on every machine where there is no terminal, and safe for the terminal where there is one."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.report.samples import REPORTS
from tilth.measures.profile import ColumnProfile
from tilth.report import Finding, Report
from tilth.report.text import to_text

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.mark.slow
@pytest.mark.parametrize("width", [20, 60, 100, 200])
@pytest.mark.parametrize("name", REPORTS)
def test_no_line_is_wider_than_asked(name, width):
    lines = to_text(REPORTS[name], width=width, colour=False).splitlines()
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_moves_the_cursor(name):
    for line in to_text(REPORTS[name], width=80, colour=False).splitlines():
        assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cs") or c in "\u202e\u2066"]


def test_colour_is_only_more_than_words(monkeypatch):
    plain, coloured = (to_text(REPORTS["loans"], width=100, colour=c) for c in (False, True))
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    import re

    assert [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()] == plain.splitlines()


def test_no_terminal_no_colour(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" not in to_text(REPORTS["loans"])


def test_verdicts_have_symbols():
    text = to_text(REPORTS["rules"], width=100, colour=False)
    assert '✗ IsComplete "income"' in text
    assert "? Could not be evaluated: ReferentialIntegrity" in text


def test_a_thousand_rules_are_cut():
    text = to_text(REPORTS["many rules"], width=100, colour=False)
    assert len(text.splitlines()) < 120
    assert "more" in text


def test_names_and_numbers_stay_whole_on_eighty_columns_and_what_has_no_room_is_counted():
    names = [f"a_rather_long_column_{k}" for k in range(3)]
    gaps = {"raw": 1_836, "train": 0, "test": 0}
    payloads = {p: ColumnProfile("text", "", (), 20_000, n, 0, 20_000 - n, distinct=21_648) for p, n in gaps.items()}
    found = [Finding(n, (n,), 0.9, part=p, payload=payloads[p]) for n in names for p in gaps]
    wide, narrow = (to_text(Report("x", tuple(found)), width=w, colour=False) for w in (80, 44))
    for name in names:
        assert f"\n{name}  text  1,836 (9.2 %)" in wide
        assert f"\n{name}  " in narrow
    assert "more column" not in wide
    assert "… and 3 more columns" in narrow


def test_the_first_screen_has_no_passed_rules_no_rows_and_one_line_for_each_other_section():
    short, full = (to_text(REPORTS["loans"], width=100, colour=False, full=full) for full in (False, True))
    first, folded = short.split("\nAlso in the report\n")
    assert set(first.splitlines()) < set(full.splitlines())
    assert "✓" not in first
    assert "rows  " not in first  # the head of a table of rows
    titles = {line[2:].split(":")[0] for line in folded.splitlines() if line.startswith("- ")}
    assert {"Bias", "Columns", "The split"} < titles < set(full.splitlines())
