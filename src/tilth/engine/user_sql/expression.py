"""Formulas and conditions over the columns of one table."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind, Schema
from tilth.engine.expressions import col
from tilth.engine.user_sql.admission import Admission
from tilth.engine.user_sql.growth import reject_long_strings
from tilth.engine.user_sql.nodes import OF_DECIMAL, article, digits_of, kind, short, typed
from tilth.errors import ExpressionError, Place, did_you_mean, listed


def parse_expression(text: str, schema: Schema, place: Place | None = None, now: datetime | None = None) -> Tree:
    """The tree of a formula over the columns of a table.

    Names without quotes are found whatever their case, if one column only matches; a name with blanks or dots needs back-quotes.
    Numbers with a point or an exponent are doubles. `now` is the present, in UTC, without which a formula cannot ask for it.

    Errors: `ExpressionError` with every mistake, each with its line and column.

    >>> from tilth.data import Column
    >>> table = Schema((Column("pay", Kind.FLOAT), Column("hours", Kind.INTEGER)))
    >>> parse_expression("pay / hours", table).sql("duckdb")
    'DIVIDE("pay", "hours")'
    """
    admission = Admission(text, place, now=now)
    holder = exp.Paren(this=admission.parsed())
    for column in list(holder.find_all(exp.Column)):
        column.replace(_column(admission, column, schema))
    reject_long_strings(admission, holder.this)
    tree = admission.admit(holder.this)
    admission.finish()
    return tree


def parse_condition(text: str, schema: Schema, place: Place | None = None, now: datetime | None = None) -> Tree:
    """The tree of a condition: a formula that is true, false or null. Errors: as `parse_expression`, and for any other formula."""
    tree = parse_expression(text, schema, place, now)
    if kind(tree) not in (Kind.BOOLEAN, Kind.NULL):
        raise ExpressionError(
            f"{short(text)!r} is not a condition: its value is {article(kind(tree))}",
            place=place,
            accepted="a comparison such as `age > 30`, or several with AND, OR and NOT",
            code="not-a-condition",
        )
    return tree


def _column(a: Admission, node: exp.Column, schema: Schema) -> Tree:
    if node.args.get("table"):
        parts = [part.name for part in node.parts]
        return a.reject(f"{'.'.join(parts)}: a name with a dot needs back-quotes", hint=f"`{'.'.join(parts)}`")
    alike = [name for name in schema.names if name.casefold() == node.name.casefold()]
    if node.name in schema:
        alike = [node.name]
    if len(alike) != 1 or (alike[0] != node.name and node.this.args.get("quoted")):
        hint = did_you_mean(node.name, schema.names)
        return a.reject(f"there is no column {node.name!r}", listed(schema.names), hint, code="unknown-column")
    column = schema[alike[0]]
    found = typed(col(column.name), column.kind, narrow=column.narrow)
    found.meta[OF_DECIMAL] = digits_of(column.type)
    return found
