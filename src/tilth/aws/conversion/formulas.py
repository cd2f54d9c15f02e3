"""Formulas of other products: which columns they read, and whether a flow accepts them."""

from __future__ import annotations

from sqlglot import exp

from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.admission import Admission
from tilth.engine.user_sql.expression import parse_expression
from tilth.errors import ExpressionError, Mistake

KINDS = (Kind.STRING, Kind.FLOAT, Kind.INTEGER, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP)
OF_ANY_KIND = ("not-admitted", "unknown-function", "one-row", "wrong-arguments", "too-deep", "too-long")  # mistakes whatever the kinds are


def columns_of(expression: str) -> frozenset[str]:
    """The columns that a formula reads. Errors: `ExpressionError` for a string that is not one.

    >>> sorted(columns_of("if(`unit price` > 3, 'a', b)"))
    ['b', 'unit price']
    """
    return frozenset(column.name for column in Admission(expression, None).parsed().find_all(exp.Column))


def mistake_in(expression: str) -> Mistake | None:
    """The mistake in a formula that holds for columns of any kinds, if there is one.

    >>> mistake_in("upper(city)"), mistake_in("soundex(city)").code
    (None, 'not-admitted')
    """
    try:
        names = columns_of(expression)
    except ExpressionError as error:
        return error.mistakes[0]
    by_kind: list[dict[str, Mistake]] = []
    for kind in KINDS:
        try:
            parse_expression(expression, Schema(tuple(Column(name, kind) for name in names)))
        except ExpressionError as error:
            by_kind.append({m.message: m for m in error.mistakes if m.code in OF_ANY_KIND})
        else:
            return None
    return next((m for message, m in by_kind[0].items() if all(message in found for found in by_kind)), None)


def inlined(expression: str, column: str, by: str) -> str:
    """Replace a column in a formula by another formula.

    >>> inlined("`age` > 100 OR name = 'age'", "age", "cast(years as bigint)")
    "(cast(years as bigint)) > 100 OR name = 'age'"
    """
    found = [node.this.meta for node in Admission(expression, None).parsed().find_all(exp.Column) if node.name == column]
    for meta in sorted(found, key=lambda meta: -meta["start"]):
        expression = f"{expression[: meta['start']]}({by}){expression[meta['end'] + 1 :]}"
    return expression
