"""The section of flaws."""

from __future__ import annotations

from dataclasses import replace

from tilth.measures.insights.flaws import NO_FLAW, Insight
from tilth.measures.insights.section import INSIGHT, snippet
from tilth.report import Finding
from tilth.report.blocks import Listing, Table, plain


def flaw(code, columns, severity, place, line, part=""):
    return Finding(code, columns, 1.0, message="is so", part=part, payload=Insight(severity, place, line))


FOUND = [
    flaw("label-copy", ("alive",), "high", "features", '- select: ["!alive"]'),
    flaw("poor-model", ("won",), "high", "", ""),
    flaw("high-missing", ("alive",), "medium", "features", "- flag: {columns: alive, with: missing}"),
    flaw("disguised-missing", ("city",), "medium", "data", 'nulls: ["?"]'),
    flaw("id-column", ("no",), "medium", "roles", "id: [no]"),
    flaw("label-outliers", ("won",), "medium", "check", 'ColumnValues "won" <= 9'),
    flaw("duplicate-rows", (), "low", "rows", "- dedupe: {}"),
    flaw("collinear", ("b",), "low", "features", '- select: ["!b"]'),
    flaw("imbalanced-classes", ("won",), "low", "training", "- balance: {with: weights}"),
]


def test_all_lines_are_one_piece_of_a_flow():
    assert snippet(FOUND).splitlines() == [
        "data:",
        '  nulls: ["?"]',
        "  roles:",
        "    id: [no]",
        "check: |",
        '  Rules = [ ColumnValues "won" <= 9 ]',
        "rows:",
        "  - dedupe: {}",
        "split: {train: 0.8, test: 0.2}",
        "features:",
        '  - select: ["!alive", "!b"]',
        "training:",
        "  - balance: {with: weights}",
    ]
    assert snippet(FOUND[1:2]) == ""


def test_the_most_severe_come_first_and_onto_the_page():
    section = INSIGHT.section(FOUND)
    (first, lines) = section.blocks
    assert (type(first), type(lines.blocks[1])) == (Table, Listing)
    assert [plain(cell.words) for cell in first.rows[0]] == ["high", "alive: is so", 'features: - select: ["!alive"]']
    assert section.lead == "9 flaws (2 high, 4 medium, 3 low)."
    assert [(plain(a.words), a.urgency) for a in section.advice][1:3] == [("won: is so.", 80), ("alive: is so.", 48)]


def test_advice_and_lines_are_of_what_is_delivered():
    left = flaw("collinear", ("b",), "medium", "features", '- select: ["!b"]', part="train")
    raw = [replace(f, part="raw") for f in FOUND]
    section = INSIGHT.section([*raw, left, replace(NO_FLAW, part="test")])
    before, after, lines, test = section.blocks
    assert [plain(b.caption) for b in (before, after)] == ["What is wrong in raw", "What is wrong in train"]
    assert lines.blocks[1].text == 'features:\n  - select: ["!b"]'
    assert [plain(a.words) for a in section.advice] == ["b: is so."]
    assert (plain(test.words), test.tone) == ("No flaw was found in test.", "good")
    assert plain(section.lead) == "9 flaws in raw (2 high, 4 medium, 3 low); 1 flaw in train (1 medium); 0 flaws in test."


def test_where_all_is_mended_nothing_is_advised():
    section = INSIGHT.section([*(replace(f, part="raw") for f in FOUND), replace(NO_FLAW, part="all")])
    assert (section.advice, len(section.blocks)) == ((), 2)
