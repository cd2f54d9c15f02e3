"""The step `python`: runs a function of the user's where that is allowed, and nowhere else."""

from __future__ import annotations

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps import functions
from tests.steps.made import columns_of, made
from tilth.cli.app import run
from tilth.errors import NotAllowed, RequestError
from tilth.flow.flow import Flow
from tilth.steps.python import Python
from tilth.testing.steps import check_step

HOME = "tests.steps.functions"
LENGTH = Python(f"{HOME}:length", ("word",), "length", "integer")
TABLE = pa.table({"word": ["a", None, "ééé"]})


STEPS = pytest.mark.parametrize("step", [LENGTH, Python(f"{HOME}:weekday", ("day", "flag"), "day", "string")], ids=str)


@STEPS
def test_the_battery(step):
    with tilth.allow_python():
        check_step(step)


@STEPS
@pytest.mark.spark
def test_the_battery_on_spark(step, spark):
    from pyspark import cloudpickle

    from tilth.engine.spark import Spark

    cloudpickle.register_pickle_by_value(functions)  # an executor cannot import what lies beside the tests
    with tilth.allow_python():
        check_step(step, engine=Spark(spark).session())


def test_it_runs_only_where_it_is_allowed():
    with pytest.raises(NotAllowed, match=r"not allowed[\s\S]*--allow-python"):
        made(LENGTH, TABLE)
    with tilth.allow_python():
        assert made(LENGTH, TABLE)["length"] == [1, None, 3]
    with pytest.raises(NotAllowed):
        made(LENGTH, TABLE)


def test_a_fitted_flow_holds_the_name_and_is_opened_only_where_it_is_allowed(tmp_path):
    text = f"features: [{{python: {{function: '{HOME}:length', reads: [word], column: n, kind: integer}}}}]"
    with tilth.allow_python():
        tilth.fit(Flow.parse(text), TABLE).save(tmp_path / "f.tilth")
        flow = Flow.load(tmp_path / "f.tilth")
        assert columns_of(tilth.apply(flow, TABLE), duckdb_session())["n"] == [1, None, 3]
        assert flow.row({"word": "ééé"})["n"] == 3
    with pytest.raises(NotAllowed):
        Flow.load(tmp_path / "f.tilth")


def test_the_command_line_asks_for_the_flag(tmp_path, capsys, monkeypatch):
    (tmp_path / "mine.py").write_text("def same(x):\n    return x\n")
    (tmp_path / "rows.csv").write_text("x\n1\n2\n")
    step = "{python: {function: 'mine:same', reads: [x], column: y, kind: integer}}"
    (tmp_path / "flow.yaml").write_text(f"data: {{read: rows.csv}}\nmeasure: [profile]\nfeatures: [{step}]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", __import__("sys").path.copy())
    assert run(["fit", "flow.yaml", "-o", "f.tilth"]) == 2
    assert "not allowed" in capsys.readouterr().err
    assert run(["fit", "flow.yaml", "-o", "f.tilth", "--allow-python"]) == 0
    assert run(["apply", "f.tilth", "rows.csv", "-o", "out.csv", "--allow-python"]) == 0
    assert (tmp_path / "out.csv").read_text() == "x,y\n1,1\n2,2\n"
    assert run(["plan", "flow.yaml", "--allow-python"]) == 0
    assert "runs Python" in capsys.readouterr().out


def test_what_is_wrong_with_a_function_is_reported():
    wrong = [
        ("length", "module:function"),
        (f"{HOME}:nothing", "not found"),
        ("no.such:thing", "not found"),
        (f"{HOME}:NUMBER", "is a int, not a function"),
        (f"{HOME}:broken", "broken raised KeyError: 'nowhere'"),
    ]
    with tilth.allow_python():
        for function, message in wrong:
            with pytest.raises(RequestError, match=message):
                made(Python(function, ("word",), "n", "integer"), TABLE)
        with pytest.raises(RequestError, match="returned 3 values of type int64"):
            made(Python(f"{HOME}:length", ("word",), "n"), TABLE)
        with pytest.raises(RequestError, match="cannot be handed"):
            made(Python(f"{HOME}:length", ("l",), "n"), {"l": [[1]]})
    with pytest.raises(RequestError, match="names no column"):
        Python("a:b", (), "n")
