"""Lays out the page of a report: the verdict, the most urgent advice, the sections, and the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tilth.report.blocks import Block, Cell, Fold, Listing, Page, Points, Section, Table, Tone, Verdicts, code, counted, cut, shown, table
from tilth.report.charts import number
from tilth.report.facts import Scan
from tilth.report.finding import Outcome, Payload
from tilth.report.report import Report
from tilth.report.sections import sections_of

MOST_ADVICE = 8
MOST = 200  # queries shown
LONGEST = 4000  # characters of a query
SLOWEST = 12
RUN = frozenset({"plan", "facts"})  # the sections about the run, not about the data
FIRST = frozenset({"rules", "warnings"})  # the sections shown first if others are folded


def page(report: Report) -> Page:
    """The report laid out.

    >>> page(Report("check")).verdict
    'The report is empty: nothing was judged and nothing was measured.'
    """
    sections = [*sections_of(report.findings), *(s for s in (plan(report), facts(report)) if s is not None)]
    tone, words = verdict(report)
    covered = {key for s in sections for key in s.covers}
    given = ((a, s.key) for s in sections if s.key not in covered for a in s.advice)
    advice = sorted(given, key=lambda known: -known[0].urgency)[:MOST_ADVICE]
    first = tuple((a.words, key) for a, key in advice)
    judged = bool(report.verdicts)
    if not judged and (first_said := next((s for s in sections if s.tone), None)):
        tone, words = first_said.tone, first_said.lead
        sections = [replace(s, lead="") if s is first_said else s for s in sections]
    unfolded = frozenset(s.key for s in sections if s.key in FIRST or not (judged or s.key in RUN))
    return Page(
        report.title or "Report",
        _subtitle(report),
        tone,
        words,
        first,
        _figures(report, sections),
        _run(report),
        note_of(report),
        tuple(sections),
        unfolded,
    )


def first_screen(whole: Page) -> Page:
    """The page without folded content: rules that did not pass with their first reason, and the other sections by title and lead.

    >>> [section.title for section in first_screen(page(Report("check"))).sections]
    []
    """
    first = [replace(s, blocks=tuple(_unpassed(b) for b in s.blocks)) for s in whole.sections if s.key in FIRST]
    folded = tuple(f"{s.title}: {s.lead}" if s.lead else s.title for s in whole.sections if s.key not in FIRST | RUN)
    if folded:
        first.append(Section("folded", "Also in the report", (Points(folded),)))
    return replace(whole, sections=tuple(first))


def _unpassed(block: Block) -> Block:
    """A table of rules without the passed ones and without failing rows; a composite keeps the table of its parts."""
    if not isinstance(block, Verdicts):
        return block
    worst = [v for v in block.verdicts if v.tone != "good"]
    return replace(block, verdicts=tuple(replace(v, reasons=v.reasons[:1], blocks=() if v.reasons else v.blocks[:1]) for v in worst))


def verdict(report: Report) -> tuple[Tone, str]:
    """Whether the data passed, in one sentence.

    >>> verdict(Report(""))[1]
    'The report is empty: nothing was judged and nothing was measured.'
    """
    verdicts, noun = report.verdicts, _noun(report)
    if not verdicts:
        if not report.findings:
            return "", "The report is empty: nothing was judged and nothing was measured."
        return "", "There are no rules, so nothing passed or failed."
    failed, unjudged = (sum(f.outcome is outcome for f in verdicts) for outcome in (Outcome.FAILED, Outcome.ERROR))
    unjudged += sum(f.outcome is None for f in verdicts)
    if not failed and not unjudged:
        baseline = sum(f.payload.drafted for f in verdicts)
        if baseline == len(verdicts):
            return "", f"{counted(baseline, 'baseline rule')} recorded: drafted from data, and not yet a requirement."
        if baseline:
            return "good", f"All {number(len(verdicts))} rules passed, {number(baseline)} of them a baseline drafted from data."
        return "good", f"The only {noun} passed." if len(verdicts) == 1 else f"All {number(len(verdicts))} {noun}s passed."
    if len(verdicts) == 1:
        return ("bad", f"The only {noun} failed.") if failed else ("unknown", f"The only {noun} could not be evaluated.")
    of = f"of {number(len(verdicts))} {noun}s"
    if not failed:
        return "unknown", f"{number(unjudged)} {of} could not be evaluated; no {noun} failed."
    return "bad", f"{number(failed)} {of} failed" + (f", and {number(unjudged)} could not be evaluated." if unjudged else ".")


def _noun(report: Report) -> str:
    """The noun for what the report judges: rules, unless all verdicts are of another kind."""
    nouns = {f.payload.NOUN for f in report.verdicts}
    return nouns.pop() if len(nouns) == 1 else Payload.NOUN


def _subtitle(report: Report) -> str:
    f = report.facts
    parts = [code(f.source, 100) if f.source else "", f.started.replace("T", " ").replace("+00:00", " UTC")]
    return ", ".join(word for word in parts if word)


def _figures(report: Report, sections: Sequence[Section]) -> tuple[tuple[str, str], ...]:
    """Figures of the data: each number and its label."""
    verdicts, rows = report.verdicts, report.rows
    passed = sum(r.outcome is Outcome.PASSED for r in verdicts)
    what = "baseline rules hold" if all(r.payload.drafted for r in verdicts) else f"{_noun(report)}s passed"
    figures = (
        ("" if rows is None else number(rows), "row" if rows == 1 else "rows"),
        *(figure for section in sections for figure in section.figures),
        (f"{number(passed)} of {number(len(verdicts))}" if verdicts else "", what),
    )
    return tuple(figure for figure in figures if figure[0])


def _run(report: Report) -> tuple[tuple[str, str], ...]:
    """Figures of the run."""
    f = report.facts
    figures = (
        (number(len(f.scans)) if f.scans else "", "scan of the data" if len(f.scans) == 1 else "scans of the data"),
        (seconds(f.seconds) if f.seconds else "", "seconds"),
        (f.engine, "engine"),
    )
    return tuple(figure for figure in figures if figure[0])


def note_of(report: Report) -> str:
    """The tables that the numbers belong to, if there are several, and their rows."""
    rows: dict[str, int] = {}
    for f in report.findings:
        if f.part and (n := f.payload.row_count) is not None:
            rows[f.part] = n
    later = [f"{code(p)} ({counted(n, 'row')})" for p, n in rows.items() if p != "raw"]
    if "raw" not in rows or not later:
        return ""
    tables = ", ".join(later[:-1]) + (" and " if later[1:] else "") + later[-1]
    return f"Numbers for {code('raw')} describe the data as read; those for {tables} describe the delivered data, after preparation."


# ── the run ──


def plan(report: Report) -> Section | None:
    """The scans with their seconds (if there are many, the slowest), then all of them with their queries, folded."""
    scans = list(enumerate(report.facts.scans, 1))
    if not scans:
        return None
    total = f"{counted(len(scans), 'scan')} of the data"
    slowest = sorted(scans, key=lambda known: -known[1].seconds)[:SLOWEST]
    rows = [(str(k), s.purpose, cut(s.title, 100), seconds(s.seconds)) for k, s in (scans if len(scans) <= SLOWEST else slowest)]
    caption = total if len(rows) == len(scans) else f"The {len(rows)} slowest of {total}"
    lead = f"{total} took {seconds(sum(s.seconds for _, s in scans))} of {seconds(report.facts.seconds)} seconds."
    blocks: list[Block] = [*_purposes(report.facts.scans), table(caption, ("", "for", "scan", "seconds"), rows, ["seconds"])]
    folds = [Fold(f"{k}. {cut(s.named, 120)}, {seconds(s.seconds)} s", (_query(s.query),)) for k, s in scans[:MOST] if s.query]
    if folds:
        blocks.append(Fold("The queries", tuple(folds), printed=False))
    return Section("plan", "Scans of the data", tuple(blocks), lead=lead)


def _purposes(scans: Sequence[Scan]) -> list[Table]:
    """The purposes of the scans, if there are several: how many scans, and how long they took."""
    made: dict[str, list[float]] = {}
    for s in scans:
        made.setdefault(s.purpose, []).append(s.seconds)
    if len(made) < 2 or len(scans) <= SLOWEST:
        return []
    rows = [(purpose or "reading", number(len(took)), seconds(sum(took))) for purpose, took in made.items()]
    return [table("What the scans were for", ("for", "scans", "seconds"), rows, ["scans", "seconds"])]


def _query(text: str) -> Listing:
    """A query as it ran, truncated if very long; the JSON report has it in full."""
    return Listing(text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… and {number(len(text) - LONGEST)} characters more")


def seconds(n: float) -> str:
    """Seconds, to the hundredth or better.

    >>> seconds(12.3456), seconds(0.01234)
    ('12.35', '0.012')
    """
    return f"{n:,.2f}" if n >= 0.1 else f"{n:.3f}"


def facts(report: Report) -> Section | None:
    """What ran, where and when."""
    f = report.facts
    rows: list[tuple[str, str]] = [
        ("data", code(f.source, 400) if f.source else ""),
        ("rows", "" if f.rows is None else number(f.rows)),
        ("engine", f.engine),
        ("started", f.started),
        ("seconds", seconds(f.seconds) if f.seconds else ""),
        ("fingerprint", code(f.fingerprint, 200) if f.fingerprint else ""),
        *((f"version of {name}", version) for name, version in f.versions.items()),
        *((name, code(shown(value, 400))) for name, value in f.more.items()),
    ]
    kept = [(name, Cell(value)) for name, value in rows if value]
    ran = ", ".join(f"{name} {version}" for name, version in f.versions.items()) + "." if f.versions else ""
    return Section("facts", "Facts of the run", (table("Facts of the run", ("fact", "value"), kept),), lead=ran) if kept else None
