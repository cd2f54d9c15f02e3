"""Markdown: short, and nothing in the data is a link, a tag or a table's end."""

from __future__ import annotations

import re

import pytest

from tests.report.samples import REPORTS
from tilth.report import Finding, Outcome, Report
from tilth.report.markdown import to_markdown
from tilth.rules.findings import RuleVerdict


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_short_and_tables_are_whole(name):
    text = to_markdown(REPORTS[name])
    assert len(text) < 20_000
    assert len(text.splitlines()) < 70
    for block in text.split("\n\n"):
        lines = block.splitlines()
        if len(lines) > 1 and lines[0].startswith("|"):
            bars = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
            assert len(bars) == 1


def test_outside_code_nothing_is_markup():
    text = to_markdown(REPORTS["hostile"])
    without_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert not re.search(r"(?<!\\)<(?!/?sub>)", without_code)
    assert not re.search(r"(?<!\\)\[", without_code)


@pytest.mark.parametrize("rule", ["a|b", "`", "``x`", "@everyone", "<b>", "x\ny", "[x](y)"])
def test_a_rule_is_code(rule):
    text = to_markdown(Report("check", (Finding(rule, outcome=Outcome.FAILED, payload=RuleVerdict()),)))
    line = next(line for line in text.splitlines() if "Failed" in line)
    span = re.search(r"(`+) ?(.+?) ?\1(?!`)", line)
    assert span
    assert span[2].replace("\\|", "|").replace(" ", "\n").strip() == rule.replace(" ", "\n").strip()
