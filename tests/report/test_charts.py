"""The charts: sound XML whatever is in the data, nothing that overlaps, and readable without colour and without eyes."""

from __future__ import annotations

import math
import re
import shutil
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.report.charts import MOST, STYLE, Dot, bars, curve, histogram, intervals, matrix, number, percent, shares, sparkline, stacked

DRAWN = set("svg title desc defs pattern g rect line path circle text".split())  # noqa: SIM905
SVG = "{http://www.w3.org/2000/svg}"
INF, NAN = math.inf, math.nan

names = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["<script>alert(1)</script>", "\"'&<>]]>", "a\0b\ud800c\u202ed", "日本語" * 20, "🜨" * 40, "\n\t ", ""]),
)
numbers = st.one_of(
    st.none(), st.floats(), st.integers(), st.sampled_from([10**400, -(10**400), 5e-324, 1.7e308, -1.7e308, 0, -0.0, INF, -INF, NAN])
)
floats = st.one_of(st.floats(), st.integers(-(10**6), 10**6))
dots = st.builds(Dot, numbers, numbers, numbers)
pairs = st.tuples(floats, floats)

CHARTS = {
    "bars": st.builds(bars, names, st.dictionaries(names, numbers, max_size=50)),
    "stacked": st.builds(stacked, names, st.dictionaries(names, st.dictionaries(names, numbers, max_size=12), max_size=8)),
    "intervals": st.builds(
        intervals,
        names,
        st.dictionaries(st.sampled_from("abc"), st.dictionaries(names, dots, max_size=6), max_size=3),
        neutral=st.floats(-1, 1),
        bands=st.one_of(st.none(), st.dictionaries(st.sampled_from("abcd"), pairs)),
    ),
    "shares": st.builds(shares, names, numbers, numbers, numbers),
    "matrix": st.builds(
        matrix, names, st.lists(names, max_size=30, unique=True), st.dictionaries(st.tuples(names, names), numbers, max_size=20)
    ),
    "curve": st.builds(
        curve,
        names,
        *(st.lists(numbers, max_size=9) for _ in "xy"),
        st.lists(st.lists(numbers, max_size=9), max_size=2),
        st.lists(numbers, max_size=9),
    ),
    "histogram": st.builds(histogram, names, names, st.lists(numbers, max_size=25), numbers, numbers),
}


def parts(svg: str) -> Xml.Element:
    return Xml.fromstring(svg)


def words(svg: str) -> list[str]:
    """The words that are drawn, without the titles that tell them whole."""
    return [(text.text or "") + "".join(child.tail or "" for child in text) for text in parts(svg).iter(f"{SVG}text")]


def described(svg: str) -> str:
    return parts(svg).find(f"{SVG}desc").text


