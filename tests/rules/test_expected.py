"""The expected interval of a metric, and DetectAnomalies over earlier checks."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import tilth
from tilth.errors import RequestError
from tilth.history import ledger_at
from tilth.report import Outcome
from tilth.rules.expected import FEWEST, STUDENT, Expected, expected

series = st.lists(st.floats(-1e6, 1e6), min_size=FEWEST, max_size=30)


def test_the_quantiles_are_those_of_student():
    assert pytest.approx([min(10.0, stats.t.ppf(0.9985, n - 1)) for n in range(3, 12)], abs=1e-4) == STUDENT


def test_limits_by_hand():
    """The level is 10; residuals 2, 1, 1, 0, 0: s = 1.4826 · 1, k = t(4) = 6.4348; √(1 + 1/5)."""
    found = expected([12.0, 11.0, 9.0, 10.0, 10.0])
    width = 6.4348 * 1.4826 * math.sqrt(1.2)
    assert found == Expected(10.0, pytest.approx(10 - width), pytest.approx(10 + width))


def test_a_trend_by_another_library():
    chance = random.Random(2)
    values = [100 + 5 * i + chance.gauss(0, 1) for i in range(30)]
    slope, level, *_ = stats.theilslopes(values, method="joint")
    found = expected(values[::-1])
    assert found.value == pytest.approx(level + slope * 30, rel=1e-12)
    assert found.holds(250) and not found.holds(230)


@given(series)
def test_the_next_value_is_within_limits_that_hold_the_expected_one(values):
    found = expected(values)
    low, high = map(float, found.bounds)
    assert low < found.low <= found.value <= found.high < high
    clipped = expected(values, (0.0, 1.0))
    assert 0 <= clipped.low <= clipped.high <= 1


@given(st.lists(st.integers(-1000, 1000), min_size=FEWEST, max_size=30), st.integers(-1000, 1000), st.sampled_from([0.25, 1, 8]))
def test_limits_move_and_grow_with_the_values(values, shift, factor):
    plain, moved = expected(values), expected([x * factor + shift for x in values])
    for ours, theirs in ((plain.low, moved.low), (plain.high, moved.high)):
        assert ours * factor + shift == pytest.approx(theirs, rel=1e-6, abs=1e-3)


MONDAY = datetime(2026, 1, 5, 6, tzinfo=UTC)


def daily(days: int, of) -> tuple[list[float], list[datetime]]:
    """Values of that many days and their times, the latest first."""
    times = [MONDAY + timedelta(days=d) for d in range(days)]
    return [of(t) for t in times][::-1], times[::-1]


def test_a_season_of_a_week_is_told_by_the_weekday_even_if_days_are_missing():
    chance = random.Random(4)
    values, times = daily(35, lambda t: (20 if t.weekday() >= 5 else 100) + 0.5 * (t - MONDAY).days + chance.gauss(0, 1))
    kept = [i for i in range(35) if i not in (3, 9, 20)]
    values, times = [values[i] for i in kept], [times[i] for i in kept]
    for day, level in ((35, 100), (40, 20)):  # a Monday, and a Saturday
        found = expected(values, times=times, at=MONDAY + timedelta(days=day))
        assert found.season == "a week" and found.trend == pytest.approx(0.5, rel=0.1)
        assert found.value == pytest.approx(level + 0.5 * day, abs=3)
        assert found.holds(level + 0.5 * day) and not found.holds(120 - level)


@pytest.mark.parametrize(("runs", "name"), [(7, "7 runs"), (12, "12 runs")])
def test_a_season_of_runs_without_times(runs, name):
    chance = random.Random(1)
    found = expected([(50 if i % runs == 0 else 5) + chance.gauss(0, 0.5) for i in range(4 * runs)][::-1])
    assert found.season == name and found.value == pytest.approx(50, abs=2)


def test_chance_is_seldom_taken_for_a_season():
    chance, seen = random.Random(0), 0
    for _ in range(200):
        values, times = daily(chance.randint(14, 60), lambda t: chance.gauss(0, 1))
        seen += bool(expected(values, times=times, at=times[0] + timedelta(days=1)).season)
    assert seen < 20


def test_a_season_outlives_an_outlier():
    chance = random.Random(2)
    usual, times = daily(42, lambda t: (100 if t.weekday() >= 5 else 180) + 3 * (t - MONDAY).days + chance.gauss(0, 4))
    values = [30 if t.day == 30 else x for x, t in zip(usual, times, strict=True)]
    found = expected(values, times=times, at=MONDAY + timedelta(days=47))  # a Saturday
    assert found.season == "a week" and found.value == pytest.approx(100 + 3 * 47, abs=12)


def test_limits_know_that_a_season_is_learned_from_few_values():
    chance, outside = random.Random(1), 0
    for _ in range(60):
        values, times = daily(chance.randint(22, 30), lambda t: (20 if t.weekday() >= 5 else 100) + chance.gauss(0, 5))
        outside += not expected(values[1:], times=times[1:], at=times[0]).holds(values[0])
    assert outside <= 6


def test_limits_are_wider_after_a_pause():
    values, times = daily(10, lambda t: 10 + t.day % 2)
    found = [expected(values, times=times, at=times[0] + timedelta(days=d)) for d in (1, 3, 90)]
    first, *others = (f.high - f.low for f in found)
    assert [w / first for w in others] == [pytest.approx(math.sqrt(3.1 / 1.1)), pytest.approx(math.sqrt(4.1 / 1.1))]


ROWS = pa.table({"x": [1.0, 2.0, 3.0, 4.0], "word": ["a", "bb", None, "a"]})


def checked(table: pa.Table, place: Path, rules: str, **options):
    return tilth.check(table, f'DataSources = {{ "Primary": "t" }} Rules = [ {rules} ]', history=place, **options).findings


def test_the_time_of_a_check_is_a_datetime_a_date_or_a_string(tmp_path):
    times = [datetime(2026, 1, 1), date(2026, 1, 2), "2026-01-03", "2026-01-04T01:00+02:00"]
    for at in times:
        (found,) = checked(ROWS, tmp_path / "history.db", 'DetectAnomalies "RowCount"', at=at)
    assert found.payload.warnings == () and found.outcome == Outcome.PASSED
    recorded = [str(c.at) for c in ledger_at(tmp_path / "history.db").checks()]
    assert recorded == [f"2026-01-0{d}+00:00" for d in ("3 23:00:00", "3 00:00:00", "2 00:00:00", "1 00:00:00")]
    with pytest.raises(RequestError, match="'yesterday' is not the time of a check"):
        checked(ROWS, tmp_path / "history.db", "RowCount > 1", at="yesterday")


def test_a_metric_is_watched_over_checks(tmp_path):
    place = tmp_path / "history.db"
    rules = 'DetectAnomalies "Mean" "x", DetectAnomalies "RowCount", DetectAnomalies "ColumnLength" "word"'
    for _ in range(3):
        first = checked(ROWS, place, rules)
        assert [f.outcome for f in first] == [Outcome.PASSED] * 3
    assert first[0].payload.warnings == ("not enough history: 2 of 3 values of Column.x.Mean",)
    rows, mean, length = checked(
        pa.table({"x": [40.0, 50.0], "word": ["aaaa", "b"]}),
        place,
        'DetectAnomalies "RowCount", DetectAnomalies "Mean" "x", DetectAnomalies "ColumnLength" "word"',
    )
    assert [f.outcome for f in (rows, mean, length)] == [Outcome.FAILED] * 3
    assert rows.message.startswith("Value: 2.0 does not meet the constraint requirement!\nDataset.*.RowCount is outside the expected range")
    assert mean.payload.notes == (
        'Column.x.Mean is outside the expected range: 45, expected 2.5, 2.5 to 2.5 (Mean "x" between 2.49 and 2.51)',
    )
    assert set(length.payload.metrics) == {"Column.word.MinimumLength", "Column.word.MaximumLength"}
    assert 'ColumnLength "word" < 2.01' in length.payload.notes[1]
    assert ledger_at(place).values("t", "Column.x.Mean") == (45.0, 2.5, 2.5, 2.5)  # what failed is recorded too


def test_a_query_and_a_rule_on_the_same_metric_share_a_history(tmp_path):
    place, query = tmp_path / "history.db", "select count(*) from primary"
    for _ in range(3):
        checked(ROWS, place, f'CustomSql "{query}" > 0, RowCount > 0')
    found = checked(ROWS.slice(0, 1), place, f'DetectAnomalies "CustomSQL" "{query}", DetectAnomalies "RowCount"')
    assert [f.outcome for f in found] == [Outcome.FAILED] * 2


def test_what_cannot_be_watched_is_an_error(tmp_path):
    rules = 'Rules = [ DetectAnomalies "RowCount", RowCount = 4 ]'
    assert [str(f.outcome) for f in tilth.check(ROWS, rules).findings] == ["Error", "Passed"]
    found = checked(
        ROWS, tmp_path / "h.db", 'DetectAnomalies "Mean" "word", DetectAnomalies "ColumnValues" "word", DetectAnomalies "Mean" "no"'
    )
    assert [f.outcome for f in found] == [Outcome.ERROR] * 3
    assert "Column.word.Minimum is not a number" in found[1].message
    (nothing,) = checked(ROWS.slice(0, 0), tmp_path / "h.db", 'DetectAnomalies "Mean" "x"')
    assert (nothing.outcome, nothing.message) == (Outcome.FAILED, "there are no rows to evaluate")
