"""What strings really are: null tokens, numbers, booleans, days and times, nested values, lists of categories, personal data.

The first rows suggest it, and all values confirm it: a form counts if at least 95 % of a column's values have it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pyarrow.compute as pc

from tilth.data import Change, Column, Dataset, Kind
from tilth.data.names import names_code, names_date
from tilth.drafting.sample import Sample
from tilth.drafting.summary import HALF, MANY, ColumnSummary, Disguise
from tilth.engine.expressions import col, lit, not_null, text
from tilth.engine.operations.casts import FROM_STRING, FitsForm
from tilth.engine.operations.parsing import CURRENCIES, number_form
from tilth.engine.operations.timeformats import TimeFormat
from tilth.engine.row import row_function
from tilth.engine.session import Session
from tilth.engine.statistics import count, highest, lowest
from tilth.measures.insights.strings import ENOUGH, ISO, LOOKED_AT, day_formats, day_formats_of

PLACEHOLDERS = (-1, -9, -99, -999, -9999, 999, 9999, 99999, 999999)  # numbers that often mean "unknown"

SURE_TOKENS = ("?", "n/a", "na", "#n/a", "null", "nan")
UNSURE_TOKENS = ("-", "--", ".", "n.a.", "k.a.", "none", "nil", "unknown", "missing", "undefined")
"""These count as missing only in a column of numbers or days: elsewhere *Unknown* may be a title, and *none* an answer."""

TOKENS = (*SURE_TOKENS, *UNSURE_TOKENS)

MARKS = {  # pattern that a value has → what it is
    f"[{CURRENCIES}]": "a currency sign",
    "%": "a percent sign (5 % becomes 0.05)",
    "^[(]": "parentheses around negative ones",
}
UNIT = re.compile(r"[-+]?[0-9][0-9.,]*\s*([A-Za-zµ°][A-Za-zµ0-9/²³°]{0,9})")
SEPARATORS = (";", "|", ",")  # of categories in one string
COMBINED = 3  # values that list several categories; with fewer, a separator may be part of a name
WORDS = ({"yes", "no"}, {"y", "n"}, {"true", "false"}, {"t", "f"}, {"on", "off"})


def disguise_of(column: Column, sample: Sample) -> Disguise | None:
    """The form that nearly all of a column's first values have in common, such as numbers with units."""
    if column.kind is Kind.INTEGER and not names_date(column.name):
        return None
    strings = sample.strings(column.name)
    values = strings[:LOOKED_AT]
    if column.kind is Kind.INTEGER:
        readers: Sequence[Callable[[Sequence[str]], Disguise | None]] = (_times,) if all(len(v) == 8 for v in values) else ()
    else:
        readers = (_nested, _booleans, _times) if names_code(column.name) else (_nested, _booleans, _numbers, _times)
    found = next((found for read in readers if values and (found := read(values))), None)
    return found if found or column.kind is Kind.INTEGER else _lists(column.name, strings, sample)


def confirmed(seen: Sequence[ColumnSummary], data: Dataset, engine: Session) -> list[ColumnSummary]:
    """The columns; a disguise stays if all values confirm it, with the number of those that do not. One scan.

    Of strings that are numbers and unique it finds, too, whether they number the rows.
    """
    many = {s.name: s.disguise.form for s in seen if s.disguise and s.disguise.form and not s.top}
    fits = {name: count(FitsForm.of(text(col(name)), lit(form))) for name, form in many.items()}
    whole = {s.name: FROM_STRING[Kind.INTEGER].of(text(col(s.name))) for s in seen if s.kind is Kind.STRING and s.unique and s.numeric}
    ends = {name: (count(not_null(x)), lowest(x), highest(x)) for name, x in whole.items()}
    asked = [*fits.values(), *(statistic for three in ends.values() for statistic in three)]
    answer = engine.answer(data, asked) if asked else {}

    def numbers_rows(s: ColumnSummary) -> bool:
        n, low, high = (answer[statistic] for statistic in ends[s.name])
        return bool(n == s.rows and high - low == s.rows - 1)

    def judged(s: ColumnSummary) -> ColumnSummary:
        if s.disguise is None or s.nested or s.separator:
            return s
        readable = answer[fits[s.name]] if s.name in fits else sum(n for v, n in s.top if _read(s.disguise.options, [str(v)]))
        exceptions = s.present - int(readable)
        return replace(s, disguise=replace(s.disguise, exceptions=exceptions) if readable >= ENOUGH * s.present else None)

    return [replace(s, numbers_rows=numbers_rows(s)) if s.name in ends else s for s in map(judged, seen)]


