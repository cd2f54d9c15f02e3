"""replace, null, drop: nothing of a value is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset
from tilth.engine.expressions import col, eq, if_else, is_null, lit, not_null, or_
from tilth.engine.layers import filtered
from tilth.errors import Mistake
from tilth.steps.protect.action import Action, OfText

REDACTED = "[REDACTED]"


class Replace(Action):
    """Replaces every value by the same text, and findings in a text by the name of their entity."""

    takes = ("text",)
    in_texts = True

    def change(self, column: Column, **learned: Any) -> Tree:
        return if_else(not_null(col(column.name)), lit(self.step.text or REDACTED), lit(None))

    def of_text(self, column: str, **learned: Any) -> OfText | None:
        return Fixed(self.step.text) if self.step.text else None

    def accepts(self, column: Column) -> str:
        return ""


@dataclass(frozen=True)
class Fixed:
    """The same text for each."""

    text: str

    def __call__(self, text: str) -> str:
        return self.text


class Null(Action):
    """Every value becomes null."""

    def change(self, column: Column, **learned: Any) -> Tree | None:
        return if_else(exp.false(), col(column.name), lit(None))  # of the column's type

    def accepts(self, column: Column) -> str:
        return ""


class Drop(Null):
    """The column goes."""

    def change(self, column: Column, **learned: Any) -> None:
        return None


class DropRow(Null):
    """Drops rows that have a value, or a text with findings."""

    in_texts = True
    only_rows = True

    def mistakes(self) -> Iterator[Mistake]:
        for name in ("into", "findings"):
            if getattr(self.step, name):
                yield Mistake(f"redact: `{name}` has no meaning for drop_row", hint="leave it out", code="bad-policy")

    def moved(self, data: Dataset, column: str, into: str, learned: Any, changed: Tree | None) -> Dataset:
        stays = is_null(col(column)) if changed is None else or_(is_null(col(column)), eq(changed, col(column)))
        return filtered(data, stays)


class Detect(Null):
    """Changes nothing; only records findings."""

    in_texts = True

    def change(self, column: Column, **learned: Any) -> Tree:
        return col(column.name)

    def of_text(self, column: str, **learned: Any) -> OfText:
        return str
