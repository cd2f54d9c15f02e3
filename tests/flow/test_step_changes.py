"""What a run says of its steps: nothing of a private column's values, and a warning where the fitted flow holds some."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pyarrow as pa
import pytest

import tilth
from tilth.flow.flow import Flow

BORN = [date(1961, 3, 7) + timedelta(days=317 * i) for i in range(40)]
TABLE = pa.table({"born": BORN, "pay": [71234.5 + i for i in range(40)], "age": range(40)})


def run(text: str) -> tilth.Report:
    return tilth.run(Flow.parse(text), data=TABLE)


def findings(report: tilth.Report) -> str:
    return json.dumps([f.to_json() for f in report.findings])


def test_cuts_of_a_split_by_a_private_column_are_masked():
    text = "split: {train: 0.5, test: 0.5, by: time}\ndata: {roles: {time: born"
    shown, hidden = run(text + "}}"), run(text + ", private: born}}")
    assert f"{BORN[19]}" in findings(shown)
    assert not any(f"{day}" in findings(hidden) for day in BORN)


def test_values_learned_from_a_private_column_are_masked_and_warned_of():
    steps = "[{scale: {columns: pay, with: minmax}}, {scale: age}, {null_if: {columns: pay, below: 0}}]"
    report = run(f"data: {{roles: {{private: pay}}}}\nfeatures: {steps}")
    (found,) = report.of("warning")
    assert (found.name, found.subject) == ("PRIVATE_VALUES", ("pay",))
    assert "71" not in findings(report)
    assert not run("features: [{scale: pay}]").of("warning")
    assert not run("data: {roles: {private: pay}}\nfeatures: [{scale: age}]").of("warning")


def warned(more: str) -> list[str]:
    table = pa.table({"id": range(40), "age": range(40), "ill": [i % 8 == 0 for i in range(40)]})
    flow = Flow.parse("data: {roles: {id: id, label: ill}}\nsplit: {train: 0.5, test: 0.5, by: stratified}\n" + more)
    return [f.message for f in tilth.run(flow, data=table).of("warning") if f.name == "BALANCED_PROBABILITIES"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["over", "weights", "{with: under, ratio: 0.5}"])
def test_balanced_classes_without_prior_are_warned_of(way):
    (message,) = warned(f"training: [balance: {way}]")
    assert ("trained" in message) == ("ratio" in way)
    prior = "prior: {columns: age, trained: {true: 1, false: 2}}"
    assert not warned(f"training: [balance: {way}]\noutput: [{prior}]")


def test_cleaned_classes_are_not_warned_of():
    assert not warned("training: [balance: tomek]")


def test_the_report_says_what_steps_made_of_the_rows_and_nothing_of_what_they_keep_for_themselves(tmp_path):
    rows = "rows: [{filter: 'age >\n  9'}, {window: {columns: pay, with: sum, window: 2, order: age}}]"
    split = "data: {roles: {label: pay, time: born}}\nsplit: {train: 0.5, test: 0.5, by: time, gap: 400 days}"
    tilth.run(Flow.parse(f"{split}\n{rows}\nfeatures: [{{scale: age}}]"), tmp_path, data=TABLE)
    page = (tmp_path / "report.html").read_text()
    assert "4 steps made 30 rows of 40." in page
    assert "age &gt; 9" in page or "age > 9" in page
    assert "sizes" not in page and "(blank)" not in page


def test_steps_that_change_neither_cells_nor_the_number_of_rows_are_named(tmp_path):
    tilth.run(Flow.parse("features: [{encode: {columns: age, with: ordinal}}, {scale: pay}, {scale: age}]"), tmp_path, data=TABLE)
    page = (tmp_path / "report.html").read_text()
    assert "3 steps: encode, scale." in page and "0 cells" not in page
