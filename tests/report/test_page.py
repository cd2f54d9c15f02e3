"""Every section: what it tells, and that it is silent where it has nothing to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.report.samples import REPORTS
from tilth.flow.split_checks import SplitCheck
from tilth.report import Facts, Finding, Outcome, Report, Scan
from tilth.report.blocks import Block, Cell, Fold, Listing, Points, Section, Table, Words, plain
from tilth.report.page import SLOWEST, facts, page, plan, verdict
from tilth.report.sections import SECTIONS
from tilth.rules.findings import Leaf, RuleVerdict
from tilth.rules.section import reasons


def section_of(kind: str) -> Callable[[Report], Section]:
    """A function from a report to its section of a kind."""
    return lambda report: SECTIONS[kind].section(report.of(kind))


rules, warnings, balance, columns = (section_of(kind) for kind in ("rule", "warning", "balance", "column"))
steps, split, numbers, analyzers = (section_of(kind) for kind in ("step", "split", "metric", "analyzer"))


def inside(blocks: tuple[Block, ...]) -> list[Block]:
    """All blocks, those in folds and sections too."""
    return [b for block in blocks for b in (block, *inside((*getattr(block, "blocks", ()), *getattr(block, "verdicts", ()))))]


def table(section: Section, caption: str) -> list[list[str]]:
    """The words of a table, its heads first."""
    found = next(b for b in inside(section.blocks) if isinstance(b, Table) and plain(b.caption) == caption)
    return [[plain(h) for h in found.heads], *([plain(c.words) for c in row] for row in found.rows)]


@pytest.mark.parametrize("name", ["loans", "measures", "many columns", "many rules"])
def test_each_section_begins_with_what_it_found(name):
    assert [s.key for s in page(REPORTS[name]).sections if not s.lead] == []


def test_an_empty_report_has_no_sections():
    assert page(Report("")).sections == ()


@pytest.mark.parametrize("name", REPORTS)
def test_every_table_is_square_and_every_link_arrives(name):
    made = page(REPORTS[name])
    for block in inside(made.sections):
        if isinstance(block, Table):
            assert block.rows
            assert {len(row) for row in block.rows} == {len(block.heads)}
            assert block.numbers <= set(block.heads)
        assert not isinstance(block, Fold | Section) or block.blocks
    assert {key for _, key in made.advice} <= {s.key for s in made.sections} | {""}


@pytest.mark.parametrize(
    ("outcomes", "tone", "words"),
    [
        ("P", "good", "The only rule passed."),
        ("F", "bad", "The only rule failed."),
        ("E", "unknown", "The only rule could not be evaluated."),
        ("PPP", "good", "All 3 rules passed."),
        ("PFP", "bad", "1 of 3 rules failed."),
        ("PFE", "bad", "1 of 3 rules failed, and 1 could not be evaluated."),
        ("PEE", "unknown", "2 of 3 rules could not be evaluated; no rule failed."),
    ],
)
def test_the_verdict_is_a_sentence(outcomes, tone, words):
    kinds = {"P": Outcome.PASSED, "F": Outcome.FAILED, "E": Outcome.ERROR}
    assert verdict(Report("x", tuple(Finding("r", outcome=kinds[o], payload=RuleVerdict()) for o in outcomes))) == (tone, words)


def test_rules_that_were_drafted_from_data_are_not_praised():
    drafted, required = (Finding("r", outcome=Outcome.PASSED, payload=RuleVerdict(labels=of)) for of in ({"baseline": "draft"}, {}))
    assert verdict(Report("x", (drafted,) * 28))[1] == "28 baseline rules recorded: drafted from data, and not yet a requirement."
    assert verdict(Report("x", (drafted, required))) == ("good", "All 2 rules passed, 1 of them a baseline drafted from data.")
    assert verdict(Report("x", (drafted, replace(required, outcome=Outcome.FAILED))))[1] == "1 of 2 rules failed."


def test_that_all_rules_were_drafted_is_not_repeated_in_each():
    def said(found):
        return [[plain(line) for line in v.reasons] for v in rules(Report("x", found)).blocks[0].verdicts]

    labels = {"baseline": "draft"}, {"baseline": "draft", "team": "sales"}
    drafted = tuple(Finding("r", outcome=Outcome.PASSED, payload=RuleVerdict(labels=of)) for of in labels)
    assert rules(Report("x", drafted)).lead == "2 recorded."
    assert said(drafted) == [[], ["Labels: team = sales."]]
    required = Finding("r", outcome=Outcome.PASSED, payload=RuleVerdict())
    assert said((drafted[0], required)) == [["Labels: baseline = draft."], []]


def test_numbers_alone_are_not_judged():
    assert verdict(REPORTS["measures"]) == ("", "There are no rules, so nothing passed or failed.")


def test_failed_rules_come_before_those_that_could_not_be_judged_and_those_that_passed():
    found = rules(REPORTS["rules"]).blocks[0].verdicts
    assert [v.outcome for v in found] == ["Failed"] * 6 + ["Could not be evaluated"] + ["Passed"] * 4
    income = next(v for v in found if "income" in v.rule)
    assert tuple(plain(line) for line in income.reasons) == ("868 of 20,212 rows fail (4.3 %).", "Found 0.957.")


def test_skipped_rows_are_not_counted_as_judged():
    finding = Finding("r", outcome=Outcome.FAILED, payload=RuleVerdict(rows={"passed": 6, "failed": 2, "skipped": 2, "total": 10}))
    assert rules(Report("x", (finding,))).blocks[0].verdicts[0].reasons == ("2 of 8 rows fail (25 %).",)


def test_a_failed_rule_shows_its_details():
    name = 'Mean "x" > avg(last(3))'
    details = {
        "evaluated": 'Mean "x" > 4.0',
        "labels": {"team": "sales"},
        "metrics": {"Column.x.Mean": 3.5, "Column.x.Sum": 7},
        "warnings": ["a warning"],
        "rows": {"passed": 1, "failed": 1, "total": 2},
        "notes": ("one", "two"),
    }
    message = "one\ntwo\n1 of 2 rows do not meet it"
    found = (
        rules(Report("x", (Finding(name, outcome=Outcome.FAILED, message=message, payload=RuleVerdict(**details)),))).blocks[0].verdicts[0]
    )
    assert plain(found.rule) == 'Mean "x" > avg(last(3))'
    assert [plain(r) for r in found.reasons] == [
        "1 of 2 rows fails (50 %).",
        "one",
        "two",
        'With its names resolved: Mean "x" > 4.0.',
        "Labels: team = sales.",
        "a warning",
    ]
    assert [plain(b.words) for b in found.blocks if isinstance(b, Words)] == ["Measured: Column.x.Mean 3.5, Column.x.Sum 7."]


def test_a_composite_shows_its_parts():
    leaves = (Leaf("a", "Passed"), Leaf("b", "Failed", notes=("no",)))
    finding = Finding("(a) AND (b)", outcome=Outcome.FAILED, message="no", payload=RuleVerdict(leaves=leaves, notes=("no",)))
    found = rules(Report("x", (finding,))).blocks[0].verdicts[0]
    assert found.reasons == ()
    assert [[plain(c.words) for c in row] for row in found.blocks[0].rows] == [["a", "Passed", ""], ["b", "Failed", "no"]]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (182.0, "Found 182."),
        (-999, "Found -999."),
        (0.9971793149764943, "Found 0.997179."),
        (0.99999999, "Found 0.99999999."),  # 1 would seem to meet the rule
        (1234567.5, "Found 1234567.5."),
        (2e7, "Found 20000000."),
        (None, "Found NULL."),
    ],
)
def test_the_value_of_a_rule_is_rounded_without_misleading(value, words):
    assert [plain(line) for line in reasons(RuleVerdict(broken=(value,)))] == [words]


def test_the_share_of_passing_rows_is_not_shown_beside_their_count():
    verdict = RuleVerdict(rows={"failed": 1, "total": 4}, broken=(0.75, None))
    assert [plain(line) for line in verdict.reasons("")] == ["1 of 4 rows fails (25 %).", "Nulls are among them."]
    assert [plain(line) for line in RuleVerdict(rows={"failed": 4, "total": 4}, broken=(0.0,)).reasons("")] == ["4 of 4 rows fail (100 %)."]


def test_the_reasons_of_a_part_are_sentences():
    leaf = Leaf("a", "Failed", broken=(7.0,), rows={"failed": 1, "total": 2})
    finding = Finding("(a) AND (b)", outcome=Outcome.FAILED, payload=RuleVerdict(leaves=(leaf,)))
    assert plain(rules(Report("x", (finding,))).blocks[0].verdicts[0].blocks[0].rows[0][2].words) == "1 of 2 rows fails (50 %). Found 7."


def test_a_metric_of_several_parts_is_one_row():
    found = [Finding("Mean", ("age",), v, part=p) for p, v in (("raw", 41.7), ("train", 41.0))]
    assert table(numbers(Report("x", tuple(found))), "Metrics") == [["metric", "columns", "raw", "train"], ["Mean", "age", "41.7", "41"]]


def test_the_balance_counts_rows_without_a_label():
    assert table(balance(REPORTS["loans"]), "Rows per value of approved")[1:] == [
        ["no", "16,389 (81.1 %)", "12,896 (50 %)", "3,229 (81.9 %)"],
        ["yes", "3,743 (18.5 %)", "12,896 (50 %)", "712 (18.1 %)"],
        ["(no label)", "80 (0.4 %)", "–", "–"],
        ["all", "20,212", "25,792", "3,941"],
    ]


def test_steps_show_rows_cells_and_what_was_learned():
    section = steps(REPORTS["loans"])
    overview = table(section, "The steps in their order")
    assert overview[1][1:5] == ["dedupe(on='application_id')", "the whole table", "20,212", "20,065"]
    assert overview[5][-1] == "missing value filled: 1,967"
    assert table(section, "What it learned")[1:] == [["age", "41"], ["income", "2,894"], ["credit.score", "652"]]
    assert any(
        plain(c.words).startswith("2: female, male") for b in inside(section.blocks) if isinstance(b, Table) for r in b.rows for c in r
    )


def test_a_split_that_leaks_says_so_and_one_that_does_not_says_that():
    section = split(REPORTS["loans"])
    assert [plain(b.words) for b in section.blocks if isinstance(b, Words)] == [
        "13 rows of test are equal to a row of the training part: a score measured there would overstate the model."
    ]
    assert [row[0] for row in table(section, "The parts")[1:]] == ["train", "test"]
    clean = Finding("keys also in the training part", ("id",), 0.0, part="test", payload=SplitCheck(rows=0, of=9))
    assert split(Report("x", (clean,))).blocks[0] == Words("No row or key is in two parts.", "good")


def test_a_warning_of_several_parts_is_shown_once():
    points = warnings(REPORTS["loans"]).blocks[0]
    assert isinstance(points, Points)
    assert [plain(words) for words in points.points] == [
        "raw, train: sex=female: the label is missing in 0.6% of sex=female and in 0.3% of the others (MISSINGNESS_DIFFERS)"
    ]


def test_the_plan_has_every_scan_and_its_query():
    report = Report("x", (), Facts(scans=(Scan("one", 0.25, "SELECT 1"), Scan("two", 1.5))))
    assert table(plan(report), "2 scans of the data")[1:] == [["1", "one", "0.25"], ["2", "two", "1.50"]]
    assert [b.title for b in inside(plan(report).blocks) if isinstance(b, Fold)] == ["The queries", "1. one, 0.25 s"]


def test_the_slowest_of_many_scans_are_shown_and_long_queries_are_cut():
    scans = tuple(Scan(f"scan {k}", 0.1 + (k % 7), "SELECT 1" * 5000) for k in range(30))
    section = plan(Report("x", (), Facts(scans=scans, seconds=200.0)))
    assert section.lead == "30 scans of the data took 88.00 of 200.00 seconds."
    told = table(section, f"The {SLOWEST} slowest of 30 scans of the data")
    assert len(told) == SLOWEST + 1
    assert told[1] == ["7", "scan 6", "6.10"]
    assert [row[2] for row in told[1:]] == ["6.10"] * 4 + ["5.10"] * 4 + ["4.10"] * 4
    queries = [b for b in inside(section.blocks) if isinstance(b, Listing)]
    assert len(queries) == 30
    assert queries[0].text.endswith("… and 36,000 characters more")


def test_known_facts_are_shown():
    assert table(facts(Report("x", (), Facts(engine="duckdb", more={"seed": 7}))), "Facts of the run")[1:] == [
        ["engine", "duckdb"],
        ["seed", "7"],
    ]


def test_parts_are_explained():
    assert plain(page(REPORTS["loans"]).note) == (
        "Numbers for raw describe the data as read; "
        "those for train (25,792 rows) and test (3,941 rows) describe the delivered data, after preparation."
    )
    assert page(REPORTS["rules"]).note == ""


def test_a_cell_has_no_tone_by_itself():
    assert Cell("x").tone == ""


def failed(examples: tuple[dict[str, object], ...], rows: list[int], subject: tuple[str, ...] = ("shop",)) -> Section:
    payload = RuleVerdict(example_rows=tuple(rows))
    return rules(Report("x", (Finding("r", subject, outcome=Outcome.FAILED, payload=payload, examples=examples),)))


def test_failing_values_are_shown_with_their_rows_and_an_id():
    section = failed(({"id": 7, "shop": "b"}, {"id": 9, "shop": None}), [30, 2])
    assert table(section, "What fails, the most frequent first") == [
        ["shop", "rows", "id of one"],
        ["b", "30", "7"],
        ["null", "2", "9"],
    ]


def test_unique_failing_values_are_shown_as_rows():
    assert table(failed(({"id": 7, "shop": "b"}, {"id": 9, "shop": "c"}), [1, 1]), "Rows that fail")[0] == ["id", "shop"]


def test_rows_without_a_value_are_shown_by_id():
    words = [plain(b.words) for b in inside(failed(({"id": 7, "shop": None}, {"id": 9, "shop": None}), []).blocks) if isinstance(b, Words)]
    assert words == ["Rows without a value, by id: 7, 9."]


def test_the_time_of_many_scans_is_shown_by_purpose():
    scans = tuple(Scan("row aggregates", 0.5, purpose=p) for p in ("", *["rules"] * 12, "bias of raw"))
    section = plan(Report("x", (), Facts(scans=scans, seconds=8.0)))
    assert table(section, "What the scans were for") == [
        ["for", "scans", "seconds"],
        ["reading", "1", "0.50"],
        ["rules", "12", "6.00"],
        ["bias of raw", "1", "0.50"],
    ]
