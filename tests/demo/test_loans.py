"""The example data: the same bytes everywhere, and every planted flaw is there, exactly as often as described."""

from __future__ import annotations

import csv
import hashlib
import re
import tracemalloc
from collections import Counter
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.flaws import PLANTED, Flaw, facts_table, planted, table
from tilth.demo.loans import COLUMNS, NULLS, loans, write_loans
from tilth.errors import RequestError

PAGE = Path(__file__).parents[2] / "docs" / "example-data.md"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return list(loans())


@pytest.fixture(scope="module")
def flaws() -> dict[str, Flaw]:
    return {flaw.name: flaw for flaw in planted()}


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "seed", "digest"),  # taken once from this generator; the same on CPython 3.11, 3.12 and 3.13
    [
        (20_000, 2, "6b4140423dd23b6d5e2bf14e7e218d03746381591bbdad9eabc31d3bc707c80e"),
        (1_000, 7, "0cc71b6a5b9373443399cd075f3d90a69c41702736cd1879acaec205f9628929"),
    ],
)
def test_the_same_seed_gives_the_same_bytes(tmp_path, size, seed, digest):
    path = write_loans(tmp_path / "new folder" / "loans.csv", size, seed)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


@pytest.mark.slow
def test_the_file_holds_the_rows(tmp_path, rows):
    path = write_loans(tmp_path / "loans.csv")
    text = path.read_bytes().decode("utf-8")
    assert "\r" not in text
    assert text.count("\n") == 20_001  # no line end inside a cell: row n is on line n + 1
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows


def test_another_seed_gives_other_rows():
    assert list(loans(10, seed=1)) != list(loans(10, seed=-1)) != list(loans(10, seed=2))


@pytest.mark.slow
@given(st.integers(0, 400), st.integers())
def test_any_size_and_any_seed(size, seed):
    made = list(loans(size, seed))
    described = planted(size, seed)
    assert len(made) == size
    assert all(tuple(row) == COLUMNS for row in made)
    assert [flaw.name for flaw in described] == [flaw.name for flaw in PLANTED]
    assert all(flaw.count == len(flaw.rows) and all(1 <= n <= size for n in flaw.rows) for flaw in described)
    assert all(list(flaw.rows) == sorted(set(flaw.rows)) for flaw in described)


def test_nothing_is_left_where_writing_fails(tmp_path):
    (tmp_path / "loans.csv").mkdir()
    with pytest.raises(RequestError, match="is a folder"):
        write_loans(tmp_path / "loans.csv", 10)
    assert [p.name for p in tmp_path.iterdir()] == ["loans.csv"]


def test_the_old_file_stays_if_writing_fails(tmp_path, monkeypatch):
    path = write_loans(tmp_path / "loans.csv", 10)
    before = path.read_bytes()

    def broken(*_):
        yield ["x"], []
        raise KeyboardInterrupt

    monkeypatch.setattr("tilth.demo.loans._noted", broken)
    with pytest.raises(KeyboardInterrupt):
        write_loans(path, 20)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["loans.csv"]


def test_a_negative_number_of_rows_is_rejected(tmp_path):
    for ask in (loans, planted, lambda n: write_loans(tmp_path / "x.csv", n)):
        with pytest.raises(RequestError, match="cannot make -1 rows"):
            ask(-1)


@pytest.mark.slow
def test_there_are_twenty_thousand_rows():
    assert sum(1 for _ in loans()) == 20_000


@pytest.mark.slow
def test_memory_does_not_grow():
    def peak(size: int) -> int:
        tracemalloc.start()
        try:
            for _ in islice(loans(20_000), size):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(6_000) < 1.2 * peak(3_000)


# ── every flaw, recounted from the text of the cells ─────────────────────────────────────────────────────────────


def number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def below(limit):
    return lambda cell: (value := number(cell)) is not None and value < limit


def other_case(cell):
    return cell != cell.lower()


def padded(cell):
    return bool(cell.strip()) and cell != cell.strip()


