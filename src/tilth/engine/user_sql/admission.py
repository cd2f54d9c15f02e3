"""The one allow-list for SQL that users write: formulas, conditions (`where`), and the queries of CustomSql.

A text is parsed in Spark's dialect, as in AWS Glue. Of the tree only what is listed here passes, each node as it is or as the named
operation that means the same on every engine; the rest is refused. So a text cannot read or write a file, change a setting, or mean
one thing on DuckDB and another on Spark. The kind of every value is known: of columns from the tables' schemas, of all else from its parts.

A query may do more than a formula: select, join, group and aggregate. It also reads strings as what they are compared or computed with,
and keeps decimals exact, which in a formula become doubles, so that a served row gives the same.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations import across, times
from tilth.engine.operations import numbers as num
from tilth.engine.operations.casts import FROM_STRING
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.lists import Listed
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
from tilth.engine.user_sql.spark_times import PRESENT, asks_present, point_written, respelled
from tilth.errors import ExpressionError, Mistake, Place, RequestError, did_you_mean, listed
from tilth.regex import Regex

LONGEST = 20_000  # characters
DEEPEST = 100  # nested nodes
MOST_PLACES = 15  # to round to: a double has no more digits
TIME = e.data_type("timestamp")
MOST_VALUES = 1_000  # of a row
MOST_CHARACTERS = 10_000  # to pad to, and of a place in a string
CASTS: Mapping[Any, Kind] = {
    **dict.fromkeys((exp.DType.BIGINT, exp.DType.INT), Kind.INTEGER),
    **dict.fromkeys((exp.DType.DOUBLE, exp.DType.FLOAT), Kind.FLOAT),
    **dict.fromkeys((exp.DType.TEXT, exp.DType.VARCHAR), Kind.STRING),
    exp.DType.BOOLEAN: Kind.BOOLEAN,
    exp.DType.DATE: Kind.DATE,
    **dict.fromkeys((exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ), Kind.TIMESTAMP),
}
POINTS = {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ}
ZONED = ("from_utc_timestamp()", "to_utc_timestamp()")
CASTABLE = "bigint, double, string, boolean, date, timestamp"
ONLY_IN_QUERIES = frozenset(
    {*((of, Kind.BOOLEAN) for of in (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL)), (Kind.DECIMAL, Kind.STRING), (Kind.TIMESTAMP, Kind.STRING)}
)
"""From, to: casts that both engines write alike, and no row does."""
CAST_FIRST: Mapping[Kind, str] = {
    Kind.STRING: "cast it to a number first: cast(x as double)",
    **dict.fromkeys((Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), "days_between(a, b) counts the days between two dates"),
}
FUNCTIONS = (
    "abs", "add_time", "ascii", "cast", "ceil", "center", "chr", "coalesce", "concat", "contains", "day", "dayofyear", "days_between",
    "endswith", "exp", "floor", "from_utc_timestamp", "full_match", "greatest", "hour", "if", "initcap", "instr", "isnan", "least", "left",
    "length", "ln", "lower", "lpad", "ltrim", "millisecond", "minute", "month", "nullif", "power", "quarter", "regexp_extract",
    "regexp_extract_all", "regexp_replace", "repeat", "replace", "right", "round", "row_count", "row_distinct", "row_largest",
    "row_largest_distinct", "row_mean", "row_median", "row_mode", "row_std", "row_sum", "row_var", "rpad", "rtrim", "second", "split_part",
    "sqrt", "startswith", "strftime", "substring", "timestamp_seconds", "to_date", "to_timestamp", "to_utc_timestamp", "translate", "trim",
    "unix_seconds", "upper", "weekday_of", "weekofyear", "year",
)  # fmt: skip
SEVERAL = 0
OWN: Mapping[str, tuple[type[Operation], int]] = {
    "days_between": (times.DaysBetween, 2),
    "weekday_of": (times.Weekday, 1),
    "full_match": (FullMatches, 2),
    "center": (Center, 3),
    "add_time": (AddTime, 3),
    "millisecond": (Millisecond, 1),
    "timestamp_seconds": (FromUnixSeconds, 1),
    "strftime": (WriteTime, 2),
    "from_utc_timestamp": (times.LocalTime, 2),
    "to_utc_timestamp": (times.AtLocalTime, 2),
    "row_count": (across.Count, SEVERAL),
    "row_distinct": (across.CountDistinct, SEVERAL),
    "row_largest": (across.Largest, SEVERAL),
    "row_largest_distinct": (across.LargestDistinct, SEVERAL),
    "row_mean": (across.Mean, SEVERAL),
    "row_median": (across.Median, SEVERAL),
    "row_mode": (across.Mode, SEVERAL),
    "row_std": (across.StandardDeviation, SEVERAL),
    "row_sum": (across.Sum, SEVERAL),
    "row_var": (across.Variance, SEVERAL),
}
"""Functions that the parser leaves to Tilth → the operation, and how many arguments it takes."""


def _keeping(name: str, takes: int) -> Callable[[list[Tree]], Tree]:
    """sqlglot's builder of a function that loses the arguments beyond those it takes: here they stay, and are rejected later."""
    build = Spark.parser_class.FUNCTIONS[name]

    def built(given: list[Tree]) -> Tree:
        node: Tree = build(given)
        node.set("beyond", given[takes:] or None)
        return node

    return built


