"""The report as a short Markdown summary, for comments on pull requests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tilth.report.blocks import Table, Tone, pieces
from tilth.report.page import page
from tilth.report.report import Report

SYMBOLS: dict[Tone, str] = {"good": "✅", "bad": "❌", "unknown": "⚠️", "": "ℹ️"}


def to_markdown(report: Report) -> str:
    """The verdict, what to inspect first, the summaries of the sections (rules that did not pass, bias …), and one line of facts.

    Everything from the data is set as code, so that it cannot become a link, a tag or a mention.

    >>> print(to_markdown(Report("check")))
    ### ℹ️ check
    <BLANKLINE>
    The report is empty: nothing was judged and nothing was measured.
    <BLANKLINE>
    """
    return "\n\n".join(_pieces(report)) + "\n"


def _pieces(report: Report) -> Iterator[str]:
    laid_out = page(report)
    yield f"### {SYMBOLS[laid_out.tone]} {_words(laid_out.title)}"
    yield f"**{_words(laid_out.verdict)}**" if laid_out.tone else _words(laid_out.verdict)
    if laid_out.advice:
        yield "\n".join(f"{k}. {_words(words)}" for k, (words, _) in enumerate(laid_out.advice, 1))
    yield from (_table(block) for section in laid_out.sections for block in section.summary)
    if laid_out.line:
        yield f"<sub>{_words(laid_out.line)}</sub>"


def _table(block: Table) -> str:
    lines = ["| " + " | ".join(_words(h) for h in block.heads) + " |", "|" + "---|" * len(block.heads)]
    lines += [
        "| " + " | ".join(f"{SYMBOLS[c.tone]} {_words(c.words)}" if c.tone else _words(c.words) for c in row) + " |" for row in block.rows
    ]
    return "\n".join(lines)


def _words(words: str) -> str:
    """Words with code spans, everything else escaped."""
    return "".join(_code(piece) if is_code else _escaped(piece) for piece, is_code in pieces(words))


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$&@])", r"\\\1", text)


def _code(text: str) -> str:
    """A code span: its fence is longer than any run of backticks inside. Bars, which would end a table cell, are escaped."""
    text = text.replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or text != text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"
