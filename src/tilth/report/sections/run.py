"""The run itself: warnings, the passes over the data, and the facts."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.report.blocks import Block, Cell, Fold, Listing, Points, Section, Table, Words, code, cut, shown, table
from tilth.report.charts import number
from tilth.report.report import FindingKind, Pass, Report
from tilth.report.sections import given

MOST = 200  # queries shown
LONGEST = 4000  # characters of one
SLOWEST = 12


def warnings(report: Report) -> Section | None:
    """What whoever reads the report should know."""
    told: dict[tuple[str, str], list[str]] = {}  # a warning that several parts give is told once
    for f in report.of(FindingKind.WARNING):
        told.setdefault((f.name, " ".join(f.message.split())), []).append(f.part)
    points = [
        (f"{_in(parts)}{message or name}" + (f" ({code(name)})" if message and name else ""), "") for (name, message), parts in told.items()
    ]
    return Section("warnings", "Warnings", (Points(tuple(points)),)) if points else None


def _in(parts: list[str]) -> str:
    named = ", ".join(code(p) for p in dict.fromkeys(parts) if p)
    return f"{named}: " if named else ""


def plan(report: Report) -> Section | None:
    """The passes with their seconds, of many the slowest, in that order; then all of them with their queries, behind folds."""
    passes = list(enumerate(report.facts.passes, 1))
    if not passes:
        return None
    told = f"{given.counted(len(passes), 'pass', 'passes')} over the data"
    slowest = sorted(passes, key=lambda known: -known[1].seconds)[:SLOWEST]
    rows = [(str(k), p.purpose, cut(p.title, 100), seconds(p.seconds)) for k, p in (passes if len(passes) <= SLOWEST else slowest)]
    caption = told if len(rows) == len(passes) else f"The {len(rows)} slowest of {told}"
    lead = Words(f"{told} took {seconds(sum(p.seconds for _, p in passes))} of {seconds(report.facts.seconds)} seconds.")
    blocks: list[Block] = [lead, *_purposes([p for _, p in passes]), table(caption, ("", "for", "pass", "seconds"), rows, ["seconds"])]
    folds = [Fold(f"{k}. {_titled(p)}, {seconds(p.seconds)} s", (_query(p.query),)) for k, p in passes[:MOST] if p.query]
    if folds:
        blocks.append(Fold("The queries", tuple(folds), printed=False))
    return Section("plan", "Passes over the data", tuple(blocks))


def _purposes(passes: Sequence[Pass]) -> list[Table]:
    """For what the passes were made, in their order, where there are several such things: how many, and how long they took."""
    made: dict[str, list[float]] = {}
    for p in passes:
        made.setdefault(p.purpose, []).append(p.seconds)
    if len(made) < 2 or len(passes) <= SLOWEST:
        return []
    rows = [(purpose or "reading", number(len(took)), seconds(sum(took))) for purpose, took in made.items()]
    return [table("What the passes were for", ("for", "passes", "seconds"), rows, ["passes", "seconds"])]


def _titled(one: Pass) -> str:
    title = cut(one.title, 100) or "query"
    return f"{one.purpose}: {title}" if one.purpose else title


def _query(text: str) -> Listing:
    """A query as it ran; of a very long one the beginning, which the JSON report has whole."""
    return Listing(text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… and {number(len(text) - LONGEST)} characters more")


def seconds(n: float) -> str:
    """A time, to the hundredth or better.

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
    return Section("facts", "Facts of the run", (table("Facts of the run", ("fact", "value"), kept),)) if kept else None
