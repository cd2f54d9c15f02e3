r"""Renders a tree as a pattern for each engine, using only constructs that all three read alike: no flags, no `\d`, no `.`, no `$`.

| in the tree | RE2 (DuckDB) | Java (Spark) | Python |
|---|---|---|---|
| a set of characters | `[0-9A-Z_a-z]`, `[^\n]` | the same | the same |
| a code point that is not printable | `\x01`, `\x{2028}` | the same | `\x01`, `\U00002028` |
| the end of the string | `\z` | `\z` | `\Z` |
| a word boundary | `\b` | lookarounds for ASCII letters | `(?a:\b)` |
| a repeated group that the next character decides | `(?:…)*` | `(?:…)*+` | `(?:…)*` |

The last line keeps Java from recursing once per iteration: its matcher otherwise overflows a stack of 1 MiB on strings of a few thousand
characters, which ends the whole Spark application. Where the next character decides, backtracking never helps, so a possessive repeat
matches the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from tilth.regex import tree
from tilth.regex.chars import ANY, LAST, NOTHING, CharSet, Range
from tilth.regex.tree import Chars, Choice, Edge, Group, Node, Repeat, Sequence

SPECIAL = frozenset(r"\.^$|?*+()[]{}")
SPECIAL_IN_CLASS = frozenset(r"\^-[]&~|")  # the last three: Python warns about future set syntax, Java intersects sets by &&
NAMED = {"\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}
JAVA_WORD = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"


@dataclass(frozen=True)
class Dialect:
    """The spelling of one engine for constructs that the engines spell differently. `possessive`: whether it has possessive repeats."""

    code: str
    end: str
    word: str
    possessive: bool = False


DUCKDB = Dialect(code="\\x{{{:x}}}", end=r"\z", word=r"\b")
SPARK = Dialect(code="\\x{{{:x}}}", end=r"\z", word=JAVA_WORD, possessive=True)
PYTHON = Dialect(code="\\U{:08x}", end=r"\Z", word=r"(?a:\b)")


def render(node: Node, dialect: Dialect, after: CharSet = NOTHING) -> str:
    """The pattern in a dialect; `after` are the characters that may follow the node.

    >>> render(Repeat(Chars(CharSet.between("0", "9")), 2, None, greedy=False), DUCKDB)
    '[0-9]{2,}?'
    """
    match node:
        case Chars(among):
            return _chars(among, dialect)
        case Edge():
            return {Edge.START: r"\A", Edge.END: dialect.end, Edge.WORD: dialect.word}[node]
        case Group(body):
            return f"({render(body, dialect, after)})"
        case Choice(options):
            return "|".join(render(option, dialect, after) for option in options)
        case Sequence(parts):
            texts = map(render, parts, [dialect] * len(parts), tree.followers(parts, after)[1:])
            return "".join(f"(?:{text})" if isinstance(part, Choice) else text for part, text in zip(parts, texts, strict=True))
        case Repeat():
            return _repeat(node, dialect, after)


def _repeat(repeat: Repeat, dialect: Dialect, after: CharSet) -> str:
    body = render(repeat.body, dialect, tree.inside(repeat, after))
    if not isinstance(repeat.body, Chars):
        body = f"(?:{body})"
    possessive = dialect.possessive and tree.is_decided_group(repeat, after)
    return body + _counts(repeat) + ("?" if not repeat.greedy else "+" if possessive else "")


def _counts(repeat: Repeat) -> str:
    match repeat.least, repeat.most:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case least, None:
            return f"{{{least},}}"
        case least, most:
            return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _chars(among: CharSet, dialect: Dialect) -> str:
    if among.only is not None:
        return _character(among.only, dialect, SPECIAL)
    negated = among != ANY and among.ranges[-1][1] == LAST
    ranges = (~among if negated else among).ranges
    return f"[{'^' if negated else ''}{''.join(_range(pair, dialect) for pair in ranges)}]"


def _range(pair: Range, dialect: Dialect) -> str:
    low, high = (_character(end, dialect, SPECIAL_IN_CLASS) for end in pair)
    if pair[0] == pair[1]:
        return low
    return low + high if pair[0] + 1 == pair[1] else f"{low}-{high}"


def _character(point: int, dialect: Dialect, special: frozenset[str]) -> str:
    character = chr(point)
    if character in NAMED:
        return NAMED[character]
    if character in special:
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\x{point:02x}" if point <= 0xFF else dialect.code.format(point)
