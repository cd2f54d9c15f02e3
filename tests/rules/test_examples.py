"""What is shown of what fails: values and keys with their rows, the same on both engines, values of all rules in one scan."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tests.rules.cases import evaluate
from tilth.data import Dataset, Memory, Roles
from tilth.engine.session import Session
from tilth.report import Finding
from tilth.rules import parse

TABLE = pa.table(
    {
        "id": [5, 4, 3, 2, 1, 6, 7, 8],
        "shop": ["a", "a", "b", "b", "b", None, None, "c"],
        "day": [1, 1, 1, 1, 2, 3, None, 1],
        "age": [17, -1, 17, None, 200, None, None, 40],
        "sex": ["FEMALE", "male", "FEMALE", "Male ", None, "female", "Male ", "FEMALE"],
        "mail": ["ada@x.org", "ada@x.org", "bob@x.org", "bob@x.org", "bob@x.org", "c", None, None],
        "tags": [["x"], None, None, ["y"], [], [], [], []],
    }
)
ROLES = Roles.of(id="id", private="mail")
# rule → the examples and their rows, counted by hand in the table above
CASES: dict[str, tuple[list[dict[str, object]], list[int]]] = {
    'IsUnique "shop"': ([{"id": 1, "shop": "b"}, {"id": 4, "shop": "a"}], [3, 2]),
    'IsUnique "shop" "day"': ([{"id": 4, "shop": "a", "day": 1}, {"id": 2, "shop": "b", "day": 1}], [2, 2]),
    'IsPrimaryKey "shop"': ([{"id": 1, "shop": "b"}, {"id": 4, "shop": "a"}, {"id": 6, "shop": None}], [3, 2, 2]),
    'IsPrimaryKey "day"': ([{"id": 2, "day": 1}, {"id": 7, "day": None}], [5, 1]),
    'IsUnique "mail"': ([{"id": 1, "mail": "b*** (9 characters)"}, {"id": 4, "mail": "a*** (9 characters)"}], [3, 2]),
    'IsUnique "shop" where "day = 1"': ([{"id": 4, "shop": "a"}, {"id": 2, "shop": "b"}], [2, 2]),
    'Uniqueness "shop" > 0.9': ([{"id": 1, "shop": "b"}, {"id": 4, "shop": "a"}], [3, 2]),
    'UniqueValueRatio "shop" > 0.9': ([{"id": 1, "shop": "b"}, {"id": 4, "shop": "a"}], [3, 2]),
    'DuplicateRowCount "shop" "day" = 0': ([{"id": 4, "shop": "a", "day": 1}, {"id": 2, "shop": "b", "day": 1}], [2, 2]),
    'ColumnValues "age" between 17 and 110': (
        [{"id": 2, "age": None}, {"id": 3, "age": 17}, {"id": 4, "age": -1}, {"id": 1, "age": 200}],
        [3, 2, 1, 1],
    ),
    'ColumnValues "sex" in ["female", "male"]': (
        [{"id": 3, "sex": "FEMALE"}, {"id": 2, "sex": "Male "}, {"id": 1, "sex": None}],
        [3, 2, 1],
    ),
    'Completeness "age" > 0.9': ([{"id": 2, "age": None}, {"id": 6, "age": None}, {"id": 7, "age": None}], []),
    'IsComplete "tags"': ([{"id": 4, "tags": None}, {"id": 3, "tags": None}], []),
    '(ColumnValues "age" > -1) and (ColumnValues "age" < 110)': (
        [{"id": 2, "age": None}, {"id": 4, "age": -1}, {"id": 1, "age": 200}],
        [3, 1, 1],
    ),
    '(ColumnValues "age" > 100) or (IsComplete "sex")': ([], []),  # no row fails both: null is not above 100, but its sex is there
    'ReferentialIntegrity "shop" "shops.name" = 1.0': (
        [{"id": 1, "shop": "b"}, {"id": 6, "shop": None}, {"id": 8, "shop": "c"}],
        [3, 2, 1],
    ),
    'ReferentialIntegrity "mail" "shops.name" = 1.0': (
        [
            {"id": 1, "mail": "b*** (9 characters)"},
            {"id": 4, "mail": "a*** (9 characters)"},
            {"id": 7, "mail": None},
            {"id": 6, "mail": "***"},
        ],
        [3, 2, 2, 1],
    ),
    'DatasetMatch "days" "id" "day" > 0.9': ([{"id": 3, "day": 1}, {"id": 7, "day": None}], [1, 1]),
    'CustomSql "select shop from primary where day = 1"': ([{"id": 6, "shop": None}], [2]),
    # too unique, or a number of no row: nothing to show
    'Uniqueness "shop" < 0.1': ([], []),
    'Mean "age" > 1000': ([], []),
    '(IsUnique "shop") and (Mean "age" > 1000)': ([], []),
}


SHOPS = pa.table({"name": ["a"]})
DAYS = pa.table({"id": [5, 4, 3, 2, 1, 6, 8], "day": [1, 1, 9, 1, 2, 3, 1]})
SOURCES = {name: Dataset(Memory(table, tuple(table.column_names), id(table))) for name, table in (("shops", SHOPS), ("days", DAYS))}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Dataset(Memory(TABLE, tuple(TABLE.column_names)), ROLES)


def shown(finding: Finding) -> tuple[list[dict[str, object]], list[int]]:
    """The examples of a rule that failed, and their rows; rows that were only looked up have no order."""
    assert finding.outcome == "Failed", finding.message
    found, rows = [dict(e) for e in finding.examples], list(finding.payload.example_rows)
    return (found, rows) if rows else (sorted(found, key=lambda row: str(row["id"])), rows)


@pytest.mark.parametrize("rule", CASES)
def test_what_is_shown(rule, data):
    (found,) = evaluate(data, parse(f"Rules = [ {rule} ]"), duckdb_session(), sources=SOURCES)
    examples, rows = CASES[rule]
    assert shown(found) == (examples if rows else sorted(examples, key=lambda row: str(row["id"])), rows)


@pytest.mark.spark
def test_spark_shows_the_same(spark, data):
    from tilth.engine.spark import Spark

    ruleset = parse(f"Rules = [ {', '.join(CASES)} ]")
    ours, theirs = (evaluate(data, ruleset, e, sources=SOURCES) for e in (duckdb_session(), Spark(spark).session()))
    assert [shown(f) for f in ours] == [shown(f) for f in theirs]


def lookups(engine: Session) -> list[str]:
    return [scan.title for scan in engine.scans if scan.purpose == "examples of what fails"]


def test_one_scan_for_all_failing_values_and_none_for_rules_that_passed(data):
    engine = duckdb_session()
    passing = 'IsUnique "id", ColumnValues "age" < 201 where "age is not null"'
    evaluate(data, parse(f"Rules = [ {passing} ]"), engine)
    assert lookups(engine) == []
    found = evaluate(data, parse(f"Rules = [ {', '.join(CASES)}, {passing} ]"), engine, sources=SOURCES)
    values, keys = ([title for title in lookups(engine) if title.startswith(word)] for word in ("failing values of", "keys in"))
    assert values == ["failing values of age, sex, shop, mail, id and 1 more"]
    assert (len(keys), len(set(keys))) == (6, 4)  # those of shop with nulls, and where the day is 1, are others
    assert [shown(f) for f in found[: len(CASES)]] == [
        (examples if rows else sorted(examples, key=lambda row: str(row["id"])), rows) for examples, rows in CASES.values()
    ]


def test_values_of_many_rules_or_rows_need_several_scans(data, monkeypatch):
    rules = parse('Rules = [ ColumnValues "age" < 100, ColumnValues "day" < 3, ColumnValues "shop" = "a", ColumnValues "sex" = "male" ]')
    expected = evaluate(data, rules, duckdb_session())
    for name, most in (("MOST_TOGETHER", 3), ("MOST_GROUPED", 8)):  # 4, 2, 6 and 7 rows fail
        monkeypatch.setattr(f"tilth.rules.examples.{name}", most)
        engine = duckdb_session()
        assert [f.examples for f in evaluate(data, rules, engine)] == [f.examples for f in expected]
        assert len(lookups(engine)) == (2 if name == "MOST_TOGETHER" else 3)


def test_an_id_of_several_columns_is_that_of_one_row():
    table = pa.table({"a": [2, 1, 1, 0], "b": [1, 9, 5, None], "x": [7, 7, 7, 7]})
    data = Dataset(Memory(table, ("a", "b", "x")), Roles.of(id=("a", "b")))
    (found,) = evaluate(data, parse('Rules = [ ColumnValues "x" < 7 ]'), duckdb_session())
    assert found.examples == ({"a": 1, "b": 5, "x": 7},)  # (0, null) is not a whole id; of the others (1, 5) is the smallest
    assert found.payload.example_rows == (4,)


def test_without_an_id_rows_without_a_value_show_other_columns(data):
    rules = parse('Rules = [ IsComplete "age", Completeness "sex" = 1 ]')
    found = evaluate(Dataset(data.source, Roles.of(private=["mail"])), rules, duckdb_session())
    assert sorted(found[0].examples, key=lambda row: row["id"]) == [
        {"id": 2, "shop": "b", "day": 1, "age": None, "sex": "Male ", "mail": "b*** (9 characters)"},
        {"id": 6, "shop": None, "day": 3, "age": None, "sex": "female", "mail": "***"},
        {"id": 7, "shop": None, "day": None, "age": None, "sex": "Male ", "mail": None},
    ]
    assert found[1].examples == ({"id": 1, "shop": "b", "day": 2, "age": 200, "sex": None, "mail": "b*** (9 characters)"},)


def test_rules_on_a_share_of_rows_count_the_rows_that_fail(data):
    """Not if all rows pass where a number is to be small: then no row makes the rule fail."""
    rules = parse(
        """Rules = [ Completeness "age" > 0.9, Completeness "age" > 0.9 where "id > 5", Uniqueness "shop" > 0.9,
        UniqueValueRatio "shop" = 1, DuplicateRowCount "shop" "day" = 0, Completeness "age" < 0.1, Completeness "age" > 0.1 ]"""
    )
    found = evaluate(data, rules, duckdb_session(), examples=0)
    assert [tuple(f.payload.rows.values()) for f in found] == [(5, 3, 8), (1, 2, 3), (3, 5, 8), (3, 5, 8), (4, 4, 8), (), (5, 3, 8)]


def test_of_very_many_failing_rows_the_first_are_shown(data, monkeypatch):
    monkeypatch.setattr("tilth.rules.examples.MOST_GROUPED", 3)
    (found,) = evaluate(data, parse('Rules = [ ColumnValues "age" < 17 ]'), duckdb_session())
    assert found.payload.example_rows == ()
    assert len(found.examples) == 5


def test_of_many_rules_those_that_cost_no_further_scan_have_examples_too(data, monkeypatch):
    monkeypatch.setattr("tilth.rules.examples.MOST_LOOKED_UP", 1)
    rules = 'Rules = [ IsUnique "shop", ColumnValues "age" < 100, Uniqueness "shop" = 1 ]'
    assert [bool(f.examples) for f in evaluate(data, parse(rules), duckdb_session())] == [True, False, True]
