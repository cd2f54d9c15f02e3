"""parse."""

from datetime import UTC, date, datetime

import pytest

from tests.steps.made import fitted, made
from tilth.data import Column, Kind
from tilth.errors import RequestError
from tilth.flow.loading import parse_flow
from tilth.steps.clean.parse import Parse

D = date


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({}, ["$35,000.00", "1,099", "€ 7", "7 €", "1,00,000", "1e3"], [35000.0, 1099.0, 7.0, 7.0, 100000.0, 1000.0]),
        ({}, ["13.99%", "5 %", "$1,2", "0,45", "1,09"], [0.1399, 0.05, None, None, None]),
        ({}, ["-5", "5-", "(5)", "-$5", "$-5", "($5)", "\u22125", "+5"], [-5.0, -5.0, -5.0, -5.0, -5.0, -5.0, -5.0, 5.0]),
        ({}, ["+-5", "--5", "(5", "5)", "5 kg", "six", "1e999", " ", None], [None] * 9),
        ({"percent": "number"}, ["13.99%", "-5%"], [13.99, -5.0]),
        ({"decimal": ","}, ["0,45", "1.099,50 €", "1.099", "-0,5%"], [0.45, 1099.5, 1099.0, -0.005]),
        ({"thousands": "'"}, ["1'099.5", "1\u2019099", "1,099"], [1099.5, 1099.0, None]),
        ({"thousands": " ", "decimal": ","}, ["1 234,5", "1\u202f234\u00a0567"], [1234.5, 1234567.0]),
        ({"thousands": "_"}, ["1_000", "1,000"], [1000.0, None]),
        ({"thousands": ""}, ["1000", "1,000"], [1000.0, None]),
        ({"units": "kg"}, ["10 kg", "10kg", "kg 10", "10", "10 lb", "$10"], [10.0, 10.0, 10.0, 10.0, None, None]),
        ({"units": ("EUR", "$")}, ["EUR 1,099.50", "-$5", "5 €"], [1099.5, -5.0, None]),
        ({"units": {"kg": 1, "g": 0.001, "lb": 0.5}}, ["2 kg", "4.35 g", "3 lb"], [2.0, 0.00435, 1.5]),
        ({"units": {"$": 1, "k": 1000, "M": 1e6, "+": 1}}, ["$1.2k", "8.7k", "2.3M", "10,000+"], [1200.0, 8700.0, 2300000.0, 10000.0]),
    ],
)
def test_numbers(options, values, expected):
    assert made(Parse("x", as_="number", **options), {"x": values})["x"] == expected


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({"like": "31/12/2012"}, ["31/12/2012", "1/2/2012", "30/2/2012", "1/13/2012"], [D(2012, 12, 31), D(2012, 2, 1), None, None]),
        ({"format": "%b-%d-%Y"}, ["Feb-23-2017", "SEPT-3-2017", "February-23-2017 "], [D(2017, 2, 23), D(2017, 9, 3), D(2017, 2, 23)]),
        ({"format": ("%d.%m.%y", "%Y%m%d")}, ["1.2.69", "1.2.68", "20121231"], [D(1969, 2, 1), D(2068, 2, 1), D(2012, 12, 31)]),
        ({"format": "%B %Y"}, ["May 2020", "May  2020"], [D(2020, 5, 1), D(2020, 5, 1)]),
        ({"format": "%Y-%m-%d %H:%M"}, ["2020-01-31 23:59", "2020-01-31 24:00"], [D(2020, 1, 31), None]),
        ({}, ["2024-02-29", "2023-02-29"], [D(2024, 2, 29), None]),
    ],
)
def test_days(options, values, expected):
    assert made(Parse("x", as_="date", **options), {"x": values})["x"] == expected


def test_times():
    step = Parse("x", as_="timestamp", format="%m/%d/%Y %I:%M %p")
    expected = [datetime(2020, 1, 2, 0, 5), datetime(2020, 1, 2, 12, 5), datetime(2020, 1, 2, 15, 5), None]
    assert made(step, {"x": ["1/2/2020 12:05 AM", "1/2/2020 12:05 p.m.", "01/02/2020 03:05 pm", "1/2/2020 13:05 PM"]})["x"] == expected
    zoned = Parse("x", as_="timestamp with time zone", format="%d/%b/%Y:%H:%M:%S %z")
    assert made(zoned, {"x": ["01/Jan/2020:10:00:00 +0530"]})["x"] == [datetime(2020, 1, 1, 4, 30, tzinfo=UTC)]


def test_booleans():
    assert made(Parse("x", as_="boolean"), {"x": ["Yes", "n", " OFF ", "2", None]})["x"] == [True, False, False, None, None]
    assert made(Parse("x", as_="boolean", true="ja", false=("nein",)), {"x": ["JA", "Nein", "yes"]})["x"] == [True, False, None]


def test_columns_that_are_typed_are_cast():
    assert made(Parse("x", as_="number"), {"x": [1, None]})["x"] == [1.0, None]
    assert made(Parse("x", as_="boolean"), {"x": [1, 0, 2]})["x"] == [True, False, None]
    assert made(Parse("x", as_="date", format="%Y%m%d"), {"x": [20121231, 7]})["x"] == [D(2012, 12, 31), None]
    with pytest.raises(RequestError, match="cannot be read as date"):
        made(Parse("x", as_="date"), {"x": [20121231]})


def test_what_cannot_be_read_is_counted():
    step = Parse("x", as_="number")
    assert set(fitted(step, {"x": ["1"]}).reasons()) == {("x", "not a number")}
    unreadable = step.unreadable(Column("x", Kind.STRING)).sql()
    assert step.counted(Column("x", Kind.STRING))["not a number"].sql() == unreadable


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("as: number, format: '%Y'", "`format` is for `as: date or timestamp or timestamp with time zone`, not for `as: number`"),
        ("as: date, decimal: ','", "`decimal` is for `as: number`"),
        ("as: number, thousands: '.'", "'.' cannot be both the decimal mark and the mark of thousands"),
        ("as: number, units: [' ']", "the unit ' ' with the factor 1.0 means nothing"),
        ("as: number, units: {kg: 0}", "the unit 'kg' with the factor 0.0 means nothing"),
        ("as: boolean, true: [A, b], false: [a]", "'a' cannot mean both true and false"),
        ("as: date, format: '%d/%m'", "the format '%d/%m' has no year"),
        ("as: date, format: '%Q %Y'", "the format '%Q %Y' has %Q, which is not supported"),
        ("as: date, like: 01/02/2012", "the example '01/02/2012' can be read as %d/%m/%Y or %m/%d/%Y"),
        ("as: date, like: soon", "the example 'soon' cannot be read as a day or time"),
    ],
)
def test_what_cannot_be_meant_is_told_ahead(written, told):
    with pytest.raises(RequestError) as error:
        parse_flow(f"features:\n  - parse: {{columns: x, {written}}}\n")
    assert told in str(error.value)


def test_the_flow_file_writes_it():
    flow = parse_flow(
        "features:\n  - parse: {columns: x, as: number, units: {k: 1000, '$': 1}}\n  - parse: {columns: y, as: date, like: 20121231}\n"
    )
    assert flow.parts["features"] == (Parse("x", "number", units={"k": 1000, "$": 1}), Parse("y", "date", like="20121231"))
