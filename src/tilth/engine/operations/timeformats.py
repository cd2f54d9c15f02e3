"""Formats of days and times, in the notation of `strptime`: a closed set of directives, each defined by a regular expression.

| directive | reads |
|---|---|
| `%Y` `%y` | the year in four digits; in two digits, 1969 to 2068 |
| `%m` `%d` `%H` `%M` `%S` | month, day, hour, minute, second: two digits, or one if no other number is adjacent |
| `%I` | the hour from 1 to 12, with `%p` |
| `%b` `%B` | the English name of the month, whole or its first three letters (`Sept` too), in any case |
| `%a` `%A` | the name of the weekday in the same way; it is ignored |
| `%p` | AM or PM, in any case, with full stops or without |
| `%f` | one to six decimals of the second |
| `%z` | the offset from UTC: `Z`, `+0200` or `+02:00` |
| `%%` | a percent sign |

A blank matches one or more blanks, every other character matches itself. A missing month or day is 1: `%B %Y` gives the first day of the
month.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from tilth.data import Kind
from tilth.engine.operations.casts import SPACE, either_case
from tilth.engine.operations.strings import BLANKS
from tilth.errors import Mistake, RequestError

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST_CENTURY = 69  # the first year in two digits that is one of the 1900s, as POSIX has it


def _name(full: str) -> str:
    """The pattern of a name or its first three letters."""
    short, rest = ("".join(map(either_case, part)) for part in (full[:3], full[3:]))
    return f"{short}(?:{rest})?" if rest else short


NAME = {"b": "|".join(map(_name, (*MONTHS, "sept"))), "a": "|".join(map(_name, (*WEEKDAYS, "tues", "thur", "thurs")))}
NUMBERS = {"m": "1[0-2]|0{}[1-9]", "d": "3[01]|[12][0-9]|0{}[1-9]", "H": "2[0-3]|1[0-9]|0{}[0-9]", "I": "1[0-2]|0{}[1-9]"}
NUMBERS |= dict.fromkeys("MS", "[1-5][0-9]|0{}[0-9]")
PATTERNS = {
    "Y": "[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9]",
    "y": "[0-9]{2}",
    "b": NAME["b"],
    "f": "[0-9]{1,6}",
    "p": "[AaPp]",
    "z": "Z|[+-](?:0[0-9]|1[0-7]):?[0-5][0-9]",
}
UNITS = {"Y": "year", "y": "year", "m": "month", "b": "month", "d": "day", "H": "hour", "I": "hour", "M": "minute", "S": "second"}
UNITS |= {"f": "decimals of the second", "p": "AM or PM", "z": "offset"}
NEEDS = {"d": "mb", "mb": "Yy", "M": "HI", "S": "M", "f": "S", "z": "HI", "HI": "d", "I": "p", "p": "I"}
"""Directive, or alternatives → directives of which a format must have one as well."""
ALIKE = {"B": "b", "A": "a", "e": "d"}
ACCEPTED = "%Y %y %m %d %H %I %M %S %f %b %B %a %A %p %z %%"


TOKEN = re.compile(r"%%|%-?([^%-]?)|[ \t\r\n]+|.", re.DOTALL)


@dataclass(frozen=True)
class TimeFormat:
    """A format as a regular expression, and the directive (`B` and `A` as `b` and `a`) of each of its groups."""

    text: str
    pattern: str
    groups: tuple[str, ...]

    @classmethod
    @cache
    def parse(cls, text: str) -> TimeFormat:
        """Parse a format. `%-d` is read as `%d`. Errors: `RequestError` for unknown directives, and formats without a day.

        >>> TimeFormat.parse("%d.%m.%y").groups
        ('d', 'm', 'y')
        """
        parts = [(m[1] if m[1] is None else ALIKE.get(m[1], m[1]), m[0]) for m in TOKEN.finditer(text)]
        RequestError.reject(_mistakes(text, [d for d, _ in parts if d is not None]))
        numbers = [False, *(d is not None and d in NUMBERS for d, _ in parts), False]
        pattern = "".join(
            _pattern(d, part, before or behind) for (d, part), before, behind in zip(parts, numbers, numbers[2:], strict=False)
        )
        groups = [d for d, _ in parts if d and d != "a"]
        return cls(text, pattern, tuple(groups))

    @property
    def kind(self) -> Kind:
        """The kind of its values: a date; a timestamp if it has hours; with time zone if it has an offset."""
        return Kind.TIMESTAMP_TZ if "z" in self.groups else Kind.TIMESTAMP if {"H", "I"} & {*self.groups} else Kind.DATE

    @property
    def spaced(self) -> str:
        """The expression with the blanks around a value."""
        return f"{SPACE}{self.pattern}{SPACE}"

    @property
    def read(self) -> Callable[[str], date | None]:
        """A function that reads one string; it gives None for other strings, and for days that do not exist."""
        match, groups, is_date = re.compile(self.spaced).fullmatch, self.groups, self.kind is Kind.DATE

        def one(x: str) -> date | None:
            found = match(x)
            if found is None:
                return None
            made = _made(dict(zip(groups, found.groups(), strict=True)))
            return made.date() if made and is_date else made

        return one


def _pattern(directive: str | None, part: str, beside: bool) -> str:
    """The pattern of a directive or a literal character. `beside`: it is next to another number, so all digits are required."""
    if directive is None:
        return f"{SPACE[:-1]}+" if part[0] in BLANKS else re.escape(part[-1])
    if directive == "a":
        return f"(?:{NAME['a']})"
    pattern = NUMBERS[directive].format("" if beside else "?") if directive in NUMBERS else PATTERNS[directive]
    return f"({pattern})" + (r"\.?[Mm]\.?" if directive == "p" else "")


def _mistakes(text: str, directives: Sequence[str]) -> Iterator[Mistake]:
    known = {*UNITS, "a"}
    for d in dict.fromkeys(d for d in directives if d not in known):
        yield Mistake(f"the format {text!r} has %{d}, which is not supported", accepted=ACCEPTED, code="bad-format")
    units = [UNITS[d] for d in directives if d in UNITS]
    for unit in dict.fromkeys(u for u in units if units.count(u) > 1):
        yield Mistake(f"the format {text!r} has the {unit} twice", code="bad-format")
    if not {"Y", "y"} & {*directives}:
        yield Mistake(f"the format {text!r} has no year", accepted=ACCEPTED, code="bad-format")
    for these, those in NEEDS.items():
        if {*these} & {*directives} and not {*those} & {*directives}:
            message = f"the format {text!r} has %{' or %'.join(these)} without %{' or %'.join(those)}"
            yield Mistake(message, code="bad-format")


def _made(found: dict[str, Any]) -> datetime | None:
    year = int(found["Y"]) if "Y" in found else int(found["y"]) + (1900 if int(found["y"]) >= LAST_CENTURY else 2000)
    month = MONTH_OF[found["b"][:3].lower()] if "b" in found else int(found.get("m", 1))
    hour = int(found["I"]) % 12 + 12 * (found["p"] in "Pp") if "I" in found else int(found.get("H", 0))
    clock = (hour, int(found.get("M", 0)), int(found.get("S", 0)), int(found.get("f", "").ljust(6, "0")))
    try:
        made = datetime(year, month, int(found.get("d", 1)), *clock)
        return made.replace(tzinfo=_zone(found["z"])).astimezone(UTC) if "z" in found else made
    except (ValueError, OverflowError):
        return None


MONTH_OF = {name[:3]: i for i, name in enumerate(MONTHS, 1)}


def _zone(written: str) -> timezone:
    if written == "Z":
        return UTC
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-offset if written[0] == "-" else offset)


JAVA = {"y": "Y", "u": "Y", "L": "m", "M": "m", "d": "d", "H": "H", "h": "I", "m": "M", "s": "S", "S": "f", "E": "a", "a": "p"}
JAVA |= dict.fromkeys("XxZ", "z") | {"yy": "y"} | {letter * n: "b" for letter in "LM" for n in (3, 4)}
"""A letter of Java's, however often it is repeated, or some that mean something else repeated → the directive."""

