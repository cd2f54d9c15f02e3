"""The HTML page: whole, closed to the world, and one page whatever is in the data."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pyarrow as pa
import pytest

import tilth
from tests.report.samples import REPORTS
from tilth.report import Finding, Outcome, Report
from tilth.report.html import embedded, to_html
from tilth.report.text import to_text
from tilth.rules.findings import RuleVerdict

VOID = {"meta", "br", "img", "link", "input", "hr"}
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "h4", "h5", "p", "nav", "ul", "ol", "li", "main",
    "section", "article", "div", "dl", "dt", "dd", "span", "code", "pre", "figure", "figcaption", "details", "summary",
    "table", "caption", "thead", "tbody", "tr", "th", "td",
    "label", "input", "mark", "sub", "sup", "svg", "desc", "defs", "pattern", "g", "rect", "line", "path", "circle", "text",
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


def people(rows: int) -> pa.Table:
    """Values in two scripts, gaps, dates, long names and long words."""
    return pa.table(
        {
            "العمر": pa.array([20 + k * k % 61 + 0.123456 if k % 9 else None for k in range(rows)], pa.float64()),
            "المدينة": pa.array([("القاهرة", "دبي، الإمارات العربية المتحدة", "?")[k % 3] for k in range(rows)], pa.string()),
            "joined": pa.array([date(2024, 1, 1) + timedelta(days=k % 400) for k in range(rows)], pa.date32()),
            "a_rather_long_name_" * 8: pa.array([1e9 * k for k in range(rows)], pa.float64()),
            "note": pa.array(["x" * 200 if k % 2 else "some words" for k in range(rows)], pa.string()),
            "paid": pa.array(["yes" if k % 4 else "no" for k in range(rows)], pa.string()),
        }
    )


MADE: dict[str, Callable[[], Report]] = {  # reports of real data, made when they are needed
    "profile": lambda: tilth.profile(tilth.read(people(300), roles={"label": "paid", "time": "joined", "private": "note"})),
    "against": lambda: tilth.profile(people(300), against=people(200)),
    "check": lambda: tilth.check(people(300), 'Rules = [ IsComplete "العمر", ColumnValues "note" != "some words", RowCount > 9 ]'),
    "long rules": lambda: tilth.check(
        people(300), f'Rules = [ ColumnValues "note" in [{", ".join(f"{chr(34)}{k}{chr(34)}" for k in range(99))}], RowCount > 9 ]'
    ),
    "one row": lambda: tilth.profile(people(1)),
    "no rows": lambda: tilth.profile(people(0)),
    "300 columns": lambda: tilth.profile(pa.table({f"column {k}": [k, k + 1, None] for k in range(300)})),
}
ALL = (*REPORTS, *MADE)
SEEN = ("loans", "rules", "profile", "against", "check")  # a run, a check, a profile, a comparison


@cache
def page_of(name: str) -> str:
    return to_html(REPORTS[name] if name in REPORTS else MADE[name]())


@pytest.mark.parametrize("name", ALL)
def test_the_page_is_whole_and_holds_only_what_it_may(name):
    page = Page(page_of(name))
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    for tag, attributes in page.elements:
        assert not [a for a in attributes if a.startswith("on") or a in ("src", "style", "action", "srcset", "xlink:href")]
        if tag == "a":
            assert attributes["href"].startswith("#")
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in page.all("a")} | {i for _, a in page.elements for i in (a.get("aria-labelledby") or "").split()}
    assert targets <= set(ids)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_headings_are_in_order(name):
    levels = [int(tag[1]) for tag, _ in Page(page_of(name)).elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_tables_have_captions_and_scopes(name):
    page = Page(page_of(name))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))
    assert len(page.all("main")) == 1
    for svg in page.all("svg"):
        assert svg["role"] == "img"


def test_the_policy_lets_in_the_style_and_nothing_else():
    text = page_of("loans")
    policy = next(a["content"] for a in Page(text).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert policy.startswith("default-src 'none'")
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "url(" not in style
    assert "@import" not in style


def test_the_same_report_makes_the_same_page():
    assert to_html(REPORTS["loans"]) == page_of("loans")


@pytest.mark.slow
def test_in_a_notebook_the_page_is_sealed_off():
    text = embedded(REPORTS["hostile"])
    page = Page(text)
    assert [tag for tag, _ in page.elements] == ["iframe"]
    assert page.all("iframe")[0]["srcdoc"] == to_html(REPORTS["hostile"])
    assert page.all("iframe")[0]["sandbox"] == ""
    assert REPORTS["loans"]._repr_html_().startswith("<iframe")


def test_rules_are_one_table_whose_details_are_folded():
    page = Page(page_of("rules"))
    table = next(a for a in page.all("table") if a.get("class") == "rules")
    assert table
    text = page_of("rules")
    row = next(row for row in text.split("\n<tr>\n")[1:] if "IsComplete &#34;income&#34;" in row)
    assert row.index("<details>") < row.index("868 of 20,212 rows fail") < row.rindex("</details>")
    assert '<td class="number" data-head="rows failing">868</td>' in row
    assert "4.3 %</td>" in row


def test_a_trend_is_drawn_where_there_is_a_history():
    finding = Finding("RowCount > 5", value=9, outcome=Outcome.PASSED, payload=RuleVerdict(earlier=(8.0, 7.0)))
    assert "from 7 to 9" in to_html(Report("check", (finding,)))
    assert "▂▁█" in to_text(Report("check", (replace(finding, payload=RuleVerdict(earlier=(7.0, 7.2))),)), colour=False)
    assert "trend" not in to_html(Report("check", (replace(finding, payload=RuleVerdict()),)))


def test_sections_with_nothing_to_say_are_left_out():
    assert "<h2" not in page_of("empty")
    assert "<nav" not in page_of("empty")
    assert re.findall(r'<h2 id="(\w+)', page_of("rules")) == ["first", "rules", "analyzers"]


# ── in a browser ──────────────────────────────────────────────────────────────────────────────────────────────────

A4 = 718  # pixels between the margins of the page
AXE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def window(browser):
    """One page for all tests: a browser takes longer to open another one than to show a report."""
    page = browser.new_page()
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    page.close()


@pytest.fixture
def opened(window, tmp_path):
    """`opened("loans", width=390, scheme="dark")`: the page in a browser, with all that it asked for and complained of."""

    def show(name: str, width: int = 1280, scheme: str = "light"):
        place = tmp_path / scheme / "report.html"
        place.parent.mkdir()
        place.write_text(page_of(name), "utf-8")
        window.set_viewport_size({"width": width, "height": 900})
        window.emulate_media(media="screen", color_scheme=scheme)
        window.asked, window.complaints = [], []
        window.goto(place.as_uri())
        return window

    return show


@pytest.mark.browser
@pytest.mark.parametrize("name", ALL)
def test_the_page_asks_for_nothing_complains_of_nothing_and_fits_the_screen(opened, name):
    page = opened(name)
    assert [url.rsplit("/", 1)[-1] for url in page.asked] == ["report.html"]
    assert page.title()
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in (320, 360, 768, 900, 1280, 1600) if name in SEEN else (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if name in SEEN:
            over = "[...document.querySelectorAll('td, th')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"
            assert page.evaluate(over) == [], f"wider than its cell, at {width}"
    assert page.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_rule_leaves_room_for_its_numbers(opened, width):
    page = opened("long rules", width)
    assert page.evaluate("[...document.querySelectorAll('.wide:has(.rules)')].filter(e => e.scrollWidth > e.clientWidth + 1).length") == 0


@pytest.mark.browser
def test_on_a_telephone_cards_and_rules_are_read_without_scrolling_sideways(opened):
    page = opened("loans", 390)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    wide = "[...document.querySelectorAll('.cards .wide, .wide:has(> .rules)')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    assert page.evaluate(f"{wide}.map(e => e.innerText.slice(0, 80))") == []


@pytest.mark.browser
@pytest.mark.parametrize("name", SEEN)
def test_on_paper_nothing_is_too_wide_folds_are_open_and_queries_left_out(opened, name):
    page = opened(name, width=A4)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4
    if name in ("loans", "profile"):
        below = "all => all.map(e => [e.closest('.long') !== null, e.checkVisibility()])"
        assert {tuple(found) for found in page.eval_on_selector_all("details > :last-child", below)} == {(False, True), (True, False)}
        assert not page.is_visible("nav")
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.browser
def test_exact_numbers_are_shown_on_demand_by_keyboard_and_on_paper(opened):
    page = opened("profile")
    number = page.locator(".exact").first
    exact = number.get_attribute("title")
    assert exact.startswith(number.inner_text()[:-1]) and len(exact) > len(number.inner_text())
    shown = "e => [getComputedStyle(e).fontSize, getComputedStyle(e, '::after').content]"
    assert number.evaluate(shown)[1] == "none"
    page.focus(".switch input")
    page.keyboard.press("Space")
    assert number.evaluate(shown) == ["0px", f'"{exact}"']
    page.emulate_media(media="print")
    assert number.evaluate(shown) == ["0px", f'"{exact}"']


@pytest.mark.browser
def test_the_page_turns_dark_with_the_system(opened):
    shades = {}
    for scheme in ("light", "dark"):
        page = opened("loans", scheme=scheme)
        colours = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        shades[scheme] = [sum(map(int, re.findall(r"\d+", c)[:3])) / 765 for c in page.eval_on_selector("body", colours)]
    assert shades["light"][0] > 0.9 > 0.2 > shades["light"][1]
    assert shades["dark"][0] < 0.2 < 0.8 < shades["dark"][1]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in (*SEEN, "empty", "measures", "one row", "no rows")), ("loans", "dark"), ("measures", "dark")],
)  # the schemes differ in colours alone, and all of these are on two pages
def test_axe_finds_no_barrier(opened, name, scheme):
    axe = pytest.importorskip("axe_playwright_python", reason="needs axe-core: pip install axe-playwright-python")
    page = opened(name, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate((files(axe) / "axe.min.js").read_text("utf-8"))
    run = "axe.run({runOnly: tags, resultTypes: ['violations']})"  # of what has no barrier, axe then describes one element each
    violations, passes = page.evaluate(f"tags => {run}.then(found => [found.violations, found.passes.length])", AXE)
    assert [(v["id"], v["help"], [n["html"][:120] for n in v["nodes"][:3]]) for v in violations] == []
    assert passes > 10


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_link_opens_its_section_and_the_navigation_stays(opened, width):
    page = opened("loans", width=width)
    assert not page.is_visible("#columns")
    page.click("nav a[href='#columns']")
    assert page.is_visible("#columns")
    assert page.evaluate("scrollY") > 100
    assert page.evaluate("(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector('nav').getBoundingClientRect())")


@pytest.mark.browser
def test_the_verdict_and_the_rules_are_on_the_first_screen(opened):
    page = opened("loans")
    for element in (".result", "table.rules tbody tr"):
        assert page.locator(element).first.bounding_box()["y"] < 900


@pytest.mark.browser
@pytest.mark.parametrize("name", SEEN)
def test_the_keyboard_reaches_everything_in_order(opened, name):
    page = opened(name, width=900)
    page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    all_of = "[...document.querySelectorAll('a, input, summary, [tabindex=\"0\"]')].filter(e => e.checkVisibility())"
    count = page.evaluate(f"window.all = {all_of}; window.all.length")
    for k in range(count):
        page.keyboard.press("Tab")
        assert page.evaluate("k => document.activeElement === window.all[k]", k), k


@pytest.mark.browser
@pytest.mark.parametrize("name", ["loans", "profile"])
def test_the_keyboard_reaches_the_report_and_what_scrolls(opened, name):
    page = opened(name, width=390)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    assert page.evaluate("[...document.querySelectorAll('.wide')].every(e => e.tabIndex === 0)")


@pytest.mark.browser
def test_a_name_leads_to_its_card(opened):
    page = opened("profile")
    page.click("a[href='#column-2']")
    assert page.evaluate("(r => r.top >= 0 && r.top < 200)(document.querySelector('#column-2').getBoundingClientRect())")
    assert page.inner_text("#column-2") == "joined"


@pytest.mark.browser
def test_a_notebook_page_keeps_its_own_style(opened, browser):
    page = browser.new_page()
    page.set_content(f"<style>p{{color:rgb(1,2,3)}}</style><p>Around</p>{embedded(REPORTS['loans'])}")
    frame = page.frames[1]
    frame.wait_for_selector("h1")
    assert page.eval_on_selector("body > p", "e => getComputedStyle(e).color") == "rgb(1, 2, 3)"
    assert frame.eval_on_selector("main p", "e => getComputedStyle(e).color") != "rgb(1, 2, 3)"
    assert page.eval_on_selector("body", "e => getComputedStyle(e).maxWidth") == "none"
    page.close()


@pytest.mark.slow
def test_fifty_facets_make_less_than_five_megabytes():
    base = [f for f in REPORTS["loans"].findings if f.kind == "bias" and f.group == "sex=female"]
    found = [replace(f, group=f"facet{k}=value", payload=replace(f.payload, facet=f"facet{k}")) for k in range(50) for f in base]
    assert len(to_html(Report("bias", tuple(found)))) < 5_000_000
