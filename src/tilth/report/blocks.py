"""The page model: a report laid out in sections, independent of rendering.

`tilth.report.page` makes a `Page` from a report; the HTML, terminal and Markdown renderers show it. Words are plain text. In them, names
and values from the data are marked by `code`, and rounded numbers by `exact`. A renderer splits words with `pieces`, which also removes
control characters; it formats code in its own way, and escapes everything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from tilth.report.charts import clean, number
from tilth.report.charts.numbers import as_float

Tone: TypeAlias = Literal["", "good", "bad", "unknown"]
"""The meaning of an item for the reader. Never shown by colour alone, but by a symbol or a word, too."""

_BEGIN, _END = "\x0e", "\x0f"
_ENDLESS = re.compile(r"\S{81,}")  # too long for a word of any language: a name in a message
_CODE = re.compile(f"{_BEGIN}(.*?){_END}")
_ROUNDED, _EXACT, _DONE = "\x10", "\x11", "\x12"
EXACT = re.compile(f"{_ROUNDED}([^{_EXACT}]*){_EXACT}([^{_DONE}]*){_DONE}")
"""A number as shown, and the exact number."""


def code(text: object, most: int = 120) -> str:
    """A name or a value from the data, marked as code; surrounding blanks are made visible by quotes, and long ones are cut.

    >>> [piece for piece in pieces(f"Look at {code('income')} first.")]
    [('Look at ', False), ('income', True), (' first.', False)]
    """
    words = clean(text)
    padded = f'"{words}"' if words != words.strip() else words
    return f"{_BEGIN}{cut(padded, most) if words.strip() else '(blank)'}{_END}"


def pieces(words: str) -> Iterator[tuple[str, bool]]:
    """The words in pieces, each with a flag for code, without control characters; numbers are rounded."""
    for k, piece in enumerate(_CODE.split(EXACT.sub(r"\1", words))):
        if piece:
            is_code = k % 2 == 1
            yield clean(piece) if is_code else _ENDLESS.sub(lambda word: cut(word[0], 80), clean(piece)), is_code


def plain(words: str) -> str:
    """The words without code marks."""
    return "".join(piece for piece, _ in pieces(words))


def cut(text: str, most: int) -> str:
    """The string, with an ellipsis in the middle if it is longer than `most`.

    >>> cut("application_id", 9)
    'appl…n_id'
    """
    return text if len(text) <= most else f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"


def shown(value: Any, most: int = 120) -> str:
    """A value as it is in the data, on one line: not rounded, with quotes around invisible blanks.

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
    """A count in words.

    >>> counted(2, "column"), counted(1, "query"), counted(0, "query", "queries")
    ('2 columns', '1 query', '0 queries')
    """
    return f"{number(n)} {thing if n == 1 else things or f'{thing}s'}"


def exact(x: float | None) -> str:
    """A number as people read it, marked with the exact number if it is rounded.

    >>> plain(exact(0.123456)), EXACT.findall(exact(0.123456) + exact(0.5))
    ('0.1235', [('0.1235', '0.123456')])
    """
    rounded, known = number(x), as_float(x)
    if known is None or not math.isfinite(known) or ("×" not in rounded and float(rounded.replace(",", "").replace("−", "-")) == x):
        return rounded
    return f"{_ROUNDED}{rounded}{_EXACT}{x}{_DONE}"


