"""Operations that say how many rows come of one, or that none may."""

from __future__ import annotations

from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import lit
from tilth.engine.operations.operation import Operation, call
from tilth.errors import RequestError


class Copies(Operation):
    """Makes n rows of one, none where n is 0 or null. It stands in a list of selected columns, once; its own value means nothing."""

    @classmethod
    def duckdb(cls, n: Tree) -> Tree:
        return call("unnest", call("range", n))

    @classmethod
    def spark(cls, n: Tree) -> Tree:
        return call("explode", call("array_repeat", lit(0), n))


class Refuse(Operation):
    """No value: it stops the query or the row with a message, wherever it is reached."""

    @classmethod
    def duckdb(cls, message: Tree) -> Tree:
        return call("error", message)

    @classmethod
    def spark(cls, message: Tree) -> Tree:
        return call("raise_error", message)

    @staticmethod
    def row(message: Any) -> Any:
        raise RequestError(message, code="refused-value")
