"""Rules: what failed and why, with rows that show it; then all that passed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tilth.report.blocks import Block, Cell, Fold, Section, Table, Tone, Verdict, Words, code, shown, table
from tilth.report.charts import number, percent
from tilth.report.report import Finding, FindingKind, Outcome, Report
from tilth.report.sections import given

MOST_SHOWN = 12  # columns of failing rows
MOST = 50  # failing rules that are told one by one; the others stand in a table
TONES: Mapping[Outcome | None, Tone] = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.ERROR: "unknown"}
COUNTED = re.compile(r"[\d,]+ of [\d,]+ rows do not meet it")
FOUND = re.compile(r"Value: (.*) does not meet the constraint requirement!")  # as Glue words it, for programs that read it
OUTCOMES = {Outcome.PASSED: "Passed", Outcome.FAILED: "Failed", Outcome.ERROR: "Could not be judged"}


def rules(report: Report) -> Section | None:
    """The verdicts: failed ones first, in the order of the ruleset."""
    found = report.of(FindingKind.RULE)
    if not found:
        return None
    several = len({f.part for f in found}) > 1
    worst = [f for f in found if f.outcome is Outcome.FAILED] + [f for f in found if f.outcome not in (Outcome.PASSED, Outcome.FAILED)]
    passed = [f for f in found if f.outcome is Outcome.PASSED]
    blocks: list[Block] = [_verdict(f, several) for f in worst[:MOST]]
    if len(worst) > MOST:
        more = _table(f"{given.counted(len(worst) - MOST, 'more rule')} that did not pass", worst[MOST:], several)
        blocks.append(Fold(more.caption, (more,)))
    if passed:
        told = _table(f"{given.counted(len(passed), 'rule')} passed", passed, several)
        blocks.append(Fold(told.caption, (told,), brief=True))
    return Section("rules", "Rules", tuple(blocks))


def text_of(finding: Finding) -> str:
    """The rule as it is written."""
    return given.words(finding, "rule") or finding.name


def failing(finding: Finding) -> tuple[int, int] | None:
    """How many rows failed, of how many that were judged."""
    counts = given.mapping(finding, "rows")
    failed, total = given.count(counts, "failed"), given.count(counts, "total")
    if failed is None or not total:
        return None
    return failed, total - (given.count(counts, "skipped") or 0)


def failing_told(finding: Finding) -> str:
    """How many rows failed, in words."""
    counts = failing(finding)
    if not counts or not counts[0] or not counts[1]:
        return ""
    failed, judged = counts
    return f"{number(failed)} of {given.rows(judged)} {'fails' if failed == 1 else 'fail'} ({percent(failed / judged)})."


def reasons(finding: Finding) -> list[str]:
    """Why a rule did not pass, a line each: how many rows fail, then its message, which need not count them again.

    >>> details = {"rows": {"failed": 1, "total": 4}}
    >>> message = "Value: -75.0 does not meet the constraint requirement!\\n1 of 4 rows do not meet it"
    >>> from tilth.report.blocks import plain
    >>> [plain(line) for line in reasons(Finding(FindingKind.RULE, "r", message=message, details=details))]
    ['1 of 4 rows fails (25 %).', 'Found -75.']
    """
    told, counts = failing_told(finding), failing(finding)
    passing = 1 - counts[0] / counts[1] if told and counts else None
    lines = _message(finding.message, passing)
    return [told, *(line for line in lines if not COUNTED.fullmatch(line))] if told else lines


def _message(message: str, passing: float | None = None) -> list[str]:
    """A message in lines; the values that broke the rule in one of them, without the share of passing rows where that is told already."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    found = [match[1] for line in lines if (match := FOUND.fullmatch(line))]
    others = [line for line in lines if not FOUND.fullmatch(line)]
    if "NULL" in found[1:]:  # Glue's words for nulls that fail beside the values
        found.remove("NULL")
        others.insert(0, "Nulls are among them.")
    told = [code(_found(value)) for value in found if passing is None or not _equal(value, passing)]
    return [f"Found {' and '.join(told)}.", *others] if told else others


def _found(value: str) -> str:
    """A value of a message, to six digits unless that makes it a whole number, as which it could seem to meet the rule."""
    try:
        x = float(value)
    except ValueError:
        return value
    short = f"{x:.6g}"
    return short if abs(x) < 1e6 and (x.is_integer() or not float(short).is_integer()) else value.removesuffix(".0")


