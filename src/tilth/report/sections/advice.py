"""What to look at first: the few things in a report that someone should act on, the gravest first."""

from __future__ import annotations

from tilth.report.blocks import code
from tilth.report.charts import number, percent
from tilth.report.report import Finding, FindingKind, Outcome, Report
from tilth.report.sections import given
from tilth.report.sections.balance import NONE, classes
from tilth.report.sections.bias import facet_of, metric_of, sentences, share_of
from tilth.report.sections.columns import name_of, states
from tilth.report.sections.rules import failing, failing_told, text_of
from tilth.report.sections.split import leak_told

MOST = 8
MOST_RULES = 3  # failed rules that are named
SMALL_CLASS = 0.05  # a smaller share of the rows is worth a word


def advice(report: Report) -> list[tuple[str, str]]:
    """Words and the key of the section that has more, at most eight of them."""
    found = [*_unjudged(report), *_failed(report), *_leaks(report), *_bias(report), *_classes(report), *_gaps(report), *_warnings(report)]
    return found[:MOST]


def _unjudged(report: Report) -> list[tuple[str, str]]:
    found = [f for f in report.of(FindingKind.RULE) if f.outcome not in (Outcome.PASSED, Outcome.FAILED)]
    if not found:
        return []
    first = f"{code(text_of(found[0]))}" + (f" and {number(len(found) - 1)} more" if len(found) > 1 else "")
    return [(f"Mend the {'rule' if len(found) == 1 else 'rules'} that could not be judged: {first}.", "rules")]


def _failed(report: Report) -> list[tuple[str, str]]:
    """The rules that most rows fail; those without counts after them, in the order of the ruleset."""
    found = [f for f in report.of(FindingKind.RULE) if f.outcome is Outcome.FAILED]
    worst = sorted(found, key=_failing_share, reverse=True)[:MOST_RULES]
    told = [f"Look at {code(text_of(f))}" + (f": {why}" if (why := failing_told(f)) else ", which failed.") for f in worst]
    if len(found) > len(worst):
        told[-1] += f" {given.counted(len(found) - len(worst), 'other rule')} failed too."
    return [(words, "rules") for words in told]


def _failing_share(finding: Finding) -> float:
    counts = failing(finding)
    return counts[0] / counts[1] if counts and counts[1] else 0.0


def _leaks(report: Report) -> list[tuple[str, str]]:
    return [(told, "split") for f in report.of(FindingKind.SPLIT) if (told := leak_told(f))][:2]


def _bias(report: Report) -> list[tuple[str, str]]:
    """The largest difference in labels that is not chance, of a group that is not small, in the part that the model learns from.

    What it was before preparation is told with it, so that one sees whether preparation made it larger.
    """
    all_ = [f for f in report.of(FindingKind.BIAS) if metric_of(f) == "DPL"]
    found = [f for f in all_ if _sure(f)]
    part = next((p for p in ("train", "raw", "") if any(f.part == p for f in found)), None)
    found = [f for f in found if f.part == part] if part is not None else found
    if not found:
        return []
    large = [f for f in found if (share_of(f) or 0.0) >= SMALL_CLASS] or found
    worst = max(large, key=lambda f: abs(given.as_number(f.value) or 0.0))
    before = [f for f in all_ if f.part == "raw" != part and facet_of(f) == facet_of(worst) and _ahead(f) == _ahead(worst)]
    return [(f"{told} Decide whether a model may learn that.", "bias") for told in sentences([*before[:1], worst])[:1]]


def _ahead(finding: Finding) -> bool:
    """Which side gets the label more often."""
    return (given.as_number(finding.value) or 0.0) < 0


def _sure(finding: Finding) -> bool:
    """Whether there is a difference of more than a hundredth, and its interval leaves out zero."""
    value = given.as_number(finding.value)
    chance = finding.low is not None and finding.high is not None and finding.low <= 0 <= finding.high
    return value is not None and abs(value) > 0.01 and not chance


def _classes(report: Report) -> list[tuple[str, str]]:
    """A class of the training part that is so small that a model may pass it over."""
    found = report.of(FindingKind.BALANCE)
    part = next((p for p in ("train", "raw", "") if any(f.part == p for f in found)), "")
    counts: dict[str, float] = {}
    for f in found:
        if f.part == part:
            counts |= {name: n for name, n in classes(f).items() if name != NONE}
    whole = sum(counts.values())
    if len(counts) < 2 or not whole:
        return []
    name, n = min(counts.items(), key=lambda known: known[1])
    if n / whole >= SMALL_CLASS:
        return []
    where = f" of {code(part)}" if part else ""
    return [(f"The class {code(name)} is {percent(n / whole)} of the rows{where}: a model may pass it over.", "balance")]


def _gaps(report: Report) -> list[tuple[str, str]]:
    """Columns that still have gaps where a model would learn."""
    found = [f for f in report.of(FindingKind.COLUMN, part="train") if (s := states(f)) and s[1]]
    if not found:
        return []
    names = ", ".join(code(name_of(f)) for f in found[:3]) + (f" and {number(len(found) - 3)} more" if len(found) > 3 else "")
    return [(f"Values are still missing in the training part: {names}.", "columns")]


def _warnings(report: Report) -> list[tuple[str, str]]:
    n = len(report.of(FindingKind.WARNING))
    return [(f"Read the {given.counted(n, 'warning')}.", "warnings")] if n else []
