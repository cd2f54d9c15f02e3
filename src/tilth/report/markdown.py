"""The report as a short Markdown summary, for the discussion under a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tilth.report.blocks import Cell, Table, Tone, code, pieces, table
from tilth.report.charts import number
from tilth.report.report import Finding, FindingKind, Outcome, Report
from tilth.report.sections import page
from tilth.report.sections.bias import facet_of, metric_of
from tilth.report.sections.numbers import value_told
from tilth.report.sections.rules import OUTCOMES, TONES, reasons, text_of

MOST = 20  # failing rules, and lines of bias
SYMBOLS: dict[Tone, str] = {"good": "✅", "bad": "❌", "unknown": "⚠️", "": "ℹ️"}


def to_markdown(report: Report) -> str:
    """The verdict, what to look at first, the rules that did not pass, bias, and one line of facts.

    All that comes from the data is set as code, so that nothing in it is a link, a tag or somebody's name.

    >>> print(to_markdown(Report("check")))
    ### ℹ️ check
    <BLANKLINE>
    The report is empty: nothing was judged and nothing was measured.
    <BLANKLINE>
    """
    return "\n\n".join(_pieces(report)) + "\n"


def _pieces(report: Report) -> Iterator[str]:
    told = page(report)
    yield f"### {SYMBOLS[told.tone]} {_words(told.title)}"
    yield f"**{_words(told.verdict)}**" if told.tone else _words(told.verdict)
    if told.advice:
        yield "\n".join(f"{k}. {_words(words)}" for k, (words, _) in enumerate(told.advice, 1))
    worst = [f for f in report.of(FindingKind.RULE) if f.outcome is not Outcome.PASSED]
    if worst:
        yield _table(_rules(worst[:MOST]))
        if len(worst) > MOST:
            yield f"… and {number(len(worst) - MOST)} more."
    biased = [f for f in report.of(FindingKind.BIAS) if metric_of(f) == "DPL"]
    if biased:
        yield _table(_bias(biased[:MOST]))
    if told.figures:
        yield f"<sub>{', '.join(f'{_words(n)} {_words(of)}' for n, of in told.figures)}</sub>"


def _rules(found: list[Finding]) -> Table:
    rows = [
        (
            Cell(OUTCOMES.get(f.outcome or Outcome.ERROR, ""), TONES.get(f.outcome, "unknown")),
            code(text_of(f), 200),
            " ".join(reasons(f)),
        )
        for f in found
    ]
    return table("Rules", ("verdict", "rule", "reason"), rows)


def _bias(found: list[Finding]) -> Table:
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(facet_of(f), f.part): f for f in found}
    facets = list(dict.fromkeys(facet for facet, _ in at))
    rows = [(facet.told(), *(value_told(f.value, f.low, f.high) if (f := at.get((facet, p))) else "" for p in parts)) for facet in facets]
    return table("Bias", ("difference of positive labels", *(p or "value" for p in parts)), rows)


def _table(block: Table) -> str:
    lines = ["| " + " | ".join(_words(h) for h in block.heads) + " |", "|" + "---|" * len(block.heads)]
    lines += [
        "| " + " | ".join(f"{SYMBOLS[c.tone]} {_words(c.words)}" if c.tone else _words(c.words) for c in row) + " |" for row in block.rows
    ]
    return "\n".join(lines)


def _words(words: str) -> str:
    """Words with code as code, and all else free of Markdown's own marks."""
    return "".join(_code(piece) if is_code else _escaped(piece) for piece, is_code in pieces(words))


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$&@])", r"\\\1", text)


def _code(text: str) -> str:
    """A code span: its fence is longer than any run of backticks inside. A bar would end the cell of a table."""
    text = text.replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or text != text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"
