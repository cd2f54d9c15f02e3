"""naming: names made of values are different, short, and in plain letters."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tilth.steps.naming import LONGEST, names_of


def test_values_are_written_in_letters_and_digits():
    assert names_of("sex", ["Male", "Not known", "a/b", 7, False]) == ["sex_Male", "sex_Not_known", "sex_a_b", "sex_7", "sex_false"]


def test_equal_or_empty_names_end_in_a_hash():
    names = names_of("x", ["a", "A", "日本", "other"], taken=["x_other"])
    assert [re.sub("[0-9a-f]{8}$", "#", n) for n in names] == ["x_a_#", "x_A_#", "x_#", "x_other_#"]


@given(st.text(min_size=1), st.lists(st.text(), unique=True, max_size=40))
def test_names_are_different_and_short(column, values):
    names = names_of(column, values)
    assert len({n.casefold() for n in names}) == len(values)
    assert all(len(n.encode()) <= LONGEST for n in names)
