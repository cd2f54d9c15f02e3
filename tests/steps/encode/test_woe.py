"""woe."""

import math

import pytest

from tests.steps.encode.test_supervised import ROLES, table
from tests.steps.made import applied, fitted
from tilth.steps.encode.encode import Encode

XS, YS = [*"aaabbbb", None], ["yes", "yes", "no", "no", "no", "no", "yes", "no"]  # a: 2 of 3, b: 1 of 4, missing: 0 of 1


@pytest.mark.parametrize("smooth", [None, 0.1, 2.0])
def test_the_weight_of_evidence_is_as_it_is_defined(smooth):
    s, k = 0.5 if smooth is None else smooth, 3
    evidence = {x: math.log(((n1 + s) / (3 + s * k)) / ((n0 + s) / (5 + s * k))) for x, n1, n0 in (("a", 2, 1), ("b", 1, 3), (None, 0, 1))}
    found = fitted(Encode("x", with_="woe", smooth=smooth), table(XS, YS), ROLES)
    assert applied(found, table([*evidence, "zz"], ["no"] * 4))["x"] == pytest.approx([*evidence.values(), 0.0], rel=1e-12)


@pytest.mark.parametrize("ys", [[1, 0, 1, 0], [2.5, 1.5, 2.5, 1.5], [True, False, True, False]])
def test_the_larger_of_two_values_is_the_positive_class(ys):
    found = applied(fitted(Encode("x", with_="woe"), table(list("abab"), ys), ROLES), table(list("ab"), ys[:2]))["x"]
    assert found == pytest.approx([math.log((2.5 / 3) / (0.5 / 3)), -math.log((2.5 / 3) / (0.5 / 3))])
