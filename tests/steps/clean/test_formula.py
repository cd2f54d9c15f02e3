"""formula."""

import re
from datetime import date, datetime

import pytest

from tests.house.tree import ROOT
from tests.steps.made import fitted, made
from tilth.engine.user_sql.admission import FUNCTIONS
from tilth.errors import ExpressionError, RequestError
from tilth.steps.clean.formula import Formula

TABLE = {"debt": [1, 4, None, 2], "income": [2, 0, 1, 8]}


def test_a_column_is_computed_from_its_row():
    assert made(Formula("ratio", "debt / income"), TABLE)["ratio"] == [0.5, None, None, 0.25]


def test_an_old_column_may_be_made_anew():
    assert made(Formula("debt", "coalesce(debt, 0) + 1"), TABLE) == {"debt": [2, 5, 1, 3], "income": [2, 0, 1, 8]}


def test_a_name_that_differs_in_case_only_is_rejected():
    with pytest.raises(RequestError, match="there is a column 'debt' already"):
        fitted(Formula("Debt", "1"), TABLE)
    with pytest.raises(RequestError, match="no name"):
        fitted(Formula("", "1"), TABLE)


@pytest.mark.parametrize("text", ["debt +", "dbt", "avg(debt)", "getenv('HOME')", "(SELECT 1)"])
def test_what_is_not_a_formula_is_rejected(text):
    with pytest.raises(ExpressionError):
        fitted(Formula("x", text), TABLE)


def test_it_touches_what_it_reads_and_makes():
    found = fitted(Formula("ratio", "debt / income"), TABLE)
    assert found.step.touches(found.schema, None) == {"ratio", "debt", "income"}


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("replace(x, '-', '')", "555-12-34", "5551234"),
        ("regexp_replace(x, '([A-Z][a-z]+), ([A-Z][a-z]+)', '$2 $1')", "Doe, Ann", "Ann Doe"),
        ("substr(x, 2, 3)", "A123-9", "123"),
        ("right(x, 2)", "A123-9", "-9"),
        ("split_part(x, '@', 2)", "ann@example.org", "example.org"),
        ("lpad(trim(x), 5, '0')", " 2138 ", "02138"),
        ("trim(leading '0' from x)", "00042", "42"),
        ("to_date(x, '%d/%m/%Y')", "31/12/2012", date(2012, 12, 31)),
        ("to_date(x, 'MMM-dd-yyyy')", "Feb-23-2017", date(2017, 2, 23)),
        ("to_timestamp(x, '%m/%d/%Y %I:%M %p')", "2/3/2017 4:05 PM", datetime(2017, 2, 3, 16, 5)),
        ("to_date(x, '%d/%m/%Y')", "31/13/2012", None),
    ],
)
def test_strings_are_mended(expression, value, expected):
    assert made(Formula("x", expression), {"x": [value, None]})["x"] == [expected, None]


def test_the_page_lists_every_function():
    page = (ROOT / "docs" / "steps.md").read_text().partition("\n## formula\n")[2].partition("\n## ")[0]
    assert not set(FUNCTIONS) - set(re.findall(r"(\w+)\(", page))
