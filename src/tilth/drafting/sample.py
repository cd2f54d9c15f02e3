"""The first rows of a table as Arrow, and a summary of each column from them. If these are all rows, no further queries are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Dataset, Kind
from tilth.drafting.summary import COUNTED, MANY, ColumnSummary
from tilth.engine.session import Session, everything

MOST_ROWS, FEWEST_ROWS = 20_000, 1_000
MOST_CELLS = 4_000_000
BLANK = r"^\s*$"
WORD = r"\S+"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Sample:
    """The first rows of a table; `complete` if they are all of them."""

    rows: pa.Table
    complete: bool

    def strings(self, name: str) -> list[str]:
        """The different values of a column as strings, without missing ones."""
        return [str(v) for v in pc.unique(self.values(name).drop_null()).to_pylist()]

    def values(self, name: str) -> pa.Array:
        """The values of a column; blank strings are null."""
        found = self.rows[name].combine_chunks()
        if not pa.types.is_string(found.type) and not pa.types.is_large_string(found.type):
            return found
        return pc.if_else(pc.match_substring_regex(found, BLANK), pa.nulls(1, found.type)[0], found)


def sample_of(data: Dataset, columns: Sequence[Column], engine: Session) -> Sample:
    """The first rows: 20,000, or fewer for hundreds of columns."""
    most = max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // max(1, len(columns))))
    text = engine.query(engine.first(data, [c.name for c in columns], most + 1), everything())
    with engine.timed("first rows", text):
        rows = engine.table(text)
    return Sample(rows.slice(0, most), rows.num_rows <= most)


def summarized(column: Column, sample: Sample) -> ColumnSummary:
    """A summary of the values of a column."""
    kind, found = column.kind, sample.values(column.name)
    values = found.drop_null()
    if kind not in COUNTED:
        return ColumnSummary(column, len(found), len(found) - len(values), 0, exact=False)
    finite = values.filter(pc.is_finite(values)) if kind is Kind.FLOAT else values
    ends = pc.min_max(finite) if (kind.numeric or kind.temporal) and len(finite) else None
    counts = pc.value_counts(values if kind is not Kind.NULL else pa.nulls(0, pa.string()))
    top = [(c["values"], c["counts"]) for c in counts.to_pylist()] if 0 < len(counts) <= MANY else []
    lengths = pc.min_max(pc.utf8_length(sample.rows[column.name])).as_py() if kind is Kind.STRING else {}
    return ColumnSummary(
        column,
        len(found),
        len(found) - len(values),
        len(counts),
        infinite=len(values) - len(finite),
        top=tuple(sorted(top, key=lambda pair: (-pair[1], str(pair[0])))),
        low=ends["min"].as_py() if ends else None,
        high=ends["max"].as_py() if ends else None,
        shortest=lengths.get("min") or 0,
        longest=lengths.get("max") or 0,
        words=(pc.mean(pc.count_substring_regex(values, WORD)).as_py() or 0) if kind is Kind.STRING else 0,
        blank=found.null_count - sample.rows[column.name].null_count,
        quantiles=tuple(pc.quantile(finite.cast(pa.float64(), safe=False), q=list(QUANTILES)).to_pylist()) if kind.numeric and ends else (),
    )
