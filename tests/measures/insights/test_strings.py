"""What strings may be."""

from __future__ import annotations

import pytest

from tilth.measures.insights.strings import day_formats, day_formats_of, private_values


@pytest.mark.parametrize(
    ("strings", "what"),
    [
        (["ada@example.org", "alan@example.org", "none"], "e-mail addresses"),
        (["+44 20 7946 0018", "+44 20 7946 0123"], "phone numbers"),
        (["GB33BUKB20201555555555"], "numbers like an IBAN"),
        (["write to ada@example.org please", *["a remark"] * 50], "addresses inside strings"),
        (["oslo", "rome"], ""),
        ([], ""),
    ],
)
def test_personal_data_is_recognized_by_its_form(strings, what):
    assert private_values(strings) == what


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["31/12/2012", "01/02/2013"], ["%d/%m/%Y"]),
        (["31/12/2012", "2013-02-01"], ["%d/%m/%Y", "%Y-%m-%d"]),
        (["31/12/2012", "oslo"], []),
        (["1.5", "12"], []),
        ([], []),
    ],
)
def test_days_are_recognized_by_one_or_two_formats(values, formats):
    assert sorted(day_formats({v: day_formats_of(v) for v in values})) == sorted(formats)
