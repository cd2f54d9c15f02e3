"""The one allow-list: every function, called with any arguments, is refused with a message or means something on the engine."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine import nasty
from tilth.engine.operations.operation import lower
from tilth.engine.user_sql.expression import parse_condition, parse_expression
from tilth.engine.user_sql.query import parse_query
from tilth.errors import ExpressionError

NAMES = [
    "abs",
    "avg",
    "array",
    "cast",
    "ceil",
    "ceiling",
    "char",
    "chr",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "count_if",
    "current_date",
    "date_add",
    "date_trunc",
    "datediff",
    "day",
    "days_between",
    "dense_rank",
    "exists",
    "exp",
    "explode",
    "extract",
    "floor",
    "from_json",
    "from_utc_timestamp",
    "full_match",
    "get_json_object",
    "greatest",
    "hour",
    "if",
    "ifnull",
    "isnan",
    "isnull",
    "lag",
    "lead",
    "least",
    "length",
    "like",
    "ln",
    "log",
    "lower",
    "lpad",
    "ltrim",
    "map",
    "max",
    "min",
    "minute",
    "month",
    "mod",
    "named_struct",
    "now",
    "nullif",
    "nvl",
    "pow",
    "power",
    "rand",
    "rank",
    "regexp_extract",
    "regexp_extract_all",
    "regexp_like",
    "regexp_replace",
    "replace",
    "left",
    "right",
    "rpad",
    "split_part",
    "round",
    "row_distinct",
    "row_largest",
    "row_median",
    "row_mode",
    "row_number",
    "row_sum",
    "row_var",
    "rtrim",
    "sign",
    "split",
    "sqrt",
    "stddev",
    "stddev_pop",
    "struct",
    "substring",
    "substr",
    "sum",
    "to_date",
    "to_timestamp",
    "to_utc_timestamp",
    "trim",
    "try_cast",
    "try_divide",
    "upper",
    "uuid",
    "variance",
    "var_pop",
    "weekday_of",
    "year",
    "read_csv",
    "read_parquet",
    "getenv",
    "query",
    "range",
    "glob",
]
VALUES = ["x", "i", "k", "s", "b", "d", "t", "z", "p", "f", "1", "-1.5", "'a'", "'2024-02-29'", "null", "true", "*", "(select 1)", "i = 1"]
MALFORMED = ["month()", "ceil()", "map(x)", "date_trunc()", "regexp_replace(s, s)", "cast()", "coalesce()", "days_between()", "count()"]
CALLS = st.builds(lambda name, given: f"{name}({', '.join(given)})", st.sampled_from(NAMES), st.lists(st.sampled_from(VALUES), max_size=5))
NESTED = st.recursive(
    CALLS, lambda inner: st.builds("{}({}, {})".format, st.sampled_from(NAMES), inner, st.sampled_from(VALUES)), max_leaves=3
)


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as made:
        made.register("nasty", nasty.nasty_table().slice(0, 5))
        made.execute("create table source0 as select * from nasty")
        yield made


def in_query(text: str):
    return parse_query(f"select {text} from primary", {"primary": ("source0", nasty.SCHEMA)})


@pytest.mark.parametrize("call", MALFORMED)
@pytest.mark.parametrize(
    "read", [lambda text: parse_expression(text, nasty.SCHEMA), lambda text: parse_condition(text, nasty.SCHEMA), in_query]
)
def test_a_malformed_call_is_refused(read, call):
    with pytest.raises(ExpressionError) as refused:
        read(call)
    assert refused.value.mistakes[0].message


def planned(connection, query: str) -> None:
    """The engine takes the query; what a value is refused for is not the query's fault."""
    connection.execute(f"explain {query}").fetchall()


@given(NESTED)
def test_every_call_is_refused_or_understood_by_the_engine(connection, call):
    for read in (lambda: parse_expression(call, nasty.SCHEMA), lambda: in_query(call)):
        try:
            tree = read()
        except ExpressionError as error:
            assert str(error)
            continue
        text = lower(tree, "duckdb")
        planned(connection, text if text.startswith("SELECT") else f"select {text} from source0")


@pytest.mark.slow
def test_every_function_with_up_to_two_arguments(connection):
    texts, wrong = {}, []
    for name, count in product(NAMES, range(3)):
        for given_ in product(VALUES[:12], repeat=count):
            call = f"{name}({', '.join(given_)})"
            try:
                tree = parse_expression(call, nasty.SCHEMA)
            except ExpressionError:
                continue
            texts[call] = lower(tree, "duckdb")
    calls = list(texts)
    for many in (calls[i : i + 200] for i in range(0, len(calls), 200)):
        with suppress(duckdb.Error):
            planned(connection, f"select {', '.join(texts[call] for call in many)} from source0")
            continue
        for call in many:
            try:
                planned(connection, f"select {texts[call]} from source0")
            except duckdb.Error as error:
                wrong.append((call, str(error)[:100]))
    assert not wrong


@pytest.mark.parametrize(
    "text",
    [
        "floor(x, 2)",
        "regexp_like(s, 'a', 'i')",
        "cast(d as string format 'yyyy')",
        "lpad(s, 5, '0', 1)",
        "rtrim('a', s, 'b')",
        "substr(s, 1, 2, 3)",
        "regexp_replace(s, 'a', 'b', 2)",
        "to_timestamp(s, '%Y', 'UTC')",
        "max(x, 2)",
    ],
)
def test_no_argument_is_ignored(text):
    for read in (lambda: parse_expression(text, nasty.SCHEMA), lambda: in_query(text)):
        with pytest.raises(ExpressionError):
            read()
