"""Bias: per group of persons, what the numbers say in words, before and after preparation, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tilth.report.blocks import Block, Cell, Fold, Picture, Points, Section, Table, Tone, Words, code, table
from tilth.report.charts import Dot, intervals, number, percent
from tilth.report.report import Finding, FindingKind, Report
from tilth.report.sections import given
from tilth.report.sections.numbers import value_told

MEANING = {
    "CI": "how unequal in size the two groups are",
    "DPL": "difference between the shares of the positive label",
    "KL": "distance of the label distributions (Kullback–Leibler)",
    "JS": "distance of the label distributions (Jensen–Shannon)",
    "LP": "distance of the label distributions (L2 norm)",
    "TVD": "distance of the label distributions (total variation)",
    "KS": "largest difference between the shares of one label",
    "CDDL": "share of the refusals less share of the acceptances, within strata",
}
VERDICTS: Mapping[str, Tone] = {"within": "good", "outside": "bad", "unclear": "unknown", "not determinable": "unknown"}


class Facet(NamedTuple):
    """A group of rows and what it is compared by."""

    column: str
    value: str

    def told(self) -> str:
        """The group in words."""
        if not self.value:
            return code(self.column)
        return code(self.value if self.value.startswith(self.column) else f"{self.column} = {self.value}")


def bias(report: Report) -> Section | None:
    """A section per facet value: sentences, a chart of all metrics with their intervals, and the numbers."""
    found = report.of(FindingKind.BIAS)
    if not found:
        return None
    groups: dict[Facet, list[Finding]] = {}
    for finding in found:
        groups.setdefault(facet_of(finding), []).append(finding)
    blocks: list[Block] = [
        Words(
            "Each group is compared with all other rows. A metric of 0 means no difference; the sign says which side is ahead. "
            "What difference is acceptable is for people to decide, not for this page."
        )
    ]
    blocks += [_facet(k, facet, findings) for k, (facet, findings) in enumerate(groups.items())]
    return Section("bias", "Bias", tuple(blocks))


def facet_of(finding: Finding) -> Facet:
    """Which group of rows the finding is about."""
    column = given.words(finding, "facet") or ", ".join(finding.subject)
    return Facet(column, finding.group or given.words(finding, "facet_value"))


def sentence(finding: Finding) -> str:
    """What a difference says of this group, for the metrics that have a direction; else nothing."""
    value = given.as_number(finding.value)
    if value is None or value != value:
        return ""
    facet, positive = facet_of(finding).told(), _positive(finding)
    match finding.name:
        case "DPL":
            if value == 0:
                return f"{facet} gets {positive} as often as the others."
            points = f"{number(round(abs(value) * 100, 1))} percentage points {'less' if value > 0 else 'more'} often"
            return f"{facet} gets {positive} {points} than the others{_between(finding)}."
        case "CI":
            a, d = given.count(_counts(finding), "n_a"), given.count(_counts(finding), "n_d")
            share = percent(d / (a + d)) if a is not None and d is not None and a + d else percent((1 - value) / 2)
            return f"{facet} makes up {share} of the rows."
        case "CDDL":
            if value == 0:
                return f"Within the strata {facet} has the same share of the refusals as of the acceptances."
            points = f"{number(round(abs(value) * 100, 1))} percentage points {'larger' if value > 0 else 'smaller'}"
            return f"Within the strata the share of {facet} among the refusals is {points} than among the acceptances{_between(finding)}."
    return ""


def _between(finding: Finding) -> str:
    """The interval in words, and whether the difference may be none."""
    low, high = finding.low, finding.high
    if low is None or high is None:
        return ""
    near, far = sorted((abs(low), abs(high)))
    sure = f" with {percent(finding.confidence)} confidence" if finding.confidence else ""
    if low <= 0 <= high:
        return f" (between {number(low * 100)} and {number(high * 100)}{sure}: this may be chance)"
    return f" (between {number(round(near * 100, 1))} and {number(round(far * 100, 1))}{sure})"


def _positive(finding: Finding) -> str:
    label, positive = given.words(finding, "label"), given.words(finding, "positive")
    if label and positive:
        return code(f"{label} = {positive}")
    return "the positive label"


def _counts(finding: Finding) -> dict[str, Any]:
    return given.mapping(finding, "counts")


def _facet(k: int, facet: Facet, found: list[Finding]) -> Section:
    parts = list(dict.fromkeys(f.part for f in found))
    names = list(dict.fromkeys(f.name for f in found))
    at = {(f.name, f.part): f for f in found}
    told = [
        (f"{_in(part)}{words}", "") for part in parts for n in ("DPL", "CDDL", "CI") if (f := at.get((n, part))) and (words := sentence(f))
    ]
    blocks: list[Block] = [Points(tuple(told))] if told else []
    rows = {n: {p or "all rows": _dot(at[n, p]) for p in parts if (n, p) in at} for n in names}
    bands = {n: band for n in names for p in parts if (n, p) in at and (band := _band(at[n, p]))}
    title = f"Bias metrics of {facet.column} {facet.value}"
    confidence = next((f.confidence for f in found if f.confidence), None)
    caption = (
        f"Each mark is a metric; its line is the {percent(confidence)} confidence interval." if confidence else "Each mark is a metric."
    )
    blocks.append(Picture(intervals(title, rows, bands=bands, key=f"bias{k}"), caption))
    blocks.append(_table(facet, names, parts, at))
    blocks += _notes(found)
    return Section(f"bias-{k + 1}", f"{facet.told()} against all others", tuple(blocks))


def _in(part: str) -> str:
    return f"{code(part)}: " if part else ""


def _dot(finding: Finding) -> Dot:
    return Dot(given.as_number(finding.value), finding.low, finding.high)


def _band(finding: Finding) -> tuple[float, float] | None:
    band = [given.as_number(x) for x in given.listed(finding, "band")]
    return (band[0], band[1]) if len(band) == 2 and band[0] is not None and band[1] is not None else None


def _table(facet: Facet, names: Iterable[str], parts: list[str], at: Mapping[tuple[str, str], Finding]) -> Table:
    heads = ("metric", "says", *(p or "value" for p in parts))
    rows = []
    for name in names:
        found = [at.get((name, p)) for p in parts]
        says = next((given.words(f, "description") for f in found if f and given.words(f, "description")), "")
        rows.append((name, MEANING.get(name, says), *(_cell(f) for f in found)))
    return table(f"Bias metrics of {facet.told()}", heads, rows, numbers=heads[2:])


def _cell(finding: Finding | None) -> Cell:
    if finding is None:
        return Cell()
    verdict = given.words(finding, "verdict")
    reason = finding.message if finding.value is None else ""
    told = reason or value_told(finding.value, finding.low, finding.high)
    return Cell(f"{told}, {verdict}" if verdict else told, VERDICTS.get(verdict, ""))


def _notes(found: list[Finding]) -> list[Block]:
    """Rows left out, and remarks on the numbers; each said once."""
    told: dict[str, None] = {}
    for f in found:
        left = given.count(f, "n_excluded")
        if left:
            told[f"{_in(f.part)}{given.rows(left)} left out, because the group or the label is missing there."] = None
        for note in given.listed(f, "notes"):
            told[f"{_in(f.part)}{note}."] = None
    if {"TVD", "DPL"} <= {f.name for f in found}:
        told["With a label of two values KS and TVD equal the size of DPL, and LP is √2 times that: they are no further evidence."] = None
    points = Points(tuple((t, "") for t in told))
    return [Fold("Notes", (points,))] if told else []
