"""What conditions mean: the comparison tables and the truth table of DQDL, cell by cell."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.expressions import Expression as Tree

from tests.engines import duckdb_session
from tilth.data import Change, Column, Dataset, Kind, Memory
from tilth.engine.row import row_function
from tilth.engine.session import everything
from tilth.errors import RulesError
from tilth.rules import parse
from tilth.rules.cells import passes
from tilth.rules.conditions import Criterion, Setting, clock, day, resolve
from tilth.rules.language.syntax import Condition, Variable

KINDS = {int: Kind.INTEGER, float: Kind.FLOAT, str: Kind.STRING, date: Kind.DATE, datetime: Kind.TIMESTAMP}
NOW = datetime(2024, 3, 10, 12, 34, 56, tzinfo=UTC)


def condition(text: str, rule: str = 'ColumnValues "c"', variables: str = "") -> tuple[Condition, dict[str, Variable]]:
    ruleset = parse(f"{variables} Rules = [ {rule} {text} ]")
    found = next(iter(ruleset.leaves)).condition
    assert found
    return found, {variable.name: variable for variable in ruleset.variables}


def criterion(text: str, rule: str = 'ColumnValues "c"', variables: str = "", **setting: object) -> Criterion:
    ignore_case = bool(setting.pop("ignore_case", False))
    found, known = condition(text, rule, variables)
    return resolve(found, Setting(**({"now": NOW, "variables": known} | setting)), ignore_case=ignore_case)  # type: ignore[arg-type]


def holds(it: Criterion, value: Any) -> bool:
    """Whether a cell meets it; a number must meet it as a metric too."""
    kind = KINDS[type(value)] if value is not None else {"number": Kind.FLOAT, "date": Kind.TIMESTAMP}.get(it.family, Kind.STRING)
    column = Column("c", Kind.TIMESTAMP_TZ if isinstance(value, datetime) and value.tzinfo else kind)
    if it.family not in ("number", "string", "date"):
        return it.holds(value)
    if it.family == "date":
        return on_duckdb(passes(it, column), value)
    cell = row_function([Change((("met", passes(it, column)),))], ["c"])({"c": value})["met"]
    if value is None or (it.family == "number" and not math.isnan(value)):
        assert it.holds(value) is cell
    return cell


def on_duckdb(tree: Tree, value: Any) -> bool:
    table = pa.table({"c": pa.array([value], pa.timestamp("us") if value is None else None)})
    with duckdb_session() as session:
        ((met,),) = session.peek(Dataset(Memory(table, ("c",), id(table))).change({"met": tree}).keep(("met",)), everything())
    return met


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("= 5", [5, 5.0], [4, 5.000001]),
        ("!= 5", [4], [5.0]),
        ("> 5", [6], [5, 4]),
        (">= 5", [5, 6], [4]),
        ("< 5", [4], [5]),
        ("<= 5", [5], [6]),
        ("between 5 and 10", [6, 7.5, 9], [5, 10, 11]),
        ("not between 5 and 10", [5, 10, 11], [6, 9]),
        ("between 10 and 5", [], [5, 7, 10]),
        ("not between 10 and 5", [5, 7, 10], []),
        ("in [1, 2.5]", [1, 2.5], [2]),
        ("not in [1, 2.5]", [2], [1, 2.5]),
        ("> 1 + 2 * 3", [9.1], [9, 7.5]),
        ("= 0", [0.0, -0.0], []),
    ],
)
def test_numbers(text: str, true: list[float], false: list[float]) -> None:
    it = criterion(text)
    assert all(holds(it, x) for x in true)
    assert not any(holds(it, x) for x in false)
    assert not it.holds(math.nan)


@pytest.mark.parametrize(
    ("text", "null", "true", "false"),
    [  # the truth table
        ('= "a"', False, ["a"], ["A", "", " a"]),
        ('in ["a","b"]', False, ["a", "b"], ["c"]),
        ('in ["a",NULL]', True, ["a"], ["c"]),
        ('!= "a"', True, ["b", ""], ["a"]),
        ('not in ["a","b"]', True, ["c", ""], ["a"]),
        ('not in ["a",NULL]', False, ["c"], ["a"]),
        ("= EMPTY", False, [""], [" ", "a"]),
        ("in [EMPTY,NULL]", True, [""], [" "]),
        ("!= EMPTY", True, [" ", "a"], [""]),
        ("not in [EMPTY]", True, ["a"], [""]),
        ("= WHITESPACES_ONLY", False, [" ", "\t\n", "\u2003\xa0"], ["", "a", " a"]),
        ("!= WHITESPACES_ONLY", True, ["", "a"], [" ", "\u3000"]),
        ("not in [NULL,EMPTY,WHITESPACES_ONLY]", False, ["a"], ["", " "]),
        ('matches "a+"', False, ["a", "aa"], ["", "ab", "xa", "a\n"]),
        ('matches "a|bc"', False, ["a", "bc"], ["ac", "abc"]),
        ('not matches "a+"', False, ["", "ab"], ["a"]),
        ('matches "\\d\\.x"', False, ["5.x"], ["5xx"]),
        ('= "a\\"b\\\\c\\\'d"', False, ["a\"b\\c'd"], []),
    ],
)
def test_strings(text: str, null: bool, true: list[str], false: list[str]) -> None:
    it = criterion(text)
    assert holds(it, None) is null
    assert all(holds(it, x) for x in true)
    assert not any(holds(it, x) for x in false)


@pytest.mark.parametrize(
    ("text", "null", "one"),
    [("= NULL", True, False), ("!= NULL", False, True), ("in [NULL]", True, False), ("not in [NULL]", False, True)],
)
def test_null_alone(text: str, null: bool, one: bool) -> None:
    assert (holds(criterion(text), None), holds(criterion(text), 1)) == (null, one)


@pytest.mark.parametrize(
    "text", ["> 1", ">= 1", "< 1", "<= 1", "between 1 and 2", "not between 1 and 2", 'not between "2024-01-01" and now()']
)
def test_null_has_no_order(text: str) -> None:
    assert not holds(criterion(text), None)


def test_case_is_ignored_in_strings_only() -> None:
    assert holds(criterion('in ["New","PAID"]', ignore_case=True), "nEW")
    assert not holds(criterion('matches "new"', ignore_case=True), "NEW")


def test_days_are_compared_as_days() -> None:
    it = criterion('= "2024-03-01"')
    assert it.daily
    assert holds(it, date(2024, 3, 1))
    assert holds(it, datetime(2024, 3, 1, 23, 59))
    assert not holds(it, datetime(2024, 3, 2))
    assert not holds(it, datetime(2024, 3, 1, 22, tzinfo=timezone(timedelta(hours=-5))))  # already the second in UTC


def test_timestamps_are_compared_as_timestamps() -> None:
    it = criterion('between "2024-03-01" and now()')
    assert not it.daily
    assert holds(it, datetime(2024, 3, 10, 12, 33))
    assert not holds(it, datetime(2024, 3, 10, 12, 34))  # the seconds of now are cut off
    assert not holds(it, date(2024, 3, 1))  # its midnight is the bound itself


def test_shifts() -> None:
    assert criterion("> (now() - 90 minutes)").operands == (datetime(2024, 3, 10, 11, 4),)
    assert criterion("> (now() + 2 days)").operands == (datetime(2024, 3, 12, 12, 34),)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ('> "9:30 AM"', "UTC", datetime(2024, 3, 10, 9, 30)),
        ('> "21:30"', "Asia/Tokyo", datetime(2024, 3, 10, 12, 30)),  # nine hours ahead, the same day
        ('> "00:15"', "America/Los_Angeles", datetime(2024, 3, 10, 8, 15)),  # the night of the change to summer time
        ('> "12:15 PM"', "America/Los_Angeles", datetime(2024, 3, 10, 19, 15)),
    ],
)
def test_clock_times_are_of_today_in_their_zone(text: str, zone: str, expected: datetime) -> None:
    assert criterion(text, zone=ZoneInfo(zone)).operands == (expected,)


def test_durations_are_in_seconds_and_sizes_in_bytes() -> None:
    fresh = criterion("between 5 minutes and 2 hours", 'DataFreshness "c"')
    assert [holds(fresh, seconds) for seconds in (300, 301, 7199, 7200, -5)] == [False, True, True, False, False]
    assert criterion("in [1 KB,2 B]", "FileSize").operands == (1024, 2)
    assert holds(criterion("> 10", "FileSize"), 11)


def test_variables_are_looked_up() -> None:
    it = criterion("in $s", variables='s = ["a", NULL, EMPTY]')
    assert [holds(it, x) for x in ("a", None, "", "b")] == [True, True, True, False]
    assert criterion('not in ["x",$s]', variables='s = "y"').operands == ("x", "y")
    assert holds(criterion("= $s", variables='s = "y"'), "y")
    found, _ = condition("= $s", variables='s = "y"')
    with pytest.raises(RulesError, match="there is no variable s"):
        resolve(found, Setting(NOW))


@pytest.mark.parametrize("text", ["2023-02-29", "2024-13-01", "2024-00-10", "0000-01-01"])
def test_days_that_there_are_not(text: str) -> None:
    with pytest.raises(ValueError):
        day(text)


@pytest.mark.parametrize("text", ["24:00", "12:60", "13:00 PM", "0:30 AM", "00:00 PM"])
def test_clock_times_that_there_are_not(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|unconverted"):
        clock(text)


def test_noon_and_midnight() -> None:
    assert [clock(text) for text in ("12:00 AM", "12:00 PM", "1:00 PM", "00:00", "23:59")] == [(0, 0), (12, 0), (13, 0), (0, 0), (23, 59)]


finite = st.floats(allow_nan=False)


@given(finite, finite, finite)
def test_not_between_is_the_complement(x: float, a: float, b: float) -> None:
    operands = (a, b)
    assert Criterion("number", "between", operands).holds(x) != Criterion("number", "between", operands, negated=True).holds(x)


@given(finite, st.lists(st.one_of(finite, st.none()), min_size=1))
def test_not_in_is_the_complement(x: float, members: list[float | None]) -> None:
    operands = tuple(members)
    assert Criterion("number", "in", operands).holds(x) != Criterion("number", "in", operands, negated=True).holds(x)
    assert Criterion("number", "in", operands).holds(None) != Criterion("number", "in", operands, negated=True).holds(None)


@given(st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "between", "in"]), st.booleans(), finite, finite)
def test_nan_meets_nothing(operator: str, negated: bool, a: float, b: float) -> None:
    operands = (a, b) if operator == "between" else (a,)
    assert not Criterion("number", operator, operands, negated and operator in ("between", "in")).holds(math.nan)