JAVA_WRITES = {
    **dict.fromkeys(("y", "yyyy", "u", "uuuu"), "Y"), "yy": "y", "MM": "m", "M": "-m", "dd": "d", "d": "-d", "HH": "H", "H": "-H",
    "hh": "I", "h": "-I", "mm": "M", "m": "-M", "ss": "S", "s": "-S", "SSSSSS": "f", **dict.fromkeys(("MMM", "LLL"), "b"),
    **dict.fromkeys(("MMMM", "LLLL"), "B"), **dict.fromkeys(("E", "EE", "EEE"), "a"), "EEEE": "A", "a": "p",
}  # fmt: skip
"""Letters of Java's → the directive that writes the same; to read, how often a letter is repeated matters less."""


def from_java(text: str, writing: bool = False) -> str:
    """Convert a format of Java and Spark, such as `dd/MM/yyyy`, to directives. `writing`: for output, with the same number of digits.

    Errors: `RequestError` for letters without a directive.

    >>> from_java("dd/MM/yyyy'T'HH:mm:ss.SSS")
    '%d/%m/%YT%H:%M:%S.%f'
    """
    made = ""
    for part in re.finditer(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", text, re.DOTALL):
        directive = JAVA_WRITES.get(part[0]) if writing else JAVA.get(part[0]) or JAVA.get(part[2] or "")
        if part[2] and not directive:
            message = f"the format {text!r} has {part[0]}, which is not supported"
            raise RequestError(message, accepted=ACCEPTED, hint="such as %d/%m/%Y, or dd/MM/yyyy", code="bad-format")
        made += f"%{directive}" if directive else part[0] if part[1] is None else part[1].replace("''", "'") or "'"
    return made


# ── by example ──

CLOCK = re.compile(
    r"([0-9]{1,2}):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(?:( ?)([AaPp])\.?[Mm]\.?)?(?:( ?)(Z|[+-][0-9]{2}:?[0-9]{2}))?(?![0-9:])"
)
ORDERS = ("dmy", "mdy", "ymd")
BETWEEN = ("T", "Z")  # letters of ISO 8601 that stand for themselves


def formats_of(example: str) -> tuple[str, ...]:
    """The formats that can read one example of a day or time: several for 01/02/2012, none for a string without a day.

    The order of the numbers is day, month, year; month, day, year; or year, month, day. The last one with a two-digit year is used only if
    no other format fits. Words other than names of months and weekdays are not accepted.

    >>> formats_of("31/12/2012"), formats_of("Feb-23-2017 4:05 PM"), formats_of("20121231")
    (('%d/%m/%Y',), ('%b-%d-%Y %I:%M %p',), ('%Y%m%d',))
    """
    clock = CLOCK.search(example)
    day = f"{example[: clock.start()]}\0{example[clock.end() :]}" if clock else example
    tokens, time = re.findall(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]", day), _clock_format(clock) if clock else ""
    years = [len(t) == 4 for t in tokens if t.isdigit()]
    found = [
        f
        for order in (ORDERS[2:] if years[:1] == [True] else ORDERS)
        if _reads(f := _date_format(tokens, order).replace("\0", time), example)
    ]
    by_century = [f for f in found if "%y" not in f or not f.startswith("%y")]
    return tuple(dict.fromkeys(by_century or found))


def _clock_format(clock: re.Match[str]) -> str:
    _, seconds, decimals, before, half, gap, offset = clock.groups()
    made = ("%I" if half else "%H") + ":%M" + (":%S" if seconds else "") + (".%f" if decimals else "")
    return made + (f"{before}%p" if half else "") + (f"{gap}%z" if offset else "")


def _date_format(tokens: Sequence[str], order: str) -> str:
    """The format of a day with its numbers in a given order; all other characters are literals."""
    names = {d: re.compile(pattern) for d, pattern in NAME.items()}
    written = [next((f"%{d}" for d, name in names.items() if name.fullmatch(t)), "") for t in tokens]
    left = [c for c in order if not (c == "m" and "%b" in written) and not (c == "y" and any(t.isdigit() and len(t) == 4 for t in tokens))]
    made = ""
    for token, found in zip(tokens, written, strict=True):
        if found or not token.isdigit():
            if not found and token.isalpha() and token not in BETWEEN:
                return ""
            made += found or token.replace("%", "%%")
        elif len(token) == 8:
            made += "%Y%m%d"
        elif len(token) == 4:
            made += "%Y"
        else:
            made += f"%{left.pop(0)}" if left else token
    return made


def _reads(text: str, example: str) -> bool:
    try:
        return TimeFormat.parse(text).read(example) is not None
    except RequestError:
        return False
