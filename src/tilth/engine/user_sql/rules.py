"""What becomes of each node of SQL that users write, once its arguments are admitted; a node without a rule is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations import across, times
from tilth.engine.operations import numbers as num
from tilth.engine.operations.casts import DIGITS, NUMBER, FitsForm
from tilth.engine.operations.conversions import CONVERSIONS, ToDecimal
from tilth.engine.operations.lists import Listed
from tilth.engine.operations.months import IN_MONTHS, LastDay, MonthsBetween
from tilth.engine.operations.numbers import Divide, IsNan, Round
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.parsing import ParseTime
from tilth.engine.operations.patterns import ExtractAll, ExtractPattern, FullMatches, Like, Matches, ReplacePattern
from tilth.engine.operations.strings import (
    BLANKS,
    Center,
    Character,
    CodePoint,
    Contains,
    EndsWith,
    LowerAscii,
    PadLeft,
    PadRight,
    Position,
    Repeat,
    Replace,
    SplitPart,
    StartsWith,
    Substring,
    TitleCase,
    Translate,
    Trim,
    TrimCharacters,
    UpperAscii,
)
from tilth.engine.operations.timeformats import TimeFormat, from_java
from tilth.engine.operations.timewriting import (
    UNITS,
    WHOLE_DAYS,
    AddTime,
    FromUnixSeconds,
    Millisecond,
    UnixSeconds,
    WriteTime,
    reject_unwritten,
)
from tilth.engine.user_sql.aggregates import AGGREGATES, over_rows
from tilth.engine.user_sql.nodes import CASTS, OF_DECIMAL, OWN, arguments, article, is_narrow, is_string, kind, name_of, typed
from tilth.engine.user_sql.shorthands import SHORTHANDS
from tilth.engine.user_sql.spark_times import PRESENT
from tilth.errors import ExpressionError, RequestError, listed
from tilth.regex import Regex

if TYPE_CHECKING:
    from tilth.engine.user_sql.admission import Admission

MOST_PLACES = 15  # to round to: a double has no more digits
MOST_VALUES = 1_000  # of a row
MOST_CHARACTERS = 10_000  # to pad to, and of a place in a string

Rule = Callable[["Admission", Any], Tree]
Takes = Callable[["Admission", str, list[Tree]], list[Tree]]


@dataclass(frozen=True)
class Call:
    """The rule of an operator or function: what it takes (`Admission.numbers` …), gives (None: the wider kind), and is made by."""

    takes: Takes
    gives: Kind | None = None
    made: Callable[..., Tree] | None = None

    def __call__(self, a: Admission, node: Any) -> Tree:
        given = arguments(node)
        if not given:
            return a.reject(f"{name_of(node)} has no arguments", code="wrong-arguments")
        if isinstance(given[0], exp.Distinct):  # of an aggregate
            inner = self.takes(a, name_of(node), given[0].expressions)
            taken: list[Tree] = [exp.Distinct(expressions=e.owned(*inner))]
        else:
            taken = inner = self.takes(a, name_of(node), given)
        gives = self.gives or a.wider(map(kind, inner))
        if self.made:
            return typed(self.made(*taken), gives)
        slots = dict(zip(("this", "expression"), taken, strict=False))
        made: Tree = type(node)(**node.args | {k: v.copy() for k, v in slots.items()})
        within = isinstance(node, exp.Binary | exp.Unary) and not isinstance(node, exp.AggFunc)
        return typed(exp.Paren(this=made) if within else made, gives, narrow=self.gives is None and any(map(is_narrow, inner)))


def _literal(a: Admission, node: exp.Literal) -> Tree:
    if node.is_string:
        return typed(node, Kind.STRING)
    if node.is_int:
        fits = int(node.this) < 2**63
        return typed(node, Kind.INTEGER) if fits else a.reject(f"{node.this} does not fit 64 bits", hint=f"as a double: {node.this}e0")
    try:
        return typed(e.lit(float(node.this)), Kind.FLOAT)
    except ValueError:
        return a.reject(f"{node.this} is not a number")


def _sign(a: Admission, node: exp.Neg) -> Tree:
    if isinstance(node.this, exp.Literal) and node.this.is_int:
        return typed(exp.Paren(this=node.copy()), Kind.INTEGER)
    return Call(NUMBERS)(a, node)


def _integers(a: Admission, node: exp.IntDiv) -> Tree:
    """DIV: of integers. One engine divides doubles with their fractions, the other cuts them off first, as a query does."""
    given = [a.cast(x, Kind.INTEGER) if a.query and kind(x) is not Kind.INTEGER else x for x in arguments(node)]
    parts = [a.of(lambda k: k is Kind.INTEGER, "DIV takes integers", x, "cast(x as bigint) cuts a number off") for x in given]
    return typed(num.IntegerDivide.of(*a.numbers("DIV", parts)), Kind.INTEGER)


def _comparison(a: Admission, node: Any) -> Tree:
    x, y = a.alike(node.this, node.expression)
    return typed(exp.Paren(this=type(node)(this=x.copy(), expression=y.copy())), Kind.BOOLEAN)


def _in(a: Admission, node: exp.In) -> Tree:
    if node.args.get("query") is not None:
        return typed(node, Kind.BOOLEAN)
    if not node.expressions:
        return a.reject("IN has no values")
    pairs = [a.alike(node.this, v) for v in node.expressions]
    if any(one != pairs[0][0] or not isinstance(v, exp.Literal | exp.Boolean) for one, v in pairs):
        return typed(e.or_(*(e.eq(*pair) for pair in pairs)), Kind.BOOLEAN)
    return typed(e.in_(pairs[0][0], [v for _, v in pairs]), Kind.BOOLEAN)


def _is(a: Admission, node: exp.Is) -> Tree:
    what = node.expression
    if not isinstance(what, exp.Null | exp.Boolean):
        return a.reject(f"IS {what.sql('spark')}", accepted="IS NULL, IS TRUE, IS FALSE, each with NOT or without")
    x = node.this if isinstance(what, exp.Null) else a.condition(node.this)
    return typed(exp.Paren(this=exp.Is(this=x.copy(), expression=what.copy())), Kind.BOOLEAN)


def _case(a: Admission, node: exp.Case) -> Tree:
    branches = node.args["ifs"]
    *values, last = a.widened([*(b.args["true"] for b in branches), node.args.get("default") or typed(exp.Null(), Kind.NULL)])
    conditions = [a.condition(b.this) for b in branches]
    return a.one_of(e.case(*zip(conditions, values, strict=True), otherwise=last), (*values, last))


def _first_of(a: Admission, node: Any) -> Tree:
    """COALESCE, GREATEST and LEAST; Spark takes one value for no choice."""
    first, *rest = a.widened(arguments(node))
    if not rest:
        return first.copy()
    made: Tree = type(node)(**node.args | {"this": first.copy(), "expressions": [x.copy() for x in rest]})
    return a.one_of(made, (first, *rest))


def _concat(a: Admission, node: Any) -> Tree:
    """`concat` and `||`: null if one part is. Integers, booleans and dates are written out; engines write doubles differently."""
    parts = e.owned(*(e.text(x) if kind(x) is Kind.NULL else a.cast(x, Kind.STRING) for x in arguments(node)))
    if not parts:
        return a.reject("concat() has no arguments", code="wrong-arguments")
    return typed(exp.Paren(this=reduce(lambda x, y: exp.DPipe(this=x, expression=y), parts)), Kind.STRING)


def _trim(a: Admission, node: exp.Trim) -> Tree:
    """Blanks, tabs and line ends, or the characters that are given, from both ends or one."""
    side, characters = (node.args.get("position") or "both").lower(), node.expression
    (x,) = STRINGS(a, "trim()", [node.this])
    if characters is not None and not (is_string(characters) and characters.name):
        return a.reject("the characters to trim must be a string in quotes that is not empty")
    if side == "both" and characters is None:
        return typed(Trim.of(x), Kind.STRING)
    return typed(TrimCharacters.of(x, characters or e.lit(BLANKS), e.lit(side)), Kind.STRING)


def _whole(a: Admission, x: Tree | None, what: str, least: int) -> Tree:
    """A whole number that is written out, of a range that leaves out 0 where it goes below."""
    inner = x.unnest() if x is not None else x
    digits = inner.this if isinstance(inner, exp.Neg) else inner
    found = int(digits.this) * (-1 if digits is not inner else 1) if isinstance(digits, exp.Literal) and digits.is_int else None
    if found is None or not least <= found <= MOST_CHARACTERS or (least < 0 and found == 0):
        numbers = f"a whole number from {least:,} to {MOST_CHARACTERS:,}" + (" other than 0" if least < 0 else "")
        return a.reject(f"{what} must be {numbers}")
    return e.lit(found)


def _substring(a: Admission, node: Any) -> Tree:
    """`substring(x, start, length)`, `left(x, n)` and `right(x, n)`."""
    (x,) = STRINGS(a, name_of(node), [node.this])
    if isinstance(node, exp.Right):
        n = _whole(a, node.expression, "the number of characters", 1)
        return typed(Substring.of(x, exp.Neg(this=n)), Kind.STRING)
    first = (
        e.lit(1) if isinstance(node, exp.Left) else _whole(a, node.args.get("start"), "the place of the first character", -MOST_CHARACTERS)
    )
    length = node.expression if isinstance(node, exp.Left) else node.args.get("length")
    lengths = [] if length is None else [_whole(a, length, "the number of characters", 0)]
    return typed(Substring.of(x, first, *lengths), Kind.STRING)


def _split_part(a: Admission, node: exp.SplitPart) -> Tree:
    (x,), separator = STRINGS(a, "split_part()", [node.this]), node.args.get("delimiter")
    if separator is None or not (is_string(separator) and separator.name):
        return a.reject("the separator must be a string in quotes that is not empty")
    place = _whole(a, node.args.get("part_index"), "the place of a part", -MOST_CHARACTERS)
    return typed(SplitPart.of(x, separator, place), Kind.STRING)


def _pad(a: Admission, node: exp.Pad) -> Tree:
    (x,), fill = STRINGS(a, name_of(node), [node.this]), node.args.get("fill_pattern") or e.lit(" ")
    if not (is_string(fill) and fill.name):
        return a.reject("what a string is filled up with must be a string in quotes that is not empty")
    operation = PadLeft if node.args.get("is_left") else PadRight
    return typed(operation.of(x, _whole(a, node.expression, "the number of characters", 0), fill), Kind.STRING)


def _center(a: Admission, node: Center) -> Tree:
    given, n, fill = node.expressions
    (x,) = STRINGS(a, "center()", [given])
    if not (is_string(fill) and len(fill.name) == 1):
        return a.reject("what a string is filled up with must be one character in quotes")
    return typed(Center.of(x, _whole(a, n, "the number of characters", 0), fill), Kind.STRING)


def _title(a: Admission, node: exp.Initcap) -> Tree:
    if node.expression.name != " ":
        return a.reject("initcap() takes a string only: its words stand between blanks")
    return typed(TitleCase.of(*STRINGS(a, "initcap()", [node.this])), Kind.STRING)


def _translate(a: Admission, node: exp.Translate) -> Tree:
    characters, by = node.args["from_"], node.args["to"]
    if not (is_string(characters) and is_string(by) and len(by.name) <= len(characters.name) == len(set(characters.name))):
        return a.reject("translate() takes two strings in quotes: characters, none of them twice, and as many others or fewer")
    return typed(Translate.of(*STRINGS(a, "translate()", [node.this]), characters, by), Kind.STRING)


def _position(a: Admission, node: exp.StrPosition) -> Tree:
    part = node.args["substr"]
    if not (is_string(part) and part.name):
        return a.reject("the part that is looked for must be a string in quotes that is not empty")
    return typed(Position.of(*STRINGS(a, "instr()", [node.this]), part), Kind.INTEGER)


def _character(a: Admission, node: exp.Chr) -> Tree:
    if len(node.expressions) != 1:
        return a.reject(f"chr() takes 1 argument, not {len(node.expressions)}", code="wrong-arguments")
    return typed(Character.of(*_whole_numbers(a, "chr()", node.expressions)), Kind.STRING)


def _repeat(a: Admission, node: exp.Repeat) -> Tree:
    n = _whole(a, node.args.get("times"), "the number of repetitions", 0)
    return typed(Repeat.of(*STRINGS(a, "repeat()", [node.this]), n), Kind.STRING)


def _regexp_extract(a: Admission, node: exp.RegexpExtract | exp.RegexpExtractAll) -> Tree:
    pattern, group = node.expression, node.args.get("group")
    if not (is_string(pattern) and isinstance(group, exp.Literal) and group.is_int):
        return a.reject("a pattern must be a string in quotes, and its group a whole number")
    try:
        Regex.parse(pattern.name).replacing(f"${group.name}")
    except ExpressionError as error:
        a.mistakes += error.mistakes
        return typed(exp.Null(), Kind.STRING)
    return typed(ExtractPattern.of(*STRINGS(a, name_of(node), [node.this]), pattern, group), Kind.STRING)


def _regexp_extract_all(a: Admission, node: exp.RegexpExtractAll) -> Tree:
    found = _regexp_extract(a, node)
    return typed(ExtractAll.of(*found.expressions), Kind.LIST) if isinstance(found, ExtractPattern) else found


def _replace(a: Admission, node: exp.Replace) -> Tree:
    by = node.args.get("replacement") or typed(e.lit(""), Kind.STRING)
    return typed(Replace.of(*STRINGS(a, "replace()", [node.this, node.expression, by])), Kind.STRING)


def _regexp_replace(a: Admission, node: exp.RegexpReplace) -> Tree:
    pattern, by = node.expression, node.args.get("replacement")
    if not (is_string(pattern) and by is not None and is_string(by)):
        return a.reject("a pattern and what replaces its matches must be strings in quotes")
    try:
        Regex.parse(pattern.name).replacing(by.name)
    except ExpressionError as error:
        a.mistakes += error.mistakes
        return typed(exp.Null(), Kind.STRING)
    return typed(ReplacePattern.of(*STRINGS(a, "regexp_replace()", [node.this]), pattern, by), Kind.STRING)


def _parsed_time(to: Kind) -> Rule:
    """`to_date` and `to_timestamp`: a cast, or a string read by a format, as `strptime` or as Java writes it."""

    def rule(a: Admission, node: Any) -> Tree:
        written, x = node.args.get("format"), node.this
        if written is None or kind(x).temporal or kind(x) is Kind.NULL:
            return a.cast(x, to)
        if not is_string(written):
            return a.reject("a format must be a string in quotes", accepted="such as '%d/%m/%Y'")
        try:
            form = TimeFormat.parse(written.name if "%" in written.name else from_java(written.name))
        except RequestError as error:
            for m in error.mistakes:
                a.reject(m.message, m.accepted, m.hint, m.code)
            return typed(exp.Null(), to)
        found = typed(ParseTime.of(a.cast(x, Kind.STRING), e.lit(form.text)), form.kind)
        return found if form.kind is to else typed(CONVERSIONS[form.kind, to](found), to)

    return rule


def _written_time(a: Admission, node: WriteTime) -> Tree:
    given, form = node.expressions
    (x,) = a.times("strftime()", [given])
    if not is_string(form):
        return a.reject("a format must be a string in quotes", accepted="such as '%d/%m/%Y'")
    try:
        reject_unwritten(form.name)
    except RequestError as error:
        a.mistakes += error.mistakes
        return typed(exp.Null(), Kind.STRING)
    return typed(WriteTime.of(a.cast(x, Kind.TIMESTAMP), form), Kind.STRING)


def _added_time(a: Admission, node: AddTime) -> Tree:
    given, n, unit = node.expressions
    (x,), (n,) = a.times("add_time()", [given]), _whole_numbers(a, "add_time()", [n])
    if not (is_string(unit) and unit.name in (*UNITS, *IN_MONTHS)):
        return a.reject("a unit must be one in quotes", accepted=listed(f"'{u}'" for u in (*UNITS, *IN_MONTHS)))
    to = Kind.TIMESTAMP if kind(x) is Kind.DATE and unit.name not in WHOLE_DAYS else kind(x)
    return a.cast(typed(AddTime.of(a.cast(x, Kind.TIMESTAMP), n, unit), Kind.TIMESTAMP), to)


def _months_between(a: Admission, node: exp.MonthsBetween) -> Tree:
    rounded = node.args.get("roundoff") or exp.true()
    if not isinstance(rounded, exp.Boolean):
        return a.reject("whether months_between() rounds must be written out: true or false")
    given = a.times("months_between()", [node.this, node.expression])
    return typed(MonthsBetween.of(*(a.cast(x, Kind.TIMESTAMP) for x in given), rounded), Kind.FLOAT)


def _in_zone(a: Admission, node: times.LocalTime | times.AtLocalTime) -> Tree:
    """From UTC to what a clock shows in a zone, or back; both without a time zone of their own."""
    given, zone = node.expressions
    name = name_of(node)
    (x,) = a.times(name, [given])
    if not (is_string(zone) and times.known_zone(zone.name)):
        return a.reject("a time zone must be a name of the time zone database in quotes", accepted="such as 'Europe/Berlin'")
    if isinstance(node, times.AtLocalTime):
        wall = a.cast(x, Kind.TIMESTAMP)
        return typed(times.away_from_ends(wall, CONVERSIONS[Kind.TIMESTAMP_TZ, Kind.TIMESTAMP](node.of(wall, zone))), Kind.TIMESTAMP)
    return typed(times.local_time(a.cast(x, Kind.TIMESTAMP_TZ), zone.name), Kind.TIMESTAMP)


def _of_row(a: Admission, node: Any) -> Tree:
    """What several values of one row become."""
    name, given, place = name_of(node), list(node.expressions), []
    if isinstance(node, across.Largest):
        place = [_whole(a, given.pop(0) if given else None, "the place of a value, the first argument,", 1)]
    if not given or len(given) > MOST_VALUES:
        return a.reject(f"{name} takes 1 to {MOST_VALUES:,} values, not {len(given)}", code="wrong-arguments")
    if isinstance(node, across.Count):
        there = [num.NanToNull.of(x) if kind(x) is Kind.FLOAT else x for x in given]
        return typed(node.of(Listed.of(*(e.if_else(e.not_null(x), e.lit(1)) for x in there))), Kind.INTEGER)
    numeric = isinstance(node, NUMBERS_OF_ROW) or all(kind(x).numeric or kind(x) is Kind.NULL for x in given)
    values = a.numbers(name, given) if numeric else a.widened(given)
    if wrong := next((x for x in values if kind(x) in (Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER)), None):
        return a.reject(f"{name} takes values that can be compared; {wrong.sql('spark')} is {article(kind(wrong))}", code="wrong-kind")
    of = a.wider(map(kind, values))
    if numeric and (of is not Kind.INTEGER or isinstance(node, FLOATS_OF_ROW)):
        values, of = [num.NanToNull.of(num.NoNegativeZero.of(e.cast(x, Kind.FLOAT))) for x in values], Kind.FLOAT
    operation = across.FloatSum if isinstance(node, across.Sum) and of is Kind.FLOAT else type(node)
    return typed(operation.of(Listed.of(*values), *place), Kind.INTEGER if isinstance(node, across.CountDistinct) else of)


def _round(a: Admission, node: exp.Round) -> Tree:
    places = node.args.get("decimals") or e.lit(0)
    if not (isinstance(places, exp.Literal) and places.is_int and int(places.this) <= MOST_PLACES):
        return a.reject(f"the places to round to must be a whole number from 0 to {MOST_PLACES}")
    return typed(Round.of(*a.numbers("round()", [node.this]), places), Kind.FLOAT)


def _matched(operation: type[Operation]) -> Rule:
    def rule(a: Admission, node: Any) -> Tree:
        x, pattern = arguments(node)
        if not is_string(pattern):
            return a.reject("a pattern must be a string in quotes")
        try:
            _ = None if operation is Like else Regex.parse(pattern.name)
        except ExpressionError as error:
            a.mistakes += error.mistakes
        return typed(operation.of(*STRINGS(a, "a pattern", [x]), pattern), Kind.BOOLEAN)

    return rule


def _cast(a: Admission, node: exp.Cast) -> Tree:
    to = node.args["to"]
    if to.this is exp.DType.DECIMAL:
        return _decimal(a, node.this, [int(size.name) for size in to.expressions])
    found = a.cast(node.this, CASTS[to.this])
    found.meta.update({k: v for k, v in node.meta.items() if k == PRESENT})
    return found


def _decimal(a: Admission, x: Tree, sizes: list[int]) -> Tree:
    """A decimal of so many digits, and so many of them after the point, as only a query keeps them."""
    p, s, *more = [*sizes, *(10, 0)[len(sizes) :]]
    if not 0 <= s <= p <= DIGITS or not p or more:
        return a.reject(
            f"a decimal has 1 to {DIGITS} digits, and as many or fewer after the point, not ({', '.join(map(str, (p, s, *more)))})"
        )
    x = a.cast(x, Kind.FLOAT) if kind(x) is Kind.BOOLEAN else x
    read = e.if_else(FitsForm.of(x, e.lit(NUMBER)), Trim.of(x)) if kind(x) is Kind.STRING else a.numbers("cast()", [x])[0]
    found = typed(ToDecimal.of(read, e.lit(p), e.lit(s)), Kind.DECIMAL)
    found.meta[OF_DECIMAL] = p - s, s
    return found


def _to_date(a: Admission, node: exp.TsOrDsToDate) -> Tree:
    """The cast that the parser puts around a date to take a part of it; alone it is an ordinary cast."""
    return node.this.copy() if isinstance(node.parent, PARTS) else a.cast(node.this, Kind.DATE)


def _only(wanted: Kind, word: str, hint: str) -> Takes:
    return lambda a, name, values: [a.of(lambda k: k is wanted, f"{name} takes {word}", x, hint) for x in values]


def _whole_numbers(a: Admission, name: str, values: list[Tree]) -> list[Tree]:
    return NUMBERS(a, name, _only(Kind.INTEGER, "integers", "cast it first: cast(x as bigint)")(a, name, values))


FLOATS_OF_ROW = (across.Mean, across.Median, across.Variance, across.StandardDeviation)
NUMBERS_OF_ROW = (*FLOATS_OF_ROW, across.Sum)

STRINGS = _only(Kind.STRING, "strings", "cast it to a string first: cast(x as string)")
BOOLEANS = _only(Kind.BOOLEAN, "conditions", "compare it with something")
ANY: Takes = lambda a, name, values: values  # noqa: E731 -- one of the constants above
NUMBERS: Takes = lambda a, name, values: a.numbers(name, values)  # noqa: E731 -- likewise
TIMES: Takes = lambda a, name, values: a.times(name, values)  # noqa: E731 -- likewise
AS_DOUBLES: Takes = lambda a, name, values: [a.as_double(x) for x in NUMBERS(a, name, values)]  # noqa: E731 -- likewise

PARTS = (exp.Year, exp.Quarter, exp.Month, exp.WeekOfYear, exp.Day, exp.DayOfYear, exp.Hour, exp.Minute, exp.Second)
DOUBLES: Mapping[Any, type[Operation]] = {
    exp.Div: Divide, exp.Floor: num.Floor, exp.Ceil: num.Ceiling, exp.Sqrt: num.SquareRoot, exp.Ln: num.NaturalLogarithm,
    exp.Exp: num.Exponential, exp.Pow: num.Power,
}  # fmt: skip
RULES: Mapping[type[Any], Rule] = {
    exp.Column: lambda a, node: node,  # its kind is known
    exp.Literal: _literal,
    exp.Boolean: lambda a, node: typed(node, Kind.BOOLEAN),
    exp.Null: lambda a, node: typed(node, Kind.NULL),
    exp.Paren: lambda a, node: a.one_of(node, [node.this]),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Abs), Call(NUMBERS)),
    exp.Neg: _sign,
    **{node: Call(NUMBERS, Kind.FLOAT, operation.of) for node, operation in DOUBLES.items()},
    exp.Mod: Call(NUMBERS, None, num.Remainder.of),
    exp.IntDiv: _integers,
    exp.Round: _round,
    exp.Exists: lambda a, node: typed(node, Kind.BOOLEAN),
    exp.IsNan: Call(NUMBERS, Kind.BOOLEAN, IsNan.of),
    **dict.fromkeys((exp.And, exp.Or, exp.Not), Call(BOOLEANS, Kind.BOOLEAN)),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _comparison),
    exp.In: _in,
    exp.Is: _is,
    exp.If: lambda a, node: node,  # of a CASE
    exp.Case: _case,
    **dict.fromkeys((exp.Coalesce, exp.Greatest, exp.Least), _first_of),
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
    exp.Lower: Call(STRINGS, Kind.STRING, LowerAscii.of),
    exp.Upper: Call(STRINGS, Kind.STRING, UpperAscii.of),
    exp.Length: Call(STRINGS, Kind.INTEGER, lambda x: e.cast(exp.Length(this=e.own(x)), Kind.INTEGER)),  # Spark's has 32 bits
    exp.Trim: _trim,
    **dict.fromkeys((exp.Substring, exp.Left, exp.Right), _substring),
    exp.SplitPart: _split_part,
    exp.Pad: _pad,
    exp.Replace: _replace,
    exp.Repeat: _repeat,
    exp.Translate: _translate,
    exp.StartsWith: Call(STRINGS, Kind.BOOLEAN, StartsWith.of),
    exp.EndsWith: Call(STRINGS, Kind.BOOLEAN, EndsWith.of),
    exp.Contains: Call(STRINGS, Kind.BOOLEAN, Contains.of),
    exp.Initcap: _title,
    exp.StrPosition: _position,
    exp.Ascii: Call(STRINGS, Kind.INTEGER, CodePoint.of),
    exp.Chr: _character,
    Center: _center,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpExtractAll: _regexp_extract_all,
    exp.RegexpReplace: _regexp_replace,
    exp.StrToDate: _parsed_time(Kind.DATE),
    exp.StrToTime: _parsed_time(Kind.TIMESTAMP),
    **dict.fromkeys((exp.Concat, exp.DPipe), _concat),
    exp.Like: _matched(Like),
    exp.RegexpLike: _matched(Matches),
    **dict.fromkeys((exp.RegexpFullMatch, FullMatches), _matched(FullMatches)),
    exp.TsOrDsToDate: _to_date,
    **{node: Call(TIMES, Kind.INTEGER, times.part(node.key)) for node in PARTS},
    **{node: Call(TIMES, Kind.INTEGER, node.of) for node in (times.Weekday, times.DaysBetween, Millisecond)},
    exp.LastDay: Call(TIMES, Kind.DATE, LastDay.of),
    exp.MonthsBetween: _months_between,
    exp.UnixSeconds: Call(TIMES, Kind.INTEGER, UnixSeconds.of),
    WriteTime: _written_time,
    AddTime: _added_time,
    **dict.fromkeys((times.LocalTime, times.AtLocalTime), _in_zone),
    **{operation: _of_row for name, (operation, _) in OWN.items() if name.startswith("row_")},
    FromUnixSeconds: Call(_whole_numbers, Kind.TIMESTAMP, FromUnixSeconds.of),
    exp.Count: Call(ANY, Kind.INTEGER),
    exp.CountIf: Call(BOOLEANS, Kind.INTEGER, lambda c: exp.Filter(this=e.all_rows(), expression=exp.Where(this=c.copy()))),
    **dict.fromkeys((exp.Min, exp.Max), Call(ANY)),
    exp.Sum: Call(NUMBERS),
    **dict.fromkeys((exp.LogicalAnd, exp.LogicalOr), Call(BOOLEANS, Kind.BOOLEAN)),
    **AGGREGATES,
    exp.Avg: Call(AS_DOUBLES, Kind.FLOAT),  # of decimals, Spark's is a decimal of few places
    **dict.fromkeys(
        (exp.StddevPop, exp.StddevSamp, exp.Stddev, exp.VariancePop, exp.Variance, exp.CovarPop, exp.CovarSamp), Call(NUMBERS, Kind.FLOAT)
    ),
    **dict.fromkeys((exp.RowNumber, exp.Rank, exp.DenseRank), lambda a, node: typed(node, Kind.INTEGER)),
    **dict.fromkeys((exp.Lag, exp.Lead), lambda a, node: a.one_of(node, [node.this])),
    **dict.fromkeys((exp.Window, exp.Filter), over_rows),
}


LISTED = frozenset({*RULES, *SHORTHANDS, exp.Identifier})

MORE: Mapping[type[Any], tuple[str, ...]] = {
    exp.Quantile: ("quantile",), exp.ApproxQuantile: ("quantile", "accuracy"), exp.ApproxDistinct: ("accuracy",),
    exp.Nvl2: ("true", "false"),
    exp.Round: ("decimals",), exp.Case: ("ifs", "default"), exp.If: ("true", "false"), exp.Cast: ("to",), exp.TryCast: ("to",),
    exp.Trim: ("position",), exp.Lag: ("offset", "default"), exp.Lead: ("offset", "default"), exp.Substring: ("start", "length"),
    exp.SplitPart: ("delimiter", "part_index"), exp.Pad: ("fill_pattern",), exp.Replace: ("replacement",), exp.Repeat: ("times",),
    exp.Translate: ("from_", "to"), exp.StrPosition: ("substr",), **dict.fromkeys((exp.RegexpExtract, exp.RegexpExtractAll), ("group",)),
    exp.MonthsBetween: ("roundoff",), exp.RegexpReplace: ("replacement",), exp.StrToDate: ("format",), exp.StrToTime: ("format",),
}  # fmt: skip
"""Arguments beside `this`, `expression` and `expressions` that a function's rule looks at."""

CLAUSES = (
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.With, exp.CTE,
    exp.Table, exp.TableAlias, exp.Alias, exp.Star, exp.Subquery, exp.Exists, exp.Union, exp.Intersect, exp.Except, exp.Distinct,
    exp.Tuple, exp.WindowSpec, exp.Var,
)  # fmt: skip
"""What only a query may have, and passes as it is."""
