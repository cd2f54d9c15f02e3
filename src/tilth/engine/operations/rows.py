"""Operations that copy rows, or refuse them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import cast_to, data_type, lit
from tilth.engine.operations.operation import Operation, call
from tilth.errors import RequestError


class Copies(Operation):
    """Makes n rows of one, none where n is 0 or null; its value numbers them, from 0. It is used once, in a list of selected columns."""

    @classmethod
    def duckdb(cls, n: Tree) -> Tree:
        return call("unnest", call("range", n))

    @classmethod
    def spark(cls, n: Tree) -> Tree:
        n = cast_to(n, data_type("int"))
        return call("explode", call("slice", call("sequence", lit(0), n), lit(1), n))


class Elements(Operation):
    """Makes a row for each element of a list, none for an empty list. It is used once, in a list of selected columns."""

    duckdb_call, spark_call = "unnest", "explode"


class RowNumber(Operation):
    """A number of each row that grows in the order of the rows, which a query reads from a table or sorts just below."""

    spark_call = "monotonically_increasing_id"

    @classmethod
    def duckdb(cls) -> Tree:
        return exp.Window(this=exp.RowNumber())


class Stacked(Operation):
    """The columns of a row one under another: rows of a place, from 0, and the value. It is all that is selected."""

    PLACE: ClassVar[str] = "place"
    VALUE: ClassVar[str] = "value"

    @classmethod
    def duckdb(cls, *columns: Tree) -> Tree:
        cells = [exp.Struct(expressions=[_named(cls.PLACE, lit(i)), _named(cls.VALUE, c)]) for i, c in enumerate(columns)]
        return call("unnest", exp.Array(expressions=cells), _named("recursive", exp.true()))

    @classmethod
    def spark(cls, *columns: Tree) -> Tree:
        return call(
            "inline", call("array", *(call("named_struct", lit(cls.PLACE), lit(i), lit(cls.VALUE), c) for i, c in enumerate(columns)))
        )


def _named(name: str, value: Tree) -> Tree:
    return exp.PropertyEQ(this=exp.to_identifier(name), expression=value)


REFUSED = "refused by Tilth: "  # marks Tilth's own errors among those of an engine


class Refuse(Operation):
    """Raises an error with a message when it is evaluated."""

    @classmethod
    def duckdb(cls, message: Tree) -> Tree:
        return call("error", lit(REFUSED + message.name))

    @classmethod
    def spark(cls, message: Tree) -> Tree:
        return call("raise_error", lit(REFUSED + message.name))

    @staticmethod
    def row(message: Any) -> Any:
        raise RequestError(message, code="refused-value")


def refusal(text: str) -> RequestError | None:
    """The refusal that an engine's error carries, if it carries one.

    >>> print(refusal("Invalid Input Error: refused by Tilth: no such thing"))
    no such thing [refused-value]
    """
    _, found, message = text.partition(REFUSED)
    return RequestError(re.sub(r" SQLSTATE: \w+\s*$", "", message.split("\n")[0]), code="refused-value") if found else None


def without_values(message: str) -> str:
    """An engine's message about a value that does not fit, with the numbers and strings in it masked: they may be private.

    >>> without_values("Overflow in addition of INT64 (9223372036854775807 + 1)!")
    'Overflow in addition of INT64 (… + …)!'
    """
    return re.sub(r"'[^']*'|(?<!\w)[0-9][\w.]*(?:[+-][0-9]+)?", "…", message)


def with_short_literals(query: str, escaped: bool) -> str:
    """A query with strings of more than 1,000 characters cut, such as lists of categories or lookup tables.

    >>> with_short_literals(f"SELECT 'a', '{'x' * 2_000}' AS n", escaped=False) == f"SELECT 'a', '{'x' * 99} …' AS n"
    True
    """
    return re.sub(_strings(escaped), lambda m: m[0] if m[1] or len(m[0]) <= 1_000 else f"{m[0][:100]} …'", query, flags=re.DOTALL)


def _strings(escaped: bool) -> str:
    """The pattern of quoted names, which it captures, and strings."""
    string = r"'(?:[^'\\]|\\.)*'" if escaped else "'[^']*'"
    return rf'("[^"]*"|`[^`]*`)|(?:{string})+'


def without_literals(query: str, escaped: bool) -> str:
    """A query with the numbers and strings in it masked; names stay. `escaped`: a backslash in a string escapes what follows.

    >>> print(without_literals("SELECT `a 1`, 'it''s' FROM t WHERE pay >= 77.5e0 AND x1 < -3", escaped=False))
    SELECT `a 1`, … FROM t WHERE pay >= … AND x1 < -…
    """
    return re.sub(rf"{_strings(escaped)}|(?<!\w)[0-9][\w.]*(?:[+-][0-9]+)?", lambda m: m[1] or "…", query, flags=re.DOTALL)
