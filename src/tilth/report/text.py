"""The report as text for a terminal: verdicts first, then tables; long content is cut, folded content omitted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from tilth.report.blocks import (
    Block,
    Cell,
    Fold,
    Marked,
    Page,
    Points,
    Section,
    Table,
    Tone,
    Verdict,
    Verdicts,
    Words,
    counted,
    plain,
    table,
)
from tilth.report.charts import number
from tilth.report.page import RUN, first_screen, page
from tilth.report.report import Report

WIDTH = 100  # without a terminal
MOST_WIDTH = 160
MOST_VERDICTS = 20
MOST_POINTS = 12
GAP = 2  # between the columns of a table
LONGEST_NAME, LONGEST_WORD = 24, 16  # up to these lengths they are never wrapped; in terminal columns
SYMBOLS: dict[Tone, str] = {"good": "✓", "bad": "✗", "unknown": "?", "": "·"}
COLOURS: dict[Tone, str] = {"good": "green", "bad": "red", "unknown": "yellow", "": ""}


def to_text(report: Report, width: int | None = None, colour: bool | None = None, full: bool = True) -> str:
    """The report as text, ended by a line break.

    `width` in columns: by default the terminal's, or 100. `colour`: by default only on a terminal, and not if `NO_COLOR` is set. A
    symbol or a word always repeats the meaning of a colour. If not `full`, only what a page shows first, see `first_screen`.

    >>> print(to_text(Report("check"), width=60, colour=False))
    check
    · The report is empty: nothing was judged and nothing was
      measured.
    """
    width = min(width or shutil.get_terminal_size((WIDTH, 24)).columns, MOST_WIDTH)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") if colour is None else colour
    file = StringIO()
    console = _console(file, max(width, 20), colour)
    for piece in _page(page(report) if full else first_screen(page(report))):
        console.print(piece, no_wrap=None, crop=False, soft_wrap=False)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def to_plain_text(report: Report) -> str:
    """The report as text for a file: no colours, and a width that does not depend on the terminal."""
    return to_text(report, width=WIDTH, colour=False)


def _console(file: StringIO, width: int, colour: bool) -> Console:
    """A console that writes to memory, independent of the terminal."""
    system: Literal["standard"] | None = "standard" if colour else None
    return Console(file=file, width=width, force_terminal=colour, color_system=system, force_jupyter=False, no_color=False)


def _page(laid_out: Page) -> Iterator[RenderableType]:
    yield _line(laid_out.title, "bold")
    if laid_out.subtitle:
        yield _line(laid_out.subtitle, "dim")
    yield _hanging(SYMBOLS[laid_out.tone], laid_out.verdict, laid_out.tone, "bold")
    if laid_out.line:
        yield _line(laid_out.line, "dim")
    if laid_out.note:
        yield _line(laid_out.note, "dim")
    if laid_out.advice:
        yield ""
        yield _line("What to look at first", "bold")
        for k, (words, _) in enumerate(laid_out.advice, 1):
            yield _hanging(f"{k}.", words)
    for section in laid_out.sections:
        if section.key not in RUN:  # the line of figures already has the scans and the seconds
            yield from _section(section, "bold")


def _section(section: Section, style: str) -> Iterator[RenderableType]:
    inside = [piece for block in section.blocks for piece in _block(block)]
    if inside:
        if section.title:
            yield ""
            yield _line(section.title, style)
        if section.lead:
            yield _line(section.lead)
        yield from inside


def _block(block: Block) -> Iterator[RenderableType]:
    match block:
        case Words():
            yield _hanging(SYMBOLS[block.tone], block.words, block.tone) if block.tone else _line(block.words)
        case Points():
            for words in block.points[:MOST_POINTS]:
                yield _hanging("-", words)
            if len(block.points) > MOST_POINTS:
                yield _line(f"… and {number(len(block.points) - MOST_POINTS)} more")
        case Table():
            yield from _table(block)
        case Marked():
            yield _marked(block)
        case Verdicts():
            yield from _verdicts(block)
        case Section() if block.brief:
            yield from _section(block, "underline")
        case Fold() if block.brief:
            yield ""
            yield _line(block.title, "underline")
            for inside in block.blocks:
                yield from _block(inside)


def _verdicts(block: Verdicts) -> Iterator[RenderableType]:
    """Rules that did not pass with their reasons, up to a limit; the others in a table."""
    worst = [v for v in block.verdicts if v.tone != "good"]
    for verdict in worst[:MOST_VERDICTS]:
        yield from _verdict(verdict)
    if len(worst) > MOST_VERDICTS:
        yield _line("… and more; the HTML and the JSON report have them all.")
    passed = [v for v in block.verdicts if v.tone == "good"]
    if passed:
        yield _line(f"{counted(len(passed), 'rule')} passed")
        rows = [(v.rule, v.part, Cell(v.outcome, v.tone), v.value, v.trend, " ".join(v.reasons)) for v in passed]
        yield from _table(table("Passed", ("rule", "data", "verdict", "value", "trend", "remark"), rows, ["value"], brief=20))


def _verdict(block: Verdict) -> Iterator[RenderableType]:
    outcome = "" if block.tone == "bad" else f"{block.outcome}: "
    yield _hanging(SYMBOLS[block.tone], f"{outcome}{block.rule}", block.tone, "bold")
    course = [f"Over time: {block.trend.characters}"] if block.trend.characters else []
    for reason in (*block.reasons, *([f"Judged on {block.part}."] if block.part else []), *course):
        yield Padding(_line(reason), (0, 0, 0, 4))
    for inside in block.blocks:
        for piece in _block(inside):
            yield Padding(piece, (0, 0, 0, 4))


class _Grid:
    """A table that fits the width, without lines; names and numbers are wrapped last.

    Charts are omitted, because their numbers are next to them. Columns that do not fit are omitted and counted.
    """

    def __init__(self, block: Table) -> None:
        self.block, self.rows = block, block.rows[: block.brief]
        heads = range(len(block.heads))
        self.kept = [k for k in heads if block.heads[k] not in block.wordy and any(_words(row[k]) for row in block.rows)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = self._shown(options.max_width)
        widths = self._widths(shown, options.max_width)
        grid = Grid(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_edge=False, header_style="dim")
        for k in shown:
            justify: Literal["left", "right"] = "right" if self.block.heads[k] in self.block.numbers else "left"
            grid.add_column(_line(self.block.heads[k]), justify=justify, overflow="fold", width=widths[k])
        for row in self.rows:
            grid.add_row(*(_cell(row[k]) for k in shown))
        yield grid
        if len(shown) < len(self.kept):
            yield _line(f"… and {counted(len(self.kept) - len(shown), 'more column')}", "dim")

    def _shown(self, room: int) -> list[int]:
        """The columns that fit: the first, then numeric ones, then the others from the left."""
        least = {k: self._least(k) for k in self.kept}
        shown = list(self.kept)
        numbers = [k for k in self.kept[1:] if self.block.heads[k] in self.block.numbers]
        leave = [*numbers, *(k for k in self.kept[1:] if k not in numbers)]
        while leave and _whole(least[k] for k in shown) > room:
            shown.remove(leave.pop())
        return shown

    def _widths(self, shown: Sequence[int], room: int) -> dict[int, int]:
        """The widths of the columns: cells get room first, then heads; the widest columns are wrapped."""
        full = {k: max(self._cells(k), cell_len(plain(self.block.heads[k]))) for k in shown}
        widths = {k: min(self._least(k), full[k], room) for k in shown}
        for most in ({k: self._cells(k) for k in shown}, full):
            widths = _spread(widths, most, room - _whole(widths.values()))
        return widths

    def _cells(self, k: int) -> int:
        """The width of the widest cell."""
        return max((cell_len(_cell(row[k]).plain) for row in self.rows), default=0)

    def _least(self, k: int) -> int:
        """The minimum width of a column: its longest word; for a name its full length, up to a bound."""
        lines = [plain(self.block.heads[k]), *(_cell(row[k]).plain for row in self.rows)]
        words = max((cell_len(word) for line in lines for word in line.split()), default=1)
        name = min(self._cells(k), LONGEST_NAME) if k == self.kept[0] else 0
        return max(1, min(words, LONGEST_WORD), name)


def _whole(widths: Iterable[int]) -> int:
    """The width of a table with these column widths."""
    return sum(width + GAP for width in widths) - GAP


def _spread(least: Mapping[int, int], most: Mapping[int, int], spare: int) -> dict[int, int]:
    """The minimum widths plus the spare room, which goes to the narrowest columns that need more."""
    widths = dict(least)
    for _ in range(spare):
        wanting = [k for k in widths if widths[k] < most[k]]
        if not wanting:
            break
        widths[min(wanting, key=lambda k: widths[k])] += 1
    return widths


def _table(block: Table) -> Iterator[RenderableType]:
    if not block.brief and block.rows:
        return  # shown only on pages
    yield _Grid(block)
    if len(block.rows) > block.brief:
        yield _line(f"… and {number(len(block.rows) - block.brief)} more", "dim")


def _words(cell: Cell) -> str:
    return f"{cell.characters} {cell.words}".strip() if cell.characters else cell.words


def _cell(cell: Cell) -> Text:
    words = _words(cell)
    return _line(f"{SYMBOLS[cell.tone]} {words}" if cell.tone else words, COLOURS[cell.tone])


def _line(words: str, style: str = "") -> Text:
    return Text(plain(words), style=style, overflow="fold")


def _marked(block: Marked) -> RenderableType:
    """A text whose marked pieces are followed by their numbers."""
    found = Text(overflow="fold")
    for text, value, level in block.marks:
        found.append(f"{text} ({value})" if level else text, "blue" if level > 0 else "magenta" if level else "")
    return Padding(found, (0, 0, 0, 4))


def _hanging(mark: str, words: str, tone: Tone = "", style: str = "") -> RenderableType:
    """Words after a mark, with a hanging indent."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(_line(mark, f"bold {COLOURS[tone]}".strip()), _line(words, style))
    return grid