# ── laws of all charts ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHARTS)
def test_any_data_make_a_sound_picture(kind):
    @given(CHARTS[kind])
    def law(svg):
        root = parts(svg)  # sound XML
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        title, desc = root[0], root[1]
        assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
        assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        assert title.text
        ids = [element.get("id") for element in root.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        assert set(re.findall(r"url\(#(\w+)\)", svg)) <= set(ids)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= DRAWN  # no script, no style, no image, no link
        width, height = (float(root.get(side)) for side in ("width", "height"))
        for element in root.iter():
            for name, value in element.items():
                assert not name.startswith("on")
                assert "nan" not in value
                assert "inf" not in value.replace("infinit", "")
            if element.tag in (f"{SVG}rect", f"{SVG}line") and element.get("x1", element.get("x")):
                assert -1 <= float(element.get("x1", element.get("x"))) <= width + 1
                assert -1 <= float(element.get("y1", element.get("y"))) <= height + 1
                assert float(element.get("width", 0)) >= 0

    law()


@given(st.dictionaries(names, numbers, max_size=9), names)
def test_the_same_data_make_the_same_picture(values, key):
    assert bars("x", values, key=key) == bars("x", dict(values), key=key)


def test_ids_differ_with_content_and_with_key():
    ids = {parts(svg)[0].get("id") for svg in (bars("x", {"a": 1}), bars("x", {"a": 2}), bars("y", {"a": 1}), bars("x", {"a": 1}, key="2"))}
    assert len(ids) == 4


EMPTY = {
    "bars": bars("Missing", {}),
    "stacked": stacked("Missing", {}),
    "intervals": intervals("Missing", {}),
    "curve": curve("Missing", [1, None], [None, 2]),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_nothing_to_draw_says_no_data(kind):
    assert words(EMPTY[kind]) == ["no data"]
    assert described(EMPTY[kind]) == "no data"
    assert parts(EMPTY[kind])[0].text == "Missing"


def test_hostile_names_stay_names():
    hostile = "<script>alert('1')</script>\" onload=\"x"
    svg = stacked(hostile, {hostile: {hostile: 1, "b": 2}})
    assert "<script" not in svg
    assert parts(svg)[0].text == hostile


def test_long_names_are_cut_and_have_a_full_title():
    name = "a name that is far too long for the column on the left of a chart"
    svg = bars("x", {name: 1})
    cut = words(svg)[0]
    assert cut.endswith("…")
    assert name.startswith(cut[:-1])
    assert name in [title.text for title in parts(svg).iter(f"{SVG}title")]


def test_a_style_of_its_own_has_no_chart():
    for svg in (bars("x", {"a": 1}), stacked("x", {"a": {"b": 1, "c": 2}})):
        assert "style" not in svg
        assert "currentColor" in svg
        assert "var(--s1," in svg


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0, "0"), (-0.0, "0"), (1, "1"), (-1, "−1"), (999.96, "1,000"), (12345.678, "12,346"), (999_999_999, "999,999,999"),
        (0.00012345, "0.0001234"), (1e-4, "0.0001"), (9.9e-5, "9.9×10⁻⁵"), (1e9, "1×10⁹"), (-2.5e15, "−2.5×10¹⁵"),
        (10**400, "∞"), (-(10**400), "−∞"), (INF, "∞"), (NAN, "not a number"), (None, "no value"),
    ],
)  # fmt: skip
def test_numbers_as_people_read_them(x, text):
    assert number(x) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"), (0.5, "50 %"), (0.0004, "<0.1 %"), (0.001, "0.1 %"), (0.9995, ">99.9 %"), (0.999, "99.9 %"),
        (1, "100 %"), (-0.25, "−25 %"), (2, "200 %"), (NAN, "not a number"),
    ],
)  # fmt: skip
def test_shares_as_people_read_them(share, text):
    assert percent(share) == text


@given(st.floats(-1e308, 1e308))
def test_a_written_number_is_near_the_number(x):
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
    mantissa, _, exponent = number(x).replace(",", "").replace("×10", "e").translate(raised).partition("e")
    assert float(f"{mantissa}e{exponent or 0}") == pytest.approx(x, rel=1e-3)


# ── each chart ───────────────────────────────────────────────────────────────────────────────────────────────────


def lengths(svg: str) -> list[float]:
    return [
        float(box.get("width"))
        for box in parts(svg).iter(f"{SVG}rect")
        if "pattern" not in box.get("fill", "") and not box.get("fill-opacity")
    ]


def test_bars_are_as_long_as_their_numbers():
    half, whole = lengths(bars("x", {"a": 5, "b": 10}))
    assert half == pytest.approx(whole / 2, abs=0.1)


@pytest.mark.parametrize("count", [1, MOST, MOST + 17])
def test_one_bar_or_many(count):
    svg = bars("x", {f"name {i}": i + 1 for i in range(count)})
    assert len(lengths(svg)) == min(count, MOST)
    assert ("… and 17 more" in words(svg)) == (count > MOST)
    assert ("and 17 more" in described(svg)) == (count > MOST)


def test_what_is_no_number_is_named():
    svg = bars("x", {"a": None, "b": NAN, "c": INF, "d": -INF, "e": 1})
    assert set(words(svg)) >= {"no value", "not a number", "∞", "−∞"}
    assert described(svg) == "a: no value; b: not a number; c: ∞; d: −∞; e: 1"
    assert svg.count('fill="currentColor"') > svg.count("<text")  # the arrows


def test_a_stack_fills_its_length():
    svg = stacked("x", {"train": {"yes": 1, "no": 3}, "test": {"yes": 2, "no": 0}, "none": {}})
    *_swatches, yes, no, all_yes = lengths(svg)
    assert (yes + no, no / yes) == (pytest.approx(all_yes, abs=0.1), pytest.approx(3, abs=0.01))
    assert described(svg) == "train: yes 25 %, no 75 % of 4 rows; test: yes 100 %, no 0 % of 2 rows; none: no rows"


