"""The review of a scan: what a person has decided is obeyed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.keys import KEY
from tilth.errors import RequestError
from tilth.flow.loading import parse_flow
from tilth.measures.sensitive.review import decisions_in, write_review
from tilth.measures.sensitive.section import proposed
from tilth.report import Report
from tilth.report.text import to_text

TABLE = pa.table(
    {
        "mail": ["ann@mail.example.org", "bob@mail.example.org"],
        "first_name": ["Ann", "Bob"],
        "product": ["Ann", "Cup"],
        "notes": ["a cup for Ann", "nothing of interest here"],
        "religion": ["", ""],
    }
)


def scanned(**options: object) -> Report:
    return tilth.measure(TABLE, {"sensitive": options}, engine=duckdb_session())


def decide(path: Path, **decisions: str) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join(f"{line}{decisions.get(line.split(',')[0], '')}" for line in lines) + "\n")


def test_what_was_decided_is_obeyed_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "sensitive.review.csv"
    write_review(str(path), scanned(examples=True).of("sensitive"), {})
    assert "a*** (20 characters)" in path.read_text() and "ann@" not in path.read_text()
    decide(path, mail="no", religion=" YES")
    report = scanned(review=str(path))
    found = {f.name: [(t.entity, t.verdict) for t in f.payload.types] for f in report.of("sensitive")}
    assert found["religion"] == [("RELIGION", "sensitive")] and "mail" not in found
    lines = " ".join(proposed(report.of("sensitive")))
    assert "religion" in lines and "mail" not in lines
    assert "Rejected in the review: mail: EMAIL." in " ".join(to_text(report).split())
    decided = decisions_in(str(path))
    write_review(str(path), report.of("sensitive"), decided)
    assert decisions_in(str(path)) == decided == {("mail", "EMAIL"): False, ("religion", "RELIGION"): True}


def test_names_that_are_none_are_not_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("column,entity,decision\nfirst_name,PERSON_NAME,no\n")
    assert not [t for f in scanned(review=str(path)).of("sensitive") for t in f.payload.types if t.entity == "PERSON_NAME"]


def test_a_wrong_review_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with pytest.raises(RequestError, match="there is no review file"):
        scanned(review=str(path))
    path.write_text("column,entity,decision\nmail,EMAIL,maybe\nmail,IBAN,\nx,IBAN,perhaps\n")
    with pytest.raises(RequestError, match="line 2 of ") as raised:
        decisions_in(str(path))
    assert [m.accepted for m in raised.value.mistakes] == ["yes, no, or nothing"] * 2
    path.write_text("a,b\n1,2\n")
    with pytest.raises(RequestError, match="no column, decision, entity"):
        decisions_in(str(path))


def test_a_flow_names_the_file_beside_it() -> None:
    flow = parse_flow("data: {read: a.csv}\nmeasure: [{sensitive: {review: r.csv}}]\n", folder="flows")
    assert [m.review for m in flow.measure] == ["flows/r.csv"]


def test_nothing_is_written_unencrypted_under_a_key(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with tilth.protected(KEY), pytest.raises(RequestError, match="edited by hand"):
        write_review(str(path), (), {})
    with tilth.protected(KEY, allow_plaintext=("report",)):
        write_review(str(path), (), {})
    assert path.read_text().startswith("column,entity,")
