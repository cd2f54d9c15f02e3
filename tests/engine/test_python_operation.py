"""Python functions as expressions: one meaning on DuckDB, on Spark and for one row; errors that name the function."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.house.tree import python
from tilth.data import Change, Dataset, Kind, Memory
from tilth.engine.dry_run import DryRun
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import add, col, lit
from tilth.engine.python_operation import PythonFunction
from tilth.engine.row import row_function
from tilth.engine.session import everything
from tilth.errors import RequestError
from tilth.formats.writing import to_frame

TABLE = pa.table({"n": pa.array([1, 2, None], pa.int32()), "s": ["a", None, "é"]})
DATA = Dataset(Memory(TABLE, ("n", "s")))


@dataclass(frozen=True)
class Repeat:
    """The string n times; `otherwise` where either is null."""

    otherwise: str

    def __call__(self, n: pa.Array, s: pa.Array) -> pa.Array:
        assert (n.type, s.type) == (pa.int64(), pa.string())
        pairs = zip(n.to_pylist(), s.to_pylist(), strict=True)
        return pa.array([self.otherwise if None in pair else pair[0] * pair[1] for pair in pairs], pa.string())


def repeat(otherwise: str = "?") -> PythonFunction:
    return PythonFunction(Repeat(otherwise), (Kind.INTEGER, Kind.STRING), Kind.STRING, "repeat")


CHANGED = DATA.change({"r": repeat().of(col("n"), col("s")), "q": repeat("!").of(add(col("n"), lit(1)), col("s"))})
EXPECTED = [(1, "a", "a", "aa"), (2, None, "?", "!"), (None, "é", "?", "!")]


def test_a_function_is_an_expression():
    engine = DuckDB().session()
    assert engine.rows(CHANGED, everything()) == EXPECTED
    assert engine.schema(CHANGED)["r"].kind is Kind.STRING
    assert repeat().of(col("n"), col("s")) == repeat().of(col("n"), col("s")) != repeat("!").of(col("n"), col("s"))


OPEN = """
from dataclasses import dataclass
from tests.engine.test_python_operation import *

@dataclass(frozen=True)
class Same:
    def __call__(self, n):
        return n

def changed():
    return DATA.change({"m": PythonFunction(Same(), (Kind.INTEGER,), Kind.INTEGER, "same").of(col("n"))})

def left(connection):
    DuckDB(connection=connection).session().rows(changed(), everything())

def handed_over():
    with DuckDB().session() as session:
        return to_frame(changed(), "duckdb", session)
"""
ENDS = [
    "session = DuckDB().session(); session.rows(changed(), everything())",
    "own = duckdb.connect(); left(own)",
    "relation = handed_over()",
]


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS, ids=["open", "left", "handed over"])
def test_no_function_is_left_at_the_end(end):
    """DuckDB would list what is left on standard error."""
    done = python("-c", f"{OPEN}import duckdb\n{end}")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_was_handed_over_needs_no_function_any_more():
    with DuckDB().session() as session:
        relation = to_frame(CHANGED, "duckdb", session)
    del session
    assert relation.fetchall() == EXPECTED


def test_one_row_is_given_what_the_engine_gives():
    one = row_function([layer for layer in CHANGED.layers if isinstance(layer, Change)], ["n", "s"])
    assert [tuple(one(row).values()) for row in TABLE.to_pylist()] == EXPECTED


def test_a_plan_marks_what_runs_python():
    engine = DryRun(DuckDB().session())
    engine.checkpoint(CHANGED)
    engine.checkpoint(DATA)
    assert [p.title for p in engine.scans] == ["hold rows (runs Python)", "hold rows"]


def broken(x: pa.Array) -> pa.Array:
    raise ValueError("no model")


def short(x: pa.Array) -> pa.Array:
    return x.slice(1)


def other(x: pa.Array) -> pa.Array:
    return pc.cast(x, pa.string())


def nothing(x: pa.Array) -> None:
    return None


WRONG = [
    (broken, "broken raised ValueError: no model"),
    (short, "short returned 2 values of type int64"),
    (other, "other returned 3 values of type string"),
    (nothing, "nothing returned NoneType"),
]


def wrong(function) -> Dataset:
    return DATA.change({"x": PythonFunction(function, (Kind.INTEGER,), Kind.INTEGER, function.__name__).of(col("n"))})


@pytest.mark.parametrize(("function", "message"), WRONG)
def test_what_a_function_does_wrong_is_reported(function, message):
    with pytest.raises(RequestError, match=message):
        DuckDB().session().rows(wrong(function), everything())
    one = row_function([layer for layer in wrong(function).layers if isinstance(layer, Change)], ["n", "s"])
    with pytest.raises(RequestError, match=message.replace("2 v", "0 v").replace("3 v", "1 v")):
        one({"n": 1})


@pytest.mark.spark
def test_spark_gives_the_same(spark):
    from pyspark import cloudpickle

    from tilth.engine.spark import Spark

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # an executor cannot import a test

    engine = Spark(spark).session()
    assert engine.rows(CHANGED, everything()) == EXPECTED
    for function, message in WRONG[:1] + WRONG[2:]:
        with pytest.raises(RequestError, match=message.replace("3 v", ". v")):
            engine.rows(wrong(function), everything())
