"""Formats the source of a ruleset: each rule on its own line in canonical form, with its comments.

A comment stays above or behind its piece; a comment inside a rule moves above it. At most one blank line is kept between pieces.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tilth.rules.language.syntax import Composite, Rule, Ruleset
from tilth.rules.language.tokens import Token, tokenize

INDENT = "    "
ORDER = ("Rules", "Analyzers")  # the only sections that are read in another order, too
OPENINGS = tuple(f"{section} = [" for section in ORDER)
_COMMENT = re.compile(r"(?:#|//)([^\n]*)")
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")


@dataclass
class _Piece:
    """A piece of the source that gets its own line, with its place and its comments."""

    start: int
    end: int
    text: str
    section: str = ""
    indent: str = ""
    comma: str = ""
    above: list[tuple[int, str]] = field(default_factory=list)  # with their places
    inside: list[str] = field(default_factory=list)
    behind: str = ""


def laid_out(source: str, ruleset: Ruleset) -> str:
    """Format the source of a ruleset. `ruleset` is the result of parsing it without errors."""
    end = ruleset.span.end
    tokens = [token for token in tokenize(source)[0] if token.start < end]
    sections = list(_sections(tokens, ruleset))
    tail = _attach(source, end, tokens, [piece for section in sections for piece in section])
    sections.sort(key=lambda pieces: ORDER.index(pieces[0].section) if pieces[0].section in ORDER else -1)
    lines: list[str] = []
    for pieces in sections:
        for piece in pieces:
            _print(piece, source, lines)
    for start, comment in tail:
        _print(_Piece(start, start, comment), source, lines)
    if rest := source[end:].rstrip():  # ignored, and not ours to drop
        _print(_Piece(end, len(source), rest), source, lines)
    return "\n".join(lines) + "\n"


def _sections(tokens: Sequence[Token], ruleset: Ruleset) -> Iterator[list[_Piece]]:
    """The pieces of each section: one, or of a list of rules its opening, its items and its closing."""
    written = {
        "Metadata": Ruleset(version=ruleset.version),
        "DataSources": Ruleset(primary=ruleset.primary, sources=ruleset.sources),
        "DefaultLabels": Ruleset(default_labels=ruleset.default_labels),
    }
    items = {"Rules": ruleset.rules, "Analyzers": ruleset.analyzers}
    variables = iter(ruleset.variables)
    at = 0
    while at < len(tokens):
        name, last = tokens[at], _closing(tokens, at + 2)
        if name.kind in items:
            yield list(_list(tokens, at, last, items[name.kind]))
        else:
            yield [_Piece(name.start, tokens[last].span.end, str(written.get(name.kind) or next(variables)))]
        at = last + 1


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Where the value that begins at a token ends: at the bracket that closes it, or at once."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i].kind in _OPENING) - (tokens[i].kind in _CLOSING)
        if not depth:
            return i
    return len(tokens) - 1


def _list(tokens: Sequence[Token], at: int, last: int, items: Sequence[Rule | Composite]) -> Iterator[_Piece]:
    section = tokens[at].kind
    yield _Piece(tokens[at].start, tokens[at + 2].span.end, f"{section} = [", section)
    place = {token.start: i for i, token in enumerate(tokens)}
    starts = []
    for item in items:
        first = place[item.leaves[0].span.start]
        while tokens[first - 1].kind == "(":  # the place of a composite does not have those around it
            first -= 1
        starts.append(first)
    for item, (first, after) in zip(items, pairwise([*starts, last]), strict=True):
        end = tokens[after - 1 - (tokens[after - 1].kind == ",")].span.end
        yield _Piece(tokens[first].start, end, item.full, section, INDENT, "," if after != last else "")
    yield _Piece(tokens[last].start, tokens[last].span.end, "]", section)


def _attach(source: str, end: int, tokens: Sequence[Token], pieces: Sequence[_Piece]) -> list[tuple[int, str]]:
    """Assign each comment to its piece. The remaining comments come after the last piece."""
    left: list[tuple[int, str]] = []
    starts = [piece.start for piece in pieces]
    for start, text in _comments(source, end, tokens):
        following = bisect(starts, start)
        before = pieces[following - 1] if following else None
        if before and start < before.end:
            before.inside.append(text)
        elif before and "\n" not in source[before.end : start]:
            before.behind = text
        elif following < len(pieces):
            pieces[following].above.append((start, text))
        else:
            left.append((start, text))
    return left


def _comments(source: str, end: int, tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """The comments between the tokens, with their places. `//` becomes `#`, because Glue accepts only that."""
    bounds = [0, *(place for token in tokens for place in token.span), end]
    for start, stop in zip(bounds[::2], bounds[1::2], strict=True):
        for match in _COMMENT.finditer(source, start, stop):
            yield match.start(), f"#{match[1]}".rstrip()


def _print(piece: _Piece, source: str, lines: list[str]) -> None:
    indent = INDENT if piece.text == "]" else piece.indent
    for start, comment in piece.above:
        _space(source, start, lines)
        lines.append(indent + comment)
    if piece.text != "]":
        _space(source, piece.start, lines)
    lines += [indent + comment for comment in piece.inside]
    lines.append(f"{piece.indent}{piece.text}{piece.comma}" + (f"  {piece.behind}" if piece.behind else ""))


def _space(source: str, start: int, lines: list[str]) -> None:
    """A blank line where the source has some before a place, but not at the very top or below the opening of a list."""
    before = source[:start]
    if lines and not lines[-1].startswith(OPENINGS) and before.count("\n", len(before.rstrip())) > 1:
        lines.append("")