def test_many_classes_are_folded():
    svg = stacked("x", {"train": {f"class {i}": i for i in range(40)}})
    assert words(svg)[:7] == [*(f"class {i}" for i in range(34, 40)), "other (34)"]
    assert "other (34) 71.9 %" in described(svg)  # 561 of 780


def test_every_class_has_a_pattern_of_its_own():
    svg = stacked("x", {"train": {f"class {i}": 1 for i in range(7)}})
    assert len({box.get("fill") for box in parts(svg).iter(f"{SVG}rect") if box.get("stroke")}) == 7


def test_intervals_lie_where_their_numbers_are():
    svg = intervals("x", {"DPL": {"before": Dot(0.5, 0.25, 0.75)}}, neutral=0.0, bands={"DPL": (-0.25, 0.25), "JS": (0, 1)})
    neutral = next(line for line in parts(svg).iter(f"{SVG}line") if line.get("stroke-opacity") == "0.8")
    interval = next(line for line in parts(svg).iter(f"{SVG}line") if line.get("stroke-width") == "2")
    band = [box for box in parts(svg).iter(f"{SVG}rect") if box.get("stroke-dasharray")][1]
    zero, low, high = float(neutral.get("x1")), float(interval.get("x1")), float(interval.get("x2"))
    assert high - zero == pytest.approx(3 * (low - zero), abs=0.4)
    assert float(band.get("x")) + float(band.get("width")) == pytest.approx(low, abs=0.2)
    assert described(svg) == "DPL, before: 0.5 (0.25 to 0.75)"


def test_an_interval_that_is_half_open_ends_in_an_arrow():
    svg = intervals("x", {"KL": {"before": Dot(0.5, 0.1, INF)}})
    assert "0.5 (0.1 to ∞)" in words(svg)
    assert len([path for path in parts(svg).iter(f"{SVG}path") if path.get("fill") == "currentColor"]) == 1


def test_an_interval_that_goes_beyond_the_limits_ends_in_an_arrow():
    """The axis goes from −1 to 2, with the margin of 4 %; only the line of DI is at 1."""
    rows = {"DPL": Dot(0.5, 0.25, 0.75), "TE": Dot(15, -24, 169), "DI": Dot(0.5, -1, 2)}
    svg = intervals("x", {name: {"all": dot} for name, dot in rows.items()}, limits=(-1, 2), neutrals={"DI": 1, "KL": 9})
    arrows = [path for path in parts(svg).iter(f"{SVG}path") if path.get("fill") == "currentColor"]
    lines = [float(line.get("x1")) for line in parts(svg).iter(f"{SVG}line") if line.get("stroke-opacity") == "0.8"]
    low, high = next(
        (float(line.get("x1")), float(line.get("x2")))
        for line in parts(svg).iter(f"{SVG}line")
        if line.get("stroke-width") == "2" and line.get("y1") == line.get("y2")
    )
    assert (len(arrows), len(lines)) == (2, 2)
    assert abs(lines[0] - lines[1]) == pytest.approx(2 * (high - low), abs=0.4)
    assert "15 (−24 to 169)" in words(svg)


def test_a_little_is_still_seen():
    good, bad = lengths(shares("x", valid=9_999, missing=0, invalid=1))[1:]
    assert bad >= 4
    assert good + bad == pytest.approx(119, abs=0.1)
    assert described(shares("x", valid=9_999, missing=0, invalid=1)) == "valid >99.9 %, missing 0 %, invalid <0.1 %"
    assert described(shares("x", 0, 0, 0)) == "no data"


