"""The section on bias."""

from __future__ import annotations

from dataclasses import replace

from tests.report.samples import REPORTS
from tilth.measures.bias import section
from tilth.measures.bias.payload import BiasNumber
from tilth.report import Finding, Report
from tilth.report.blocks import Fold, Picture, Points, Section, Table, Words, plain


def bias(report: Report) -> Section:
    return section.bias(report.of(BiasNumber))


def found(name: str = "DPL", value: float | None = 0.1, details: dict[str, object] | None = None, **more: object) -> Finding:
    return Finding(name, ("sex", "hired"), value, group="sex=f", payload=BiasNumber(**(details or {})), **more)


def test_a_group_has_sentences_a_chart_and_a_table():
    section = bias(REPORTS["loans"])
    groups = [b for b in section.blocks if isinstance(b, Fold)]
    assert [plain(g.title) for g in groups] == ["sex=female against the others", "age=(-inf, 25) against the others"]
    assert [type(b) for b in groups[0].blocks] == [Points, Picture, Table, Points]
    assert [plain(words) for words in groups[0].blocks[-1].points] == [
        "Rows excluded because the group or the label is missing: 198 in raw.",
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


def test_groups_are_folded_the_largest_first():
    named = [replace(found(value=0.1, details={"counts": {"n_a": 1000, "n_d": k}}), group=f"f={k}") for k in range(9)]
    folds = [b for b in bias(Report("x", tuple(named))).blocks if isinstance(b, Fold)]
    assert [plain(s.title) for s in folds] == [f"f={k} against the others" for k in reversed(range(9))]
    assert not any(s.brief for s in folds)


def test_of_two_groups_that_are_compared_with_each_other_the_one_behind_is_shown():
    named = [
        replace(found(value=value, details={"facet": "sex", "other": other}, part=part), group=f"sex={group}")
        for group, other, sign in (("m", "f", -1), ("f", "m", 1))
        for part, value in (("raw", 0.1 * sign), ("train", 0.2 * sign))
    ]
    for order in (named, named[::-1]):
        section = bias(Report("x", tuple(order)))
        assert [plain(b.title) for b in section.blocks if isinstance(b, Fold)] == ["sex=f against sex=m"]
        size = order[0].number if order[0].group == "sex=f" else -order[0].number
        compared = "1 pair of groups compared with each other; the largest difference of the favourable label: sex=f against sex=m"
        assert plain(section.lead) == f"{compared}, {size} (DPL)."


def test_a_distance_over_all_labels_is_separate():
    kl = found("KL", 0.1)
    section = bias(Report("x", (kl, found("KL", 0.2, details={"block": "by_label_value"}))))
    assert [row[0].words for row in section.blocks[-1].blocks[1].rows] == ["KL", "KL, all labels"]


def test_a_ratio_of_few_errors_does_not_hide_the_differences_in_the_chart():
    of = [found(value=0.2), found("DI", 0.3), found("TE", 15.0, low=-24.0, high=169.0)]
    (picture,) = (
        b for fold in bias(Report("x", tuple(of))).blocks if isinstance(fold, Fold) for b in fold.blocks if isinstance(b, Picture)
    )
    assert plain(picture.caption).endswith("An arrow leads beyond the chart.")
    assert ">2<" in picture.svg and ">50<" not in picture.svg


def test_values_are_counted_by_verdict_and_those_outside_are_named():
    verdicts = ["within", *["outside"] * 6, "unclear", "unclear", "not determinable"]
    of = [replace(found(details={"verdict": v, "band": (-0.1, 0.1)}), group=f"f={k}") for k, v in enumerate(verdicts)]
    words = [plain(b.words) for b in bias(Report("x", tuple(of))).blocks if isinstance(b, Words)]
    assert words[1] == (
        "Compared with the accepted bands, which are conventions: 1 within, 6 outside (DPL of f=1, DPL of f=2, DPL of f=3, DPL of f=4, "
        "DPL of f=5 and 1 more), 2 unclear and 1 not determinable. Unclear: the interval crosses a border of the band."
    )


def test_a_group_is_one_row_whatever_it_is_compared_with_in_a_part():
    of = [
        replace(found(value=0.1, details={"facet": "age", "other": other, "counts": {"n_a": 9, "n_d": 9}}, part=part), group="age=(40, 80]")
        for part, other in (("", "[17, 40]"), ("race = black", "outside (40, 80]"))
    ]
    of += [replace(found(value=0.1, details={"facet": "sex", "counts": {"n_a": 9, "n_d": 9}}), group="sex=f")]
    (overview,) = (b for b in bias(Report("x", tuple(of))).blocks if isinstance(b, Table))
    assert [[plain(c.words) for c in row[1:]] for row in overview.rows] == [["0.1", "0.1"], ["0.1", ""]]


def test_the_shares_that_are_compared_are_in_the_table_of_groups():
    of = [
        replace(found(value=0.2, details={"rates": rates, "counts": {"n_a": 9, "n_d": 9}}), group=f"sex={group}")
        for group, rates in (("f", (0.7, 0.5)), ("x", None))
    ]
    (overview,) = (b for b in bias(Report("x", tuple(of))).blocks if isinstance(b, Table))
    assert overview.heads == ("group", "favourable in the group", "in the others", "difference")
    assert [[plain(c.words) for c in row] for row in overview.rows] == [["sex=f", "50 %", "70 %", "0.2"], ["sex=x", "", "", "0.2"]]
