"""One meaning: DuckDB, Spark and the row function give the same for every formula over the nasty table.

Equal means equal: null and NaN alike, with the sign of zero; exp, ln and powers within 4 units in the last place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.data import Change, Dataset, Memory
from tilth.engine.row import row_function
from tilth.engine.session import Session, everything
from tilth.engine.user_sql.expression import parse_expression
from tilth.engine.user_sql.query import parse_query
from tilth.errors import ExpressionError, RequestError, TilthError

from . import nasty

LOOSE = ("exp(", "ln(", "log(", "power(")
ROWS = nasty.nasty_rows()


def same(a: Any, b: Any, formula: str) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        if formula.startswith(LOOSE) and math.isfinite(a) and math.isfinite(b):
            return abs(a - b) <= 4 * math.ulp(max(abs(a), abs(b)))
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return a == b and (type(a) is type(b) or isinstance(a, Decimal) or isinstance(b, Decimal))  # Spark's whole decimals come as integers


def by_engine(engine: Session, formulas: Sequence[str] = nasty.FORMULAS) -> dict[str, list[Any]]:
    table = nasty.nasty_table()
    trees = {f: tree for f, tree in nasty.trees().items() if f in formulas}
    data = (
        Dataset(Memory(table, tuple(table.column_names))).change({f"={f}": tree for f, tree in trees.items()}).keep(f"={f}" for f in trees)
    )
    columns = list(zip(*engine.rows(data, everything()), strict=True))
    return dict(zip(trees, columns, strict=True))


@pytest.fixture(scope="module")
def duck() -> dict[str, list[Any]]:
    return by_engine(duckdb_session())


def differences(formula: str, expected: list[Any], found: list[Any]) -> list[str]:
    return [f"{r}: {a!r} and {b!r}" for r, a, b in zip(ROWS, expected, found, strict=True) if not same(a, b, formula)]


def test_a_row_alone_is_that_row_of_the_whole(duck):
    for formula, tree in nasty.trees().items():
        one = row_function([Change((("=", tree),))], nasty.SCHEMA.names)
        assert not differences(formula, duck[formula], [one(row)["="] for row in ROWS])[:5], formula


@pytest.mark.spark
def test_spark_gives_what_duckdb_gives(spark, duck):
    from tilth.engine.spark import Spark

    found = by_engine(Spark(spark).session())
    wrong = {f: differences(f, duck[f], found[f])[:3] for f in nasty.FORMULAS}
    assert not {f: d for f, d in wrong.items() if d}


def types_by(engine: Session) -> dict[str, str]:
    """The types of the formulas' values, in the words of DuckDB."""
    table = nasty.nasty_table()
    data = Dataset(Memory(table, tuple(table.column_names))).change(nasty.trees()).keep(nasty.FORMULAS)
    words = {"int": "integer", "string": "varchar", "timestamp_ntz": "timestamp", "array<string>": "varchar[]"}
    return {c.name: words.get(c.type.lower(), c.type.lower()) for c in engine.schema(data)}


@pytest.mark.spark
def test_spark_gives_columns_of_the_same_types(spark):
    from tilth.engine.spark import Spark

    duck, other = types_by(duckdb_session()), types_by(Spark(spark).session())
    assert {f: (duck[f], other[f]) for f in duck if duck[f] != other[f] and not duck[f].startswith("decimal")} == {}


def stops(engine: Session, formula: str) -> None:
    table = nasty.nasty_table()
    data = Dataset(Memory(table, tuple(table.column_names))).change({"=": parse_expression(formula, nasty.SCHEMA)}).keep(["="])
    with pytest.raises(RequestError, match="does not fit") as stopped:
        engine.rows(data, everything())
    assert "922337203685477" not in str(stopped.value), "a value may be private"


@pytest.mark.parametrize("formula", nasty.OVERFLOWING)
def test_what_leaves_64_bits_stops_duckdb_and_the_row(formula):
    stops(duckdb_session(), formula)
    one = row_function([Change((("=", parse_expression(formula, nasty.SCHEMA)),))], nasty.SCHEMA.names)
    with pytest.raises(RequestError, match="does not fit: an integer leaves 64 bits"):
        [one(row) for row in ROWS]


@pytest.mark.spark
def test_what_leaves_64_bits_stops_spark(spark):
    from tilth.engine.spark import Spark

    engine = Spark(spark).session()
    for formula in nasty.OVERFLOWING:
        stops(engine, formula)


def test_what_engines_take_differently_is_refused():
    for formula, message in nasty.DIFFERENT.items():
        with pytest.raises(ExpressionError, match=re.escape(message)):
            parse_expression(formula, nasty.SCHEMA)


def asked(engine: Session, expressions: list[str]) -> list[list[Any]]:
    """The values of expressions in a whole query, those of each row in a list."""
    table = nasty.nasty_table().append_column("o", pa.array(range(len(ROWS))))
    data = Dataset(Memory(table, tuple(table.column_names)))
    view = engine.view(data)
    chosen = ", ".join(f"{x} as v{n}" for n, x in enumerate(expressions))
    query = parse_query(f"select o, {chosen} from primary order by o", {"primary": (view, engine.schema(data))})
    return [list(row[1:]) for row in engine.execute("query", engine.written(query))]


def close(a: Any, b: Any, expression: str) -> bool:
    """Averages differ in their last bits."""
    averages = "avg" in expression and isinstance(a, float) and isinstance(b, float)
    return same(a, b, "") or (averages and math.isclose(a, b, rel_tol=1e-9))


@pytest.mark.spark
def test_whole_queries_mean_the_same(spark):
    from tilth.engine.spark import Spark

    ours, theirs = asked(duckdb_session(), nasty.QUERIES), asked(Spark(spark).session(), nasty.QUERIES)
    assert len(ours) == len(theirs) == len(ROWS)
    pairs = [(x, r, a, b) for r, *both in zip(ROWS, ours, theirs, strict=True) for x, a, b in zip(nasty.QUERIES, *both, strict=True)]
    assert [p for p in pairs if not close(p[2], p[3], p[0])][:5] == []


@pytest.mark.parametrize("expression", nasty.QUERIES_DIFFERENT)
def test_what_engines_take_differently_in_queries_is_refused(expression):
    with pytest.raises(TilthError) as told:
        asked(duckdb_session(), [expression])
    assert nasty.QUERIES_DIFFERENT[expression] in str(told.value)


@pytest.mark.spark
def test_and_by_spark(spark):
    from tilth.engine.spark import Spark

    engine = Spark(spark).session()
    for expression, words in nasty.QUERIES_DIFFERENT.items():
        with pytest.raises(TilthError) as told:
            asked(engine, [expression])
        assert words in str(told.value)


@pytest.mark.parametrize(
    ("expression", "expected"), [("cast(2.5 as int)", 2), ("cast('1_000' as int)", None), ("cast('1e3' as double)", 1000.0)]
)
def test_a_cast_in_a_query_is_that_of_a_formula(expression, expected):
    assert asked(duckdb_session(), [expression])[0] == [expected]
