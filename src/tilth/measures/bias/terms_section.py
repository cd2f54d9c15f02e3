"""The report section of the measure `terms`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tilth.measures.bias.terms import Term
from tilth.report import Finding
from tilth.report.blocks import Block, Section, Words, code, counted, table, value_with_interval
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection

CAUTION = "A model of these texts can learn this. People must decide whether it should: words may name groups, or leak the label."


def section(findings: Sequence[Finding[Term]]) -> Section:
    """Tables of identity terms and of words, for each part and column."""
    found = [f for f in findings if f.subject]
    blocks: list[Block] = [Words(CAUTION)]
    for part, column in dict.fromkeys((f.part, f.subject) for f in found):
        here = [f for f in found if (f.part, f.subject) == (part, column)]
        blocks += _of_column(here, f"{code(column[0])}{f' in {code(part)}' if part else ''}")
    terms = [f for f in found if f.name == "PMI"]
    lead = f"{counted(len(terms), 'identity term')}" + (f"; the most telling is {code(terms[0].group)}." if terms else " in enough texts.")
    return Section("terms", "Words and the outcome", tuple(blocks), lead=lead)


def _of_column(found: Sequence[Finding[Term]], where: str) -> Iterator[Block]:
    outcome = code(found[0].payload.outcome)
    terms, words = ([f for f in found if f.name == name] for name in ("PMI", "log_odds"))
    if terms:
        columns = ("term", "group", "documents", "of them favourable", "times as often as all", "PMI")
        rows = [
            (code(f.group), ", ".join(p.groups), *_documents(p), value_with_interval(p.lift, p.lift_low, p.lift_high), number(f.value))
            for f in terms
            for p in (f.payload,)
        ]
        yield table(f"Identity terms of {where} and {outcome}", columns, rows, numbers=columns[2:], brief=12)
    heads = ("word", "documents", "of them favourable", "log-odds", "z")
    for side, title in ((1, f"Words of {where} for {outcome}"), (-1, f"Words of {where} against {outcome}")):
        mine = [f for f in words if f.value * side > 0]
        if mine:
            lines = [(code(f.group), *_documents(f.payload), number(f.payload.log_odds), number(f.value)) for f in mine]
            yield table(title, heads, lines, numbers=heads[1:], brief=10)


def _documents(p: Term) -> tuple[str, str]:
    return f"{number(p.documents)} ({percent(p.share)})", percent(p.favourable / p.documents)


TERMS = ReportSection(Term, section)
