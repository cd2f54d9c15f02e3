"""The report as a self-contained HTML page: without scripts or requests, light and dark, for print and mobile."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from itertools import count

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from tilth.report.blocks import EXACT, Page, Tone, pieces, plain
from tilth.report.charts import STYLE
from tilth.report.page import page
from tilth.report.report import Report

NAME = 24  # code up to this length is never wrapped
SYMBOLS: dict[Tone, str] = {"good": "✓", "bad": "✗", "unknown": "?", "": ""}


def to_html(report: Report) -> str:
    """The whole page.

    Style, charts and pictures are inline; a strict content security policy allows nothing else. Data values are escaped, put on one line
    and freed of control characters.

    >>> to_html(Report("check")).startswith("<!doctype html>")
    True
    """
    return html_of(page(report))


def html_of(laid_out: Page) -> str:
    """A page as HTML."""
    template, style = _template()
    numbers = count(1)
    text = template.render(page=laid_out, style=style, policy=_policy(style), number=lambda: next(numbers))
    return f"{text.strip()}\n"


def embedded(report: Report, height: str = "40rem") -> str:
    """The page in an iframe, for a notebook: the styles of the two pages do not affect each other.

    >>> embedded(Report("check"))[:19]
    '<iframe title="chec'
    """
    return (
        f'<iframe title="{escape(plain(page(report).title))}" sandbox="" srcdoc="{escape(to_html(report))}" '
        f'style="width:100%;height:{escape(height)};border:1px solid #8886;border-radius:6px;resize:vertical"></iframe>'
    )


def _policy(style: str) -> str:
    """The content security policy: only pictures inside the page are loaded, and only this style, identified by its hash, is applied."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _template() -> tuple[Template, Markup]:
    """The page's template and its style."""
    environment = Environment(
        loader=PackageLoader("tilth.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"words": _words, "plain": plain, "svg": Markup}
    environment.globals |= {"symbols": SYMBOLS}
    environment.tests["a"] = lambda block, kind: type(block).__name__ == kind
    style = files("tilth.report").joinpath("templates", "page.css").read_text("utf-8")
    return environment.get_template("page.html"), Markup(STYLE + style)  # noqa: S704 -- both are files of this package


_CODE = {True: Markup('<code class="name">{}</code>'), False: Markup("<code>{}</code>")}  # short names are not wrapped
_NUMBER = Markup('<span class="exact" title="{1}">{0}</span>')


def _words(text: str) -> Markup:
    """Words as HTML, with code elements; a rounded number has the exact number in its title."""
    parts = EXACT.split(text)  # words, a number as shown, the exact number, words …
    made = [_NUMBER.format(*map(plain, parts[k : k + 2])) for k in range(1, len(parts), 3)]
    return Markup().join(piece for k, words in enumerate(parts[::3]) for piece in (*map(_piece, pieces(words)), *made[k : k + 1]))


def _piece(piece: tuple[str, bool]) -> Markup:
    words, is_code = piece
    return _CODE[len(words) <= NAME].format(words) if is_code else escape(words.replace(" %", "\u00a0%"))