class UserSpark(Spark):
    """Spark's SQL, with the formats of `to_date` and `to_timestamp` as they are written."""

    class Parser(Spark.parser_class):  # type: ignore[misc,valid-type]  # a base known at run time only
        """The parser, with two nodes of its own for these functions."""

        FUNCTIONS: ClassVar = {
            **{name: build for name, build in Spark.parser_class.FUNCTIONS.items() if name.lower() not in OWN},
            **{name: _keeping(name, takes) for name, takes in (("LPAD", 3), ("RPAD", 3), ("LTRIM", 2), ("RTRIM", 2))},
            "DATE_FORMAT": lambda given: exp.Anonymous(this="date_format", expressions=given),
            "TO_DATE": exp.StrToDate.from_arg_list,
            "TO_TIMESTAMP": lambda given: exp.StrToTime.from_arg_list(given) if len(given) > 1 else exp.Cast.from_arg_list([*given, TIME]),
        }


def kind(x: Tree) -> Kind:
    """The kind of an admitted value."""
    found: Kind = x.meta.get("kind", Kind.OTHER)
    return found


def typed(x: Tree, of: Kind, narrow: bool = False) -> Tree:
    """A tree with the kind of its value; `narrow`: a number of fewer than 64 bits, with which each engine computes in its own width."""
    x.meta.update(kind=of, narrow=narrow)
    return x


LACKING = re.compile(r"Required keyword: '(\w+)' missing")


