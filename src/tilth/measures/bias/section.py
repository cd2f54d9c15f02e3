"""The section of bias: for each group the numbers in words and charts, before and after preparation, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tilth.measures.bias.metrics import BIAS_METRICS
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.words import Compared, Found, favourable, part_of, sentences, share_of, with_and
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
    table,
    value_with_interval,
)
from tilth.report.charts import Dot, intervals, number, percent
from tilth.report.finding import Finding
from tilth.report.sections import ReportSection

MOST_SUMMED_UP = 20  # lines of the summary
SMALL = 0.05  # a smaller share of the rows is not advised on where there are larger ones
MOST = 6  # groups that are shown at once; the smaller ones are in a fold
BRIEF = 2  # groups up to which a terminal shows the metrics of each
VERDICTS: Mapping[str, Tone] = {"within": "good", "outside": "bad", "unclear": "unknown", "not determinable": "unknown"}
LEAD = (
    "Each group is compared with all other rows. 0 means no difference, and for DI 1; the sign says which side is ahead. "
    "How much difference is too much is for people to decide, not for this page."
)
SAME = "With a label of two values KS and TVD equal the size of DPL, and LP is √2 times that: they are not further evidence."


def bias(found: Sequence[Found]) -> Section:
    """All groups in one table, then a section for each: sentences, a chart of all metrics with their intervals, and the numbers."""
    groups: dict[Compared, list[Found]] = {}
    for finding in found:
        groups.setdefault(Compared.of(finding), []).append(finding)
    same = (Points(((SAME, ""),), remarks=True),) if {"TVD", "DPL"} <= {metric_of(f) for f in found} else ()
    shown = [_facet(k, facet, group, brief=len(groups) <= BRIEF) for k, (facet, group) in enumerate(groups.items(), 1)]
    first = set(sorted(range(len(shown)), key=lambda k: -_size(list(groups.values())[k]))[:MOST])
    blocks: list[Block] = [Words(LEAD), *same, *([_overview(groups)] if len(groups) > 1 else [])]
    blocks += [section for k, section in enumerate(shown) if k in first]
    if len(shown) > MOST:
        rest = tuple(section for k, section in enumerate(shown) if k not in first)
        blocks.append(Fold(counted(len(rest), "smaller group"), rest, printed=False))
    return Section("bias", "Bias", tuple(blocks), advice=tuple(_advice(found)), summary=tuple(_summary(found)))


def _advice(all_: Sequence[Found]) -> list[Advice]:
    """The largest difference in labels that is not chance, of a group that is not small, in the part that the model learns from.

    What it was before preparation is given with it, to show whether preparation made it larger.
    """
    all_ = [f for f in all_ if metric_of(f) == headline(all_)]
    found = [f for f in all_ if _sure(f)]
    part = next((p for p in ("train", "raw", "") if any(f.part == p for f in found)), None)
    found = [f for f in found if f.part == part] if part is not None else found
    if not found:
        return []
    large = [f for f in found if (f.payload.share or 0.0) >= SMALL] or found
    worst = max(large, key=lambda f: abs(f.number or 0.0))
    before = [f for f in all_ if f.part == "raw" != part and Compared.of(f) == Compared.of(worst) and _ahead(f) == _ahead(worst)]
    return [Advice(f"{words} Decide whether a model may learn that.", 60) for words in sentences([*before[:1], worst])[:1]]


def _ahead(finding: Found) -> bool:
    """Which side gets the label more often."""
    return (finding.number or 0.0) < 0


def _sure(finding: Found) -> bool:
    """Whether there is a difference of more than a hundredth, and its interval leaves out zero."""
    chance = finding.low is not None and finding.high is not None and finding.low <= 0 <= finding.high
    return abs(finding.number or 0.0) > 0.01 and not chance


def _summary(found: Sequence[Found]) -> list[Table]:
    """The difference of favourable labels, a line for each group and a column for each part."""
    found = [f for f in found if metric_of(f) == headline(found)][:MOST_SUMMED_UP]
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(Compared.of(f), f.part): f for f in found}
    facets = list(dict.fromkeys(facet for facet, _ in at))
    rows = [
        (facet.d, *(value_with_interval(f.value, f.low, f.high) if (f := at.get((facet, p))) else "" for p in parts)) for facet in facets
    ]
    return [table("Bias", ("difference of favourable labels", *(p or "value" for p in parts)), rows)] if rows else []


def headline(found: Sequence[Found]) -> str:
    """The metric that groups are compared by: of labels where there are any, else of predictions."""
    return "DPPL" if any(f.name == "DPPL" for f in found) and not any(f.name == "DPL" for f in found) else "DPL"


def metric_of(finding: Found) -> str:
    """The metric's name; a distance over all values of the label is not the one over positive and negative."""
    return f"{finding.name}, all labels" if finding.payload.block else finding.name


