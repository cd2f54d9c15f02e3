"""Bias in words: the meaning of a metric for a group, in one or several parts of the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tilth.errors import joined
from tilth.measures.bias.metrics import BIAS_METRICS, BiasMetric
from tilth.measures.bias.payload import BiasNumber
from tilth.report.blocks import code, plain, shown
from tilth.report.charts import number, percent
from tilth.report.finding import Finding

Found = Finding[BiasNumber]
VERDICTS = {
    "within": "The whole interval is within {}, {}.",
    "outside": "The whole interval is outside {}, {}.",
    "unclear": "The interval crosses a border of {}, {}.",
}


@dataclass(frozen=True)
class Compared:
    """A group of rows, with the column that has its value, and the group it is compared with, if that is a single one."""

    column: str
    group: str
    other: str = field(default="", compare=False)  # may differ between parts, where the group is the same

    @classmethod
    def of(cls, f: Found) -> Compared:
        """The groups of a finding."""
        return cls(f.payload.facet or ", ".join(f.subject[:1]), f.group, f.payload.other or "")

    @property
    def d(self) -> str:
        """The group in words."""
        value = self.group.removeprefix(f"{self.column}=")
        return code(self.group or self.column) if value == self.group else code(f"{self.column}={shown(value)}")

    @property
    def a(self) -> str:
        """The group that it is compared with, in words."""
        return code(f"{self.column}={self.other}") if self.other else "the others"


def sentences(found: Sequence[Found]) -> list[str]:
    """The meaning of a metric for a group: a sentence for all parts, or two if their directions disagree; none for a distance.

    >>> dpl = Finding("DPL", ("sex",), 0.143, group="sex=f", low=0.13, high=0.15, payload=BiasNumber(label="hired", label_value="yes"))
    >>> plain(sentences([dpl])[0])
    'sex=f gets hired=yes less often than the others: by 14.3 percentage points (13 to 15).'
    """
    found = [f for f in found if f.number is not None]
    metric = BIAS_METRICS.get(found[0].name) if found and not found[0].payload.block else None
    words = metric.wording if metric is not None else None
    if metric is None or words is None:
        return []
    if words.unit == "share":
        sizes = joined(f"{share_of(f)}{part_of(f)}" for f in found).replace("%", "% of the rows", 1)
        return [f"{_filled(words.sentence, found[0])} {sizes}."]
    made, n = [], metric.neutral
    sides = ([f for f in found if f.value > n], [f for f in found if f.value < n], [f for f in found if f.value == n])
    for word, there in zip(words.words, sides, strict=True):
        neutral = word == words.words[2]
        sentence = _filled(words.sentence, there[0], word, "as" if neutral else "than") if there else ""
        where = f" in {joined(code(f.part) for f in there)}" if len(there) < len(found) else ""
        made += [f"{sentence}{where if neutral else ': ' + _sizes(there, metric)}."] if there else []
    rated = [(f, f.payload.rates) for f in found if f.payload.rates is not None]
    if words.rates and rated:
        own = joined(f"{percent(rates[1])}{part_of(f)}" for f, rates in rated)
        made.append(f"{_filled(words.rates, found[0])}: {own}; {Compared.of(found[0]).a}: {joined(percent(r[0]) for _, r in rated)}.")
    return made


def message(f: Found) -> str:
    """The meaning of one finding, without markup."""
    p = f.payload
    if f.value is None:
        return f"no value: {p.error}"
    size = f"{f.value:.4g}" if math.isfinite(f.value) else "infinite"
    meaning = BIAS_METRICS[f.name].meaning if f.name in BIAS_METRICS else p.description
    largest = f"; the largest gap is at {p.more['largest']}" if "largest" in p.more else ""
    words = plain(" ".join(sentences([f]))) or f"{meaning}: {size}{largest}{'.' if p.verdict else ''}"
    return f"not determinable ({words})" if p.status == "degenerate" else " ".join(w for w in (words, _verdict(f)) if w)


def _verdict(f: Found) -> str:
    """The verdict as a sentence, with the band and its origin."""
    p, metric = f.payload, BIAS_METRICS.get(f.name)
    if p.band is None or p.verdict not in VERDICTS:
        return ""
    usual = metric is not None and metric.band == tuple(p.band)
    whose = "the conventionally accepted band" if usual else "the band that was set"
    return VERDICTS[p.verdict].format(f"{number(p.band[0])} to {number(p.band[1])}", whose)


def favourable(f: Found) -> str:
    """The favourable outcome, in words."""
    column, value = f.payload.label or f.payload.prediction, f.payload.label_value
    return code(f"{column}={value}") if column and value else "the favourable label"


def part_of(f: Found) -> str:
    """The part of a finding, in words; empty if it has none."""
    return f" in {code(f.part)}" if f.part else ""


def share_of(f: Found) -> str:
    """The group's share of the rows: from the counts, or from class imbalance, which is (others − group) / all."""
    return percent((1 - (f.number or 0.0)) / 2 if f.payload.share is None else f.payload.share)


def _filled(template: str, f: Found, word: str = "", than: str = "") -> str:
    sides = Compared.of(f)
    return template.format(d=sides.d, a=sides.a, y=favourable(f), word=word, than=than)


def _sizes(found: Sequence[Found], metric: BiasMetric) -> str:
    """The sizes of the differences with their intervals; only the first has the unit."""
    kind = metric.wording.unit if metric.wording is not None else "points"
    size: Callable[[float], str] = {
        "points": lambda x: number(round(abs(x) * 100, 1)),
        "number": lambda x: number(round(abs(x), 3)),
    }.get(kind, lambda x: number(round(x, 3)))
    unit = {"points": " percentage points", "times": " times as often"}.get(kind, "")
    unit = unit.removesuffix("s") if kind == "points" and size(found[0].value) == "1" else unit
    sizes = [f"{size(f.value)}{unit if k == 0 else ''}{part_of(f)}{_interval(f, metric.neutral, size)}" for k, f in enumerate(found)]
    return f"{'' if kind == 'times' else 'by '}{joined(sizes)}"


def by_chance(f: Found, neutral: float = 0.0) -> bool:
    """Whether the interval contains the neutral value, or the p-value allows chance: draws from 0 of 2 rows never vary."""
    there = f.low is not None and f.high is not None and f.low <= neutral <= f.high
    return there or (f.payload.p_value is not None and f.payload.p_value >= 1 - (f.confidence or 0.95))


def _interval(f: Found, neutral: float, size: Callable[[float], str]) -> str:
    """The interval in absolute values, in words."""
    if f.low is None or f.high is None or f.low != f.low or f.high != f.high:
        return ""
    if by_chance(f, neutral):
        return " (perhaps by chance)"
    low, high = sorted((abs(f.low), abs(f.high)))
    return f" ({size(low)} to {size(high)})"