def _nested(values: Sequence[str]) -> Disguise | None:
    return Disguise("nested JSON") if all(v.lstrip()[:1] in ("{", "[") and _is_json(v) for v in values) else None


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _booleans(values: Sequence[str]) -> Disguise | None:
    words = sorted({v.strip().casefold() for v in values}, reverse=True)
    return Disguise(" and ".join(words), Kind.BOOLEAN, (("as", "boolean"),)) if set(words) in WORDS else None


def _numbers(values: Sequence[str]) -> Disguise | None:
    """Numbers as people write them. `1,099` is a thousand unless another value says that the comma is decimal."""
    if any(re.match(r"-?0[0-9]|[+-]?[0-9]{16}", v) for v in values):
        return None  # a double would lose digits
    units = {found[1] for v in values if (found := UNIT.fullmatch(v.strip()))}
    unit = (("units", tuple(units)),) if len(units) == 1 else ()
    marks = "," if any(re.match(r"-?0,", v) for v in values) else ".," if any("," in v for v in values) else "."
    ways = {mark: (("as", "number"), *((("decimal", ","),) if mark == "," else ()), *unit) for mark in marks}
    decimal = max(marks, key=lambda mark: len(_read(ways[mark], values)))
    read, thousands = _read(ways[decimal], values), {".": ",", ",": "."}[decimal]
    others = set(values).difference(read)
    if len(read) < ENOUGH * len(values) or any(re.search("[0-9]", v) and re.search("[A-Za-z]", v) for v in others):
        return None  # `c204` among numbers says that they are codes
    says = [f"the unit {u}" for u in units if unit]
    says += [what for mark, what in MARKS.items() if any(re.search(mark, v.strip()) for v in read)]
    says += ["marks of thousands"] * any(thousands in v for v in read) + ["a decimal comma"] * (decimal == ",")
    plain = sorted(units) if unit else CURRENCIES
    form = "|".join((number_form(decimal, thousands, plain), number_form(decimal, thousands, plain, ["%"])))
    return Disguise(f"numbers with {' and '.join(says)}" if says else "numbers", Kind.FLOAT, ways[decimal], form)


def _times(values: Sequence[str]) -> Disguise | None:
    """Dates and times in the one or two formats that fit nearly all values; if all numbers are small, two orders fit."""
    fits = {v: day_formats_of(v) for v in values}
    found = day_formats(fits)
    read = [v for v, formats in fits.items() if set(formats) & set(found)]
    if not read:
        return None
    kind = max((TimeFormat.parse(f).kind for f in found), key=list(Kind).index)
    either = [f for f in fits[read[0]] if f not in found and all(f in fits[v] for v in read)]
    units = "times" if kind is not Kind.DATE else "days" if any("d" in f for f in found) else "months"
    says = f"{units} written {' or '.join(found)}"
    doubt = f"{either[0]} fits too: which of day and month comes first?" if either else ""
    form = "|".join(TimeFormat.parse(f).spaced for f in found)
    options = () if all(ISO.fullmatch(f) for f in found) else (("format", tuple(found) if len(found) > 1 else found[0]),)
    return Disguise(says, kind, (("as", kind.value), *options), form, doubt)


def _lists(name: str, values: Sequence[str], sample: Sample) -> Disguise | None:
    """Lists of categories, such as multiple choices in a form: few categories, and most of them occur at several positions of the lists.

    In `Austin, TX`, `Turing, Alan` and `Phones | Cables`, on the other hand, each part has a fixed position.
    """
    for separator in SEPARATORS:
        if not (_categories(values[:LOOKED_AT], separator) and (categories := _categories(values, separator))):
            continue
        found = sample.values(name).drop_null()
        several = pc.sum(pc.match_substring_regex(found, rf"\S\s*[{separator}]\s*[^\s{separator}]")).as_py()
        of = f"{'' if sample.complete else 'the first '}{len(found):,} values"
        return Disguise(f"{several:,} of {of} list several of {len(categories)} categories, separated by {separator}", separator=separator)
    return None


