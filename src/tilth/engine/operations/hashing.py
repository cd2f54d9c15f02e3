"""Randomness that repeats: a hash that is equal on every engine and in Python."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import lit
from tilth.engine.operations.operation import Operation

DIGITS = 15  # hexadecimal digits of a hash that are used: 60 bits


class HashText(Operation):
    """The first 15 hexadecimal digits of the MD5 of a text, in lower case: 60 bits that compare as texts do."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Left(this=exp.MD5(this=x.copy()), expression=lit(DIGITS))

    @staticmethod
    def row(x: Any) -> str:
        return hashlib.md5(x.encode(), usedforsecurity=False).hexdigest()[:DIGITS]


def threshold(share: float) -> str:
    """The hash below which a share of all hashes lies; `"g"`, which is above every hash, for the whole.

    >>> threshold(0.8)
    'ccccccccccccccc'
    """
    cut = round(share * 16**DIGITS)
    return "g" if cut >= 16**DIGITS else f"{cut:0{DIGITS}x}"
