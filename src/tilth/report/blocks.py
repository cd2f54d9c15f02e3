"""What a page is made of: the report laid out in sections, before anyone decides how they look.

`tilth.report.page` makes a `Page` of a report; the HTML page, the text on a terminal and the Markdown summary each show one. Words are
plain text. Where a piece of it is a name or a value from the data, it stands between the marks of `code`; a renderer takes them apart with
`pieces`, which also cleans them, sets code in its own way, and escapes all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tilth.report.charts import clean, number

Tone: TypeAlias = Literal["", "good", "bad", "unknown"]
"""What a thing means to the reader. Never shown by colour alone: a symbol or a word says it too."""

_BEGIN, _END = "\x0e", "\x0f"
_ENDLESS = re.compile(r"\S{81,}")  # no word of any language; a name that slipped into a message
_CODE = re.compile(f"{_BEGIN}(.*?){_END}")


def code(text: object, most: int = 120) -> str:
    """A name or a value from the data, to stand inside words; blanks around it are shown by quotes, and it is cut if it is very long.

    >>> [piece for piece in pieces(f"Look at {code('income')} first.")]
    [('Look at ', False), ('income', True), (' first.', False)]
    """
    words = clean(text)
    padded = f'"{words}"' if words != words.strip() else words
    return f"{_BEGIN}{cut(padded, most) if words.strip() else '(blank)'}{_END}"


def pieces(words: str) -> Iterator[tuple[str, bool]]:
    """The words in pieces, each with whether it is code, without anything that a page or a terminal would obey."""
    for k, piece in enumerate(_CODE.split(words)):
        if piece:
            is_code = k % 2 == 1
            yield clean(piece) if is_code else _ENDLESS.sub(lambda word: cut(word[0], 80), clean(piece)), is_code


def plain(words: str) -> str:
    """The words without marks."""
    return "".join(piece for piece, _ in pieces(words))


def cut(text: str, most: int) -> str:
    """The text, with an ellipsis in its middle where it is longer than `most`.

    >>> cut("application_id", 9)
    'appl…n_id'
    """
    return text if len(text) <= most else f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"


def shown(value: Any, most: int = 120) -> str:
    """A value as it stands in the data, on one line: nothing rounded, and blanks that would not be seen in quotes.

    >>> [shown(v) for v in (None, 12345678, 0.1, " a", "", True, [1, "b"], {"a": 1.5})]
    ['null', '12345678', '0.1', '" a"', '""', 'true', '1, b', 'a: 1.5']
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            text = clean(value)
            return f'"{cut(text, most - 2)}"' if text != text.strip() or not text else cut(text, most)
        case dict() if value:
            return cut(", ".join(f"{clean(k)}: {shown(v, most)}" for k, v in value.items()), most)
        case list() | tuple() if value:
            return cut(", ".join(shown(v, most) for v in value), most)
    return cut(clean(value), most)


def counted(n: float, thing: str, things: str = "") -> str:
    """A number of things in words.

    >>> counted(2, "column"), counted(1, "query"), counted(0, "query", "queries")
    ('2 columns', '1 query', '0 queries')
    """
    return f"{number(n)} {thing if n == 1 else things or f'{thing}s'}"


def value_with_interval(value: Any, low: float | None = None, high: float | None = None) -> str:
    """A value with its interval, if it has one.

    >>> value_with_interval(0.5, 0.4, 0.6), [word for word, _ in pieces(value_with_interval("red"))]
    ('0.5 (0.4 to 0.6)', ['red'])
    """
    is_number = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    told = number(value) if is_number else code(shown(value, 80))
    return told if low is None or high is None else f"{told} ({number(low)} to {number(high)})"


@dataclass(frozen=True)
class Cell:
    """One cell of a table: words, perhaps a small chart before them."""

    words: str = ""
    tone: Tone = ""
    chart: str = ""


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    words: str
    tone: Tone = ""


@dataclass(frozen=True)
class Points:
    """A list. Each point may lead to a section of the page. `remarks` are set smaller."""

    points: tuple[tuple[str, str], ...]  # words, the section's key or nothing
    remarks: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first cell of a row is its name. Columns named in `numbers` are set flush right.

    `brief` is how many rows a terminal shows; columns named in `wordy` it leaves out.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[str] = frozenset()
    brief: int = 40
    wordy: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A chart with what it shows in words. Where pictures cannot be shown, the numbers stand in the page elsewhere."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Verdict:
    """A rule that did not pass: what it says, why, and what stands under it."""

    tone: Tone
    outcome: str
    rule: str
    reasons: tuple[str, ...]
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Listing:
    """Text as it ran, such as a query."""

    text: str


@dataclass(frozen=True)
class Fold:
    """Blocks that the reader opens. On paper they stand open if they are `printed`; on a terminal they are left out, unless `brief`."""

    title: str
    blocks: tuple[Block, ...]
    printed: bool = True
    brief: bool = False


@dataclass(frozen=True)
class Advice:
    """Something that someone should act on, in words; of all sections' advice the most urgent is shown first."""

    words: str
    urgency: int


@dataclass(frozen=True)
class Section:
    """A titled piece of the page; sections may hold sections. On a terminal those that are not `brief` are left out.

    `advice` goes into the page's beginning, `summary` into the Markdown under a pull request.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    brief: bool = True
    advice: tuple[Advice, ...] = ()
    summary: tuple[Table, ...] = ()


Block: TypeAlias = "Words | Points | Table | Picture | Verdict | Listing | Fold | Section"


@dataclass(frozen=True)
class Page:
    """A report laid out: the verdict in words, what to look at first, the run in figures, and the sections that have something to say."""

    title: str
    subtitle: str
    tone: Tone
    verdict: str
    advice: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str], ...]
    note: str
    sections: tuple[Section, ...]


def table(caption: str, heads: tuple[str, ...], rows: Any, numbers: Any = (), brief: int = 40, wordy: Any = ()) -> Table:
    """A table of rows of words or cells, without the columns that hold nothing in any row.

    >>> table("Ages", ("age", "rows", "remark"), [("38", "12", "")], numbers=["rows"]).heads
    ('age', 'rows')
    """
    made = [tuple(c if isinstance(c, Cell) else Cell(str(c)) for c in row) for row in rows]
    kept = [k for k in range(len(heads)) if k == 0 or any(row[k].words or row[k].chart for row in made)]
    named = tuple(heads[k] for k in kept)
    return Table(
        caption, named, tuple(tuple(row[k] for k in kept) for row in made), frozenset(numbers) & set(named), brief, frozenset(wordy)
    )
