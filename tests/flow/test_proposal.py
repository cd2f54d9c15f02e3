"""A first draft of a flow: it runs as it is, names the traps, and shows nothing private."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tilth
from tilth.engine.duckdb import DuckDB
from tilth.flow import Flow
from tilth.flow.proposal import look, propose, word
from tilth.flow.text import parse
from tilth.testing.loans import write_loans


def proposed(place: Path, **options: Any) -> tuple[str, Flow]:
    text = propose(str(place), place.name, DuckDB(), options)
    (place.parent / "f.yaml").write_text(text)
    return text, Flow.load(place.parent / "f.yaml")


@pytest.fixture(scope="module")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loans") / "loans.csv"
    write_loans(path, 3000, 2)
    return path


def test_the_draft_of_the_loans_runs_and_its_rules_pass(loans: Path) -> None:
    _, flow = proposed(loans)
    report = tilth.run(flow)
    report.raise_for_failures()
    assert {"train", "test"} <= set(report.parts)


def test_roles_are_guessed(loans: Path) -> None:
    roles = proposed(loans)[1].reading.roles
    assert (roles.id, roles.label, roles.positive, roles.time) == (("application_id",), "approved", ("yes",), "applied_at")
    assert set(roles.facet) == {"sex", "age"}
    assert set(roles.private) == {"name", "email", "phone", "account", "note"}


TRAPS = [
    "application_id should tell rows apart, but",
    "customer_no is nearly an id",
    "currency is the same in every row",
    "disbursed_at may be a leak: it is empty just where the label has one value",
    'credit.score holds -999, which may stand for "not known"',
    "missing values are disguised as ?, N/A",
    "sex spells the same in several ways",
    "the label is unbalanced",
    "the label is missing in",
    "rows have a time (applied_at)",
    "age goes from -",
]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_planted_trap_is_named(loans: Path, trap: str) -> None:
    assert f"# - {trap}" in proposed(loans)[0]


def test_nothing_private_is_shown(loans: Path) -> None:
    text = proposed(loans)[0]
    rows = [line.split(",") for line in loans.read_text().splitlines()[1:]]
    private = {cell for row in rows for cell in row[3:7] if len(cell) > 4}
    assert not [cell for cell in private if cell in text]


def test_no_feature_leaks_or_tells_apart(loans: Path) -> None:
    flow = tilth.fit(proposed(loans)[1])
    made = set(flow.row({}))
    assert not made & {"customer_no", "name", "email", "phone", "account", "note", "currency", "disbursed_at", "employed_since"}


SMALL: list[tuple[str, str, list[str]]] = [
    ("one column", "x\n1\n2\n3\n", ["RowCount > 0"]),
    ("odd names", 'a b,"c,d",yes,e:f\n1,x,2,u\n2,y,3,v\n3,x,4,u\n', ['"c,d"', '"e:f"']),
    ("nothing in a column", "id,x\n1,\n2,\n3,\n", ["x holds nothing at all"]),
    ("a header only", "id,x\n", ["RowCount > 0"]),
    (
        "a copy of the label",
        "id,a,b,y\n" + "".join(f"{i},{i % 3},{'p' if i % 2 else 'q'},{i % 2}\n" for i in range(60)),
        ["b may be a leak"],
    ),
    ("one row", "a,b\n1,x\n", ["a is the same in every row"]),
    ("booleans", "id,ok\n1,true\n2,false\n3,true\n", ["label: ok", "positive: true"]),
    ("quotes in values", 'id,q\n1,"say ""x"""\n2,b\n3,b\n', ["RowCount > 0"]),
]


@pytest.mark.parametrize(("text", "says"), [c[1:] for c in SMALL], ids=[c[0] for c in SMALL])
def test_the_draft_of_a_small_file_is_a_flow(tmp_path: Path, text: str, says: list[str]) -> None:
    (tmp_path / "a.csv").write_text(text)
    draft, flow = proposed(tmp_path / "a.csv")
    assert not [s for s in says if s not in draft], draft
    if text.count("\n") > 2:
        tilth.check(tilth.read(tmp_path / "a.csv", **flow.reading.options), flow.check).raise_for_failures()


def test_how_it_was_read_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("1;né;?\n2;x;u\n3;x;v\n".encode("latin-1"))
    options = {"delimiter": ";", "names": ["id", "a", "b"], "encoding": "latin-1", "header": False}
    _, flow = proposed(tmp_path / "a.csv", **options)
    assert {k: v for k, v in flow.reading.options.items() if k != "nulls"} == options
    assert flow.reading.options["nulls"] == ["?"]


def test_a_look_takes_few_passes(loans: Path) -> None:
    engine = DuckDB()
    look(str(loans), engine, {})
    assert len(engine.passes) < 30


@pytest.mark.parametrize(
    "text", ["yes", "no", "true", "007", "12", "a b", "a: b", "", "#x", "!age", "é", "-", "a\nb", "*.csv", "[x]", "../a.csv"]
)
def test_a_word_is_read_as_it_was_meant(text: str) -> None:
    assert parse(f"a: [{word(text)}]").value == {"a": [text]}
