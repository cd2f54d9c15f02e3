"""Rules that probably do not say what was meant; most cases are in `cases/lints.txt`, which the parser's test runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.rules import lint, parse
from tilth.rules.conditions import Criterion


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a|b", True),
        ("(a|b)", False),
        ("[|]", False),
        (r"a\|b", False),
        ("(a)|(b)", True),
    ],
)
def test_alternatives(pattern: str, expected: bool) -> None:
    said = lint(f'Rules = [ ColumnValues "c" matches "{pattern}" ]')
    assert ("W-ALTERNATION" in [mistake.code for mistake in said]) is expected


share = st.sampled_from(["-1", "0", "0.0", "0.3", "0.5", "1", "1.0", "2", "80"])


@given(
    st.one_of(
        st.builds("{} {}".format, st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), share),
        st.builds("{}between {} and {}".format, st.sampled_from(["", "not "]), share, share),
        st.builds("{}in [{},{}]".format, st.sampled_from(["", "not "]), share, share),
    )
)
def test_a_threshold_that_every_share_or_none_meets_is_reported(text: str) -> None:
    source = f'Rules = [ ColumnValues "a" = 1 with threshold {text} ]'
    threshold = next(iter(parse(source).leaves)).threshold
    assert threshold
    bounds = tuple(float(str(operand)) for operand in threshold.operands)
    met = {Criterion("number", threshold.operator, bounds, threshold.negated).holds(i / 1000) for i in range(1001)}
    assert (len(met) == 1) == ("W-THRESHOLD" in [mistake.code for mistake in lint(source)])
