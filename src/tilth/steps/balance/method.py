"""What the ways of the step `balance` have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.data import Column, Dataset, Roles, Schema
from tilth.engine.operations.hashing import key_string
from tilth.engine.operations.strings import BLANKS
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.naming import value_text
from tilth.steps.step import Asking, Way

if TYPE_CHECKING:
    from tilth.steps.balance.balance import Balance

MOST_CLASSES = 1_000
Sizes = Mapping[str, int]
"""Class, as its canonical string → its rows."""


class Method(Way, ABC):
    """One method that balances classes, with the parameters of its step."""

    step: Balance
    makes: ClassVar[str] = ""  # the value of `_origin` for the rows that it makes

    @abstractmethod
    def learning(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        """The learned parameters. `before` and `after` are the sizes of the classes."""

    @abstractmethod
    def made(self, data: Dataset, schema: Schema, label: Column, state: Mapping[str, Any]) -> Dataset:
        """The balanced table."""

    def sizes(self, label: Column) -> Asking[dict[str, int]]:
        """The sizes of the classes, in the order of their strings. Errors: for rows without a label, and too few or too many classes."""
        counts = count().grouped(key_string([label]))
        found: Mapping[tuple[str], int] = (yield [counts])[counts]
        sizes = {text: n for (text,), n in sorted(found.items())}
        self.reject(label, sizes)
        return sizes

    def reject(self, label: Column, sizes: Sizes) -> None:
        """Reject classes that cannot be balanced."""
        mistakes = []
        missing = sum(n for text, n in sizes.items() if not text.strip(BLANKS + "\0"))
        if missing:
            message = f"balance: {missing:,} rows have no label ({label.name!r})"
            mistakes.append(Mistake(message, hint="filter them in `rows`, before the split", code="no-label"))
        elif len(sizes) < 2:
            message = f"balance: the label {label.name!r} has {'one class' if sizes else 'no class'} in the training part"
            mistakes.append(Mistake(message, hint="there is nothing to balance: leave the step out", code="one-class"))
        if len(sizes) > MOST_CLASSES:
            message = f"balance: the label {label.name!r} has {len(sizes):,} classes"
            mistakes.append(Mistake(message, accepted=f"up to {MOST_CLASSES:,}", code="too-many-classes"))
        elif unknown := sorted(self.per_class.keys() - sizes.keys()):
            accepted = listed(map(repr, sizes))
            message = f"balance: {listed(map(repr, unknown))} in `per_class` are not classes of {label.name!r}"
            mistakes.append(Mistake(message, accepted=accepted, code="bad-value"))
        RequestError.reject(mistakes)

    @property
    def per_class(self) -> Mapping[str, float]:
        """The parameter of that name: class, as its canonical string → a number."""
        return {value_text(name): number for name, number in self.step.pairs}

    def chosen(self, sizes: Sizes, auto: str) -> list[str]:
        """The classes that the parameter `classes` selects; `auto` is the meaning of its default."""
        least, largest = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
        word = auto if self.step.classes == "auto" else self.step.classes
        meant = {"minority": [least], "majority": [largest], "not minority": [c for c in sizes if c != least]}
        return {**meant, "not majority": [c for c in sizes if c != largest], "all": list(sizes)}[word]

    def more(self, sizes: Sizes) -> dict[str, int]:
        """Class → wanted number of rows, for a method that makes rows: from `per_class`, else at least ratio · the largest class."""
        if self.per_class:
            return self._given(sizes, lambda wanted, n: wanted < n, "more")
        wanted = rounded(self.step.ratio * max(sizes.values()))
        return {**sizes} | {c: max(sizes[c], wanted) for c in self.chosen(sizes, "not majority")}

    def fewer(self, sizes: Sizes) -> dict[str, int]:
        """The same for a way that leaves rows out: at most the smallest class / ratio."""
        if self.per_class:
            return self._given(sizes, lambda wanted, n: wanted > n, "fewer")
        wanted = rounded(min(sizes.values()) / self.step.ratio)
        return {**sizes} | {c: min(sizes[c], wanted) for c in self.chosen(sizes, "not minority")}

    def _given(self, sizes: Sizes, wrong: Callable[[float, int], bool], word: str) -> dict[str, int]:
        RequestError.reject(
            Mistake(
                f"balance: the class {c!r} has {sizes[c]:,} rows, and `{self.step.with_}` gives it {word}: {wanted:g} cannot be reached",
                code="bad-value",
            )
            for c, wanted in self.per_class.items()
            if wrong(wanted, sizes[c])
        )
        return {**sizes, **{c: int(wanted) for c, wanted in self.per_class.items()}}


def rounded(x: float) -> int:
    """The nearest whole number, halves up, at least 1.

    >>> rounded(2.5), rounded(0.1)
    (3, 1)
    """
    return max(1, math.floor(x + 0.5))
