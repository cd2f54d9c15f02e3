"""null_if."""

import pytest

from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.clean.null_if import NullIf


def test_strings_are_compared_as_a_whole_without_case_and_blanks():
    values = ["?", " N/a ", "Nathan", "NaN?", "", "na", None]
    assert made(NullIf("x", values=("?", "n/a", "NA")), {"x": values})["x"] == [None, None, "Nathan", "NaN?", None, None, None]


def test_one_list_serves_strings_and_numbers():
    found = made(NullIf("all", values=("?", -999)), {"s": ["-999", "?", "a"], "i": [-999, 999, None], "f": [-999.0, 0.5, -998.0]})
    assert found == {"s": [None, None, "a"], "i": [None, 999, None], "f": [None, 0.5, -998.0]}


def test_numbers_out_of_bounds_become_null():
    assert made(NullIf("age", below=0, above=120), {"age": [-1, 0, 120, 200, None]})["age"] == [None, 0, 120, None, None]


def test_something_must_become_null():
    with pytest.raises(RequestError, match="nothing would become null"):
        NullIf("x")
    with pytest.raises(RequestError, match="no values that could mean missing"):
        made(NullIf("x", values=("?",)), {"x": [[1]]})
