"""Names and strings in formulas and rules are read back as what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.expression import parse_expression
from tilth.engine.user_sql.writing import fits_rule, identifier, quoted_identifier, rule_string
from tilth.rules import parse as parse_rules


@pytest.mark.parametrize(
    "name", ["age", "select", "from", "null", "true", "group", "a b", "a.b", "a`b", 'a"b', "a\\b", "é", "1st", "😀", "case", "Age"]
)
def test_an_identifier_is_read_as_its_column(name: str) -> None:
    assert parse_expression(identifier(name), Schema((Column(name, Kind.STRING),))).name == name


@given(st.text(min_size=1).filter(fits_rule))
def test_a_name_round_trips_through_a_rule(name: str) -> None:
    (rule,) = parse_rules(f"Rules = [ IsComplete {rule_string(name)} ]").rules
    assert [p.text.name for p in rule.parameters] == [name]


def test_names_are_quoted() -> None:
    assert quoted_identifier("a`b") == "`a``b`"
    assert rule_string('say "x" \\ y') == '"say \\"x\\" \\\\ y"'
