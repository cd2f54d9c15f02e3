"""parse: strings become the numbers, days, times or booleans that people wrote in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, coalesce, col, is_null, lit, mul, text
from tilth.engine.operations.casts import IsToken
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.parsing import CURRENCIES, ParseNumber, ParseTime, number_form
from tilth.engine.operations.strings import BLANKS, LowerAscii
from tilth.engine.operations.timeformats import TimeFormat, formats_of
from tilth.errors import Mistake, RequestError
from tilth.steps.missing import present
from tilth.steps.step import ColumnStep

KINDS: Mapping[str, Kind] = {"number": Kind.FLOAT, "boolean": Kind.BOOLEAN, **{k.value: k for k in Kind if k.temporal}}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "number": ("decimal", "thousands", "units", "percent"),
    "boolean": ("true", "false"),
    **{k.value: ("format", "like") for k in Kind if k.temporal},
}
"""`as` → the parameters that say how the values are written."""


@dataclass(frozen=True)
class Parse(ColumnStep):
    """Reads numbers, dates, times or booleans that people have written as strings. A value that cannot be read becomes null and is counted.

    | as | reads |
    |---|---|
    | `number` | `$35,000.00`, `13.99%` (0.1399), `1e3`, `-5`, `5-`, `(5)` (minus five); with `decimal: ","` also `0,45` and `1.099,50 €` |
    | `boolean` | true, t, yes, y, on, 1 and false, f, no, n, off, 0 in any case, or words of your own |
    | `date`, `timestamp`, `timestamp with time zone` | the formats that are stated, or ISO 8601 if none is |

    The whole value must be of the form, except for blanks around it. A mark between thousands counts only in front of three digits:
    `1,09` cannot be read, and `1,00,000` can, as it is written in India. Names of months and weekdays are English, in any case.
    Columns that are typed already are cast. Null and blank strings become null.

    Errors: a format with directives that are not of the closed set; an example that can be read in no way, or in several; a parameter
    that says nothing about what values become.

    >>> print(Parse("price", as_="number", units=("EUR",), decimal=","))
    parse(columns='price', as='number', decimal=',', units=['EUR'])
    """

    name = "parse"
    parts = frozenset({"rows", "features"})
    makes_columns = True

    as_: Literal["number", "boolean", "date", "timestamp", "timestamp with time zone"]
    """The kind to read."""
    decimal: Literal[".", ","] = "."
    """`number`: the decimal mark."""
    thousands: Literal[",", ".", "'", " ", "_", ""] | None = None
    """`number`: the thousands separator; a space also stands for non-breaking spaces, `""` for no separator. Default: a comma, or a point
    if the decimal mark is a comma."""
    units: str | tuple[str, ...] | tuple[tuple[str, float], ...] | Mapping[str, float] | None = None
    """`number`: units that may stand before or after the number, such as `[kg, EUR]`; with factors, `{k: 1000, M: 1000000}`, after it.
    Default: any one currency sign."""
    percent: Literal["share", "number"] = "share"
    """`number`: whether `13.99%` is the share 0.1399 or the number 13.99."""
    true: str | tuple[str, ...] = ("true", "t", "yes", "y", "1", "on")
    """`boolean`: the words for true."""
    false: str | tuple[str, ...] = ("false", "f", "no", "n", "0", "off")
    """`boolean`: the words for false."""
    format: str | tuple[str, ...] = ()
    """Dates and times: the format, such as `%d/%m/%Y`, or several formats, which are tried in order."""
    like: str | tuple[str, ...] = ()
    """Dates and times: an example instead of a format, such as `31/12/2012`, or several."""

    def mistakes(self) -> Iterator[Mistake]:
        for name in sorted(self.parameters().keys() - {"columns", "into", "as", *OPTIONS[self.as_]}):
            kinds = " or ".join(k for k, names in OPTIONS.items() if name in names)
            yield Mistake(f"parse: `{name}` is for `as: {kinds}`, not for `as: {self.as_}`", code="bad-value")
        if self.thousands == self.decimal:
            yield Mistake(f"parse: {self.decimal!r} cannot be both the decimal mark and the mark of thousands", code="bad-value")
        for unit, factor in self._factors().items():
            if not unit.strip(BLANKS) or not math.isfinite(factor) or factor <= 0:
                message = f"parse: the unit {unit!r} with the factor {factor} means nothing"
                yield Mistake(message, accepted="a unit that is not blank, with a factor above 0", code="bad-value")
        words = [{LowerAscii.row(w.strip(BLANKS)) for w in _several(given)} for given in (self.true, self.false)]
        both = words[0] & words[1]
        if both:
            yield Mistake(f"parse: {min(both)!r} cannot mean both true and false", code="bad-value")
        for text_ in _several(self.format):
            try:
                TimeFormat.parse(text_)
            except RequestError as error:
                yield from (Mistake(f"parse: {m.message}", accepted=m.accepted, hint=m.hint, code=m.code) for m in error.mistakes)
        for example in _several(self.like):
            found = formats_of(example)
            if len(found) != 1:
                how = f"can be read as {' or '.join(found)}" if found else "cannot be read as a day or time"
                hint = "give one whose day is above 12, such as 31/12/2012, or the `format`"
                yield Mistake(f"parse: the example {example!r} {how}", hint=hint, code="bad-example")

    def _factors(self) -> dict[str, float]:
        """Unit → what the number before it is multiplied with."""
        percent = {"%": 0.01 if self.percent == "share" else 1.0}
        given = CURRENCIES if self.units is None else _several(self.units)
        return percent | dict(unit if isinstance(unit, tuple) else (unit, 1.0) for unit in given)

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {column.name: self.value(column)}

    def value(self, column: Column) -> Tree:
        """The value of a cell; null if it cannot be read."""
        x, to = col(column.name), KINDS[self.as_]
        formats = (*_several(self.format), *(f for example in _several(self.like) for f in formats_of(example)))
        if formats and column.kind in (Kind.STRING, Kind.INTEGER):
            return _first_of([_converted(ParseTime.of(_string(column), lit(f)), TimeFormat.parse(f).kind, to) for f in formats])
        if column.kind is Kind.STRING and to is Kind.FLOAT:
            return _first_of(list(self._numbers(x)))
        if column.kind is Kind.STRING and to is Kind.BOOLEAN:
            is_one_of = [IsToken.of(x, *map(lit, words)) for words in map(_several, (self.true, self.false))]
            return case((is_one_of[0], lit(True)), (is_one_of[1], lit(False)))
        return _converted(x, column.kind, to)

    def unreadable(self, column: Column) -> Tree:
        """Whether a cell has a value, and it cannot be read."""
        return and_(present(column), is_null(self.value(column)))

    def _numbers(self, x: Tree) -> Iterator[Tree]:
        """The number in a string, in any accepted form: without a factor, or with one."""
        factors = self._factors()
        thousands = {".": ",", ",": "."}[self.decimal] if self.thousands is None else self.thousands
        plain = [unit for unit, factor in factors.items() if factor == 1]
        for factor in dict.fromkeys((1.0, *factors.values())):
            form = number_form(self.decimal, thousands, plain, [u for u, f in factors.items() if f == factor != 1])
            exponent = round(math.log10(factor))
            exact = float(f"1e{exponent}") == factor  # to move the point is exact, to multiply is not
            number = ParseNumber.of(x, *map(lit, (form, self.decimal, thousands, str(exponent if exact else 0))))
            yield number if exact else mul(number, lit(float(factor)))

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {f"not a {self.as_}": self.unreadable(column)}

    def accepts(self, column: Column) -> str:
        to = KINDS[self.as_]
        by_format = column.kind is Kind.INTEGER and to.temporal and (self.format or self.like)
        if column.kind in (Kind.STRING, to) or by_format or (column.kind, to) in CONVERSIONS:
            return ""
        return f"cannot be read as {self.as_}"


def _several(given: Any) -> tuple[Any, ...]:
    return (given,) if isinstance(given, str) else given


def _string(column: Column) -> Tree:
    x = col(column.name)
    return x if column.kind is Kind.STRING else text(x)


def _converted(x: Tree, source: Kind, to: Kind) -> Tree:
    return x if source is to else CONVERSIONS[source, to](x)


def _first_of(values: list[Tree]) -> Tree:
    return values[0] if len(values) == 1 else coalesce(*values)
