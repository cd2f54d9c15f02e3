"""A report laid out as a page: the verdict, what to look at first, and one section per subject, each in a file of its own.

The order of `ORDER` is the order on the page: what a manager asks first stands first, what an engineer looks up stands last. A section that
has nothing to say is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from tilth.report.blocks import Page, Section, Tone, code
from tilth.report.charts import number
from tilth.report.report import FindingKind, Outcome, Report
from tilth.report.sections import given
from tilth.report.sections.advice import advice
from tilth.report.sections.balance import balance
from tilth.report.sections.bias import bias
from tilth.report.sections.columns import columns
from tilth.report.sections.numbers import numbers
from tilth.report.sections.rules import rules
from tilth.report.sections.run import facts, plan, seconds, warnings
from tilth.report.sections.split import split
from tilth.report.sections.steps import steps

ORDER: tuple[Callable[[Report], Section | None], ...] = (rules, warnings, bias, balance, columns, steps, split, numbers, plan, facts)


def page(report: Report) -> Page:
    """The report laid out.

    >>> page(Report("check")).verdict
    'The report is empty: nothing was judged and nothing was measured.'
    """
    found = tuple(section for make in ORDER if (section := make(report)))
    tone, words = verdict(report)
    keys = {s.key for s in found}
    told = tuple((point, key if key in keys else "") for point, key in advice(report))
    return Page(report.title or "Report", _subtitle(report), tone, words, told, _figures(report), _parts(report), found)


def verdict(report: Report) -> tuple[Tone, str]:
    """Whether the data passed, in one sentence.

    >>> from tilth.report import Finding
    >>> verdict(Report("", (Finding(FindingKind.RULE, "RowCount > 0", outcome=Outcome.FAILED),)))
    ('bad', 'The only rule failed.')
    """
    found = report.of(FindingKind.RULE)
    if not found:
        if not report.findings:
            return "", "The report is empty: nothing was judged and nothing was measured."
        return "", "Numbers only: no rule was asked for, so nothing was judged."
    failed, unjudged = (sum(f.outcome is outcome for f in found) for outcome in (Outcome.FAILED, Outcome.ERROR))
    unjudged += sum(f.outcome is None for f in found)
    if not failed and not unjudged:
        return "good", "The only rule passed." if len(found) == 1 else f"All {number(len(found))} rules passed."
    if len(found) == 1:
        return ("bad", "The only rule failed.") if failed else ("unknown", "The only rule could not be judged.")
    of = f"of {number(len(found))} rules"
    if not failed:
        return "unknown", f"{number(unjudged)} {of} could not be judged; no rule failed."
    return "bad", f"{number(failed)} {of} failed" + (f", and {number(unjudged)} could not be judged." if unjudged else ".")


def _subtitle(report: Report) -> str:
    f = report.facts
    told = [code(f.source, 100) if f.source else "", f.started.replace("T", " ").replace("+00:00", " UTC")]
    return ", ".join(word for word in told if word)


def _figures(report: Report) -> tuple[tuple[str, str], ...]:
    """The run in figures: what they count, and the number."""
    f, found = report.facts, report.of(FindingKind.RULE)
    figures: list[tuple[str, str]] = []
    rows = row_count(report)
    if rows is not None:
        figures.append((number(rows), "row" if rows == 1 else "rows"))
    if found:
        figures.append((f"{number(sum(r.outcome is Outcome.PASSED for r in found))} of {number(len(found))}", "rules passed"))
    if f.passes:
        figures.append((number(f.scans), "pass over the data" if f.scans == 1 else "passes over the data"))
    if f.seconds:
        figures.append((seconds(f.seconds), "seconds"))
    if f.engine:
        figures.append((f.engine, "engine"))
    return tuple(figures)


def _parts(report: Report) -> str:
    """Which tables the numbers are of, where there are several, and how many rows came out."""
    measured = report.of(FindingKind.COLUMN, FindingKind.BALANCE, FindingKind.BIAS, FindingKind.METRIC)
    parts = list(dict.fromkeys(f.part for f in measured if f.part))
    rows = {f.part: n for f in measured if (n := given.count(f, "rows")) is not None}
    later = [code(p) + (f" ({given.rows(rows[p])})" if p in rows else "") for p in parts if p != "raw"]
    if "raw" not in parts or not later:
        return ""
    tables = ", ".join(later[:-1]) + (" and " if later[1:] else "") + later[-1]
    return f"Numbers of {code('raw')} are of the data as read, those of {tables} of what is delivered, after preparation."


def row_count(report: Report) -> int | None:
    """The rows of the data as read: a fact, or what the findings say that counted them."""
    if report.facts.rows is not None:
        return report.facts.rows
    columns = (given.count(f, "rows") for f in report.of(FindingKind.COLUMN))
    rules = (given.count(given.mapping(f, "rows"), "total") for f in report.of(FindingKind.RULE) if not f.where)
    return next((n for n in (*columns, *rules) if n is not None), None)
