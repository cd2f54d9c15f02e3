"""Numbers, days and times as people write them: `$1,099.50`, `(12)`, `31/12/2012`. What does not fit the stated form is null.

One regular expression takes a string apart, and an engine's own cast takes what it gives: the expression admits nothing on which casts
differ. Its last alternative fits every string and leaves all groups empty, so that it is looked for once and not twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import case, concat, data_type, eq, ge, lit, null_if, sub
from tilth.engine.operations.casts import Guarded, StringToDate, StringToTimestamp, StringToTimestampTz
from tilth.engine.operations.operation import EngineName, Operation, call
from tilth.engine.operations.timeformats import MONTHS, TimeFormat
from tilth.engine.operations.times import known

BLANK = "[ \t\r\n\u00a0\u2009\u202f]"  # with the blanks at which no line is broken
MINUS = "\u2212"
MARKS = {" ": " \u00a0\u2009\u202f", "'": "'\u2019", "_": "_", ".": ".", ",": ",", "": ""}
"""Thousands separator → the characters that are accepted for it."""
CURRENCIES = "$¢£¤¥֏؋৲৳฿៛₡₦₨₩₪₫€₭₮₱₲₴₵₸₹₺₼₽₾₿"
GROUPS = 9  # of thousands: Java's stack bears few, and RE2 is fast for small expressions only
WHOLE = "[0-9]{1,40}"  # up to 40 digits, times at most 1e199, always fit a double
POWER = "[eE][+-]?[01]?[0-9]{1,2}"


def number_form(decimal: str, thousands: str, units: Sequence[str] = (), scaled: Sequence[str] = ()) -> str:
    """The regular expression of a number. One of `units` may stand in front of it or behind it; one of `scaled` must stand behind it.

    Its groups: a minus or `(` in front, a minus behind the unit in front, the digits, a minus or `)` at the end.
    """
    point, mark = f"[{decimal}]", f"[{MARKS[thousands]}]"
    grouped = f"[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}}){{0,{GROUPS}}}{mark}[0-9]{{3}}|" if thousands else ""
    unit, last = map(_one_of, (units, scaled))
    power = "" if last else f"(?:{POWER})?"
    digits = f"((?:(?:{grouped}{WHOLE})(?:{point}[0-9]*)?|{point}[0-9]+){power})"
    front = f"(?:(?:([-{MINUS}(])|[+]){BLANK}*)?"
    head = f"(?:{front}(?:{unit}{BLANK}*)?|{unit}{BLANK}*(?:([-{MINUS}])|[+]){BLANK}*)" if unit else f"{front}()"
    behind = f"{BLANK}*{last}" if last else f"(?:{BLANK}*{unit})?" if unit else ""
    return f"{BLANK}*{head}{digits}{behind}(?:{BLANK}*([-{MINUS})]))?{BLANK}*"


def _one_of(words: Sequence[str]) -> str:
    """The pattern of one of some words: characters as a set, which is a smaller expression."""
    characters = "".join(re.escape(w) for w in words if len(w) == 1)
    options = [*([f"[{characters}]"] if characters else []), *(re.escape(w) for w in words if len(w) > 1)]
    return f"(?:{'|'.join(options)})" if options else ""


def _taken_apart(x: Tree, form: str, into: str, engine: EngineName) -> Tree:
    r"""The groups of a form, put together as `into` says (`\1` is the first one); an empty string where a string has not the form."""
    into = into if engine == "duckdb" else into.replace("\\", "$")
    return call("regexp_replace", x, lit(rf"\A(?:{form}|(?s:.*))\z"), lit(into))


class _Parsing(Operation):
    """An operation on a string and constants, written alike for both engines except for regular expressions and the last cast."""

    @classmethod
    def made(cls, engine: EngineName, x: Tree, *constants: str) -> Tree:
        """The tree for an engine."""
        raise NotImplementedError

    @classmethod
    def duckdb(cls, x: Tree, *constants: Tree) -> Tree:
        return cls.made("duckdb", x, *(c.name for c in constants))

    @classmethod
    def spark(cls, x: Tree, *constants: Tree) -> Tree:
        return cls.made("spark", x, *(c.name for c in constants))


class ParseNumber(_Parsing):
    """The number in a string of a form (`number_form`) with a decimal mark, times a power of ten; null for other strings.

    `(12)`, `-12`, `12-` and `−12` are negative. A number has at most 40 digits in front of decimals, and no exponent beyond ±199.
    """

    @classmethod
    def made(cls, engine: EngineName, x: Tree, *constants: str) -> Tree:
        form, decimal, thousands, exponent = constants
        written = _taken_apart(x, form, r"\1\2\4\3", engine)
        for mark, by in (("()", "-"), *((m, "") for m in MARKS[thousands]), (decimal, "."), (MINUS, "-")):
            written = written if mark == by else call("replace", written, lit(mark), lit(by))
        return exp.TryCast(this=written if exponent == "0" else concat(written, lit(f"e{exponent}")), to=data_type("double"), safe=True)

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any]:
        form, decimal, thousands, exponent = constants
        match, power = re.compile(form).fullmatch, "" if exponent == "0" else f"e{exponent}"
        clean = str.maketrans(MINUS + decimal, "-.", MARKS[thousands])

        def one(x: str) -> float | None:
            found = match(x)
            if found is None:
                return None
            front, inner, digits, end = found.groups("")
            try:
                return float(f"{front}{inner}{end}{digits}".replace("()", "-").translate(clean) + power)
            except ValueError:  # two signs
                return None

        return one


MONTH_NUMBERS = "".join(f"{i:02}{name[:3]}" for i, name in enumerate(MONTHS, 1))
HOURS = "".join(
    f"{h % 12 + 12 * (half == 'p'):02}{half}{written}:" for half in "ap" for h in range(1, 13) for written in {f"{h}", f"{h:02}"}
)


def _found_before(key: Tree, table: str) -> Tree:
    """The two characters that stand before a key in a table that is written as one string."""
    start = sub(exp.StrPosition(this=lit(table), substr=key.copy()), lit(2))
    return exp.Substring(this=lit(table), start=start, length=lit(2))


def _lower(x: Tree) -> Tree:
    return call("lower", x)  # of A–Z alone


SPECIAL: dict[str, Callable[[Tree], Tree]] = {
    "y": lambda x: concat(case((ge(x, lit("69")), lit("19")), otherwise=lit("20")), x),
    "b": lambda x: _found_before(_lower(exp.Left(this=x, expression=lit(3))), MONTH_NUMBERS),
    "I": lambda x: _found_before(_lower(x), HOURS),
    "z": lambda x: case(
        (eq(x, lit("Z")), x),
        otherwise=concat(exp.Left(this=x.copy(), expression=lit(3)), lit(":"), exp.Right(this=x.copy(), expression=lit(2))),
    ),
}
"""Directive → how the characters that it matched are rewritten for a cast; the others are left unchanged."""
READ_BY: dict[Kind, type[Guarded]] = {Kind.DATE: StringToDate, Kind.TIMESTAMP: StringToTimestamp, Kind.TIMESTAMP_TZ: StringToTimestampTz}


class ParseTime(_Parsing):
    """The day or time in a string of a format (`TimeFormat`), of the format's kind; null for other strings and impossible days."""

    @classmethod
    def made(cls, engine: EngineName, x: Tree, *constants: str) -> Tree:
        form = TimeFormat.parse(*constants)
        pieces = _pieces(form)
        whole = null_if(_taken_apart(x, form.spaced, "|".join(into for into, _ in pieces), engine), lit(""))
        parts = [call("split_part", whole, lit("|"), lit(n)) if len(pieces) > 1 else whole for n in range(1, len(pieces) + 1)]
        written = concat(*(SPECIAL[d](part) if d else part for part, (_, d) in zip(parts, pieces, strict=True)))
        value = exp.TryCast(this=written, to=data_type(READ_BY[form.kind].types[engine], dialect=engine), safe=True)
        return known(form.kind)(value) if form.kind is Kind.TIMESTAMP_TZ else value  # an offset may lead beyond the years that Python has

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any]:
        return TimeFormat.parse(*constants).read


def _pieces(form: TimeFormat) -> list[tuple[str, str]]:
    """The groups of a format in the order of ISO 8601, in pieces; each has the directive that needs special treatment, or none."""
    group = {d: f"\\{n}" for n, d in enumerate(form.groups, 1)}
    group |= {"I": group["p"] + group["I"] + ":"} if "p" in group else {}
    day = [_first(group, "Yy"), "-", _first(group, "mb") or "01", "-", group.get("d", "01")]
    clock = [" ", _first(group, "HI"), ":", group.get("M", "00"), ":", group.get("S", "00"), *((".", group["f"]) if "f" in group else ())]
    special = {group[d]: d for d in SPECIAL if d in group}
    pieces = [("", "")]
    for part in [*day, *(clock if form.kind is not Kind.DATE else ()), group.get("z", "")]:
        if part in special:
            pieces += [(part, special[part]), ("", "")]
        else:
            pieces[-1] = (pieces[-1][0] + part, "")
    return [p for p in pieces if p[0]]


def _first(group: dict[str, str], directives: str) -> str:
    return next((group[d] for d in directives if d in group), "")
