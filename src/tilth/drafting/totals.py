"""Notices a last row that sums up the others, as in exports of spreadsheets: nothing is to be learned from it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import pyarrow.compute as pc

from tilth.data import Column, Dataset, Kind
from tilth.drafting.disguises import numbers_in
from tilth.drafting.sample import Sample
from tilth.drafting.summary import TotalRow
from tilth.engine.layers import filtered
from tilth.engine.session import Session
from tilth.engine.user_sql.expression import parse_condition
from tilth.errors import listed

WORDS = re.compile(
    r"(?:(?:grand|overall)\s+)?totals?|sums?"
    r"|(?:gesamt)?summe|gesamt|insgesamt|total(?:e|en)?\s+g[eé]n[eé]rale?|totale|totaal|somme|suma|soma|razem",
    re.IGNORECASE,
)
FEWEST = 3  # rows: two and their total


def total_row(columns: Sequence[Column], sample: Sample) -> TotalRow | None:
    """The last row, if it is a row of totals: a word such as *Total*, and otherwise sums of the other rows or nothing. Needs all rows."""
    rows = sample.rows
    if not sample.complete or rows.num_rows < FEWEST:
        return None
    last = {c.name: rows[c.name][-1].as_py() for c in columns if c.kind is Kind.STRING}
    named = [name for name, v in last.items() if v and WORDS.fullmatch(v.strip(" :*")) and pc.sum(pc.equal(rows[name], v)).as_py() == 1]
    evidence = next(_evidence(named[0], columns, sample), "") if named else ""
    return TotalRow(named[0], last[named[0]], evidence) if evidence else None


def without_total(total: TotalRow, data: Dataset, sample: Sample, engine: Session) -> tuple[Dataset, Sample]:
    """The table, and its sample, without the row of totals."""
    rest = filtered(data, parse_condition(total.others, engine.schema(data)))
    return rest, replace(sample, rows=sample.rows.slice(0, sample.rows.num_rows - 1))


def _evidence(named: str, columns: Sequence[Column], sample: Sample) -> Iterator[str]:
    others = [c for c in columns if c.name != named]
    if sums := [c.name for c in others if _ends_with_sum(numbers_in(c, sample))]:
        yield f"{listed(sums, most=4)} {'is the sum' if len(sums) == 1 else 'are the sums'} of the other rows"
    empty = reduce(pc.and_, (sample.values(c.name).is_null() for c in others)) if others else None
    if empty is not None and empty[-1].as_py() and pc.sum(empty).as_py() == 1:
        yield "its other columns are empty"


def _ends_with_sum(numbers: Sequence[float | None]) -> bool:
    """Whether the last number is the sum of the others, at least two of which are not 0."""
    *others, last = numbers or [None]
    terms = [x for x in others if x]
    return bool(last) and len(terms) > 1 and all(map(math.isfinite, terms)) and math.isclose(math.fsum(terms), last or 0, rel_tol=1e-9)
