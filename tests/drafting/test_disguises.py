"""What strings are taken for: the forms of numbers and times, null tokens, and personal data."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tilth.data import Column, Kind
from tilth.drafting.disguises import disguise_of, null_tokens
from tilth.drafting.sample import Sample
from tilth.measures.insights.strings import private_values

X = Column("x", Kind.STRING)


def sample(*values: str) -> Sample:
    return Sample(pa.table({"x": list(values)}), complete=True)


FORMS: list[tuple[list[str], str, str]] = [  # values, in words, the parameters of `parse`
    (["$35,000.00", "$7.50"], "numbers with a currency sign and marks of thousands", "number"),
    (["13.99%", "5%"], "numbers with a percent sign (5 % becomes 0.05)", "number"),
    (["1,099", "12"], "numbers with marks of thousands", "number"),
    (["0,45", "12,5"], "numbers with a decimal comma", "number ,"),
    (["0,455", "1,200"], "numbers with a decimal comma", "number ,"),
    (["1.099,50", "7,00"], "numbers with marks of thousands and a decimal comma", "number ,"),
    (["3.5 kg", "12 kg"], "numbers with the unit kg", "number kg"),
    (["12", "7.5"], "numbers", "number"),
    (["31/12/2012", "01/02/2012"], "days written %d/%m/%Y", "date %d/%m/%Y"),
    (["12/31/2012", "01/02/2012"], "days written %m/%d/%Y", "date %m/%d/%Y"),
    (["Feb-23-2017", "Dec-01-2016"], "days written %b-%d-%Y", "date %b-%d-%Y"),
    (["2012-12-31", "2012-01-01"], "days written %Y-%m-%d", "date"),
    (["2012-12-31T10:00:00Z"], "times written %Y-%m-%dT%H:%M:%S%z", "timestamp with time zone"),
    (["Yes", "no", "NO"], "yes and no", "boolean"),
    (['{"a": 1}', "[1, 2]"], "nested JSON", ""),
    (["red;blue", "blue; green;", "red;blue;green", "green"], "3 of 4 values list several of 3 categories, separated by ;", ""),
    (["Mon, Tue", "Tue, Wed", "Wed, Mon"], "3 of 3 values list several of 3 categories, separated by ,", ""),
    (["Drama|Sci-Fi", "Sci-Fi|War", "War", "Film-Noir|Sci-Fi"], "3 of 4 values list several of 4 categories, separated by |", ""),
]
PLAIN = [
    ["007", "12"],
    ["02139", "10001"],
    ["12345678901234567890", "1"],
    ["17-000003", "18-000004"],
    ["A12-2012", "A13-2012"],
    ["Q1 2012", "Q2 2012"],
    ["01", "02"],
    [*map(str, range(40)), "c204"],
    ["Oct18", "Nov23"],
    ["yes", "maybe"],
    ["red", "5"],
    ["1.2.3", "1.2.4"],
    ["{a}", "{b}"],
    ["Turing, Alan", "Turing, Sara", "Hopper, Grace", "Lovelace, Ada"],
    ["Austin, TX", "Dallas, TX", "Salem, OR", "Bend, OR"],
    ["1 Main St, Salem, OR", "2 Main St, Salem, OR", "1 High St, Bend, OR"],
    ["Food", "Food|Fruit", "Food|Fruit|Apples", "Food|Fruit|Pears", "Food|Meat"],
    ["Yes", "No", "Yes, sometimes", "No, never"],
    ["up;down;up", "down;up;down", "up;up", "down;down"],
    ["1;2", "2;3", "1;3;2", "3;1"],
    ["['red', 'blue']", "['blue', 'red']", "['red']", "['green', 'red', 'blue']"],
    [f"{'abcdefgh'[i % 8]} went home, {'stuvwxyz'[i % 5]} stayed {i}" for i in range(60)],
]


@pytest.mark.parametrize(("values", "says", "options"), FORMS, ids=[c[0][0] for c in FORMS])
def test_a_form_is_recognised(values: list[str], says: str, options: str) -> None:
    found = disguise_of(X, sample(*values))
    assert found is not None and found.says == says
    assert " ".join(v if isinstance(v, str) else v[0] for _, v in found.options) == options


@pytest.mark.parametrize("values", PLAIN, ids=[p[0] for p in PLAIN])
def test_other_strings_stay(values: list[str]) -> None:
    assert disguise_of(X, sample(*values)) is None


def test_days_that_fit_two_orders_are_doubted() -> None:
    found = disguise_of(X, sample("01/02/2012", "03/04/2012"))
    assert found is not None and found.doubt == "%m/%d/%Y fits too: which of day and month comes first?"


TOKENS: list[tuple[list[str], tuple[str, ...]]] = [
    (["red", "?", "blue"], ("?",)),
    (["DE", "FR", "NA"], ()),
    (["male", "NA"], ("NA",)),
    (["1.5", "unknown", "-"], ("-", "unknown")),
    (["Unknown", "The wall", "Nil"], ()),
    (["+", "-"], ()),
    (["none", "full"], ()),
]


@pytest.mark.parametrize(("values", "tokens"), TOKENS, ids=[c[0][0] + c[0][1] for c in TOKENS])
def test_null_tokens(values: list[str], tokens: tuple[str, ...]) -> None:
    assert null_tokens([X], sample(*values)) == tokens


def test_a_token_that_is_a_value_elsewhere_stays() -> None:
    table = pa.table({"x": ["1", "none", "3"], "z": ["none", "full", "full"]})
    assert null_tokens([X, Column("z", Kind.STRING)], Sample(table, complete=True)) == ()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("ann@example.org", "e-mail addresses"),
        ("+49 171 2345678", "phone numbers"),
        ("(555) 123-4567", "phone numbers"),
        ("030 1234567", "phone numbers"),
        ("DE89 3704 0044 0532 0130 00", "numbers like an IBAN"),
        ("17-000003", ""),
        ("007-123456", ""),
        ("2012-12-31", ""),
        ("978-3-16-148410-0", ""),
        ("10.0.0.1", ""),
    ],
)
def test_personal_data(value: str, what: str) -> None:
    assert private_values([value]) == what
