"""Repeated rows: rows that occur more than once, with their counts; and their report section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from tilth.data import Column, Kind, Roles, masked
from tilth.engine.arrow import from_numpy
from tilth.measures.sampled import Rows
from tilth.measures.table_profile import same_as_before
from tilth.report import Finding, Payload
from tilth.report.blocks import Section, code, counted, shown, table
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection

SHOWN, MOST = 5, 30  # most rows and columns shown


@dataclass(frozen=True)
class Repeated(Payload):
    """Rows that equal an earlier one in all columns except `apart`, which identify rows; the finding's value is their share.

    The finding's examples are the most repeated rows; `counts` has how often each occurs. `sampled` is the size of the sample, if it is
    one.
    """

    KIND: ClassVar[str] = "repeated"
    VALUE: ClassVar[str] = "share of repeated rows"
    repeated: int = 0
    rows: int = 0
    apart: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    sampled: int | None = None

    @property
    def example_counts(self) -> tuple[int, ...]:
        return self.counts


def repeated_finding(columns: Sequence[Column], drawn: Rows, roles: Roles) -> Finding[Repeated] | None:
    """One finding; None without rows, or if too few columns are left to compare.

    The role `id`, and strings and integers with a different value in every row, are left out; there is no finding if these are the
    majority.
    """
    known = drawn.known(columns)
    apart = [c.name for c in known if c.name in roles.id or _tells_apart(c, drawn)]
    kept = [c for c in known if c.name not in apart]
    if not kept or len(kept) < len(apart) or not len(drawn.table):
        return None
    order = pc.sort_indices(drawn.table, [(c.name, "ascending") for c in kept])
    same = same_as_before(kept, drawn.table, order)
    first = np.flatnonzero(np.append(True, ~same))
    counts = np.diff(first, append=len(order))
    most = np.argsort(-counts, kind="stable")[:SHOWN]
    most = most[counts[most] > 1]
    names = [c.name for c in kept[:MOST]]
    rows = drawn.table.select(names).take(order.take(from_numpy(first[most]))).to_pylist()
    looked = len(drawn.table)
    examples = tuple(masked(row, roles.private) for row in rows)
    payload = Repeated(int(same.sum()), looked, tuple(apart), tuple(counts[most].tolist()), None if drawn.all_there else looked)
    return Finding("repeated", (), int(same.sum()) / looked, payload=payload, examples=examples)


def _tells_apart(c: Column, drawn: Rows) -> bool:
    """Whether every row has a different value, as in an id."""
    return c.kind in (Kind.STRING, Kind.INTEGER) and drawn.values(c.name).distinct == len(drawn.table) > 1


# ── the section ──


def repeated(found: Sequence[Finding[Repeated]]) -> Section | None:
    """The most repeated rows of the first part; None if no row repeats."""
    f = found[0]
    p = f.payload
    if not p.repeated or not f.examples:
        return None
    heads = ("rows", *(code(name) for name in f.examples[0]))
    rows = [(number(n), *(code(shown(v, 30), 30) for v in row.values())) for row, n in zip(f.examples, p.counts, strict=False)]
    about = f" of a sample of {counted(p.sampled, 'row')}" if p.sampled else ""
    but = f", except for {', '.join(map(code, p.apart[:3]))}" if p.apart else ""
    verb = "is a duplicate" if p.repeated == 1 else "are duplicates"
    lead = f"{counted(p.repeated, 'row')} ({percent(p.repeated / p.rows if p.rows else None)}){about} {verb} of an earlier row{but}."
    return Section("repeated", "Repeated rows", (table("The most repeated rows", heads, rows, ["rows"], brief=3),), lead=lead)


REPEATED = ReportSection(Repeated, repeated)
