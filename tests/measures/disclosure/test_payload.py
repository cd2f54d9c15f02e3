"""The section of the report."""

import tilth
from tests.measures.disclosure.people import QUASI, SENSITIVE, people
from tilth.measures.disclosure.measure import DisclosureRisk
from tilth.measures.disclosure.payload import Risk, disclosure


def test_a_report_shows_it():
    report = tilth.measure(tilth.read(people()), [DisclosureRisk(QUASI, SENSITIVE)])
    shown = str(disclosure(report.of(Risk)))
    assert all(word in shown for word in ("Risk of disclosure", "t-closeness", "generalise"))
