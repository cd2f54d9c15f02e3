"""The law of the row: `flow.row(row)` is what `apply` makes of a table of that row, for every step that may be in `features`.

The same values to the last bit, in the same types, on DuckDB; what the one refuses the other refuses.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilth
from tests.steps.cases import FEATURES
from tilth.engine.duckdb import DuckDB
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.flow.flow import Reading
from tilth.steps.step import Step
from tilth.testing.steps import ROLES, sample_table

TABLE = sample_table()
WORDS = [
    "a",
    "A",
    "",
    " ",
    "\t",
    "\u00a0",
    "日本",
    "new",
    "it's",
    "-7",
    "1e3",
    "TRUE",
    "2024-02-29",
    "2024-02-29T12:30Z",
    "(missing)",
    "nan",
]
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "number": st.sampled_from([0.5, -0.0, 38.5816, float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, 2.0**53, 1e18]) | st.floats(),
    "whole": st.sampled_from([0, 1, 5, 2**53 + 1, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1),
    "price": st.decimals(Decimal("-9.99"), Decimal("9.99"), places=2),
    "word": st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    "flag": st.booleans(),
    "day": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "moment": st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
    "zoned": st.datetimes(datetime(1900, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),
    "label": st.sampled_from(["yes", "no", ""]),
    "id": st.integers(0, 99),
}
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | values for name, values in COLUMNS.items()}), min_size=4, max_size=12)
NOTHING = dict.fromkeys(COLUMNS)
ALWAYS = [NOTHING, {**NOTHING, "number": float("nan"), "word": ""}, {**NOTHING, "number": float("inf"), "word": " "}]


@cache
def engine() -> DuckDB:
    return DuckDB(threads=1)


@cache
def fitted(step: Step) -> Flow:
    return tilth.fit(Flow(parts={"features": (step,)}, reading=Reading(roles=ROLES)), TABLE, engine=engine())


def outcome(make: Any) -> Any:
    """The rows that are made, each value with its type (integers and decimals are one), or that they are refused."""
    try:
        rows = make()
    except RequestError:
        return "refused"
    return [{name: (Decimal if type(v) is int else type(v), v) for name, v in row.items()} for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("step", FEATURES, ids=str)
@settings(max_examples=max(1, settings().max_examples // 7))
@given(rows=ROWS)
def test_a_row_served_is_the_row_applied(step: Step, rows: list[dict[str, Any]]) -> None:
    """The rows that are served, all in one table, since a query takes as long for one; and two of the refused ones, each by itself."""
    flow, rows = fitted(step), ALWAYS + rows
    made = [outcome(lambda row=row: [flow.row(row)]) for row in rows]
    served = [row for row, of in zip(rows, made, strict=True) if of != "refused"]
    for row in [row for row, of in zip(rows, made, strict=True) if of == "refused"][:2]:
        assert applied(flow, [row]) == "refused"
    if served:
        assert [row for of in made if of != "refused" for row in of] == applied(flow, served)
        wanted = [*flow.row(served[0])][::-2]  # some columns, in another order
        some = flow.row_of(wanted)
        assert repr([some(row) for row in served]) == repr([{c: row[c] for c in wanted} for row in map(flow.row, served)])


def applied(flow: Flow, rows: list[dict[str, Any]]) -> Any:
    """The rows that the flow makes of a table of these, or that they are refused."""
    table = pa.Table.from_pylist(rows, TABLE.schema)
    return outcome(lambda: tilth.write(tilth.apply(flow, table, engine=engine()), engine=engine()).to_pylist(maps_as_pydicts="strict"))


UNLIKE: list[tuple[str, pa.Table, pa.Table, list[dict[str, Any]]]] = [  # fitted on, given, and as it should become
    (
        "frames make timestamps of days",
        pa.table({"x": [date(2024, 2, 29), date(2024, 3, 1)]}),
        pa.Table.from_pandas(pd.DataFrame({"x": pd.to_datetime(["2024-02-29", "2024-02-29 12:30", None], format="mixed")})),
        [{"x": date(2024, 2, 29)}, {"x": None}, {"x": None}],
    ),
    (
        "a number is not a string that means null",
        pa.table({"x": [1, 2]}),
        pa.table({"x": [-999, None]}),
        [{"x": -999}, {"x": None}],
    ),
    (
        "a number for a string is none either",
        pa.table({"x": ["a", "b"]}),
        pa.table({"x": [-999, None]}),
        [{"x": "-999"}, {"x": None}],
    ),
    (
        "the text that stands for nothing",
        pa.table({"x": [1, 2]}),
        pa.table({"x": ["-999", "5"]}),
        [{"x": None}, {"x": 5}],
    ),
]


@pytest.mark.parametrize(("learned", "given", "expected"), [c[1:] for c in UNLIKE], ids=[c[0] for c in UNLIKE])
def test_a_value_of_another_type_is_taken_alike(learned: pa.Table, given: pa.Table, expected: list[dict[str, Any]]) -> None:
    flow = tilth.fit(Flow.parse("data: {nulls: ['-999'], max_invalid: 1}\nfeatures: [{select: x}]"), learned)
    assert tilth.write(tilth.apply(flow, given)).to_pylist() == [flow.row(row) for row in given.to_pylist()] == expected


def test_a_constant_of_a_decimal_column_is_a_decimal() -> None:
    table = pa.table({"x": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2))})
    flow = tilth.fit(Flow.parse("features: [{impute: {columns: x, with: constant, value: 0}}]"), table)
    made = tilth.write(tilth.apply(flow, table))
    assert made.schema.field("x").type == pa.decimal128(10, 2)
    rows = [flow.row(row)["x"] for row in table.to_pylist()]
    assert made["x"].to_pylist() == rows == [Decimal("1.50"), Decimal(0)]
    assert {type(x) for x in rows} == {Decimal}
