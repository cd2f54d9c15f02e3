"""Admits SQL that a warehouse runs: one SELECT in its dialect, written again from the checked tree.

Tilth's own formulas mean the same on every engine and pass an allow-list. A warehouse query has the meaning that the warehouse gives it, so
all functions are allowed except those that do more than compute: read files, wait, lock, run other SQL, end sessions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from tilth.errors import ExpressionError, Mistake, did_you_mean, first_line, listed

WRITES = (exp.DML, exp.DDL, exp.Command, exp.Drop, exp.Set, exp.Pragma, exp.Transaction, exp.Commit, exp.Rollback)
HARMLESS = ("pg_typeof", "pg_column_size")
DENIED = re.compile(r"pg_.*|lo_.*|dblink.*|.*_to_xml(schema|_and_xmlschema)?|set_config|nextval|setval|txid_.*|binary_upgrade_.*|ts_stat")
BEFORE = "SELECT 1 WHERE "  # a condition
MOST = 20_000  # characters of a query


def parsed_query(text: str, dialect: str, values: Mapping[str, Any]) -> exp.Query:
    """The tree of one SELECT, with the values of its parameters (`:name`) in place.

    Errors: `ExpressionError` for anything else: several statements, a write, a lock, `INTO`, a function that does more than compute, and a
    parameter without a value.

    >>> written(parsed_query("select a from t where b in (:bs)", "postgres", {"bs": ["x", "it's"]}), "postgres")
    "SELECT a FROM t WHERE b IN ('x', 'it''s')"
    """
    trees = _trees(text, dialect)
    if len(trees) != 1:
        raise ExpressionError(f"the query has {len(trees)} statements", accepted="one SELECT", code="not-one-select")
    tree = trees[0]
    if not isinstance(tree, exp.Query) or isinstance(tree, WRITES):
        raise ExpressionError(
            "the query is not a SELECT", accepted="one SELECT", hint="nothing is changed by an export", code="not-one-select"
        )
    ExpressionError.reject([*_refused(tree), *_placed(tree, values)])
    return tree


def parsed_condition(text: str, dialect: str, values: Mapping[str, Any]) -> exp.Expr:
    """The tree of a condition on rows, as it stands after WHERE. Errors: as for `parsed_query`."""
    query = parsed_query(BEFORE + text, dialect, values)
    if not isinstance(query, exp.Select) or {name for name, part in query.args.items() if part} - {"kind", "expressions", "where"}:
        raise ExpressionError(f"{text!r} is not a condition", accepted="a condition on columns, as after WHERE", code="not-a-condition")
    found: exp.Expr = query.args["where"].this
    return found


def parameters_of(query: str, dialect: str) -> list[str]:
    """The names of the parameters in a query. Errors: `ExpressionError` if it cannot be parsed."""
    return list(dict.fromkeys(p.name for tree in _trees(query, dialect) for p in tree.find_all(exp.Placeholder)))


def written(tree: exp.Expr, dialect: str) -> str:
    """A tree as text, without comments. Errors: `ExpressionError` for what the dialect cannot say."""
    try:
        return tree.sql(dialect, comments=False, normalize_functions=False, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise ExpressionError(f"the query cannot be written for {dialect}: {_first_line(error)}", code="not-accepted") from error


def selection(query: exp.Query, table: bool, columns: Iterable[str], conditions: Iterable[exp.Expr]) -> exp.Select:
    """Filter a query by conditions and select columns; by default all columns. `table`: the query selects a table, whose columns the
    conditions may use.
    """
    source = exp.alias_(query.args["from_"].this, "rows", table=True) if table else query.subquery("rows")
    names: list[Any] = [exp.column(name, quoted=True) for name in columns]
    return exp.select(*(names or [exp.Star()])).from_(source).where(*conditions)


def _trees(text: str, dialect: str) -> list[exp.Expr]:
    if len(text) > MOST:
        raise ExpressionError(f"the query has more than {MOST:,} characters", code="too-large")
    try:
        return [tree for tree in sqlglot.parse(text, dialect=dialect, error_level=ErrorLevel.IMMEDIATE) if tree is not None]
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError(f"the query cannot be parsed: {_first_line(error)}", accepted=f"SQL of {dialect}", code="not-sql") from error


def _refused(tree: exp.Expr) -> Iterator[Mistake]:
    for node in tree.walk():
        if isinstance(node, WRITES):
            yield Mistake(f"the query has {node.key.upper()}: nothing is changed by an export", accepted="one SELECT", code="write")
        elif isinstance(node, exp.Into):
            yield Mistake("SELECT … INTO makes a table", accepted="one SELECT", code="write")
        elif isinstance(node, exp.Lock):
            yield Mistake("the query locks rows (FOR UPDATE, FOR SHARE)", accepted="one SELECT", code="write")
        elif isinstance(node, exp.ByteString | exp.UnicodeString):
            yield Mistake("the query has a string with escapes (E'…', U&'…')", accepted="'…', with '' for a quote", code="not-accepted")
        elif isinstance(node, exp.Anonymous) and DENIED.fullmatch(node.name.lower()) and node.name.lower() not in HARMLESS:
            yield Mistake(f"{node.name}() does more than compute", hint="leave it out of what is exported", code="denied-function")


def _placed(tree: exp.Expr, values: Mapping[str, Any]) -> Iterator[Mistake]:
    """Put values where parameters stand; a list stands in `IN (…)`."""
    for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        if not isinstance(node, exp.Placeholder) or not node.name:
            yield Mistake(f"{node.sql()} is not a parameter", accepted=":name", code="bad-parameter")
        elif node.name not in values:
            hint = did_you_mean(node.name, values) or f"give it: `parameters: {{{node.name}: …}}`, or --param {node.name}=…"
            yield Mistake(f"the parameter :{node.name} has no value", accepted=listed(values), hint=hint, code="no-value")
        elif not isinstance(value := values[node.name], list | tuple):
            node.replace(literal(value))
        elif isinstance(node.parent, exp.In) and node.arg_key == "expressions" and value:
            node.parent.set("expressions", [x for e in node.parent.expressions for x in (map(literal, value) if e is node else [e])])
        else:
            yield Mistake(
                f"the parameter :{node.name} is a list of {len(value)}", accepted="a list of values in IN (…)", code="bad-parameter"
            )


def literal(value: Any) -> exp.Expr:
    """A literal in a query. The warehouse determines its type: `'2026-01-01'` compared with a date is a date.

    Errors: `ExpressionError` for null, and for values that are not strings, numbers, booleans, dates or timestamps.
    """
    if isinstance(value, bool | int | float) or (isinstance(value, str) and "\0" not in value):
        return exp.convert(value)
    if isinstance(value, date):
        return exp.convert(str(value))
    hint = "write IS NULL in the condition" if value is None else ""
    raise ExpressionError(
        f"{value!r} is not a value of a parameter", accepted="a string, number, boolean, date or timestamp", hint=hint, code="bad-parameter"
    )


def _first_line(error: Exception) -> str:
    return first_line(re.sub(r"\x1b\[\d*m", "", str(error)))
