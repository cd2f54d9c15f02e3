"""Extracts the new columns of a SELECT that keeps all columns of its table: each as an expression."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tilth.errors import ExpressionError


def computed_columns(text: str, table: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """For `SELECT *, a * 2 AS b FROM table`: the name of each new column, its expression, and the columns that the expression reads.

    The expression is text that `parse_expression` is to admit. Errors: `ExpressionError` for any other statement.

    >>> computed_columns("SELECT *, a * 2 AS b FROM t", "t")
    [('b', 'a * 2', ('a',))]
    """
    wrong = f"it is not `SELECT *, expression AS name FROM {table}`"
    try:
        query = sqlglot.parse_one(text, dialect="spark")
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError(wrong, code="not-a-select") from error
    source = next(iter(query.find_all(exp.Table)), None)
    more = {name for name, value in query.args.items() if value} - {"expressions", "from", "from_"}
    if not isinstance(query, exp.Select) or more or source is None or source.name != table or source.alias:
        raise ExpressionError(wrong, code="not-a-select")
    star, *others = query.expressions
    if not isinstance(star, exp.Star) or star.args.get("except_") or not all(isinstance(e, exp.Alias) for e in others):
        raise ExpressionError(wrong, code="not-a-select")
    return [(e.alias, e.this.sql(dialect="spark"), tuple(dict.fromkeys(c.name for c in e.this.find_all(exp.Column)))) for e in others]
