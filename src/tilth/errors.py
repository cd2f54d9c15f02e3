"""Every error Tilth raises, split by who can fix it, and the shape of a message.

    TilthError
    ├── RequestError (ValueError)      the request is wrong                          exit code 2
    │   ├── FlowError                  the flow file
    │   ├── RulesError                 the ruleset (DQDL)
    │   ├── ExpressionError            a formula, a `where`, a CustomSql
    │   ├── ColumnError (KeyError)     an unknown column, or one of the wrong kind
    │   ├── SourceError                a file or table that cannot be read as asked
    │   ├── ArtefactError              a fitted flow that cannot be opened
    │   └── MissingExtra (ImportError) an optional part that is not installed
    ├── DataFailure                    the data failed its rules (only on request)   exit code 1
    ├── MachineError (RuntimeError)    disk, memory, network, engine                 exit code 3
    └── Gap (NotImplementedError)      a thing that one engine or this version cannot do   exit code 2

An error carries one or more `Mistake`s: all mistakes of a request are collected and raised at once.
"""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

_WIDTH, _BEFORE = 160, 60  # shown characters of a line, and how many of them are before the mistake


@dataclass(frozen=True)
class Place:
    """Where a mistake is: a file (or `<text>`), a line and a column, both counted from 1, and that line's text."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    text: str | None = None
    length: int = 1

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def underlined(self) -> str:
        """The line with the mistake underlined, or an empty string if the text is unknown. A long line is cut around the mistake."""
        if self.text is None or self.column is None:
            return ""
        start = max(0, self.column - 1 - _BEFORE) if len(self.text) > _WIDTH else 0
        shown = ("…" if start else "") + self.text[start : start + _WIDTH] + ("…" if len(self.text) > start + _WIDTH else "")
        indent = self.column - 1 - start + (start > 0)
        return f"{shown}\n{' ' * indent}{'^' * max(1, min(self.length, len(shown) - indent))}"


@dataclass(frozen=True)
class Mistake:
    """One mistake: what was asked and found, where, what would be accepted, and what to do next.

    `code` is a stable short name (`unknown-column`, `E-ARITY`) for tools; `severity` is `error` or `warning`.
    """

    message: str
    place: Place | None = None
    accepted: str = ""
    hint: str = ""
    code: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        head = f"{self.place}: " if self.place and str(self.place) else ""
        code = f" [{self.code}]" if self.code else ""
        lines = [f"{head}{self.message}{code}"]
        if self.place and self.place.underlined():
            lines += [f"    {line}" for line in self.place.underlined().splitlines()]
        if self.accepted:
            lines.append(f"    accepted: {self.accepted}")
        if self.hint:
            lines.append(f"    {self.hint}")
        return "\n".join(lines)

    def at(self, place: Place) -> Mistake:
        """The same mistake at `place`."""
        return replace(self, place=place)


class TilthError(Exception):
    """The base class. `mistakes` holds all mistakes; `str()` prints them.

    >>> print(RequestError("no such engine: 'dukdb'", hint=did_you_mean("dukdb", ["duckdb", "spark"])))
    no such engine: 'dukdb'
        did you mean 'duckdb'?
    """

    exit_code = 3

    def __init__(self, *mistakes: str | Mistake, place: Place | None = None, accepted: str = "", hint: str = "", code: str = "") -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(
            m if isinstance(m, Mistake) else Mistake(m, place, accepted, hint, code) for m in mistakes
        )
        super().__init__("\n".join(str(m) for m in self.mistakes))

    @classmethod
    def reject(cls, mistakes: Iterable[str | Mistake]) -> None:
        """Raise one error with all the mistakes, if there are any."""
        if found := list(mistakes):
            raise cls(*found)

    def __str__(self) -> str:  # KeyError among the parents would print the repr
        return "\n".join(str(m) for m in self.mistakes)


def all_of(*parts: Callable[[], Any]) -> list[Any]:
    """Call each part, and return the results. Errors: a single error with the mistakes of all parts, of the class of the last one.

    >>> all_of(lambda: 1, lambda: "a")
    [1, 'a']
    """
    found, wrong, kind = list[Any](), list[Mistake](), RequestError
    for part in parts:
        try:
            found.append(part())
        except RequestError as error:
            wrong, kind = [*wrong, *error.mistakes], type(error)
    kind.reject(wrong)
    return found


@contextmanager
def located(place: Place | None, code: str = "") -> Iterator[None]:
    """Add a place in a file to errors of the block that have none; with `code`, only to mistakes with that code."""
    try:
        yield
    except TilthError as error:
        if place is None or any(m.place for m in error.mistakes):
            raise
        raise type(error)(*(m if code and m.code != code else m.at(place) for m in error.mistakes)) from error


class RequestError(TilthError, ValueError):
    """The request is wrong: correct it and try again."""

    exit_code = 2


class FlowError(RequestError):
    """The flow file is wrong."""


class RulesError(RequestError):
    """The ruleset is wrong."""


class ExpressionError(RequestError):
    """A formula, a `where` or a CustomSql is wrong, or uses SQL that is not accepted."""


class ColumnError(RequestError, KeyError):
    """A column is unknown, or of the wrong kind."""

    @classmethod
    def unknown(cls, name: str, known: Iterable[str], asked_by: str = "") -> ColumnError:
        """The error for an unknown name, with the nearest names."""
        by = f"{asked_by}: " if asked_by else ""
        return cls(*(replace(m, message=by + m.message) for m in unknown([name], known, "there is no column {}", "unknown-column")))


class SourceError(RequestError):
    """A file or table cannot be read as asked."""


class ArtefactError(RequestError):
    """A fitted flow (`NAME.tilth`) cannot be opened."""


class MissingExtra(RequestError, ImportError):
    """A requested optional part is not installed."""

    @classmethod
    def named(cls, extra: str, needed_for: str) -> MissingExtra:
        """The error that says what to install."""
        return cls(
            f"{needed_for} needs an optional package that is not installed", hint=f'pip install "tilth[{extra}]"', code="missing-extra"
        )


@contextmanager
def extra(name: str, needed_for: str) -> Iterator[None]:
    """Import packages of an optional part of Tilth in the block. Errors: `MissingExtra` if one is not installed."""
    try:
        yield
    except ImportError as error:
        raise MissingExtra.named(name, needed_for) from error


class DataFailure(TilthError):
    """The data failed its rules. Raised only by `Report.raise_for_failures()`: a failed rule is a result."""

    exit_code = 1


DISK_FULL = "disk-full"  # the code of mistakes about a full disk
MEMORY = "memory"  # the code if a query exceeds its memory limit
TIME_LIMIT = "time-limit"  # the code if a query takes too long
REFUSED = "query-refused"  # the code if an engine rejects a query but keeps working


class MachineError(TilthError, RuntimeError):
    """The machine failed: disk, memory, network or engine."""

    exit_code = 3


class NotAllowed(TilthError):
    """Something that runs only if the user allows it."""

    exit_code = 2


class Gap(TilthError, NotImplementedError):
    """Something that this engine, or this version of Tilth, cannot do. The message names what can."""

    exit_code = 2


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest known word, or nothing.

    >>> did_you_mean("medain", ["mean", "median", "mode"])
    "did you mean 'median'?"
    """
    folded = {k.casefold(): k for k in known}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[near[0]]!r}?" if near else ""


