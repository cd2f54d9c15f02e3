"""Formats of days and times: what is read is what Python's `strptime` reads, and examples say which format they are of."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.data import Kind
from tilth.engine.operations.timeformats import TimeFormat, formats_of, from_java
from tilth.errors import RequestError

TIMES = st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31, 23, 59, 59, 999999))  # which two digits of the year can say
DAYS = st.sampled_from(["%d/%m/%Y", "%m-%d-%y", "%Y.%m.%d", "%b-%d-%Y", "%d %B %y", "%A, %d %b %Y", "%Y%m%d", "%a %b %d %Y"])
CLOCKS = st.sampled_from(["", " %H:%M", "T%H:%M:%S", " %I:%M:%S %p", " %H%M%S", " at %H:%M:%S.%f", " %I %p"])


@given(TIMES, DAYS, CLOCKS)
def test_what_strftime_writes_is_read_as_strptime_reads_it(time, day, clock):
    form = TimeFormat.parse(day + clock)
    written = time.strftime(day + clock)
    expected = datetime.strptime(written, day + clock)
    assert form.kind is (Kind.TIMESTAMP if clock else Kind.DATE)
    assert form.read(written) == (expected if clock else expected.date())
    assert form.read(written + "0") is None or written[-1:].isdigit()


@given(TIMES, st.integers(-17 * 60, 17 * 60))
def test_an_offset_leads_to_utc(time, minutes):
    zone = timezone(timedelta(minutes=minutes))
    written = time.replace(tzinfo=zone).strftime("%d/%b/%Y:%H:%M:%S.%f %z")
    form = TimeFormat.parse("%d/%b/%Y:%H:%M:%S.%f %z")
    assert form.kind is Kind.TIMESTAMP_TZ
    assert form.read(written) == time.replace(tzinfo=zone).astimezone(UTC)


@given(TIMES, DAYS, CLOCKS)
def test_a_format_is_among_those_of_its_example(time, day, clock):
    text = day.replace("%B", "%b").replace("%A", "%a") + clock
    if clock in {"", " %H:%M", "T%H:%M:%S", " %I:%M:%S %p"}:
        assert text in formats_of(time.strftime(text)) or ("%y" in text and len(formats_of(time.strftime(text))) > 0)


@pytest.mark.parametrize(
    ("example", "formats"),
    [
        ("31/12/2012", ["%d/%m/%Y"]),
        ("12/31/2012", ["%m/%d/%Y"]),
        ("01/02/2012", ["%d/%m/%Y", "%m/%d/%Y"]),
        ("31.12.12", ["%d.%m.%y"]),
        ("12/31/99", ["%m/%d/%y"]),
        ("99-12-31", ["%y-%m-%d"]),
        ("10/11/12", ["%d/%m/%y", "%m/%d/%y"]),
        ("Feb-23-2017", ["%b-%d-%Y"]),
        ("23-Feb-17", ["%d-%b-%y"]),
        ("Mon, 23 February 2017", ["%a, %d %b %Y"]),
        ("2012-12-31", ["%Y-%m-%d"]),
        ("2012-12-31T10:11:12.5Z", ["%Y-%m-%dT%H:%M:%S.%f%z"]),
        ("2012-12-31 10:11:12 +0200", ["%Y-%m-%d %H:%M:%S %z"]),
        ("12/31/2012 4:05 PM", ["%m/%d/%Y %I:%M %p"]),
        ("20121231", ["%Y%m%d"]),
        ("1998/06/12", ["%Y/%m/%d"]),
        ("Wed Aug 27 13:08:45 +0000 2008", ["%a %b %d %H:%M:%S %z %Y"]),
        ("Q1 2008", []),
        ("August 27th, 2008", []),
        ("2012-12", ["%Y-%m"]),
        ("Dec 2012", ["%b %Y"]),
        ("2012", ["%Y"]),
        ("10:11", []),
        ("31/13/2012", []),
        ("soon", []),
        ("", []),
    ],
)
def test_an_example_says_its_format(example, formats):
    assert list(formats_of(example)) == formats


@pytest.mark.parametrize(
    ("java", "format_"),
    [
        ("dd/MM/yyyy", "%d/%m/%Y"),
        ("d.M.yy", "%d.%m.%y"),
        ("MMM-dd-yyyy", "%b-%d-%Y"),
        ("EEEE, d MMMM uuuu", "%a, %d %b %Y"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "%Y-%m-%dT%H:%M:%S.%f%z"),
        ("M/d/yyyy h:mm a 'o''clock'", "%m/%d/%Y %I:%M %p o'clock"),
    ],
)
def test_formats_as_java_writes_them(java, format_):
    assert from_java(java) == format_


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("%Q %Y", "has %Q, which is not supported"),
        ("%Y %", "has %, which is not supported"),
        ("%d/%m", "has no year"),
        ("%Y %y", "has the year twice"),
        ("%Y %d", "has %d without %m or %b"),
        ("%Y-%m %H", "has %H or %I without %d"),
        ("%Y-%m-%d %M", "has %M without %H or %I"),
        ("%Y-%m-%d %I", "has %I without %p"),
        ("%Y-%m-%d %H %p", "has %p without %I"),
        ("", "has no year"),
    ],
)
def test_a_format_that_makes_no_day_is_rejected(text, told):
    with pytest.raises(RequestError) as error:
        TimeFormat.parse(text)
    assert told in str(error.value)
