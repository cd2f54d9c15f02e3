"""The step `python`: runs a function of the user's where that is allowed, and nowhere else."""

from __future__ import annotations

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps import functions
from tests.steps.both import differences
from tests.steps.made import columns_of, made
from tilth.cli.app import run
from tilth.data import Roles
from tilth.errors import NotAllowed, RequestError
from tilth.flow.flow import Flow
from tilth.steps.python import Python
from tilth.testing.steps import check_step

HOME = "tests.steps.functions"
LENGTH = Python(f"{HOME}:length", ("word",), {"length": "integer"})
TABLE = pa.table({"word": ["a", None, "ééé"]})


EVERY = [
    LENGTH,
    Python(f"{HOME}:weekday", ("day", "flag"), {"day": "string"}),
    Python(f"{HOME}:series", ("word", "number"), {"sum": "float"}),
    Python(f"{HOME}:frame", ("word", "whole", "moment"), {"half": "float", "known": "boolean", "date": "date"}),
    Python(f"{HOME}:doubled", ("word", "whole"), {"upper": "string", "whole": "integer"}),
    Python(f"{HOME}:kept", ("number",), {"root": "float"}, timeout=0),
    Python(f"{HOME}:table", ("zoned",), {"same": "timestamp with time zone"}),
]


@pytest.mark.slow
@pytest.mark.parametrize("step", EVERY, ids=lambda s: s.function.partition(":")[2])
def test_the_battery(step):
    with tilth.allow_python():
        check_step(step)


@pytest.mark.spark
def test_spark_gives_the_same(spark):
    from pyspark import cloudpickle

    from tilth.engine.spark import Spark

    cloudpickle.register_pickle_by_value(functions)  # an executor cannot import what lies beside the tests
    duck, cluster = duckdb_session(), Spark(spark).session()
    with tilth.allow_python():
        check_step(LENGTH, engine=cluster)
        assert [text for step in EVERY for text in differences(step, duck, cluster)] == []


def test_it_runs_only_where_it_is_allowed():
    with pytest.raises(NotAllowed, match=r"not allowed[\s\S]*--allow-python"):
        made(LENGTH, TABLE)
    with tilth.allow_python():
        assert made(LENGTH, TABLE)["length"] == [1, None, 3]
    with pytest.raises(NotAllowed):
        made(LENGTH, TABLE)


def test_a_fitted_flow_holds_the_name_and_is_opened_only_where_it_is_allowed(tmp_path):
    text = f"features: [{{python: {{function: '{HOME}:length', reads: [word], makes: {{n: integer}}}}}}]"
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
    step = "{python: {function: 'mine:same', reads: [x], makes: {y: integer}}}"
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


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Python(f"{HOME}:series", ("word", "n"), {"sum": "integer"}), {"sum": [2, None, 6]}),  # whole floats, as integers
        (Python(f"{HOME}:doubled", ("word", "n"), {"upper": "string", "n": "float"}), {"upper": ["A", None, "ÉÉÉ"], "n": [2, 4, 6]}),
        (Python(f"{HOME}:kept", ("x",), {"root": "float"}), {"root": [2, None, None]}),
    ],
    ids=["pandas", "polars", "nan"],
)  # fmt: skip
def test_what_a_function_of_a_library_returns(step, expected):
    table = {"word": ["a", None, "ééé"], "n": [1, 2, 3], "x": [4.0, -1.0, None]}
    with tilth.allow_python():
        found = made(step, table)
    assert {name: found[name] for name in expected} == expected


