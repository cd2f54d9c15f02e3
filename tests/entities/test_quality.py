"""How well entities are found in texts and columns whose values others made: Faker and python-stdnum, beside much that looks like them."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from bench.labelled import EACH, NEGATIVES, SEED, columns, quality, sources
from tests.engines import duckdb_session

NOT_TOLD = {"DATE_OF_BIRTH", "CHINA_PHONE_NUMBER"}  # without a column's name any date may be one, and eleven digits may be anything
CHANCE = 3  # columns of order numbers, card numbers with a wrong digit, and versions that are IP addresses


@pytest.mark.slow
def test_precision_and_recall_are_not_below_what_is_recorded() -> None:
    """`python -m bench.labelled > tests/entities/quality.csv` records them anew."""
    with (Path(__file__).parent / "quality.csv").open(encoding="utf-8") as file:
        recorded = {row["entity"]: (float(row["precision"]), float(row["recall"])) for row in csv.DictReader(file)}
    found = quality(EACH, SEED)
    assert found.keys() == recorded.keys() == {s.entity for s in sources()}
    worse = {e: (found[e], recorded[e]) for e in found if any(f < r - 0.001 for f, r in zip(found[e], recorded[e], strict=False))}
    assert not worse
    assert sum(f1 > 0.97 for _, _, f1 in found.values()) >= 0.85 * len(found)


@pytest.mark.slow
def test_columns_get_their_entities_and_others_none() -> None:
    """Columns without a telling name, of all countries."""
    made = list(columns(sources(), 40, SEED))
    table = pa.table({f"x{chr(97 + i // 26)}{chr(97 + i % 26)}": values for i, (_, values) in enumerate(made)})
    report = tilth.measure(table, "sensitive", engine=duckdb_session())
    held = {f.name: {name for t in f.payload.types for name in (t.entity, *t.also)} for f in report.of("sensitive")}
    by_source = [(source, held.get(name, set())) for name, (source, _) in zip(table.column_names, made, strict=True)]
    assert {s.entity for s, names in by_source if s and s.entity not in names} <= NOT_TOLD
    assert len([s for s, names in by_source if s is None and names]) <= CHANCE < len(NEGATIVES) / 10
