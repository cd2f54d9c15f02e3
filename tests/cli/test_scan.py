"""tilth scan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.processes import Completed

Tilth = Callable[..., Completed]


@pytest.mark.slow
def test_a_scan_shows_verdicts_and_proposes_steps(tilth: Tilth, tmp_path: Path) -> None:
    path, own = tmp_path / "people.csv", tmp_path / "own.yaml"
    path.write_text("mail,badge,note\n" + "".join(f"ann{i}@mail.example.org,EMP-{i:06},fine\n" for i in range(20)))
    own.write_text("- {name: BADGE, pattern: 'EMP-[0-9]{6}', column_names: [badge]}\n")
    done = tilth("scan", str(path), "--custom", str(own), "-o", str(tmp_path / "report.html"))
    assert done.code == 0
    assert "EMAIL" in done.out and "BADGE" in done.out and "redact: {columns: [mail], with: hash" in done.out
    assert "ann1@" not in done.out and "ann1@" not in (tmp_path / "report.html").read_text()
    found = json.loads(tilth("scan", str(path), "--entities", "EMAIL", "--json").out)
    assert [c["name"] for c in found["columns"]] == ["mail"]


def test_a_full_scan_writes_where_it_is_in_each_cell(tilth: Tilth, tmp_path: Path) -> None:
    path, cells = tmp_path / "notes.csv", tmp_path / "cells.parquet"
    path.write_text("id,mail,note,first_name\n1,ann@mail.example.org,call (415) 555-2671 of Ann,Ann\n2,,fine,Bo\n")
    done = tilth("scan", str(path), "--mode", "full", "--cells", str(cells), "--countries", "US", "--json")
    assert json.loads(done.out)["mode"] == "full" and done.code == 0
    first, second = (dict(row) for row in pq.read_table(cells)["DetectedEntities"].to_pylist())
    assert [(f["entityType"], f["start"], f["end"], f["rule"]) for f in first["note"]] == [
        ("PHONE_NUMBER", 5, 19, "phone_number+context"),
        ("PERSON_NAME", 23, 26, "names of the row"),
    ]
    assert first["mail"][0]["entityType"] == "EMAIL" and second == {}
    assert tilth("scan", str(path), "--mode", "full").code == 2
    done = tilth("scan", str(path), "--mode", "full", "--cells", str(cells), "--allow", "x")
    assert done.code == 2 and "--allow" in done.err


def test_what_a_person_decides_is_obeyed_by_the_next_scan(tilth: Tilth, tmp_path: Path) -> None:
    path, review = tmp_path / "a.csv", tmp_path / "sensitive.review.csv"
    path.write_text("mail,religion\nann@mail.example.org,\nbob@mail.example.org,\n")
    assert tilth("scan", str(path), "--review", str(review)).code == 0
    review.write_text(review.read_text().replace("(20 characters),\n", "(20 characters),no\n"))
    done = tilth("scan", str(path), "--review", str(review), "--json")
    assert [c["name"] for c in json.loads(done.out)["columns"]] == ["religion"] and json.loads(done.out)["rejected"] == ["mail: EMAIL"]
    assert review.read_text().count(",no\n") == 1


def test_a_wrong_request_is_explained(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    assert "USA_SSN" in tilth("scan", "--list").out
    done = tilth("scan", str(tmp_path / "a.csv"), "--entities", "USA_SNN", "--countries", "XX")
    assert done.code == 2 and "USA_SSN" in done.err and "'XX'" in done.err
    assert tilth("scan").code == 2
    assert tilth("scan", str(tmp_path / "a.csv"), "--ner", "m:f").code == 2
