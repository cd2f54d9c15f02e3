"""What the nouns look like and do in Python: verdicts as conditions, short tables, frames; and errors for wrong arguments."""

from __future__ import annotations

import json
import pydoc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tilth
from tilth.errors import FlowError, RequestError
from tilth.flow import Flow

TABLE = pa.table({"no": [1, 2, 3], "age": [30, None, 50], "paid": ["yes", "no", "yes"]})
RULES = 'Rules = [ RowCount > 2, IsComplete "age" ]'
FLOW = "data: {roles: {id: no, label: paid}}\nfeatures: [{impute: {columns: age, with: mean}}]\n"


@pytest.fixture(scope="module")
def report() -> tilth.Report:
    return tilth.check(TABLE, RULES)


# ── a report ──


def test_a_report_is_its_verdict(report: tilth.Report) -> None:
    assert not report
    assert tilth.check(TABLE, "Rules = [ RowCount > 2 ]")
    assert tilth.measure(TABLE, "profile")  # nothing was judged


def test_a_report_shows_what_failed_first(report: tilth.Report) -> None:
    assert repr(report).splitlines() == [
        "check: failed, 1 of 2 rules passed, 2 findings",
        "  finding           columns  value     verdict",
        '  IsComplete "age"  age      0.666667  Failed',
        "  RowCount > 2               3         Passed",
    ]
    assert "<iframe" in report._repr_html_()


def test_a_report_of_numbers_says_what_they_are() -> None:
    assert repr(tilth.profile(TABLE)).splitlines()[1:6] == [
        "  finding                                columns        value",
        "  share of valid values                  no             1",
        "  share of valid values                  age            0.666667",
        "  share of valid values                  paid           1",
        "  share of rows without a missing value                 0.666667",
    ]
    data = tilth.read(TABLE, roles={"label": "age", "positive": 30, "facet": "paid"})
    of_bias = repr(tilth.measure(data, "bias", bootstrap=0)).splitlines()
    assert of_bias[1].split() == ["finding", "columns", "group", "value"]
    assert of_bias[2].split() == ["CI", "paid,", "age", "paid=no", "0.333333"]


def test_a_finding_shows_its_whole_message() -> None:
    (found,) = tilth.check(TABLE, "Rules = [ RowCount > avg(last(5)) ]").findings
    assert "--history FILE" in repr(found)


def test_a_long_report_is_cut() -> None:
    long = tilth.Report("measure", tuple(tilth.Finding(f"m{i}", value=i) for i in range(1_030)))
    assert len(repr(long).splitlines()) == 23
    assert repr(long).endswith("… and 1,010 more")


def test_a_report_as_a_frame_a_dict_and_a_file(report: tilth.Report, tmp_path: Path) -> None:
    frame = report.to_pandas()
    assert frame[["kind", "name", "subject", "outcome"]].values.tolist() == [
        ["rule", "RowCount > 2", "", "Passed"],
        ["rule", 'IsComplete "age"', "age", "Failed"],
    ]
    assert tilth.Report("check").to_pandas().columns.tolist() == frame.columns.tolist()
    held = report.to_dict()
    assert held == json.loads(report.save(tmp_path / "r.json").read_text("utf-8"))
    assert held["passed"] is False
    assert report.save(tmp_path / "r.txt", "markdown").read_text("utf-8").startswith("#")


# ── the other nouns ──


def test_a_finding_a_flow_and_a_dataset_are_short_tables(report: tilth.Report) -> None:
    assert repr(report.findings[1]).splitlines()[:3] == ['rule: IsComplete "age"', "  columns  age", "  value    0.666667"]
    flow = Flow.parse(FLOW)
    assert repr(flow).splitlines() == ["flow flow", "  part      step", "  features  impute(columns='age', with='mean')"]
    assert repr(tilth.fit(flow, TABLE)).splitlines() == ["flow flow, fitted", "  step    column  learned", "  impute  age     fill = 40"]
    data = tilth.read(TABLE, roles={"id": "no", "label": "paid"})
    assert repr(data).splitlines() == [
        "dataset: table in memory (3 rows), 3 columns",
        "  column  role",
        "  no      id",
        "  age",
        "  paid    label",
    ]


def test_they_are_tables_in_a_notebook_too_and_escaped() -> None:
    shown = tilth.read(pa.table({"<b>": [1]}))._repr_html_()
    assert "<td>&lt;b&gt;</td>" in shown
    assert "<table>" in Flow.parse(FLOW)._repr_html_()
    assert "<table>" in tilth.Finding("Mean", ("age",), 40.0)._repr_html_()


