"""What a draft writes is read back unchanged by YAML, formulas and rules."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.data import Column, Kind, Schema
from tilth.drafting.writing import bound, fits_rule, rule_string
from tilth.engine.user_sql.expression import parse_expression
from tilth.flow.text import parse
from tilth.flow.writing import comment_text, identifier, yaml_string
from tilth.rules import parse as parse_rules


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_string_round_trips_through_yaml(text: str) -> None:
    assert parse(f"a: [{yaml_string(text)}]").value == {"a": [text]}


@pytest.mark.parametrize(
    "text", ["yes", "no", "true", "007", "12", "a: b", "#x", "!age", "-", "*.csv", "[x]", "../a.csv", "\ufeff", "\x85", "\x07"]
)
def test_a_string_with_a_meaning_in_yaml(text: str) -> None:
    assert parse(f"a: [{yaml_string(text)}]").value == {"a": [text]}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_comment_stays_a_comment(text: str) -> None:
    assert parse(f"a: 1  # {comment_text(text)}\nb: 2").value == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "name", ["age", "select", "from", "null", "true", "group", "a b", "a.b", "a`b", 'a"b', "a\\b", "é", "1st", "😀", "case", "Age"]
)
def test_an_identifier_is_read_as_its_column(name: str) -> None:
    assert parse_expression(identifier(name), Schema((Column(name, Kind.STRING),))).name == name


@given(st.text(min_size=1).filter(fits_rule))
def test_a_name_round_trips_through_a_rule(name: str) -> None:
    (rule,) = parse_rules(f"Rules = [ IsComplete {rule_string(name)} ]").rules
    assert [p.text.name for p in rule.parameters] == [name]


@given(
    st.one_of(
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.decimals(allow_nan=False, allow_infinity=False, places=4),
    )
)
def test_a_bound_is_outside_and_near(x: int | float | Decimal) -> None:
    low, high = bound(x, down=True), bound(x, down=False)
    exact = Decimal(repr(x)) if isinstance(x, float) else Decimal(x)
    assert Decimal(low) <= exact <= Decimal(high)
    assert "e" not in (low + high).lower()
    assert not x or abs(Decimal(high) - Decimal(low)) <= abs(exact) / 10  # two digits: within a tenth
    assert not isinstance(x, float) or float(low) <= x <= float(high) or not math.isfinite(float(low))
