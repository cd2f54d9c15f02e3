"""Rules: what failed and why, with rows that show it; then all that passed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any

from tilth.report.blocks import (
    Advice,
    Block,
    Cell,
    Section,
    Table,
    Tone,
    Verdict,
    Verdicts,
    Words,
    code,
    counted,
    plain,
    shown,
    table,
    value_with_interval,
)
from tilth.report.charts import histogram, number, part_of_whole, percent, sparkline, trend
from tilth.report.finding import Finding, Outcome
from tilth.report.sections import ReportSection
from tilth.rules.findings import BASELINE, AnalyzerNumbers, Reasons, RuleVerdict

MOST_SHOWN = 12  # columns of failing rows
MOST_ADVICE = 3  # failed rules that are named at the beginning
MOST_SUMMED_UP = 20  # failing rules in the summary
MOST_RECORDED = 20  # rules of a baseline that all hold; more are folded
TONES: Mapping[Outcome | None, Tone] = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.ERROR: "unknown"}
OUTCOMES = {Outcome.PASSED: "Passed", Outcome.FAILED: "Failed", Outcome.ERROR: "Could not be evaluated"}


def rules(findings: Sequence[Finding[RuleVerdict]]) -> Section:
    """The verdicts: failed ones first, in the order of the ruleset."""
    several = len({f.part for f in findings}) > 1
    failed, passed = ([f for f in findings if f.outcome is outcome] for outcome in (Outcome.FAILED, Outcome.PASSED))
    unjudged = [f for f in findings if f.outcome not in (Outcome.PASSED, Outcome.FAILED)]
    worst = failed + unjudged
    common = {BASELINE} if all(f.payload.drafted for f in findings) else set()  # the verdict says so, once
    shown_first = MOST_RECORDED if common and not worst else Verdicts.most
    verdicts = Verdicts("Rules", tuple(_verdict(f, several, common) for f in (*worst, *passed)), shown_first)
    counts = ((failed, "failed"), (unjudged, "could not be evaluated"), (passed, "recorded" if common and not worst else "passed"))
    lead = ", ".join(f"{number(len(of))} {what}" for of, what in counts if of) + "." if findings[1:] else ""  # one is the verdict
    advice = (*_unjudged(unjudged), *_failed(failed))
    return Section("rules", "Rules", (verdicts,), advice=advice, summary=tuple(_summary(worst)), lead=lead)


def _unjudged(findings: Sequence[Finding[RuleVerdict]]) -> list[Advice]:
    if not findings:
        return []
    first = code(findings[0].name) + (f" and {number(len(findings) - 1)} more" if len(findings) > 1 else "")
    return [Advice(f"Fix the {'rule' if len(findings) == 1 else 'rules'} that could not be evaluated: {first}.", 90)]


def _failed(findings: Sequence[Finding[RuleVerdict]]) -> list[Advice]:
    """The rules that most rows fail; those without counts after them, in the order of the ruleset."""
    worst = sorted(findings, key=_failing_share, reverse=True)[:MOST_ADVICE]
    advice = [f"Look at {code(f.name)}" + (f": {why}" if (why := failing_words(f.payload)) else ", which failed.") for f in worst]
    if len(findings) > len(worst):
        advice[-1] += f" {counted(len(findings) - len(worst), 'other rule')} failed too."
    return [Advice(words, 80) for words in advice]


def _failing_share(finding: Finding[RuleVerdict]) -> float:
    counts = finding.payload.failing
    return counts[0] / counts[1] if counts and counts[1] else 0.0


def _summary(worst: Sequence[Finding[RuleVerdict]]) -> list[Table]:
    """The rules that did not pass, in one table."""
    if not worst:
        return []
    rows = [(outcome_cell(f.outcome), code(f.name, 200), " ".join(f.payload.reasons(f.message))) for f in worst[:MOST_SUMMED_UP]]
    rows += [(Cell(), f"… and {number(len(worst) - MOST_SUMMED_UP)} more.", "")] if len(worst) > MOST_SUMMED_UP else []
    return [table("Rules", ("verdict", "rule", "reason"), rows)]


def failing_words(why: Reasons) -> str:
    """How many rows failed, in words."""
    failed, judged = why.failing or (0, 0)
    if not failed or not judged:
        return ""
    return f"{number(failed)} of {counted(judged, 'row')} {'fails' if failed == 1 else 'fail'} ({percent(failed / judged)})."


def reasons(why: Reasons) -> list[str]:
    """Why a rule did not pass, a line each: how many rows fail, the values that break it, and its notes.

    >>> from tilth.report.blocks import plain
    >>> [plain(line) for line in reasons(RuleVerdict(rows={"failed": 1, "total": 4}, broken=(-75.0,)))]
    ['1 of 4 rows fails (25 %).', 'Found -75.']
    """
    failing, values = failing_words(why), list(why.broken)
    lines = [failing] if failing else []
    if isinstance(why, RuleVerdict) and why.leaves:
        return [*lines, *(line for leaf in why.leaves if leaf.outcome != Outcome.PASSED for line in reasons(leaf))] if why.notes else lines
    if None in values[1:]:
        values.remove(None)
        lines.append("Nulls are among them.")
    if failing and why.failing:  # the share of passing rows is in words already
        share = 1 - why.failing[0] / why.failing[1]
        values = [v for v in values if not (isinstance(v, int | float) and math.isclose(v, share, abs_tol=1e-12))]
    if values:
        lines.append(f"Found {' and '.join(code(_found(v)) for v in values)}.")
    return [*lines, *why.notes]


def _found(value: Any) -> str:
    """A value to six digits unless that makes it a whole number, as which it could seem to meet the rule."""
    if not isinstance(value, int | float):
        return "NULL" if value is None else str(value)
    short = f"{value:.6g}"
    rounds_well = abs(value) < 1e6 and (float(value).is_integer() or not float(short).is_integer())
    return short if rounds_well else repr(float(value)).removesuffix(".0")


def _verdict(finding: Finding[RuleVerdict], several: bool, common: Set[str]) -> Verdict:
    """A row of the table; labels that all rules have in `common` are omitted."""
    payload = finding.payload
    lines = [] if payload.leaves else payload.reasons(finding.message)  # the parts of a composite show them
    if payload.evaluated and payload.evaluated != finding.name:
        lines.append(f"With its names resolved: {code(payload.evaluated, 400)}.")
    if labels := {k: v for k, v in payload.labels.items() if k not in common}:
        lines.append("Labels: " + ", ".join(code(f"{k} = {shown(v)}") for k, v in labels.items()) + ".")
    lines += payload.warnings
    blocks: list[Block] = _leaves(payload)
    if len(payload.metrics) > 1 or (payload.metrics and not finding.message and finding.outcome is not Outcome.PASSED):
        blocks.append(Words(f"Measured: {_metrics(payload.metrics)}."))
    if finding.examples:
        blocks.append(_examples(finding))
    failed, judged = payload.failing or (0, 0)
    share = failed / judged if judged else None
    return Verdict(
        tone=TONES.get(finding.outcome, "unknown"),
        outcome=OUTCOMES.get(finding.outcome or Outcome.ERROR, "Could not be evaluated"),
        rule=code(finding.name, 2000),
        reasons=tuple(lines),
        blocks=tuple(blocks),
        part=code(finding.part) if several and finding.part else "",
        failing="" if share is None else number(failed),
        share=Cell()
        if share is None
        else Cell(percent(share), chart=part_of_whole(f"failing rows of {finding.name}", share, key=finding.part)),
        value="" if finding.value is None else value_with_interval(finding.value),
        trend=_trend(finding),
    )


def _trend(finding: Finding[RuleVerdict]) -> Cell:
    """The number of the rule in earlier checks and this one, if there is a history."""
    if not finding.payload.earlier:
        return Cell()
    return over_time(finding.name, [*reversed(finding.payload.earlier), finding.number], finding.part)


def over_time(name: str, values: Sequence[float | None], part: str) -> Cell:
    """The course of a number, the latest value last."""
    known = [v for v in values if isinstance(v, int | float)]
    if not known:
        return Cell()
    low, span = min(known), (max(known) - min(known)) or 1.0
    heights = [None if v is None else (v - low) / span + 0.1 for v in values]
    return Cell(chart=trend(f"{name} over time", values, key=part), characters=sparkline(heights))


def _metrics(metrics: Mapping[str, Any]) -> str:
    parts = [f"{code(name)} {value_with_interval(value)}" for name, value in list(metrics.items())[:8]]
    return ", ".join(parts) + (f" … ({len(metrics)} in all)" if len(metrics) > 8 else "")


def _leaves(payload: RuleVerdict) -> list[Block]:
    """The parts of a composite rule, each with its own verdict."""
    if not payload.leaves:
        return []
    rows = []
    for leaf in payload.leaves:
        outcome = next((o for o in Outcome if o == leaf.outcome), None)
        rows.append((Cell(code(leaf.rule, 400)), outcome_cell(outcome), Cell(" ".join(reasons(leaf)))))
    return [table("Its parts", ("part", "verdict", "reason"), rows)]


def examples(caption: str, rows: Sequence[Mapping[str, Any]], most: int = 10) -> Table:
    """Some rows, as a table of the columns that they have."""
    columns = list(dict.fromkeys(str(name) for row in rows for name in row))[:MOST_SHOWN]
    named = [{str(k): v for k, v in row.items()} for row in rows[:most]]
    cells = [[code(shown(row[c], 60)) if c in row else "" for c in columns] for row in named]
    return table(caption, tuple(code(c, 40) for c in columns), cells, brief=3)


def _examples(finding: Finding[RuleVerdict]) -> Block:
    """Rows that fail; or what fails with the number of its rows, and one of them by its id. Rows that lack a value by their ids alone."""
    ids = [name for row in finding.examples[:1] for name in row if name not in finding.subject]
    rows = finding.payload.example_rows
    if not rows and len(ids) == 1 and all(row.get(name) is None for row in finding.examples for name in finding.subject):
        names = ", ".join(code(shown(row.get(ids[0]), 60)) for row in finding.examples)
        return Words(f"Rows without a value, by {code(ids[0], 40)}: {names}.")
    if len(rows) != len(finding.examples) or all(n == 1 for n in rows):
        return examples("Rows that fail" if finding.outcome is Outcome.FAILED else "Rows", finding.examples)
    own = [name for row in finding.examples[:1] for name in row if name not in ids] or ids
    ids = [name for name in ids if name not in own]
    cells = [
        (*(code(shown(row.get(c), 60)) for c in own[:MOST_SHOWN]), number(n), *(code(shown(row.get(c), 60)) for c in ids))
        for row, n in zip(finding.examples, rows, strict=True)
    ]
    heads = (*(code(c, 40) for c in own[:MOST_SHOWN]), "rows", *(f"{code(c, 40)} of one" for c in ids))
    return table("What fails, the most frequent first", heads, cells, ["rows"], brief=3)


def outcome_cell(outcome: Outcome | None) -> Cell:
    """A verdict as a cell."""
    return Cell(OUTCOMES[outcome] if outcome else "Not judged", TONES.get(outcome, "unknown"))


def analyzers(findings: Sequence[Finding[AnalyzerNumbers]]) -> Section:
    """What the analyzers of a ruleset measured."""
    rows = []
    for f in findings:
        reason = " ".join(f.message.split())
        metrics = f.payload.metrics or {"": f.value}
        rows += [(Cell(code(f.name, 400)), code(m) if m else "", _measured(m, v, f.part), reason) for m, v in metrics.items()]
    numbers = table("What the analyzers measured", ("analyzer", "metric", "value", "remark"), rows, numbers=["value"])
    lead = f"{counted(len(findings), 'analyzer')} measured {counted(len(rows), 'number')}."
    return Section("analyzers", "Analyzers", (numbers,), lead=lead)


def _measured(name: str, value: Any, part: str) -> Cell:
    """A number, or the bars of a distribution."""
    if not (isinstance(value, Mapping) and "Count" in value):
        return Cell(value_with_interval(value))
    counts, (first, last) = value["Count"], map(value_with_interval, (value["BinEdges"][0], value["BinEdges"][-1]))
    categories = len(value["BinEdges"]) == len(counts)
    words = f"{counted(counts[0], 'row')} of {first}" if categories else f"{counted(sum(counts), 'row')}, {first} to {last}"
    return Cell(words, chart=histogram(name, plain(words), counts, key=part), characters=sparkline(counts))


RULES = ReportSection(RuleVerdict, rules)
ANALYZERS = ReportSection(AnalyzerNumbers, analyzers)
