"""Functions that Spark has and DuckDB has not, or has in another sense: the same on both engines, in a served row, and by Spark's own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tests.cases import cases
from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.expression import parse_expression
from tilth.engine.user_sql.query import parse_query
from tilth.errors import ExpressionError

CASES = cases(Path(__file__).with_name("spark_functions.yaml"))
TIMES = [datetime(2024, 1, 31, 12, 30, 45, 500_000), datetime(2023, 2, 28), datetime(1969, 12, 31, 23, 59, 59, 999_999), None]
TABLE = pa.table(
    {
        "n": [-1, 24, 0, None],
        "x": [-2.5, 1.005, 0.0, None],
        "s": ["a b", "", "1e2", None],
        "d": [t and t.date() for t in TIMES],
        "t": pa.array(TIMES, pa.timestamp("us")),
    }
)
KINDS = {"n": Kind.INTEGER, "x": Kind.FLOAT, "s": Kind.STRING, "d": Kind.DATE, "t": Kind.TIMESTAMP}
SCHEMA = Schema(tuple(Column(name, kind) for name, kind in KINDS.items()))


def read(text: str | None, like: Any) -> Any:
    """What Spark writes, as a value of the kind of another."""
    if text is None or isinstance(like, str):
        return text
    return type(like).fromisoformat(text) if hasattr(like, "year") else type(like)(text)


TREES = [parse_expression(text, SCHEMA) for text, _ in CASES["rows"]]
ROWS = dict(CASES["rows"])
NUMBERS = {text: value if value is None else pytest.approx(value, abs=1e-6) for text, value in CASES["all"]}


def of_rows(found: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {text: [row[i] for row in found] for i, text in enumerate(ROWS)}


def query(text: str) -> str:
    return f"select {text}" if " from " in text else f"select {text} from primary"


def numbers(engine: Any = None) -> dict[str, float | None]:
    """What each query gives in a CustomSql."""
    rules = ", ".join(f'CustomSql "{query(text)}" > -1000' for text in NUMBERS)
    found = tilth.check(TABLE, f"Rules = [ {rules} ]", engine=engine).findings
    assert [f.message for f in found if str(f.outcome) == "Error"] == []
    return {text: next(iter(f.payload.metrics.values()), None) for text, f in zip(NUMBERS, found, strict=True)}


@pytest.mark.slow
def test_values_of_rows() -> None:
    assert of_rows(on_duckdb(TABLE, TREES)) == ROWS
    assert of_rows(by_row(TABLE, TREES)) == ROWS


@pytest.mark.slow
def test_numbers_of_all_rows() -> None:
    assert numbers() == NUMBERS


@pytest.mark.spark
def test_they_are_those_of_spark(spark: Any) -> None:
    from tilth.engine.spark import Spark

    assert of_rows(on_spark(spark, TABLE, TREES)) == ROWS
    assert numbers(Spark(spark)) == NUMBERS
    Spark(spark).frame(TABLE).createOrReplaceTempView("primary")
    shown = spark.sql(f"select {', '.join(f'string({text})' for text in ROWS)} from primary order by n nulls last").collect()
    own = {text: [read(shown[k][i], values[0]) for k in (0, 2, 1, 3)] for i, (text, values) in enumerate(ROWS.items())}
    assert own == ROWS
    numbers_of_spark = {text: spark.sql(query(text)).collect()[0][0] for text in NUMBERS}
    assert {text: n if n is None else float(n) for text, n in numbers_of_spark.items()} == NUMBERS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select percentile(n, array(0.1, 0.9)) from primary", "one call for each: percentile"),
        ("select percentile(n, x) from primary", "the percentage of percentile.. must be a number from 0 to 1"),
        ("select percentile(n, 1.5) from primary", "must be a number from 0 to 1"),
        ("select median(distinct n) from primary", "not the distinct ones"),
        ("select percentile(n, 0.5, 2) from primary", "number of provided arguments"),
        ("select median(n) over (partition by d) from primary", "WINDOW cannot be used with a percentile"),
        ("select corr(n, x) filter (where n > 1) from primary", "CASE WHEN"),
        ("select cast(n as decimal(40, 2)) from primary", "a decimal has 1 to 38 digits"),
        ("select cast(n as decimal(4, 3, 2)) from primary", r"not \(4, 3, 2\)"),
        ("select max_by(s, n) from primary", "max_by.. cannot be used"),
        ("select log10(n) from primary", r"ln\(x\) / ln\(10\)"),
        ("select trunc(d, 'DD') from primary", "units are 'year', 'quarter', 'month' and 'week'"),
        ("select date_format(t, 'HH:mm:ss.SSS') from primary", "date_format.. takes a day or time, and a format in quotes"),
        ("select datediff(month, d, t) from primary", "months_between"),
        ("select extract(second from t) from primary", "second.t. is the whole seconds"),
        ("select date_part('second', t) from primary", "second.t. is the whole seconds"),
        ("select date_part(s, t) from primary", "parts are year"),
        ("select from_unixtime(n, 'SSS') from primary", "as date_format.. takes it"),
        ("select sign(d) from primary", "sign.. takes numbers"),
        ("select concat_ws(s, 'a') from primary", "takes a separator in quotes"),
    ],
)
def test_what_is_refused_says_what_to_write(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        parse_query(text, {"primary": ("source0", SCHEMA)})


def test_a_formula_has_no_decimals() -> None:
    with pytest.raises(ExpressionError, match=r"decimals are doubles here: round\(x, 2\)"):
        parse_expression("cast(x as decimal(10, 2))", SCHEMA)
