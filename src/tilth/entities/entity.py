"""An entity: one kind of sensitive data, its pattern, its check, and how sure a match is."""

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
_UNTOLD = _NOT_ASCII | CharSet.of("?", *"\t\n\r\f\v")  # characters that a shape does not distinguish


@dataclass(frozen=True)
class Entity:
    """A kind of sensitive data.

    `pattern` – a regular expression (`tilth.regex`), matched ignoring case, unless `cased`.
    `check` – the validator of a match. It is given the match in upper case without separators, unless `raw`.
    `fits` – whether the check can accept a match of this shape, given with 9 for each digit.
    `country` – the ISO code of the country that issues the number; empty if it is international.
    `kind` – an entry of `words.WORDS` with context words and column names; `words` and `columns` are further ones.
    `tier` – the tier of a match that the check accepts; with `needs_context` it is C without a context word or matching column name.
    `anchors` – for an entity without required digits: each match contains one of these strings, begins in the same word as it, and has at
    most `reach` characters before and behind its beginning.
    `anywhere` – there are neither required digits nor anchors: every text is searched.
    `on_request` – searched for only if it is named.
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
        """The least number of digits in a match; it decides which parts of texts are searched."""
        return _least_digits(self.regex.tree)

    @cached_property
    def search(self) -> Callable[[str, int, int], re.Match[str] | None]:
        """The function that finds the next match of the pattern in a part of a string."""
        return self.regex.compile_python().search

    @cached_property
    def match(self) -> Callable[[str, int, int], re.Match[str] | None]:
        """The function that matches the pattern at the start of a part of a string."""
        return self.regex.compile_python().match

    @cached_property
    def by_shape(self) -> bool:
        """Whether the pattern treats all digits alike and all letters alike, so that the shape of a text decides where it matches."""
        return _by_shape(self.regex.tree)

    @cached_property
    def ends_in_letters(self) -> bool:
        """Whether the last character of a match can be a letter."""
        return _ends_in_letter(self.regex.tree)

    @cached_property
    def context(self) -> Context:
        """The context words."""
        return context(self.kind, self.words)

    @cached_property
    def shape(self) -> re.Pattern[str]:
        """A pattern that is found in the shape of every text with a match: digits are 9, letters A, characters outside of ASCII `?`."""
        return Regex("", relaxed(self.regex.tree)).compile_python()

    @cached_property
    def tier_of(self) -> Callable[[str], Tier]:
        """The function that gives the tier of a match: empty if the check rejects it, or if it has neither a digit nor an anchor."""
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
        """The name of the check; `pattern` if there is none."""
        return "pattern" if self.check is None else self.check.__name__


def compact(text: str) -> str:
    """A number without separators.

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
    """Relax a pattern so that it matches the shapes of all strings that it matches."""
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
