"""Actions on days and times."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tilth.aws.conversion.databrew.action import Action, Actions
from tilth.aws.conversion.made import Made, NotConverted
from tilth.engine.operations.times import known_zone
from tilth.engine.user_sql.writing import identifier, string_literal


def of_days(a: Action) -> Iterator[Made]:
    """The days between two dates."""
    if a.text("units", "DAYS").upper() != "DAYS":
        raise NotConverted("the difference is not in days")
    first, second = a.name("sourceColumn1"), a.name("sourceColumn2")
    yield a.formula(a.text("targetColumn"), f"days_between({identifier(second)}, {identifier(first)})", [first, second])


UNITS = {f"{unit.upper()}S": unit for unit in ("second", "minute", "hour", "day", "week")}


def of_later(a: Action) -> Iterator[Made]:
    """A day or time that is later."""
    expression = f"add_time({identifier(a.column)}, {int(a.number('dateAddValue'))}, '{a.word('units', UNITS)}')"
    yield a.formula(a.target, expression, [a.column], "a day or time, not a string")


def of_zone(a: Action) -> Iterator[Made]:
    """What the clock shows in another time zone."""
    here, there = a.text("fromTimeZone", "UTC"), a.text("toTimeZone", "UTC")
    if a.has("dateTimeFormat"):
        raise NotConverted("it reads and writes times by a format: write `to_timestamp` and `strftime` in the formula")
    if wrong := next((zone for zone in (here, there) if not known_zone(zone)), None):
        raise NotConverted(f"there is no time zone {wrong[:40]!r}")
    expression = f"from_utc_timestamp(to_utc_timestamp({identifier(a.column)}, {string_literal(here)}), {string_literal(there)})"
    yield a.formula(a.target, expression, [a.column], "a time, not a string")


DATES = {
    "yyyy": "%Y",
    "yy": "%y",
    "month": "%B",
    "mmmm": "%B",
    "mmm": "%b",
    "mm": "%m",
    "m": "%-m",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "MM": "%M",
    "SS": "%S",
}
"""Part of a date format → directive of `strftime`."""


def of_date_as_text(a: Action) -> Iterator[Made]:
    """A day or time as a string."""
    given = a.text("targetDateFormat") if a.has("targetDateFormat") else a.text("dateTimeFormat")
    if unknown := [part for part in re.findall("[A-Za-z%]+", given) if part not in DATES]:
        raise NotConverted(f"its format has {unknown[0][:40]!r}, which has no counterpart")
    written = string_literal(re.sub("[A-Za-z]+", lambda part: DATES[part[0]], given))
    yield a.formula(a.target, f"strftime({identifier(a.column)}, {written})", [a.column], "strings must be parsed first")


ACTIONS: Actions = {
    "DATE_DIFF": of_days,
    "DATE_ADD": of_later,
    "CONVERT_TIMEZONE": of_zone,
    **dict.fromkeys(("DATE_FORMAT", "FORMAT_DATE"), of_date_as_text),
}
