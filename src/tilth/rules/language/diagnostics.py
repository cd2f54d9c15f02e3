"""The mistakes of a ruleset: their codes, the source they point into, and their collector."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import NamedTuple

from tilth.errors import Mistake, Place, did_you_mean

CODES = {
    "E-SYNTAX": "an unexpected word or sign",
    "E-EMPTY": "nothing to evaluate, or an empty dictionary",
    "E-RULETYPE": "no rule type or analyzer of this name, or not one for this section",
    "E-ARITY": "too few or too many parameters",
    "E-CONDITION": "a condition that is missing, surplus, or of a kind that the rule type does not accept",
    "E-WHERE": "a `where` that is empty, repeated, or on a rule type that has none",
    "E-THRESHOLD": "a `with threshold` that is repeated, not a number condition, or on a rule type that has none",
    "E-TAG": "a tag with a value or an operator that it does not take",
    "E-LABEL": "a label list that is empty or too long, or a label that is repeated, too long or without a key",
    "E-VARIABLE": "a variable that is unknown, defined twice, badly named, or of the wrong kind",
    "E-CUSTOMSQL-FORM": "a CustomSql with both a condition and a threshold",
    "E-NULL-OPERAND": "NULL where only a number has a meaning",
    "E-DATE": "a day, a clock time or a shift that does not exist",
    "E-WHERE-SUBQUERY": "a `where` with a sub-query or a window function",
    "W-PARENS": "`and` between rules without parentheses: Glue reads it as one parameter list",
    "W-MIXED": "AND and OR side by side without parentheses",
    "W-PRECEDENCE": "arithmetic that DQDL reads from left to right, against the usual precedence",
    "W-LABEL-LEAF": "labels that belong to the last operand only",
    "W-DATELIKE": "a string that looks like a date or a clock time: Glue reads it as one",
    "W-SPELLING": "another spelling of something that Glue knows",
    "W-ORDER": "clauses or sections in an order that Glue does not read",
    "W-COMMENT": "a comment that Glue does not read",
    "W-TRAILING": "text after the last section, which is ignored",
    "W-NOT-IN-GLUE": "something that Glue does not have or ignores",
    "W-REVERSED": "an empty range",
    "W-THRESHOLD": "a threshold that is always met or never",
    "W-FLOAT-EQ": "equality with a number that is computed in floating point",
    "W-ANCHOR": "a pattern anchored at one end only: the whole string must still match",
    "W-ALTERNATION": "a pattern with a bare `|`: Glue's executor reads it differently",
    "W-SQL-KEY": "a CustomSql that returns columns which may repeat",
    "W-UNUSED": "a variable, a tag or a key without effect",
    "W-ALIAS": "an alias that DataSources does not name",
    "W-UNJUDGED": "a rule that can only end as Error",
}
"""Every code with what it is raised for. `E-` is an error, `W-` a warning."""

MOST_ERRORS = 500
"""Reading stops after this many errors, so that hostile input costs no more."""

_MOST_SEARCHES, _MOST_KNOWN = 100, 100


MISREADINGS = ("W-PRECEDENCE", "W-REVERSED", "W-THRESHOLD", "W-ANCHOR")
"""Warnings of rules that may mean something else than was thought: verdicts of these rules show them."""


class Span(NamedTuple):
    """From one character to before another, counted from 0."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this to the end of the other."""
        return Span(self.start, other.end)


NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class RuleMistake(Mistake):
    """A mistake in a ruleset. `glue_message` is what AWS Glue says about the same thing, for those who search for it."""

    glue_message: str = ""

    def __str__(self) -> str:
        said = super().__str__()
        return f"{said}\n    Glue says: {self.glue_message}" if self.glue_message else said


class SourceText:
    """A ruleset's source, and the lines and columns in it.

    >>> str(SourceText("Rules = [\\n RowCount\\n]", "r.dqdl").place(Span(11, 19)))
    'r.dqdl:2:2'
    """

    def __init__(self, text: str, file: str | None = None) -> None:
        self.text, self.file = text, file
        lines = text.split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        self._lines = [line.rstrip("\r") for line in lines]  # once: a place shares its line with all others on it

    def place(self, span: Span) -> Place:
        """Line and column from 1, the line, and how much of that line the span covers."""
        at = bisect_right(self._starts, span.start, hi=len(self._lines)) - 1
        line, column = self._lines[at], span.start - self._starts[at]
        length = max(1, min(span.end, self._starts[at] + len(line)) - span.start)
        return Place(self.file, at + 1, column + 1, line, length)


class TooMany(Exception):
    """There are more errors than anyone would read."""


@dataclass
class Diagnostics:
    """Collects every mistake of one ruleset. In strict mode whatever Glue would not read is an error."""

    source: SourceText
    strict: bool = False
    mistakes: list[tuple[Span, RuleMistake]] = field(default_factory=list)
    errors: int = 0
    searches: int = 0

    def error(self, code: str, span: Span, message: str, *, accepted: str = "", hint: str = "", glue: str = "") -> None:
        """An error. `TooMany` is raised when there are enough of them."""
        self._add(code, "error", span, message, accepted, hint, glue)
        self.errors += 1
        if self.errors == MOST_ERRORS:
            self._add(code, "error", span, f"there are {MOST_ERRORS} errors: the rest of the ruleset was not checked", "", "", "")
        if self.errors >= MOST_ERRORS:
            raise TooMany

    def warn(self, code: str, span: Span, message: str, *, accepted: str = "", hint: str = "", glue: str = "") -> None:
        """A warning."""
        self._add(code, "warning", span, message, accepted, hint, glue)

    def extension(self, code: str, span: Span, message: str, *, strictly: str = "E-SYNTAX", hint: str = "", glue: str = "") -> None:
        """Something that Tilth reads and Glue does not: a warning, and in strict mode the error `strictly`."""
        note, code = (self.error, strictly) if self.strict else (self.warn, code)
        note(code, span, message, hint=hint, glue=glue)

    def near(self, word: str, known: Iterable[str]) -> str:
        """`did you mean 'x'?`, or nothing; looked for a few times only, and among the first words only, which bounds its cost."""
        self.searches += 1
        return did_you_mean(word, islice(known, _MOST_KNOWN)) if self.searches <= _MOST_SEARCHES else ""

    def sorted(self) -> tuple[RuleMistake, ...]:
        """All mistakes in the order of the source."""
        return tuple(mistake for _, mistake in sorted(self.mistakes, key=lambda one: one[0]))

    def _add(self, code: str, severity: str, span: Span, message: str, accepted: str, hint: str, glue: str) -> None:
        place = self.source.place(span)
        self.mistakes.append((span, RuleMistake(message, place, accepted, hint, code, severity, glue)))