@pytest.mark.slow
def test_showing_them_loads_no_rich() -> None:
    code = "import sys, tilth, pyarrow as pa; print(repr(tilth.check(pa.table({'a': [1]}), 'Rules=[RowCount > 0]')), 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


# ── scikit-learn's conventions ──

FRAMES: dict[str, Any] = {"arrow": TABLE, "pandas": TABLE.to_pandas().set_index(pd.Index([7, 8, 9])), "polars": pl.from_arrow(TABLE)}


@pytest.mark.parametrize("library", FRAMES)
def test_transform_gives_features_in_the_frame_that_it_was_given(library: str) -> None:
    flow, data = Flow.parse(FLOW), FRAMES[library]
    made = flow.fit_transform(data)
    assert type(made) is type(data)
    assert list(made["age"].to_pylist() if library == "arrow" else made["age"]) == [30, 40, 50]
    assert list(flow.get_feature_names_out()) == ["age"] == list(made.column_names if library == "arrow" else made.columns)
    assert flow.transform(data).equals(made)
    assert flow.fit(data).transform(data).equals(made)


def test_pandas_keeps_its_index_and_a_dataset_stays_lazy() -> None:
    flow = tilth.fit(Flow.parse(FLOW), TABLE)
    assert flow.transform(FRAMES["pandas"]).index.tolist() == [7, 8, 9]
    assert isinstance(flow.transform(tilth.read(TABLE)), tilth.Dataset)
    assert isinstance(flow.get_feature_names_out(), np.ndarray)


def test_a_flow_that_has_not_learned_transforms_nothing() -> None:
    flow = Flow.parse(FLOW)
    with pytest.raises(FlowError, match="not fitted"):
        flow.transform(TABLE)
    flow.fit_transform(TABLE)
    assert flow == Flow.parse(FLOW)  # the value is the same
    assert not flow.fitted


def test_a_fitted_flow_stands_before_a_model_in_a_pipeline() -> None:
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    frame, flow = FRAMES["pandas"], tilth.fit(Flow.parse(FLOW), TABLE)
    model = make_pipeline(FunctionTransformer(flow.transform), LogisticRegression()).fit(frame, frame["paid"])
    assert list(model.predict(frame)) == ["yes", "yes", "yes"]


# ── wrong arguments ──

FITTED = "a Flow, or the path of a flow file"
WRONG: dict[str, tuple[Any, str, str]] = {
    "check(rules, data)": (lambda: tilth.check(RULES, TABLE), "type Table is not a ruleset", "tilth.check(data, rules)"),
    "fit(data, flow)": (lambda: tilth.fit(TABLE, Flow.parse(FLOW)), "type Table is not a flow", "tilth.fit(flow, data)"),
    "apply(data, flow)": (
        lambda: tilth.apply(TABLE.to_pandas(), Flow.parse(FLOW)),
        "type DataFrame is not a flow",
        "tilth.apply(flow, data)",
    ),
    "measure(name, data)": (lambda: tilth.measure("profile", TABLE), "type Table is not a measure", "tilth.measure(data, measures)"),
    "check(5, rules)": (lambda: tilth.check(5, RULES), "type builtins.int cannot be read as a table", "a path, or a table of Arrow"),
    "read(a flow)": (
        lambda: tilth.read(Flow.parse(FLOW)),
        "type tilth.flow.flow.Flow cannot be read as a table",
        "a path, or a table of Arrow",
    ),
    "run(5)": (lambda: tilth.run(5), "type int is not a flow", FITTED),
    "arrays(5)": (lambda: tilth.arrays(5), "type builtins.int cannot be read as a table", "a path, or a table of Arrow"),
    "write(5, place)": (lambda: tilth.write(5, "x.csv"), "type builtins.int cannot be read as a table", "a path, or a table of Arrow"),
    "fit(flow, 5)": (lambda: tilth.fit(Flow.parse(FLOW), 5), "type builtins.int cannot be read as a table", "a path, or a table of Arrow"),
}


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_argument_is_an_error_that_says_what_was_given(call: str) -> None:
    make, given, accepted = WRONG[call]
    with pytest.raises(RequestError) as told:
        make()
    assert given in str(told.value)
    assert accepted in str(told.value)


# ── the way in ──


def test_help_names_the_verbs_and_completion_offers_them() -> None:
    text = pydoc.plain(pydoc.render_doc(tilth))
    for verb in ("read", "profile", "measure", "check", "fit", "apply", "write", "run", "arrays"):
        assert f"tilth.{verb}(" in text
        assert verb in dir(tilth)
    assert set(tilth.__all__) <= set(dir(tilth))
