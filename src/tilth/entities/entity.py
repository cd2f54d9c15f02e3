"""An entity: one kind of sensitive data, how it is written, and how surely it is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from tilth.entities.validators import Tier, Validator
from tilth.entities.words import Context, context
from tilth.regex import Regex
from tilth.regex.chars import LAST, CharSet
from tilth.regex.tree import Chars, Choice, Group, Node, Repeat, Sequence, inner, may_be_empty

_MARKS = " .-/()"
_COMPACT = str.maketrans("", "", _MARKS + "·\u00a0")
_DIGIT, _LETTER = CharSet.between("0", "9"), CharSet.between("A", "Z") | CharSet.between("a", "z")
_NOT_ASCII = CharSet.between("\x80", chr(LAST))
_UNTOLD = _NOT_ASCII | CharSet.of("?", *"\t\n\r\f\v")  # characters that a shape does not tell apart


@dataclass(frozen=True)
class Entity:
    """A kind of sensitive data.

    `pattern` is a regular expression (`tilth.regex`), matched without regard to the case of letters; with `cased` as it is written.
    `check` is the validator of a match, which is given it in upper case without separators, unless `raw`. `fits` says of a match in which
    all digits are 9 whether the check can accept one that is written so. `country` is the ISO code of
    the country whose number it is, empty where it is of none. `kind` names a line of `words.WORDS`, whose context words and column names
    it has; `words` and `columns` are more of them. `tier` is that of a match that the check accepts; one that `needs_context` is of tier C
    where nothing around it speaks of it. `anchors` are strings of which every match has one, where it need not have a digit: with no blank
    before it, and `reach` characters before and behind it at most. One that can be `anywhere` has neither, and every text is looked at.
    One that is `on_request` is looked for only where it is named.
    """

    name: str
    pattern: str = ""
    country: str = ""
    kind: str = ""
    tier: str = "C"
    check: Validator | None = field(default=None, compare=False)
    raw: bool = False
    fits: Callable[[str], bool] | None = field(default=None, compare=False)
    needs_context: bool = False
    words: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    reach: int = 320
    anywhere: bool = False
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
    def match(self) -> Callable[[str, int, int], re.Match[str] | None]:
        """The match of the pattern at the start of a part of a string."""
        return self.regex.compile_python().match

    @cached_property
    def by_shape(self) -> bool:
        """Whether the pattern tells no digit from another, and no letter, so that a shape says where it matches."""
        return _by_shape(self.regex.tree)

    @cached_property
    def ends_in_letters(self) -> bool:
        """Whether the last character of a match can be a letter."""
        return _ends_in_letter(self.regex.tree)

    @cached_property
    def context(self) -> Context:
        """The words that speak of it."""
        return context(self.kind, self.words)

    @cached_property
    def shape(self) -> re.Pattern[str]:
        """A pattern that is found in the shape of every text with a match: digits are 9, letters A, and what is not in ASCII is ?."""
        return Regex("", relaxed(self.regex.tree)).compile_python()

    @cached_property
    def tier_of(self) -> Callable[[str], Tier]:
        """Gives the tier of a match; empty where the check refuses it, and where it has neither a digit nor an anchor."""
        tier, check = self.tier, self.check or (lambda s: True)

        def judged(text: str) -> Tier:
            verdict = check(text)
            return tier if verdict is True else verdict or ""

        def judged_compact(text: str) -> Tier:
            verdict = check(compact(text).upper())
            return tier if verdict is True else verdict or ""

        def judged_with_digit(text: str) -> Tier:
            return given(text) if any(c in "0123456789" for c in text) else ""

        given = judged if self.raw or self.check is None else judged_compact
        return given if self.digits or self.anchors or self.anywhere else judged_with_digit

    @cached_property
    def validator(self) -> str:
        """The name of the check; `pattern` where there is none."""
        return "pattern" if self.check is None else self.check.__name__


def compact(text: str) -> str:
    """A number without what separates its parts.

    >>> compact("(415) 555-2671"), compact("12·34")
    ('4155552671', '1234')
    """
    if text.isalnum():
        return text
    return text.encode().translate(None, _MARKS.encode()).decode() if text.isascii() else text.translate(_COMPACT)


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


def _by_shape(node: Node) -> bool:
    if isinstance(node, Chars):
        among = node.among
        return not among.overlaps(_UNTOLD) and all(among | alike == among or not among.overlaps(alike) for alike in (_DIGIT, _LETTER))
    return all(map(_by_shape, inner(node)))


def _ends_in_letter(node: Node) -> bool:
    match node:
        case Chars(among):
            return among.overlaps(_LETTER)
        case Sequence(parts):
            last = next((i for i in reversed(range(len(parts))) if not may_be_empty(parts[i])), 0)
            return any(map(_ends_in_letter, parts[last:]))
        case _:
            return any(map(_ends_in_letter, inner(node)))


def relaxed(node: Node) -> Node:
    """A pattern that matches the shape of every string that the pattern matches."""
    match node:
        case Chars(among):
            wider = among
            if among.overlaps(_DIGIT):
                wider |= CharSet.of("9")
            if among.overlaps(_LETTER):
                wider |= CharSet.of("A")
            if among.overlaps(_NOT_ASCII):
                wider |= CharSet.of("?")
            return Chars(wider)
        case Repeat():
            return Repeat(relaxed(node.body), node.least, node.most, node.greedy)
        case Choice(options):
            return Choice(tuple(map(relaxed, options)))
        case Sequence(parts):
            return Sequence(tuple(map(relaxed, parts)))
        case Group(body):
            return relaxed(body)
        case _:
            return node
