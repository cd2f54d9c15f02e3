"""The report section of bias: numbers of each group in words and charts, before and after preparation, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tilth.errors import joined
from tilth.measures.bias.metrics import BIAS_METRICS
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.request import SEVERAL
from tilth.measures.bias.words import Compared, Found, by_chance, favourable, part_of, sentences, share_of
from tilth.metrics.content import meaning
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
    exact,
    table,
    value_with_interval,
)
from tilth.report.charts import Dot, intervals, number, percent
from tilth.report.finding import Finding
from tilth.report.sections import ReportSection

MOST_SUMMED_UP = 20  # most lines of the summary
MOST_OUTSIDE = 5  # most values outside of their bands that are named at the top
SMALL = 0.05  # advice prefers groups with at least this share of rows
DRAWN = (-1.0, 2.0)  # what a chart shows at most: all of a difference, and a ratio up to twice; few errors make ratios of them huge
BRIEF = 2  # up to this many groups, a terminal shows the metrics of each
VERDICTS: Mapping[str, Tone] = {"within": "good", "outside": "bad", "unclear": "unknown", "not determinable": "unknown"}
HOW = (
    "0 means no difference, and for DI 1; the sign says which side is ahead. "
    "People, not this page, must decide how much difference is too much."
)
SAME = "With a label of two values KS and TVD equal the size of DPL, and LP is √2 times that: they are not additional evidence."
EXPLAINED = {"support mismatch": "One side lacks an outcome that the other one has, so KL may be infinite"}  # notes to explain


def bias(found: Sequence[Found]) -> Section:
    """All groups in one table, then a fold for each: sentences, a chart of all metrics with their intervals, and the numbers."""
    groups: dict[Compared, list[Found]] = {}
    for f in found:
        groups.setdefault(Compared.of(f), []).append(f)
    groups = _without_mirrors(groups, headline(found))
    blocks: list[Block] = [Words(HOW), *_judged(found)]
    blocks += [Points((SAME,), remarks=True)] if {"TVD", "DPL"} <= {metric_of(f) for f in found} else []
    blocks += [Points(tuple(told), remarks=True)] if (told := _computed(groups)) else []
    blocks += [_overview(groups, found)] if len(groups) > 1 else []
    brief = len(groups) <= BRIEF
    blocks += [_group(k, group, groups[group], brief) for k, group in enumerate(sorted(groups, key=lambda g: -_size(groups[g])), 1)]
    return Section("bias", "Bias", tuple(blocks), advice=tuple(_advice(found)), summary=tuple(_summary(found)), lead=_lead(groups))


def _judged(found: Sequence[Found]) -> list[Block]:
    """How many values are within their bands, and which are outside; nothing without verdicts."""
    names: dict[str, list[str]] = {}
    for f in found:
        if f.payload.verdict:
            names.setdefault(f.payload.verdict, []).append(f"{metric_of(f)} of {code(f.group)}{part_of(f)}")
    if not names:
        return []
    outside = names.get("outside", [])
    shown = [*outside[:MOST_OUTSIDE], *([f"{number(len(outside) - MOST_OUTSIDE)} more"] if len(outside) > MOST_OUTSIDE else [])]
    said = [
        f"{number(len(of))} {verdict}{f' ({joined(shown)})' if verdict == 'outside' else ''}"
        for verdict in VERDICTS
        if (of := names.get(verdict))
    ]
    unclear = " Unclear: the interval crosses a border of the band." if "unclear" in names else ""
    return [Words(f"Compared with the accepted bands, which are conventions: {joined(said)}.{unclear}")]


def _computed(groups: Iterable[Compared]) -> list[str]:
    """Explanations of the facets computed from texts."""
    columns = dict.fromkeys(column for group in groups for column in group.column.split(SEVERAL))
    return [f"{code(column)}: {says}." for column in columns if (says := meaning(column))]


def _lead(groups: Mapping[Compared, list[Found]]) -> str:
    """How many groups are compared, what with, and the largest difference."""
    pairs = sum(bool(group.other) for group in groups)
    alone = f"{counted(len(groups) - pairs, 'group')} compared with all other rows"
    how = joined(
        [*([alone] if pairs < len(groups) else []), *([f"{counted(pairs, 'pair')} of groups compared with each other"] if pairs else [])]
    )
    found = [f for of in groups.values() for f in _headlines(of) if f.part == of[0].part]
    large = [f for f in found if (f.payload.share or 0.0) >= SMALL]
    worst = max(large or found, key=lambda f: abs(f.number or 0.0), default=None)
    if worst is None or worst.number is None:
        return f"{how}."
    group = Compared.of(worst)
    return f"{how}; the largest difference of {favourable(worst)}: {group.d} against {group.a}, {exact(worst.number)} ({worst.name})."


def _without_mirrors(groups: Mapping[Compared, list[Found]], name: str) -> dict[Compared, list[Found]]:
    """The groups. Of two groups that are compared with each other, only the disadvantaged one stays: the other has mirrored numbers."""

    def behind(of: Sequence[Found]) -> float:
        return next((f.number for f in of if metric_of(f) == name and f.number is not None), 0.0)

    kept: dict[Compared, list[Found]] = {}
    for group, of in groups.items():
        mirror = next((k for k in kept if group.other and k.column == group.column and {k.d, k.a} == {group.d, group.a}), None)
        if mirror is None:
            kept[group] = of
        elif behind(of) > behind(kept[mirror]):
            kept = {group if k == mirror else k: of if k == mirror else v for k, v in kept.items()}
    return kept


def _advice(found: Sequence[Found]) -> list[Advice]:
    """Advice on the largest difference beyond chance, preferring groups that are not small, in the part that the model learns from.

    It includes the difference before preparation, to show whether preparation made it larger.
    """
    found = _headlines(found)
    part = next((p for p in ("train", "raw", "") if any(f.part == p and _sure(f) for f in found)), None)
    sure = [f for f in found if _sure(f) and part in (None, f.part)]
    if not sure:
        return []
    worst = max([f for f in sure if (f.payload.share or 0.0) >= SMALL] or sure, key=lambda f: abs(f.number or 0.0))
    same = [f for f in found if Compared.of(f) == Compared.of(worst) and ((f.number or 0.0) < 0) == ((worst.number or 0.0) < 0)]
    before = [f for f in same if f.part == "raw" != part]
    return [Advice(f"{words} Decide whether a model may learn that.", 60) for words in sentences([*before[:1], worst])[:1]]


def _sure(finding: Found) -> bool:
    """Whether there is a difference of more than 0.01 beyond chance."""
    return abs(finding.number or 0.0) > 0.01 and not by_chance(finding)


def _summary(found: Sequence[Found]) -> list[Table]:
    """The difference of favourable labels, with a line for each group and a column for each part."""
    found = _headlines(found)[:MOST_SUMMED_UP]
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(Compared.of(f), f.part): value_with_interval(f.value, f.low, f.high) for f in found}
    rows = [(group.d, *(at.get((group, p), "") for p in parts)) for group in dict.fromkeys(group for group, _ in at)]
    return [table("Bias", ("difference of favourable labels", *(p or "value" for p in parts)), rows)] if rows else []


def _overview(groups: Mapping[Compared, Sequence[Found]], found: Sequence[Found]) -> Table:
    """A row for each group: its share of the rows, and the difference of the favourable label in each part; for a single part, also what
    is compared."""
    parts, name = list(dict.fromkeys(f.part for f in found)), headline(found)
    alone = len(parts) == 1
    heads = ("group", "share of the rows", *(("favourable in the group", "in the others") if alone else ()))
    heads += tuple(f"difference in {p}" if p else "difference" for p in parts)
    rows = []
    for group in sorted(groups, key=lambda group: -_size(groups[group])):
        at = {(metric_of(f), f.part): f for f in groups[group]}
        size = next((f for p in parts if (f := at.get(("CI", p))) and f.value is not None), None)
        first = at.get((name, parts[0]))
        rates = first.payload.rates if first is not None else None
        shares = tuple(map(percent, reversed(rates))) if rates else ("", "")
        rows.append((group.d, share_of(size) if size else "", *(shares if alone else ()), *(_cell(at.get((name, p))) for p in parts)))
    title = f"Share of {favourable(found[0])} among the others, less that of the group ({name})"
    return table(title, heads, rows, numbers=heads[1:], brief=12)


def headline(found: Sequence[Found]) -> str:
    """The metric that compares groups: of labels if present, else of predictions."""
    return "DPPL" if any(f.name == "DPPL" for f in found) and not any(f.name == "DPL" for f in found) else "DPL"


def _headlines(found: Sequence[Found]) -> list[Found]:
    name = headline(found)
    return [f for f in found if metric_of(f) == name]


def metric_of(finding: Found) -> str:
    """The metric's name, which distinguishes a distance over all values of the label from that over two outcomes."""
    return f"{finding.name}, all labels" if finding.payload.block == "by_label_value" else finding.name


