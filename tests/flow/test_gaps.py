"""The gap of a split by time beside what windows read."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

import tilth
from tilth.flow import Flow
from tilth.flow.split_checks import GAPS

HOURS = [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(300)]


def said(rows: str, gap: str = "", series: int = 1) -> tuple[str, str] | None:
    """What is said of the gap, and the line that mends it; the line leaves nothing to say."""
    table = pa.table({"t": HOURS * series, "k": [k for k in range(series) for _ in HOURS], "x": list(range(300 * series))})

    def found(split: str) -> list[tuple[str, str]]:
        flow = Flow.parse(f"data: {{roles: {{time: t}}}}\nrows: [{{window: {{columns: x, {rows}}}}}]\n{split}")
        return [(f.message, f.payload.remedy) for f in tilth.run(flow, data=table).of("split") if f.name == GAPS]

    first = found(f"split: {{train: 0.8, test: 0.2, by: time{gap and f', gap: {gap}'}}}")
    assert not first or not found(first[0][1])
    return first[0] if first else None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "gap", "series", "message", "wanted"),
    [
        ("n: [1, 24]", "", 1, "window x reads 24 rows back, and the gap between the parts is missing: rows that are tested", "24 rows"),
        ("n: 24", "23 hours", 1, "reads 24 rows back, and the gap between the parts is 23 hours", "24 rows"),
        ("n: 24, by: k", "30 rows", 2, "reads 24 rows back", "1 day"),
        ("with: mean, window: 2 d", "1 day", 1, "reads 2 days back", "2 days"),
        ("with: lead, n: 3, causal: false", "", 1, "reads 3 rows ahead, .* training rows hold values of rows that are tested", "3 rows"),
        ("with: mean, window: 9, center: true, causal: false", "3 hours", 1, "reads 4 rows", "4 rows"),
    ],
)
def test_a_window_beyond_the_gap_is_reported_with_the_line_that_mends_it(
    rows: str, gap: str, series: int, message: str, wanted: str
) -> None:
    found = said(rows, gap, series)
    assert found is not None
    assert re.search(message, found[0]), found[0]
    assert found[1] == f'split: {{train: 0.8, test: 0.2, by: time, gap: "{wanted}"}}'


@pytest.mark.parametrize(
    ("rows", "gap"),
    [
        ("n: 24", "24 hours"),
        ("n: 24", "24 rows"),
        ("with: mean, window: 25", "1 day"),
        ("with: mean, window: 24, closed: left", "24 rows"),
        ("with: sum, window: expanding", ""),
        ("with: ffill", ""),
    ],
)
def test_a_gap_that_is_long_enough_is_not_reported(rows: str, gap: str) -> None:
    assert said(rows, gap) is None
