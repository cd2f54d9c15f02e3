"""Bias: per group of persons, what the numbers say in words, before and after preparation, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tilth.measures.bias.payload import BiasNumber
from tilth.report.blocks import (
    Advice,
    Block,
    Cell,
    Fold,
    Picture,
    Points,
    Section,
    Table,
    Tone,
    Words,
    code,
    counted,
    shown,
    table,
    value_told,
)
from tilth.report.charts import Dot, intervals, number, percent
from tilth.report.finding import Finding
from tilth.report.sections import ReportSection

MEANING = {
    "CI": "how unequal in size the groups are",
    "DPL": "difference of the shares of the positive label",
    "KL": "distance of the label distributions (Kullback–Leibler)",
    "JS": "distance of the label distributions (Jensen–Shannon)",
    "LP": "distance of the label distributions (L2 norm)",
    "TVD": "distance of the label distributions (total variation)",
    "KS": "largest difference of the shares of one label",
    "CDDL": "share of the refusals less share of the acceptances, within strata",
}
MOST_SUMMED_UP = 20  # lines of the summary
SMALL = 0.05  # a smaller share of the rows is not advised on where there are larger ones
MOST = 6  # groups that are told at once; the smaller ones are behind a fold
BRIEF = 2  # groups up to which a terminal shows the metrics of each
VERDICTS: Mapping[str, Tone] = {"within": "good", "outside": "bad", "unclear": "unknown", "not determinable": "unknown"}
LEAD = (
    "Each group is compared with all other rows. 0 means no difference; the sign says which side is ahead. "
    "How much difference is too much is for people to decide, not for this page."
)
SAME = "With a label of two values KS and TVD equal the size of DPL, and LP is √2 times that: they are no further evidence."


class Facet(NamedTuple):
    """A group of rows, the column it is told by, and the group it is compared with where that is one."""

    column: str
    group: str
    other: str = ""

    def told(self) -> str:
        """The group in words."""
        value = self.group.removeprefix(f"{self.column}=")
        return code(self.group or self.column) if value == self.group else code(f"{self.column}={shown(value)}")

    def others(self) -> str:
        """What it is compared with, in words."""
        return code(f"{self.column}={self.other}") if self.other else "the others"


def bias(found: Sequence[Finding[BiasNumber]]) -> Section:
    """All groups in one table, then a section for each: sentences, a chart of all metrics with their intervals, and the numbers."""
    groups: dict[Facet, list[Finding[BiasNumber]]] = {}
    for finding in found:
        groups.setdefault(facet_of(finding), []).append(finding)
    same = (Points(((SAME, ""),), remarks=True),) if {"TVD", "DPL"} <= {metric_of(f) for f in found} else ()
    told = [_facet(k, facet, group, brief=len(groups) <= BRIEF) for k, (facet, group) in enumerate(groups.items(), 1)]
    first = set(sorted(range(len(told)), key=lambda k: -_size(list(groups.values())[k]))[:MOST])
    blocks: list[Block] = [Words(LEAD), *same, *([_overview(groups)] if len(groups) > 1 else [])]
    blocks += [section for k, section in enumerate(told) if k in first]
    if len(told) > MOST:
        rest = tuple(section for k, section in enumerate(told) if k not in first)
        blocks.append(Fold(counted(len(rest), "smaller group"), rest, printed=False))
    return Section("bias", "Bias", tuple(blocks), advice=tuple(_advice(found)), summary=tuple(_summary(found)))


def _advice(all_: Sequence[Finding[BiasNumber]]) -> list[Advice]:
    """The largest difference in labels that is not chance, of a group that is not small, in the part that the model learns from.

    What it was before preparation is told with it, so that one sees whether preparation made it larger.
    """
    all_ = [f for f in all_ if metric_of(f) == "DPL"]
    found = [f for f in all_ if _sure(f)]
    part = next((p for p in ("train", "raw", "") if any(f.part == p for f in found)), None)
    found = [f for f in found if f.part == part] if part is not None else found
    if not found:
        return []
    large = [f for f in found if (f.payload.share or 0.0) >= SMALL] or found
    worst = max(large, key=lambda f: abs(f.number or 0.0))
    before = [f for f in all_ if f.part == "raw" != part and facet_of(f) == facet_of(worst) and _ahead(f) == _ahead(worst)]
    return [Advice(f"{told} Decide whether a model may learn that.", 60) for told in sentences([*before[:1], worst])[:1]]


def _ahead(finding: Finding[BiasNumber]) -> bool:
    """Which side gets the label more often."""
    return (finding.number or 0.0) < 0


def _sure(finding: Finding[BiasNumber]) -> bool:
    """Whether there is a difference of more than a hundredth, and its interval leaves out zero."""
    chance = finding.low is not None and finding.high is not None and finding.low <= 0 <= finding.high
    return abs(finding.number or 0.0) > 0.01 and not chance


def _summary(found: Sequence[Finding[BiasNumber]]) -> list[Table]:
    """The difference of positive labels, a line for each group and a column for each part."""
    found = [f for f in found if metric_of(f) == "DPL"][:MOST_SUMMED_UP]
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(facet_of(f), f.part): f for f in found}
    facets = list(dict.fromkeys(facet for facet, _ in at))
    rows = [(facet.told(), *(value_told(f.value, f.low, f.high) if (f := at.get((facet, p))) else "" for p in parts)) for facet in facets]
    return [table("Bias", ("difference of positive labels", *(p or "value" for p in parts)), rows)] if rows else []


def facet_of(finding: Finding[BiasNumber]) -> Facet:
    """Which group of rows the finding is about."""
    return Facet(finding.payload.facet or ", ".join(finding.subject[:1]), finding.group, finding.payload.other or "")


def metric_of(finding: Finding[BiasNumber]) -> str:
    """The metric's name; a distance over all values of the label is not the one over positive and negative."""
    return f"{finding.name}, all labels" if finding.payload.block else finding.name