def unknown(names: Iterable[str], known: Iterable[str], message: str, code: str) -> list[Mistake]:
    """A mistake for each unknown name, with the nearest known one; `{}` in the message is the name.

    >>> unknown(["medain"], ["mean", "median"], "there is no method {}", "unknown-method")[0].message
    "there is no method 'medain'"
    """
    known = list(known)
    return [
        Mistake(message.replace("{}", repr(n)), accepted=listed(known), hint=did_you_mean(n, known), code=code)
        for n in names
        if n not in known
    ]


def joined(words: Iterable[str], last: str = "and") -> str:
    """Join words by commas, with `last` before the last one.

    >>> joined(["a", "b", "c"]), joined(["a", "b"], "or"), joined([])
    ('a, b and c', 'a or b', '')
    """
    *others, end = list(words) or [""]
    return f"{', '.join(others)} {last} {end}" if others else end


def listed(words: Iterable[str], most: int = 12) -> str:
    """Join words by commas, cut after `most`.

    >>> listed(["a", "b", "c"], most=2)
    'a, b … (3 in all)'
    """
    words = list(words)
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} … ({len(words)} in all)"


def first_line(said: object) -> str:
    """The first line of what another program says, such as a driver's exception: blanks run together, at most 300 characters.

    An exception without a message is named by its type.

    >>> first_line(ValueError("no such  table\\nSELECT 1")), first_line(StopIteration())
    ('no such table', 'StopIteration')
    """
    words = str(said).strip() or (type(said).__name__ if isinstance(said, BaseException) else "")
    return " ".join(words.split("\n")[0].split())[:300]


def warn(message: str) -> None:
    """Warn the caller of Tilth; the warning names the line of the caller, not a line inside Tilth."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("tilth", "contextlib"):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
