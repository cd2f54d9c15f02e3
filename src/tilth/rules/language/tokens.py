"""From characters to tokens: the lexical rules of DQDL."""

from __future__ import annotations

import re
from typing import NamedTuple

from tilth.rules.language.diagnostics import Span

SECTIONS = ("Metadata", "DataSources", "DefaultLabels", "Rules", "Analyzers")
TIME_UNITS = ("days", "hours", "minutes")
SIZE_UNITS = ("B", "KB", "MB", "GB", "TB")
FIXED = {word: word for word in (*SECTIONS, "where", "with", "labels", "between", "in", "not", "matches", *TIME_UNITS, *SIZE_UNITS)} | {
    spelled: word for word in ("and", "or", "of", "null", "empty", "whitespaces_only") for spelled in (word, word.upper())
}
"""Every fixed word with its kind. A word in another case, such as `Between`, is an identifier."""

END, BROKEN, NAME, TEXT, DATE, CLOCK, INT, DECIMAL, NOW = "end", "broken", "name", "text", "date", "clock", "int", "decimal", "now()"

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\n]+)
    | (?P<text>"(?:[^"\\]++|\\.)*+")
    | (?P<now>now\(\))
    | (?P<name>[A-Za-z0-9_.]+)
    | (?P<comment>\#[^\n]*\n?)
    | (?P<slashes>//[^\n]*)
    | (?P<sign>>=|<=|[:,{}\[\]()=><!$+\-*/])
    | (?P<odd>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_INT = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_DATE = re.compile(r'"[0-9]{4}-[0-9]{2}-[0-9]{2}"')
_CLOCK = re.compile(r'"(?:[0-9]{1,2}:[0-9]{2} [AP]M|[0-9]{2}:[0-9]{2})"')


class Token(NamedTuple):
    """A token: its kind (the word or sign itself, or one of the kinds above), its characters, and its place."""

    kind: str
    text: str
    start: int

    @property
    def span(self) -> Span:
        """From its first character to after its last."""
        return Span(self.start, self.start + len(self.text))


class Oddity(NamedTuple):
    """Characters that are not a token: `return`, `mark` (byte order), `slashes`, `comment` (not closed), `quote`, `character`."""

    kind: str
    span: Span
    text: str


def tokenize(text: str) -> tuple[list[Token], list[Oddity]]:
    """The tokens of a ruleset, the last of kind `end`, and the stray characters between them.

    >>> [token.kind for token in tokenize('RowCount > 1.5 # rows')[0]]
    ['name', '>', 'decimal', 'end']
    """
    tokens: list[Token] = []
    odd: list[Oddity] = []
    at = unclosed = 0
    while unclosed < 2 and (match := _TOKEN.match(text, at)):  # more often would cost the square of the length
        group, found, at = match.lastgroup, match.group(), match.end()
        match group:
            case "text":
                tokens.append(Token(_kind_of_text(found), found, match.start()))
            case "name":
                tokens.append(Token(_kind_of_name(found), found, match.start()))
            case "now" | "sign":
                tokens.append(Token(found, found, match.start()))
            case "comment" if not found.endswith("\n"):
                odd.append(Oddity("comment", Span(match.start(), at), found))
            case "slashes":
                odd.append(Oddity(group, Span(match.start(), at), found))
            case "odd" if found == '"':
                unclosed += 1
                at = _unclosed(text, match.start(), tokens, odd)
            case "odd":
                _note(found, match.start(), odd)
    tokens.append(Token(END, "", len(text)))
    return tokens, odd


def _kind_of_text(found: str) -> str:
    if _DATE.fullmatch(found):
        return DATE
    return CLOCK if _CLOCK.fullmatch(found) else TEXT


def _kind_of_name(found: str) -> str:
    if found in FIXED:
        return FIXED[found]
    if _INT.fullmatch(found):
        return INT
    return DECIMAL if _DECIMAL.fullmatch(found) else NAME


def _note(found: str, at: int, odd: list[Oddity]) -> None:
    """Keeps a character that is not part of a token. Neighbours count once: `odd` then holds the first few of them."""
    kind = "return" if found in "\r\f" else "mark" if found == "\ufeff" and at == 0 else "character"
    if odd and odd[-1].kind == kind == "character" and odd[-1].span.end == at:
        last = odd.pop()
        odd.append(Oddity(kind, Span(last.span.start, at + 1), (last.text + found)[:20]))
    else:
        odd.append(Oddity(kind, Span(at, at + 1), found))


def _unclosed(text: str, at: int, tokens: list[Token], odd: list[Oddity]) -> int:
    """Where to continue when the last quote is not closed; a token of kind `broken` takes its place.

    A missing quote swaps strings and the rest in all that follows. The first string that runs over a line end is taken for the broken
    one: it ends with its line, and everything after it is read again.
    """
    broken = next((token for token in tokens if token.kind == TEXT and "\n" in token.text), None)
    start = broken.start if broken else at
    while tokens and tokens[-1].start >= start:
        tokens.pop()
    while odd and odd[-1].span.start >= start:
        odd.pop()
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    tokens.append(Token(BROKEN, text[start:end], start))
    odd.append(Oddity("quote", Span(start, end), text[start:end]))
    return end
