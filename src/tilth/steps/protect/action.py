"""What the ways of the step `redact` have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import pyarrow as pa
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import col
from tilth.engine.operations.hashing import canonical_string, has_string
from tilth.engine.python_operation import PythonFunction
from tilth.steps.protect.keys import derived
from tilth.steps.step import Way

if TYPE_CHECKING:
    from tilth.steps.protect.redact import Redact

OfText: TypeAlias = Callable[[str], Any]
REMEMBERED = 1 << 16  # results cached per column, because values repeat


class Action(Way, ABC):
    """One method that hides values, with the parameters of its step."""

    step: Redact
    purpose: ClassVar[str] = ""  # the purpose of its key: a word of the label that the key is derived with
    key_size: ClassVar[int] = 32  # bytes of that key
    needs_id: ClassVar[bool] = False  # whether it depends on what identifies a row or a person
    in_texts: ClassVar[bool] = False  # whether it can hide a part of a text
    reversible: ClassVar[bool] = False  # whether the key restores the values
    only_rows: ClassVar[bool] = False  # whether it needs the whole table, so that it cannot be served

    @abstractmethod
    def change(self, column: Column, **learned: Any) -> Tree | None:
        """The expression that replaces a column; None drops it."""

    def moved(self, data: Dataset, column: str, into: str, learned: Any, changed: Tree | None) -> Dataset:
        """The changed table, for a method that changes rows (`only_rows`).

        `changed` is the text with findings replaced; None if whole cells are hidden.
        """
        raise NotImplementedError

    def of_text(self, column: str, **learned: Any) -> OfText | None:
        """The replacement of a finding in a text, for a method that is `in_texts`; None means the name of the entity."""
        return None

    def revealing(self, column: str, **learned: Any) -> OfText:
        """The function that restores a value, for a method that is `reversible`."""
        raise NotImplementedError

    def accepts(self, column: Column) -> str:
        """Why a column of this kind cannot be hidden so; empty if it can."""
        return "" if has_string(column) else "has values that cannot be written as a string"

    def key(self, key_id: str) -> bytes:
        """The key that is derived for this way and domain."""
        return derived(self.step.key, self.purpose, self.step.domain, self.key_size, key_id)

    def by_python(self, column: Column, one: OfText, gives: Kind = Kind.STRING) -> Tree:
        """Replace the values of a column, as strings, by a function."""
        function = PythonFunction(EachText(one, gives), (Kind.STRING,), gives, f"redact {self.step.with_} {column.name}")
        return function.of(as_string(column))


def as_string(column: Column) -> Tree:
    """The values of a column as strings."""
    return col(column.name) if column.kind is Kind.STRING else canonical_string(column)


@dataclass(frozen=True)
class EachText:
    """A function of a string as one of an Arrow array of strings. Null stays null, an empty string stays empty."""

    one: OfText
    gives: Kind = Kind.STRING
    never_nan: bool = field(default=True, init=False, repr=False)

    def __call__(self, texts: pa.Array) -> pa.Array:
        one = remembered(self.one)
        empty = "" if self.gives is Kind.STRING else None
        made = [one(text) if text else None if text is None else empty for text in texts.to_pylist()]
        return pa.array(made, arrow_type(self.gives))

    def alone(self, text: str | None) -> Any:
        """The same of one row."""
        if text:
            return self.one(text)
        return "" if text == "" and self.gives is Kind.STRING else None


@lru_cache(maxsize=16)
def remembered(one: OfText) -> OfText:
    """A function that remembers its latest results."""
    return lru_cache(REMEMBERED)(one)