def short(text: str) -> str:
    """A text as messages show it."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."


@contextmanager
def _unlogged() -> Iterator[None]:
    """sqlglot logs, with their text, statements that it does not know, and which are refused."""

    here = threading.get_ident()

    def of_others(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger = logging.getLogger("sqlglot")
    logger.addFilter(of_others)
    try:
        yield
    finally:
        logger.removeFilter(of_others)


class Admission:
    """One text on its way from what the user wrote to a tree that means the same on every engine."""

    def __init__(self, text: str, place: Place | None = None, query: bool = False, now: datetime | None = None) -> None:
        self.text, self.place, self.query, self.now = text, place, query, now
        self.mistakes: list[Mistake] = []

    def reject(self, message: str, accepted: str = "", hint: str = "", code: str = "not-admitted") -> Tree:
        """Note a mistake; null takes the place of what is refused."""
        where = "" if self.query else f", in {short(self.text)!r}"
        self.mistakes.append(Mistake(message + where, self.place, accepted, hint, code))
        return typed(exp.Null(), Kind.NULL)

    def finish(self) -> None:
        """Raise if anything was refused."""
        if self.mistakes:
            raise ExpressionError(*dict.fromkeys(self.mistakes))

    # ── the text, and which nodes may be in it ──

    def parsed(self) -> Tree:
        """The tree of the text, made of listed nodes with as many arguments as they take."""
        if len(self.text) > LONGEST:
            self.reject(f"the text has {len(self.text):,} characters", f"at most {LONGEST:,}", code="too-long")
            self.finish()
        holder = exp.Tuple(expressions=self._statements())
        if _depth(holder) > DEEPEST * (2 if self.query else 1):
            self.reject("the text is nested too deeply", f"at most {DEEPEST} levels", code="too-deep")
            self.finish()
        for node in reversed(list(holder.walk())):  # those inside another first
            if (made := respelled(node, self.now)) is not None:
                node.replace(made)
        for node in reversed(list(holder.find_all(exp.Anonymous))):
            operation, takes = OWN.get(node.name.lower(), (None, 0))
            if operation is not None and (len(node.expressions) == takes or (takes == SEVERAL and node.expressions)):
                node.replace(operation.of(*node.expressions))
        for tree in holder.expressions:
            for _ in tree.walk(prune=self._is_rejected):
                pass
        self.finish()
        found: Tree = holder.expressions[0].pop()
        return found

    def _statements(self) -> list[Any]:
        try:
            with _unlogged():
                found: list[Any] = (
                    sqlglot.parse(self.text, dialect=UserSpark)
                    if self.query
                    else [sqlglot.parse_one(self.text, dialect=UserSpark, into=exp.Condition)]
                )
        except RecursionError as error:
            raise ExpressionError("the text is nested too deeply", place=self.place, code="too-deep") from error
        except SqlglotError as error:
            raise ExpressionError(self._syntax(error)) from error
        except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:  # what the parser makes of calls without arguments
            message = f"{short(self.text)!r} cannot be read: a function has too few arguments, or some that it does not take"
            raise ExpressionError(message, place=self.place, code="wrong-arguments") from error
        if self.query and (len(found) != 1 or not isinstance(found[0], exp.Query)):
            raise ExpressionError("a query is one SELECT", accepted="SELECT …, or WITH … SELECT …", code="not-a-query")
        return found

    def _syntax(self, error: SqlglotError) -> Mistake:
        details = (getattr(error, "errors", None) or [{}])[0]
        line, column = details.get("line"), details.get("col")
        what = str(details.get("description") or str(error).split("\n")[0]).rstrip(".")
        if lacking := LACKING.match(what):  # names a class of sqlglot's
            what = f"{'a value' if lacking[1] in ('this', 'expression') else lacking[1]} is missing"
        if self.query:
            return Mistake(f"Error executing SQL statement: {what}", self.place, code="not-sql")
        lines = self.text.splitlines()
        place = self.place or Place("<sql>", line, column, lines[line - 1] if line and line <= len(lines) else None)
        return Mistake(f"{short(self.text)!r} is not an SQL expression: {what}", place, code="not-sql")

    def _is_rejected(self, node: Any) -> bool:
        """Note why a node may not pass, if it may not; what is below it is then not looked at."""
        before = len(self.mistakes)
        if isinstance(node, exp.DataType):
            if node.this not in CASTS or node.expressions:
                self.reject(f"a cast to {node.sql('spark')} cannot be used", f"a cast to {CASTABLE}")
            return True
        if asks_present(node):
            self.reject(f"{_name(node)} cannot be used: it is another time at each run", hint="CustomSql and `where` of a rule may use it")
        elif isinstance(node, exp.Anonymous):
            self._unknown(node.name.lower(), node)
        elif isinstance(node, exp.Query | exp.Exists | exp.AggFunc | exp.Window | exp.RowNumber) and not self.query:
            what = "a sub-query" if isinstance(node, exp.Query | exp.Exists) else _name(node)
            self.reject(f"{what} cannot be used: a formula sees one row", hint="CustomSql may hold one", code="one-row")
        elif not (type(node) in LISTED or (self.query and isinstance(node, CLAUSES))):
            why = "the engines do not agree on it, or it reaches outside the tables"
            self.reject(f"{_name(node)} cannot be used: {why}", "" if self.query else listed(FUNCTIONS, 40))
        elif isinstance(node, exp.With) and node.args.get("recursive"):
            self.reject("WITH RECURSIVE cannot be used in a query", hint="it may never end")
        elif node.error_messages() or (isinstance(node, exp.Func) and _has_more(node)):
            self.reject(f"{_name(node)} has too few arguments, or some that it does not take", code="wrong-arguments")
        return len(self.mistakes) > before

    def _unknown(self, word: str, node: exp.Anonymous) -> None:
        if word in OWN:
            takes = f"{OWN[word][1]} arguments" if OWN[word][1] else "one argument or more"
            self.reject(f"{word}() takes {takes}, not {len(node.expressions)}", code="wrong-arguments")
        else:
            near = did_you_mean(word, FUNCTIONS)
            self.reject(f"there is no function {node.name}()", listed(FUNCTIONS, 40), near, code="unknown-function")

    # ── meaning ──

    def admit(self, tree: Tree) -> Tree:
        """The tree that means the same on every engine; its columns have their kinds."""
        holder = exp.Paren(this=tree)
        for rules in (SHORTHANDS, RULES):
            for node in reversed([n for n in holder.this.walk() if type(n) in rules]):
                node.replace(rules[type(node)](self, node))
        found: Tree = holder.this
        return found

    def wider(self, kinds: Iterable[Kind]) -> Kind:
        """The kind of a value that may be any of these: null gives way, and a float wins over other numbers."""
        found = [k for k in dict.fromkeys(kinds) if k is not Kind.NULL]
        if len(found) < 2 or not all(k.numeric for k in found):
            return found[0] if found else Kind.NULL
        return Kind.DECIMAL if self.query and Kind.FLOAT not in found else Kind.FLOAT

    def of(self, wanted: Callable[[Kind], bool], message: str, x: Tree, hint: str = "") -> Tree:
        """A value, refused where its kind is not wanted; null is of every kind."""
        if wanted(kind(x)) or kind(x) is Kind.NULL:
            return x
        return self.reject(
            f"{message}; {x.sql('spark')} is {article(kind(x))}", hint=hint or CAST_FIRST.get(kind(x), ""), code="wrong-kind"
        )

    def condition(self, x: Tree) -> Tree:
        """A condition of IF, WHEN and IS: Spark takes neither a number for one nor a bare null."""
        x = self.of(lambda k: k is Kind.BOOLEAN, "a condition is true or false", x, "compare it with something")
        return e.cast(x, Kind.BOOLEAN) if isinstance(x, exp.Null) else x

    def times(self, name: str, values: list[Tree]) -> list[Tree]:
        """Dates and timestamps; a query may write one as a string, and so may a formula where two are compared."""
        to = (
            Kind.TIMESTAMP
            if name in ("hour()", "minute()", "second()", "millisecond()", "unix_seconds()", "strftime()", *ZONED)
            else Kind.DATE
        )
        own = name.removesuffix("()") in OWN
        read = [self.cast(x, to) if kind(x) is Kind.STRING and (self.query or (own and _is_string(x))) else x for x in values]
        return [self.of(lambda k: k.temporal, f"{name} takes dates and timestamps", x, "cast it first: cast(x as date)") for x in read]

    def numbers(self, name: str, values: list[Tree]) -> list[Tree]:
        """Numbers to compute with, in 64 bits: in a formula integers, or doubles if one of them is not an integer.

        Of narrower numbers, of decimals and of whole numbers that are written out, each engine has widths of its own.
        """
        read = [self.cast(x, Kind.FLOAT) if self.query and kind(x) is Kind.STRING else x for x in values]
        found = [self.of(lambda k: k.numeric, f"{name} takes numbers", x) for x in read]
        inexact = any(kind(x) in (Kind.FLOAT, Kind.DECIMAL) for x in found)
        written = not inexact and all(_is_written(x) for x in found)
        return [self._wide(x, inexact and not self.query, written) for x in found]

    def _wide(self, x: Tree, inexact: bool, written: bool) -> Tree:
        of, narrow = kind(x), x.meta.get("narrow")
        if of is Kind.FLOAT or (inexact and (of is Kind.DECIMAL or narrow)):
            return typed(e.double(x), Kind.FLOAT) if of is not Kind.FLOAT or narrow else x
        return typed(e.cast(x, Kind.INTEGER), Kind.INTEGER) if of is Kind.INTEGER and not inexact and (written or narrow) else x

    def as_double(self, x: Tree) -> Tree:
        """A number as a double."""
        if kind(x) is Kind.FLOAT:
            return x
        return typed(e.lit(float(x.this)) if isinstance(x, exp.Literal) else e.double(x), Kind.FLOAT)

    def alike(self, x: Tree, y: Tree) -> tuple[Tree, Tree]:
        """Two values that can be compared: of one kind, numbers, or points in time of which one is written as a string."""
        a, b = kind(x), kind(y)
        if {a, b} <= POINTS and a is not b and (PRESENT in x.meta or PRESENT in y.meta):
            x, y = (self.cast(v, Kind.TIMESTAMP) if kind(v) is Kind.DATE else v for v in (x, y))
            return (x, y) if kind(x) is kind(y) else (self.cast(x, Kind.TIMESTAMP_TZ), self.cast(y, Kind.TIMESTAMP_TZ))
        if _is_read(y, b, a, self.query):
            return x, self._read(y, a)
        if _is_read(x, a, b, self.query):
            return self._read(x, b), y
        if a is not b and Kind.FLOAT in (a, b) and a.numeric and b.numeric:
            return self.as_double(x), self.as_double(y)
        if not (a is b or Kind.NULL in (a, b) or (a.numeric and b.numeric) or (self.query and Kind.STRING not in (a, b))):
            hint = "cast one of them first, such as cast(x as double) or cast(x as date)"
            self.reject(f"{article(a)} cannot be compared with {article(b)}", hint=hint, code="not-comparable")
        return x, y

    def _read(self, x: Tree, to: Kind) -> Tree:
        """A string that is compared with a value of another kind; one that is written and is not a point in time would equal nothing."""
        if _is_string(x) and to in POINTS and point_written(x.name, to) is None:
            return self.reject(f"{x.name!r} is not {article(to)}", "such as '2024-02-29' or '2024-02-29 12:30:00'", code="wrong-kind")
        return self.cast(x, to)

    def widened(self, values: list[Tree]) -> list[Tree]:
        """Values of which one is taken: other numbers among floats become floats, a written string among points in time becomes one."""
        times = {kind(v) for v in values if kind(v).temporal}
        if len(times) == 1:
            values = [self.cast(v, *times) if _is_string(v) else v for v in values]
        found = list(dict.fromkeys(kind(v) for v in values if kind(v) is not Kind.NULL))
        if len(found) > 1 and not all(k.numeric for k in found) and not (self.query and all(k.temporal for k in found)):
            message = f"one of several values is taken, and they are of different kinds: {listed(map(str, found))}"
            self.reject(message, hint="cast them to one kind first, such as cast(x as double) or cast(x as string)", code="mixed-kinds")
        return [self.as_double(v) if kind(v).numeric else v for v in values] if self.wider(found) is Kind.FLOAT else values

    def cast(self, x: Tree, to: Kind) -> Tree:
        """A value as one of another kind; a string is read by its form, and null where it has none."""
        source = kind(x)
        if _is_string(x) and to in POINTS:
            x = typed(e.lit(point_written(x.name, to) or x.name), Kind.STRING)
        if source is Kind.NULL or source is to:
            return typed(e.cast(x, to), to) if x.meta.get("narrow") else x
        if (source, to) in ONLY_IN_QUERIES and self.query:
            return typed(e.cast(x, to), to)
        if (source, to) in CONVERSIONS and (source, to) not in (*ONLY_IN_QUERIES, (Kind.TIMESTAMP_TZ, Kind.STRING)):
            return typed(CONVERSIONS[source, to](x), to)
        if to is Kind.STRING:
            hint = "cut it off to an integer first: cast(x as bigint)" if source.numeric else ""
            return self.reject(f"{article(source)} has no string that all engines agree on", hint=hint)
        return self.reject(f"{article(source)} cannot be cast to {article(to)}")


def article(of: Kind) -> str:
    """A kind with its article."""
    return f"{'an' if of.value[0] in 'aeio' else 'a'} {of.value}"


def arguments(node: Tree) -> list[Tree]:
    """The values that a node is made of."""
    return [x for x in (node.this, node.args.get("expression"), *node.expressions) if isinstance(x, Tree)]


def _depth(tree: Tree) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in node.iter_expressions()]
    return deepest


def _name(node: Any) -> str:
    """The name of a node in messages; not its SQL, because it may lack arguments."""
    if isinstance(node, exp.TsOrDsToDate) and isinstance(node.parent, exp.Func):
        return _name(node.parent)
    if isinstance(node, exp.Anonymous):
        return f"{node.name.lower()}()"
    if type(node) in CALLED:
        return f"{CALLED[type(node)]}()"
    return f"{node.sql_name().lower()}()" if isinstance(node, exp.Func) else node.key.upper()


def _has_more(node: exp.Func) -> bool:
    """Whether a function has an argument that its rule would not look at."""
    known = {"this", "expression", "expressions", *MORE.get(type(node), ())}
    beyond = [v for k, v in node.args.items() if k not in known and not isinstance(v, bool | None) and v != []]
    return bool(beyond) or (isinstance(node, exp.AggFunc) and bool(node.expressions))


def _is_string(x: Tree) -> bool:
    return isinstance(x, exp.Literal) and bool(x.is_string)


def _is_read(x: Tree, of: Kind, to: Kind, query: bool) -> bool:
    """Whether a string is compared with a value of another kind and read as one: one that is written beside a time; in a query any."""
    return of is Kind.STRING and ((_is_string(x) and to.temporal) or (query and to in FROM_STRING and to is not Kind.STRING))


def _is_written(x: Tree) -> bool:
    """Whether a value is a number that is written out."""
    inner = x.unnest()
    return isinstance(inner.this if isinstance(inner, exp.Neg) else inner, exp.Literal)


CALLED: Mapping[type[Any], str] = {
    exp.Trim: "trim", exp.Pad: "lpad() or rpad", exp.StrToDate: "to_date", exp.StrToTime: "to_timestamp",
    exp.RegexpReplace: "regexp_replace", exp.RegexpExtractAll: "regexp_extract_all",
    **{operation: name for name, (operation, _) in OWN.items()},
}  # fmt: skip
"""Functions that their nodes are not named after."""


# ── rules: what becomes of a node whose arguments are admitted ──

Rule = Callable[[Admission, Any], Tree]
Takes = Callable[[Admission, str, list[Tree]], list[Tree]]


@dataclass(frozen=True)
class Call:
    """The rule of an operator or function: what it takes (`Admission.numbers` …), gives (None: the wider kind), and is made by."""

    takes: Takes
    gives: Kind | None = None
    made: Callable[..., Tree] | None = None

    def __call__(self, a: Admission, node: Any) -> Tree:
        given = arguments(node)
        if not given:
            return a.reject(f"{_name(node)} has no arguments", code="wrong-arguments")
        if isinstance(given[0], exp.Distinct):  # of an aggregate
            inner = self.takes(a, _name(node), given[0].expressions)
            taken: list[Tree] = [exp.Distinct(expressions=e.owned(*inner))]
        else:
            taken = inner = self.takes(a, _name(node), given)
        gives = self.gives or a.wider(map(kind, inner))
        if self.made:
            return typed(self.made(*taken), gives)
        slots = dict(zip(("this", "expression"), taken, strict=False))
        made: Tree = type(node)(**node.args | {k: v.copy() for k, v in slots.items()})
        return typed(
            exp.Paren(this=made) if isinstance(node, exp.Binary | exp.Unary) and not isinstance(node, exp.AggFunc) else made, gives
        )


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
    return Call(Admission.numbers)(a, node)


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
    return typed(e.case(*zip(conditions, values, strict=True), otherwise=last), a.wider(map(kind, (*values, last))))


def _first_of(a: Admission, node: Any) -> Tree:
    """COALESCE, GREATEST and LEAST; Spark takes one value for no choice."""
    first, *rest = a.widened(arguments(node))
    if not rest:
        return first.copy()
    made: Tree = type(node)(**node.args | {"this": first.copy(), "expressions": [x.copy() for x in rest]})
    return typed(made, a.wider(map(kind, (first, *rest))))


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
    if characters is not None and not (_is_string(characters) and characters.name):
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
    (x,) = STRINGS(a, _name(node), [node.this])
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
    if separator is None or not (_is_string(separator) and separator.name):
        return a.reject("the separator must be a string in quotes that is not empty")
    place = _whole(a, node.args.get("part_index"), "the place of a part", -MOST_CHARACTERS)
    return typed(SplitPart.of(x, separator, place), Kind.STRING)


def _pad(a: Admission, node: exp.Pad) -> Tree:
    (x,), fill = STRINGS(a, _name(node), [node.this]), node.args.get("fill_pattern") or e.lit(" ")
    if not (_is_string(fill) and fill.name):
        return a.reject("what a string is filled up with must be a string in quotes that is not empty")
    operation = PadLeft if node.args.get("is_left") else PadRight
    return typed(operation.of(x, _whole(a, node.expression, "the number of characters", 0), fill), Kind.STRING)


def _center(a: Admission, node: Center) -> Tree:
    given, n, fill = node.expressions
    (x,) = STRINGS(a, "center()", [given])
    if not (_is_string(fill) and len(fill.name) == 1):
        return a.reject("what a string is filled up with must be one character in quotes")
    return typed(Center.of(x, _whole(a, n, "the number of characters", 0), fill), Kind.STRING)


def _title(a: Admission, node: exp.Initcap) -> Tree:
    if node.expression.name != " ":
        return a.reject("initcap() takes a string only: its words stand between blanks")
    return typed(TitleCase.of(*STRINGS(a, "initcap()", [node.this])), Kind.STRING)


def _translate(a: Admission, node: exp.Translate) -> Tree:
    characters, by = node.args["from_"], node.args["to"]
    if not (_is_string(characters) and _is_string(by) and len(by.name) <= len(characters.name) == len(set(characters.name))):
        return a.reject("translate() takes two strings in quotes: characters, none of them twice, and as many others or fewer")
    return typed(Translate.of(*STRINGS(a, "translate()", [node.this]), characters, by), Kind.STRING)


def _position(a: Admission, node: exp.StrPosition) -> Tree:
    part = node.args["substr"]
    if not (_is_string(part) and part.name):
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
    if not (_is_string(pattern) and isinstance(group, exp.Literal) and group.is_int):
        return a.reject("a pattern must be a string in quotes, and its group a whole number")
    try:
        Regex.parse(pattern.name).replacing(f"${group.name}")
    except ExpressionError as error:
        a.mistakes += error.mistakes
        return typed(exp.Null(), Kind.STRING)
    return typed(ExtractPattern.of(*STRINGS(a, _name(node), [node.this]), pattern, group), Kind.STRING)


def _regexp_extract_all(a: Admission, node: exp.RegexpExtractAll) -> Tree:
    found = _regexp_extract(a, node)
    return typed(ExtractAll.of(*found.expressions), Kind.LIST) if isinstance(found, ExtractPattern) else found


def _replace(a: Admission, node: exp.Replace) -> Tree:
    by = node.args.get("replacement") or typed(e.lit(""), Kind.STRING)
    return typed(Replace.of(*STRINGS(a, "replace()", [node.this, node.expression, by])), Kind.STRING)


def _regexp_replace(a: Admission, node: exp.RegexpReplace) -> Tree:
    pattern, by = node.expression, node.args.get("replacement")
    if not (_is_string(pattern) and by is not None and _is_string(by)):
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
        if not _is_string(written):
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
    if not _is_string(form):
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
    if not (_is_string(unit) and unit.name in UNITS):
        return a.reject("a unit must be one in quotes", accepted=listed(f"'{u}'" for u in UNITS))
    to = Kind.TIMESTAMP if kind(x) is Kind.DATE and unit.name not in WHOLE_DAYS else kind(x)
    return a.cast(typed(AddTime.of(a.cast(x, Kind.TIMESTAMP), n, unit), Kind.TIMESTAMP), to)


def _in_zone(a: Admission, node: times.LocalTime | times.AtLocalTime) -> Tree:
    """From UTC to what a clock shows in a zone, or back; both without a time zone of their own."""
    given, zone = node.expressions
    name = f"{CALLED[type(node)]}()"
    (x,) = a.times(name, [given])
    if not (_is_string(zone) and times.known_zone(zone.name)):
        return a.reject("a time zone must be a name of the time zone database in quotes", accepted="such as 'Europe/Berlin'")
    if isinstance(node, times.AtLocalTime):
        wall = a.cast(x, Kind.TIMESTAMP)
        return typed(times.away_from_ends(wall, CONVERSIONS[Kind.TIMESTAMP_TZ, Kind.TIMESTAMP](node.of(wall, zone))), Kind.TIMESTAMP)
    instant = a.cast(x, Kind.TIMESTAMP_TZ)
    return typed(times.away_from_ends(instant, node.of(instant, zone)), Kind.TIMESTAMP)


def _of_row(a: Admission, node: Any) -> Tree:
    """What several values of one row become."""
    name, given, place = f"{CALLED[type(node)]}()", list(node.expressions), []
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
        if not _is_string(pattern):
            return a.reject("a pattern must be a string in quotes")
        try:
            _ = None if operation is Like else Regex.parse(pattern.name)
        except ExpressionError as error:
            a.mistakes += error.mistakes
        return typed(operation.of(*STRINGS(a, "a pattern", [x]), pattern), Kind.BOOLEAN)

    return rule


def _cast(a: Admission, node: exp.Cast) -> Tree:
    found = a.cast(node.this, CASTS[node.args["to"].this])
    found.meta.update({k: v for k, v in node.meta.items() if k == PRESENT})
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

NUMBERS, TIMES = Admission.numbers, Admission.times
STRINGS = _only(Kind.STRING, "strings", "cast it to a string first: cast(x as string)")
BOOLEANS = _only(Kind.BOOLEAN, "conditions", "compare it with something")


ANY: Takes = lambda a, name, values: values  # noqa: E731 -- one of the constants above
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
    exp.Paren: lambda a, node: typed(node, kind(node.this), node.this.meta.get("narrow", False)),
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
    exp.Avg: Call(AS_DOUBLES, Kind.FLOAT),  # of decimals, Spark's is a decimal of few places
    **dict.fromkeys(
        (exp.StddevPop, exp.StddevSamp, exp.Stddev, exp.VariancePop, exp.Variance, exp.CovarPop, exp.CovarSamp), Call(NUMBERS, Kind.FLOAT)
    ),
    **dict.fromkeys((exp.RowNumber, exp.Rank, exp.DenseRank), lambda a, node: typed(node, Kind.INTEGER)),
    **dict.fromkeys((exp.Lag, exp.Lead, exp.Window, exp.Filter), lambda a, node: typed(node, kind(node.this))),
}


def _same(node: Any) -> Tree:
    x, y = node.this, node.expression
    return e.or_(e.and_(e.is_null(x), e.is_null(y)), e.coalesce(e.eq(x, y), exp.false()))


def _conditions(node: exp.Case) -> Tree:
    """A CASE with a value in front, as one with conditions."""
    if node.this is None:
        return node
    return e.case(*((e.eq(node.this, b.this), b.args["true"]) for b in node.args["ifs"]), otherwise=node.args.get("default"))


SHORTHANDS: Mapping[type[Any], Rule] = {
    exp.Between: lambda a, node: e.and_(e.ge(node.this, node.args["low"]), e.le(node.this, node.args["high"])),
    exp.NullSafeEQ: lambda a, node: _same(node),
    exp.NullSafeNEQ: lambda a, node: e.not_(_same(node)),
    exp.Nullif: lambda a, node: e.case((e.eq(node.this, node.expression), exp.Null()), otherwise=node.this),
    exp.If: lambda a, node: (
        node if isinstance(node.parent, exp.Case) else e.case((node.this, node.args["true"]), otherwise=node.args.get("false"))
    ),
    exp.Case: lambda a, node: _conditions(node),
}
"""Nodes that are written with others, before the rules see them."""

LISTED = frozenset({*RULES, *SHORTHANDS, exp.Identifier})

MORE: Mapping[type[Any], tuple[str, ...]] = {
    exp.Round: ("decimals",), exp.Case: ("ifs", "default"), exp.If: ("true", "false"), exp.Cast: ("to",), exp.TryCast: ("to",),
    exp.Trim: ("position",), exp.Lag: ("offset", "default"), exp.Lead: ("offset", "default"), exp.Substring: ("start", "length"),
    exp.SplitPart: ("delimiter", "part_index"), exp.Pad: ("fill_pattern",), exp.Replace: ("replacement",), exp.Repeat: ("times",),
    exp.Translate: ("from_", "to"), exp.StrPosition: ("substr",), **dict.fromkeys((exp.RegexpExtract, exp.RegexpExtractAll), ("group",)),
    exp.RegexpReplace: ("replacement",), exp.StrToDate: ("format",), exp.StrToTime: ("format",),
}  # fmt: skip
"""Arguments beside `this`, `expression` and `expressions` that a function's rule looks at."""

CLAUSES = (
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.With, exp.CTE,
    exp.Table, exp.TableAlias, exp.Alias, exp.Star, exp.Subquery, exp.Exists, exp.Union, exp.Intersect, exp.Except, exp.Distinct,
    exp.Tuple, exp.WindowSpec, exp.Var,
)  # fmt: skip
"""What only a query may have, and passes as it is."""
