"""An entity: one kind of sensitive data, how it is written, and how surely it is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from tilth.entities.validators import Tier, Validator
from tilth.regex import Regex
from tilth.regex.chars import CharSet
from tilth.regex.tree import Chars, Choice, Group, Node, Repeat, Sequence, inner

_COMPACT = str.maketrans("", "", " .-/()·\u00a0")
_DIGIT, _LETTER = CharSet.between("0", "9"), CharSet.between("A", "Z") | CharSet.between("a", "z")


@dataclass(frozen=True)
class Entity:
    """A kind of sensitive data.

    `pattern` is a regular expression (`tilth.regex`), matched without regard to the case of letters; with `cased` as it is written.
    `check` is the validator of a match, which is given it in upper case without separators, unless `raw`. `country` is the ISO code of
    the country whose number it is, empty where it is of none. `kind` names a line of `words.WORDS`, whose context words and column names
    it has; `words` and `columns` are more of them. `tier` is that of a match that the check accepts; one that `needs_context` is of tier C
    where nothing around it speaks of it. `anchors` are strings of which every match has one, where it need not have a digit. One that is
    `on_request` is looked for only where it is named.
    """

    name: str
    pattern: str = ""
    country: str = ""
    kind: str = ""
    tier: str = "C"
    check: Validator | None = field(default=None, compare=False)
    raw: bool = False
    needs_context: bool = False
    words: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    cased: bool = False
    on_request: bool = False
    example: str = ""

    @cached_property
    def regex(self) -> Regex:
        """The pattern, parsed."""
        return Regex.parse(self.pattern if self.cased else f"(?i){self.pattern}")

    @cached_property
    def digits(self) -> int:
        """The least number of digits that a match has, which decides what is looked at."""
        return _least_digits(self.regex.tree)

    @cached_property
    def search(self) -> Callable[[str, int, int], re.Match[str] | None]:
        """Finds the next match of the pattern in a part of a string."""
        return self.regex.compile_python().search

    @cached_property
    def shape(self) -> re.Pattern[str]:
        """A pattern that is found in the shape of every text with a match, in which digits are 9 and letters A."""
        return Regex("", _relaxed(self.regex.tree)).compile_python()

    def tier_of(self, text: str) -> Tier:
        """The tier of a match; empty where the check refuses it, and where it has neither a digit nor an anchor."""
        if not (self.digits or self.anchors or any(c in "0123456789" for c in text)):
            return ""
        if self.check is None:
            return self.tier
        verdict = self.check(text if self.raw else text.translate(_COMPACT).upper())
        return verdict if isinstance(verdict, str) else self.tier if verdict else ""

    @property
    def validator(self) -> str:
        """The name of the check; `pattern` where there is none."""
        return "pattern" if self.check is None else self.check.__name__


def _least_digits(node: Node) -> int:
    match node:
        case Chars(among):
            return int(among == _DIGIT or (among | _DIGIT) == _DIGIT)
        case Repeat(body, least):
            return least * _least_digits(body)
        case Choice(options):
            return min(map(_least_digits, options))
        case _:
            return sum(map(_least_digits, inner(node)))


def _relaxed(node: Node) -> Node:
    """A pattern that matches the shape of every string that the pattern matches."""
    match node:
        case Chars(among):
            relaxed = among
            if among.overlaps(_DIGIT):
                relaxed = relaxed | CharSet.of("9")
            if among.overlaps(_LETTER):
                relaxed = relaxed | CharSet.of("A")
            return Chars(relaxed)
        case Repeat():
            return Repeat(_relaxed(node.body), node.least, node.most, node.greedy)
        case Choice(options):
            return Choice(tuple(map(_relaxed, options)))
        case Sequence(parts):
            return Sequence(tuple(map(_relaxed, parts)))
        case Group(body):
            return _relaxed(body)
        case _:
            return node
