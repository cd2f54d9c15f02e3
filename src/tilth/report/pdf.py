"""The report as a PDF: the page on paper, with text that can be searched, bookmarks and tags for screen readers.

It needs the extra `pdf`; otherwise importing it raises `MissingExtra`.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import Any

from tilth.errors import extra
from tilth.report.blocks import Cards, Listing, Marked, Page, Table, pieces, plain
from tilth.report.html import SYMBOLS
from tilth.report.page import page
from tilth.report.report import Report

with extra("pdf", "a report as PDF"):
    import typst

FONT = "Libertinus Serif"  # comes with Typst; missing characters are taken from fonts of the machine
_COLOUR = re.compile(r"var\(--\w+,(#\w+)\)")
_RAW = frozenset({"key", "link", "tone"})  # fields of blocks whose strings are not words


def to_pdf(report: Report) -> bytes:
    """The whole page as a PDF that loads nothing, the same bytes for the same report and fonts.

    Folded content is shown, except for queries, which are left out. Sections are bookmarks, and charts have text alternatives.

    >>> to_pdf(Report("check"))[:5]
    b'%PDF-'
    """
    return pdf_of(page(report))


def pdf_of(laid_out: Page) -> bytes:
    """A page as a PDF, set by Typst. The page is passed as data, so that nothing in it is read as markup."""
    template = files("tilth.report").joinpath("templates", "page.typ").read_bytes()
    content = json.dumps({**_plain(laid_out), "symbols": SYMBOLS, "font": FONT}, ensure_ascii=False)
    given = {"page": content.encode("utf-8", "replace").decode()}  # a key may hold a lone surrogate
    made: bytes = typst.compile(template, sys_inputs=given, format="pdf")
    return made


def _plain(value: Any, name: str = "") -> Any:
    """Blocks as JSON: each with its class under `kind`, words split into pieces, and charts in colours for paper."""
    match value:
        case str():
            return _on_paper(value) if name in ("svg", "chart") else value if name in _RAW else list(pieces(value))
        case tuple() | list():
            return [_plain(v, name) for v in value]
        case frozenset():
            return sorted(value)
        case Table():
            shown = {name: _plain(getattr(value, name)) for name in ("caption", "heads", "rows")}
            return {"kind": "Table", "numeric": [head in value.numbers for head in value.heads], **shown}
        case Listing():
            return {"kind": "Listing", "text": "\n".join(map(plain, value.text.splitlines()))}
        case Marked():
            return {"kind": "Marked", "marks": value.marks}
        case Cards():
            return {"kind": "Cards", "blocks": _plain(value.blocks)}
    if not is_dataclass(value):
        return value
    return {"kind": type(value).__name__} | {f.name: _plain(getattr(value, f.name), f.name) for f in fields(value)}


def _on_paper(svg: str) -> str:
    return _COLOUR.sub(r"\1", svg).replace("<svg ", f'<svg font-family="{FONT}" ', 1)
