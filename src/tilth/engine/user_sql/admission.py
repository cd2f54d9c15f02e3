"""The one allow-list for SQL that users write: formulas, conditions (`where`), and the queries of CustomSql.

A text is parsed in Spark's dialect, as in AWS Glue. Only listed nodes are admitted, either unchanged or as the named operation that means
the same on every engine; all others are rejected. So a text cannot read or write a file, change a setting, or have different meanings on
DuckDB and Spark. The kind of every value is known: of columns from the schemas of the tables, of other nodes from their arguments.

A query may do more than a formula: select, join, group and aggregate. It also converts strings to the kind that they are compared or
computed with, and keeps decimals exact. In a formula decimals become doubles, so that a served row gives the same result.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations.casts import DIGITS as MOST_DIGITS
from tilth.engine.operations.casts import FROM_STRING
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.timeformats import JAVA_WRITES
from tilth.engine.user_sql.nodes import (
    CASTS,
    INSTEAD,
    OF_DECIMAL,
    OWN,
    REPEATS,
    SEVERAL,
    ZONED,
    article,
    digits,
    is_narrow,
    is_string,
    is_written,
    kind,
    name_of,
    short,
    typed,
)
from tilth.engine.user_sql.rules import CLAUSES, LISTED, MORE, RULES
from tilth.engine.user_sql.shorthands import SHORTHANDS
from tilth.engine.user_sql.spark_times import PRESENT, asks_present, point_written, respelled
from tilth.errors import ExpressionError, Mistake, Place, did_you_mean, listed

LONGEST = 20_000  # characters
DEEPEST = 100  # nested nodes
MOST_COPIES = 256  # of a value, by functions that are written with their argument several times
POINTS = {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ}
CASTABLE = "bigint, double, string, boolean, date, timestamp"
ONLY_IN_QUERIES = frozenset(
    {*((of, Kind.BOOLEAN) for of in (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL)), (Kind.DECIMAL, Kind.STRING), (Kind.TIMESTAMP, Kind.STRING)}
)
"""(From, to): casts with the same result on both engines, but not available for a served row."""
CAST_FIRST: Mapping[Kind, str] = {
    Kind.STRING: "cast it to a number first: cast(x as double)",
    **dict.fromkeys((Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), "days_between(a, b) counts the days between two dates"),
}
FUNCTIONS = (
    "abs", "add_time", "ascii", "cast", "ceil", "center", "chr", "coalesce", "concat", "concat_ws", "contains", "day", "dayofyear",
    "days_between", "endswith", "exp", "floor", "from_utc_timestamp", "full_match", "greatest", "hour", "if", "initcap", "instr", "isnan",
    "last_day", "least", "left", "length", "ln", "lower", "lpad", "ltrim", "millisecond", "minute", "month", "months_between", "nanvl",
    "nullif", "nvl2", "pmod", "power", "quarter", "regexp_extract", "regexp_extract_all", "regexp_replace", "repeat", "replace", "right",
    "round", "row_count", "row_distinct", "row_largest", "row_largest_distinct", "row_mean", "row_median", "row_mode", "row_std", "row_sum",
    "row_var", "rpad", "rtrim", "second", "sign", "split_part", "sqrt", "startswith", "strftime", "substring", "timestamp_seconds",
    "to_date", "to_timestamp", "to_utc_timestamp", "translate", "trim", "unix_seconds", "upper", "weekday_of", "weekofyear", "year",
)  # fmt: skip
TIME = e.data_type("timestamp")


def _keeping(name: str, takes: int) -> Callable[[list[Tree]], Tree]:
    """A builder for a function whose surplus arguments sqlglot drops. Here they are kept, and rejected later."""
    build = Spark.parser_class.FUNCTIONS[name]

    def built(given: list[Tree]) -> Tree:
        node: Tree = build(given)
        node.set("beyond", given[takes:] or None)
        return node

    return built


class UserSpark(Spark):
    """Spark's SQL, with the formats of `to_date` and `to_timestamp` kept as written."""

    class Parser(Spark.parser_class):  # type: ignore[misc,valid-type]  # a base known at run time only
        """A parser with its own nodes for these functions."""

        FUNCTIONS: ClassVar = {
            **{name: build for name, build in Spark.parser_class.FUNCTIONS.items() if name.lower() not in OWN},
            **{name: _keeping(name, takes) for name, takes in (("LPAD", 3), ("RPAD", 3), ("LTRIM", 2), ("RTRIM", 2))},
            "DATE_FORMAT": lambda given: exp.Anonymous(this="date_format", expressions=given),
            "TO_DATE": exp.StrToDate.from_arg_list,
            **dict.fromkeys(("UNIX_TIMESTAMP", "TO_UNIX_TIMESTAMP"), exp.StrToUnix.from_arg_list),
            "FROM_UNIXTIME": exp.UnixToStr.from_arg_list,
            "PERCENTILE": exp.Quantile.from_arg_list,
            "TO_TIMESTAMP": lambda given: exp.StrToTime.from_arg_list(given) if len(given) > 1 else exp.Cast.from_arg_list([*given, TIME]),
        }
        FUNCTION_PARSERS: ClassVar = {k: parse for k, parse in Spark.parser_class.FUNCTION_PARSERS.items() if k != "PERCENTILE"}


