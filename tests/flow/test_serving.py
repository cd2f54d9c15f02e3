"""One row served by a fitted flow: what may stand in it, and what is said of what may not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tilth
from tilth.errors import RequestError
from tilth.flow import Flow

NOON = datetime(2024, 2, 29, 12)
TABLE = pa.table(
    {
        "number": [1.0, 2.0, None, 4.0],
        "whole": [1, 2, None, 4],
        "price": [Decimal("1.50"), None, Decimal("2.50"), Decimal("3.00")],
        "word": ["a", "b", None, "a"],
        "flag": [True, False, None, True],
        "day": [date(2024, 2, 28), date(2024, 2, 29), None, date(2024, 2, 29)],
        "moment": [NOON, NOON, None, NOON],
        "zoned": pa.array([NOON.replace(tzinfo=UTC), None, None, None], pa.timestamp("us", "UTC")),
    }
)
FEATURES = """
features:
  - impute: {columns: [number, whole, price], with: mean}
  - impute: {columns: word, with: constant, value: (missing)}
  - encode: {columns: flag, with: ordinal, missing: -1}
  - formula: {column: sum, expression: number + whole}
"""
ROW: Mapping[str, Any] = TABLE.to_pylist()[0]


@pytest.fixture(scope="module")
def flow() -> Flow:
    return tilth.fit(Flow.parse(FEATURES), TABLE)


@pytest.mark.parametrize("nothing", [None, math.nan, np.float32("nan"), pd.NA, pd.NaT, Decimal("NaN"), np.datetime64("NaT")], ids=repr)
def test_nothing_is_null_in_every_column(flow: Flow, nothing: Any) -> None:
    empty = flow.row(dict.fromkeys(TABLE.column_names))
    assert flow.row(dict.fromkeys(TABLE.column_names, nothing)) == empty
    # the means of 1, 2, 4 and of 1.5, 2.5, 3; no flag is -1
    assert (empty["number"], empty["price"], empty["word"], empty["flag"]) == (7 / 3, 7 / 3, "(missing)", -1)


def test_an_integer_that_leaves_64_bits_stops_the_row_as_it_stops_the_table() -> None:
    flow = tilth.fit(Flow.parse("features: [{formula: {column: y, expression: x + 1}}]"), pa.table({"x": [1]}))
    largest = pa.table({"x": [2**63 - 1]})
    for prepare in (lambda: flow.row({"x": 2**63 - 1}), lambda: tilth.write(tilth.apply(flow, largest), format="arrow")):
        with pytest.raises(RequestError) as told:
            prepare()
        assert str(told.value).startswith("a value does not fit: ")
    with pytest.raises(RequestError, match="column 'x' is integer, but a value of type int that cannot be read as one was given"):
        flow.row({"x": 2**63})  # is not an integer of 64 bits
    text = "{data: {max_invalid: 1}, features: [{formula: {column: y, expression: x + 1}}]}"
    allowing = tilth.fit(Flow.parse(text), pa.table({"x": [1]}))
    assert allowing.row({"x": 2**63}) == {"x": None, "y": None}


def test_a_row_of_a_pandas_frame_is_the_row(flow: Flow) -> None:
    frame = TABLE.to_pandas()
    frame["flag"] = frame["flag"].astype("boolean")
    for i, row in enumerate(TABLE.to_pylist()):
        expected = flow.row(row)
        assert flow.row(frame.iloc[i].to_dict()) == expected
        assert flow.row(frame.iloc[i]) == expected
        assert tilth.write(tilth.apply(flow, frame.iloc[i : i + 1])).to_pylist() == [expected]


def test_a_key_that_is_not_a_column_is_ignored(flow: Flow) -> None:
    assert flow.row({**ROW, "nobody": object(), 5: 5}) == flow.row(ROW)


def test_what_the_flow_drops_unread_may_be_of_any_kind() -> None:
    table = pa.table({"x": [1.0, 3.0], "note": ['{"by": 1}', None], "made": [1, 2], "tags": [["a"], []]})
    flow = tilth.fit(Flow.parse("features: [{formula: {column: made, expression: x + 1}}, {select: [x, made]}]"), table)
    given = {"x": 1, "note": {"by": 1}, "tags": "a"}
    assert flow.row(given) == {"x": 1.0, "made": 2.0}
    assert tilth.write(tilth.apply(flow, pa.Table.from_pylist([given])), format="arrow").to_pylist() == [flow.row(given)]
    kept = tilth.fit(Flow.parse("features: [{scale: x}]"), table)
    with pytest.raises(RequestError, match="column 'tags' is list"):
        kept.row(given)
    with pytest.raises(RequestError) as told:
        flow.row({**given, "x": "six"})
    assert len(told.value.mistakes) == 1


@pytest.mark.parametrize("row", [None, [1], "abc", 5, [("number", 1)]], ids=repr)
def test_what_is_not_a_row_is_rejected(flow: Flow, row: Any) -> None:
    with pytest.raises(RequestError, match=f"a value of type {type(row).__name__} is not a row"):
        flow.row(row)


def test_every_value_of_a_wrong_type_is_named_and_none_is_shown(flow: Flow) -> None:
    wrong = {"number": [4711], "whole": date(2024, 1, 1), "price": b"4711", "word": 47.11, "flag": {"4711": 1}, "day": 4711}
    naive = {"moment": NOON.replace(tzinfo=UTC), "zoned": NOON}
    with pytest.raises(RequestError) as caught:
        flow.row({**wrong, **naive})
    assert len(caught.value.mistakes) == len(wrong) + len(naive)
    text = str(caught.value)
    assert "column 'number' is float, but a value of type list was given [wrong-kind]\n    accepted: a number, or a string such as" in text
    assert "column 'moment' is timestamp, but a value of type datetime with a zone was given" in text
    assert "column 'zoned' is timestamp with time zone, but a value of type datetime without a zone was given" in text
    assert "4711" not in text
    assert caught.value.exit_code == 2


def test_an_error_shows_no_line_of_the_generated_function(flow: Flow) -> None:
    with pytest.raises(RequestError) as caught:
        flow.row({"number": [1]})
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
