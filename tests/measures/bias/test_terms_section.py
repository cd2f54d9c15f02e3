"""The section of words and the label."""

from tests.measures.bias.test_terms import found
from tilth.measures.bias import terms_section
from tilth.measures.bias.terms import Terms
from tilth.report.blocks import plain


def test_the_report_has_terms_and_words():
    tables = terms_section.section(found(Terms(bootstrap=0))).blocks[1:]
    expected = ["Identity terms of body and spam=1", "Words of body for spam=1", "Words of body against spam=1"]
    assert [plain(t.caption) for t in tables] == expected
    assert plain(tables[0].rows[0][0].words) == "she"