def _equal(value: str, x: float) -> bool:
    try:
        return math.isclose(float(value), x, abs_tol=1e-12)
    except ValueError:
        return False


def _verdict(finding: Finding, several: bool) -> Verdict:
    told = reasons(finding) if not _leaves(finding) else [line for line in [failing_told(finding)] if line]  # its parts tell the rest
    told += [line for line in (_evaluated(finding), _labels(finding)) if line]
    if several and finding.part:
        told.append(f"Judged on {code(finding.part)}.")
    blocks: list[Block] = [Words(w) for w in given.listed(finding, "warnings")]
    blocks += _leaves(finding)
    metrics = given.mapping(finding, "metrics")
    if len(metrics) > 1 or (metrics and not finding.message):
        blocks.append(Words(f"Measured: {_metrics(metrics)}."))
    if finding.examples:
        blocks.append(_examples(finding))
    outcome = OUTCOMES.get(finding.outcome or Outcome.ERROR, "Could not be judged")
    return Verdict(TONES.get(finding.outcome, "unknown"), outcome, code(text_of(finding), 2000), tuple(told), tuple(blocks))


def _evaluated(finding: Finding) -> str:
    """What a rule with names in it came to."""
    evaluated = given.words(finding, "evaluated")
    return f"With its names resolved: {code(evaluated, 400)}." if evaluated and evaluated != text_of(finding) else ""


def _labels(finding: Finding) -> str:
    labels = given.mapping(finding, "labels")
    return "Labels: " + ", ".join(code(f"{k} = {shown(v)}") for k, v in labels.items()) + "." if labels else ""


def _metrics(metrics: Mapping[str, Any]) -> str:
    told = [f"{code(name)} {_value(value)}" for name, value in list(metrics.items())[:8]]
    return ", ".join(told) + (f" … ({len(metrics)} in all)" if len(metrics) > 8 else "")


def _leaves(finding: Finding) -> list[Block]:
    """The parts of a composite rule, each with its own verdict."""
    leaves = [leaf for leaf in given.listed(finding, "leaves") if isinstance(leaf, Mapping)]
    if not leaves:
        return []
    told = []
    for leaf in leaves:
        outcome = next((o for o in Outcome if o == given.words(leaf, "outcome")), None)
        reason = ". ".join(line.removesuffix(".") for line in _message(given.words(leaf, "message")))
        told.append((Cell(code(given.words(leaf, "rule"), 400)), outcome_cell(outcome), Cell(reason)))
    return [table("Its parts", ("part", "verdict", "reason"), told)]


def examples(caption: str, found: Sequence[Mapping[str, Any]], most: int = 10) -> Table:
    """Some rows, as a table of the columns that they have."""
    columns = list(dict.fromkeys(str(name) for row in found for name in row))[:MOST_SHOWN]
    text = [{str(k): v for k, v in row.items()} for row in found[:most]]
    rows = [[code(shown(row[c], 60)) if c in row else "" for c in columns] for row in text]
    return table(caption, tuple(code(c, 40) for c in columns), rows, brief=3)


def _examples(finding: Finding) -> Block:
    """Rows that fail; or what fails with the number of its rows, and one of them by its id. Rows that lack a value by their ids alone."""
    ids = [name for row in finding.examples[:1] for name in row if name not in finding.subject]
    rows = [given.as_number(n) for n in given.listed(finding, "example_rows")]
    if not rows and len(ids) == 1 and all(row.get(name) is None for row in finding.examples for name in finding.subject):
        told = ", ".join(code(shown(row.get(ids[0]), 60)) for row in finding.examples)
        return Words(f"Rows without a value, by {code(ids[0], 40)}: {told}.")
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


def _value(value: Any) -> str:
    found = given.as_number(value)
    return number(found) if found is not None else code(shown(value, 60))


def _table(caption: str, found: Sequence[Finding], several: bool) -> Table:
    heads = ("rule", "verdict", *(("data",) if several else ()), "value", "reason")
    rows = [
        (
            Cell(code(text_of(f), 400)),
            outcome_cell(f.outcome),
            *((Cell(f.part),) if several else ()),
            Cell("" if f.value is None else _value(f.value)),
            Cell(" ".join(reasons(f))),
        )
        for f in found
    ]
    return table(caption, heads, rows, numbers=["value"], brief=20)