# ── one group ──


def _size(found: Sequence[Found]) -> float:
    """The group's share of the rows of the first part, to sort by."""
    return found[0].payload.share or 0.0


def _overview(groups: Mapping[Compared, Sequence[Found]]) -> Table:
    """A row for each group: its share of the rows, and the difference of the favourable label in each part."""
    found = [f for group in groups.values() for f in group]
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(Compared.of(f), metric_of(f), f.part): f for f in found}
    name = headline(found)
    heads = ("group", "share of the rows", *(f"difference{_of(p)}" for p in parts))
    rows = []
    for facet in sorted(groups, key=lambda facet: -_size(groups[facet])):
        size = next((f for p in parts if (f := at.get((facet, "CI", p))) and f.value is not None), None)
        rows.append((facet.d, share_of(size) if size else "", *(_cell(at.get((facet, name, p))) for p in parts)))
    title = f"Share of {favourable(found[0])} among the others, less that of the group ({name})"
    return table(title, heads, rows, numbers=heads[1:], brief=12)


def _of(part: str) -> str:
    return f" in {part}" if part else ""


def _facet(k: int, facet: Compared, found: list[Found], brief: bool) -> Section:
    parts = list(dict.fromkeys(f.part for f in found))
    names = list(dict.fromkeys(metric_of(f) for f in found))
    at = {(metric_of(f), f.part): f for f in found}
    said = [words for name in sorted(names, key="CI".__eq__) for words in sentences([at[name, p] for p in parts if (name, p) in at])]
    points = (Points(tuple((t, "") for t in said)),) if said else ()
    return Section(
        f"bias-{k}",
        f"{facet.d} against {facet.a}",
        (*points, _chart(k, facet, names, parts, at), _table(facet, names, parts, at), *_notes(found)),
        brief,
    )


def _chart(k: int, facet: Compared, names: Sequence[str], parts: Sequence[str], at: Mapping[tuple[str, str], Found]) -> Picture:
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


def _dot(finding: Found) -> Dot:
    return Dot(finding.number, finding.low, finding.high)


def _table(facet: Compared, names: Iterable[str], parts: list[str], at: Mapping[tuple[str, str], Found]) -> Table:
    heads = ("metric", *(p or "value" for p in parts), "says")
    rows = []
    for name in names:
        found = [at.get((name, p)) for p in parts]
        says = next((f.payload.description for f in found if f and f.payload.description), "")
        rows.append((name, *(_cell(f) for f in found), BIAS_METRICS[name].meaning if name in BIAS_METRICS else says[:1].lower() + says[1:]))
    return table(f"Bias metrics of {facet.d}", heads, rows, numbers=heads[1:-1], wordy=["says"])


def _cell(finding: Finding | None) -> Cell:
    if finding is None or finding.value is None:
        return Cell("–" if finding else "")
    verdict = finding.payload.verdict or ""
    size = value_with_interval(finding.value, finding.low, finding.high)
    return Cell(f"{size}, {verdict}" if verdict else size, VERDICTS.get(verdict, ""))


def _notes(found: list[Found]) -> list[Block]:
    """Rows excluded, metrics without a value, and remarks on the numbers; each once, with the parts that it is about."""
    noted: dict[str, list[str]] = {}
    for f in found:
        for note in f.payload.notes:
            noted.setdefault(note, []).append(f.part)
    remarks = [*_without_value(found), *((note, parts) for note, parts in noted.items())]
    points = [*_left_out(found), *(f"{_of_parts(parts)}{said.rstrip('.')}." for said, parts in remarks)]
    return [Points(tuple((t, "") for t in points), remarks=True)] if points else []


def _without_value(found: Sequence[Found]) -> Iterator[tuple[str, list[str]]]:
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
        yield f"{with_and(names)} {'have' if len(names) > 1 else 'has'} no value: {why[:1].lower()}{why[1:]}", list(of_parts)


def _left_out(found: Sequence[Found]) -> list[str]:
    """The rows that no metric of the group counts. A metric without a value counts none, for reasons of its own."""
    excluded = []
    for part in dict.fromkeys(f.part for f in found):
        known = [f for f in found if f.part == part and f.value is not None]
        left = max((f.payload.n_excluded or 0 for f in known), default=0)
        if left:
            excluded.append(f"{number(left)}{part_of(known[0])}")
    return [f"Rows excluded because the group or the label is missing: {with_and(excluded)}."] if excluded else []


def _of_parts(parts: Iterable[str]) -> str:
    named = [code(p) for p in dict.fromkeys(parts) if p]
    return f"{with_and(named)}: " if named else ""


BIAS = ReportSection(BiasNumber, bias)
