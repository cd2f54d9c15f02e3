"""One run in four formats: whatever number one of them shows is the same in the others, and that of the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import tilth
from tilth.demo.loans import write_loans
from tilth.report import Report
from tilth.report.charts import number, percent
from tilth.report.html import to_html
from tilth.report.json import to_json
from tilth.report.markdown import to_markdown
from tilth.report.page import page, seconds
from tilth.report.text import to_text

FLOW = Path(tilth.__file__).parent / "demo" / "loans.yaml"
NUMBER = re.compile(r"(?<![\w.,:\-–])−?\d[\d,]*(?:\.\d+)?(?:×10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?(?![\w:\-])")
SHORT = re.compile(r"^ *(?:…|\d+\. ).*$", re.MULTILINE)  # what a terminal leaves out, and the numbers of a list


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Report:
    place = tmp_path_factory.mktemp("run")
    write_loans(place / "loans.csv", 1_000)
    (place / "loans.yaml").write_text(FLOW.read_text("utf-8"), "utf-8")
    return tilth.run(place / "loans.yaml", place / "result")


def words_of(html: str) -> str:
    """The words of a page, without its style and its pictures."""
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", html, flags=re.DOTALL)))


def numbers_in(words: str) -> set[str]:
    return {found.rstrip(",") for found in NUMBER.findall(words.replace("\u00a0", " ").replace(": ", " : "))}


def values_of(written: Any) -> Iterator[float]:
    """All numbers of the JSON."""
    if isinstance(written, dict | list):
        for inside in written.values() if isinstance(written, dict) else written:
            yield from values_of(inside)
    elif isinstance(written, int | float) and not isinstance(written, bool):
        yield written


@pytest.mark.slow
def test_text_and_markdown_have_no_number_that_the_page_has_not(run: Report) -> None:
    page = numbers_in(words_of(to_html(run)))
    text = SHORT.sub("", to_text(run, width=160, colour=False))
    assert len(numbers_in(text)) > 200
    assert numbers_in(text) - page == set()
    assert numbers_in(SHORT.sub("", to_markdown(run))) - page == set()


@pytest.mark.slow
def test_exact_numbers_are_those_of_the_json(run: Report) -> None:
    known = set(values_of(json.loads(to_json(run))))
    pairs = re.findall(r'<span class="exact" title="([^"]*)">([^<]*)</span>', to_html(run))
    assert len(pairs) > 300
    assert [exact for exact, _ in pairs if float(exact) not in known] == []
    assert [shown for exact, shown in pairs if number(float(exact)) != shown] == []


@pytest.mark.slow
def test_the_figures_of_a_run_are_the_same_everywhere(run: Report) -> None:
    written = json.loads(to_json(run))
    facts, rules = written["facts"], [f for f in written["findings"] if f["kind"] == "rule"]
    passed = sum(f["outcome"] == "Passed" for f in rules)
    line = page(run).line
    assert line.startswith("1,000 rows, ")
    assert {f["details"]["rows"] for f in written["findings"] if f["kind"] == "table" and f["part"] == "raw"} == {1_000}
    assert f"{passed} of {len(rules)} rules passed" in line
    assert f"{len(facts['scans'])} scans of the data, {seconds(facts['seconds'])} seconds, engine: {facts['engine']}" in line
    assert line in " ".join(to_text(run, width=160, colour=False).split())
    assert f"<sub>{line}</sub>" in to_markdown(run)
    html = to_html(run)
    assert all(f"<dt>{of}</dt><dd>{n}</dd>" in html for n, of in page(run).figures)
    assert f"{len(facts['scans'])} scans of the data took {seconds(sum(s['seconds'] for s in facts['scans']))} of" in words_of(html)


@pytest.mark.slow
def test_each_rule_has_its_verdict_and_counts_everywhere(run: Report) -> None:
    html, text, markdown = (words_of(to_html(run)), to_text(run, width=160, colour=False), to_markdown(run))
    for f in json.loads(to_json(run))["findings"]:
        if f["kind"] != "rule" or f["outcome"] != "Failed":
            continue
        rows = f["details"].get("rows", {})
        failed, judged = rows.get("failed", 0), rows.get("total", 0) - rows.get("skipped", 0)
        if failed and judged and not f["details"].get("leaves"):
            said = f"{number(failed)} of {number(judged)} rows fail ({percent(failed / judged)})"
            assert all(said in words.replace("\u00a0", " ").replace("\\", "") for words in (html, text, markdown)), f["name"]
