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
    | (?P<date>"[0-9]{4}-[0-9]{2}-[0-9]{2}")
    | (?P<clock>"(?:[0-9]{1,2}:[0-9]{2}\ [AP]M|[0-9]{2}:[0-9]{2})")
    | (?P<text>"(?:[^"\\]++|\\.)*+")
    | (?P<now>now[ \t\n]*\([ \t\n]*\))
    | (?P<int>[0-9]++(?![A-Za-z0-9_.]))
    | (?P<decimal>[0-9]++\.[0-9]++(?![A-Za-z0-9_.]))
    | (?P<name>[A-Za-z0-9_.]+)
    | (?P<comment>\#[^\n]*\n?)
    | (?P<slashes>//[^\n]*)
    | (?P<sign>>=|<=|[:,{}\[\]()=><!$+\-*/])
    | (?P<return>[\r\f])
    | (?P<quote>")
    | (?P<single>'[^'"\n]*+')
    | (?P<character>[^ \t\n\r\f"A-Za-z0-9_.\#:,{}\[\]()=><!$+\-*/]+)
    """,
    re.VERBOSE | re.DOTALL,
)


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
    """Characters that are not a token: `return`, `mark` (byte order), `slashes`, `comment` (not closed), `quote`, `single`, `character`."""

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
        kind, word, start, at = match.lastgroup or "", match.group(), match.start(), match.end()
        match kind:
            case "date" | "clock" | "text" | "int" | "decimal":
                tokens.append(Token(kind, word, start))
            case "name":
                tokens.append(Token(FIXED.get(word, NAME), word, start))
            case "now":
                tokens.append(Token(NOW, word, start))
            case "sign":
                tokens.append(Token(word, word, start))
            case "quote":
                unclosed += 1
                at = _unclosed(text, start, tokens, odd)
            case "comment" if word.endswith("\n"):
                pass
            case "single":  # read as the intended character, so that one mistake gives one message
                tokens.append(Token(TEXT, f'"{word[1:-1]}"', start))
                odd.append(Oddity(kind, Span(start, at), word))
            case "slashes" | "comment" | "return" | "character":
                mark = word == "\ufeff" and start == 0
                odd.append(Oddity("mark" if mark else kind, Span(start, at), word))
    tokens.append(Token(END, "", len(text)))
    return tokens, odd


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