def value_with_interval(value: Any, low: float | None = None, high: float | None = None) -> str:
    """A value of any type; a number with its interval, if it has one.

    >>> value_with_interval(0.5, 0.4, 0.6), [word for word, _ in pieces(value_with_interval("red"))]
    ('0.5 (0.4 to 0.6)', ['red'])
    """
    is_number = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if not is_number:
        return code(shown(value, 80))
    return exact(value) if low is None or high is None else f"{exact(value)} ({exact(low)} to {exact(high)})"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: words, optionally after a small chart, which a terminal draws as `characters`. `link` is the key of a section."""

    words: str = ""
    tone: Tone = ""
    chart: str = ""
    characters: str = ""
    link: str = ""


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    words: str
    tone: Tone = ""


@dataclass(frozen=True)
class Points:
    """A list. `remarks` are set smaller."""

    points: tuple[str, ...]
    remarks: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first cell of a row is its name. Columns in `numbers` are right-aligned.

    A terminal shows `brief` rows, without the columns in `wordy`.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[str] = frozenset()
    brief: int = 40
    wordy: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A chart with a caption. Its numbers are also elsewhere in the page, for renderers without pictures."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Verdict:
    """A rule with its verdict: how many rows fail, their share as a bar, the value and its trend; reasons and details are folded."""

    tone: Tone
    outcome: str
    rule: str
    reasons: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    part: str = ""
    failing: str = ""
    share: Cell = Cell()
    value: str = ""
    trend: Cell = Cell()


@dataclass(frozen=True)
class Verdicts:
    """Rules in one table, those beyond `most` folded. A terminal lists those that did not pass with their reasons, the others in short."""

    caption: str
    verdicts: tuple[Verdict, ...]
    most: int = 100


@dataclass(frozen=True)
class Listing:
    """Source text, such as a query."""

    text: str


@dataclass(frozen=True)
class Marked:
    """A text in pieces, each with a number: the piece is marked as positive or negative, or not at all if the number is small."""

    pieces: tuple[tuple[str, float], ...]

    @property
    def marks(self) -> tuple[tuple[str, str, int], ...]:
        """For each piece its text, its number with the sign, and the strength of its mark: 0 is unmarked, ±3 the strongest.

        >>> Marked((("so", 0.01), ("good", 0.5), ("alas", -0.3))).marks
        (('so', '+0.01', 0), ('good', '+0.5', 3), ('alas', '−0.3', -2))
        """
        most = max((abs(x) for _, x in self.pieces), default=0) or 1.0
        return tuple((clean(text), f"{'+' if x > 0 else ''}{number(x)}", round(3 * x / most)) for text, x in self.pieces)


@dataclass(frozen=True)
class Fold:
    """Collapsible blocks. Printed ones are open on paper; a terminal omits them unless `brief`."""

    title: str
    blocks: tuple[Block, ...]
    printed: bool = True
    brief: bool = False


@dataclass(frozen=True)
class Cards:
    """Sections next to each other, as many as fit, laid out on first use. A terminal omits them."""

    laid_out: Callable[[], Iterable[Section]]

    @cached_property
    def blocks(self) -> tuple[Section, ...]:
        """The sections."""
        return tuple(self.laid_out())


@dataclass(frozen=True)
class Advice:
    """A recommendation; the most urgent of all sections is shown first."""

    words: str
    urgency: int


@dataclass(frozen=True)
class Section:
    """A titled section of the page, which may have subsections. A terminal omits those that are not `brief`.

    `lead` is the result in one line; a folded section shows only its title and lead. `advice` and `figures` (numbers with labels) go to the
    top of the page, `summary` into the Markdown comment of a pull request. `covers` are the keys of sections whose advice this section
    includes. With a `tone`, the lead is a verdict; it is the verdict of a report without rules.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    brief: bool = True
    advice: tuple[Advice, ...] = ()
    summary: tuple[Table, ...] = ()
    lead: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    covers: frozenset[str] = frozenset()
    tone: Tone = ""


Block: TypeAlias = "Words | Points | Table | Picture | Marked | Verdicts | Listing | Fold | Cards | Section"


@dataclass(frozen=True)
class Page:
    """A report laid out: the verdict, the most urgent advice, figures of the data and of the run, and the non-empty sections.

    Sections with keys in `unfolded` are shown in full, the others by title and lead.
    """

    title: str
    subtitle: str
    tone: Tone
    verdict: str
    advice: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str], ...]
    run: tuple[tuple[str, str], ...]
    note: str
    sections: tuple[Section, ...]
    unfolded: frozenset[str]

    @property
    def line(self) -> str:
        """All figures in one line."""
        return ", ".join(f"{n} {of}" if n[:1].isdigit() else f"{of}: {n}" for n, of in (*self.figures, *self.run))


def table(caption: str, heads: tuple[str, ...], rows: Any, numbers: Any = (), brief: int = 40, wordy: Any = ()) -> Table:
    """A table of rows of words or cells, without empty columns.

    >>> table("Ages", ("age", "rows", "remark"), [("38", "12", "")], numbers=["rows"]).heads
    ('age', 'rows')
    """
    made = [tuple(c if isinstance(c, Cell) else Cell(str(c)) for c in row) for row in rows]
    kept = [k for k in range(len(heads)) if k == 0 or any(row[k].words or row[k].chart for row in made)]
    named = tuple(heads[k] for k in kept)
    return Table(
        caption, named, tuple(tuple(row[k] for k in kept) for row in made), frozenset(numbers) & set(named), brief, frozenset(wordy)
    )
