"""Recommended rulesets: which rules are proposed and why, that each holds, and that nothing private shows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tilth
from tests.engines import duckdb_session
from tilth.drafting import recommend
from tilth.drafting.rules import Proposal
from tilth.errors import ColumnError
from tilth.rules import formatted

N = 100
TABLE = pa.table(
    {
        "id": range(N),
        "code": [f"c{i:03}" for i in range(N)],
        "sku": [f"s{max(i, 1):03}" for i in range(N)],  # 98 = 2 · 99 − 100 values occur once at least
        "gaps": [None if i < 10 else i * 0.5 for i in range(N)],  # Wilson 1927 for 90 of 100: 0.8256
        "rare": [1.0 if i < 21 else None for i in range(N)],  # and for 21 of 100: 0.1416
        "few": [1 if i < 20 else None for i in range(N)],
        "year": [2001 + i % 25 for i in range(N)],
        "grade": [1 + i % 4 for i in range(N)],
        "step": [10 * (i % 4) for i in range(N)],
        "side": ["left" if i % 3 else "right" for i in range(N)],
        "town": [f"t{min(i // 20, 3)}" if i < 90 else "t4" if i < 98 else f"t{i}" for i in range(N)],  # 2 of 7 values once
        "typed": [str(i * 3 % 97) for i in range(N)],
        "day": [None if i == 4 else date.fromordinal(738_000 + i % 60).isoformat() for i in range(N)],
        "blank": ["" if i == 7 else "x" * (i % 60 + 1) for i in range(N)],
        "phone": [f"+49 30 5550{i:03}" for i in range(N)],
        "salary": [50_000 + i * 13 for i in range(N)],
        "closed": [date.fromordinal(738_000 + i + i // 10) for i in range(N)],
        "zip": [f"{(i * 7919 + i // 50) % 100_000:05}" for i in range(N)],
        "born": [date.fromordinal(700_000 + i * 97) for i in range(N)],
    }
)
EXPECTED = """\
# Recommended for a table of 100 rows and 19 columns: every rule holds there. Keep those that must hold for all data.
Rules = [
    RowCount between 50 and 150,  # 100 rows
    ColumnCount = 19,  # all columns

    IsPrimaryKey "id",  # 100 distinct values

    IsComplete "code",  # 100 values
    IsUnique "code",  # 100 distinct values
    ColumnLength "code" = 4,  # 4 characters
    ColumnValues "code" != WHITESPACES_ONLY,  # none seen

    IsComplete "sku",  # 100 values
    Uniqueness "sku" > 0.95,  # 99 distinct values in 100 rows
    ColumnLength "sku" = 4,  # 4 characters
    ColumnValues "sku" != WHITESPACES_ONLY,  # none seen

    Completeness "gaps" >= 0.82,  # 90 values in 100 rows
    ColumnValues "gaps" >= 0 where "gaps is not null",  # from 5.0
    ColumnValues "gaps" <= 54 where "gaps is not null",  # to 49.5

    # rare has a single value: only its nulls carry information
    Completeness "rare" >= 0.14,  # 21 values in 100 rows
    ColumnValues "rare" in [1] where "rare is not null",  # one value, in 21 rows

    # few has a single value: only its nulls carry information
    ColumnValues "few" in [1] where "few is not null",  # one value, in 20 rows

    IsComplete "year",  # 100 values
    ColumnValues "year" >= 2001,  # 2001 to 2025, and years go on

    IsComplete "grade",  # 100 values
    ColumnValues "grade" in [1,2,3,4],  # 4 values, the rarest in 25 rows

    IsComplete "step",  # 100 values
    ColumnValues "step" >= 0,  # from 0
    ColumnValues "step" <= 33,  # to 30

    IsComplete "side",  # 100 values
    ColumnValues "side" in ["left","right"],  # 2 values, the rarest in 34 rows

    IsComplete "town",  # 100 values
    ColumnValues "town" in ["t0","t1","t2","t3"] with threshold >= 0.82,  # 4 of 7 values, in 90 of 100 rows

    IsComplete "typed",  # 100 values
    ColumnDataType "typed" = "Integer",  # 100 strings that read as such

    Completeness "day" >= 0.94,  # 99 values in 100 rows
    ColumnDataType "day" = "Date" where "day is not null",  # 99 strings that read as such

    IsComplete "blank",  # 100 values
    ColumnValues "blank" not in [EMPTY,WHITESPACES_ONLY] with threshold >= 0.94,  # 1 of 100 values is blank
    ColumnLength "blank" <= 60,  # 0 to 60 characters

    # phone looks private: its name says so
    IsComplete "phone",  # 100 values
    IsUnique "phone",  # 100 distinct values
    ColumnValues "phone" != EMPTY,  # none seen
    ColumnValues "phone" != WHITESPACES_ONLY,  # none seen

    # salary looks private: you said so
    IsComplete "salary",  # 100 values

    IsComplete "closed",  # 100 values
    IsUnique "closed",  # 100 distinct values

    IsComplete "zip",  # 100 values
    ColumnDataType "zip" = "Integer",  # 100 strings that read as such
    ColumnLength "zip" = 5,  # 5 characters

    IsComplete "born"  # 100 values
]
"""


@pytest.mark.slow
def test_each_column_has_its_rules_and_they_hold() -> None:
    """By hand from the table in docs/dqdl.md; nothing shows of the numbers of phones, nor of salaries."""
    found = recommend(TABLE, private=["salary"], engine=duckdb_session())
    assert str(found) == EXPECTED
    assert tilth.check(TABLE, found.ruleset, engine=duckdb_session())
    assert formatted(EXPECTED) == EXPECTED


CELLS = [
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.decimals(-(10**6), 10**6, places=3),
    st.sampled_from(["", " ", "2024-01-01", "2024-01-01 10:00", "12:30", 'a"b', "a\\b", "it's", "\n", "é", "12", "1e5", "yes", "x" * 130]),
    st.text(max_size=4),
]
FEW = st.one_of(*(st.lists(st.none() | cells, min_size=1, max_size=5) for cells in CELLS))  # of which a column is made
NAMES = st.sampled_from(["a", "id", "select", 'say "x"', "back\\slash", "tick`y", "x.y", "code"])


@pytest.mark.slow
@settings(max_examples=25)
@given(st.dictionaries(NAMES, FEW, min_size=1, max_size=4), st.booleans())
@example({"a": ["12:30", None, "12:30"]}, False)  # a string, not a time of day
def test_rules_hold_before_they_are_evaluated(columns: dict[str, list[Any]], sampled: bool) -> None:
    """What is drafted without being evaluated holds as well, whether each row was looked at or the first five of 30."""
    table = pa.table({name: pa.array((values * 30)[:30]) for name, values in columns.items()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tilth.drafting.recommendation._passing", lambda proposed, data, session: proposed)
        if sampled:
            patch.setattr("tilth.drafting.sample.MOST_ROWS", 5)
            patch.setattr("tilth.drafting.sample.FEWEST_ROWS", 5)
        found = recommend(table, engine=duckdb_session())
    tilth.check(table, found.ruleset, engine=duckdb_session()).raise_for_failures()
    assert formatted(str(found)) == str(found)


def test_a_rule_that_does_not_hold_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [Proposal(rule, "") for rule in ("RowCount > 5", "RowCount < 5", 'IsUnique "none"')]
    monkeypatch.setattr("tilth.drafting.recommendation.proposals", lambda seen, ids: wrong)
    assert [p.rule for p in recommend(pa.table({"a": [1]}), engine=duckdb_session()).proposals] == ["RowCount < 5"]


def test_roles_say_what_identifies_and_what_is_private() -> None:
    data = tilth.read(pa.table({"k": ["a", "b"], "s": [71_000, 72_000]}), roles={"id": "k", "private": "s"})
    assert [p.rule for p in recommend(data).proposals][2:] == [
        'IsPrimaryKey "k"',
        'ColumnLength "k" = 1',
        'ColumnValues "k" != WHITESPACES_ONLY',
        'IsComplete "s"',
    ]
    with pytest.raises(ColumnError, match="there is no column 'q'"):
        recommend(TABLE, private=["q"])


def test_a_postcode_is_no_key_though_each_was_seen_once() -> None:
    table = pa.table({"zip": [f"{n:05}" for n in range(1067, 1167)]})
    assert not [p.rule for p in recommend(table).proposals if "Unique" in p.rule or "Key" in p.rule]


def test_what_is_odd_is_said_but_not_of_private_columns() -> None:
    table = pa.table(
        {
            "age": [20 + i for i in range(30)] + [250],
            "score": [500.0 + i for i in range(30)] + [-999],
            "x": ["N/A", "yes", " YES"] * 10 + ["no"],
        }
    )
    odd = {
        "# age ranges from 20 to 250",
        '# score holds -999, which may mean "not known"',
        "# x has several spellings of one value: ' YES', 'yes'",
    }
    said = {line.strip() for line in str(recommend(table)).splitlines()}
    assert odd <= said and "# Missing values may be written as N/A: read as null, they give other rules." in said
    hidden = str(recommend(table, private=["age", "score", "x"]))
    assert not [value for value in ("250", "999", "YES") if value in hidden]


def test_a_table_without_rows_has_columns() -> None:
    assert [p.rule for p in recommend(pa.table({"a": pa.array([], "int64")})).proposals] == ["ColumnCount = 1"]


@pytest.mark.spark
def test_spark_recommends_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: Any) -> None:
    monkeypatch.setattr("tilth.drafting.sample.MOST_ROWS", 20)
    monkeypatch.setattr("tilth.drafting.sample.FEWEST_ROWS", 20)
    pq.write_table(TABLE.select(["id", "gaps", "town", "day", "blank"]), tmp_path / "a.parquet")  # each way to ask, once
    theirs, ours = (recommend(tmp_path / "a.parquet", engine=engine) for engine in (tilth.Spark(spark).session(), duckdb_session()))
    assert str(theirs) == str(ours)
    assert 'ColumnDataType "day" = "Date"' in str(theirs)
