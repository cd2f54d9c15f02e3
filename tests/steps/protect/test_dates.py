"""mask_date and date_shift."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from tests.steps.keys import KEY
from tests.steps.made import made
from tests.steps.protect.checks import becomes, checks
from tilth.steps.protect.redact import Redact


@checks("mask_date", "date_shift")
def test_what_a_value_becomes(check):
    assert becomes(check) == [check["is"], None]


@given(st.lists(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)), min_size=2, max_size=5), st.integers(1, 400))
def test_the_days_between_two_dates_of_one_person_stay(days, most):
    table = {"day": days, "id": ["a"] * len(days)}
    found = made(Redact("day", with_="date_shift", key=KEY, by="id", days=most), table)["day"]
    assert {b - a for a, b in zip(days, found, strict=True)} == {found[0] - days[0]}
    assert abs((found[0] - days[0]).days) <= most


def test_a_day_that_stands_for_none_stays_whosever_it_is():
    days = [dt.date(9999, 12, 31), dt.date(9999, 7, 10), dt.date(1, 1, 1), dt.date(2024, 1, 1)]
    table = {"day": [day for day in days for _ in range(20)], "id": list(range(20)) * len(days)}
    found = made(Redact("day", with_="date_shift", key=KEY, by="id", days=180), table)["day"]
    assert [found[i * 20 : i * 20 + 20] == [day] * 20 for i, day in enumerate(days)] == [True, True, True, False] and None not in found
