"""Short tables that show a value in an interpreter or a notebook."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

MOST_ROWS, WIDEST = 20, 60  # rows of a table, and characters of a cell if a table has several columns


@dataclass(frozen=True)
class Grid:
    """A title, and a table of strings with heads. Only the first rows are shown, and of each cell `widest` characters.

    >>> print(Grid("2 columns", ("column", "role"), [("age", ""), ("paid", "label")]))
    2 columns
      column  role
      age
      paid    label
    """

    title: str
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    widest: int = WIDEST

    @property
    def more(self) -> str:
        """The number of rows that are not shown, in words."""
        return f"… and {len(self.rows) - MOST_ROWS:,} more" if len(self.rows) > MOST_ROWS else ""

    def __str__(self) -> str:
        heads = [self.heads] if any(self.heads) else []
        cells = [[self._cut(cell) for cell in row] for row in (*heads, *self.rows[:MOST_ROWS])] if self.rows else []
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
        return "\n".join([self.title, *(f"  {line}" for line in (*lines, self.more) if line)])

    def html(self) -> str:
        """The table as HTML."""
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self.heads)
        body = "".join("<tr>" + "".join(f"<td>{escape(self._cut(cell))}</td>" for cell in row) + "</tr>" for row in self.rows[:MOST_ROWS])
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if self.rows else ""
        return f"<p>{escape(self.title)}</p>{table}<p>{self.more}</p>"

    def _cut(self, cell: str) -> str:
        """A cell on one line, cut to the maximum width."""
        line = " ".join(cell.split())
        return line if len(line) <= self.widest else f"{line[: self.widest - 1]}…"


def brief(value: object) -> str:
    """A value as text for a cell: empty for null, a float with six digits.

    >>> brief(None), brief(2 / 3), brief(3)
    ('', '0.666667', '3')
    """
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


class Displayed:
    """A value that shows itself as a short table."""

    __slots__ = ()

    @abstractmethod
    def _grid(self) -> Grid:
        """The table."""

    def __repr__(self) -> str:
        return str(self._grid())

    def _repr_html_(self) -> str:
        """The table in a notebook."""
        return self._grid().html()