def test_integers_reach_pandas_as_integers_beside_nulls():
    """A null would make them floats by the default of pandas, and change those beyond 2⁵³."""
    whole = pa.table({"word": [None, "a"], "whole": [None, 2**53 + 1]})
    with tilth.allow_python():
        found = made(Python(f"{HOME}:doubled", ("word", "whole"), {"upper": "string", "whole": "integer"}), whole)
        assert found["whole"] == [None, 2**54 + 2]
        assert made(Python(f"{HOME}:kept_integers", ("whole",), {"same": "integer"}), whole)["same"] == [None, 2**53 + 1]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Python("length", ("word",), {"n": "integer"}), "module:function"),
        (Python(f"{HOME}:nothing", ("word",), {"n": "integer"}), "not found"),
        (Python("no.such:thing", ("word",), {"n": "integer"}), "not found"),
        (Python(f"{HOME}:NUMBER", ("word",), {"n": "integer"}), "is a int, not a function"),
        (Python(f"{HOME}:misspelled", ("word",), {"n": "integer"}), "annotations of the function .*misspelled' cannot be read"),
        (Python(f"{HOME}:of_lists", ("word",), {"n": "integer"}), "is annotated as builtins.list"),
        (Python(f"{HOME}:broken", ("word",), {"n": "integer"}), r"broken raised KeyError: 'nowhere' \(functions.py:\d+\)"),
        (Python(f"{HOME}:ending", ("word",), {"n": "integer"}), r"ending raised SystemExit: 1 \(functions.py:\d+\)"),
        (Python(f"{HOME}:ending", ("word",), {"n": "integer"}, timeout=0), "ending raised SystemExit: 1"),
        (Python(f"{HOME}:stuck", ("word",), {"n": "string"}, timeout=0.05), "stuck ran longer than 0.05 seconds"),
        (Python(f"{HOME}:length", ("word",), {"n": "string"}), "returned values of type int64 that are not of kind string for 'n'"),
        (Python(f"{HOME}:length", ("word",), {"n": "integer", "m": "integer"}), "returned one column, not n, m"),
        (Python(f"{HOME}:cut", ("word",), {"n": "string"}), "returned 2 values for 3 rows"),
        (Python(f"{HOME}:resorted", ("word",), {"n": "string"}), "returned the columns word, not n"),
        (Python(f"{HOME}:resorted", ("word",), {"word": "string"}), "returned the rows in another order"),
        (Python(f"{HOME}:of_objects", ("word",), {"n": "string"}), "returned .* mixes types"),
        (Python(f"{HOME}:kept", ("x",), {"n": "integer"}), "returned values of type double that are not of kind integer"),
        (Python(f"{HOME}:length", ("l",), {"n": "integer"}), "cannot be handed"),
    ],
    ids=lambda x: x.function.partition(":")[2] if isinstance(x, Python) else "",
)
def test_what_is_wrong_with_a_function_is_reported(step, message):
    table = pa.table({"word": ["a", None, "ééé"], "l": [[1], [2], [3]], "x": [2.0, 3.0, 5.0]})
    with tilth.allow_python(), pytest.raises(RequestError, match=message):
        made(step, table)


def test_the_line_of_the_flow_is_named(tmp_path):
    step = "{{python: {{function: 'tests.steps.functions:{}', reads: [word], makes: {{{}: integer}}}}}}"
    flow = Flow.parse(f"features:\n  - {step.format('length', 'n')}\n  - {step.format('broken', 'm')}\n")
    with tilth.allow_python(), pytest.raises(RequestError, match=r":3:6: python tests.steps.functions:broken raised KeyError"):
        tilth.run(flow, tmp_path / "out", TABLE)


def test_what_a_function_raises_over_a_private_column_is_not_shown():
    step = Python(f"{HOME}:broken", ("word",), {"n": "integer"})
    with tilth.allow_python(), pytest.raises(RequestError, match="raised KeyError \\(") as found:
        made(step, TABLE, Roles.of(private="word"))
    assert "nowhere" not in str(found.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"reads": ()}, "`reads` names no column"),
        ({"makes": {}}, "`makes` names no column"),
        ({"reads": ("a", "a")}, "`reads` names a column twice"),
        ({"timeout": -1.0}, "`timeout` is -1.0"),
    ],
    ids=["reads", "makes", "twice", "timeout"],
)
def test_parameters_that_cannot_be(given, message):
    with pytest.raises(RequestError, match=message):
        Python("a:b", **{"reads": ("x",), "makes": {"n": "float"}, **given})
