"""mask."""

from tests.steps.protect.checks import becomes, checks


@checks("mask")
def test_what_a_value_becomes(check):
    assert becomes(check) == [check["is"], None]
