"""The PDF: whatever the page says is in it, as text that can be searched; it loads nothing and is the same twice."""

from __future__ import annotations

import io
import re
import sys
from importlib import import_module

import pytest
from pypdf import PdfReader

from tests.report.samples import REPORTS
from tilth.errors import MissingExtra
from tilth.report.blocks import Fold, Listing, Page, Picture, Section, Table, Verdicts, Words, plain
from tilth.report.page import page
from tilth.report.pdf import to_pdf


def text_of(pdf: PdfReader) -> str:
    """The words of all pages, without their numbers and what separates words."""
    pages = (re.sub(r"\d+ / \d+\s*$", "", p.extract_text()) for p in pdf.pages)
    return re.sub(r"\s+", "", "".join(pages)).replace("\u200b", "")


def words_in(laid_out: Page) -> set[str]:
    """What a reader of the page reads: verdicts, words, and the cells of tables; not the queries, which are not printed."""
    found = {laid_out.verdict, *(words for words, _ in laid_out.advice)}
    rest: list[object] = list(laid_out.sections)
    while rest:
        match block := rest.pop():
            case Words():
                found.add(block.words)
            case Table():
                found |= {*block.heads, *(c.words for row in block.rows for c in row)}
            case Verdicts():
                found |= {words for v in block.verdicts for words in (v.rule, v.outcome, v.failing, *v.reasons)}
            case Fold() if not block.printed:
                continue
            case Picture() | Listing():
                continue
        if isinstance(block, Section):
            found |= {block.title, block.lead}
        rest += getattr(block, "blocks", ())
    return {re.sub(r"\s+", "", plain(words)) for words in found} - {""}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loans", "odd"])
def test_everything_that_the_page_says_is_text_of_the_pdf(name: str) -> None:
    made = to_pdf(REPORTS[name])
    pdf = PdfReader(io.BytesIO(made))
    text = text_of(pdf)
    assert {words for words in words_in(page(REPORTS[name])) if words not in text} == set()
    assert made == to_pdf(REPORTS[name])


@pytest.mark.slow
def test_it_has_bookmarks_tags_and_a_title_and_loads_nothing() -> None:
    made = to_pdf(REPORTS["loans"])
    pdf = PdfReader(io.BytesIO(made))
    assert {s.title for s in page(REPORTS["loans"]).sections} <= {mark["/Title"] for mark in pdf.outline if isinstance(mark, dict)}
    assert pdf.metadata is not None and pdf.metadata.title == "run loans"
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en"
    assert not [
        word
        for word in (b"/URI", b"/JavaScript", b"/Launch", b"http")
        if word in re.sub(rb"stream.*?endstream", b"", made, flags=re.DOTALL)
    ]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.delitem(sys.modules, "tilth.report.pdf")
    with pytest.raises(MissingExtra, match=re.escape('pip install "tilth[pdf]"')):
        import_module("tilth.report.pdf")