# ── sentences ──


def sentences(found: Sequence[Finding[BiasNumber]]) -> list[str]:
    """What one metric says of a group, for the metrics that have a direction: a sentence for all parts, or two where they disagree.

    >>> dpl = Finding("DPL", ("sex",), 0.143, group="sex=f", low=0.13, high=0.15, payload=BiasNumber())
    >>> from tilth.report.blocks import plain
    >>> plain(sentences([dpl])[0])
    'sex=f gets the positive label less often than the others: by 14.3 percentage points (13 to 15).'
    """
    known = [f for f in found if f.number is not None]
    if not known:
        return []
    facet, others = facet_of(known[0]).told(), facet_of(known[0]).others()
    match metric_of(known[0]):
        case "CI":
            return [f"{facet} is {_listed(f'{_share(f)}{_in(f)}' for f in known).replace('%', '% of the rows', 1)}."]
        case "DPL":
            label = _positive(known[0])
            less, more = (f"{facet} gets {label} {word} often than {others}" for word in ("less", "more"))
            return _directed(known, less, more, f"{facet} gets {label} as often as {others}") + _rates(known, label)
        case "CDDL":
            share = f"Within the strata, the share of {facet} among the refusals is"
            larger, smaller = (f"{share} {word} than among the acceptances" for word in ("larger", "smaller"))
            return _directed(known, larger, smaller, f"Within the strata, {facet} has the same share of the refusals as of the acceptances")
    return []


def _directed(found: Sequence[Finding[BiasNumber]], plus: str, minus: str, none: str) -> list[str]:
    """A sentence for the differences above 0, one for those below, one for none at all."""
    above, below, equal = ([f for f in found if sign(f.number or 0.0)] for sign in (_above, _below, _zero))
    made = [f"{told}: by {_points(side)}." for told, side in ((plus, above), (minus, below)) if side]
    return [*made, *([f"{none}{''.join(_in(f) for f in equal[:1]) if len(found) > 1 else ''}."] if equal else [])]


def _above(x: float) -> bool:
    return x > 0


def _below(x: float) -> bool:
    return x < 0


