"""The layout of rulesets: what it looks like, that it means the same, that comments stay, and that it is final."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.cases import cases
from tests.rules.strategies import rulesets
from tilth.errors import RulesError
from tilth.rules import formatted, lint, parse
from tilth.rules.language.tokens import tokenize

SOURCE = """\
\ufeff# Orders,\r
#   as they arrive\r
DataSources={"Primary":"orders"}   // the name
states=["a" # new
 ,"b"]


DefaultLabels=["team"="sales"]
Analyzers = [ Mean "x" ]  # measured
# judged
Rules = [ # all of them

    RowCount>5,IsComplete "id" // never null
    # own line, before the comma
    ,


    # prices
    (
      # inside
      (ColumnValues "price">=0 ) and RowCount < 7  # inside, too
    ) labels = [ "k"="v" ],  # behind

    ColumnValues "state" in   $states with threshold > 0.9, ignoreCase = "true" ,

    # more to come

]
# the end
"""
LAID_OUT = """\
# Orders,
#   as they arrive
DataSources = { "Primary": "orders" }  # the name
# new
states = ["a", "b"]

DefaultLabels = ["team"="sales"]
# judged
Rules = [  # all of them
    RowCount > 5,
    IsComplete "id",  # never null
    # own line, before the comma

    # prices
    # inside
    # inside, too
    ((ColumnValues "price" >= 0) AND (RowCount < 7)) labels=["k"="v"],  # behind

    ColumnValues "state" in $states with threshold > 0.9 with ignoreCase = "true"

    # more to come
]
Analyzers = [
    Mean "x"
]  # measured
# the end
"""


def test_a_ruleset_is_laid_out_with_its_comments() -> None:
    assert formatted(SOURCE) == LAID_OUT
    assert formatted(LAID_OUT) == LAID_OUT
    assert parse(LAID_OUT) == parse(SOURCE)


def test_what_is_ignored_stays() -> None:
    source = 'Rules = [ RowCount > 3 ] Rules = [ "any  thing'
    assert formatted(source) == 'Rules = [\n    RowCount > 3\n]\nRules = [ "any  thing\n'
    assert formatted(formatted(source)) == formatted(source)


def test_mistakes_are_those_of_lint() -> None:
    with pytest.raises(RulesError) as caught:
        formatted("Rules = [ RowCuont > 3, Foo ]")
    assert [*caught.value.mistakes] == lint("Rules = [ RowCuont > 3, Foo ]")


def test_the_cases_mean_the_same() -> None:
    for case in cases():
        if case.canonical:
            laid = formatted(case.source)
            assert parse(laid) == parse(case.source), case
            assert formatted(laid) == laid, case


@pytest.mark.slow
@given(rulesets(), st.data())
def test_comments_anywhere_stay_and_nothing_else_changes(ruleset, data) -> None:
    """Between any two tokens: line ends, comments of either kind. They are all there, once, whatever their order."""
    tokens = tokenize(str(ruleset))[0]
    gaps = data.draw(
        st.lists(
            st.sampled_from([" ", "\n", "\n\n\n", " # §{}\n", "\n//§{}\n", "\n\n#§{}\n\n"]), min_size=len(tokens), max_size=len(tokens)
        )
    )
    source = "".join(gap.format(i) + token.text for i, (gap, token) in enumerate(zip(gaps, tokens, strict=True)))
    laid = formatted(source)
    assert parse(laid) == ruleset
    assert formatted(laid) == laid
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", laid)
    assert "\n\n\n" not in bare
    assert sorted(re.findall(r"§\d+", bare)) == sorted(f"§{i}" for i, gap in enumerate(gaps) if "§" in gap)
