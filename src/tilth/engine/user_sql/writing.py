"""Writes names and values in formulas and in rules, so that they are read back as what they are."""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.expression import parse_expression
from tilth.engine.user_sql.nodes import short
from tilth.errors import ExpressionError

PRIMARY = "primary"  # what queries of rules call the table under test


def identifier(name: str) -> str:
    """A column name in a formula: plain if it is read back as that column, else in backquotes.

    >>> identifier("age"), identifier("pm2.5"), identifier("select")
    ('age', '`pm2.5`', '`select`')
    """
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        try:
            if parse_expression(name, Schema((Column(name, Kind.STRING),))).name == name:
                return name
        except ExpressionError:
            pass
    return quoted_identifier(name)


def quoted_identifier(name: str) -> str:
    """A column name in a formula, in backquotes."""
    return f"`{name.replace('`', '``')}`"


def literal(value: Any) -> str:
    r"""A value in a formula.

    >>> print(literal("it's"), literal(0.5), literal(True))
    'it\'s' 0.5 true
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else string_literal(str(value))


def string_literal(text: str) -> str:
    r"""A string in a formula.

    >>> print(string_literal("it's"), string_literal("\\d+"))
    'it\'s' '\\d+'
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def over_primary(query: str, table: str) -> str:
    """Rewrite a query over the table under test as a query over `primary`. Errors: `ExpressionError` if it is not SQL.

    >>> over_primary("SELECT * FROM shop.orders WHERE orders.paid < 0;", "orders")
    'SELECT * FROM primary AS orders WHERE orders.paid < 0'
    """
    try:
        tree = sqlglot.parse_one(query, dialect="spark")
    except SqlglotError as error:
        raise ExpressionError(f"{short(query)!r} is not a query", code="not-sql") from error
    for found in list(tree.find_all(exp.Table)):
        if found.name.casefold() == table.casefold() != PRIMARY:
            alias = found.args.get("alias") or exp.TableAlias(this=exp.to_identifier(found.name))
            found.replace(exp.Table(this=exp.to_identifier(PRIMARY), alias=alias))
    return str(tree.sql("spark"))


def rule_string(text: str) -> str:
    r"""A string in a rule's quotes.

    >>> print(rule_string('say "x" \\ y'))
    "say \"x\" \\ y"
    """
    return rule_sql(text.replace("\\", "\\\\"))


def rule_sql(text: str) -> str:
    """A formula in a rule's quotes, where a backslash is literal."""
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def fits_rule(text: str) -> bool:
    """Whether a string can be written in a rule and its `where`: it is printable, without a backslash before a quote."""
    return text.isprintable() and '\\"' not in text