def _zero(x: float) -> bool:
    return x == 0


def _points(found: Sequence[Finding[BiasNumber]]) -> str:
    """The sizes of the differences, in percentage points, with what they may be."""
    told = []
    for k, f in enumerate(found):
        size = number(round(abs(f.number or 0.0) * 100, 1))
        told.append(f"{size}{' percentage points' if k == 0 else ''}{_in(f)}{_interval(f)}")
    return _listed(told)


def _rates(found: Sequence[Finding[BiasNumber]], label: str) -> list[str]:
    """How often each side gets the label, of their counts."""
    known = [(f, own, other) for f in found if (own := f.payload.rate("d")) is not None and (other := f.payload.rate("a")) is not None]
    if not known:
        return []
    facet = facet_of(known[0][0])
    shares = _listed(f"{percent(own)}{_in(f)}" for f, own, _ in known)
    theirs = _listed(percent(other) for *_, other in known)
    return [f"{facet.told()} gets {label} in this share of its rows: {shares}; {facet.others()}: {theirs}."]


def _interval(finding: Finding[BiasNumber]) -> str:
    """The interval of a difference, in percentage points, seen from its own side."""
    if finding.low is None or finding.high is None or finding.low != finding.low or finding.high != finding.high:
        return ""
    if finding.low <= 0 <= finding.high:
        return " (perhaps by chance)"
    near, far = sorted((abs(finding.low) * 100, abs(finding.high) * 100))
    return f" ({number(round(near, 1))} to {number(round(far, 1))})"


def _listed(told: Iterable[str]) -> str:
    told = list(told)
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else "".join(told)


def _in(finding: Finding[BiasNumber]) -> str:
    return f" in {code(finding.part)}" if finding.part else ""


def _share(finding: Finding[BiasNumber]) -> str:
    """The group's share of the rows: of the counts, or of CI, which is (others − group) / all."""
    found = finding.payload.share
    return percent((1 - (finding.number or 0.0)) / 2 if found is None else found)


def _positive(finding: Finding[BiasNumber]) -> str:
    label, value = finding.payload.label, finding.payload.label_value
    return code(f"{label}={value}") if label and value else "the positive label"


# ── one group ──


def _size(found: Sequence[Finding[BiasNumber]]) -> float:
    """The group's share of the rows of the first part, to sort by."""
    return found[0].payload.share or 0.0


def _overview(groups: Mapping[Facet, Sequence[Finding[BiasNumber]]]) -> Table:
    """A row for each group: its share of the rows, and the difference of the positive label in each part."""
    found = [f for group in groups.values() for f in group]
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(facet_of(f), metric_of(f), f.part): f for f in found}
    heads = ("group", "share of the rows", *(f"difference{_of(p)}" for p in parts))
    rows = []
    for facet in sorted(groups, key=lambda facet: -_size(groups[facet])):
        size = next((f for p in parts if (f := at.get((facet, "CI", p))) and f.value is not None), None)
        rows.append((facet.told(), _share(size) if size else "", *(_cell(at.get((facet, "DPL", p))) for p in parts)))
    return table(f"Share of {_positive(found[0])} among the others, less that of the group (DPL)", heads, rows, numbers=heads[1:], brief=12)


def _of(part: str) -> str:
    return f" in {part}" if part else ""


def _facet(k: int, facet: Facet, found: list[Finding[BiasNumber]], brief: bool) -> Section:
    parts = list(dict.fromkeys(f.part for f in found))
    names = list(dict.fromkeys(metric_of(f) for f in found))
    at = {(metric_of(f), f.part): f for f in found}
    told = [words for name in ("DPL", "CDDL", "CI") for words in sentences([at[name, p] for p in parts if (name, p) in at])]
    points = (Points(tuple((t, "") for t in told)),) if told else ()
    return Section(
        f"bias-{k}",
        f"{facet.told()} against {facet.others()}",
        (*points, _chart(k, facet, names, parts, at), _table(facet, names, parts, at), *_notes(found)),
        brief,
    )


