"""The profile of a table's rows: duplicates, columns that are missing together, and a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Kind, Roles, masked
from tilth.engine.arrow import as_numpy
from tilth.engine.expressions import all_rows
from tilth.engine.operations.aggregates import SumOrZero
from tilth.engine.statistics import Statistic, count, over_groups, size
from tilth.measures.sampled import Rows, starts
from tilth.metrics.metric import Metric
from tilth.report import Finding, Payload
from tilth.report.blocks import Advice, Block, Section, code, counted, shown, table
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection

PATTERNS, EXAMPLES = 8, 5  # most patterns of missing values, and rows, shown
MOST = 30  # most columns of the rows shown


@dataclass(frozen=True)
class TableProfile(Payload):
    """The rows of a table, its patterns of missing values, and `duplicates`: rows that equal an earlier one.

    `patterns`: sets of columns that are missing together, with their rows, the most frequent first; the empty set has the complete rows.
    `sampled` is the size of the sample that was counted, if not all rows; equal rows are sampled together. If `exact`, `duplicates` counts
    all rows nevertheless.
    """

    KIND: ClassVar[str] = "table"
    VALUE: ClassVar[str] = "share of rows without a missing value"
    rows: int = 0
    columns: int = 0
    duplicates: int | None = None
    patterns: tuple[tuple[tuple[str, ...], int], ...] = ()
    sampled: int | None = None
    exact: bool | None = None

    @property
    def row_count(self) -> int | None:
        """The rows of the table."""
        return self.rows


@dataclass(frozen=True)
class EqualRows(Metric):
    """The number of rows that equal an earlier one in these columns; nulls are equal. 0 over no rows."""

    range = (0, float("inf"))
    columns: tuple[str, ...]

    def needs(self) -> tuple[Statistic, ...]:
        return (count(), over_groups(SumOrZero.of(size()), self.columns), over_groups(all_rows(), self.columns))

    def value(self, rows: int, grouped: int, groups: int) -> int:
        return grouped - groups + max(rows - grouped - 1, 0)  # rows with only nulls are not grouped


def table_findings(columns: Sequence[Column], drawn: Rows, roles: Roles, duplicates: int | None = None) -> list[Finding[TableProfile]]:
    """One finding, with a few rows as examples, private values masked. Empty without columns or rows.

    `duplicates` is the number for all rows, if known.
    """
    known = drawn.known(columns)
    if not known or not len(drawn.table):
        return []
    looked = len(drawn.table)
    patterns = _patterns(known, drawn)
    whole = next((n for names, n in patterns if not names), 0)
    order = pc.sort_indices(drawn.table, [(c.name, "ascending") for c in known])
    places = [round(i * (looked - 1) / (EXAMPLES - 1)) for i in range(EXAMPLES)] if looked > EXAMPLES else range(looked)
    chosen = pa.concat_tables([drawn.table.slice(order[i].as_py(), 1) for i in places])
    exact = duplicates is not None
    if not exact and len(known) == len(columns):
        duplicates = int(same_as_before(known, drawn.table, order).sum())
    sampled = None if drawn.all_there else looked
    payload = TableProfile(drawn.of, len(columns), duplicates, tuple(patterns[:PATTERNS]), sampled, exact or None)
    examples = tuple(masked(row, roles.private) for row in chosen.select([c.name for c in known[:MOST]]).to_pylist())
    return [Finding("table", (), whole / looked, payload=payload, examples=examples)]


def _patterns(columns: Sequence[Column], drawn: Rows) -> list[tuple[tuple[str, ...], int]]:
    """Sets of columns that are missing together, with the number of rows in which exactly these are missing, the most frequent first."""
    gaps = {c.name: gap for c in columns if (gap := _gaps(c, drawn)) is not None}
    if not gaps:
        return [((), len(drawn.table))]
    marks, at = np.zeros(len(drawn.table), np.uint64), Random(0)  # noqa: S311 -- each set of columns has its own sum of random numbers
    for gap in gaps.values():
        marks += gap * np.uint64(at.getrandbits(63))
    order = np.argsort(marks)
    first = starts(marks[order])
    counts = np.diff(first, append=len(marks))
    names = [tuple(name for name, gap in gaps.items() if gap[i]) for i in order[first]]
    return sorted(zip(names, map(int, counts), strict=True), key=lambda pattern: (-pattern[1], pattern[0]))


def _gaps(c: Column, drawn: Rows) -> np.ndarray | None:
    """Marks missing values: null, NaN, or blank; None if there are none."""
    column, values = drawn.table[c.name], drawn.values(c.name)
    if c.kind is Kind.STRING and values.codes is not None and not values.filled.all():
        found: np.ndarray = np.append(~values.filled, True)[values.codes]  # −1 is the last place
        return found
    return as_numpy(pc.is_null(column, nan_is_null=True)) if values.rows.sum() < len(column) else None


def same_as_before(columns: Sequence[Column], table: pa.Table, order: Any) -> np.ndarray:
    """Whether each row except the first equals the previous one in this order; missing values are equal."""
    same = np.ones(max(len(order) - 1, 0), bool)
    for c in columns:
        if not same.any():
            break
        x = table[c.name].take(order).combine_chunks()
        a, b = x.slice(1), x.slice(0, max(len(x) - 1, 0))
        both = pc.and_(pc.is_null(a, nan_is_null=True), pc.is_null(b, nan_is_null=True))
        same &= as_numpy(both) | as_numpy(pc.equal(a, b))
    return same


# ── the section ──


def rows(found: Sequence[Finding[TableProfile]]) -> Section | None:
    """Duplicates, missing patterns and a few rows of the first part."""
    first = found[0]
    p = first.payload
    of = p.sampled or p.rows
    about = f" in a sample of {counted(p.sampled, 'row')}" if p.sampled else ""
    among, where = (p.rows, "") if p.exact else (of, about)  # the rows in which duplicates were counted
    share = percent((p.duplicates or 0) / among if among else None)
    blocks: list[Block] = []
    lead = f"{percent(first.number)} of the rows have a value in every column{about}"
    if p.duplicates is not None:
        said = f"{counted(p.duplicates, 'row')} ({share}) {'is a duplicate' if p.duplicates == 1 else 'are duplicates'} of an earlier row"
        lead = f"{said if p.duplicates else 'No two rows are equal'}; {lead}"
    if any(names for names, _ in p.patterns):
        lines = [(_named(names), number(n), percent(n / of)) for names, n in p.patterns]
        blocks.append(table(f"What is missing together{about}", ("columns", "rows", "share"), lines, ["rows", "share"], brief=6))
    if first.examples:
        heads = tuple(code(name) for name in first.examples[0])
        blocks.append(table("A few rows", heads, [[code(shown(v, 30), 30) for v in row.values()] for row in first.examples], brief=3))
    if not blocks:
        return None
    often = p.duplicates is not None and p.duplicates / among >= 0.01
    later = [f"{percent(q.duplicates / q.rows)} of {code(f.part)}" for f in found[1:] if (q := f.payload).duplicates is not None and q.rows]
    advice = f"{share} of the rows{where}{' as read' if later else ''} are duplicates of an earlier row"
    advice += f", {' and '.join(later)}." if later else f": the step {code('dedupe')} drops them."
    figures = () if p.duplicates is None or where else ((number(p.duplicates), f"duplicate row{'' if p.duplicates == 1 else 's'}"),)
    return Section("rows", "Rows", tuple(blocks), advice=(Advice(advice, 45),) if often else (), lead=f"{lead}.", figures=figures)


def _named(names: Sequence[str]) -> str:
    more = f" and {counted(len(names) - 6, 'more column')}" if len(names) > 6 else ""
    return ", ".join(map(code, names[:6])) + more or "nothing"


TABLE = ReportSection(TableProfile, rows)