def _size(found: Sequence[Found]) -> float:
    """The group's share of the rows of the first part, for sorting."""
    return found[0].payload.share or 0.0


# ── one group ──


def _group(k: int, group: Compared, found: list[Found], brief: bool) -> Fold:
    parts = list(dict.fromkeys(f.part for f in found))
    by_metric: dict[str, dict[str, Found]] = {}
    for f in found:
        by_metric.setdefault(metric_of(f), {})[f.part] = f
    in_order = [[of for p in parts if (of := by_metric[name].get(p))] for name in sorted(by_metric, key="CI".__eq__)]
    said = [words for of in in_order for words in sentences(of)]
    notes = _notes(found)
    blocks: list[Block] = [Points(tuple(said))] if said else []
    blocks += [_chart(k, group, by_metric), _table(group, parts, by_metric), *([Points(tuple(notes), remarks=True)] if notes else [])]
    return Fold(f"{group.d} against {group.a}", tuple(blocks), brief=brief)


def _chart(k: int, group: Compared, by_metric: Mapping[str, Mapping[str, Found]]) -> Block:
    found = [f for of in by_metric.values() for f in of.values()]
    rows = {
        n: {p or "all rows": Dot(f.number, f.low, f.high) for p, f in of.items() if f.number is not None} for n, of in by_metric.items()
    }
    bands = {metric_of(f): f.payload.band for f in found if f.payload.band}
    confidence = next((f.confidence for f in found if f.confidence), None)
    line = f"; its line is the {percent(confidence)} confidence interval" if confidence else ""
    shade = " The shaded area is the accepted band." if bands else ""
    title = f"Bias metrics of {group.group or group.column}"
    neutrals = {f.name: BIAS_METRICS[f.name].neutral for f in found if f.name in BIAS_METRICS and BIAS_METRICS[f.name].neutral}
    shown = {n: r for n, r in rows.items() if r}
    chart = intervals(title, shown, bands=bands, key=f"bias{k}", limits=DRAWN, neutrals=neutrals)
    beyond = any(x is not None and not DRAWN[0] <= x <= DRAWN[1] for r in shown.values() for dot in r.values() for x in dot)
    arrows = " An arrow leads beyond the chart." if beyond else ""
    return Picture(chart, f"Each mark is a metric{line}.{shade}{arrows}")