RECOUNTS = {  # flaw → what its cells look like, written without a look at the generator
    "name_padded": padded,
    "sex_missing": lambda cell: cell == "",
    "sex_case": other_case,
    "sex_padded": padded,
    "age_missing": lambda cell: cell == "",
    "age_token": lambda cell: cell == "N/A",
    "age_negative": below(0),
    "age_too_old": lambda cell: (value := number(cell)) is not None and 150 <= value <= 199,
    "marital_missing": lambda cell: cell == "",
    "marital_token": lambda cell: cell == "?",
    "marital_blank": lambda cell: cell != "" and not cell.strip(),
    "marital_case": other_case,
    "employed_before_birth": lambda cell: "" < cell < "1940",
    "employed_forever": lambda cell: cell == "9999-12-31",
    "income_token": lambda cell: cell == "N/A",
    "income_thousands": below(300),
    "purpose_case": other_case,
    "purpose_padded": padded,
    "score_missing": lambda cell: cell == "",
    "score_code": lambda cell: cell == "-999",
    "label_missing": lambda cell: cell == "",
    "leak": lambda cell: cell != "",
    "late_region": lambda cell: cell == "harbour",
    "note_private": lambda cell: re.search(r"@|555-", cell) is not None,
    "imbalance": lambda cell: cell == "yes",
    "constant": lambda cell: cell == "EUR",
    "private_name": lambda cell: len(cell.split()) == 2,
    "private_email": lambda cell: re.fullmatch(r"[a-z.-]+\.\d+@(example\.(com|net|org)|mail\.invalid)", cell) is not None,
    "private_phone": lambda cell: re.fullmatch(r"\+1-\d{3}-555-01\d\d", cell) is not None,
    "private_account": lambda cell: re.fullmatch(r"ZZ00TILT\d{14}", cell) is not None,
    "near_unique": lambda cell: cell.isdigit(),
    "odd_name_dot": lambda cell: True,
    "odd_name_blank": lambda cell: number(cell) is not None,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECOUNTS)
def test_each_flaw_is_in_its_reported_rows(name, rows, flaws):
    flaw = flaws[name]
    assert list(flaw.rows) == [n for n, row in enumerate(rows, start=1) if RECOUNTS[name](row[flaw.column])]
    assert flaw.count > 0


@pytest.mark.slow
def test_missing_incomes_are_of_two_kinds(rows, flaws):
    empty = {n for n, row in enumerate(rows, start=1) if row["income"] == ""}
    by_chance, withheld = set(flaws["income_missing"].rows), set(flaws["income_withheld"].rows)
    assert by_chance | withheld == empty
    assert not by_chance & withheld
    assert {rows[n - 1]["employment"] for n in withheld} == {"self-employed"}


@pytest.mark.slow
def test_incomes_in_thousands_come_from_the_app_for_six_weeks(rows, flaws):
    wrong = [rows[n - 1] for n in flaws["income_thousands"].rows]
    days = [datetime.fromisoformat(row["applied_at"]) for row in wrong]
    assert {row["channel"] for row in wrong} == {"app"}
    assert 40 <= (days[-1] - days[0]).days <= 45


@pytest.mark.slow
def test_typing_errors_are_a_hundredfold(rows, flaws):
    at = set(flaws["amount_slip"].rows)
    sound = [int(row["amount"]) for n, row in enumerate(rows, start=1) if n not in at]
    assert at
    assert all(int(rows[n - 1]["amount"]) >= 60_000 for n in at)
    assert max(sound) < 400_000


@pytest.mark.slow
def test_duplicates(rows, flaws):
    exact, changed, new_id = (flaws[f"repeated_{how}"].rows for how in ("exactly", "changed", "new_id"))
    assert len(rows) - len({tuple(row.values()) for row in rows}) == len(exact) > 0
    assert len(rows) - len({row["application_id"] for row in rows}) == len(exact) + len(changed)
    but_id = [tuple(row.values())[1:] for row in rows]
    assert len(rows) - len(set(but_id)) == len(exact) + len(new_id)
    for n in (*exact, *changed, *new_id):  # the row above is the original
        differs = {column for column in COLUMNS if rows[n - 1][column] != rows[n - 2][column]}
        assert differs == ({"term_months"} if n in changed else {"application_id"} if n in new_id else set())


@pytest.mark.slow
def test_returning_customers(rows, flaws):
    copies = {n for flaw in flaws.values() if flaw.name.startswith("repeated_") for n in flaw.rows}
    seen: set[str] = set()
    again = set()
    for n, row in enumerate(rows, start=1):
        if row["customer_no"] in seen:
            again.add(n)
        seen.add(row["customer_no"])
    assert again == copies | set(flaws["returning_customer"].rows)
    assert 0.9 < len(seen) / len(rows) < 1  # nearly unique


@pytest.mark.slow
def test_rows_are_in_order_of_time(rows, flaws):
    assert all(a["applied_at"] <= b["applied_at"] for a, b in pairwise(rows))
    assert flaws["time_order"].count == len(rows)


@pytest.mark.slow
def test_disbursement_follows_application(rows):
    assert all(row["disbursed_at"] > row["applied_at"] for row in rows if row["disbursed_at"])
    assert all(row["employed_since"] < row["applied_at"] or row["employed_since"] == "9999-12-31" for row in rows)


