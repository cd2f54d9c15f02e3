"""mask: some characters of a string are hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import lit
from tilth.engine.operations.masks import ANY, Mask, masked
from tilth.errors import ExpressionError, Mistake
from tilth.regex import Regex
from tilth.regex.tree import Chars
from tilth.steps.protect.action import Action, OfText, as_string

LONGEST = 1_000_000_000  # characters; engines take no longer positions


class Masking(Action):
    """Characters are replaced by one character, so that the length stays."""

    takes = ("keep_left", "keep_right", "character", "matching")
    in_texts = True

    def mistakes(self) -> Iterator[Mistake]:
        if len(self.step.character) != 1:
            yield Mistake(f"redact: `character` is {self.step.character!r}", accepted="one character", code="bad-value")
        for name in ("keep_left", "keep_right"):
            if not 0 <= (given := getattr(self.step, name)) <= LONGEST:
                accepted = f"a number of characters, up to {LONGEST:,}"
                yield Mistake(f"redact: `{name}` is {given}", accepted=accepted, code="bad-value")
        if self.step.matching:
            yield from self._unfit_pattern()

    def _unfit_pattern(self) -> Iterator[Mistake]:
        try:
            one = isinstance(Regex.parse(self.step.matching).tree, Chars)
        except ExpressionError as error:
            yield from error.mistakes
            return
        if not one:
            message = f"redact: `matching` is {self.step.matching!r}, which is not the pattern of one character"
            yield Mistake(message, accepted="such as [0-9] or [A-Za-z]", code="bad-value")

    @property
    def given(self) -> tuple[int, int, str, str]:
        """How many characters stay at the left and at the right, the replacement of a character, and the pattern of hidden characters."""
        by = self.step.character.translate({ord("\\"): r"\\", ord("$"): r"\$"})
        return self.step.keep_left, self.step.keep_right, by, self.step.matching or ANY

    def change(self, column: Column, **learned: Any) -> Tree:
        return Mask.of(as_string(column), *map(lit, self.given))

    def of_text(self, column: str, **learned: Any) -> OfText:
        left, right, by, pattern = self.given
        return Masked(left, right, Regex.parse(pattern).replacing(by).python)


@dataclass(frozen=True)
class Masked:
    """One text, masked."""

    left: int
    right: int
    replacing: tuple[str, str]

    def __call__(self, text: str) -> str:
        return masked(text, self.left, self.right, self.replacing)