def _table(group: Compared, parts: Sequence[str], by_metric: Mapping[str, Mapping[str, Found]]) -> Block:
    heads = ("metric", *(p or "value" for p in parts), "says")
    rows = []
    for name, of in by_metric.items():
        says = next((f.payload.description for f in of.values() if f.payload.description), "")
        meaning = BIAS_METRICS[name].meaning if name in BIAS_METRICS else says[:1].lower() + says[1:]
        rows.append((name, *(_cell(of.get(p)) for p in parts), meaning))
    return table(f"Bias metrics of {group.d}", heads, rows, numbers=heads[1:-1], wordy=["says"])


def _cell(finding: Finding | None) -> Cell:
    if finding is None or finding.value is None:
        return Cell("–" if finding else "")
    verdict = finding.payload.verdict or ""
    size = value_with_interval(finding.value, finding.low, finding.high)
    return Cell(f"{size}, {verdict}" if verdict else size, VERDICTS.get(verdict, ""))


def _notes(found: Sequence[Found]) -> list[str]:
    """Notes on excluded rows, metrics without a value, and the numbers; each once, with its parts."""
    without: dict[tuple[str, str], list[str]] = {}  # (metric, reason) → parts
    noted: dict[str, list[str]] = {}  # remark → parts
    for f in found:
        if f.value is None and (why := f.payload.error or f.message):
            without.setdefault((metric_of(f), why), []).append(f.part)
    metrics: dict[tuple[str, tuple[str, ...]], list[str]] = {}  # (reason, parts) → metrics
    for (metric, why), parts in without.items():
        metrics.setdefault((why, tuple(parts)), []).append(metric)
    for (why, of), names in metrics.items():
        noted[f"{joined(names)} {'have' if len(names) > 1 else 'has'} no value: {why[:1].lower()}{why[1:]}"] = list(of)
    for f in found:
        for note in f.payload.notes:
            noted.setdefault(EXPLAINED.get(note, note), []).append(f.part)
    named = {words: joined(code(p) for p in dict.fromkeys(parts) if p) for words, parts in noted.items()}
    return [*_left_out(found), *(f"{parts}: {words.rstrip('.')}." if parts else f"{words.rstrip('.')}." for words, parts in named.items())]


def _left_out(found: Sequence[Found]) -> list[str]:
    """The number of rows excluded in each part. Metrics without a value do not count, because they exclude all rows for other reasons."""
    left: dict[str, int] = {}
    for f in found:
        if f.value is not None and f.payload.n_excluded:
            left[part_of(f)] = max(left.get(part_of(f), 0), f.payload.n_excluded)
    counts = joined(f"{number(n)}{part}" for part, n in left.items())
    return [f"Rows excluded because the group or the label is missing: {counts}."] if left else []


BIAS = ReportSection(BiasNumber, bias)
