"""Rows in the bodies of requests. The templates and what they make are the examples of Clarify's documentation."""

import datetime
import json
from decimal import Decimal

import pyarrow as pa
import pytest

from tilth.errors import RequestError
from tilth.measures.endpoint.records import CSV, JSON, LINES, Records

ROWS = pa.table({"A": [0, 3], "B": [1, 4]})


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ((CSV,), "0,1\n3,4\n"),
        ((LINES, '{"data": {"features": $features}}'), '{"data": {"features": [0, 1]}}\n{"data": {"features": [3, 4]}}\n'),
        ((JSON, '{"instances": $records}', "$features"), '{"instances": [[0, 1],[3, 4]]}'),
        ((JSON, "$records", "$features_kvp"), '[{"A": 0, "B": 1},{"A": 3, "B": 4}]'),
        ((JSON, "$records", '{"n": $feature_names, "v": $features}'), '[{"n": ["A", "B"], "v": [0, 1]},{"n": ["A", "B"], "v": [3, 4]}]'),
        ((JSON, "$record", '{"A": "${A}"}'), '{"A": 0}'),
    ],
)
def test_templates(given, body):
    records = Records(*given)
    assert records.single == (given[1:2] == ("$record",))
    assert records.body(records.of(ROWS)).decode() == body


def test_values_keep_their_type_and_what_they_say_is_no_template():
    at = datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC)
    values = {"s": ['say "$records", ü'], "f": [float("nan")], "b": [True], "d": [Decimal("1.5")], "t": [at], "n": [None]}
    rows = pa.table(values)
    records = Records()
    (row,) = json.loads(records.body(records.of(rows)))["instances"]
    assert row == {"s": 'say "$records", ü', "f": None, "b": True, "d": 1.5, "t": at.isoformat(), "n": None}
    assert Records(CSV).of(rows) == [f'"say ""$records"", ü",,true,1.5,{at.isoformat()},']


def test_a_column_that_the_rows_do_not_have():
    with pytest.raises(RequestError, match=r"\$\{age\}"):
        Records(JSON, "$records", '{"x": "${age}"}').of(ROWS)