LACKING = re.compile(r"Required keyword: '(\w+)' missing")


@contextmanager
def _unlogged() -> Iterator[None]:
    """Silence sqlglot, which logs the text of statements that it does not know."""

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
    """The translation of one text into a tree that means the same on every engine."""

    def __init__(self, text: str, place: Place | None = None, query: bool = False, now: datetime | None = None) -> None:
        self.text, self.place, self.query, self.now = text, place, query, now
        self.mistakes: list[Mistake] = []

    def reject(self, message: str, accepted: str = "", hint: str = "", code: str = "not-admitted") -> Tree:
        """Note a mistake, and return null in place of the rejected node."""
        where = "" if self.query else f", in {short(self.text)!r}"
        self.mistakes.append(Mistake(message + where, self.place, accepted, hint, code))
        return typed(exp.Null(), Kind.NULL)

    def finish(self) -> None:
        """Raise an error if anything was rejected."""
        if self.mistakes:
            raise ExpressionError(*dict.fromkeys(self.mistakes))

    # ── parsing, and the nodes that are admitted ──

    def parsed(self) -> Tree:
        """The tree of the text. All its nodes are listed and have a valid number of arguments."""
        if len(self.text) > LONGEST:
            self.reject(f"the text has {len(self.text):,} characters", f"at most {LONGEST:,}", code="too-long")
            self.finish()
        holder = exp.Tuple(expressions=self._statements())
        if _depth(holder) > DEEPEST * (2 if self.query else 1):
            self.reject("the text is nested too deeply", f"at most {DEEPEST} levels", code="too-deep")
            self.finish()
        if (copies := _copies(holder)) > MOST_COPIES:
            hint = "compute it in a sub-query first" if self.query else "compute it in a column first"
            self.reject(f"calls inside each other repeat a value {copies:,} times", f"at most {MOST_COPIES}", hint, code="too-deep")
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
        except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:  # raised by the parser for calls without arguments
            message = f"{short(self.text)!r} cannot be read: a function has too few arguments, or some that it does not take"
            raise ExpressionError(message, place=self.place, code="wrong-arguments") from error
        if self.query and (len(found) != 1 or not isinstance(found[0], exp.Query)):
            raise ExpressionError("a query is one SELECT", accepted="SELECT …, or WITH … SELECT …", code="not-a-query")
        return found

    def _syntax(self, error: SqlglotError) -> Mistake:
        details = (getattr(error, "errors", None) or [{}])[0]
        line, column = details.get("line"), details.get("col")
        what = str(details.get("description") or str(error).split("\n")[0]).rstrip(".")
        if lacking := LACKING.match(what):  # the message contains a class name of sqlglot
            what = f"{'a value' if lacking[1] in ('this', 'expression') else lacking[1]} is missing"
        if self.query:
            return Mistake(f"Error executing SQL statement: {what}", self.place, code="not-sql")
        lines = self.text.splitlines()
        place = self.place or Place("<sql>", line, column, lines[line - 1] if line and line <= len(lines) else None)
        return Mistake(f"{short(self.text)!r} is not an SQL expression: {what}", place, code="not-sql")

    def _is_rejected(self, node: Any) -> bool:
        """Whether a node is rejected, with a note why. Nodes below a rejected one are not examined."""
        before = len(self.mistakes)
        if isinstance(node, exp.DataType):
            decimal = node.this is exp.DType.DECIMAL
            if (node.this not in CASTS or node.expressions) and not (decimal and self.query):
                hint = "decimals are doubles here: round(x, 2), or cast(x as double)" if decimal else ""
                self.reject(f"a cast to {node.sql('spark')} cannot be used", f"a cast to {CASTABLE}", hint)
            return True
        if asks_present(node):
            self.reject(
                f"{name_of(node)} cannot be used: it is another time at each run", hint="CustomSql and `where` of a rule may use it"
            )
        elif isinstance(node, exp.Anonymous):
            self._unknown(node.name.lower(), node)
        elif isinstance(node, exp.Query | exp.Exists | exp.AggFunc | exp.Window | exp.RowNumber) and not self.query:
            what = "a sub-query" if isinstance(node, exp.Query | exp.Exists) else name_of(node)
            self.reject(f"{what} cannot be used: a formula sees one row", hint="CustomSql may hold one", code="one-row")
        elif not (type(node) in LISTED or (self.query and isinstance(node, CLAUSES))):
            why = "the engines do not agree on it, or it reaches outside the tables"
            self.reject(f"{name_of(node)} cannot be used: {why}", "" if self.query else listed(FUNCTIONS, 40), INSTEAD.get(type(node), ""))
        elif isinstance(node, exp.With) and node.args.get("recursive"):
            self.reject("WITH RECURSIVE cannot be used in a query", hint="it may never end")
        elif node.error_messages() or (isinstance(node, exp.Func) and _has_more(node)):
            self.reject(f"{name_of(node)} has too few arguments, or some that it does not take", code="wrong-arguments")
        return len(self.mistakes) > before

    def _unknown(self, word: str, node: exp.Anonymous) -> None:
        if word in OWN:
            takes = f"{OWN[word][1]} arguments" if OWN[word][1] else "one argument or more"
            self.reject(f"{word}() takes {takes}, not {len(node.expressions)}", code="wrong-arguments")
        elif word == "date_format":  # of another form it was not read
            self.reject("date_format() takes a day or time, and a format in quotes", " ".join(JAVA_WRITES), code="bad-format")
        else:
            near = did_you_mean(word, FUNCTIONS)
            self.reject(f"there is no function {node.name}()", listed(FUNCTIONS, 40), near, code="unknown-function")

    # ── meaning ──

    def admit(self, tree: Tree) -> Tree:
        """Replace nodes so that the tree means the same on every engine. Its columns must have their kinds."""
        holder = exp.Paren(this=tree)
        for rules in (SHORTHANDS, RULES):
            for node in reversed([n for n in holder.this.walk() if type(n) in rules]):
                node.replace(rules[type(node)](self, node))
        found: Tree = holder.this
        return found

    def wider(self, kinds: Iterable[Kind]) -> Kind:
        """The common kind of values: null is ignored, and a float takes precedence over other numbers."""
        found = [k for k in dict.fromkeys(kinds) if k is not Kind.NULL]
        if len(found) < 2 or not all(k.numeric for k in found):
            return found[0] if found else Kind.NULL
        return Kind.DECIMAL if self.query and Kind.FLOAT not in found else Kind.FLOAT

    def one_of(self, made: Tree, values: Sequence[Tree]) -> Tree:
        """Type an expression that takes one of several values: with their common kind, narrow if one is, and enough digits."""
        found = typed(made, self.wider(map(kind, values)), narrow=any(map(is_narrow, values)))
        found.meta[OF_DECIMAL] = tuple(map(max, zip(*map(digits, values), strict=True))) if kind(found) is Kind.DECIMAL else None
        return found

    def of(self, wanted: Callable[[Kind], bool], message: str, x: Tree, hint: str = "") -> Tree:
        """The value, rejected if its kind is not wanted. Null is of every kind."""
        if wanted(kind(x)) or kind(x) is Kind.NULL:
            return x
        return self.reject(
            f"{message}; {x.sql('spark')} is {article(kind(x))}", hint=hint or CAST_FIRST.get(kind(x), ""), code="wrong-kind"
        )

    def condition(self, x: Tree) -> Tree:
        """A condition of IF, WHEN and IS. Spark accepts neither a number nor an untyped null."""
        x = self.of(lambda k: k is Kind.BOOLEAN, "a condition is true or false", x, "compare it with something")
        return e.cast(x, Kind.BOOLEAN) if isinstance(x, exp.Null) else x

    def times(self, name: str, values: list[Tree]) -> list[Tree]:
        """Dates and timestamps. A query may write one as a string; so may a formula in some functions."""
        to = (
            Kind.TIMESTAMP
            if name in ("hour()", "minute()", "second()", "millisecond()", "unix_seconds()", "strftime()", "months_between()", *ZONED)
            else Kind.DATE
        )
        own = name.removesuffix("()") in OWN
        read = [self.cast(x, to) if kind(x) is Kind.STRING and (self.query or (own and is_string(x))) else x for x in values]
        return [self.of(lambda k: k.temporal, f"{name} takes dates and timestamps", x, "cast it first: cast(x as date)") for x in read]

    def numbers(self, name: str, values: list[Tree]) -> list[Tree]:
        """Operands in 64 bits. In a formula: integers, or doubles if one of them is not an integer.

        Engines differ in the width of narrow numbers, decimals and integer literals.
        """
        read = [self.cast(x, Kind.FLOAT) if self.query and kind(x) is Kind.STRING else x for x in values]
        found = [self.of(lambda k: k.numeric, f"{name} takes numbers", x) for x in read]
        inexact = any(kind(x) in (Kind.FLOAT, Kind.DECIMAL) for x in found)
        written = not inexact and all(is_written(x) for x in found)
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
        """Two comparable values: of one kind, two numbers, or points in time, one of them written as a string."""
        a, b = kind(x), kind(y)
        if {a, b} <= POINTS and a is not b and (PRESENT in x.meta or PRESENT in y.meta):
            x, y = (self.cast(v, Kind.TIMESTAMP) if kind(v) is Kind.DATE else v for v in (x, y))
            return (x, y) if kind(x) is kind(y) else (self.cast(x, Kind.TIMESTAMP_TZ), self.cast(y, Kind.TIMESTAMP_TZ))
        if _is_read(y, b, a, self.query):
            return x, self._read(y, a)
        if _is_read(x, a, b, self.query):
            return self._read(x, b), y
        if self._beyond_decimals([x, y]) or (a is not b and Kind.FLOAT in (a, b) and a.numeric and b.numeric):
            return self.as_double(x), self.as_double(y)
        if not (a is b or Kind.NULL in (a, b) or (a.numeric and b.numeric) or (self.query and Kind.STRING not in (a, b))):
            hint = "cast one of them first, such as cast(x as double) or cast(x as date)"
            self.reject(f"{article(a)} cannot be compared with {article(b)}", hint=hint, code="not-comparable")
        return x, y

    def _read(self, x: Tree, to: Kind) -> Tree:
        """Convert a string that is compared with a value of another kind. A literal that is not a point in time is rejected."""
        if is_string(x) and to in POINTS and point_written(x.name, to) is None:
            return self.reject(f"{x.name!r} is not {article(to)}", "such as '2024-02-29' or '2024-02-29 12:30:00'", code="wrong-kind")
        if is_string(x) or to not in POINTS - {Kind.DATE}:
            return self.cast(x, to)
        coarser = [Kind.TIMESTAMP, Kind.DATE][to is Kind.TIMESTAMP :]  # a date is its midnight, a time without a zone is in UTC
        return typed(e.coalesce(self.cast(x, to), *(self.cast(self.cast(x, of), to) for of in coarser)), to)

    def widened(self, values: list[Tree]) -> list[Tree]:
        """Alternatives with a common kind: numbers become floats if one is a float, a string literal among points in time becomes one."""
        times = {kind(v) for v in values if kind(v).temporal}
        if len(times) == 1:
            values = [self.cast(v, *times) if is_string(v) else v for v in values]
        found = list(dict.fromkeys(kind(v) for v in values if kind(v) is not Kind.NULL))
        if len(found) > 1 and not all(k.numeric for k in found) and not (self.query and all(k.temporal for k in found)):
            message = f"one of several values is taken, and they are of different kinds: {listed(map(str, found))}"
            self.reject(message, hint="cast them to one kind first, such as cast(x as double) or cast(x as string)", code="mixed-kinds")
        inexact = self.wider(found) is Kind.FLOAT or self._beyond_decimals(values)
        return [self.as_double(v) if kind(v).numeric else v for v in values] if inexact else values

    def _beyond_decimals(self, values: list[Tree]) -> bool:
        """Whether no decimal type has the digits of all values: one engine would fail, the other round. Formulas then use doubles."""
        before, after = (max(n) for n in zip(*map(digits, values), strict=True))
        beyond = Kind.DECIMAL in map(kind, values) and before + after > MOST_DIGITS
        if beyond and self.query:
            message = f"these decimals have up to {before} digits before the point and {after} after it, together more than {MOST_DIGITS}"
            self.reject(message, hint="cast one of them first: cast(x as double)", code="not-comparable")
        return beyond

    def cast(self, x: Tree, to: Kind) -> Tree:
        """Cast a value to a kind. A string that does not have the form of the kind becomes null."""
        source = kind(x)
        if is_string(x) and to in POINTS:
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


