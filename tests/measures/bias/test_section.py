"""Bias in words: the direction is right, and chance is called chance."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.report.samples import REPORTS
from tilth.measures.bias import section
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.section import MOST, Facet, sentences
from tilth.report import Finding, Report
from tilth.report.blocks import Fold, Picture, Points, Section, Table, plain


def bias(report: Report) -> Section:
    return section.bias(report.of(BiasNumber))


def found(name: str = "DPL", value: float | None = 0.1, details: dict[str, object] | None = None, **more: object) -> Finding:
    return Finding(name, ("sex", "hired"), value, group="sex=f", payload=BiasNumber(**(details or {})), **more)


def told(*findings: Finding) -> list[str]:
    return [plain(words) for words in sentences(findings)]


def test_less_is_less_and_more_is_more():
    assert told(found(value=0.143)) == ["sex=f gets the positive label less often than the others: by 14.3 percentage points."]
    assert told(found(value=-0.143)) == ["sex=f gets the positive label more often than the others: by 14.3 percentage points."]
    assert told(found(value=0.0)) == ["sex=f gets the positive label as often as the others."]


def test_the_interval_is_told_from_its_own_side():
    assert told(found(value=-0.2, low=-0.3, high=-0.1))[0].endswith("by 20 percentage points (10 to 30).")
    assert told(found(value=0.02, low=-0.1, high=0.14))[0].endswith("by 2 percentage points (perhaps by chance).")


def test_parts_share_a_sentence_where_they_agree():
    parts = [found(value=v, part=p) for p, v in (("raw", 0.2), ("train", 0.1), ("test", -0.05))]
    assert told(*parts) == [
        "sex=f gets the positive label less often than the others: by 20 percentage points in raw and 10 in train.",
        "sex=f gets the positive label more often than the others: by 5 percentage points in test.",
    ]


def test_shares_come_from_the_counts():
    counts = {"n_d_positive": 1, "n_d_negative": 3, "n_a_positive": 1, "n_a_negative": 1}
    details = {"counts": counts, "label": "hired", "label_value": "yes", "other": "m", "facet": "sex"}
    assert told(found(value=0.25, details=details)) == [
        "sex=f gets hired=yes less often than sex=m: by 25 percentage points.",
        "sex=f gets hired=yes in this share of its rows: 25 %; sex=m: 50 %.",
    ]


def test_size_and_strata():
    assert told(found("CI", 0.5)) == ["sex=f is 25 % of the rows."]
    assert told(found("CI", 0.5, details={"counts": {"n_a": 60, "n_d": 40}}, part="raw")) == ["sex=f is 40 % of the rows in raw."]
    assert "3 percentage points" in told(found("CDDL", 0.03))[0]
    assert "is smaller than" in told(found("CDDL", -0.03))[0]


@pytest.mark.parametrize("name", ["KL", "JS", "LP", "TVD", "KS"])
def test_a_distance_has_no_direction(name):
    assert told(found(name)) == []


@pytest.mark.parametrize("value", [None, math.nan])
def test_no_value_no_sentence(value):
    assert told(found(value=value)) == []


def test_a_group_has_sentences_a_chart_and_a_table():
    section = bias(REPORTS["loans"])
    groups = [b for b in section.blocks if isinstance(b, Section)]
    assert [plain(g.title) for g in groups] == ["sex=female against the others", "age=(-inf, 25) against the others"]
    assert [type(b) for b in groups[0].blocks] == [Points, Picture, Table, Points]
    assert [plain(words) for words, _ in groups[0].blocks[-1].points] == [
        "Rows left out because the group or the label is missing: 198 in raw.",
        "raw: CDDL has no value: group variable is empty or not provided.",
    ]


def test_groups_are_compared_in_one_table_the_largest_first():
    named = [
        replace(found(value=0.1 * k, details={"facet": "f", "counts": {"n_a": 1000, "n_d": rows}}, part=part), group=f"f={k}")
        for k, rows in enumerate((100, 900, 500))
        for part in ("raw", "train")
    ]
    overview = bias(Report("x", tuple(named))).blocks[1]
    assert [[plain(c.words) for c in row] for row in overview.rows] == [["f=1", "0.1", "0.1"], ["f=2", "0.2", "0.2"], ["f=0", "0", "0"]]


def test_of_many_groups_the_largest_are_told_and_the_others_folded():
    named = [replace(found(value=0.1, details={"counts": {"n_a": 1000, "n_d": k}}), group=f"f={k}") for k in range(MOST + 3)]
    section = bias(Report("x", tuple(named)))
    told = [b for b in section.blocks if isinstance(b, Section)]
    assert [plain(s.title) for s in told] == [f"f={k} against the others" for k in range(3, MOST + 3)]
    assert not any(s.brief for s in told)
    assert isinstance(section.blocks[-1], Fold)
    assert section.blocks[-1].title == "3 smaller groups"


def test_a_distance_over_all_labels_stands_apart():
    kl = found("KL", 0.1)
    section = bias(Report("x", (kl, found("KL", 0.2, details={"block": "by_label_value"}))))
    assert [row[0].words for row in section.blocks[-1].blocks[1].rows] == ["KL", "KL, all labels"]


def test_blanks_around_a_value_are_shown_by_quotes_around_the_value():
    assert plain(Facet("sex", "sex=male  ").told()) == 'sex="male  "'
    assert plain(Facet("sex", "sex=male").told()) == "sex=male"


def test_braces_in_names_and_values_are_only_letters():
    cddl = Finding("CDDL", ("x",), -0.2, group="x={{7*7}} {0} ${y}", payload=BiasNumber(facet="x"))
    for told_ in (told(replace(cddl, name="DPL")), told(cddl)):
        assert "x={{7*7}} {0} ${y}" in told_[0]
