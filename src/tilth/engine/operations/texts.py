"""Operations on texts whose plain spelling differs between engines."""

from __future__ import annotations

import string
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import lit
from tilth.engine.operations.operation import Operation

BLANKS = " \t\r\n"


class Trim(Operation):
    """A text without blanks, tabs and line ends at its ends (DuckDB alone would trim all of Unicode's blanks)."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Trim(this=x.copy(), expression=lit(BLANKS))

    @staticmethod
    def row(x: Any) -> str:
        return str(x).strip(BLANKS)


class LowerAscii(Operation):
    """A text with A–Z in lower case; other letters stay, because engines fold them differently."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Anonymous(this="translate", expressions=[x.copy(), lit(string.ascii_uppercase), lit(string.ascii_lowercase)])

    @staticmethod
    def row(x: Any) -> str:
        return str(x).translate(_FOLD)


_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class UpperAscii(Operation):
    """A text with a–z in upper case; other letters stay, because engines fold them differently."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Anonymous(this="translate", expressions=[x.copy(), lit(string.ascii_lowercase), lit(string.ascii_uppercase)])

    @staticmethod
    def row(x: Any) -> str:
        return str(x).translate(_RAISE)


_RAISE = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
