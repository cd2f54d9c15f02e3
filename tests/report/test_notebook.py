"""The notebook: valid, shown without being run, and when it is run the same report, and the same measures again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pyarrow as pa
import pyarrow.csv as pc
import pytest

import tilth
from tests.report.samples import REPORTS
from tilth import Flow, Report
from tilth.report.json import from_json, to_json
from tilth.report.notebook import to_notebook

SECRET = "Ada Byron of Ockham"
TABLE = pa.table(
    {"no": range(40), "name": [SECRET] * 40, "sex": ["f", "m"] * 20, "age": range(20, 60), "paid": ["yes", "no", "no", "yes"] * 10}
)
ROLES = {"id": "no", "label": "paid", "positive": "yes", "facet": "sex", "private": "name"}


def run(report: Report) -> dict[str, Any]:
    """The names after all code cells have been run, and the last value under `_`."""
    names: dict[str, Any] = {}
    for cell in json.loads(to_notebook(report))["cells"]:
        if cell["cell_type"] == "code":
            *lines, last = "".join(cell["source"]).splitlines()
            exec("\n".join(lines), names)
            names["_"] = eval(last, names) if "=" not in last.partition("(")[0] else exec(last, names)
    return names


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loans", "empty", "hostile", "odd"])
def test_it_is_a_valid_notebook_that_shows_the_page_and_holds_the_report(name: str) -> None:
    written = to_notebook(REPORTS[name])
    book = nbformat.reads(written, as_version=4)
    nbformat.validate(book)
    _, data, shown, *_ = book.cells
    assert "srcdoc" in shown.outputs[0].data["text/html"] and data.metadata.jupyter.source_hidden
    names: dict[str, Any] = {}
    exec(data.source, names)
    assert names["report"] == from_json(to_json(REPORTS[name]))


@pytest.mark.slow
def test_its_cells_ask_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pc.write_csv(TABLE, "loans.csv")
    measured = tilth.measure(tilth.read("loans.csv", roles=ROLES), ["bias", "balance"])
    again = run(measured)["_"]
    assert [(f.name, f.value) for f in again.findings if f.kind != "change"] == [(f.name, f.value) for f in measured.findings]
    assert {f.value for f in again.of("change")} == {0}
    rules = 'Rules = [ IsPrimaryKey "no", ColumnValues "age" between 10 and 30 ]'
    checked = run(tilth.check(tilth.read("loans.csv", roles=ROLES), rules))
    assert [f.outcome for f in checked["_"].verdicts] == ["Passed", "Failed"]
    assert run(tilth.profile("loans.csv"))["_"].of("column")
    assert all(names["data"].roles.private == ("name",) for names in (checked, run(measured)))  # nothing is shown that was masked


@pytest.mark.slow
def test_that_of_a_run_measures_the_delivered_parts_and_has_no_private_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = {"data": {"roles": ROLES}, "split": {"train": 0.75, "test": 0.25}, "measure": ["profile"], "features": [{"scale": "age"}]}
    report = tilth.run(Flow.parse(json.dumps(flow)), tmp_path / "out", data=TABLE, reports=["ipynb"])
    assert SECRET not in (tmp_path / "out/report.ipynb").read_text("utf-8")
    monkeypatch.chdir(tmp_path / "out")
    names = run(report)
    assert names["train"].of("column") and names["test"].of("column")
