"""cast."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.steps.made import fitted, made
from tilth.errors import RequestError
from tilth.steps.clean.cast import Cast

NOON = datetime(2024, 2, 29, 12)


@pytest.mark.parametrize(
    ("to", "values", "expected"),
    [
        ("integer", [" 7", "-1", "1.5", "1e3", "", None], [7, -1, None, None, None, None]),
        ("float", ["0.5", "1e3", "inf", "1_000"], [0.5, 1000.0, None, None]),
        ("boolean", ["Yes", "f", "2", " "], [True, False, None, None]),
        ("date", ["2024-02-29", "2023-02-29", "29.2.2024"], [date(2024, 2, 29), None, None]),
        ("timestamp", ["2024-02-29 12:00", "noon"], [NOON, None]),
        ("timestamp with time zone", ["2024-02-29T12:00+02:00", "2024-02-29T12:00"], [NOON.replace(hour=10, tzinfo=UTC), None]),
        ("integer", [2.9, -2.9, 1e300, None], [2, -2, None, None]),
        ("integer", [Decimal("2.9"), Decimal("-0.5")], [2, 0]),
        ("integer", [True, False, None], [1, 0, None]),
        ("float", [1, None], [1.0, None]),
        ("float", [True, False], [1.0, 0.0]),
        ("float", [Decimal("0.5")], [0.5]),
        ("boolean", [1, 0, 2, None], [True, False, None, None]),
        ("boolean", [1.0, 0.5], [True, None]),
        ("string", [1, None], ["1", None]),
        ("string", [True, False], ["true", "false"]),
        ("string", [Decimal("1.50")], ["1.5"]),
        ("string", [date(2024, 2, 29)], ["2024-02-29"]),
        ("string", [NOON], ["2024-02-29T12:00:00.000000"]),
        ("string", [NOON.replace(tzinfo=UTC)], ["2024-02-29T12:00:00.000000Z"]),
        ("string", [" a ", ""], [" a ", ""]),
        ("date", [NOON], [date(2024, 2, 29)]),
        ("timestamp", [date(2024, 2, 29)], [datetime(2024, 2, 29)]),
        ("timestamp", [NOON.replace(tzinfo=UTC)], [NOON]),
        ("timestamp with time zone", [NOON], [NOON.replace(tzinfo=UTC)]),
    ],
)
def test_values_become_those_of_another_kind(to, values, expected):
    found = made(Cast("x", to=to), {"x": values})["x"]
    assert found == expected
    assert [type(v) for v in found] == [type(v) for v in expected]


def test_what_cannot_be_read_may_be_kept():
    table = {"x": ["1", "six", "", None]}
    assert made(Cast("x", to="integer", keep_invalid=True), table) == {
        "x": [1, None, None, None],
        "x_typecast_error": [None, "six", None, None],
    }


def test_what_cannot_be_read_may_be_rejected():
    step = Cast("x", to="integer", invalid="error")
    assert made(step, {"x": ["1", "", None]}) == {"x": [1, None, None]}
    with pytest.raises(RequestError, match="cast: column 'x' has a value that is not of kind integer"):
        made(step, {"x": ["1", "six"]})


def test_a_column_named_like_a_format_is_refused_as_any_other():
    """Its name is in the message, which is not one about a file of that format."""
    with pytest.raises(RequestError, match="cast: column 'JSON' has a value that is not of kind integer"):
        made(Cast("JSON", to="integer", invalid="error"), pa.table({"JSON": ["x"]}))


def test_floats_have_no_string_form():
    with pytest.raises(RequestError, match="engines write floats differently"):
        made(Cast("x", to="string"), {"x": [0.5]})
    with pytest.raises(RequestError, match="cannot be cast to date"):
        made(Cast("x", to="date"), {"x": pa.array([1])})


def test_what_is_changed_is_counted():
    assert set(fitted(Cast("x", to="integer"), {"x": [0.5]}).reasons()) == {("x", "not integer"), ("x", "decimals cut off")}