def _chart(k: int, facet: Facet, names: Sequence[str], parts: Sequence[str], at: Mapping[tuple[str, str], Finding[BiasNumber]]) -> Picture:
    rows = {n: {p or "all rows": dot for p in parts if (n, p) in at and (dot := _dot(at[n, p])).value is not None} for n in names}
    bands = {n: band for n in names for p in parts if (n, p) in at and (band := at[n, p].payload.band)}
    confidence = next((f.confidence for f in at.values() if f.confidence), None)
    caption = (
        f"Each mark is a metric; its line is the {percent(confidence)} confidence interval." if confidence else "Each mark is a metric."
    )
    caption += " The shade is what is accepted by convention." if bands else ""
    return Picture(
        intervals(f"Bias metrics of {facet.group or facet.column}", {n: r for n, r in rows.items() if r}, bands=bands, key=f"bias{k}"),
        caption,
    )


def _dot(finding: Finding[BiasNumber]) -> Dot:
    return Dot(finding.number, finding.low, finding.high)


def _table(facet: Facet, names: Iterable[str], parts: list[str], at: Mapping[tuple[str, str], Finding[BiasNumber]]) -> Table:
    heads = ("metric", *(p or "value" for p in parts), "says")
    rows = []
    for name in names:
        found = [at.get((name, p)) for p in parts]
        says = next((f.payload.description for f in found if f and f.payload.description), "")
        rows.append((name, *(_cell(f) for f in found), MEANING.get(name, says[:1].lower() + says[1:])))
    return table(f"Bias metrics of {facet.told()}", heads, rows, numbers=heads[1:-1], wordy=["says"])


def _cell(finding: Finding | None) -> Cell:
    if finding is None or finding.value is None:
        return Cell("–" if finding else "")
    verdict = finding.payload.verdict or ""
    told = value_told(finding.value, finding.low, finding.high)
    return Cell(f"{told}, {verdict}" if verdict else told, VERDICTS.get(verdict, ""))


def _notes(found: list[Finding[BiasNumber]]) -> list[Block]:
    """Rows left out, metrics without a value, and remarks on the numbers; each said once, with the parts that it is said of."""
    told: dict[str, list[str]] = {}
    for f in found:
        for note in f.payload.notes:
            told.setdefault(note, []).append(f.part)
    remarks = [*_without_value(found), *((note, parts) for note, parts in told.items())]
    points = [*_left_out(found), *(f"{_of_parts(parts)}{said.rstrip('.')}." for said, parts in remarks)]
    return [Points(tuple((t, "") for t in points), remarks=True)] if points else []


def _without_value(found: Sequence[Finding[BiasNumber]]) -> Iterator[tuple[str, list[str]]]:
    """The metrics that have no value, those of one reason and the same parts together; and the parts."""
    parts: dict[tuple[str, str], list[str]] = {}
    for f in found:
        why = f.payload.error or f.message
        if f.value is None and why:
            parts.setdefault((metric_of(f), why), []).append(f.part)
    metrics: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (metric, why), of in parts.items():
        metrics.setdefault((why, tuple(of)), []).append(metric)
    for (why, of_parts), names in metrics.items():
        yield f"{_listed(names)} {'have' if len(names) > 1 else 'has'} no value: {why[:1].lower()}{why[1:]}", list(of_parts)


def _left_out(found: Sequence[Finding[BiasNumber]]) -> list[str]:
    """The rows that no metric of the group counts; a metric without a value counts none, for reasons of its own."""
    told = []
    for part in dict.fromkeys(f.part for f in found):
        known = [f for f in found if f.part == part and f.value is not None]
        left = max((f.payload.n_excluded or 0 for f in known), default=0)
        if left:
            told.append(f"{number(left)}{_in(known[0])}")
    return [f"Rows left out because the group or the label is missing: {_listed(told)}."] if told else []


def _of_parts(parts: Iterable[str]) -> str:
    named = [code(p) for p in dict.fromkeys(parts) if p]
    return f"{_listed(named)}: " if named else ""


BIAS = ReportSection(BiasNumber, bias)