def _depth(tree: Tree) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in node.iter_expressions()]
    return deepest


def _copies(tree: Tree) -> int:
    """How often the most repeated value occurs in the written query."""
    most, level = 1, [(tree, 1)]
    while level and most <= MOST_COPIES**2:  # the exact number does not matter beyond this
        most = max(most, *(copies for _, copies in level))
        level = [(child, copies * _repeats(node, child)) for node, copies in level for child in node.iter_expressions()]
    return most


def _repeats(node: Any, child: Any) -> int:
    """How often an argument of a node is repeated in the written query."""
    if isinstance(node, exp.Case | exp.Between | exp.Nullif | exp.Nanvl) and child is not node.this:
        return 1
    if isinstance(node, exp.Case):
        return len(node.args["ifs"])
    return REPEATS.get(node.name.lower() if isinstance(node, exp.Anonymous) else type(node), 1)


def _has_more(node: exp.Func) -> bool:
    """Whether a function has an argument that its rule would ignore."""
    known = {"this", "expression", "expressions", *MORE.get(type(node), ())}
    beyond = [v for k, v in node.args.items() if k not in known and not isinstance(v, bool | None) and v != []]
    return bool(beyond) or (isinstance(node, exp.AggFunc) and bool(node.expressions))


def _is_read(x: Tree, of: Kind, to: Kind, query: bool) -> bool:
    """Whether a string is converted to the kind of a compared value: a literal compared with a time; in a query any string."""
    return of is Kind.STRING and ((is_string(x) and to.temporal) or (query and to in FROM_STRING and to is not Kind.STRING))
