"""Texts in the report, marked by the values of their units."""

from __future__ import annotations

from tests.measures.explain.words import explained
from tilth.measures.explain.section import ShapText
from tilth.report import Report
from tilth.report.html import to_html
from tilth.report.json import from_json, to_json
from tilth.report.text import to_plain_text


def test_a_text_is_marked_where_it_moves_the_prediction():
    report, _ = explained(["good & <b>", "bad film"], [0.0, 0.0], (("", 0.0),))
    html = to_html(report)
    assert '<mark class="up m3">good<sup>+2</sup></mark> &amp; &lt;b&gt;' in html
    assert '<mark class="down m3">bad<sub>−3</sub></mark> film' in html
    assert "good (+2) & <b>" in to_plain_text(report)
    again: Report = from_json(to_json(report))
    assert [f.payload for f in again.of(ShapText)] == [f.payload for f in report.of(ShapText)]
