"""Inspects data: how to read it, what each column holds, and which roles columns have.

The first rows suggest; what the draft says of all rows is asked of all rows, in a few scans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tilth.data import Column, Dataset, Files, Kind
from tilth.data.names import names_facet, names_generic, names_postcode, names_private
from tilth.drafting.disguises import confirmed, disguise_of, null_tokens, placeholder_of, spellings
from tilth.drafting.guesses import favourable_value, guessed_label, guessed_roles, time_columns
from tilth.drafting.leakage import duplicate_columns, label_counts, leakage
from tilth.drafting.reading import ReadOptions, read_detected
from tilth.drafting.sample import Sample, sample_of, summarized
from tilth.drafting.summary import FEW, ColumnSummary, TableSummary
from tilth.drafting.totals import total_row, without_total
from tilth.drafting.whole import copies_of, of_whole
from tilth.engine.session import Session
from tilth.errors import ColumnError, unknown
from tilth.flow.order import order_in
from tilth.measures.insights.strings import private_values

BY_NAME = "its name says so"


def inspect(source: Any, engine: Session, options: Mapping[str, Any], label: str | None = None) -> TableSummary:
    """Summarize a table in a few scans, whatever the number of rows. `label` names the column that is to be predicted.

    Errors: those of reading; `ColumnError` if there is no such label.
    """
    reading, data = read_detected(source, engine, options)
    columns = engine.schema(data).columns
    ColumnError.reject(unknown([label] if label else [], [c.name for c in columns], "there is no column {}", "unknown-column"))
    sample = sample_of(data, columns, engine)
    nulls = null_tokens(columns, sample) if not options.get("nulls") else ()
    reading = _with_types(reading, data, columns)
    if nulls or "types" in reading.reasons:
        data = reading.read(source, engine, nulls=nulls)
        columns = engine.schema(data).columns
        sample = sample_of(data, columns, engine)
    seen = as_read = columns_of(data, sample, engine)
    if total := total_row(columns, sample):
        data, sample = without_total(total, data, sample, engine)
        seen = columns_of(data, sample, engine)
    because, candidates = "named by you", dict[str, str]()
    if label is None:
        label, because, candidates = guessed_label(seen)
    roles, counts = guessed_roles(seen, label), dict[Any, int]()
    chosen = next((s for s in seen if s.name == label), None)
    if chosen and chosen.distinct <= FEW:
        counts = label_counts(chosen, data, engine)
        seen = leakage(seen, roles, counts, sample, data, engine)
        roles = replace(roles, positive=favourable_value(chosen.name, counts))
    seen = duplicate_columns(seen, roles, sample, data, engine)
    return TableSummary(
        tuple(seen),
        roles,
        seen[0].rows,
        reading,
        nulls,
        copies_of(seen, roles, sample, data, engine),
        () if roles.time else time_columns(seen),
        counts,
        because,
        candidates,
        sample.rows.num_rows,
        order_in(data, roles, engine, sample.rows),
        total,
        tuple(as_read),
    )


def columns_of(data: Dataset, sample: Sample, engine: Session) -> list[ColumnSummary]:
    """Each column of a table, by all of its rows, and by what its values and its name give away. `sample` are its first rows."""
    seen = [summarized(c, sample) for c in engine.schema(data).columns]
    seen = seen if sample.complete else of_whole(seen, data, engine)
    return _settle_names(confirmed([_judged(s, sample) for s in seen], data, engine))


def _with_types(reading: ReadOptions, data: Dataset, columns: Sequence[Column]) -> ReadOptions:
    """The options of reading, with postcodes as strings in a file of strings."""
    codes = [c.name for c in columns if c.kind is Kind.INTEGER and names_postcode(c.name)]
    if not codes or not isinstance(data.source, Files) or data.source.typed or "types" in reading.options:
        return reading
    return reading.adding("postcodes are codes, not quantities", types=dict.fromkeys(codes, "string"))


def _judged(s: ColumnSummary, sample: Sample) -> ColumnSummary:
    """A column with what its values and its name give away."""
    if s.kind is Kind.STRING:
        strings = sample.strings(s.name)
        disguise = disguise_of(s.column, sample)
        s = replace(s, disguise=disguise, spellings=spellings([v for v, _ in s.top]))
        s = replace(s, private="" if disguise and not disguise.separator else private_values(strings))
    else:
        s = replace(s, placeholder=placeholder_of(s), disguise=disguise_of(s.column, sample) if s.kind is Kind.INTEGER else None)
    return replace(s, private=_private(s))


def _private(s: ColumnSummary) -> str:
    """Why a column looks private. A column with two values, such as whether there is a phone number, is not."""
    personal = s.meant is not Kind.BOOLEAN and (s.distinct > 2 or s.rows <= FEW)
    if personal and names_private(s.name):
        return BY_NAME
    return f"it holds {s.private}" if s.private else ""


def _settle_names(seen: list[ColumnSummary]) -> list[ColumnSummary]:
    """A column called just `name` is private if another column is about persons; else it is ambiguous."""
    of_persons = any(names_facet(s.name) or (s.private and not names_generic(s.name)) for s in seen)
    unsure = [s for s in seen if names_generic(s.name) and s.private == BY_NAME and not of_persons]
    return [replace(s, private="", ambiguous=True) if s in unsure else s for s in seen]
