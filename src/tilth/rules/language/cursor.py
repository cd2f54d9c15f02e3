"""The reader's position in the tokens, errors for an unexpected one, and recovery after an error.

What cannot be read is noted and raises a `Fault`; the reader of the list continues after the next comma, so
that one mistake does not hide another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from tilth.rules.language.diagnostics import Diagnostics, Span
from tilth.rules.language.syntax import Text
from tilth.rules.language.tokens import BROKEN, CLOCK, DATE, END, FIXED, NAME, SECTIONS, TEXT, Token
from tilth.rules.types import RULE_TYPES

MOST_NESTED = 64
"""How deep parentheses may be nested, within Python's recursion limit."""

T = TypeVar("T")


class Fault(Exception):
    """Nothing more of this item can be read; the mistake was noted already."""


class Cursor:
    """Reads one ruleset. `here` is the token to be read next."""

    def __init__(self, tokens: list[Token], report: Diagnostics) -> None:
        self.tokens, self.report = tokens, report
        self.at = self.depth = 0

    # Tokens

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != END
        return token

    def take_if(self, kind: str) -> Token | None:
        return self.take() if self.here.kind == kind else None

    def expect(self, kind: str, accepted: str = "", hint: str = "") -> Token:
        if self.here.kind != kind:
            raise self.unexpected(accepted or kind, hint)
        return self.take()

    def since(self, start: Token) -> Span:
        """From a token to the last one that was read."""
        return start.span.to(self.tokens[max(self.at - 1, 0)].span)

    def separated(self, one: Callable[[], T], close: str) -> list[T]:
        """One or more things with commas between, and the bracket that closes them."""
        members = [one()]
        while self.take_if(","):
            if self.here.kind == close:
                self.trailing_comma()
                break
            members.append(one())
        self.expect(close, f", or {close}")
        return members

    def trailing_comma(self) -> None:
        self.report.extension("W-NOT-IN-GLUE", self.tokens[self.at - 1].span, "a comma before the closing bracket: Glue does not read it")

    # Faults and recovery

    def fault(self, code: str, span: Span, message: str, *, accepted: str = "", hint: str = "") -> Fault:
        self.report.error(code, span, message, accepted=accepted, hint=hint)
        return Fault()

    def unexpected(self, accepted: str, hint: str = "") -> Fault:
        """The token is not expected here; or the word before it was not meant as the name that it was read as."""
        token, before = self.here, self.tokens[self.at - 1]
        if token.kind == BROKEN:
            return Fault()
        if before.kind == "not" and self.at > 1 and self.tokens[self.at - 2].text.casefold() == "is":
            hint = SQL_WORDS["is"]
        if before.kind == NAME and (meant := miswritten(before.text)):
            return self.fault("E-SYNTAX", before.span, f"'{shown(before.text)}' is not expected here", hint=meant)
        message = "the ruleset ends too early" if token.kind == END else f"'{shown(token.text)}' is not expected here"
        if token.kind == NAME:
            hint = miswritten(token.text) or slip_of(token.text) or hint or self.report.near(token.text, FIXED)
        return self.fault("E-SYNTAX", token.span, message, accepted=accepted, hint=hint)

    def resync(self, start: int) -> None:
        """Moves to where the next item of the list can begin: past a broken string, or to a comma, `]`, a section or the end."""
        fault, self.at = self.at, start
        opened: list[str] = []
        while (token := self.here).kind != END:
            if self.at >= fault and self.item_ends(opened):
                return
            if token.kind in ("(", "["):
                opened.append(token.kind)
            elif token.kind == ")" and opened[-1:] == ["("]:
                opened.pop()
            elif token.kind == "]" and "[" in opened:
                while opened.pop() != "[":
                    pass
            self.take()

    def item_ends(self, opened: list[str]) -> bool:
        """Whether a faulty item ends here. After a missing bracket, the name of a rule type marks the next one."""
        kind = self.here.kind
        if kind == ",":
            return not opened or self.item_follows()
        return kind == BROKEN or (kind == "]" and "[" not in opened) or self.section_starts()

    def item_follows(self) -> bool:
        """Whether a rule type follows the comma here, in parentheses or not: no list of values has one."""
        ahead = 1
        while self.peek(ahead).kind == "(":
            ahead += 1
        return self.peek(ahead).text in RULE_TYPES

    def section_starts(self) -> bool:
        return self.here.kind in SECTIONS and self.peek().kind == "="

    # Strings and parentheses

    def nest(self, opening: Token) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise self.fault("E-SYNTAX", opening.span, f"parentheses are nested deeper than {MOST_NESTED}")

    def quoted(self, accepted: str = "a quoted string", hint: str = "") -> Text:
        """A quoted string. One that looks like a date is a date to Glue, and so not a string."""
        token = self.here
        if token.kind in (DATE, CLOCK):
            self.datelike(token.span)
        elif token.kind != TEXT:
            raise self.unexpected(accepted, hint or (f'strings are written in quotes: "{shown(token.text)}"' if token.kind == NAME else ""))
        self.take()
        return Text(token.text[1:-1], span=token.span)

    def datelike(self, span: Span) -> None:
        self.report.extension("W-DATELIKE", span, "Glue reads this string as a date or a clock time, which is not expected here")


def shown(text: str) -> str:
    """A word or string as messages show it: on one line, and shortened.

    >>> shown("x" * 50)
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'
    """
    line = " ".join(text[:41].split())
    return line if len(text) <= 40 else f"{line[:40]}…"


SQL_WORDS = {"is": "write = NULL or != NULL", "like": 'write matches and a regular expression: matches "A.*"'}


def miswritten(word: str) -> str:
    """What to write instead of a word that is not a name: a fixed word in another case, or one of SQL.

    >>> miswritten("Between"), miswritten("is"), miswritten("days")
    ("did you mean 'between'?", 'write = NULL or != NULL', '')
    """
    if word.casefold() in SQL_WORDS:
        return SQL_WORDS[word.casefold()]
    exact = next((fixed for fixed in FIXED if fixed.casefold() == word.casefold()), word)
    return "" if exact == word else f"did you mean {exact!r}?"


def slip_of(word: str) -> str:
    """The mistake in a word that is meant as a number or a unit of time, or an empty string.

    >>> slip_of(".5"), slip_of("weeks")
    ('numbers have digits on both sides of the point: 0.5', 'time is counted in days, hours and minutes')
    """
    if re.fullmatch(r"\.[0-9]+|[0-9]+\.", word):
        whole, _, part = word.partition(".")
        return f"numbers have digits on both sides of the point: {whole or 0}.{part or 0}"
    if re.fullmatch(r"[0-9.]+[eE][0-9]*", word):
        return "numbers have no exponent"
    times = ("week", "weeks", "month", "months", "second", "seconds", "year", "years")
    return "time is counted in days, hours and minutes" if word in times else ""
