"""The HTML page: whole, closed to the world, and one page whatever is in the data."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests.report.samples import REPORTS
from tilth.report.html import embedded, to_html

VOID = {"meta", "br", "img", "link", "input", "hr"}
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "h4", "h5", "p", "nav", "ul", "ol", "li", "main",
    "section", "article", "div", "dl", "dt", "dd", "span", "code", "pre", "figure", "figcaption", "details", "summary",
    "table", "caption", "thead", "tbody", "tr", "th", "td",
    "svg", "desc", "defs", "pattern", "g", "rect", "line", "path", "circle", "text",
}  # fmt: skip


class Page(HTMLParser):
    """The elements of a page with their attributes; complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


pages = {name: to_html(report) for name, report in REPORTS.items()}


@pytest.mark.parametrize("name", pages)
def test_the_page_is_whole_and_holds_only_what_it_may(name):
    page = Page(pages[name])
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    for tag, attributes in page.elements:
        assert not [a for a in attributes if a.startswith("on") or a in ("src", "style", "action", "srcset", "xlink:href")]
        if tag == "a":
            assert attributes["href"].startswith("#")
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in page.all("a")} | {i for _, a in page.elements for i in (a.get("aria-labelledby") or "").split()}
    assert targets <= set(ids)


@pytest.mark.parametrize("name", pages)
def test_headings_are_in_order(name):
    levels = [int(tag[1]) for tag, _ in Page(pages[name]).elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


@pytest.mark.parametrize("name", pages)
def test_tables_have_captions_and_scopes(name):
    page = Page(pages[name])
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))
    assert len(page.all("main")) == 1
    for svg in page.all("svg"):
        assert svg["role"] == "img"


def test_the_policy_lets_in_the_style_and_nothing_else():
    text = pages["loans"]
    policy = next(a["content"] for a in Page(text).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert policy.startswith("default-src 'none'")
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "url(" not in style
    assert "@import" not in style


def test_the_same_report_makes_the_same_page():
    assert to_html(REPORTS["loans"]) == pages["loans"]


def test_in_a_notebook_the_page_is_sealed_off():
    text = embedded(REPORTS["hostile"])
    page = Page(text)
    assert [tag for tag, _ in page.elements] == ["iframe"]
    assert page.all("iframe")[0]["srcdoc"] == to_html(REPORTS["hostile"])
    assert page.all("iframe")[0]["sandbox"] == ""
    assert REPORTS["loans"]._repr_html_().startswith("<iframe")


def test_sections_with_nothing_to_say_are_left_out():
    assert "<h2" not in pages["empty"]
    assert "<nav" not in pages["empty"]
    assert re.findall(r'<h2 id="(\w+)"', pages["rules"]) == ["first", "rules", "numbers"]
