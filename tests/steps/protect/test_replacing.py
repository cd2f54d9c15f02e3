"""replace, null and drop."""

import pytest

from tests.steps.made import made
from tests.steps.protect.checks import becomes, checks
from tilth.errors import RequestError
from tilth.steps.protect.redact import Redact


@checks("replace")
def test_what_a_value_becomes(check):
    assert becomes(check) == [check["is"], None]


def test_a_table_keeps_a_column():
    with pytest.raises(RequestError, match="no column would be left"):
        made(Redact(("x", "y"), with_="drop"), {"x": [1], "y": [2]})


def test_null_and_drop():
    assert made(Redact("x", with_="null"), {"x": ["a", None]}) == {"x": [None, None]}
    assert made(Redact("x", with_="drop"), {"x": ["a", None], "y": [1, 2]}) == {"y": [1, 2]}
