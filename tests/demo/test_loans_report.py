"""What was planted in the example data is found: by the rule that is named for it, and by the report of the demo, as often as planted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tilth
from tests.demo.flaws import PLANTED, Flaw, planted
from tests.engines import duckdb_session
from tilth.data import Dataset
from tilth.demo.loans import NULLS, YOUNG, loans, write_loans
from tilth.engine.dry_run import DryRun
from tilth.engine.duckdb import DuckDB
from tilth.flow import Flow
from tilth.measures.bias import BiasRequest, Facet, bias_findings
from tilth.report import Finding, Outcome, Report
from tilth.steps.clean.formula import Formula
from tilth.steps.clean.null_if import NullIf
from tilth.steps.fitting import fit
from tilth.verbs import dry_run

ROWS = 6_000
FLOW = Path(tilth.__file__).parent / "demo" / "loans.yaml"  # the demo's own
WITH_RULE = [flaw.name for flaw in PLANTED if flaw.rule]


@dataclass
class Demo:
    """The file, what is planted in it, and the report of the flow that the demo runs on it."""

    place: Path
    rows: list[dict[str, str]]
    flaws: Mapping[str, Flaw]
    report: Report

    def count(self, *names: str) -> int:
        """Rows that have one of some flaws; a cell has at most one."""
        return len({n for name in names for n in self.flaws[name].rows})

    def empty(self, column: str) -> int:
        """Cells that are empty or a null token."""
        return sum(row[column] in ("", *NULLS) for row in self.rows)

    def rule(self, begins: str) -> Finding:
        (found,) = (f for f in self.report.of("rule") if f.name.startswith(begins))
        return found

    def failed(self, begins: str) -> int:
        return int(self.rule(begins).payload.rows["failed"])

    def leaf(self, begins: str, rule: str) -> int:
        """Rows that fail one rule of a joined one."""
        (rows,) = (leaf.rows for leaf in self.rule(begins).payload.leaves if leaf.rule == rule)
        return int(rows["failed"])

    def column(self, name: str, part: str = "raw") -> Mapping[str, Any]:
        (found,) = (f for f in self.report.of("column") if f.name == name and f.part == part)
        return found.payload.to_json()

    def ones(self, name: str, part: str) -> int:
        """How often a column of 0 and 1 is 1."""
        details = self.column(name, part)
        return round(details["mean"] * details["rows"])

    def bias(self, fits: Callable[[str], bool]) -> int:
        """Rows of the groups of `sex` whose name fits, in the raw table."""
        found = [f for f in self.report.of("bias") if f.name == "CI" and f.part == "raw" and f.payload.facet == "sex"]
        return sum(f.payload.counts["n_d"] for f in found if fits(f.payload.facet_value))

    def steps(self, name: str) -> list[Finding]:
        return [f for f in self.report.of("step") if f.name == name]

    def lost(self, name: str) -> list[int]:
        """How many rows each step of a name takes away."""
        return [f.payload.rows_in - f.payload.rows_out for f in self.steps(name)]

    def changed(self, name: str, column: str) -> int:
        """Cells that the steps of a name change in a column."""
        return sum(sum(f.payload.cells_changed.get(column, {}).values()) for f in self.steps(name))

    def left(self, *names: str) -> int:
        """Rows with one of some flaws that remain after `rows`: each application once, and decided."""
        rows = [self.rows[n - 1] for n in {n for name in names for n in self.flaws[name].rows}]
        return len({(row["applied_at"], row["customer_no"]) for row in rows if row["approved"]})

    def split_figure(self, name: str) -> float:
        """A figure of the split, of the test part."""
        (found,) = (f.value for f in self.report.of("split") if f.name == name and f.part == "test")
        return float(found)

    def label_drift(self) -> Any:
        """How far the shares of the approved are apart before and after the cut in time."""
        cut = self.steps("split")[0].payload.learned[""]["cuts"][0]
        kept = {(row["applied_at"], row["customer_no"]): row["approved"] for row in self.rows if row["approved"]}
        parts = ([y == "yes" for (at, _), y in kept.items() if (at <= str(cut)) == first] for first in (True, False))
        early, late = (sum(part) / len(part) for part in parts)
        return pytest.approx(abs(early - late), rel=1e-9)

    def shown(self, column: str) -> int:
        """Values of a private column anywhere in the report."""
        text = (self.place / "result/report.json").read_text("utf-8")
        return sum(value in text for value in {row[column].strip() for row in self.rows})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    place = tmp_path_factory.mktemp("demo")
    write_loans(place / "loans.csv", ROWS)
    (place / "loans.yaml").write_text(FLOW.read_text("utf-8"), "utf-8")
    report = tilth.run(place / "loans.yaml", place / "result")
    return Demo(place, list(loans(ROWS)), {flaw.name: flaw for flaw in planted(ROWS)}, report)


@pytest.mark.slow
def test_the_plan_of_the_demo_has_the_queries_of_its_run(demo: Demo) -> None:
    session = DryRun(duckdb_session())
    dry_run(Flow.load(demo.place / "loans.yaml"), session)
    assert {scan.purpose for scan in session.scans} <= {scan.purpose for scan in demo.report.facts.scans}
    assert "bias of raw" in {scan.purpose for scan in session.scans}


# ── by the rule that is named for a flaw ──

TOGETHER = (
    ("sex_missing", "sex_case", "sex_padded"),
    ("age_missing", "age_token"),
    ("marital_missing", "marital_token"),
    ("income_missing", "income_withheld", "income_token"),
    ("purpose_case", "purpose_padded"),
)
MORE = {  # the rows of these flaws break the rule too, for null meets no comparison
    "age_negative": ("age_missing", "age_token"),
    "age_too_old": ("age_missing", "age_token"),
    "marital_case": ("marital_missing", "marital_token", "marital_blank"),
    "income_thousands": ("income_missing", "income_withheld", "income_token"),
    "score_code": ("score_missing",),
}
MORE |= {name: tuple(other for other in names if other != name) for names in TOGETHER for name in names}
MORE["sex_missing"] = ()
SOUNDLY_EMPTY = {"employed_before_birth": "employed_since", "employed_forever": "employed_since", "note_private": "note"}


def rows_that_break(flaw: Flaw, demo: Demo) -> int:
    if flaw.name == "income_withheld":
        return sum(row["employment"] == "self-employed" and row["income"] in ("", *NULLS) for row in demo.rows)
    empty = SOUNDLY_EMPTY.get(flaw.name)
    return demo.count(flaw.name, *MORE.get(flaw.name, ())) + (demo.empty(empty) if empty else 0)


def once(rows: list[dict[str, str]], *columns: str) -> float:
    """The share of rows whose key occurs once."""
    keys = Counter(tuple(row[c] for c in columns) for row in rows)
    return sum(n == 1 for n in keys.values()) / len(rows)


def entropy(values: list[str]) -> float:
    return -sum(n / len(values) * math.log(n / len(values)) for n in Counter(values).values())


FIGURES: dict[str, Callable[[list[dict[str, str]]], float]] = {  # where a rule is on one number: that number
    "repeated_exactly": lambda rows: sum(n for n in Counter(tuple(row.values()) for row in rows).values() if n > 1),
    "repeated_changed": lambda rows: once(rows, "application_id"),
    "repeated_new_id": lambda rows: once(rows, "applied_at", "customer_no"),
    "returning_customer": lambda rows: once(rows, "customer_no"),
    "imbalance": lambda rows: entropy([row["approved"] for row in rows if row["approved"]]),
    "constant": lambda rows: len({row["currency"] for row in rows}),
    "near_unique": lambda rows: once(rows, "customer_no") * len(rows) / len({row["customer_no"] for row in rows}),
}


@pytest.fixture(scope="module")
def verdicts(demo: Demo) -> dict[str, Finding]:
    """The finding of each flaw's rule, all judged in one call."""
    rules = list(dict.fromkeys(flaw.rule for flaw in PLANTED if flaw.rule))
    found = tilth.check(tilth.read(demo.place / "loans.csv", nulls=NULLS), f"Rules = [ {', '.join(rules)} ]").findings
    return dict(zip(rules, found, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_RULE)
def test_the_rule_for_a_flaw_fails_for_its_rows_and_no_others(name: str, demo: Demo, verdicts: dict[str, Finding]) -> None:
    flaw = demo.flaws[name]
    found = verdicts[flaw.rule]
    assert flaw.count > 0
    assert found.outcome is Outcome.FAILED, found.message
    if name in FIGURES:
        assert found.value == pytest.approx(FIGURES[name](demo.rows), rel=1e-12)
    else:
        assert found.payload.rows["failed"] == rows_that_break(flaw, demo)


# ── by the report of the demo ──

SEX, AGE, MARITAL = 'ColumnValues "sex"', '(ColumnValues "age"', 'ColumnValues "marital"'
NO_AGE, NO_INCOME = ("age_missing", "age_token"), ("income_missing", "income_withheld", "income_token")
NO_MARITAL = ("marital_missing", "marital_token", "marital_blank")
FOUND: dict[str, Callable[[Demo], tuple[Any, Any]]] = {  # flaw → what the report says, and what was planted
    "name_padded": lambda d: (d.failed('ColumnValues "name"'), d.count("name_padded")),
    "sex_missing": lambda d: (d.column("sex")["missing"], d.count("sex_missing")),
    "sex_case": lambda d: (d.bias(lambda group: group.strip('" ') != group.strip('" ').lower()), d.count("sex_case")),
    "sex_padded": lambda d: (d.failed(SEX), d.count("sex_missing", "sex_case", "sex_padded")),
    "age_missing": lambda d: (d.column("age")["missing"], d.count(*NO_AGE)),
    "age_token": lambda d: (d.changed("impute", "age"), d.left(*NO_AGE, "age_negative", "age_too_old")),
    "age_negative": lambda d: (d.leaf(AGE, 'ColumnValues "age" >= 18'), d.count(*NO_AGE, "age_negative")),
    "age_too_old": lambda d: (d.leaf(AGE, 'ColumnValues "age" <= 110'), d.count(*NO_AGE, "age_too_old")),
    "marital_missing": lambda d: (d.column("marital")["missing"], d.count(*NO_MARITAL)),
    "marital_token": lambda d: (d.changed("impute", "marital"), d.left(*NO_MARITAL)),
    "marital_blank": lambda d: (d.column("marital")["blank"], d.count("marital_blank")),
    "marital_case": lambda d: (d.failed(MARITAL), d.count(*NO_MARITAL, "marital_case")),
    "employed_before_birth": lambda d: (d.failed('ColumnValues "employed_since" >='), d.count("employed_before_birth")),
    "employed_forever": lambda d: (d.failed('ColumnValues "employed_since" <='), d.count("employed_forever")),
    "income_missing": lambda d: (d.column("income")["missing"], d.count(*NO_INCOME)),
    "income_withheld": lambda d: (d.changed("impute", "income"), d.left(*NO_INCOME)),
    "income_token": lambda d: (d.rule('Completeness "income"').value, pytest.approx(1 - d.count(*NO_INCOME) / ROWS, rel=1e-12)),
    "income_thousands": lambda d: (d.failed('ColumnValues "income"'), d.count(*NO_INCOME, "income_thousands")),
    "purpose_case": lambda d: (d.failed('ColumnValues "purpose"'), d.count("purpose_case", "purpose_padded")),
    "purpose_padded": lambda d: (d.column("purpose")["distinct"], len({row["purpose"] for row in d.rows})),
    "amount_slip": lambda d: (d.column("amount")["maximum"], max(int(d.rows[n - 1]["amount"]) for n in d.flaws["amount_slip"].rows)),
    "score_missing": lambda d: (d.column("credit.score")["missing"], d.count("score_missing")),
    "score_code": lambda d: (d.changed("null_if", "credit.score"), d.left("score_code")),
    "label_missing": lambda d: (d.failed('IsComplete "approved"'), d.count("label_missing")),
    "repeated_exactly": lambda d: (d.rule("DuplicateRowCount").value, FIGURES["repeated_exactly"](d.rows)),
    "repeated_changed": lambda d: (d.lost("dedupe")[0], d.count("repeated_exactly", "repeated_changed")),
    "repeated_new_id": lambda d: (d.lost("dedupe")[1], d.count("repeated_new_id")),
    "returning_customer": lambda d: (d.column("customer_no")["distinct"], ROWS - d.count(*COPIES, "returning_customer")),
    "imbalance": lambda d: (balance(d, "raw"), {"yes": d.count("imbalance"), "no": ROWS - d.count("imbalance", "label_missing")}),
    "leak": lambda d: (d.column("disbursed_at")["valid"], d.count("leak")),
    "late_region": lambda d: (d.ones("region_other", "test"), d.left("late_region")),
    "note_private": lambda d: (d.failed('ColumnValues "note"'), d.count("note_private")),
    "constant": lambda d: (d.column("currency")["top"], (("EUR", d.count("constant")),)),
    "near_unique": lambda d: (d.rule("UniqueValueRatio").value, pytest.approx(FIGURES["near_unique"](d.rows), rel=1e-12)),
    "odd_name_dot": lambda d: (d.column("credit.score")["rows"], d.count("odd_name_dot")),
    "odd_name_blank": lambda d: (d.column("debt to income (%)")["rows"], d.count("odd_name_blank")),
    "time_order": lambda d: (str(d.column("applied_at")["minimum"]), d.rows[0]["applied_at"]),
    "drift_label": lambda d: (d.split_figure("label: total variation distance from train"), d.label_drift()),
    "private_name": lambda d: (d.shown("name"), 0),
    "private_email": lambda d: (d.shown("email"), 0),
    "private_phone": lambda d: (d.shown("phone"), 0),
    "private_account": lambda d: (d.shown("account"), 0),
}  # fmt: skip
COPIES = ("repeated_exactly", "repeated_changed", "repeated_new_id")


def balance(demo: Demo, part: str) -> dict[str, int]:
    (found,) = (f for f in demo.report.of("balance") if f.part == part)
    return {label: n for label, n in found.payload.counts.items() if label != "null"}


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_the_report_of_the_demo_finds_it_as_often_as_it_was_planted(name: str, demo: Demo) -> None:
    found, expected = FOUND[name](demo)
    assert demo.flaws[name].count > 0
    assert found == expected


# ── by measures, where the decision is wrong or the world moves ──


@pytest.mark.slow
def test_the_bias_is_found_as_it_was_planted(demo: Demo) -> None:
    """On the facets as the flow spells them, and ages that can be true."""
    data = tilth.read(demo.place / "loans.csv", nulls=NULLS)
    engine = duckdb_session()
    _, data = fit([Formula("sex", "lower(trim(sex))")], data, engine)
    facets = (Facet("sex", ("female",)), Facet("age", (f"[18, {YOUNG})",)))
    for facet, name in zip(facets, ("rejected_women", "rejected_young"), strict=True):
        known = data if facet.column == "sex" else possible(data, engine)
        request = BiasRequest((facet,), label="approved", positive=("yes",), metrics=("CI", "DPL"), bootstrap=0)
        found = {f.name: f for f in bias_findings(known, request, engine=engine) if f.kind == "bias"}
        facts, counts = demo.flaws[name].facts, found["DPL"].payload.counts
        assert demo.flaws[name].count > 0
        assert found["DPL"].value == pytest.approx(facts["dpl"], rel=1e-9)
        assert counts["n_d_positive"] + counts["n_d_negative"] == facts["n_d"]
        assert counts["n_a_positive"] + counts["n_a_negative"] == facts["n_a"]


def possible(data: Dataset, engine: DuckDB) -> Dataset:
    return fit([NullIf("age", below=18, above=110)], data, engine)[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fact", "figure"),
    [
        ("drift_channel", "app_share", "avg(if(channel = 'app', 1.0, 0.0)) from primary where"),
        ("drift_income", "mean_income", "avg(income) from primary where income >= 300 and"),
        (
            "drift_label",
            "positive_share",
            "avg(if(approved = 'yes', 1.0, 0.0)) from primary where approved is not null and",
        ),
    ],
)
def test_drift_is_measured_as_it_was_planted(name: str, fact: str, figure: str, demo: Demo) -> None:
    tenth = ROWS // 10
    early, late = demo.rows[tenth - 1]["applied_at"], demo.rows[-tenth]["applied_at"]
    assert demo.rows[tenth]["applied_at"] > early
    assert demo.rows[-tenth - 1]["applied_at"] < late
    when = (f"applied_at <= timestamp '{early}'", f"applied_at >= timestamp '{late}'")
    rules = ", ".join(f'CustomSql "select {figure} {at}" > 0' for at in when)
    found = tilth.check(tilth.read(demo.place / "loans.csv", nulls=NULLS), f"Rules = [ {rules} ]").findings
    facts = demo.flaws[name].facts
    expected = [facts[f"{fact}_first_tenth"], facts[f"{fact}_last_tenth"]]
    assert [f.value for f in found] == pytest.approx(expected, rel=1e-9), [f.message for f in found]


def test_no_flaw_is_left_out() -> None:
    by_measures = {"rejected_women", "rejected_young", "drift_channel", "drift_income"}
    assert {flaw.name for flaw in PLANTED} == set(FOUND) | by_measures