# ── colours and the look of it ───────────────────────────────────────────────────────────────────────────────────


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts_ = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts_)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme):
    block = STYLE.split("@media")[scheme == "dark"]
    colours = dict(re.findall(r"(--\w+):(#\w{6})", block))
    page = luminance(colours.pop("--page"))
    for name, colour in colours.items():
        light, dark = sorted((page, luminance(colour)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= (7 if name == "--ink" else 3), name  # WCAG: 3 for shapes, 7 for words at level AAA


def sheet() -> str:
    """A page with every kind of chart, in all its moods."""
    dot = Dot
    charts = [
        bars("a", {"age": 0.0146, "income": 0.047, "a column with an enormously long name that goes on and on": 0.2}),
        bars(
            "b",
            {"up": 12.5, "down": -7.25, "tiny": 1e-7, "none": None, "nan": NAN, "inf": INF, "-inf": -INF, "<b>": 3, "日本語の列名" * 4: 4},
        ),
        bars("c", {f"category {i}": i * 7 % 31 for i in range(45)}),
        bars("d", {}),
        bars("e", {"only": 3}),
        bars("f", {"W" * 80: 1, "i" * 80: -1e300, "m" * 80: 1.2345678e-9}),
        stacked("h", {"age": {"a class with quite a long name, as they come " * 2: 1, "another one of those " * 3: 2, "third": 3}}),
        stacked("i", {"train": {"yes": 2960, "no": 12960, "(missing)": 82}, "test": {"yes": 740, "no": 3240}, "empty": {}}),
        stacked("j", {p: {f"class {k}": k * k + len(p) for k in range(12)} for p in ("train", "test")}),
        intervals(
            "k",
            {
                "CI": {"before": dot(0.24, 0.23, 0.25), "after": dot(0.24, 0.23, 0.25)},
                "KL": {"before": dot(0.08, 0.06, 0.1), "after": dot(INF, 0.01, INF)},
                "JS": {"before": dot(0.02, 0.015, 0.025), "after": dot(None)},
            },
            bands={"CI": (-0.5, 0.5), "JS": (-INF, 0.02)},
        ),
        intervals("l", {"DPL": {"train": dot(0.3)}}),
        shares("p", 80, 10, 10),
        matrix(
            "r",
            ["age", "a rather long name of a column that goes on", "x"],
            {("age", "x"): 0.9, ("x", "a rather long name of a column that goes on"): -0.4},
        ),
        histogram("q", "0 to 9", [1, 5, 0, 2], below=1, above=3),
    ]
    return f"<!doctype html><meta charset='utf-8'><style>{STYLE}body{{background:var(--page)}}</style>" + "".join(charts)


TOUCHING = """() => [...document.querySelectorAll("svg.chart")].flatMap((svg) => {
  const texts = [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect()]);
  const frame = svg.getBoundingClientRect(), out = [];
  texts.forEach(([t, a], i) => {
    if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 2 || a.bottom > frame.bottom + 2) out.push(t);
    texts.slice(i + 1).forEach(([u, b]) => {
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) out.push(t + " × " + u);
    });
  });
  return out;
})"""


@pytest.mark.browser
def test_no_words_touch_or_leave_the_picture():
    """In a real browser, with whatever sans serif the machine has."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": 800, "height": 600})
        page.set_content(sheet())
        touching, drawn = page.evaluate(TOUCHING), page.locator("svg.chart").count()
        browser.close()
    assert (touching, drawn) == ([], 14)


def test_a_histogram_has_a_bar_for_each_count_and_what_is_beyond():
    assert len(lengths(histogram("x", "0 to 4", [1, 2, 4]))) == 3
    assert len(lengths(histogram("x", "0 to 4", [1, 2, 4], below=1, above=2))) == 5
    assert described(histogram("x", "", [])) == described(histogram("x", "", [0, NAN])) == "no data"
    assert sparkline([]) == sparkline([0, None]).strip() == ""
    assert sparkline([1, 8]) == "▂█"


def test_a_matrix_has_a_square_for_each_pair_as_large_as_its_strength():
    svg = matrix("x", ["a", "b", "c"], {("a", "b"): -1, ("c", "a"): 0.5, ("b", "c"): 0})
    assert list(lengths(svg)) == [18, 9]
    assert "b, a: −1" in svg and "and 3 more" in matrix("x", [f"n{i}" for i in range(28)], {})
    assert described(matrix("x", ["a"], {})) == "no data"
    wide = matrix("x", [f"a long name, the {i}th of many" for i in range(25)], {})
    assert max(float(end) for end in re.findall(r'x2="([\d.]+)"', wide)) <= 640  # nothing is cut off


def test_weak_strengths_have_short_bars():
    first, second = (float(re.search(r'<rect[^>]* width="([\d.]+)"', bars("x", {"a": 0.1}, whole=w))[1]) for w in (0, 1))
    assert second < first / 5