@pytest.mark.slow
def test_jobs_begin_at_seventeen(rows, flaws):
    early = set(flaws["employed_before_birth"].rows)
    for n, row in enumerate(rows, start=1):
        age = number(row["age"])
        if row["employed_since"] and row["employed_since"] != "9999-12-31" and age and 18 <= age < 80:
            birth = int(row["applied_at"][:4]) - age - 1
            assert (int(row["employed_since"][:4]) < birth) == (n in early)


def shares(rows, group):
    """Per group the number of labelled rows and the share of positives."""
    n, yes = Counter(), Counter()
    for row in rows:
        key = group(row)
        if key is not None and row["approved"]:
            n[key] += 1
            yes[key] += row["approved"] == "yes"
    return n, {key: yes[key] / n[key] for key in n}


@pytest.mark.slow
def test_the_bias_by_sex_is_what_was_planted(rows, flaws):
    n, positive = shares(rows, lambda row: row["sex"].strip().lower() or None)
    facts = flaws["rejected_women"].facts
    assert facts["dpl"] == pytest.approx(positive["male"] - positive["female"], rel=1e-12)
    assert facts["ci"] == pytest.approx((n["male"] - n["female"]) / (n["male"] + n["female"]), rel=1e-12)
    assert facts["dpl"] > 0.1  # outside the usual band …
    assert abs(facts["dpl_by_merit"]) < 0.02  # … though merit is the same
    merited = sum(row["sex"].strip().lower() == "female" and row["approved"] == "yes" for row in rows)
    rejected = flaws["rejected_women"].count
    assert rejected / (rejected + merited) == pytest.approx(0.6, abs=0.05)  # not exact: some of the young are rejected for their age
    assert {rows[n - 1]["sex"].strip().lower() for n in flaws["rejected_women"].rows} <= {"female", ""}
    assert {rows[n - 1]["approved"] for n in flaws["rejected_women"].rows} <= {"no", ""}


@pytest.mark.slow
def test_the_bias_by_age_is_what_was_planted(rows, flaws):
    n, positive = shares(rows, lambda row: None if not 18 <= (number(row["age"]) or 0) <= 110 else number(row["age"]) < 25)
    facts = flaws["rejected_young"].facts
    assert facts["dpl"] == pytest.approx(positive[False] - positive[True], rel=1e-12)
    assert (facts["n_a"], facts["n_d"]) == (n[False], n[True])
    assert facts["dpl"] > facts["dpl_by_merit"] + 0.03


@pytest.mark.slow
def test_the_classes_are_unbalanced(rows, flaws):
    n, _ = shares(rows, lambda row: row["approved"] or None)
    assert flaws["imbalance"].facts == {"positives": n["yes"], "negatives": n["no"], "positive_share": n["yes"] / (n["yes"] + n["no"])}
    assert n["no"] / n["yes"] > 3


@pytest.mark.slow
def test_drift(rows, flaws):
    first, last = rows[:2_000], rows[18_000:]
    for tenth, part in (("first", first), ("last", last)):
        incomes = [v for row in part if (v := number(row["income"])) is not None and v >= 300]
        assert flaws["drift_channel"].facts[f"app_share_{tenth}_tenth"] == sum(row["channel"] == "app" for row in part) / len(part)
        assert flaws["drift_income"].facts[f"mean_income_{tenth}_tenth"] == pytest.approx(sum(incomes) / len(incomes), rel=1e-12)
        assert flaws["drift_label"].facts[f"positive_share_{tenth}_tenth"] == shares(part, lambda _: 1)[1][1]
    assert flaws["drift_label"].facts["positive_share_first_tenth"] > 1.5 * flaws["drift_label"].facts["positive_share_last_tenth"]


def test_every_flaw_is_tested_here():
    others = {"income_missing", "income_withheld", "amount_slip", "repeated_exactly", "repeated_changed", "repeated_new_id"}
    others |= {"returning_customer", "rejected_women", "rejected_young", "time_order", "drift_channel", "drift_income", "drift_label"}
    assert {flaw.name for flaw in PLANTED} == set(RECOUNTS) | others


def test_each_flaw_is_a_value_of_its_own():
    assert len({flaw.name for flaw in PLANTED}) == len(PLANTED)
    assert len(set(PLANTED)) == len(PLANTED)
    assert {flaw.column for flaw in PLANTED} <= set(COLUMNS)
    assert NULLS == ("?", "N/A")


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize("part", ["flaws", "facts"])
def test_the_page_says_what_is_planted(part, flaws):
    """To renew the page, put the expected text between its marks."""
    page = PAGE.read_text("utf-8")
    shown = page.split(f"<!-- {part}: begin -->\n")[1].split(f"\n<!-- {part}: end -->")[0]
    assert shown == {"flaws": table, "facts": facts_table}[part](list(flaws.values()))


def test_the_page_names_every_column():
    page = PAGE.read_text("utf-8")
    assert [column for column in COLUMNS if f"| `{column}` |" not in page] == []