def _categories(values: Sequence[str], separator: str) -> set[str]:
    """The categories that values list; none if they are not such lists."""
    if not any(separator in v for v in values):
        return set()
    lists = [[part for p in v.split(separator) if (part := p.strip())] for v in values]
    places: dict[str, set[int]] = {}
    for listed in lists:
        for place, part in enumerate(listed):
            places.setdefault(part, set()).add(place)
    combined = sum(len(listed) > 1 for listed in lists)
    sets = all(len(set(listed)) == len(listed) for listed in lists)
    words = all(re.match(r"[^\W_]", part) and re.search(r"[^\W\d_]", part) for part in places)
    moving = sum(len(at) > 1 for at in places.values())
    fit = combined >= COMBINED and sets and words and len(places) <= MANY and moving >= HALF * len(places)
    return set(places) if fit else set()


@cache
def _reader(options: tuple[tuple[str, Any], ...]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    x = Column("x", Kind.STRING)
    return row_function([Change((("x", Disguise("", options=options).parse("x").value(x)),))], ["x"])


def _read(options: tuple[tuple[str, Any], ...], values: Sequence[str]) -> list[str]:
    """The values that the step `parse` can read."""
    one = _reader(options)
    return [v for v in values if one({"x": v})["x"] is not None]


def numbers_in(column: Column, sample: Sample) -> list[float | None]:
    """The first numbers of a column, also of one of strings that are numbers as people write them; none of any other."""
    values = sample.values(column.name).to_pylist()
    if column.kind.numeric:
        return [None if v is None else float(v) for v in values]
    disguise = disguise_of(column, sample) if column.kind is Kind.STRING else None
    if disguise is None or disguise.kind is not Kind.FLOAT:
        return []
    one = _reader(disguise.options)
    return [one({"x": v})["x"] for v in values]


# ── null tokens, placeholders and spellings ──


def null_tokens(columns: Sequence[Column], sample: Sample) -> tuple[str, ...]:
    """Strings that mean missing: well-known ones, and words among numbers or dates, if they are not values of another column."""
    found: dict[str, str] = {}
    ordinary: set[str] = set()
    for strings in (sample.strings(c.name) for c in columns if c.kind is Kind.STRING):
        written = {folded: v.strip() for v in strings if (folded := v.strip().casefold()) in TOKENS}
        others = [v for v in strings if v.strip().casefold() not in written][:LOOKED_AT] if written else []
        typed = bool(others) and (_numbers(others) or _times(others)) is not None
        codes = all(re.fullmatch("[A-Z]{2}", v) for v in others)  # NA is Namibia
        sure = {t for t in written if t in SURE_TOKENS and others and not (t == "na" and (codes or written[t] == "Na"))}  # or sodium
        found |= {t: v for t, v in written.items() if typed or t in sure}
        ordinary |= set() if typed else set(written) - sure
    return tuple(found[t] for t in TOKENS if t in found and t not in ordinary)


def placeholder_of(s: ColumnSummary) -> int | None:
    """A placeholder for "unknown": the minimum or maximum of a column, far from nearly all other values."""
    return next((number for number in PLACEHOLDERS if s.kind.numeric and number in (s.low, s.high) and _far_off(number, s)), None)


def _far_off(number: int, s: ColumnSummary) -> bool:
    inner = sorted(q for q in s.quantiles if q != number)
    if len(inner) < 2:
        return False
    width = max(inner[-1] - inner[0], 1e-9)
    return number < inner[0] - width if number == s.low else number > inner[-1] + width


def spellings(values: Sequence[str]) -> tuple[str, ...]:
    """Different spellings of one value."""
    folded: dict[str, set[str]] = {}
    for string in values:
        folded.setdefault(string.strip().casefold(), set()).add(string)
    return tuple(sorted(next((ways for ways in folded.values() if len(ways) > 1), ())))
