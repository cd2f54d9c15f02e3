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
from collections.abc import Callable
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression as Tree

from tilth.engine import expressions as e
from tilth.engine.operations.timeformats import JAVA_WRITES
from tilth.engine.quiet import quiet
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import CASTS, INSTEAD, OWN, REPEATS, SEVERAL, name_of, short
from tilth.engine.user_sql.rules import CLAUSES, LISTED, MORE, RULES
from tilth.engine.user_sql.shorthands import SHORTHANDS
from tilth.engine.user_sql.spark_times import asks_present, respelled
from tilth.errors import ExpressionError, Mistake, Place, did_you_mean, first_line, listed

LONGEST = 20_000  # characters
DEEPEST = 100  # nested nodes
MOST_COPIES = 256  # of a value, by functions that are written with their argument several times
CASTABLE = "bigint, double, string, boolean, date, timestamp"
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


class Admission(Meaning):
    """The translation of one text into a tree that means the same on every engine."""

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
            with quiet(logging.getLogger("sqlglot")):  # which logs the text of statements that it does not know
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
        what = str(details.get("description") or first_line(error)).rstrip(".")
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

    def admit(self, tree: Tree) -> Tree:
        """Replace nodes so that the tree means the same on every engine. Its columns must have their kinds."""
        holder = exp.Paren(this=tree)
        for rules in (SHORTHANDS, RULES):
            for node in reversed([n for n in holder.this.walk() if type(n) in rules]):
                node.replace(rules[type(node)](self, node))
        found: Tree = holder.this
        return found


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
