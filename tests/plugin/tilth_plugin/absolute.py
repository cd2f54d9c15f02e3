"""A step."""

from dataclasses import dataclass
from typing import ClassVar

from tilth.engine.expressions import col, if_else, lit, lt, sub
from tilth.steps.step import ColumnStep


@dataclass(frozen=True)
class Absolute(ColumnStep):
    """|x|. Null stays null."""

    name: ClassVar[str] = "absolute"
    parts: ClassVar[frozenset[str]] = frozenset({"features"})

    def accepts(self, column):
        return "" if column.kind.numeric else "is not numeric"

    def change(self, column):
        x = col(column.name)
        return {column.name: if_else(lt(x, lit(0)), sub(lit(0), col(column.name)), col(column.name))}
