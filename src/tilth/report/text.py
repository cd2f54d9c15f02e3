"""The report as text for a terminal: verdicts first, then tables; what is long is cut, what is folded is left out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import TYPE_CHECKING, TypeVar

from tilth.report.blocks import Block, Fold, Page, Points, Section, Table, Tone, Verdict, Words, plain
from tilth.report.charts import number
from tilth.report.report import Report
from tilth.report.sections import page

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

WIDTH = 100  # where there is no terminal to ask
MOST_WIDTH = 160
MOST_VERDICTS = 20
MOST_POINTS = 12
LEFT_OUT = frozenset({"plan", "facts"})  # the summary line tells the scans and the seconds
SYMBOLS: dict[Tone, str] = {"good": "✓", "bad": "✗", "unknown": "?", "": "·"}
COLOURS: dict[Tone, str] = {"good": "green", "bad": "red", "unknown": "yellow", "": ""}


def to_text(report: Report, width: int | None = None, colour: bool | None = None) -> str:
    """The report as text, ended by a line break.

    `width` in columns: by default the terminal's, or 100. `colour`: by default only on a terminal, and not where `NO_COLOR` is set. A
    symbol or a word always says what the colour says.

    >>> print(to_text(Report("check"), width=60, colour=False))
    check
    · The report is empty: nothing was judged and nothing was
      measured.
    """
    width = min(width or shutil.get_terminal_size((WIDTH, 24)).columns, MOST_WIDTH)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") if colour is None else colour
    console = _console(max(width, 20), colour)
    for piece in _page(page(report)):
        console.print(piece, no_wrap=None, crop=False, soft_wrap=False)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _console(width: int, colour: bool) -> Console:
    """A console that writes into memory, and asks nothing of the machine."""
    from rich.console import Console

    return Console(
        file=StringIO(),
        width=width,
        height=100,
        force_terminal=colour,
        color_system="standard" if colour else None,
        force_jupyter=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )


def _page(told: Page) -> Iterator[RenderableType]:
    yield _line(told.title, "bold")
    if told.subtitle:
        yield _line(told.subtitle, "dim")
    yield _hanging(SYMBOLS[told.tone], told.verdict, told.tone, "bold")
    if told.figures:
        yield _line(", ".join(f"{of}: {n}" if not n[:1].isdigit() else f"{n} {of}" for n, of in told.figures), "dim")
    if told.note:
        yield _line(told.note, "dim")
    if told.advice:
        yield ""
        yield _line("What to look at first", "bold")
        for k, (words, _) in enumerate(told.advice, 1):
            yield _hanging(f"{k}.", words)
    for section in told.sections:
        if section.key not in LEFT_OUT:
            yield from _section(section, "bold")


def _section(section: Section, style: str) -> Iterator[RenderableType]:
    inside = [piece for block in _cut(section.blocks) for piece in _block(block)]
    if inside:
        if section.title:
            yield ""
            yield _line(section.title, style)
        yield from inside


Kind = TypeVar("Kind", bound="Block")


def _cut(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, verdicts up to a number that still can be read."""
    verdicts = 0
    for block in blocks:
        verdicts += isinstance(block, Verdict)
        if not isinstance(block, Verdict) or verdicts <= MOST_VERDICTS:
            yield block
        elif verdicts == MOST_VERDICTS + 1:
            yield Words("… and more; the HTML and the JSON report hold them all.")


def _block(block: Block) -> Iterator[RenderableType]:
    match block:
        case Words():
            yield _hanging(SYMBOLS[block.tone], block.words, block.tone) if block.tone else _line(block.words)
        case Points():
            for words, _ in block.points[:MOST_POINTS]:
                yield _hanging("-", words)
            if len(block.points) > MOST_POINTS:
                yield _line(f"… and {number(len(block.points) - MOST_POINTS)} more")
        case Table():
            yield from _table(block)
        case Verdict():
            yield from _verdict(block)
        case Section() if block.brief:
            yield from _section(block, "underline")
        case Fold() if block.brief:
            yield _line(block.title)
            for inside in block.blocks:
                yield from _block(inside)


def _verdict(block: Verdict) -> Iterator[RenderableType]:
    from rich.padding import Padding

    outcome = "" if block.tone == "bad" else f"{block.outcome}: "
    yield _hanging(SYMBOLS[block.tone], f"{outcome}{block.rule}", block.tone, "bold")
    for reason in block.reasons:
        yield Padding(_line(reason), (0, 0, 0, 4))
    for inside in block.blocks:
        for piece in _block(inside):
            yield Padding(piece, (0, 0, 0, 4))


def _table(block: Table) -> Iterator[RenderableType]:
    """Columns without lines between; a chart in a cell is left out, its numbers stand beside it."""
    from rich.table import Table as Grid

    kept = [k for k in range(len(block.heads)) if block.heads[k] not in block.wordy and any(row[k].words for row in block.rows)]
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    for k in kept:
        grid.add_column(_line(block.heads[k]), justify="right" if block.heads[k] in block.numbers else "left", overflow="fold")
    for row in block.rows[: block.brief]:
        grid.add_row(*(_cell(row[k].words, row[k].tone) for k in kept))
    yield grid
    if len(block.rows) > block.brief:
        yield _line(f"… and {number(len(block.rows) - block.brief)} more", "dim")


def _cell(words: str, tone: Tone) -> Text:
    return _line(f"{SYMBOLS[tone]} {words}" if tone else words, COLOURS[tone])


def _line(words: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(plain(words), style=style, overflow="fold")


def _hanging(mark: str, words: str, tone: Tone = "", style: str = "") -> RenderableType:
    """Words after a mark, their further lines under the first."""
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(_line(mark, f"bold {COLOURS[tone]}".strip()), _line(words, style))
    return grid
