"""A last row of totals: which rows are taken for one, and which are not."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tilth.data import Column, Kind
from tilth.drafting.sample import Sample
from tilth.drafting.totals import total_row

TOTALS: list[tuple[str, dict[str, list[Any]], str]] = [  # columns, what speaks for a total
    ("a sum", {"shop": ["a", "b", "Total"], "units": [2, 5, 7]}, "units is the sum of the other rows"),
    (
        "sums beside a mean and a gap",
        {"n": [1, None, 4, 5], "shop": ["a", None, "b", "Grand total:"], "price": [0.1, 0.2, 0.3, 0.6], "mean": [2.0, 4.0, 6.0, 4.0]},
        "n, price are the sums of the other rows",
    ),
    (
        "as people write it",
        {"year": ["2011", "2012", "Summe"], "fee": ["1.099,50 €", "7,00 €", "1.106,50 €"]},
        "fee is the sum of the other rows",
    ),
    ("empty cells", {"shop": ["a", "b", "SUM"], "units": [2, None, None], "note": ["x", "y", " "]}, "its other columns are empty"),
]
OTHERS: list[tuple[str, dict[str, list[Any]]]] = [
    ("another number", {"shop": ["a", "b", "Total"], "units": [2, 5, 8]}),
    ("another word", {"shop": ["a", "b", "c"], "units": [2, 5, 7]}),
    ("a title", {"film": ["Up", "Her", "Total Recall"], "units": [2, 5, 7]}),
    ("no sum of several", {"shop": ["a", "b", "Total"], "units": [0, 5, 5]}),
    ("zeros", {"shop": ["a", "b", "Total"], "units": [0, 0, 0]}),
    ("several totals", {"shop": ["a", "Total", "b", "Total"], "units": [2, 2, 3, 7]}),
    ("empty cells in other rows", {"word": ["add", "mean", "sum"], "synonym": [None, "average", None]}),
    ("words only", {"word": ["add", "mean", "sum"]}),
    ("infinite numbers", {"shop": ["a", "b", "Total"], "units": [float("inf"), 2.0, float("inf")]}),
]


def table(columns: dict[str, list[Any]], complete: bool = True) -> tuple[list[Column], Sample]:
    rows = pa.table(columns)
    kinds = {pa.string(): Kind.STRING, pa.int64(): Kind.INTEGER, pa.float64(): Kind.FLOAT}
    return [Column(f.name, kinds[f.type]) for f in rows.schema], Sample(rows, complete)


@pytest.mark.parametrize(("columns", "evidence"), [c[1:] for c in TOTALS], ids=[c[0] for c in TOTALS])
def test_a_row_of_totals_is_noticed(columns: dict[str, list[Any]], evidence: str) -> None:
    found = total_row(*table(columns))
    assert found is not None and found.evidence == evidence
    assert total_row(*table(columns, complete=False)) is None  # the last row of the first ones is not the last


@pytest.mark.parametrize("columns", [c[1] for c in OTHERS], ids=[c[0] for c in OTHERS])
def test_other_rows_stay(columns: dict[str, list[Any]]) -> None:
    assert total_row(*table(columns)) is None
