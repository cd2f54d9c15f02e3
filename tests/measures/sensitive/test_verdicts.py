"""From counts to verdicts."""

from __future__ import annotations

import pytest

from tilth.entities import Detector
from tilth.measures.sensitive.occurrences import Tally
from tilth.measures.sensitive.verdicts import Seen, types_of


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (Tally(100, 99, 99, 99, (0.85, "luhn")), "sensitive"),
        (Tally(100, 12, 12, 12, (0.85, "luhn")), "present"),  # as many as chance lets pass
        (Tally(5, 5, 5, 5, (0.85, "luhn")), "present"),  # right, but of few rows
    ],
)
def test_a_column_is_sensitive_if_more_pass_than_by_chance(tally: Tally, expected: str) -> None:
    seen = Seen("code", 100, {"CANADA_SOCIAL_INSURANCE_NUMBER": tally})
    (found,) = types_of(seen, Detector(countries=("CA",)), 0.1, sampled=True)
    assert found.verdict == expected
    assert found.share_upper is not None and found.share_upper >= found.share


def test_entities_of_one_kind_that_a_name_suggests_are_one() -> None:
    detector = Detector(countries=("US", "GB"))
    (found,) = types_of(Seen("patient_id", 100, {}), detector, 0.1, sampled=False)
    assert (found.entity, found.verdict) == ("USA_NATIONAL_PROVIDER_IDENTIFIER", "suspected")
    assert "UK_NATIONAL_HEALTH_SERVICE_NUMBER" in found.also and {e.name: e.kind for e in detector.rules}[found.also[0]] == "health"
    two = types_of(Seen("passport_or_sex", 100, {}), detector, 0.1, sampled=False)
    assert {t.entity for t in two} == {"GENDER", "USA_PASSPORT_NUMBER"}
